//! Flags of a consumer's configuration (cli.md 5.1).

use crate::model::*;

/// How a new consumer has messages acknowledged, and how fast it delivers.
pub(super) const ACKNOWLEDGEMENT: &[Flag] = &[
    choice(
        "ack",
        &["none", "all", "explicit", "flow_control"],
        "How messages are acknowledged",
    ),
    uint(
        "bps",
        "Most bits per second that are delivered (push consumers)",
    )
    .default("0"),
];

/// Delays between redeliveries.
pub(super) const BACKOFF: &[Flag] = &[
    choice(
        "backoff",
        &["linear", "none"],
        "Shape of the growing delays between redeliveries",
    )
    .value_name("MODE"),
    uint("backoff-steps", "Number of delays in the backoff policy").default("10"),
    duration("backoff-min", "Shortest delay of the backoff policy").default("1m"),
    duration("backoff-max", "Longest delay of the backoff policy").default("20m"),
];

/// Where a new consumer starts, and for whom.
pub(super) const DELIVERY: &[Flag] = &[
    text(
        "deliver",
        "Where to start: all, last, new, subject, a sequence, or a duration back",
    )
    .value_name("POLICY"),
    text(
        "deliver-group",
        "Queue group that messages of the push consumer are delivered to",
    )
    .value_name("GROUP")
    .default("_unset_"),
];

/// What it is for.
pub(super) const DESCRIPTION: &[Flag] = &[text("description", "Free text that describes it")];

/// Whether a new consumer stays.
pub(super) const EPHEMERAL: &[Flag] = &[switch(
    "ephemeral",
    "Make a consumer that goes away when unused",
)];

/// What it delivers.
pub(super) const FILTER: &[Flag] = &[text("filter", "Only subjects that match this filter")
    .value_name("SUBJECTS")
    .list()];

/// How a new push consumer keeps in step.
pub(super) const FLOW: &[Flag] = &[
    switch("flow-control", "Use flow control (push consumers)"),
    text(
        "heartbeat",
        "Interval of idle heartbeats, -1 for none (push consumers)",
    ),
];

/// How much it delivers.
pub(super) const LIMITS: &[Flag] = &[
    negatable("headers-only", "Show or deliver headers without bodies"),
    int(
        "max-deliver",
        "Most deliveries of a message, -1 for no limit",
    )
    .value_name("TRIES"),
    int("max-outstanding", "Most unacknowledged messages")
        .default("-1")
        .hidden(),
    int(
        "max-pending",
        "Most unacknowledged messages, -1 for no limit",
    )
    .default("-1"),
];

/// Requests that a new pull consumer keeps.
pub(super) const WAITING: &[Flag] =
    &[int("max-waiting", "Most pull requests that may wait").value_name("PULLS")];

/// How much a pull request may ask for.
pub(super) const REQUESTS: &[Flag] = &[
    int("max-pull-batch", "Most messages in a pull request").value_name("BATCH_SIZE"),
    duration("max-pull-expire", "Longest wait of a pull request").value_name("EXPIRES"),
    int("max-pull-bytes", "Most bytes in a pull request").value_name("BYTES"),
];

/// Of which kind a new consumer is.
pub(super) const KIND: &[Flag] = &[
    switch("pull", "Make a pull consumer"),
    choice(
        "replay",
        &["instant", "original"],
        "Deliver at once, or with the original pauses",
    )
    .value_name("POLICY"),
];

/// Where it delivers to, and how long it waits.
pub(super) const TARGET: &[Flag] = &[
    int("sample", "Percentage of acknowledgements that are sampled").default("-1"),
    text(
        "target",
        "Subject that messages are delivered to; makes a push consumer",
    )
    .value_name("SUBJECT"),
    duration("wait", "Time to wait for an acknowledgement").default("-1s"),
    duration(
        "inactive-threshold",
        "Remove the consumer after this time without use",
    )
    .value_name("THRESHOLD"),
];

/// Where the state of a new consumer is kept.
pub(super) const MEMORY: &[Flag] = &[switch("memory", "Keep the state of the consumer in memory")];

/// Its replicas and metadata.
pub(super) const COPIES: &[Flag] = &[
    int("replicas", "Number of copies in the cluster"),
    map("metadata", "Add metadata, as KEY=VALUE").value_name("META"),
];

/// How a new consumer starts, and its priority groups.
pub(super) const GROUPS: &[Flag] = &[
    text(
        "pause",
        "Start paused until this time, or for this duration",
    ),
    text(
        "pinned-groups",
        "Priority groups with the pinned client policy",
    )
    .value_name("GROUPS")
    .list(),
    duration(
        "pinned-ttl",
        "Time after which a silent pinned client loses its place",
    )
    .value_name("TTL"),
    text(
        "overflow-groups",
        "Priority groups with the overflow policy",
    )
    .value_name("GROUPS")
    .list(),
    text(
        "prioritized-groups",
        "Priority groups with the prioritized policy",
    )
    .value_name("GROUPS")
    .list(),
];
