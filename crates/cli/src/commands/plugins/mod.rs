//! `nats plugins`, and the commands that plugins add (cli.md 10.8).

pub mod model;
mod register;
mod run;

pub use register::register;
pub use run::{directory, run_plugin};
