//! The model of `nats object`.

use crate::model::*;

/// Limits of a bucket.
const BUCKET: &[Flag] = &[
    duration("ttl", "Time after which values are removed"),
    uint("replicas", "Number of copies in the cluster").default("1"),
    text("max-bucket-size", "Most bytes in the bucket"),
    text("description", "Free text that describes it"),
];

/// Where a bucket is kept, and how.
const PLACEMENT: &[Flag] = &[
    text("tags", "Placement tags").list(),
    text("cluster", "Cluster to place it in"),
    map("metadata", "Add metadata, as KEY=VALUE").value_name("META"),
    negatable("compress", "Compress the data of the bucket"),
];

/// `nats object`.
pub const OBJECT: Command = Command::new("object", "Object buckets")
    .aliases(&["obj"])
    .commands(&[ADD, EDIT, PUT, DEL, GET, INFO, LS, SEAL, WATCH]);

/// `nats object add`.
const ADD: Command = Command::new("add", "Create a bucket")
    .run(super::add)
    .args(&[arg("bucket", "The bucket")])
    .flags(&[
        BUCKET,
        &[choice(
            "storage",
            &["file", "f", "memory", "m"],
            "Where messages are kept",
        )],
        PLACEMENT,
    ]);

/// `nats object edit`.
const EDIT: Command = Command::new("edit", "Change a bucket")
    .run(super::edit)
    .args(&[arg("bucket", "The bucket")])
    .flags(&[BUCKET, PLACEMENT]);

/// `nats object put`.
const PUT: Command = Command::new("put", "Put a file into a bucket")
    .run(super::put)
    .args(&[
        arg("bucket", "The bucket"),
        optional("file", "Name of the object, or the file"),
    ])
    .flags(&[&[
        text("name", "Name to use"),
        text("description", "Free text that describes it"),
        text("header", "Add a header, as KEY:VALUE")
            .short('H')
            .list(),
        uint("chunk-size", "Size of the pieces in which data is sent"),
        negatable("progress", "Show progress").on(),
        switch("force", "Do it without asking").short('f'),
    ]]);

/// `nats object del`.
const DEL: Command = Command::new("del", "Delete a file or a bucket")
    .run(super::delete)
    .aliases(&["rm"])
    .args(&[
        arg("bucket", "The bucket"),
        optional("file", "Name of the object, or the file"),
    ])
    .flags(&[&[switch("force", "Do it without asking").short('f')]]);

/// `nats object get`.
const GET: Command = Command::new("get", "Get a file from a bucket")
    .run(super::get)
    .args(&[
        arg("bucket", "The bucket"),
        arg("file", "Name of the object, or the file"),
    ])
    .flags(&[&[
        text(
            "output",
            "File to write instead of one with the name of the object",
        )
        .short('O'),
        negatable("progress", "Show progress").on(),
        switch("force", "Do it without asking").short('f'),
    ]]);

/// `nats object info`.
const INFO: Command = Command::new("info", "Show a bucket or a file in it")
    .run(super::info)
    .aliases(&["show", "i"])
    .args(&[
        optional("bucket", "The bucket"),
        optional("file", "Name of the object, or the file"),
    ]);

/// `nats object ls`.
const LS: Command = Command::new("ls", "List buckets or files")
    .run(super::list)
    .args(&[optional("bucket", "The bucket")])
    .flags(&[&[switch("names", "Print names only").short('n')]]);

/// `nats object seal`.
const SEAL: Command = Command::new("seal", "Make a bucket read-only")
    .run(super::seal)
    .args(&[arg("bucket", "The bucket")])
    .flags(&[&[switch("force", "Do it without asking").short('f')]]);

/// `nats object watch`.
const WATCH: Command = Command::new("watch", "Show changes as they happen")
    .run(super::watch)
    .args(&[arg("bucket", "The bucket")]);
