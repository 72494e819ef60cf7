//! The model of `nats latency`.

use crate::model::*;

/// `nats latency`.
pub const LATENCY: Command = Command::new("latency", "Measure the latency between two servers")
    .run(super::latency)
    .aliases(&["lat"])
    .flags(&[&[
        text("server-b", "URL of the server to subscribe on").required(),
        int("size", "Bytes of each message").default("8"),
        int("rate", "Messages per second").default("1000"),
        duration("duration", "How long to run").default("5s"),
        text("histogram", "Write the measured latencies to this file"),
    ]]);
