//! The model of `nats bench`.

use crate::model::*;

/// What all publishers to a stream have.
const STREAM_PUBLISHING: &[Flag] = &[
    switch(
        "multisubject",
        "Publish to (or receive from) numbered subjects below the subject",
    ),
    int(
        "multisubjectmax",
        "Number of subjects, 0 for one per message",
    )
    .default("100000"),
    switch(
        "multisubjectrandomize",
        "Choose the numbered subject at random",
    ),
    file("payload", "Send the content of this file"),
    text("header", "Add a header, as KEY:VALUE")
        .short('H')
        .list(),
    switch("create", "Create or update the stream first"),
    choice("storage", &["memory", "file"], "Where messages are kept").default("file"),
    int("replicas", "Number of copies in the cluster").default("1"),
    text("maxbytes", "Most bytes in the stream").default("1GB"),
    switch("dedup", "Send a message id with each message").default("false"),
    duration(
        "dedupwindow",
        "Window in which the stream looks for duplicate ids",
    )
    .default("2m"),
    switch("purge", "Purge the stream first"),
    switch("persistasync", "Store messages in async mode"),
    int("throughput", "Messages per second in all, 0 for no limit")
        .value_name("THROUGHPUT")
        .default("0"),
    duration("duration", "How long to run")
        .value_name("DURATION")
        .default("0s"),
];

/// What all measurements have.
const RUN: &[Flag] = &[
    int("clients", "Number of clients that work at the same time").default("1"),
    int("msgs", "Messages in all, divided over the clients").default("100000"),
    negatable("progress", "Show progress").on(),
    text("csv", "Also write the results to this CSV file"),
    text("size", "Bytes of each message").default("128B"),
];

/// What consumers of a stream have.
const CONSUMING: &[Flag] = &[
    text("consumer", "Consumer to work with").default("nats-bench"),
    int(
        "batch",
        "Messages fetched, or published before waiting for acknowledgements, at a time",
    )
    .default("500"),
    choice(
        "acks",
        &["explicit", "none", "all"],
        "Acknowledgement policy of the consumer",
    )
    .default("explicit"),
    negatable("doubleack", "Wait until acknowledgements are confirmed").default("false"),
    text("filter", "Only subjects that match this filter")
        .value_name("SUBJECTS")
        .list(),
    switch("purge", "Purge the stream first"),
];

/// `nats bench`.
pub const BENCH: Command =
    Command::new("bench", "Measure how fast it goes").commands(&[PUB, SUB, SERVICE, JS, KV, OLDJS]);

/// `nats bench pub`.
const PUB: Command = Command::new("pub", "Publish Core NATS messages")
    .run(super::core_publish)
    .args(&[arg("subject", "The subject")])
    .flags(&[
        &[duration("sleep", "Pause after each message")
            .value_name("DURATION")
            .default("0s")],
        RUN,
        &[
            switch(
                "multisubject",
                "Publish to (or receive from) numbered subjects below the subject",
            ),
            int(
                "multisubjectmax",
                "Number of subjects, 0 for one per message",
            )
            .default("100000"),
            switch(
                "multisubjectrandomize",
                "Choose the numbered subject at random",
            ),
            file("payload", "Send the content of this file"),
            text("header", "Add a header, as KEY:VALUE")
                .short('H')
                .list(),
            int("throughput", "Messages per second in all, 0 for no limit")
                .value_name("THROUGHPUT")
                .default("0"),
            duration("duration", "How long to run")
                .value_name("DURATION")
                .default("0s"),
        ],
    ]);

/// `nats bench sub`.
const SUB: Command = Command::new("sub", "Receive Core NATS messages")
    .run(super::core_subscribe)
    .args(&[arg("subject", "The subject")])
    .flags(&[
        &[switch(
            "multisubject",
            "Publish to (or receive from) numbered subjects below the subject",
        )],
        RUN,
    ]);

/// `nats bench service`.
const SERVICE: Command = Command::new("service", "Requests and responses")
    .flags(&[
        &[duration("sleep", "Pause after each message")
            .value_name("DURATION")
            .default("0s")],
        RUN,
    ])
    .commands(&[SERVICE_REQUEST, SERVICE_SERVE]);

/// `nats bench service request`.
const SERVICE_REQUEST: Command = Command::new("request", "Send requests")
    .run(super::service_request)
    .args(&[arg("subject", "The subject")])
    .flags(&[&[
        file("payload", "Send the content of this file"),
        text("header", "Add a header, as KEY:VALUE")
            .short('H')
            .list(),
        int("throughput", "Messages per second in all, 0 for no limit")
            .value_name("THROUGHPUT")
            .default("0"),
        duration("duration", "How long to run")
            .value_name("DURATION")
            .default("0s"),
    ]]);

/// `nats bench service serve`.
const SERVICE_SERVE: Command = Command::new("serve", "Answer requests")
    .run(super::service_serve)
    .args(&[arg("subject", "The subject")]);

/// `nats bench js`.
const JS: Command = Command::new("js", "JetStream")
    .flags(&[
        RUN,
        &[
            text("stream", "Stream to work with").default("benchstream"),
            duration("sleep", "Pause after each message")
                .value_name("DURATION")
                .default("0s"),
        ],
    ])
    .commands(&[JS_PUB, JS_ORDERED, JS_CONSUME, JS_FETCH, JS_GET]);

/// `nats bench js pub`.
const JS_PUB: Command = Command::new("pub", "Publish to a stream").commands(&[
    JS_PUB_SYNC,
    JS_PUB_ASYNC,
    JS_PUB_ATOMIC,
    JS_PUB_FAST,
]);

/// `nats bench js pub sync`.
const JS_PUB_SYNC: Command = Command::new("sync", "Publish and wait for each acknowledgement")
    .run(super::sync)
    .args(&[arg("subject", "The subject")])
    .flags(&[STREAM_PUBLISHING]);

/// `nats bench js pub async`.
const JS_PUB_ASYNC: Command =
    Command::new("async", "Publish with many acknowledgements on the way")
        .run(super::in_flight)
        .args(&[arg("subject", "The subject")])
        .flags(&[
            &[int(
                "batch",
                "Messages fetched, or published before waiting for acknowledgements, at a time",
            )
            .default("500")],
            STREAM_PUBLISHING,
        ]);

/// `nats bench js pub atomic`.
const JS_PUB_ATOMIC: Command = Command::new("atomic", "Publish atomic batches")
    .run(super::atomic)
    .aliases(&["batch"])
    .args(&[arg("subject", "The subject")])
    .flags(&[
        &[int(
            "batch",
            "Messages fetched, or published before waiting for acknowledgements, at a time",
        )
        .default("500")],
        STREAM_PUBLISHING,
    ]);

/// `nats bench js pub fast`.
const JS_PUB_FAST: Command = Command::new("fast", "Publish fast batches")
    .run(super::fast)
    .args(&[arg("subject", "The subject")])
    .flags(&[
        &[
            int(
                "batch",
                "Messages fetched, or published before waiting for acknowledgements, at a time",
            )
            .default("500"),
            uint(
                "max-outstanding-acks",
                "Most batches that wait for an acknowledgement",
            )
            .default("1"),
        ],
        STREAM_PUBLISHING,
    ]);

/// `nats bench js ordered`.
const JS_ORDERED: Command = Command::new("ordered", "Consume with an ordered consumer")
    .run(super::ordered)
    .flags(&[&[
        int(
            "batch",
            "Messages fetched, or published before waiting for acknowledgements, at a time",
        )
        .default("500"),
        switch("purge", "Purge the stream first"),
        text("filter", "Only subjects that match this filter")
            .value_name("SUBJECTS")
            .list(),
    ]]);

/// `nats bench js consume`.
const JS_CONSUME: Command = Command::new("consume", "Consume with a durable consumer")
    .run(super::consume)
    .flags(&[CONSUMING]);

/// `nats bench js fetch`.
const JS_FETCH: Command = Command::new("fetch", "Fetch batches from a durable consumer")
    .run(super::fetch)
    .flags(&[CONSUMING]);

/// `nats bench js get`.
const JS_GET: Command = Command::new("get", "Direct gets").commands(&[JS_GET_SYNC, JS_GET_BATCH]);

/// `nats bench js get sync`.
const JS_GET_SYNC: Command = Command::new("sync", "Get one message at a time").run(super::get_sync);

/// `nats bench js get batch`.
const JS_GET_BATCH: Command = Command::new("batch", "Get batches")
    .run(super::get_batch)
    .flags(&[&[
        int(
            "batch",
            "Messages fetched, or published before waiting for acknowledgements, at a time",
        )
        .default("500"),
        text("filter", "Only subjects that match this filter").default(">"),
    ]]);

/// `nats bench kv`.
const KV: Command = Command::new("kv", "Key-Value buckets")
    .flags(&[
        RUN,
        &[
            text("bucket", "Key-Value bucket to work with").default("benchbucket"),
            duration("sleep", "Pause after each message")
                .value_name("DURATION")
                .default("0s"),
        ],
    ])
    .commands(&[KV_PUT, KV_GET]);

/// `nats bench kv put`.
const KV_PUT: Command = Command::new("put", "Put values")
    .run(super::kv_put)
    .flags(&[&[
        choice("storage", &["memory", "file"], "Where messages are kept").default("file"),
        int("replicas", "Number of copies in the cluster").default("1"),
        text("maxbytes", "Most bytes in the stream").default("1GB"),
        uint("history", "Values kept per key").default("1"),
        switch("purge", "Purge the stream first"),
        int(
            "randomize",
            "Use this many different keys at random, 0 for in turn",
        )
        .default("0"),
        int("throughput", "Messages per second in all, 0 for no limit")
            .value_name("THROUGHPUT")
            .default("0"),
        duration("duration", "How long to run")
            .value_name("DURATION")
            .default("0s"),
    ]]);

/// `nats bench kv get`.
const KV_GET: Command = Command::new("get", "Get values")
    .run(super::kv_get)
    .flags(&[&[int(
        "randomize",
        "Use this many different keys at random, 0 for in turn",
    )
    .default("0")]]);

/// `nats bench oldjs`.
const OLDJS: Command = Command::new("oldjs", "Consumers in their older forms")
    .hidden()
    .flags(&[
        RUN,
        &[
            text("stream", "Stream to work with").default("benchstream"),
            duration("sleep", "Pause after each message")
                .value_name("DURATION")
                .default("0s"),
        ],
    ])
    .commands(&[OLDJS_ORDERED, OLDJS_PUSH, OLDJS_PULL]);

/// `nats bench oldjs ordered`.
const OLDJS_ORDERED: Command = Command::new("ordered", "Consume with an ordered push consumer")
    .run(super::old_ordered)
    .args(&[arg("subject", "The subject")])
    .flags(&[&[switch(
        "multisubject",
        "Publish to (or receive from) numbered subjects below the subject",
    )]]);

/// `nats bench oldjs push`.
const OLDJS_PUSH: Command = Command::new("push", "Consume with a durable push consumer")
    .run(super::old_push)
    .args(&[arg("subject", "The subject")])
    .flags(&[&[
        text("consumer", "Consumer to work with").default("nats-bench"),
        int("maxacks", "Most unacknowledged messages").default("500"),
        negatable("ack", "Acknowledge messages").on(),
        negatable("doubleack", "Wait until acknowledgements are confirmed").default("false"),
    ]]);

/// `nats bench oldjs pull`.
const OLDJS_PULL: Command = Command::new("pull", "Consume with a durable pull consumer")
    .run(super::old_pull)
    .args(&[arg("subject", "The subject")])
    .flags(&[&[
        text("consumer", "Consumer to work with").default("nats-bench"),
        int(
            "batch",
            "Messages fetched, or published before waiting for acknowledgements, at a time",
        )
        .default("500"),
        negatable("ack", "Acknowledge messages").on(),
        negatable("doubleack", "Wait until acknowledgements are confirmed").default("false"),
    ]]);
