//! `nats auth` (cli.md 8).

mod account;
mod backup;
mod exports;
mod import;
mod imports;
mod limits;
mod mappings;
pub mod model;
pub mod nkey;
mod operator;
mod order;
mod permissions;
mod resolver;
mod scopes;
mod share_rules;
pub mod store;
mod tags;
mod tree;
mod user;
