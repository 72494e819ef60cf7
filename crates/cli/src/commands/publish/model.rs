//! The model of `nats publish`.

use crate::model::*;

/// `nats publish`.
pub const PUBLISH: Command = Command::new("publish", "Publish messages")
    .run(super::publish)
    .aliases(&["pub"])
    .long(about_templates!(
        "",
        "nats pub orders.new 'order {{Count}} {{Random 10 100}}' --count 10",
        ""
    ))
    .args(&[
        arg("subject", "The subject"),
        optional("body", "The message body"),
    ])
    .flags(&[&[
        text("reply", "Subject for replies").value_name("SUBJECT"),
        text("header", "Add a header, as KEY:VALUE")
            .value_name("K:V")
            .short('H')
            .list(),
        switch("atomic", "Publish all lines as one atomic batch"),
        int("count", "How often to do it").default("1"),
        switch(
            "force-stdin",
            "Read the body from standard input even if that does not look like one",
        ),
        switch("jetstream", "Wait until a stream has stored the message").short('J'),
        switch("quiet", "Do not log what is published").short('q'),
        duration("schedule-after", "Deliver after this time").value_name("DURATION"),
        text("schedule-at", "Deliver at this time (RFC 3339)").value_name("TIME"),
        text("schedule-cron", "Deliver by this cron expression").value_name("CRON"),
        text(
            "schedule-dest",
            "Subject that the scheduled message is published to",
        )
        .value_name("SUBJECT"),
        duration(
            "schedule-every",
            "Deliver again and again with this interval",
        )
        .value_name("DURATION"),
        text("schedule-source", "Subject whose last message is published").value_name("SUBJECT"),
        duration("schedule-ttl", "TTL of the published messages").value_name("DURATION"),
        choice(
            "send-on",
            &["newline", "eof"],
            "When a message ends: at each newline, or at the end of input",
        )
        .default("eof"),
        duration("sleep", "Pause after each message"),
        negatable("templates", "Expand templates in subject and body").on(),
    ]]);
