//! Output → socket, and back-pressure.
//!
//! Output is written when the chunk of input that made it is done. A producer
//! whose messages a target cannot take as fast is not read for a moment
//! ([`MAX_PAUSE`]): output stays in the cache, and nothing is lost. Targets
//! that stay behind do not hold producers up; their output grows up to
//! `max_pending`, with the stalls of client-protocol.md 17.3 near the end.

use std::time::{Duration, Instant};

use midge_wire::close::CloseReason;

use super::Shard;
use super::connection::Phase;
use super::deliver::FLUSH_ALL_AT;
use super::output::Flushed;
use super::timers::{Timer, TimerKind};

/// Unsent bytes of a target above which producers pause.
const HIGH_WATER: usize = 256 * 1024;

/// Unsent bytes under which paused producers are read again.
const LOW_WATER: usize = 64 * 1024;

/// Longest pause of a producer for one chunk of its input; the peer's bound.
pub(super) const MAX_PAUSE: Duration = Duration::from_millis(10);

/// A target that has not been under the high-water mark for this long is slow
/// itself: producers do not wait for it until it comes near `max_pending`.
const PATIENCE: Duration = Duration::from_millis(50);

/// Pause of a producer for a target on another shard, which cannot tell when
/// it has drained.
const REMOTE_PAUSE: Duration = Duration::from_millis(1);

/// Time for which a producer pauses after each chunk when a target on another
/// shard was near `max_pending`. Only one chunk may be on its way then: the
/// target's shard cannot hold the producer up at once.
const THROTTLE: Duration = Duration::from_millis(100);

/// Pause of a connection while another shard is behind with our batches.
const FULL_MAILBOX_PAUSE: Duration = Duration::from_micros(200);

/// Producers that one target remembers to wake; others wake by their timer.
const MAX_WAITING_PRODUCERS: usize = 1024;

impl Shard {
    /// Ends a chunk: writes what it made, lets go of `input`, sends batches to
    /// other shards, closes what is to be closed.
    pub(super) fn settle(&mut self, input: &[u8]) {
        loop {
            // First: whoever reads a PONG may count on everything before it
            // being on its way, to other shards as well.
            self.send_batches();
            self.flush_dirty(input);
            if self.closing.is_empty() {
                break;
            }
            self.close_marked();
        }
        let blocked = std::mem::take(&mut self.blocked);
        for &slot in &blocked {
            if let Some(connection) = self.connections.get_mut(slot as usize) {
                connection.output.keep_input(input, &mut self.copies);
            }
        }
        self.blocked = blocked;
        self.blocked.clear();
        self.copies.clear();
        self.producer = None;
        self.deferred = 0;
        if let Some(handle) = self.shared.shard(self.id) {
            handle.publish_totals(&self.totals);
        }
    }

    /// Writes to every connection that has something new.
    fn flush_dirty(&mut self, input: &[u8]) {
        while let Some(slot) = self.dirty.pop() {
            if let Some(connection) = self.connections.get_mut(slot as usize) {
                connection.dirty = false;
                self.flush(slot, input);
            }
        }
        self.unflushed = 0;
    }

    /// Writes before the chunk is done, because much has gathered.
    pub(super) fn flush_early(&mut self, slot: u32, input: &[u8]) {
        self.send_batches();
        self.flush(slot, input);
        if self.unflushed > FLUSH_ALL_AT {
            self.flush_dirty(input);
        }
    }

    /// Writes to one connection.
    pub(super) fn flush(&mut self, slot: u32, input: &[u8]) {
        let Self {
            connections,
            buffers,
            blocked,
            ..
        } = self;
        let Some(connection) = connections.get_mut(slot as usize) else {
            return;
        };
        if matches!(connection.phase, Phase::Handshake | Phase::Lingering) {
            return;
        }
        if connection.blocked {
            blocked.push(slot);
            let written = connection.output.total_written();
            self.on_blocked(slot, written);
            return;
        }
        let written = connection.output.total_written();
        match connection
            .output
            .flush(&mut connection.transport, input, buffers)
        {
            Ok(Flushed::All) => self.on_drained(slot),
            Ok(Flushed::Blocked) => {
                connection.blocked = true;
                blocked.push(slot);
                self.on_blocked(slot, written);
            }
            Err(_) => self.close(slot, CloseReason::WriteError),
        }
    }

    /// The poll said that a connection can be written to.
    pub(super) fn on_writable(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if !connection.blocked {
            return;
        }
        connection.blocked = false;
        if connection.phase == Phase::Handshake {
            self.drive_handshake(slot);
            return;
        }
        self.flush(slot, &[]);
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let pending = connection.output.pending();
        if connection.withheld && pending <= self.runtime.gate {
            self.withhold_from(slot, false);
        }
        if pending <= LOW_WATER.min(self.runtime.gate) {
            self.wake_producers(slot);
        }
    }

    /// Everything was written.
    pub(super) fn on_drained(&mut self, slot: u32) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.behind_since = None;
        if connection.withheld {
            self.withhold_from(slot, false);
        }
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.write_deadline.take().is_some() {
            self.note_recovery(slot, now);
        }
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        if !connection.waiting_producers.is_empty() {
            self.wake_producers(slot);
        }
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        if connection.phase == Phase::Draining {
            self.finish(slot);
        }
    }

    /// The socket is full: a deadline for the write, which began when `start`
    /// bytes had been written in all, and producers may have to wait.
    pub(super) fn on_blocked(&mut self, slot: u32, start: u64) {
        let now = self.now;
        let deadline = self.runtime.write_deadline;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.write_deadline.is_none() {
            let at = now + deadline;
            let goal = connection.output.total_written() + connection.output.pending() as u64;
            connection.write_deadline = Some((at, goal, start));
            self.arm_write_deadline(slot, at);
        }
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.output.pending() <= HIGH_WATER.min(self.runtime.gate) {
            connection.behind_since = None;
            return;
        }
        let since = *connection.behind_since.get_or_insert(now);
        let gated = connection.output.pending() > self.runtime.gate;
        let stalls = gated && !self.runtime.no_fast_producer_stall;
        let smooths = !gated && now.duration_since(since) < PATIENCE;
        if let Some(producer) = self.producer
            && producer != slot
            && (stalls || smooths)
        {
            self.pause(producer, slot, stalls);
        }
    }

    /// Stops reading a producer until `target` drains or the pause is over.
    fn pause(&mut self, producer: u32, target: u32, stalls: bool) {
        let until = self.now + MAX_PAUSE;
        let Some(connection) = self.connections.get_mut(producer as usize) else {
            return;
        };
        let cid = connection.cid;
        let first = connection.paused.is_none();
        connection.paused = Some(until);
        connection.stalling |= stalls;
        if first {
            self.timers.add(Timer {
                at: until,
                slot: producer,
                cid,
                kind: TimerKind::Resume,
            });
        }
        let Some(connection) = self.connections.get_mut(target as usize) else {
            return;
        };
        let waiting = &mut connection.waiting_producers;
        if waiting.len() < MAX_WAITING_PRODUCERS && !waiting.contains(&(producer, cid)) {
            waiting.push((producer, cid));
        }
        if stalls {
            self.count_stall(target);
        }
    }

    /// Counts that producers are held up for a connection near `max_pending`;
    /// once for a chunk of input, however often it is written in between.
    /// Whether they are held up.
    pub(super) fn count_stall(&mut self, slot: u32) -> bool {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return false;
        };
        let gated = connection.output.pending() > self.runtime.gate;
        if !gated || self.runtime.no_fast_producer_stall {
            return false;
        }
        if connection.stalled_in != self.chunk {
            connection.stalled_in = self.chunk;
            connection.stalls += 1;
            self.shared.counters.note_stall();
        }
        true
    }

    /// A target on another shard is behind with messages of this producer.
    pub(super) fn pause_for_remote(&mut self, slot: u32, cid: u64, stalls: bool) {
        let now = self.now;
        let Some(connection) = self.connection(slot, cid) else {
            return;
        };
        if stalls {
            connection.stalling = true;
            connection.throttled_until = Some(now + THROTTLE);
            self.pause_for_remote_until(slot, now + MAX_PAUSE);
        } else {
            self.pause_for_remote_until(slot, now + REMOTE_PAUSE);
        }
    }

    /// Stops reading a connection until then, or for longer if it is paused
    /// for longer.
    pub(super) fn pause_for_remote_until(&mut self, slot: u32, until: Instant) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        let cid = connection.cid;
        let was = connection.paused;
        if was.is_some_and(|was| was >= until) {
            return;
        }
        connection.paused = Some(until);
        if was.is_none() {
            // A timer that is under way finds the later time.
            self.timers.add(Timer {
                at: until,
                slot,
                cid,
                kind: TimerKind::Resume,
            });
        }
    }

    /// Puts off reading a connection while another shard catches up.
    pub(super) fn delay_read(&mut self, slot: u32) {
        self.pause_for_remote_until(slot, self.now + FULL_MAILBOX_PAUSE);
    }

    /// Reads paused producers of a target again.
    pub(super) fn wake_producers(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        for (producer, cid) in std::mem::take(&mut connection.waiting_producers) {
            self.resume(producer, cid);
        }
    }

    /// Reads a paused producer again.
    pub(super) fn resume(&mut self, slot: u32, cid: u64) {
        if let Some(connection) = self.connection(slot, cid) {
            connection.paused = None;
            connection.stalling = false;
            self.queue_read(slot);
        }
    }

    /// Sets a timer for the write deadline, unless one is under way that ends
    /// before: that one finds the later time.
    pub(super) fn arm_write_deadline(&mut self, slot: u32, at: Instant) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.write_timer.is_none_or(|ends| ends > at) {
            connection.write_timer = Some(at);
            let cid = connection.cid;
            self.timers.add(Timer {
                at,
                slot,
                cid,
                kind: TimerKind::WriteDeadline,
            });
        }
    }

    /// A write deadline has passed: the write is done, or the client is slow
    /// (client-protocol.md 17.2).
    pub(super) fn on_write_deadline(&mut self, slot: u32) {
        let now = self.now;
        let deadline = self.runtime.write_deadline;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.write_timer = None;
        let Some((at, goal, start)) = connection.write_deadline else {
            return;
        };
        if at > now {
            self.arm_write_deadline(slot, at);
            return;
        }
        // The poll tells of room only when there is a good deal of it; a last
        // attempt may find less.
        connection.blocked = false;
        self.flush(slot, &[]);
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        if connection.withheld && connection.output.pending() <= self.runtime.gate {
            self.withhold_from(slot, false);
        }
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.write_deadline.is_none() || connection.closing.is_some() {
            return;
        }
        let written = connection.output.total_written();
        let pending = connection.output.pending();
        let next = (now + deadline, written + pending as u64, written);
        if written >= goal {
            connection.write_deadline = Some(next);
            self.arm_write_deadline(slot, next.0);
            return;
        }
        if connection.phase == Phase::Draining {
            self.drop_connection(slot);
            return;
        }
        let marked = connection.slow_since.is_some();
        let state = if marked { "State" } else { "Detected" };
        self.shared.log.info(format_args!(
            "{} - Slow Consumer {state}: WriteDeadline of {} exceeded with 1 chunks of {} total bytes.",
            self.prefix(slot),
            crate::text::go_duration(deadline),
            goal - start,
        ));
        self.count_slow_consumer(slot);
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if self.runtime.write_retry && written > start {
            connection.slow_since.get_or_insert(now - deadline);
            connection.write_deadline = Some(next);
            self.arm_write_deadline(slot, next.0);
        } else {
            self.close(slot, CloseReason::SlowConsumerWriteDeadline);
        }
    }

    fn note_recovery(&mut self, slot: u32, now: std::time::Instant) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        let Some(since) = connection.slow_since.take() else {
            return;
        };
        let total = connection.output.total_written();
        self.shared.log.info(format_args!(
            "{} - Slow Consumer Recovered: Flush took {:.3}s with 1 chunks of {total} total bytes.",
            self.prefix(slot),
            now.duration_since(since).as_secs_f64(),
        ));
    }

    /// Counts a slow consumer for the server and its account.
    pub(super) fn count_slow_consumer(&mut self, slot: u32) {
        self.shared.counters.note_slow_client();
        let Some(account) = self.connections.get(slot as usize).map(|c| c.account) else {
            return;
        };
        if let Some(account) = self.account(account) {
            account
                .slow_consumers
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    /// Whether a connection has more unsent output than producers should add to.
    pub(super) fn is_behind(&self, slot: u32) -> bool {
        let Some(connection) = self.connections.get(slot as usize) else {
            return false;
        };
        let pending = connection.output.pending();
        let patient = connection
            .behind_since
            .is_none_or(|since| self.now.duration_since(since) < PATIENCE);
        let high = HIGH_WATER.min(self.runtime.gate);
        connection.blocked && pending > high && (patient || pending > self.runtime.gate)
    }
}
