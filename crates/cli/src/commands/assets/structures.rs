//! The fields that expressions of `find` know of streams and consumers: by the
//! names of JSON and by those of the original's source, none of them missing.

use crate::expression::Value;
use crate::format::go_duration;
use crate::output::Json;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Number,
    Switch,
    Duration,
    Time,
    /// A time that there may not be.
    SomeTime,
    /// A word out of a few, and the one that stands for none.
    Word(&'static str),
    List,
    Durations,
    Map,
    /// A structure.
    One(&'static Structure),
    /// A structure that there may not be.
    Some(&'static Structure),
    Many(&'static Structure),
}

use Kind::{
    Duration, Durations, List, Many, Map, Number, One, Some as Maybe, SomeTime, Switch, Text, Time,
    Word,
};

/// A field: in JSON, in the source, what it holds.
#[derive(Debug)]
struct Field(&'static str, &'static str, Kind);

/// A type of the original.
#[derive(Debug)]
pub struct Structure {
    name: &'static str,
    fields: &'static [Field],
}

/// A stream.
pub static STREAM: Structure = Structure {
    name: "*api.StreamInfo",
    fields: &[
        Field("config", "Config", One(&STREAM_CONFIG)),
        Field("created", "Created", Time),
        Field("state", "State", One(&STREAM_STATE)),
        Field("domain", "Domain", Text),
        Field("cluster", "Cluster", Maybe(&CLUSTER)),
        Field("mirror", "Mirror", Maybe(&SOURCE_INFO)),
        Field("sources", "Sources", Many(&SOURCE_INFO)),
        Field("alternates", "Alternates", Many(&ALTERNATE)),
        Field("ts", "TimeStamp", Time),
    ],
};

/// The configuration of a stream.
pub static STREAM_CONFIG: Structure = Structure {
    name: "api.StreamConfig",
    fields: &[
        Field("name", "Name", Text),
        Field("description", "Description", Text),
        Field("subjects", "Subjects", List),
        Field("retention", "Retention", Word("limits")),
        Field("max_consumers", "MaxConsumers", Number),
        Field("max_msgs_per_subject", "MaxMsgsPer", Number),
        Field("max_msgs", "MaxMsgs", Number),
        Field("max_bytes", "MaxBytes", Number),
        Field("max_age", "MaxAge", Duration),
        Field("max_msg_size", "MaxMsgSize", Number),
        Field("storage", "Storage", Word("file")),
        Field("discard", "Discard", Word("old")),
        Field("num_replicas", "Replicas", Number),
        Field("no_ack", "NoAck", Switch),
        Field("duplicate_window", "Duplicates", Duration),
        Field("placement", "Placement", Maybe(&PLACEMENT)),
        Field("mirror", "Mirror", Maybe(&SOURCE)),
        Field("sources", "Sources", Many(&SOURCE)),
        Field("compression", "Compression", Word("none")),
        Field("subject_transform", "SubjectTransform", Maybe(&TRANSFORM)),
        Field("republish", "RePublish", Maybe(&REPUBLISH)),
        Field("sealed", "Sealed", Switch),
        Field("deny_delete", "DenyDelete", Switch),
        Field("deny_purge", "DenyPurge", Switch),
        Field("allow_rollup_hdrs", "RollupAllowed", Switch),
        Field("allow_direct", "AllowDirect", Switch),
        Field("mirror_direct", "MirrorDirect", Switch),
        Field("discard_new_per_subject", "DiscardNewPer", Switch),
        Field("first_seq", "FirstSeq", Number),
        Field("metadata", "Metadata", Map),
        Field("allow_msg_ttl", "AllowMsgTTL", Switch),
        Field(
            "subject_delete_marker_ttl",
            "SubjectDeleteMarkerTTL",
            Duration,
        ),
        Field("consumer_limits", "ConsumerLimits", One(&CONSUMER_LIMITS)),
        Field("allow_atomic", "AllowAtomicPublish", Switch),
        Field("allow_msg_counter", "AllowMsgCounter", Switch),
        Field("allow_msg_schedules", "AllowMsgSchedules", Switch),
        Field("persist_mode", "PersistMode", Word("default")),
        Field("allow_batched", "AllowBatchPublish", Switch),
    ],
};

/// The state of a stream.
pub static STREAM_STATE: Structure = Structure {
    name: "api.StreamState",
    fields: &[
        Field("messages", "Msgs", Number),
        Field("bytes", "Bytes", Number),
        Field("first_seq", "FirstSeq", Number),
        Field("first_ts", "FirstTime", Time),
        Field("last_seq", "LastSeq", Number),
        Field("last_ts", "LastTime", Time),
        Field("num_deleted", "NumDeleted", Number),
        Field("deleted", "Deleted", List),
        Field("num_subjects", "NumSubjects", Number),
        Field("subjects", "Subjects", Map),
        Field("lost", "Lost", Maybe(&LOST)),
        Field("consumer_count", "Consumers", Number),
    ],
};

/// A consumer.
pub static CONSUMER: Structure = Structure {
    name: "api.ConsumerInfo",
    fields: &[
        Field("stream_name", "Stream", Text),
        Field("name", "Name", Text),
        Field("config", "Config", One(&CONSUMER_CONFIG)),
        Field("created", "Created", Time),
        Field("delivered", "Delivered", One(&SEQUENCES)),
        Field("ack_floor", "AckFloor", One(&SEQUENCES)),
        Field("num_ack_pending", "NumAckPending", Number),
        Field("num_redelivered", "NumRedelivered", Number),
        Field("num_waiting", "NumWaiting", Number),
        Field("num_pending", "NumPending", Number),
        Field("cluster", "Cluster", Maybe(&CLUSTER)),
        Field("push_bound", "PushBound", Switch),
        Field("paused", "Paused", Switch),
        Field("pause_remaining", "PauseRemaining", Duration),
        Field("ts", "TimeStamp", Time),
        Field("priority_groups", "PriorityGroups", Many(&GROUP)),
    ],
};

/// The configuration of a consumer.
pub static CONSUMER_CONFIG: Structure = Structure {
    name: "api.ConsumerConfig",
    fields: &[
        Field("description", "Description", Text),
        Field("ack_policy", "AckPolicy", Word("none")),
        Field("ack_wait", "AckWait", Duration),
        Field("deliver_policy", "DeliverPolicy", Word("all")),
        Field("deliver_subject", "DeliverSubject", Text),
        Field("deliver_group", "DeliverGroup", Text),
        Field("durable_name", "Durable", Text),
        Field("name", "Name", Text),
        Field("filter_subject", "FilterSubject", Text),
        Field("filter_subjects", "FilterSubjects", List),
        Field("flow_control", "FlowControl", Switch),
        Field("idle_heartbeat", "Heartbeat", Duration),
        Field("max_ack_pending", "MaxAckPending", Number),
        Field("max_deliver", "MaxDeliver", Number),
        Field("backoff", "BackOff", Durations),
        Field("max_waiting", "MaxWaiting", Number),
        Field("opt_start_seq", "OptStartSeq", Number),
        Field("opt_start_time", "OptStartTime", SomeTime),
        Field("rate_limit_bps", "RateLimit", Number),
        Field("replay_policy", "ReplayPolicy", Word("instant")),
        Field("sample_freq", "SampleFrequency", Text),
        Field("headers_only", "HeadersOnly", Switch),
        Field("max_batch", "MaxRequestBatch", Number),
        Field("max_expires", "MaxRequestExpires", Duration),
        Field("max_bytes", "MaxRequestMaxBytes", Number),
        Field("inactive_threshold", "InactiveThreshold", Duration),
        Field("num_replicas", "Replicas", Number),
        Field("mem_storage", "MemoryStorage", Switch),
        Field("metadata", "Metadata", Map),
        Field("pause_until", "PauseUntil", Time),
        Field("priority_groups", "PriorityGroups", List),
        Field("priority_policy", "PriorityPolicy", Word("none")),
        Field("priority_timeout", "PinnedTTL", Duration),
        Field("direct", "Direct", Switch),
    ],
};

static SEQUENCES: Structure = Structure {
    name: "api.SequenceInfo",
    fields: &[
        Field("consumer_seq", "Consumer", Number),
        Field("stream_seq", "Stream", Number),
        Field("last_active", "Last", SomeTime),
    ],
};

static GROUP: Structure = Structure {
    name: "api.PriorityGroupState",
    fields: &[
        Field("group", "Group", Text),
        Field("pinned_client_id", "PinnedClientID", Text),
        Field("pinned_ts", "PinnedTS", Time),
    ],
};

static CONSUMER_LIMITS: Structure = Structure {
    name: "api.StreamConsumerLimits",
    fields: &[
        Field("inactive_threshold", "InactiveThreshold", Duration),
        Field("max_ack_pending", "MaxAckPending", Number),
    ],
};

static PLACEMENT: Structure = Structure {
    name: "*api.Placement",
    fields: &[
        Field("cluster", "Cluster", Text),
        Field("tags", "Tags", List),
        Field("preferred", "Preferred", Text),
    ],
};

static SOURCE: Structure = Structure {
    name: "*api.StreamSource",
    fields: &[
        Field("name", "Name", Text),
        Field("opt_start_seq", "OptStartSeq", Number),
        Field("opt_start_time", "OptStartTime", SomeTime),
        Field("filter_subject", "FilterSubject", Text),
        Field("external", "External", Maybe(&EXTERNAL)),
        Field("subject_transforms", "SubjectTransforms", Many(&TRANSFORM)),
        Field("consumer", "Consumer", Map),
    ],
};

static SOURCE_INFO: Structure = Structure {
    name: "*api.StreamSourceInfo",
    fields: &[
        Field("name", "Name", Text),
        Field("external", "External", Maybe(&EXTERNAL)),
        Field("lag", "Lag", Number),
        Field("active", "Active", Duration),
        Field("error", "Error", Map),
        Field("filter_subject", "FilterSubject", Text),
        Field("subject_transforms", "SubjectTransforms", Many(&TRANSFORM)),
    ],
};

static EXTERNAL: Structure = Structure {
    name: "*api.ExternalStream",
    fields: &[
        Field("api", "ApiPrefix", Text),
        Field("deliver", "DeliverPrefix", Text),
    ],
};

static TRANSFORM: Structure = Structure {
    name: "*api.SubjectTransformConfig",
    fields: &[
        Field("src", "Source", Text),
        Field("dest", "Destination", Text),
    ],
};

static REPUBLISH: Structure = Structure {
    name: "*api.RePublish",
    fields: &[
        Field("src", "Source", Text),
        Field("dest", "Destination", Text),
        Field("headers_only", "HeadersOnly", Switch),
    ],
};

static LOST: Structure = Structure {
    name: "*api.LostStreamData",
    fields: &[Field("msgs", "Msgs", List), Field("bytes", "Bytes", Number)],
};

static ALTERNATE: Structure = Structure {
    name: "api.StreamAlternate",
    fields: &[
        Field("name", "Name", Text),
        Field("domain", "Domain", Text),
        Field("cluster", "Cluster", Text),
    ],
};

static CLUSTER: Structure = Structure {
    name: "*api.ClusterInfo",
    fields: &[
        Field("name", "Name", Text),
        Field("raft_group", "RaftGroup", Text),
        Field("leader", "Leader", Text),
        Field("leader_since", "LeaderSince", SomeTime),
        Field("system_account", "SystemAcc", Switch),
        Field("traffic_account", "TrafficAcc", Text),
        Field("replicas", "Replicas", Many(&PEER)),
    ],
};

static PEER: Structure = Structure {
    name: "*api.PeerInfo",
    fields: &[
        Field("name", "Name", Text),
        Field("current", "Current", Switch),
        Field("offline", "Offline", Switch),
        Field("active", "Active", Duration),
        Field("lag", "Lag", Number),
        Field("peer", "Peer", Text),
    ],
};

/// By which names fields go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// Those of JSON; durations are texts.
    Keys,
    /// Those of the source.
    Source,
}

impl Structure {
    /// The fields of a document under the names of JSON, and what else it has.
    pub fn by_key(&self, document: &Json) -> Value {
        let mut entries = self.entries(document, Names::Keys);
        if let Json::Object(all) = document {
            let more = all.iter().filter(|(key, _)| {
                let mut fields = self.fields.iter();
                !fields.any(|Field(known, ..)| known == key)
            });
            entries.extend(more.map(|(key, value)| (key.clone(), Value::from(value))));
        }
        Value::Map(entries)
    }

    /// The fields of a document under the names of the source.
    pub fn by_name(&self, document: &Json) -> Value {
        Value::Struct(self.name, self.entries(document, Names::Source))
    }

    fn value(&self, document: &Json, names: Names) -> Value {
        match names {
            Names::Keys => self.by_key(document),
            Names::Source => self.by_name(document),
        }
    }

    fn entries(&self, document: &Json, names: Names) -> Vec<(String, Value)> {
        let entry = |Field(key, name, kind): &Field| {
            let name = match names {
                Names::Keys => key,
                Names::Source => name,
            };
            ((*name).to_owned(), held(*kind, document.key(key), names))
        };
        self.fields.iter().map(entry).collect()
    }
}

fn held(kind: Kind, json: &Json, names: Names) -> Value {
    let duration = |json: &Json| {
        let nanos = json.as_int().unwrap_or_default();
        match names {
            Names::Keys => Value::Text(go_duration(nanos)),
            Names::Source => Value::Duration(nanos),
        }
    };
    let each = |value: &dyn Fn(&Json) -> Value| match json {
        Json::List(values) => Value::List(values.iter().map(value).collect()),
        _ => Value::List(Vec::new()),
    };
    // Lists, maps and some times that are not there are nil in the source.
    if names == Names::Source && json.is_null() {
        match kind {
            Kind::List => return Value::Absent("[]string"),
            Kind::Durations => return Value::Absent("[]time.Duration"),
            Kind::Many(_) => return Value::Absent("[]*api.StreamSource"),
            Kind::Map => return Value::Absent("map[string]string"),
            Kind::SomeTime => return Value::Absent("*time.Time"),
            _ => {}
        }
    }
    match (kind, json) {
        (Kind::Duration, json) => duration(json),
        (Kind::Durations, _) => each(&duration),
        (Kind::List, _) => each(&|json| Value::from(json)),
        (Kind::Many(structure), _) => each(&|json| structure.value(json, names)),
        (Kind::One(structure), json) => structure.value(json, names),
        (Kind::Some(structure), Json::Null) => match names {
            Names::Keys => Value::Nil,
            Names::Source => Value::Absent(structure.name),
        },
        (Kind::Some(structure), json) => structure.value(json, names),
        (Kind::Time, Json::Null) => Value::time(&Json::from(UNSET)),
        (Kind::Time | Kind::SomeTime, json) => Value::time(json),
        (Kind::Text, Json::Null) => Value::Text(String::new()),
        (Kind::Number, Json::Null) => Value::Int(0),
        (Kind::Switch, Json::Null) => Value::Bool(false),
        (Kind::Word(none), Json::Null) => Value::Text(none.to_owned()),
        (Kind::Map, Json::Null) => Value::Map(Vec::new()),
        (_, json) => Value::from(json),
    }
}

/// A time that was not set, as Go writes it.
const UNSET: &str = "0001-01-01T00:00:00Z";
