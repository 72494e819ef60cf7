//! `nats account` (cli.md 7.8, 7.9).

mod backup;
mod info;
pub mod model;
mod statistics;
