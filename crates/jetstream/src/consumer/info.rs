//! How a consumer shows in replies (jetstream-consumers.md 4).

use midge_store::{Nanos, SeqPair};
use serde::Serialize;

use super::Consumer;
use crate::config::ConsumerConfig;
use crate::config::stream::is_default;
use crate::context::Context;
use crate::stream::Core;
use crate::text::Timestamp;
use crate::text::time::serialize_instant;

/// A position, and when it last moved.
#[derive(Clone, Debug, Serialize)]
pub struct SequenceInfo {
    /// Consumer sequence.
    pub consumer_seq: u64,
    /// Stream sequence.
    pub stream_seq: u64,
    /// When it last moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_active: Option<Timestamp>,
}

/// Who is pinned in a priority group.
#[derive(Clone, Debug, Serialize)]
pub struct PriorityGroupState {
    /// Name of the group.
    pub group: String,
    /// The pin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned_client_id: Option<String>,
    /// Since when.
    #[serde(serialize_with = "serialize_instant")]
    pub pinned_ts: Option<Nanos>,
}

/// A consumer as replies show it.
#[derive(Clone, Debug, Serialize)]
pub struct ConsumerInfo {
    /// Name of its stream.
    pub stream_name: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Its configuration; `None` where it is not wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<ConsumerConfig>,
    /// Last delivery.
    pub delivered: SequenceInfo,
    /// Everything up to here is settled.
    pub ack_floor: SequenceInfo,
    /// Messages that wait for acknowledgements.
    pub num_ack_pending: usize,
    /// Messages that were delivered again.
    pub num_redelivered: usize,
    /// Pull requests.
    pub num_waiting: usize,
    /// Messages that are yet to be delivered.
    pub num_pending: u64,
    /// Whether somebody listens to its deliver subject.
    #[serde(skip_serializing_if = "is_default")]
    pub push_bound: bool,
    /// Whether it pauses.
    #[serde(skip_serializing_if = "is_default")]
    pub paused: bool,
    /// For how long, in nanoseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub pause_remaining: i64,
    /// When this was gathered.
    pub ts: Timestamp,
    /// State of the first priority group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub priority_groups: Vec<PriorityGroupState>,
}

/// What of its configuration, and which metadata, an info shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// With what the server adds about itself.
    Single,
    /// As it is stored: in lists.
    Listed,
    /// Nothing, of a consumer.
    Brief,
}

impl Consumer {
    /// Gathers what replies show. Requests that have ended go.
    pub fn info(&mut self, detail: Detail, core: &mut Core, cx: &mut Context<'_>) -> ConsumerInfo {
        let num_waiting = self.num_waiting(cx);
        let state = core.store.state();
        let pending = self.num_pending(core);
        let most = if self.next > state.last && self.skip.is_none() {
            0
        } else {
            let ahead = state.last.next().0.saturating_sub(self.next.0);
            state.messages.min(ahead)
        };
        let position = |pair: SeqPair, at: Option<Nanos>| SequenceInfo {
            consumer_seq: pair.consumer,
            stream_seq: pair.stream.0,
            last_active: at.map(Timestamp::from),
        };
        let mut delivered = self.delivered;
        if !self.has_delivered && delivered.stream.0 == 0 {
            delivered.stream = self.next.previous();
        }
        let remaining = self
            .config
            .pause_until
            .time()
            .map_or(0, |until| until.at.0.saturating_sub(cx.now.0).max(0));
        let priority_groups = self
            .config
            .priority_groups
            .first()
            .map(|group| PriorityGroupState {
                group: group.clone(),
                pinned_client_id: self.pinned().map(|(id, _)| id.to_owned()),
                pinned_ts: self.pinned().map(|(_, since)| since),
            });
        ConsumerInfo {
            stream_name: core.config.name.clone(),
            name: self.name.clone(),
            created: self.created.into(),
            config: match detail {
                Detail::Single => Some(self.config.shown()),
                Detail::Listed => Some(self.config.clone()),
                Detail::Brief => None,
            },
            delivered: position(delivered, self.last_delivery),
            ack_floor: position(self.floor, self.last_ack),
            num_ack_pending: self.pending.len(),
            num_redelivered: self.redelivered.len(),
            num_waiting,
            num_pending: pending.min(most),
            push_bound: self.is_bound(),
            paused: remaining > 0,
            pause_remaining: remaining,
            ts: cx.now.into(),
            priority_groups: priority_groups.into_iter().collect(),
        }
    }
}
