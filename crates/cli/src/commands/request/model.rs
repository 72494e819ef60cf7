//! The model of `nats request`.

use crate::model::*;

/// `nats request`.
pub const REQUEST: Command = Command::new("request", "Send requests and show the answers")
    .run(super::request)
    .aliases(&["req"])
    .long(about_templates!(
        "",
        "nats request svc.orders 'order {{Count}}' --count 10",
        ""
    ))
    .args(&[
        arg("subject", "The subject"),
        optional("body", "The message body"),
    ])
    .flags(&[&[
        negatable("wait", "Wait for an answer")
            .short('w')
            .on()
            .hidden(),
        switch("raw", "Print the plain data without decoration").short('r'),
        text("header", "Add a header, as KEY:VALUE")
            .short('H')
            .list(),
        int("count", "How often to do it").default("1"),
        int(
            "replies",
            "Number of answers to wait for, 0 for all until the timeout",
        )
        .default("1"),
        duration("reply-timeout", "Time to wait for further answers").default("300ms"),
        switch("wait-for-empty", "Wait for an empty answer"),
        text("translate", "Pipe each body through a command"),
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
        negatable("templates", "Expand templates in subject and body").on(),
    ]]);
