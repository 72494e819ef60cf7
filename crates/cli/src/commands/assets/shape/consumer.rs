//! Structures of consumers.

use super::{Kind, Shape, always, filled};

const ACK_POLICY: &[(&str, &str)] = &[
    ("none", "None"),
    ("all", "All"),
    ("explicit", "Explicit"),
    ("flow_control", "Flow Control"),
];
const DELIVER_POLICY: &[(&str, &str)] = &[
    ("all", "All"),
    ("last", "Last"),
    ("new", "New"),
    ("by_start_sequence", "By Start Sequence"),
    ("by_start_time", "By Start Time"),
    ("last_per_subject", "Last Per Subject"),
];
const REPLAY_POLICY: &[(&str, &str)] = &[("instant", "Instant"), ("original", "Original")];
const PRIORITY_POLICY: &[(&str, &str)] = &[
    ("none", "None"),
    ("overflow", "Overflow"),
    ("pinned_client", "Pinned Client"),
    ("prioritized", "Prioritized"),
];

/// A consumer's configuration.
pub static CONSUMER_CONFIG: Shape = Shape {
    name: "api.ConsumerConfig",
    fields: &[
        filled("Description", "description", Kind::Text),
        always("AckPolicy", "ack_policy", Kind::Word(ACK_POLICY)),
        filled("AckWait", "ack_wait", Kind::Span),
        always(
            "DeliverPolicy",
            "deliver_policy",
            Kind::Word(DELIVER_POLICY),
        ),
        filled("DeliverSubject", "deliver_subject", Kind::Text),
        filled("DeliverGroup", "deliver_group", Kind::Text),
        filled("Durable", "durable_name", Kind::Text),
        filled("Name", "name", Kind::Text),
        filled("FilterSubject", "filter_subject", Kind::Text),
        filled("FilterSubjects", "filter_subjects", Kind::Names),
        filled("FlowControl", "flow_control", Kind::Switch),
        filled("Heartbeat", "idle_heartbeat", Kind::Span),
        filled("MaxAckPending", "max_ack_pending", Kind::Number),
        filled("MaxDeliver", "max_deliver", Kind::Number),
        filled("BackOff", "backoff", Kind::Spans),
        filled("MaxWaiting", "max_waiting", Kind::Number),
        filled("OptStartSeq", "opt_start_seq", Kind::Number),
        filled("OptStartTime", "opt_start_time", Kind::OptionalTime),
        filled("RateLimit", "rate_limit_bps", Kind::Number),
        always("ReplayPolicy", "replay_policy", Kind::Word(REPLAY_POLICY)),
        filled("SampleFrequency", "sample_freq", Kind::Text),
        filled("HeadersOnly", "headers_only", Kind::Switch),
        filled("MaxRequestBatch", "max_batch", Kind::Number),
        filled("MaxRequestExpires", "max_expires", Kind::Span),
        filled("MaxRequestMaxBytes", "max_bytes", Kind::Number),
        filled("InactiveThreshold", "inactive_threshold", Kind::Span),
        always("Replicas", "num_replicas", Kind::Number),
        filled("MemoryStorage", "mem_storage", Kind::Switch),
        filled("Metadata", "metadata", Kind::Labels),
        always("PauseUntil", "pause_until", Kind::Time),
        filled("PriorityGroups", "priority_groups", Kind::Names),
        filled(
            "PriorityPolicy",
            "priority_policy",
            Kind::Word(PRIORITY_POLICY),
        ),
        filled("PinnedTTL", "priority_timeout", Kind::Span),
        filled("Direct", "direct", Kind::Switch),
    ],
};
