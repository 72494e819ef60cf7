//! Messages that were delivered and wait for their acknowledgement.
//!
//! First deliveries come in stream order, so the entries form a queue: 24
//! bytes each, acknowledged ones in the middle stay as holes until the front
//! passes them or half of the queue is holes. Times of first deliveries
//! ascend along the queue; entries whose time was set anew (delivered again,
//! in progress, delayed) stand in a heap by deadline.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use midge_store::{Nanos, Seq};

/// Holes below which the queue is not compacted.
const MIN_HOLES: usize = 256;

/// The entry is a hole.
const GONE: u64 = 1 << 63;
/// The message waits in the redelivery queue.
const QUEUED: u64 = 1 << 62;
/// The entry's time was set anew; the heap knows its deadline.
const RETIMED: u64 = 1 << 61;
/// The bits that are the consumer sequence.
const SEQUENCE: u64 = RETIMED - 1;

/// A delivered message.
#[derive(Clone, Copy, Debug)]
struct Slot {
    seq: u64,
    /// Consumer sequence of the first delivery, and flags.
    consumer_seq: u64,
    delivered_at: i64,
}

/// A delivered message, as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub seq: Seq,
    /// Consumer sequence of the first delivery.
    pub consumer_seq: u64,
    /// When it was delivered last, or shifted by a delay.
    pub delivered_at: Nanos,
    /// Whether it waits in the redelivery queue.
    pub queued: bool,
}

impl Slot {
    fn entry(&self) -> Entry {
        Entry {
            seq: Seq(self.seq),
            consumer_seq: self.consumer_seq & SEQUENCE,
            delivered_at: Nanos(self.delivered_at),
            queued: self.consumer_seq & QUEUED != 0,
        }
    }

    fn has(&self, flag: u64) -> bool {
        self.consumer_seq & flag != 0
    }
}

#[derive(Debug, Default)]
pub(crate) struct Pending {
    slots: VecDeque<Slot>,
    holes: usize,
    /// Slots before this one have no deadline of a first delivery any more.
    aged: usize,
    retimed: BinaryHeap<Reverse<(i64, u64)>>,
    queue: VecDeque<u64>,
    queued: usize,
}

impl Pending {
    /// Number of messages.
    pub fn len(&self) -> usize {
        self.slots.len() - self.holes
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message with the lowest sequence.
    pub fn first(&self) -> Option<Entry> {
        self.slots.front().map(Slot::entry)
    }

    /// Adds the first delivery of a message. Sequences ascend.
    pub fn push(&mut self, seq: Seq, consumer_seq: u64, at: Nanos) {
        debug_assert!(self.slots.back().is_none_or(|last| last.seq < seq.0));
        self.slots.push_back(Slot {
            seq: seq.0,
            consumer_seq: consumer_seq & SEQUENCE,
            delivered_at: at.0,
        });
    }

    fn find(&self, seq: Seq) -> Option<usize> {
        let first = self.slots.front()?.seq;
        let distance = usize::try_from(seq.0.checked_sub(first)?).ok()?;
        // Without gaps in the sequences the place is known.
        if let Some(slot) = self.slots.get(distance)
            && slot.seq == seq.0
        {
            return (!slot.has(GONE)).then_some(distance);
        }
        let at = self
            .slots
            .binary_search_by_key(&seq.0, |slot| slot.seq)
            .ok()?;
        self.slots
            .get(at)
            .is_some_and(|slot| !slot.has(GONE))
            .then_some(at)
    }

    pub fn get(&self, seq: Seq) -> Option<Entry> {
        self.slots.get(self.find(seq)?).map(Slot::entry)
    }

    pub fn contains(&self, seq: Seq) -> bool {
        self.find(seq).is_some()
    }

    /// Takes a message out.
    pub fn remove(&mut self, seq: Seq) -> Option<Entry> {
        let at = self.find(seq)?;
        let slot = self.slots.get_mut(at)?;
        let entry = slot.entry();
        slot.consumer_seq |= GONE;
        self.holes += 1;
        self.queued -= usize::from(entry.queued);
        self.drop_holes_in_front();
        if self.holes > MIN_HOLES && self.holes > self.slots.len() / 2 {
            self.compact();
        }
        Some(entry)
    }

    fn drop_holes_in_front(&mut self) {
        while self.slots.front().is_some_and(|slot| slot.has(GONE)) {
            self.slots.pop_front();
            self.holes -= 1;
            self.aged = self.aged.saturating_sub(1);
        }
        if self.slots.is_empty() {
            self.queue.clear();
            self.retimed.clear();
            self.aged = 0;
            self.slots.shrink_to(MIN_HOLES);
        }
    }

    fn compact(&mut self) {
        let (mut at, mut aged) = (0, 0);
        let old_aged = self.aged;
        self.slots.retain(|slot| {
            let stays = !slot.has(GONE);
            aged += usize::from(stays && at < old_aged);
            at += 1;
            stays
        });
        self.aged = aged;
        self.holes = 0;
        self.slots.shrink_to_fit();
    }

    /// Takes the messages up to `seq` out, in order.
    pub fn remove_up_to(&mut self, seq: Seq, mut visit: impl FnMut(Entry)) {
        while let Some(slot) = self.slots.front().copied()
            && slot.seq <= seq.0
        {
            if !slot.has(GONE) {
                self.queued -= usize::from(slot.has(QUEUED));
                self.holes += 1;
                if let Some(front) = self.slots.front_mut() {
                    front.consumer_seq |= GONE;
                }
                visit(slot.entry());
            }
            self.drop_holes_in_front();
        }
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// All messages in stream order.
    pub fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        self.slots
            .iter()
            .filter(|slot| !slot.has(GONE))
            .map(Slot::entry)
    }

    /// Sets when a message was delivered last, and when it expires; `None` if
    /// it does not, or waits in the redelivery queue.
    pub fn retime(&mut self, seq: Seq, at: Nanos, deadline: Option<Nanos>) {
        let Some(place) = self.find(seq) else {
            return;
        };
        let Some(slot) = self.slots.get_mut(place) else {
            return;
        };
        slot.delivered_at = at.0;
        slot.consumer_seq |= RETIMED;
        if let Some(deadline) = deadline
            && !slot.has(QUEUED)
        {
            self.retimed.push(Reverse((deadline.0, seq.0)));
        }
    }

    // The redelivery queue.

    /// Number of messages in the redelivery queue.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// Puts a message at the end of the redelivery queue, if it is not in it.
    pub fn enqueue(&mut self, seq: Seq) {
        let Some(at) = self.find(seq) else {
            return;
        };
        if let Some(slot) = self.slots.get_mut(at)
            && !slot.has(QUEUED)
        {
            slot.consumer_seq |= QUEUED | RETIMED;
            self.queued += 1;
            self.queue.push_back(seq.0);
        }
    }

    /// Takes a message off the redelivery queue; it stays pending.
    pub fn dequeue(&mut self, seq: Seq) {
        let Some(at) = self.find(seq) else {
            return;
        };
        if let Some(slot) = self.slots.get_mut(at)
            && slot.has(QUEUED)
        {
            slot.consumer_seq &= !QUEUED;
            self.queued -= 1;
            // Its place must not be found again if it is queued once more.
            // Delivered messages are in front; only delays search.
            if self.queue.front() == Some(&seq.0) {
                self.queue.pop_front();
            } else if let Some(at) = self.queue.iter().position(|queued| *queued == seq.0) {
                self.queue.remove(at);
            }
        }
    }

    /// The first message of the redelivery queue, which stays in it.
    pub fn next_queued(&mut self) -> Option<Seq> {
        while self.queued > 0 {
            let seq = Seq(*self.queue.front()?);
            if self.get(seq).is_some_and(|entry| entry.queued) {
                return Some(seq);
            }
            self.queue.pop_front();
        }
        self.queue.clear();
        None
    }

    // Deadlines.

    /// When a message may expire next: never later than one does. `wait` is
    /// the time for an acknowledgement after a first delivery.
    pub fn next_deadline(&mut self, wait: i64) -> Option<Nanos> {
        while self
            .slots
            .get(self.aged)
            .is_some_and(|slot| slot.has(GONE | RETIMED))
        {
            self.aged += 1;
        }
        let first = self
            .slots
            .get(self.aged)
            .map(|slot| slot.delivered_at.saturating_add(wait));
        let retimed = self.retimed.peek().map(|Reverse((deadline, _))| *deadline);
        crate::units::earliest(first.map(Nanos), retimed.map(Nanos))
    }

    /// Appends up to `max` messages that have expired to `out`, in stream
    /// order. `deadline` tells when a message that was retimed expires.
    pub fn take_expired(
        &mut self,
        now: Nanos,
        wait: i64,
        max: usize,
        deadline: impl Fn(&Entry) -> Nanos,
        out: &mut Vec<Seq>,
    ) {
        let start = out.len();
        while out.len() - start < max
            && self
                .next_deadline(wait)
                .is_some_and(|deadline| deadline <= now)
        {
            let first = self.slots.get(self.aged).copied();
            if let Some(slot) = first
                && slot.delivered_at.saturating_add(wait) <= now.0
            {
                self.aged += 1;
                out.push(Seq(slot.seq));
                continue;
            }
            let Some(Reverse((at, seq))) = self.retimed.pop() else {
                break;
            };
            // The heap may know a time that is no longer true.
            if let Some(entry) = self.get(Seq(seq))
                && !entry.queued
                && deadline(&entry).0 == at
            {
                out.push(Seq(seq));
            }
        }
        if let Some(expired) = out.get_mut(start..) {
            expired.sort_unstable();
        }
    }

    /// Takes over a changed time for acknowledgements.
    pub fn reset_deadlines(&mut self, deadline: impl Fn(&Entry) -> Nanos) {
        self.retimed = self
            .slots
            .iter()
            .filter(|slot| slot.has(RETIMED) && !slot.has(GONE | QUEUED))
            .map(|slot| Reverse((deadline(&slot.entry()).0, slot.seq)))
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: u64) -> Pending {
        let mut pending = Pending::default();
        for seq in 1..=count {
            pending.push(Seq(seq * 2), seq, Nanos(seq as i64));
        }
        pending
    }

    #[test]
    fn messages_are_found_and_removed_in_any_order() {
        let mut pending = filled(1000);
        for seq in (1..=1000).filter(|seq| seq % 3 != 0) {
            assert_eq!(
                pending.remove(Seq(seq * 2)).map(|entry| entry.consumer_seq),
                Some(seq)
            );
            assert_eq!(pending.remove(Seq(seq * 2)), None);
            assert_eq!(pending.remove(Seq(seq * 2 + 1)), None);
        }
        assert_eq!(pending.len(), 333);
        assert_eq!(pending.first().unwrap().seq, Seq(6));
        assert!(pending.iter().all(|entry| entry.seq.0 % 6 == 0));
        let mut removed = Vec::new();
        pending.remove_up_to(Seq(12), |entry| removed.push(entry.seq.0));
        assert_eq!(removed, [6, 12]);
    }

    #[test]
    fn first_deliveries_expire_in_order_and_retimed_ones_by_their_deadline() {
        let mut pending = filled(4);
        let (wait, mut out) = (100, Vec::new());
        let deadline = |entry: &Entry| Nanos(entry.delivered_at.0 + wait);
        assert_eq!(pending.next_deadline(wait), Some(Nanos(101)));
        pending.retime(Seq(2), Nanos(50), Some(Nanos(150)));
        pending.remove(Seq(4));
        assert_eq!(pending.next_deadline(wait), Some(Nanos(103)));
        pending.take_expired(Nanos(110), wait, 10, deadline, &mut out);
        assert_eq!(out, [Seq(6), Seq(8)]);
        pending.retime(Seq(2), Nanos(60), Some(Nanos(160)));
        out.clear();
        pending.take_expired(Nanos(155), wait, 10, deadline, &mut out);
        assert_eq!(out, [], "the earlier deadline is no longer true");
        pending.take_expired(Nanos(160), wait, 10, deadline, &mut out);
        assert_eq!(out, [Seq(2)]);
    }

    #[test]
    fn the_redelivery_queue_keeps_its_order_and_forgets_what_is_acknowledged() {
        let mut pending = filled(4);
        for seq in [6, 2, 4, 6] {
            pending.enqueue(Seq(seq));
        }
        assert_eq!(pending.queued(), 3);
        pending.remove(Seq(6));
        assert_eq!(pending.next_queued(), Some(Seq(2)));
        pending.dequeue(Seq(2));
        assert_eq!(pending.next_queued(), Some(Seq(4)));
        pending.enqueue(Seq(8));
        pending.dequeue(Seq(4));
        pending.enqueue(Seq(4));
        assert_eq!(
            pending.next_queued(),
            Some(Seq(8)),
            "a message that is queued again is the last one"
        );
        pending.remove(Seq(8));
        pending.remove(Seq(4));
        assert_eq!(pending.next_queued(), None);
        assert_eq!(pending.len(), 1);
    }
}
