//! `nats server` (cli.md 7).

mod accounts;
pub mod check;
mod cluster;
mod info;
mod list;
mod mappings;
pub mod model;
mod passwd;
mod ping;
mod reload;
pub mod report;
mod request;
mod run;
mod shorten;
