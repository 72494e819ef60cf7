//! The model of `nats subscribe`.

use crate::model::*;

/// `nats subscribe`.
pub const SUBSCRIBE: Command = Command::new("subscribe", "Show messages as they arrive")
    .run(super::subscribe)
    .aliases(&["sub"])
    .long(
        "\
With --stream, --durable, --direct, --ack or a start such as --all or --new messages come from a \
stream, by a consumer that is made for it and goes away again:

  nats sub 'orders.>' --all

Other settings need a consumer of 'nats consumer add'. 'nats stream view' shows a stream page by page.",
    )
    .args(&[optional("subjects", "The subjects").many()])
    .flags(&[&[
        text("queue", "Queue group to join"),
        text("durable", "Name of a durable consumer to use or create"),
        switch("raw", "Print the plain data without decoration").short('r'),
        text("translate", "Pipe each body through a command"),
        negatable("ack", "Acknowledge JetStream messages after showing them"),
        switch("match-replies", "Show replies together with their requests"),
        switch("inbox", "Subscribe to a generated inbox").short('i'),
        uint("count", "Stop after this many messages"),
        text(
            "dump",
            "Write each message to a file in this directory, or - for standard output",
        )
        .value_name("DIRECTORY"),
        switch("headers-only", "Show or deliver headers without bodies"),
        switch("subjects-only", "Show subjects only"),
        uint("start-sequence", "Start with this sequence").value_name("SEQUENCE"),
        switch("all", "Start with the first message"),
        switch("new", "Start with new messages"),
        switch("last", "Start with the last message"),
        text("since", "Start this long ago").value_name("DURATION"),
        switch(
            "last-per-subject",
            "Start with the last message of each subject",
        ),
        switch(
            "terminate-at-end",
            "Stop when there are no more messages in the stream",
        )
        .short('T'),
        text("stream", "Stream to work with").value_name("STREAM"),
        text("ignore-subject", "Do not show messages on these subjects")
            .value_name("SUBJECT")
            .short('I')
            .list(),
        duration("wait", "Stop after this time without a message"),
        switch(
            "report-subjects",
            "Show counts per subject instead of messages",
        ),
        switch(
            "report-subscriptions",
            "Show counts per subscription instead of messages",
        ),
        int("report-top", "Rows of the report").default("10"),
        switch("timestamp", "Show the time of each message").short('t'),
        switch(
            "delta-time",
            "Show the time since the start with each message",
        )
        .short('d'),
        switch("graph", "Show a graph in the terminal"),
        switch(
            "direct",
            "Read with batched direct gets instead of a consumer",
        ),
    ]]);
