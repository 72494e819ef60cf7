//! The model of `nats kv`.

use crate::model::*;

/// Most revisions of a key that are kept.
const MAX_HISTORY: i64 = 64;

/// What may be changed of a bucket, too.
const BUCKET: &[Flag] = &[
    duration("ttl", "Time after which values are removed").value_name("DURATION"),
    duration(
        "marker-ttl",
        "Keep markers of removed keys for this long, and allow a TTL per key",
    )
    .value_name("DURATION"),
    uint("replicas", "Number of copies in the cluster").default("1"),
    text("max-value-size", "Most bytes of a value").value_name("BYTES"),
    text("max-bucket-size", "Most bytes in the bucket").value_name("BYTES"),
    text("tags", "Placement tags").list(),
    text("cluster", "Cluster to place it in"),
    negatable("compress", "Compress the data of the bucket"),
    map("metadata", "Add metadata, as KEY=VALUE").value_name("META"),
    text(
        "republish-source",
        "Only republish messages on this subject",
    )
    .value_name("SRC"),
    text(
        "republish-destination",
        "Subject that stored messages are republished to",
    )
    .value_name("DEST"),
    switch("republish-headers", "Republish headers only"),
];

/// `nats kv`.
pub const KV: Command = Command::new("kv", "Key-Value buckets").commands(&[
    ADD, EDIT, PUT, GET, CREATE, UPDATE, DEL, PURGE, HISTORY, REVERT, INFO, WATCH, LS, COMPACT,
]);

/// `nats kv add`.
const ADD: Command = Command::new("add", "Create a bucket")
    .run(super::add)
    .aliases(&["new"])
    .args(&[arg("bucket", "The bucket")])
    .flags(&[
        &[
            text("description", "Free text that describes it"),
            within("history", 1, MAX_HISTORY, "Values kept per key").default("1"),
            choice(
                "storage",
                &["file", "f", "memory", "m"],
                "Where messages are kept",
            ),
        ],
        BUCKET,
        &[
            text("mirror", "Mirror another bucket"),
            text("mirror-domain", "JetStream domain of the mirrored bucket"),
            text("source", "Source from another bucket (repeatable)")
                .value_name("BUCKET")
                .list(),
        ],
    ]);

/// `nats kv edit`.
const EDIT: Command = Command::new("edit", "Change a bucket")
    .run(super::edit)
    .args(&[arg("bucket", "The bucket")])
    .flags(&[
        &[
            text("description", "Free text that describes it"),
            within("history", 1, MAX_HISTORY, "Values kept per key").default("1"),
        ],
        BUCKET,
        &[
            negatable("no-mirror", "Make a mirror an ordinary one"),
            text("source", "Source from another bucket (repeatable)")
                .value_name("BUCKET")
                .list(),
        ],
    ]);

/// `nats kv put`.
const PUT: Command = Command::new("put", "Put a value").run(super::put).args(&[
    arg("bucket", "The bucket"),
    arg("key", "The key"),
    optional("value", "The value; standard input without one"),
]);

/// `nats kv get`.
const GET: Command = Command::new("get", "Get a value")
    .run(super::get)
    .args(&[arg("bucket", "The bucket"), arg("key", "The key")])
    .flags(&[&[
        uint("revision", "Revision to get"),
        switch("raw", "Print the plain data without decoration"),
    ]]);

/// `nats kv create`.
const CREATE: Command = Command::new("create", "Put a value for a new key")
    .run(super::create)
    .args(&[
        arg("bucket", "The bucket"),
        arg("key", "The key"),
        optional("value", "The value; standard input without one"),
    ])
    .flags(&[&[duration("ttl", "Time after which the key is removed").value_name("DURATION")]]);

/// `nats kv update`.
const UPDATE: Command = Command::new("update", "Put a value if the key is at a given revision")
    .run(super::update)
    .args(&[
        arg("bucket", "The bucket"),
        arg("key", "The key"),
        arg("value", "The value"),
        arg("revision", "The revision"),
    ]);

/// `nats kv del`.
const DEL: Command = Command::new("del", "Delete a key or a bucket")
    .run(super::delete)
    .aliases(&["rm"])
    .args(&[arg("bucket", "The bucket"), optional("key", "The key")])
    .flags(&[&[switch("force", "Do it without asking").short('f')]]);

/// `nats kv purge`.
const PURGE: Command = Command::new("purge", "Delete a key and its history")
    .run(super::purge)
    .args(&[arg("bucket", "The bucket"), arg("key", "The key")])
    .flags(&[&[
        switch("force", "Do it without asking").short('f'),
        duration("ttl", "Time after which the marker of the purge is removed")
            .value_name("DURATION"),
    ]]);

/// `nats kv history`.
const HISTORY: Command = Command::new("history", "Show the history of a key")
    .run(super::history)
    .args(&[arg("bucket", "The bucket"), arg("key", "The key")]);

/// `nats kv revert`.
const REVERT: Command = Command::new("revert", "Put an old value again")
    .run(super::revert)
    .args(&[
        arg("bucket", "The bucket"),
        arg("key", "The key"),
        arg("revision", "The revision"),
    ])
    .flags(&[&[negatable("force", "Do it without asking")]]);

/// `nats kv info`.
const INFO: Command = Command::new("info", "Show a bucket")
    .run(super::info)
    .aliases(&["view", "status"])
    .args(&[optional("bucket", "The bucket")]);

/// `nats kv watch`.
const WATCH: Command = Command::new("watch", "Show changes as they happen")
    .run(super::watch)
    .args(&[
        arg("bucket", "The bucket"),
        optional("key", "The key").default(">"),
    ])
    .flags(&[&[
        switch("history", "Also show old values"),
        negatable("deletes", "Show deletions").on(),
        switch("updates", "Only show updates made from now on"),
        uint("revision", "Revision to start with"),
    ]]);

/// `nats kv ls`.
const LS: Command = Command::new("ls", "List buckets or keys")
    .run(super::list)
    .aliases(&["list"])
    .args(&[
        optional("bucket", "The bucket"),
        optional("key", "The key").default(""),
    ])
    .flags(&[&[
        switch("names", "Print names only").short('n'),
        switch("verbose", "Show when each key was set, and its revision").short('v'),
        switch("display-value", "Show the values, too, with --verbose"),
    ]]);

/// `nats kv compact`.
const COMPACT: Command = Command::new(
    "compact",
    "Remove markers of deleted keys and their history",
)
.run(super::compact)
.args(&[arg("bucket", "The bucket")])
.flags(&[&[switch("force", "Do it without asking").short('f')]]);
