//! `nats auth` (cli.md 8).

mod account;
mod backup;
mod exports;
mod import;
mod imports;
mod mappings;
pub mod model;
pub mod nkey;
mod operator;
mod scopes;
mod share_rules;
pub mod store;
mod tags;
mod user;
