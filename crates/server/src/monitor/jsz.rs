//! `/jsz` of a server whose JetStream is off (monitoring-events.md 3.9).

use std::time::SystemTime;

use serde::Serialize;

use super::json::Utc;
use super::params::{self, ParamError};
use super::query::Query;
use super::source::Source;
use super::varz_parts::{JetStreamConfig, JetStreamStats};

/// The answer: everything is zero.
#[derive(Clone, Debug, Serialize)]
pub struct DisabledJsz {
    #[serde(flatten)]
    stats: JetStreamStats,
    server_id: String,
    now: Utc,
    disabled: bool,
    config: JetStreamConfig,
    streams: u64,
    consumers: u64,
    messages: u64,
    bytes: u64,
    total: u64,
}

/// Puts the answer together.
pub fn disabled(source: &dyn Source, now: SystemTime) -> DisabledJsz {
    DisabledJsz {
        stats: JetStreamStats::default(),
        server_id: source.identity().server_id,
        now: Utc(now),
        disabled: true,
        config: JetStreamConfig::default(),
        streams: 0,
        consumers: 0,
        messages: 0,
        bytes: 0,
        total: 0,
    }
}

/// Why there is no answer, with status 400.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JszError {
    /// A parameter is malformed.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// Only the leader was to answer, and a server without JetStream is none.
    #[error("filtered response: not leader")]
    NotLeader,
}

/// Checks the parameters, in the order in which their errors count.
pub(crate) fn check(query: &Query) -> Result<(), JszError> {
    for name in [
        "accounts",
        "streams",
        "consumers",
        "direct-consumers",
        "config",
    ] {
        params::boolean(query, name)?;
    }
    let leader_only = params::boolean(query, "leader-only")?;
    params::int(query, "offset")?;
    params::int(query, "limit")?;
    params::boolean(query, "raft")?;
    params::boolean(query, "stream-leader-only")?;
    if leader_only {
        return Err(JszError::NotLeader);
    }
    Ok(())
}
