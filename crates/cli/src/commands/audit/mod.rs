//! `nats audit` (cli.md 9.3): what all servers say goes into an archive, and
//! checks look for problems in it.

mod analyze;
mod checks;
mod examples;
mod gather;
mod list;
pub mod model;
mod report;
