//! The configuration of a stream (jetstream-streams.md 1.1).

use serde::Serialize;
use serde_json::Value;

use crate::config::enums::{Compression, Discard, PersistMode, Retention, Storage};
use crate::config::metadata::{self, Metadata};
use crate::config::source::{StreamSource, SubjectTransform};
use crate::json::{
    JsonError, Place, ReadJson, Strictness, parse, read_fields, read_optional_object,
};

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Where in a cluster a stream is to live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// Name of the cluster.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Tags its servers have to have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Refused in stream configurations.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub preferred: String,
}

impl ReadJson for Placement {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "Placement", {
            "cluster" => self.cluster,
            "tags" => self.tags,
            "preferred" => self.preferred,
        })
    }
}

/// What is published again after it was stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Republish {
    /// The stored subjects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub src: String,
    /// What they become.
    pub dest: String,
    /// Whether payloads are left out.
    #[serde(skip_serializing_if = "is_default")]
    pub headers_only: bool,
}

impl ReadJson for Republish {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "RePublish", {
            "src" => self.src,
            "dest" => self.dest,
            "headers_only" => self.headers_only,
        })
    }
}

/// Defaults and ceilings for the consumers of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConsumerLimits {
    /// Nanoseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub inactive_threshold: i64,
    /// Messages.
    #[serde(skip_serializing_if = "is_default")]
    pub max_ack_pending: i64,
}

impl ReadJson for ConsumerLimits {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "StreamConsumerLimits", {
            "inactive_threshold" => self.inactive_threshold,
            "max_ack_pending" => self.max_ack_pending,
        })
    }
}

read_optional_object!(Placement, Republish);

/// What a stream is. Durations are nanoseconds; -1 is "no limit".
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StreamConfig {
    /// Its name.
    pub name: String,
    /// Text for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it captures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// What makes messages leave it.
    pub retention: Retention,
    /// Most consumers.
    pub max_consumers: i64,
    /// Most messages.
    pub max_msgs: i64,
    /// Most bytes.
    pub max_bytes: i64,
    /// Age at which messages leave; 0 is never.
    pub max_age: i64,
    /// Most messages of one subject.
    pub max_msgs_per_subject: i64,
    /// Most bytes of header and payload of a message.
    #[serde(skip_serializing_if = "is_default")]
    pub max_msg_size: i32,
    /// What happens when it is full.
    pub discard: Discard,
    /// Where messages are kept.
    pub storage: Storage,
    /// Copies.
    pub num_replicas: i64,
    /// Whether publishes are not answered.
    #[serde(skip_serializing_if = "is_default")]
    pub no_ack: bool,
    /// How long message ids are remembered; 0 is not at all.
    #[serde(skip_serializing_if = "is_default")]
    pub duplicate_window: i64,
    /// Where in a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// The stream this is a copy of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<StreamSource>,
    /// Streams whose messages are taken over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<StreamSource>,
    /// Compression on disk.
    pub compression: Compression,
    /// Sequence of the first message; 0 is 1.
    #[serde(skip_serializing_if = "is_default")]
    pub first_seq: u64,
    /// Applied to subjects before anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_transform: Option<SubjectTransform>,
    /// What is published again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub republish: Option<Republish>,
    /// Whether direct get is answered.
    pub allow_direct: bool,
    /// Whether a mirror answers direct gets of its origin.
    pub mirror_direct: bool,
    /// Whether a full subject refuses new messages.
    #[serde(skip_serializing_if = "is_default")]
    pub discard_new_per_subject: bool,
    /// Whether nothing may change any more.
    pub sealed: bool,
    /// Whether messages can not be deleted by the API.
    pub deny_delete: bool,
    /// Whether the stream can not be purged.
    pub deny_purge: bool,
    /// Whether `Nats-Rollup` is allowed.
    pub allow_rollup_hdrs: bool,
    /// Defaults and ceilings of consumers.
    pub consumer_limits: ConsumerLimits,
    /// Whether `Nats-TTL` is allowed.
    pub allow_msg_ttl: bool,
    /// Life time of delete markers; 0 is none.
    #[serde(skip_serializing_if = "is_default")]
    pub subject_delete_marker_ttl: i64,
    /// Whether it is a counter.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_msg_counter: bool,
    /// Whether atomic batches are allowed.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_atomic: bool,
    /// Whether messages may be schedules.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_msg_schedules: bool,
    /// What an acknowledgement waits for.
    #[serde(skip_serializing_if = "is_default")]
    pub persist_mode: PersistMode,
    /// Whether fast batches are allowed.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_batched: bool,
    /// What a user attached, and the level needed.
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

impl StreamConfig {
    fn read_config(
        &mut self,
        pedantic: &mut bool,
        value: &Value,
        at: &Place<'_>,
    ) -> Result<(), JsonError> {
        read_fields!(value, at, "StreamConfig", {
            "name" => self.name,
            "description" => self.description,
            "subjects" => self.subjects,
            "retention" => self.retention,
            "max_consumers" => self.max_consumers,
            "max_msgs" => self.max_msgs,
            "max_bytes" => self.max_bytes,
            "max_age" => self.max_age,
            "max_msgs_per_subject" => self.max_msgs_per_subject,
            "max_msg_size" => self.max_msg_size,
            "discard" => self.discard,
            "storage" => self.storage,
            "num_replicas" => self.num_replicas,
            "no_ack" => self.no_ack,
            "duplicate_window" => self.duplicate_window,
            "placement" => self.placement,
            "mirror" => self.mirror,
            "sources" => self.sources,
            "compression" => self.compression,
            "first_seq" => self.first_seq,
            "subject_transform" => self.subject_transform,
            "republish" => self.republish,
            "allow_direct" => self.allow_direct,
            "mirror_direct" => self.mirror_direct,
            "discard_new_per_subject" => self.discard_new_per_subject,
            "sealed" => self.sealed,
            "deny_delete" => self.deny_delete,
            "deny_purge" => self.deny_purge,
            "allow_rollup_hdrs" => self.allow_rollup_hdrs,
            "consumer_limits" => self.consumer_limits,
            "allow_msg_ttl" => self.allow_msg_ttl,
            "subject_delete_marker_ttl" => self.subject_delete_marker_ttl,
            "allow_msg_counter" => self.allow_msg_counter,
            "allow_atomic" => self.allow_atomic,
            "allow_msg_schedules" => self.allow_msg_schedules,
            "persist_mode" => self.persist_mode,
            "allow_batched" => self.allow_batched,
            "metadata" => self.metadata,
            "pedantic" => *pedantic,
        })
    }

    /// The lowest API level that can host the stream (1.6).
    pub fn required_level(&self) -> u32 {
        if self.allow_batched {
            4
        } else if self.allow_msg_counter
            || self.allow_atomic
            || self.allow_msg_schedules
            || self.persist_mode == PersistMode::Async
        {
            2
        } else if self.allow_msg_ttl || self.subject_delete_marker_ttl > 0 {
            1
        } else {
            0
        }
    }

    /// Whether two are the same to a client: all but the server's metadata.
    pub fn same_as(&self, other: &Self) -> bool {
        let without = |config: &Self| Self {
            metadata: Metadata::new(),
            ..config.clone()
        };
        without(self) == without(other) && metadata::same_for_user(&self.metadata, &other.metadata)
    }

    /// As replies show it: with what the server adds to the metadata.
    pub fn shown(&self) -> Self {
        let mut config = self.clone();
        metadata::show(&mut config.metadata);
        config
    }
}

impl ReadJson for StreamConfig {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        self.read_config(&mut false, value, at)
    }
}

/// Body of a create or update request: a configuration and `pedantic`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamRequest {
    /// What is asked for.
    pub config: StreamConfig,
    /// Whether to refuse what would be changed silently.
    pub pedantic: bool,
}

impl ReadJson for StreamRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        self.config.read_config(&mut self.pedantic, value, at)
    }
}

impl StreamRequest {
    /// Reads a body; an empty or blank one is an empty request.
    ///
    /// # Errors
    /// What makes it no request.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, JsonError> {
        let mut request = Self::default();
        if !body.trim_ascii().is_empty() {
            parse(body, "StreamConfigRequest", strictness, &mut request)?;
        }
        Ok(request)
    }
}
