//! What time brings to a consumer: redelivery, the end of requests and
//! pauses, heartbeats, and its own end for want of users
//! (jetstream-consumers.md 7.6, 10).

use midge_store::{Nanos, Seq};

use super::Consumer;
use crate::config::AckPolicy;
use crate::context::Context;
use crate::stream::Core;
use crate::units::{NANOS_PER_MILLI, after, earliest};

/// Why a message is not delivered any more: it was deleted.
pub(crate) const DELETED: &str = "Unacknowledged message was deleted";

/// Messages that expire in one go before others have their turn.
const MAX_EXPIRED: usize = 10_000;

/// Bounds of what is added to the inactivity threshold, in milliseconds, so
/// that many consumers do not end at the same time.
const JITTER: (u32, u32) = (100, 900);

/// What became of a consumer whose time had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ticked {
    /// It goes on.
    Alive,
    /// It goes on, and there may be something to deliver.
    Ready,
    /// It has had no users for too long.
    Inactive,
}

impl Consumer {
    // Redelivery.

    pub(super) fn has_ack_deadline(&self) -> bool {
        matches!(self.config.ack_policy, AckPolicy::Explicit | AckPolicy::All)
    }

    /// Time for an acknowledgement after a first delivery.
    fn first_wait(&self) -> i64 {
        self.config
            .backoff
            .first()
            .copied()
            .unwrap_or(self.config.ack_wait)
    }

    /// Time for an acknowledgement of a message, by how often it was
    /// delivered.
    pub(super) fn wait_of(&self, seq: Seq) -> i64 {
        let steps = &self.config.backoff;
        let Some(last) = steps.last() else {
            return self.config.ack_wait;
        };
        let redeliveries = usize::try_from(self.deliveries_of(seq) - 1).unwrap_or(usize::MAX);
        steps.get(redeliveries).copied().unwrap_or(*last)
    }

    pub(super) fn deadline_of(&self, seq: Seq, delivered_at: Nanos) -> Nanos {
        after(delivered_at, self.wait_of(seq))
    }

    /// Takes over changed times for acknowledgements.
    pub(super) fn reset_deadlines(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.reset_deadlines(|entry| self.deadline_of(entry.seq, entry.delivered_at));
        self.pending = pending;
    }

    /// Puts messages whose time is over on the redelivery queue, or gives
    /// them up. Whether there were any.
    fn expire(&mut self, core: &mut Core, cx: &mut Context<'_>) -> bool {
        if !self.has_ack_deadline() || self.pending.is_empty() {
            return false;
        }
        let wait = self.first_wait();
        let mut expired = Vec::new();
        let mut pending = std::mem::take(&mut self.pending);
        pending.take_expired(
            cx.now,
            wait,
            MAX_EXPIRED,
            |entry| self.deadline_of(entry.seq, entry.delivered_at),
            &mut expired,
        );
        self.pending = pending;
        for seq in &expired {
            if self.is_last_delivery(self.deliveries_of(*seq)) {
                self.give_up(*seq, core, cx);
            } else {
                self.pending.enqueue(*seq);
                self.pending.retime(*seq, cx.now, None);
            }
        }
        !expired.is_empty()
    }

    /// Queues all pending messages for redelivery at once.
    pub fn redeliver_all(&mut self, core: &mut Core, cx: &mut Context<'_>) {
        let all: Vec<Seq> = self.pending.iter().map(|entry| entry.seq).collect();
        for seq in all {
            if self.is_last_delivery(self.deliveries_of(seq)) {
                self.give_up(seq, core, cx);
            } else {
                self.pending.enqueue(seq);
            }
        }
    }

    /// A message left the stream: it is not delivered again.
    pub fn drop_deleted(
        &mut self,
        seq: Seq,
        reason: &str,
        core: &mut Core,
        cx: &mut Context<'_>,
    ) -> bool {
        let Some(entry) = self.pending.get(seq) else {
            if self.redelivered.remove(&seq.0).is_some() {
                self.note_redelivered(seq, 0);
            }
            return false;
        };
        let described = self.described(seq, entry.consumer_seq);
        self.pending.remove(seq);
        self.note_settled(seq);
        if self.redelivered.remove(&seq.0).is_some() {
            self.note_redelivered(seq, 0);
        }
        self.raise_floor(entry.consumer_seq);
        self.last_ack = Some(cx.now);
        core.herald().terminated(cx, &self.name, described, reason);
        true
    }

    /// The stream was purged: what is gone is forgotten without a word, and
    /// the cursor moves to `first`, below which there is nothing for the
    /// consumer.
    pub fn purged(&mut self, is_there: &mut dyn FnMut(Seq) -> bool, first: Seq, now: Nanos) {
        let gone: Vec<Seq> = self
            .pending
            .iter()
            .map(|entry| entry.seq)
            .filter(|seq| !is_there(*seq))
            .collect();
        let mut floor = self.floor;
        if !gone.is_empty() {
            self.last_ack = Some(now);
        }
        for seq in gone {
            if let Some(entry) = self.pending.remove(seq)
                && seq < first
            {
                floor.consumer = floor.consumer.max(entry.consumer_seq);
            }
            self.note_settled(seq);
        }
        let mut redelivered = std::mem::take(&mut self.redelivered);
        redelivered.retain(|seq, _| is_there(Seq(*seq)));
        self.redelivered = redelivered;
        self.next = self.next.max(first);
        // What was passed by counts as delivered from here on.
        if self.delivered.stream < self.next.previous() {
            self.delivered.stream = self.next.previous();
            self.delivered_changed = true;
        }
        if self.pending.is_empty() {
            self.set_floor(self.delivered);
        } else if self.floor.stream < first.previous() {
            floor.stream = first.previous();
            self.set_floor(floor);
        }
        if let Some(skip) = &mut self.skip {
            skip.left.retain(|seq| is_there(*seq));
        }
        self.forget_backlog();
    }

    // Pause.

    pub fn is_paused(&self, now: Nanos) -> bool {
        self.config
            .pause_until
            .time()
            .is_some_and(|until| until.at > now)
    }

    /// Sets or ends a pause that is in the configuration. `tell` if its
    /// beginning is news.
    pub fn apply_pause(&mut self, tell: bool, core: &mut Core, cx: &mut Context<'_>) {
        let until = self.config.pause_until.time().map(|until| until.at);
        self.paused_until = until.filter(|until| *until > cx.now);
        if tell {
            core.herald()
                .pause(cx, &self.name, self.paused_until.is_some(), until);
        }
    }

    // Inactivity.

    /// Somebody uses the consumer: it lives for another threshold.
    pub(super) fn touch(&mut self, core: &mut Core, now: Nanos) {
        let given = self.config.inactive_threshold;
        if given <= 0 {
            self.inactive_at = None;
            return;
        }
        if self.config.is_push() && self.is_bound() {
            self.inactive_at = None;
            return;
        }
        let is_exact = self.config.is_push()
            && given != crate::config::consumer_rules::DEFAULT_INACTIVE_THRESHOLD;
        let jitter = if is_exact {
            0
        } else {
            i64::from(JITTER.0 + core.random.below(JITTER.1)) * NANOS_PER_MILLI
        };
        self.inactive_at = Some(after(now, given.saturating_add(jitter)));
    }

    /// [`touch`](Self::touch) if the time is running.
    pub(super) fn touch_if_running(&mut self, core: &mut Core, now: Nanos) {
        if self.inactive_at.is_some() {
            self.touch(core, now);
        }
    }

    /// Starts the time without users.
    pub fn start_inactivity(&mut self, core: &mut Core, now: Nanos) {
        self.touch(core, now);
    }

    fn is_inactive(&mut self, core: &mut Core, cx: &Context<'_>) -> bool {
        if self.inactive_at.is_none_or(|at| at > cx.now) {
            return false;
        }
        if self.config.is_push() && self.is_bound() {
            self.inactive_at = None;
            return false;
        }
        if self.has_live_request(cx) {
            self.touch(core, cx.now);
            return false;
        }
        if self.has_ack_deadline()
            && let Some(last) = self
                .pending
                .iter()
                .map(|entry| self.deadline_of(entry.seq, entry.delivered_at))
                .max()
        {
            let until = after(last, self.config.inactive_threshold);
            if until > cx.now {
                self.inactive_at = Some(until);
                return false;
            }
        }
        true
    }

    // All together.

    /// When time brings something next: never later than it does.
    pub fn deadline(&mut self) -> Option<Nanos> {
        let acks = if self.has_ack_deadline() && !self.pending.is_empty() {
            let wait = self.first_wait();
            self.pending.next_deadline(wait)
        } else {
            None
        };
        [
            acks,
            self.request_deadline(),
            self.heartbeat_deadline(),
            self.inactive_at,
            self.paused_until,
            self.sleep_until,
            self.pin_deadline(),
        ]
        .into_iter()
        .fold(None, earliest)
    }

    /// Does what is due.
    pub fn tick(&mut self, core: &mut Core, cx: &mut Context<'_>) -> Ticked {
        let mut ready = self.expire(core, cx);
        if self.request_deadline().is_some_and(|due| due <= cx.now) {
            self.skip_to_end(core);
            self.sweep_requests(cx);
        }
        self.push_heartbeat_if_due(core, cx);
        if self.paused_until.is_some_and(|until| until <= cx.now) {
            self.paused_until = None;
            let until = self.config.pause_until.time().map(|until| until.at);
            core.herald().pause(cx, &self.name, false, until);
            ready = true;
        }
        if self.sleep_until.is_some_and(|until| until <= cx.now) {
            self.sleep_until = None;
            ready = true;
        }
        if self.pin_deadline().is_some_and(|due| due <= cx.now) {
            let group = self.config.priority_groups.first().cloned();
            self.unpin(&group.unwrap_or_default(), "timeout", core, cx);
            ready = true;
        }
        if self.is_inactive(core, cx) {
            return Ticked::Inactive;
        }
        if ready { Ticked::Ready } else { Ticked::Alive }
    }

    /// Starts again at a sequence (10.2).
    pub fn restart_at(&mut self, next: Seq) {
        let before = midge_store::SeqPair {
            consumer: 0,
            stream: next.previous(),
        };
        self.pending.clear();
        self.redelivered.clear();
        self.skip = None;
        self.next = next;
        self.delivered = before;
        self.floor = before;
        self.has_delivered = true;
        self.last_delivery = None;
        self.last_ack = None;
        self.sleep_until = None;
        self.forget_backlog();
        self.stage_whole();
    }

    /// Takes back deliveries of messages that could not be written: nothing
    /// from `lost` on was delivered.
    pub fn lose_from(&mut self, lost: Seq) {
        let gone: Vec<Seq> = self
            .pending
            .iter()
            .map(|entry| entry.seq)
            .filter(|seq| *seq >= lost)
            .collect();
        for seq in gone {
            self.pending.remove(seq);
            self.note_settled(seq);
        }
        self.next = self.next.min(lost);
        if self.delivered.stream >= lost {
            self.delivered.stream = lost.previous();
            self.delivered_changed = true;
        }
        if self.floor.stream >= lost {
            self.set_floor(midge_store::SeqPair {
                consumer: self.floor.consumer,
                stream: lost.previous(),
            });
        }
        self.forget_backlog();
    }
}
