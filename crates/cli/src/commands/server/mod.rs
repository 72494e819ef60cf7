//! `nats server` (cli.md 7).

mod accounts;
mod check;
mod info;
mod list;
mod mappings;
pub mod model;
mod passwd;
mod ping;
mod reload;
mod request;
mod shorten;
