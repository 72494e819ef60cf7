//! `nats server` (cli.md 7).

mod accounts;
mod balance;
pub mod check;
mod cluster;
mod generate;
mod graph;
mod info;
mod list;
mod mappings;
pub mod model;
mod passwd;
mod ping;
mod reload;
mod replicas;
pub mod report;
mod request;
mod run;
mod shorten;
mod watch;
