//! `nats auth` (cli.md 8).

mod account;
mod mappings;
pub mod model;
pub mod nkey;
mod operator;
mod scopes;
mod store;
mod tags;
mod user;
