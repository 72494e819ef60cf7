//! Flags of a stream's configuration (cli.md 4.1).

use crate::model::*;

/// What a stream is for.
pub(super) const WHAT: &[Flag] = &[
    text(
        "subjects",
        "Subjects to listen on (repeatable, or a list with commas)",
    )
    .list(),
    text("description", "Free text that describes it"),
];

/// Where a new stream is kept.
pub(super) const STORAGE: &[Flag] = &[choice(
    "storage",
    &["file", "f", "memory", "m"],
    "Where messages are kept",
)];

/// Where it lives, and which messages stay.
pub(super) const POLICIES: &[Flag] = &[
    choice(
        "compression",
        &["none", "s2"],
        "Compression of the stored data",
    ),
    int("replicas", "Number of copies in the cluster"),
    text("tag", "Placement tag").list(),
    text("tags", "Placement tags").list().hidden(),
    text("cluster", "Cluster to place it in"),
    negatable(
        "ack",
        "Publishers get an acknowledgement for each stored message",
    )
    .on(),
    choice(
        "retention",
        &["limits", "interest", "workq", "work"],
        "When messages may go: at a limit, without interest, or once worked on",
    ),
    choice(
        "discard",
        &["new", "old"],
        "What happens when a limit is reached: drop the oldest, or refuse the new message",
    ),
    negatable(
        "discard-per-subject",
        "Refuse new messages also at the limit per subject",
    ),
];

/// Where a new stream starts.
pub(super) const FIRST_SEQUENCE: &[Flag] = &[uint(
    "first-sequence",
    "Sequence that the first message gets",
)];

/// How much it holds, and what it mirrors.
pub(super) const LIMITS: &[Flag] = &[
    text("max-age", "Most age of messages, -1 for no limit").default(""),
    text("max-bytes", "Most bytes in the stream").value_name("BYTES"),
    int(
        "max-consumers",
        "Most consumers of the stream, -1 for no limit",
    )
    .default("-1"),
    text("max-msg-size", "Most bytes of a message").value_name("BYTES"),
    int("max-msgs", "Most messages in the stream").default("0"),
    int("max-msgs-per-subject", "Most messages per subject").default("0"),
    text(
        "dupe-window",
        "Window in which duplicate message ids are detected",
    )
    .default(""),
    text(
        "mirror",
        "Mirror another stream: its name, or a JSON object",
    ),
];

/// Its sources, and what may be done with it.
pub(super) const FEATURES: &[Flag] = &[
    text(
        "source",
        "Source from another stream: its name, or a JSON object (repeatable)",
    )
    .list()
    .value_name("STREAM"),
    negatable("allow-batch", "Allow atomic batch publishing"),
    negatable("allow-fast", "Allow fast batch publishing"),
    switch("allow-counter", "Make a counter of each subject"),
    negatable(
        "allow-rollup",
        "Allow a message to replace all earlier ones",
    ),
    negatable("deny-delete", "Do not allow single messages to be deleted"),
    negatable("deny-purge", "Do not allow the stream to be purged"),
    negatable("allow-direct", "Allow direct gets from any replica").on(),
    negatable(
        "allow-mirror-direct",
        "Let a mirror answer direct gets for its origin",
    ),
    switch("allow-msg-ttl", "Allow a TTL per message"),
    negatable("allow-schedules", "Allow scheduled messages"),
    duration(
        "subject-del-markers-ttl",
        "Leave markers with this TTL for messages removed by age",
    )
    .value_name("DURATION"),
    text("transform-source", "Subjects that are transformed").value_name("SOURCE"),
    text(
        "transform-destination",
        "Subject that messages are stored under",
    )
    .value_name("DEST"),
];

/// Metadata, and what is published again.
pub(super) const REPUBLISHING: &[Flag] = &[
    map("metadata", "Add metadata, as KEY=VALUE").value_name("META"),
    text(
        "republish-source",
        "Only republish messages on this subject",
    )
    .value_name("SOURCE"),
    text(
        "republish-destination",
        "Subject that stored messages are republished to",
    )
    .value_name("DEST"),
    switch("republish-headers", "Republish headers only"),
];

/// What cannot be changed later.
pub(super) const FIXED: &[Flag] = &[
    duration(
        "limit-consumer-inactive",
        "Most inactive threshold of consumers",
    )
    .value_name("THRESHOLD"),
    int(
        "limit-consumer-max-pending",
        "Most unacknowledged messages of consumers",
    )
    .value_name("PENDING"),
    choice(
        "persist-mode",
        &["default", "async"],
        "When stored messages are written to disk",
    ),
];

/// How the result is shown.
pub(super) const JSON: &[Flag] = &[switch("json", "Print JSON").short('j')];
