//! The model of `nats rtt`.

use crate::model::*;

/// `nats rtt`.
pub const RTT: Command = Command::new("rtt", "Measure the round trip time to the server")
    .run(super::rtt)
    .args(&[optional("iterations", "Number of round trips").default("5")])
    .flags(&[&[switch("json", "Print JSON").short('j')]]);
