//! What is kept of a consumer on disk.
//!
//! Changes go to the store's journal. Deliveries are staged before the
//! position that counts them, so that a journal that was cut off can only lead
//! to messages being delivered again.

use std::collections::VecDeque;

use midge_store::{
    ConsumerChange, ConsumerState, ConsumerStore, Filter, Nanos, PendingAck, Seq, SeqPair,
    StoreError, SyncTask,
};

use super::{Consumer, Pending, SkipList};
use crate::config::{AckPolicy, DeliverPolicy};
use crate::stream::Core;

/// Recovered pending messages are looked at this soon, so that clients have
/// time to come back, in nanoseconds.
const FIRST_LOOK: i64 = crate::units::NANOS_PER_SECOND / 2;

impl Consumer {
    pub(super) fn note_settled(&mut self, seq: Seq) {
        if self.store.is_some() {
            self.settled.push(seq);
        }
    }

    pub(super) fn note_pending(&mut self, entry: PendingAck) {
        if let Some(store) = &mut self.store {
            store.0.change(ConsumerChange::Pending(entry));
        }
    }

    pub(super) fn note_redelivered(&mut self, seq: Seq, count: u64) {
        if let Some(store) = &mut self.store {
            store.0.change(ConsumerChange::Redelivered(seq, count));
        }
    }

    pub(super) fn set_floor(&mut self, floor: SeqPair) {
        self.floor = floor;
        self.floor_changed = true;
    }

    /// Stages what changed since the last time. All of it goes to the journal,
    /// also if the whole state is written besides: that is in place only after
    /// a sync, and until then the journal has to lead to it.
    pub fn stage(&mut self) {
        let (delivered, floor) = (self.delivered, self.floor);
        let Some(store) = &mut self.store else {
            return;
        };
        if self.delivered_changed {
            store.0.change(ConsumerChange::Delivered(delivered));
        }
        for seq in self.settled.drain(..).filter(|seq| *seq > floor.stream) {
            store.0.change(ConsumerChange::Settled(seq));
        }
        if self.floor_changed {
            store.0.change(ConsumerChange::Floor(floor));
        }
        self.delivered_changed = false;
        self.floor_changed = false;
        if store.0.wants_write() {
            self.stage_whole();
        }
    }

    /// Whether something is to be staged or flushed.
    pub fn is_dirty(&self) -> bool {
        self.store.as_ref().is_some_and(|store| {
            self.delivered_changed
                || self.floor_changed
                || !self.settled.is_empty()
                || store.0.is_staged()
        })
    }

    /// Hands staged changes to the operating system.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        self.stage();
        match &mut self.store {
            Some(store) => store.0.flush(),
            None => Ok(()),
        }
    }

    pub fn take_sync(&mut self) -> Option<SyncTask> {
        self.store.as_mut()?.0.take_sync()
    }

    /// Writes the whole state anew; see [`ConsumerStore::renew`].
    ///
    /// [`ConsumerStore::renew`]: midge_store::ConsumerStore::renew
    pub fn renew(&mut self) -> Result<(), StoreError> {
        self.stage();
        let state = self.state();
        match &mut self.store {
            Some(store) => store.0.renew(&state),
            None => Ok(()),
        }
    }

    /// Writes everything for the last time.
    pub fn close(&mut self) -> Result<(), StoreError> {
        let state = self.state();
        match &mut self.store {
            Some(store) => store.0.close(&state),
            None => Ok(()),
        }
    }

    /// Stages the state of a new consumer.
    pub fn stage_whole(&mut self) {
        let state = self.state();
        if let Some(store) = &mut self.store {
            store.0.write(&state);
        }
    }

    /// What is to be kept of it.
    pub fn state(&self) -> ConsumerState {
        ConsumerState {
            delivered: self.delivered,
            ack_floor: self.floor,
            pending: self
                .pending
                .iter()
                .map(|entry| PendingAck {
                    stream: entry.seq,
                    consumer: entry.consumer_seq,
                    delivered_at: entry.delivered_at,
                })
                .collect(),
            redelivered: self
                .redelivered
                .iter()
                .map(|(&seq, &count)| (Seq(seq), count))
                .collect(),
        }
    }

    /// What a consumer that began with the last message of every subject has
    /// yet to deliver of those. The list is not kept: it was made when the
    /// consumer was, of what the stream had then.
    fn rest_of_list(&self, core: &mut Core) -> Option<SkipList> {
        let has_list = self.config.deliver_policy == DeliverPolicy::LastPerSubject
            && core.config.max_msgs_per_subject != 1;
        if !has_list {
            return None;
        }
        // What can not be read is not left out either.
        let resume = core.store.seq_at(self.created).ok()?;
        if self.delivered.stream >= resume.previous() {
            return None;
        }
        let filter = Filter::new(&self.filters());
        let mut listed = Vec::new();
        core.store
            .last_per_subject(&filter, resume.previous(), usize::MAX, &mut listed)
            .ok()?;
        listed.retain(|seq| *seq >= self.next);
        Some(SkipList {
            left: VecDeque::from(listed),
            resume,
        })
    }

    /// Takes over a recovered state; `store` is where it came from. Warns if
    /// the stream has lost messages that the consumer knows of.
    pub fn recover(
        &mut self,
        store: Box<dyn ConsumerStore>,
        state: ConsumerState,
        core: &mut Core,
        now: Nanos,
    ) -> Option<String> {
        let last = core.store.state().last;
        let mut warning = None;
        let mut delivered = state.delivered;
        let mut floor = state.ack_floor;
        if delivered.stream > last {
            warning = Some(format!(
                "JetStream consumer '{} > {} > {}' delivered sequence {} past last stream sequence of {last}",
                core.settings.account, core.config.name, self.name, delivered.stream
            ));
            if floor.stream > last {
                // All that is left is acknowledged.
                floor = SeqPair {
                    stream: last,
                    consumer: delivered.consumer,
                };
            }
        }
        let mut entries = state.pending;
        // A delivery that is staged and not counted did not happen.
        let reached = delivered.stream.min(last);
        entries.retain(|entry| entry.stream > floor.stream && entry.stream <= reached);
        entries.sort_unstable_by_key(|entry| entry.stream);
        entries.dedup_by_key(|entry| entry.stream);
        if delivered.stream > last {
            let highest = entries.last().map_or(floor.stream, |entry| entry.stream);
            delivered.stream = highest.max(floor.stream);
        }
        self.pending = Pending::default();
        if self.config.ack_policy != AckPolicy::None {
            for entry in &entries {
                self.pending
                    .push(entry.stream, entry.consumer, entry.delivered_at);
            }
        }
        self.redelivered = state
            .redelivered
            .iter()
            .filter(|(seq, count)| *count > 0 && *seq <= last)
            .map(|(seq, count)| (seq.0, *count))
            .collect();
        self.delivered = delivered;
        self.floor = floor;
        self.next = delivered.stream.next().max(core.store.state().first);
        self.has_delivered = delivered.consumer > 0;
        self.skip = None;
        if let Some(skip) = self.rest_of_list(core) {
            self.next = skip.left.front().copied().unwrap_or(skip.resume);
            self.skip = (!skip.left.is_empty()).then_some(skip);
        }
        self.backlog_known = false;
        self.set_store(Some(store));
        // Times of recovered deliveries need not ascend, so each stands on
        // its own; none is due at once.
        let soonest = crate::units::after(now, FIRST_LOOK.min(self.config.ack_wait.max(1)));
        for entry in entries {
            if self.has_ack_deadline() {
                let due = self.deadline_of(entry.stream, entry.delivered_at);
                let at = if due < soonest {
                    Nanos(entry.delivered_at.0 + (soonest.0 - due.0))
                } else {
                    entry.delivered_at
                };
                let deadline = self.deadline_of(entry.stream, at);
                self.pending.retime(entry.stream, at, Some(deadline));
            }
        }
        self.begin_replay(core);
        warning
    }
}
