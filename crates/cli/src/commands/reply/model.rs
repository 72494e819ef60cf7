//! The model of `nats reply`.

use crate::model::*;

/// `nats reply`.
pub const REPLY: Command = Command::new("reply", "Answer requests")
    .run(super::reply)
    .long(about_templates!(
        "\
A command may use the tokens of the request's subject that wildcards match, as {{1}}, {{2}} and so \
on, and the body of the request, as {{.Request}}:

  nats reply 'weather.>' --command 'curl -s wttr.in/{{1}}?format=3'

It finds the subject in the variable NATS_REQUEST_SUBJECT, and the body in NATS_REQUEST_BODY.

",
        "nats reply svc.hello 'answer {{Count}} to {{Request}}'",
        "  Request            body of the request\n"
    ))
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
