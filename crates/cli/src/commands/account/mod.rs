//! `nats account` (cli.md 7.8, 7.9).

mod backup;
mod chains;
mod connections;
mod info;
pub mod model;
mod ocsp;
mod statistics;
mod tls;
