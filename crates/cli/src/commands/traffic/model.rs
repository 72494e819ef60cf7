//! The model of `nats traffic`.

use crate::model::*;

/// `nats traffic`.
pub const TRAFFIC: Command = Command::new("traffic", "Show internal traffic of the servers")
    .hidden()
    .args(&[optional("subjects", "The subjects").default(">")])
    .run(super::traffic);
