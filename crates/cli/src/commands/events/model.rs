//! The model of `nats events`.

use crate::model::*;

/// `nats events`.
pub const EVENTS: Command = Command::new("events", "Show events and advisories as they happen")
    .run(super::events)
    .aliases(&["event", "e"])
    .flags(&[&[
        switch("all", "Show all events").short('a'),
        switch("json", "Print JSON").short('j'),
        switch("cloudevent", "Print CloudEvents 1.0 objects"),
        switch("short", "One line per event"),
        text("filter", "Only events that match this regular expression").default("."),
        switch("js-metric", "Show JetStream metrics"),
        switch("js-advisory", "Show JetStream advisories"),
        negatable(
            "srv-advisory",
            "Show connections, disconnections and authentication errors",
        )
        .on(),
        text(
            "subjects",
            "Subjects to listen on (repeatable, or a list with commas)",
        )
        .value_name("SUBJECTS")
        .list(),
        text("stream", "Stream to work with"),
        duration("since", "Start this long ago").value_name("DURATION"),
    ]]);
