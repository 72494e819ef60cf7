//! The model of `nats service`.

use crate::model::*;

/// `nats service`.
pub const SERVICE: Command = Command::new("service", "Services built with the services framework")
    .aliases(&["micro"])
    .commands(&[LIST, INFO, STATS, PING, REQUEST, SERVE]);

/// `nats service list`.
const LIST: Command = Command::new("list", "List services")
    .run(super::list)
    .aliases(&["ls", "l"])
    .args(&[optional("service", "Name of the service").value_name("NAME")])
    .flags(&[&[switch("json", "Print JSON").short('j')]]);

/// `nats service info`.
const INFO: Command = Command::new("info", "Show a service")
    .run(super::info)
    .aliases(&["i"])
    .args(&[
        arg("service", "Name of the service"),
        optional("id", "Its id"),
    ])
    .flags(&[&[
        regex("endpoint", "Only endpoints whose name matches").short('e'),
        switch("json", "Print JSON").short('j'),
    ]]);

/// `nats service stats`.
const STATS: Command = Command::new("stats", "Show statistics of a service")
    .run(super::stats)
    .args(&[
        arg("service", "Name of the service"),
        optional("id", "Its id"),
    ])
    .flags(&[&[switch("json", "Print JSON").short('j')]]);

/// `nats service ping`.
const PING: Command = Command::new("ping", "Ping services")
    .run(super::ping)
    .args(&[optional("service", "Name of the service")]);

/// `nats service request`.
const REQUEST: Command = Command::new("request", "Send a request to an endpoint")
    .run(super::request)
    .aliases(&["req"])
    .args(&[
        arg("service", "Name of the service"),
        arg("endpoint", "Name of the endpoint"),
        optional("payload", "The message body"),
    ])
    .flags(&[&[
        text("header", "Add a header, as KEY:VALUE")
            .short('H')
            .list(),
        switch("raw", "Print the plain data without decoration").short('r'),
        int("count", "How often to do it").default("1"),
        text("translate", "Pipe each body through a command"),
        negatable("templates", "Expand templates in subject and body").on(),
        switch(
            "force-stdin",
            "Read the body from standard input even if that does not look like one",
        ),
        choice(
            "send-on",
            &["newline", "eof"],
            "When a message ends: at each newline, or at the end of input",
        )
        .default("eof"),
    ]]);

/// `nats service serve`.
const SERVE: Command = Command::new("serve", "Run a demonstration service")
    .run(super::serve)
    .args(&[arg("name", "Its name")])
    .flags(&[&[map("header", "Header to add to answers, as KEY:VALUE").short('H')]]);
