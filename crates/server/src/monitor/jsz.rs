//! `/jsz`: JetStream, its accounts, streams and consumers
//! (monitoring-events.md 3.9).

use std::time::SystemTime;

use midge_jetstream::config::StreamConfig;
use midge_jetstream::consumer::info::ConsumerInfo;
use midge_jetstream::stream::info::{ClusterInfo, StateInfo};
use midge_jetstream::text::Timestamp;
use serde::{Deserialize, Serialize};

use super::json::{Utc, is_false, is_zero};
use super::params::{self, ParamError};
use super::query::Query;
use super::source::Source;
use super::varz_parts::{JetStreamConfig, JetStreamLimits, JetStreamStats};

/// Accounts of a page unless another number is asked for.
const DEFAULT_LIMIT: usize = 1024;

/// What is asked for, by query parameters or as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct JszOptions {
    /// Details of this account; empty is none.
    pub account: String,
    /// Details of all accounts.
    pub accounts: bool,
    /// Streams in the details.
    pub streams: bool,
    /// Consumers of the streams.
    #[serde(rename = "consumer")]
    pub consumers: bool,
    /// Consumers that feed mirrors and sources, with the others.
    #[serde(rename = "direct_consumer")]
    pub direct_consumers: bool,
    /// Configurations of streams and consumers.
    pub config: bool,
    /// Only the leader answers; a single server is one.
    pub leader_only: bool,
    /// Accounts before the page.
    pub offset: i64,
    /// Accounts of the page; 0 is 1024, less is no limit.
    pub limit: i64,
    /// What is about Raft.
    pub raft: bool,
    /// Only streams that this server leads: a single one leads all.
    pub stream_leader_only: bool,
}

/// Why there is no answer, with status 400.
#[derive(Debug, thiserror::Error)]
pub enum JszError {
    /// A parameter is malformed.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// Only the leader was to answer, and a server without JetStream is none.
    #[error("filtered response: not leader")]
    NotLeader,
}

impl JszOptions {
    /// Reads the query parameters, in the order in which their errors count.
    pub(crate) fn from_query(query: &Query) -> Result<Self, ParamError> {
        let flag = |name| params::boolean(query, name);
        Ok(Self {
            account: params::text(query, "acc"),
            accounts: flag("accounts")?,
            streams: flag("streams")?,
            consumers: flag("consumers")?,
            direct_consumers: flag("direct-consumers")?,
            config: flag("config")?,
            leader_only: flag("leader-only")?,
            offset: params::int(query, "offset")?,
            limit: params::int(query, "limit")?,
            raft: flag("raft")?,
            stream_leader_only: flag("stream-leader-only")?,
        })
    }

    /// The accounts whose details are shown, of those that have JetStream.
    fn page(&self, mut names: Vec<String>) -> Vec<String> {
        if !self.account.is_empty() {
            if names.contains(&self.account) {
                return vec![self.account.clone()];
            }
            if !self.accounts {
                return Vec::new();
            }
        } else if !(self.accounts || self.streams || self.consumers) {
            return Vec::new();
        }
        names.sort_unstable();
        let limit = match usize::try_from(self.limit) {
            Ok(0) => DEFAULT_LIMIT,
            Ok(limit) => limit,
            // Without a limit the peer takes no offset either.
            Err(_) => return names,
        };
        let offset = usize::try_from(self.offset).unwrap_or(0);
        names.into_iter().skip(offset).take(limit).collect()
    }
}

/// What the broker is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JetStreamQuery {
    /// The accounts whose details are wanted.
    pub accounts: Vec<String>,
    /// Their streams.
    pub streams: bool,
    /// Consumers of the streams.
    pub consumers: bool,
    /// Consumers that feed mirrors and sources.
    pub direct_consumers: bool,
    /// Configurations.
    pub config: bool,
}

/// What the broker reports.
#[derive(Clone, Debug, Default)]
pub struct JetStreamRecord {
    /// How it is configured.
    pub config: JetStreamConfig,
    /// Its limits.
    pub limits: JetStreamLimits,
    /// What it uses.
    pub stats: JetStreamStats,
    /// Streams.
    pub streams: u64,
    /// Consumers, without those that feed mirrors and sources.
    pub consumers: u64,
    /// Messages of all streams.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The accounts that were asked for.
    pub accounts: Vec<AccountDetail>,
}

/// An account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountDetail {
    /// Name tag, or name.
    pub name: String,
    /// Name.
    pub id: String,
    /// What it uses; what is reserved are its limits.
    #[serde(flatten)]
    pub stats: JetStreamStats,
    /// Its streams.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stream_detail: Vec<StreamDetail>,
}

/// A stream.
#[derive(Clone, Debug, Serialize)]
pub struct StreamDetail {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Who leads it.
    pub cluster: ClusterInfo,
    /// Its configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Box<StreamConfig>>,
    /// Its numbers.
    pub state: StateInfo,
    /// Its consumers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consumer_detail: Vec<ConsumerInfo>,
    /// Those that feed mirrors and sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub direct_consumer_detail: Vec<ConsumerInfo>,
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct Jsz {
    #[serde(flatten)]
    stats: JetStreamStats,
    server_id: String,
    now: Utc,
    #[serde(skip_serializing_if = "is_false")]
    disabled: bool,
    config: JetStreamConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<JetStreamLimits>,
    streams: u64,
    #[serde(skip_serializing_if = "is_zero")]
    streams_leader: u64,
    consumers: u64,
    #[serde(skip_serializing_if = "is_zero")]
    consumers_leader: u64,
    messages: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    account_details: Vec<AccountDetail>,
    total: u64,
}

/// Puts the answer together.
///
/// # Errors
/// Only the leader was to answer, and JetStream is off.
pub fn build(options: &JszOptions, source: &dyn Source, now: SystemTime) -> Result<Jsz, JszError> {
    let names = source.jetstream_accounts();
    let total = names.len() as u64;
    let query = JetStreamQuery {
        accounts: options.page(names),
        streams: options.streams || options.consumers,
        consumers: options.consumers,
        direct_consumers: options.consumers && options.direct_consumers,
        config: options.config,
    };
    let record = source.jetstream(&query);
    if record.is_none() && options.leader_only {
        return Err(JszError::NotLeader);
    }
    let disabled = record.is_none();
    let record = record.unwrap_or_default();
    let led = |count: u64| if options.raft { count } else { 0 };
    Ok(Jsz {
        stats: record.stats,
        server_id: source.identity().server_id,
        now: Utc(now),
        disabled,
        config: record.config,
        limits: (!disabled).then_some(record.limits),
        streams: record.streams,
        streams_leader: led(record.streams),
        consumers: record.consumers,
        consumers_leader: led(record.consumers),
        messages: record.messages,
        bytes: record.bytes,
        account_details: record.accounts,
        total,
    })
}
