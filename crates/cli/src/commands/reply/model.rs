//! The model of `nats reply`.

use crate::model::*;

/// `nats reply`.
pub const REPLY: Command = Command::new("reply", "Answer requests")
    .run(super::reply)
    .args(&[
        arg("subject", "The subject"),
        optional("body", "The message body"),
    ])
    .flags(&[&[
        switch("echo", "Answer with the request itself"),
        text("command", "Run a command and answer with its output"),
        text("queue", "Queue group to join")
            .short('q')
            .default("NATS-RPLY-22"),
        duration(
            "sleep",
            "Wait up to this long, at random, before each answer",
        )
        .value_name("MAX"),
        text("header", "Add a header, as KEY:VALUE")
            .short('H')
            .list(),
        uint("count", "Stop after this many requests"),
    ]]);
