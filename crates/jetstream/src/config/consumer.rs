//! The configuration of a consumer (jetstream-consumers.md 3.1).

use serde::Serialize;
use serde_json::Value;

use crate::config::PauseUntil;
use crate::config::enums::{AckPolicy, DeliverPolicy, PriorityPolicy, ReplayPolicy};
use crate::config::metadata::{self, Metadata};
use crate::config::stream::is_default;
use crate::json::{JsonError, Place, ReadJson, Strictness, parse, read_fields};
use crate::text::Timestamp;

/// What a consumer is. Durations are nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ConsumerConfig {
    /// Name of one that outlives its users.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub durable_name: String,
    /// Name given by the client.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Text for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where it starts.
    pub deliver_policy: DeliverPolicy,
    /// First sequence.
    #[serde(skip_serializing_if = "is_default")]
    pub opt_start_seq: u64,
    /// Time of the first message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_start_time: Option<Timestamp>,
    /// What has to be acknowledged.
    pub ack_policy: AckPolicy,
    /// Time for that.
    #[serde(skip_serializing_if = "is_default")]
    pub ack_wait: i64,
    /// Most deliveries of a message; -1 is no limit.
    #[serde(skip_serializing_if = "is_default")]
    pub max_deliver: i64,
    /// Times for acknowledgement, by number of deliveries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub backoff: Vec<i64>,
    /// The messages it is about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filter_subject: String,
    /// Several of those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filter_subjects: Vec<String>,
    /// Pace.
    pub replay_policy: ReplayPolicy,
    /// Bits a second; 0 is no limit.
    #[serde(skip_serializing_if = "is_default")]
    pub rate_limit_bps: u64,
    /// Share of acknowledgements that are reported, `30` or `30%`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sample_freq: String,
    /// Most waiting pull requests.
    #[serde(skip_serializing_if = "is_default")]
    pub max_waiting: i64,
    /// Most messages without acknowledgement; -1 is no limit.
    #[serde(skip_serializing_if = "is_default")]
    pub max_ack_pending: i64,
    /// Whether push is paced by answers of the client.
    #[serde(skip_serializing_if = "is_default")]
    pub flow_control: bool,
    /// Whether payloads are left out.
    #[serde(skip_serializing_if = "is_default")]
    pub headers_only: bool,
    /// Largest batch of a pull request.
    #[serde(skip_serializing_if = "is_default")]
    pub max_batch: i64,
    /// Longest pull request.
    #[serde(skip_serializing_if = "is_default")]
    pub max_expires: i64,
    /// Most bytes of a pull request.
    #[serde(skip_serializing_if = "is_default")]
    pub max_bytes: i64,
    /// Where messages are pushed to; empty for pull.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub deliver_subject: String,
    /// Queue group that subscribes there.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub deliver_group: String,
    /// Time without messages after which one says so.
    #[serde(skip_serializing_if = "is_default")]
    pub idle_heartbeat: i64,
    /// Time without users after which it is deleted.
    #[serde(skip_serializing_if = "is_default")]
    pub inactive_threshold: i64,
    /// Copies; 0 is as the stream.
    pub num_replicas: i64,
    /// Whether its state is in memory only.
    #[serde(skip_serializing_if = "is_default")]
    pub mem_storage: bool,
    /// Of servers: unlisted and without stored state.
    #[serde(skip_serializing_if = "is_default")]
    pub direct: bool,
    /// Of servers: feeds a mirror or source.
    #[serde(skip_serializing_if = "is_default")]
    pub sourcing: bool,
    /// What a user attached, and the level needed.
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// No deliveries before.
    #[serde(skip_serializing_if = "is_default")]
    pub pause_until: PauseUntil,
    /// Groups of pull requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub priority_groups: Vec<String>,
    /// Which pull request is first.
    #[serde(skip_serializing_if = "is_default")]
    pub priority_policy: PriorityPolicy,
    /// How long a client stays pinned.
    #[serde(skip_serializing_if = "is_default")]
    pub priority_timeout: i64,
}

impl ReadJson for ConsumerConfig {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "ConsumerConfig", {
            "durable_name" => self.durable_name,
            "name" => self.name,
            "description" => self.description,
            "deliver_policy" => self.deliver_policy,
            "opt_start_seq" => self.opt_start_seq,
            "opt_start_time" => self.opt_start_time,
            "ack_policy" => self.ack_policy,
            "ack_wait" => self.ack_wait,
            "max_deliver" => self.max_deliver,
            "backoff" => self.backoff,
            "filter_subject" => self.filter_subject,
            "filter_subjects" => self.filter_subjects,
            "replay_policy" => self.replay_policy,
            "rate_limit_bps" => self.rate_limit_bps,
            "sample_freq" => self.sample_freq,
            "max_waiting" => self.max_waiting,
            "max_ack_pending" => self.max_ack_pending,
            "flow_control" => self.flow_control,
            "headers_only" => self.headers_only,
            "max_batch" => self.max_batch,
            "max_expires" => self.max_expires,
            "max_bytes" => self.max_bytes,
            "deliver_subject" => self.deliver_subject,
            "deliver_group" => self.deliver_group,
            "idle_heartbeat" => self.idle_heartbeat,
            "inactive_threshold" => self.inactive_threshold,
            "num_replicas" => self.num_replicas,
            "mem_storage" => self.mem_storage,
            "direct" => self.direct,
            "sourcing" => self.sourcing,
            "metadata" => self.metadata,
            "pause_until" => self.pause_until,
            "priority_groups" => self.priority_groups,
            "priority_policy" => self.priority_policy,
            "priority_timeout" => self.priority_timeout,
        })
    }
}

impl ConsumerConfig {
    /// Whether messages are pushed.
    pub fn is_push(&self) -> bool {
        !self.deliver_subject.is_empty()
    }

    /// Whether it outlives its users.
    pub fn is_durable(&self) -> bool {
        !self.durable_name.is_empty()
    }

    /// All filters; none means every message.
    pub fn filters(&self) -> impl Iterator<Item = &str> {
        let single = Some(self.filter_subject.as_str()).filter(|filter| !filter.is_empty());
        single
            .into_iter()
            .chain(self.filter_subjects.iter().map(String::as_str))
    }

    /// The lowest API level that can host the consumer (3.4).
    pub fn required_level(&self) -> u32 {
        if self.ack_policy == AckPolicy::FlowControl {
            4
        } else if self.pause_until.time().is_some()
            || self.priority_policy != PriorityPolicy::None
            || !self.priority_groups.is_empty()
            || self.priority_timeout != 0
        {
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

/// What a create request may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CreateAction {
    /// Create or update.
    #[default]
    Any,
    /// Create only.
    Create,
    /// Update only.
    Update,
}

impl ReadJson for CreateAction {
    fn read(&mut self, value: &Value, _at: &Place<'_>) -> Result<(), JsonError> {
        *self = match value.as_str() {
            Some("") => Self::Any,
            Some("create") => Self::Create,
            Some("update") => Self::Update,
            _ => return Err(JsonError(format!("unknown consumer action: {value}"))),
        };
        Ok(())
    }
}

/// Body of a create request (3.2).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerRequest {
    /// Name of the stream.
    pub stream_name: String,
    /// What is asked for.
    pub config: ConsumerConfig,
    /// What may be done.
    pub action: CreateAction,
    /// Whether to refuse what would be changed silently.
    pub pedantic: bool,
}

impl ReadJson for ConsumerRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "CreateConsumerRequest", {
            "stream_name" => self.stream_name,
            "config" => self.config,
            "action" => self.action,
            "pedantic" => self.pedantic,
        })
    }
}

impl ConsumerRequest {
    /// Reads a body; an empty one is an empty request.
    ///
    /// # Errors
    /// What makes it no request.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, JsonError> {
        let mut request = Self::default();
        if !body.is_empty() {
            parse(body, "CreateConsumerRequest", strictness, &mut request)?;
        }
        Ok(request)
    }
}
