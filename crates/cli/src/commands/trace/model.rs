//! The model of `nats trace`.

use crate::model::*;

/// `nats trace`.
pub const TRACE: Command = Command::new("trace", "Trace the way of a message")
    .run(super::trace)
    .args(&[
        arg("subject", "The subject"),
        optional("payload", "The message body"),
    ])
    .flags(&[&[
        switch("deliver", "Deliver the message as well"),
        switch("timestamp", "Show the time of each message").short('T'),
        map("header", "Add a header, as KEY:VALUE").short('H'),
    ]]);
