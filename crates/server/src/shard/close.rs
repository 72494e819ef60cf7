//! The end of a connection (client-protocol.md 7.2).
//!
//! [`Shard::close`] only marks; the end of the chunk acts on the mark, so that
//! nothing disappears while it is being used. Output is written first where
//! the reason says so. A client that may still be sending is not cut off at
//! once: the sending side is shut down and its late input thrown away for a
//! moment, or the kernel would reset the connection and the client would never
//! read the error.

use std::time::Duration;

use midge_wire::close::CloseReason;

use super::Shard;
use super::connection::Phase;
use super::timers::{Timer, TimerKind};

/// Time for the last output of a connection that never got as far as the
/// protocol.
const EARLY_FLUSH: Duration = Duration::from_millis(100);

/// Time a client has to read its last messages when the server shuts down.
const SHUTDOWN_LINGER: Duration = Duration::from_millis(200);

/// Time a client has to close its side after an error.
const LINGER: Duration = Duration::from_millis(500);

impl Shard {
    /// Marks a connection as closed; the first reason counts.
    pub(super) fn close(&mut self, slot: u32, reason: CloseReason) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.closing.is_none() {
            connection.closing = Some(reason);
            self.closing.push(slot);
        } else if connection.read_closed
            && matches!(connection.phase, Phase::Draining | Phase::Lingering)
        {
            // Nobody is there to read what is left.
            self.drop_connection(slot);
        }
    }

    /// Acts on the marks.
    pub(super) fn close_marked(&mut self) {
        while let Some(slot) = self.closing.pop() {
            self.begin_close(slot);
        }
    }

    fn begin_close(&mut self, slot: u32) {
        let now = self.now;
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let Some(reason) = connection.closing else {
            return;
        };
        self.log_debug(slot, format_args!("Client connection closed: {reason}"));
        self.record_closed(slot, reason);
        self.remove_all_subscriptions(slot);
        self.wake_producers(slot);
        self.unregister(slot);
        let write_deadline = self.runtime.write_deadline;
        self.uncount(slot);
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.tail = Vec::new();
        connection.auth_deadline = None;
        connection.ping_at = None;
        if !reason.flushes() {
            self.drop_connection(slot);
            return;
        }
        let started = matches!(connection.phase, Phase::Open | Phase::Authenticating);
        let limit = if started { write_deadline } else { EARLY_FLUSH };
        connection.phase = Phase::Draining;
        let at = now + limit;
        connection.phase_deadline = Some(at);
        connection.had_last_words = connection.output.pending() > 0;
        let cid = connection.cid;
        self.timers.add(Timer {
            at,
            slot,
            cid,
            kind: TimerKind::Linger,
        });
        if connection.output.pending() == 0 && !connection.transport.holds_records() {
            self.finish(slot);
        } else if !connection.dirty {
            connection.dirty = true;
            self.dirty.push(slot);
        }
    }

    /// Everything that could be written is written.
    pub(super) fn finish(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        let shuts_down = connection.closing == Some(CloseReason::ServerShutdown);
        let at = self.now + if shuts_down { SHUTDOWN_LINGER } else { LINGER };
        let gone = match connection.closing {
            Some(CloseReason::ClientClosed) | None => true,
            // Only last words are waited for.
            Some(CloseReason::ServerShutdown) => !connection.had_last_words,
            Some(_) => false,
        };
        if gone || connection.read_closed {
            self.drop_connection(slot);
            return;
        }
        connection.transport.shutdown_write();
        connection.phase = Phase::Lingering;
        connection.phase_deadline = Some(at);
        connection.readable = true;
        let cid = connection.cid;
        self.timers.add(Timer {
            at,
            slot,
            cid,
            kind: TimerKind::Linger,
        });
        self.queue_read(slot);
    }

    /// The time for last words is over.
    pub(super) fn on_linger_deadline(&mut self, slot: u32) {
        let now = self.now;
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        if connection.phase_deadline.is_some_and(|at| at <= now)
            && matches!(connection.phase, Phase::Draining | Phase::Lingering)
        {
            self.drop_connection(slot);
        }
    }

    /// Takes a connection out of its account's count.
    pub(super) fn unregister(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if !std::mem::take(&mut connection.registered) {
            return;
        }
        let account = connection.account;
        if let Some(account) = self.account(account) {
            account.unregister();
        }
    }

    /// Takes a connection out of the server's count.
    fn uncount(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if std::mem::take(&mut connection.counted) {
            self.shared.counters.note_client_gone();
        }
    }

    /// Closes the socket and forgets the connection.
    pub(super) fn drop_connection(&mut self, slot: u32) {
        if !self.connections.contains(slot as usize) {
            return;
        }
        // Done already when the close took its usual way.
        self.remove_all_subscriptions(slot);
        self.unregister(slot);
        self.uncount(slot);
        self.keep_traffic(slot);
        let mut connection = self.connections.remove(slot as usize);
        // Closing the socket deregisters it as well.
        let _ = self
            .poll
            .registry()
            .deregister(connection.transport.socket());
        connection.output.clear(&mut self.buffers);
        if let Some(handle) = self.shared.shard(self.id) {
            handle.note_connections(self.connections.len());
        }
    }
}
