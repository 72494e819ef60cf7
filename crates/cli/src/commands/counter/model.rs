//! The model of `nats counter`.

use crate::model::*;

/// `nats counter`.
pub const COUNTER: Command = Command::new("counter", "Distributed counters")
    .long("Counters are young: commands may change with them.")
    .aliases(&["ctr"])
    .commands(&[GET, VIEW, INCREMENT, DECREMENT, LIST]);

/// `nats counter get`.
const GET: Command = Command::new("get", "Show the value of a counter")
    .run(super::get)
    .aliases(&["g"])
    .args(&[arg("subject", "The subject")])
    .flags(&[&[text("stream", "Stream to work with")]]);

/// `nats counter view`.
const VIEW: Command = Command::new("view", "Show details of a counter")
    .run(super::view)
    .aliases(&["v"])
    .args(&[arg("subject", "The subject")])
    .flags(&[&[text("stream", "Stream to work with")]]);

/// `nats counter increment`.
const INCREMENT: Command = Command::new("increment", "Add to a counter")
    .run(super::increment)
    .aliases(&["incr", "inc", "i"])
    .args(&[arg("subject", "The subject"), arg("value", "The value")]);

/// `nats counter decrement`.
const DECREMENT: Command = Command::new("decrement", "Subtract from a counter")
    .run(super::decrement)
    .aliases(&["decr", "dec", "d"])
    .args(&[arg("subject", "The subject"), arg("value", "The value")]);

/// `nats counter list`.
const LIST: Command = Command::new("list", "List counters")
    .run(super::list)
    .aliases(&["l", "ls"])
    .args(&[optional("subject", "The subject")])
    .flags(&[&[
        text("stream", "Stream to work with"),
        switch("json", "Print JSON"),
    ]]);
