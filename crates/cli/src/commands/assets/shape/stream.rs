//! Structures of streams.

use super::{Field, Kind, Shape, always, filled};

const RETENTION: &[(&str, &str)] = &[
    ("limits", "Limits"),
    ("interest", "Interest"),
    ("workqueue", "WorkQueue"),
];
const STORAGE: &[(&str, &str)] = &[("file", "File"), ("memory", "Memory")];
const DISCARD: &[(&str, &str)] = &[("old", "Old"), ("new", "New")];
const COMPRESSION: &[(&str, &str)] = &[("none", "None"), ("s2", "S2 Compression")];
const PERSIST_MODE: &[(&str, &str)] = &[("default", "Default"), ("async", "Async")];

/// A stream's configuration.
pub static STREAM_CONFIG: Shape = Shape {
    name: "api.StreamConfig",
    fields: &[
        always("Name", "name", Kind::Text),
        filled("Description", "description", Kind::Text),
        filled("Subjects", "subjects", Kind::Names),
        always("Retention", "retention", Kind::Word(RETENTION)),
        always("MaxConsumers", "max_consumers", Kind::Number),
        always("MaxMsgsPer", "max_msgs_per_subject", Kind::Number),
        always("MaxMsgs", "max_msgs", Kind::Number),
        always("MaxBytes", "max_bytes", Kind::Number),
        always("MaxAge", "max_age", Kind::Span),
        filled("MaxMsgSize", "max_msg_size", Kind::Number),
        always("Storage", "storage", Kind::Word(STORAGE)),
        always("Discard", "discard", Kind::Word(DISCARD)),
        always("Replicas", "num_replicas", Kind::Number),
        filled("NoAck", "no_ack", Kind::Switch),
        filled("Duplicates", "duplicate_window", Kind::Span),
        filled("Placement", "placement", Kind::Optional(&PLACEMENT)),
        filled("Mirror", "mirror", Kind::Optional(&SOURCE)),
        filled("Sources", "sources", Kind::List(&SOURCE, true)),
        filled("Compression", "compression", Kind::Word(COMPRESSION)),
        filled(
            "SubjectTransform",
            "subject_transform",
            Kind::Optional(&TRANSFORM),
        ),
        filled("RePublish", "republish", Kind::Optional(&REPUBLISH)),
        always("Sealed", "sealed", Kind::Switch),
        always("DenyDelete", "deny_delete", Kind::Switch),
        always("DenyPurge", "deny_purge", Kind::Switch),
        always("RollupAllowed", "allow_rollup_hdrs", Kind::Switch),
        always("AllowDirect", "allow_direct", Kind::Switch),
        always("MirrorDirect", "mirror_direct", Kind::Switch),
        filled("DiscardNewPer", "discard_new_per_subject", Kind::Switch),
        filled("FirstSeq", "first_seq", Kind::Number),
        filled("Metadata", "metadata", Kind::Labels),
        filled("AllowMsgTTL", "allow_msg_ttl", Kind::Switch),
        filled(
            "SubjectDeleteMarkerTTL",
            "subject_delete_marker_ttl",
            Kind::Span,
        ),
        always(
            "ConsumerLimits",
            "consumer_limits",
            Kind::Struct(&CONSUMER_LIMITS),
        ),
        filled("AllowAtomicPublish", "allow_atomic", Kind::Switch),
        filled("AllowMsgCounter", "allow_msg_counter", Kind::Switch),
        filled("AllowMsgSchedules", "allow_msg_schedules", Kind::Switch),
        filled("PersistMode", "persist_mode", Kind::Word(PERSIST_MODE)),
        filled("AllowBatchPublish", "allow_batched", Kind::Switch),
    ],
};

const PLACEMENT: Shape = Shape {
    name: "api.Placement",
    fields: &[
        filled("Cluster", "cluster", Kind::Text),
        filled("Tags", "tags", Kind::Names),
        filled("Preferred", "preferred", Kind::Text),
    ],
};

const SOURCE: Shape = Shape {
    name: "api.StreamSource",
    fields: &[
        always("Name", "name", Kind::Text),
        filled("OptStartSeq", "opt_start_seq", Kind::Number),
        filled("OptStartTime", "opt_start_time", Kind::OptionalTime),
        filled("FilterSubject", "filter_subject", Kind::Text),
        filled("External", "external", Kind::Optional(&EXTERNAL)),
        filled(
            "SubjectTransforms",
            "subject_transforms",
            Kind::List(&TRANSFORM, false),
        ),
        filled("Consumer", "consumer", Kind::Optional(&SOURCE_CONSUMER)),
    ],
};

const EXTERNAL: Shape = Shape {
    name: "api.ExternalStream",
    fields: &[
        always("ApiPrefix", "api", Kind::Text),
        always("DeliverPrefix", "deliver", Kind::Text),
    ],
};

const SOURCE_CONSUMER: Shape = Shape {
    name: "api.StreamConsumerSource",
    fields: &[
        always("Name", "name", Kind::Text),
        always("DeliverSubject", "deliver_subject", Kind::Text),
    ],
};

const TRANSFORM: Shape = Shape {
    name: "api.SubjectTransformConfig",
    fields: TRANSFORM_FIELDS,
};

const TRANSFORM_FIELDS: &[Field] = &[
    always("Source", "src", Kind::Text),
    always("Destination", "dest", Kind::Text),
];

const REPUBLISH: Shape = Shape {
    name: "api.RePublish",
    fields: &[
        filled("Source", "src", Kind::Text),
        always("Destination", "dest", Kind::Text),
        filled("HeadersOnly", "headers_only", Kind::Switch),
    ],
};

const CONSUMER_LIMITS: Shape = Shape {
    name: "api.StreamConsumerLimits",
    fields: &[
        filled("InactiveThreshold", "inactive_threshold", Kind::Span),
        filled("MaxAckPending", "max_ack_pending", Kind::Number),
    ],
};

/// Information about a stream.
pub static STREAM_INFO: Shape = Shape {
    name: "api.StreamInfo",
    fields: &[
        always("Config", "config", Kind::Struct(&STREAM_CONFIG)),
        always("Created", "created", Kind::Time),
        always("State", "state", Kind::Struct(&STATE)),
        filled("Domain", "domain", Kind::Text),
        filled("Cluster", "cluster", Kind::Optional(&CLUSTER)),
        filled("Mirror", "mirror", Kind::Optional(&SOURCE_INFO)),
        filled("Sources", "sources", Kind::List(&SOURCE_INFO, true)),
        filled("Alternates", "alternates", Kind::List(&ALTERNATE, false)),
        always("TimeStamp", "ts", Kind::Time),
    ],
};

/// A stored message.
pub static STORED_MESSAGE: Shape = Shape {
    name: "api.StoredMsg",
    fields: &[
        always("Subject", "subject", Kind::Text),
        always("Sequence", "seq", Kind::Number),
        filled("Header", "hdrs", Kind::Text),
        filled("Data", "data", Kind::Text),
        always("Time", "time", Kind::Time),
    ],
};

/// What a backup says about the stream in it.
pub static SNAPSHOT: Shape = Shape {
    name: "api.JSApiStreamRestoreRequest",
    fields: &[
        always("Config", "config", Kind::Struct(&STREAM_CONFIG)),
        always("State", "state", Kind::Struct(&STATE)),
    ],
};

const STATE: Shape = Shape {
    name: "api.StreamState",
    fields: &[
        always("Msgs", "messages", Kind::Number),
        always("Bytes", "bytes", Kind::Number),
        always("FirstSeq", "first_seq", Kind::Number),
        always("FirstTime", "first_ts", Kind::Time),
        always("LastSeq", "last_seq", Kind::Number),
        always("LastTime", "last_ts", Kind::Time),
        filled("NumDeleted", "num_deleted", Kind::Number),
        filled("Deleted", "deleted", Kind::Other),
        filled("NumSubjects", "num_subjects", Kind::Number),
        filled("Subjects", "subjects", Kind::Other),
        filled("Lost", "lost", Kind::Optional(&LOST)),
        always("Consumers", "consumer_count", Kind::Number),
    ],
};

const LOST: Shape = Shape {
    name: "api.LostStreamData",
    fields: &[
        always("Msgs", "msgs", Kind::Other),
        always("Bytes", "bytes", Kind::Number),
    ],
};

const CLUSTER: Shape = Shape {
    name: "api.ClusterInfo",
    fields: &[
        filled("Name", "name", Kind::Text),
        filled("RaftGroup", "raft_group", Kind::Text),
        filled("Leader", "leader", Kind::Text),
        filled("LeaderSince", "leader_since", Kind::OptionalTime),
        filled("SystemAcc", "system_account", Kind::Switch),
        filled("TrafficAcc", "traffic_account", Kind::Text),
        filled("Replicas", "replicas", Kind::List(&PEER, true)),
    ],
};

const PEER: Shape = Shape {
    name: "api.PeerInfo",
    fields: &[
        always("Name", "name", Kind::Text),
        always("Current", "current", Kind::Switch),
        filled("Offline", "offline", Kind::Switch),
        always("Active", "active", Kind::Span),
        filled("Lag", "lag", Kind::Number),
        always("Peer", "peer", Kind::Text),
    ],
};

const SOURCE_INFO: Shape = Shape {
    name: "api.StreamSourceInfo",
    fields: &[
        always("Name", "name", Kind::Text),
        filled("External", "external", Kind::Optional(&EXTERNAL)),
        always("Lag", "lag", Kind::Number),
        always("Active", "active", Kind::Span),
        filled("Error", "error", Kind::Optional(&API_ERROR)),
        filled("FilterSubject", "filter_subject", Kind::Text),
        filled(
            "SubjectTransforms",
            "subject_transforms",
            Kind::List(&TRANSFORM, false),
        ),
    ],
};

const API_ERROR: Shape = Shape {
    name: "api.ApiError",
    fields: &[
        always("Code", "code", Kind::Number),
        filled("ErrCode", "err_code", Kind::Number),
        filled("Description", "description", Kind::Text),
    ],
};

const ALTERNATE: Shape = Shape {
    name: "api.StreamAlternate",
    fields: &[
        always("Name", "name", Kind::Text),
        filled("Domain", "domain", Kind::Text),
        always("Cluster", "cluster", Kind::Text),
    ],
};
