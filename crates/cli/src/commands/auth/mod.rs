//! `nats auth` (cli.md 8).

mod account;
pub mod model;
pub mod nkey;
mod operator;
mod store;
mod tags;
mod user;
