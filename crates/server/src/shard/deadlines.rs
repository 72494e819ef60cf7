//! Timers: authentication, handshakes, pings, stale clients
//! (client-protocol.md 1, 16).

use std::time::Duration;

use midge_wire::close::CloseReason;
use midge_wire::message;

use super::Shard;
use super::connection::Phase;
use super::flush::MAX_PAUSE;
use super::timers::{Timer, TimerKind};

/// Upper bound of the interval before the first ping after a `CONNECT`.
const FIRST_PING: Duration = Duration::from_secs(2);

/// Most that is added to the first interval at random, in percent.
const FIRST_PING_JITTER: u32 = 20;

/// Time between two warnings about the same stalled producer.
const STALL_WARNING_INTERVAL: Duration = Duration::from_secs(1);

/// Age above which the round trip time is measured again although the client
/// is active.
const RTT_MAX_AGE: Duration = Duration::from_secs(3600);

impl Shard {
    /// Acts on every deadline that has passed.
    pub(super) fn on_deadlines(&mut self) {
        while let Some(timer) = self.timers.pop_due(self.now) {
            let Timer {
                slot,
                cid,
                kind,
                at,
            } = timer;
            if self.connection(slot, cid).is_none() {
                continue;
            }
            match kind {
                TimerKind::Authentication => self.on_auth_deadline(slot),
                TimerKind::Handshake => self.on_handshake_deadline(slot),
                TimerKind::Ping => self.on_ping_deadline(slot, at),
                TimerKind::WriteDeadline => self.on_write_deadline(slot),
                TimerKind::Resume => self.on_resume_deadline(slot, cid),
                TimerKind::Overrun => self.on_overrun_deadline(slot),
                TimerKind::Linger => self.on_linger_deadline(slot),
            }
            self.settle(&[]);
        }
    }

    fn on_resume_deadline(&mut self, slot: u32, cid: u64) {
        let now = self.now;
        let Some(connection) = self.connection(slot, cid) else {
            return;
        };
        match connection.paused {
            Some(until) if until > now => {
                self.timers.add(Timer {
                    at: until,
                    slot,
                    cid,
                    kind: TimerKind::Resume,
                });
            }
            Some(_) => {
                if connection.stalling {
                    self.note_stall_timeout(slot);
                }
                self.resume(slot, cid);
            }
            None => {}
        }
    }

    fn note_stall_timeout(&self, slot: u32) {
        let stall = crate::text::go_duration(MAX_PAUSE);
        self.log_debug(
            slot,
            format_args!("Timed out of fast producer stall ({stall})"),
        );
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        self.shared.log.warn_limited(
            &format!("stall {}", connection.cid),
            STALL_WARNING_INTERVAL,
            format_args!(
                "{} - Producer was stalled for a total of {stall}",
                self.prefix(slot)
            ),
        );
    }

    fn on_auth_deadline(&mut self, slot: u32) {
        let now = self.now;
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        if connection.auth_deadline.is_none_or(|at| at > now) || connection.closing.is_some() {
            return;
        }
        self.log_debug(slot, format_args!("Authentication Timeout"));
        self.send_err(slot, "Authentication Timeout");
        self.close(slot, CloseReason::AuthenticationTimeout);
    }

    /// Sets the time of the next ping.
    pub(super) fn arm_ping(&mut self, slot: u32, after: Duration) {
        let at = self.now + after;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.ping_at = Some(at);
        let cid = connection.cid;
        self.timers.add(Timer {
            at,
            slot,
            cid,
            kind: TimerKind::Ping,
        });
    }

    /// The short interval after a `CONNECT`.
    pub(super) fn arm_first_ping(&mut self, slot: u32) {
        let base = self.runtime.ping_interval.min(FIRST_PING);
        let jitter = base * self.rng.u32(..=FIRST_PING_JITTER) / 100;
        if let Some(connection) = self.connections.get_mut(slot as usize) {
            connection.first_ping = true;
        }
        self.arm_ping(slot, base + jitter);
    }

    fn on_ping_deadline(&mut self, slot: u32, at: std::time::Instant) {
        let now = self.now;
        let interval = self.runtime.ping_interval;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.ping_at != Some(at) || connection.closing.is_some() {
            return;
        }
        if !matches!(connection.phase, Phase::Open | Phase::Authenticating) {
            return;
        }
        let first = std::mem::take(&mut connection.first_ping);
        let idle = now.saturating_duration_since(connection.last_input);
        let measured = now.saturating_duration_since(connection.rtt_at);
        let recent = idle < interval && measured < RTT_MAX_AGE && connection.rtt.is_some();
        let waiting = connection.pings_out;
        self.log_debug(slot, format_args!("Client Ping Timer"));
        if recent && !first {
            self.log_debug(
                slot,
                format_args!(
                    "Delaying PING due to remote client data or ping {} ago",
                    crate::text::go_duration(idle)
                ),
            );
        } else if waiting >= self.runtime.ping_max {
            self.log_debug(slot, format_args!("Stale Client Connection - Closing"));
            self.send_err(slot, "Stale Connection");
            self.shared.counters.note_stale_client();
            self.close(slot, CloseReason::StaleConnection);
            return;
        } else {
            self.send_ping(slot);
        }
        self.arm_ping(slot, interval);
    }

    /// Sends a PING and notes when.
    pub(super) fn send_ping(&mut self, slot: u32) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.pings_out += 1;
        connection.ping_sent = Some(now);
        self.send(slot, message::PING);
        if self.tracing() {
            self.trace(slot, format_args!("->> [PING]"));
        }
    }
}
