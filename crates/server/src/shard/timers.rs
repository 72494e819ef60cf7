//! Deadlines of a shard's connections.
//!
//! Entries are never searched or removed: an entry that comes due is checked
//! against the connection, which knows what it is really waiting for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// What a deadline is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TimerKind {
    /// `CONNECT` must have come.
    Authentication,
    /// TLS handshake, TLS sniffing or PROXY header must be done.
    Handshake,
    /// A ping is due.
    Ping,
    /// A write must have finished.
    WriteDeadline,
    /// A paused producer is read again.
    Resume,
    /// Unsent output must be below `max_pending` again.
    Overrun,
    /// A closed connection is dropped at last.
    Linger,
}

/// A deadline that came due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timer {
    /// When.
    pub(crate) at: Instant,
    /// Slot of the connection.
    pub(crate) slot: u32,
    /// Its id, as slots are reused.
    pub(crate) cid: u64,
    /// What for.
    pub(crate) kind: TimerKind,
}

/// A shard's deadlines.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
}

impl Timers {
    /// Adds a deadline.
    pub(crate) fn add(&mut self, timer: Timer) {
        self.heap.push(Reverse(timer));
    }

    /// The next deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(timer)| timer.at)
    }

    /// Takes one deadline that has passed.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(timer)| timer)
    }
}
