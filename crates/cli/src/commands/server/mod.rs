//! `nats server` (cli.md 7).

mod check;
pub mod model;
