//! A run: publishes that follow one another on one subject.
//!
//! Recipients and what is to be checked are the same for all messages of a
//! run, so both are looked at once. The lines are written one behind the other
//! into one buffer, and each target's socket is given that buffer: with many
//! targets nothing is copied for each of them, and the bytes are still in the
//! cache when the last one is served. Lines differ from target to target in
//! the subscription id only, and clients that do the same have the same ids;
//! there is one buffer for each id ([`MAX_CLASSES`]).

use midge_wire::client;
use midge_wire::close::CloseReason;

use super::Shard;
use super::deliver::{FLUSH_ALL_AT, FLUSH_ONE_AT};
use super::match_cache::{MAX_CLASSES, Recipients};
use super::output::{BORROW_FROM, Flushed};

/// Bytes of one buffer after which it is handed to the targets, so that it stays
/// in the second-level cache. It holds what a chunk of input makes unless the
/// messages are tiny.
const RUN_BYTES: usize = 192 * 1024;

/// Capacity of a buffer that is kept: with very long subscription ids it grows
/// far beyond what a run needs otherwise.
const MAX_KEPT_BUFFER: usize = 2 * RUN_BYTES;

/// Shorter runs are copied to the targets' outputs, to be written at the end of
/// the chunk together with what follows: a system call costs as much as copying
/// some tens of KiB.
const WRITE_FROM: usize = 16 * 1024;

/// Shorter pieces of input are not worth beginning a run.
pub(super) const SHORTEST_INPUT: usize = 1024;

/// The buffers of a run, kept for their memory.
#[derive(Debug, Default)]
pub(super) struct RunBuffers {
    lines: [Vec<u8>; MAX_CLASSES],
}

/// Messages of a run and the bytes of their payloads.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    messages: u64,
    bytes: u64,
}

impl Shard {
    /// Handles the publishes at the front of `rest`, what is left of `input`,
    /// that begin with `start`, the beginning of a line that was just handled;
    /// returns how many bytes they took. 0 if something about them is special:
    /// they are then to go one by one.
    pub(super) fn relay_run(
        &mut self,
        slot: u32,
        rest: &[u8],
        start: &[u8],
        input: &[u8],
    ) -> usize {
        let Some(recipients) = self.current.take() else {
            return 0;
        };
        let used = if self.may_run(slot, start, &recipients) {
            self.handle_run(slot, rest, start, &recipients, input)
        } else {
            0
        };
        self.current = Some(recipients);
        used
    }

    /// Whether messages on the subject of `start` may go as a run.
    fn may_run(&self, slot: u32, start: &[u8], recipients: &Recipients) -> bool {
        let subject = start.get(b"PUB ".len()..start.len().saturating_sub(1));
        let Some(connection) = self.connections.get(slot as usize) else {
            return false;
        };
        let account = self.accounts.get(connection.account as usize);
        let Some(account) = account.and_then(Option::as_ref) else {
            return false;
        };
        connection.publishes_plainly
            && !self.traces
            && !account.has_mappings()
            && !recipients.reserved
            && recipients.runs
            && subject.is_some_and(|subject| recipients.are_for(account, subject))
            && recipients.local.iter().all(|target| {
                let room = self.runtime.gate.saturating_sub(2 * RUN_BYTES);
                target.connection != slot
                    && self
                        .connections
                        .get(target.connection as usize)
                        .is_some_and(|c| {
                            c.closing.is_none()
                                && c.responses.is_none()
                                && c.output.pending() <= room
                        })
                    && self
                        .subscriptions
                        .get(target.subscription)
                        .is_some_and(|s| s.max == 0)
            })
    }

    fn handle_run(
        &mut self,
        slot: u32,
        rest: &[u8],
        start: &[u8],
        recipients: &Recipients,
        input: &[u8],
    ) -> usize {
        let mut buffers = std::mem::take(&mut self.run_buffers);
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return 0;
        };
        let limits = connection.limits;
        let mut used = 0;
        let mut all = Count::default();
        loop {
            let count = gather(
                &mut buffers,
                rest.get(used..).unwrap_or_default(),
                start,
                &limits,
                recipients,
                &mut used,
            );
            if count.messages == 0 {
                break;
            }
            all.messages += count.messages;
            all.bytes += count.bytes;
            self.hand_out_run(&buffers, count, recipients, input);
            // A target may have too much unsent by now.
            if !self.may_run(slot, start, recipients) {
                break;
            }
        }
        for lines in &mut buffers.lines {
            lines.clear();
            lines.shrink_to(MAX_KEPT_BUFFER);
        }
        self.run_buffers = buffers;
        if let Some(connection) = self.connections.get_mut(slot as usize) {
            connection.traffic.in_msgs += all.messages;
            connection.traffic.in_bytes += all.bytes;
        }
        used
    }

    /// Gives the gathered lines to every target.
    fn hand_out_run(
        &mut self,
        buffers: &RunBuffers,
        count: Count,
        recipients: &Recipients,
        input: &[u8],
    ) {
        self.send_batches();
        for target in &recipients.local {
            let Some(lines) = buffers.lines.get(usize::from(target.class)) else {
                continue;
            };
            let Some(connection) = self.connections.get_mut(target.connection as usize) else {
                continue;
            };
            if connection.closing.is_some() {
                continue;
            }
            if let Some(subscription) = self.subscriptions.get_mut(target.subscription) {
                subscription.delivered += count.messages;
            }
            connection.last_activity = self.now;
            connection.traffic.out_msgs += count.messages;
            connection.traffic.out_bytes += count.bytes;
            self.totals.out_msgs += count.messages;
            self.totals.out_bytes += count.bytes;
            self.produced += lines.len();
            self.write_lines(target.connection, lines, input);
        }
    }

    /// Writes `lines` to a connection, behind what is waiting there already.
    fn write_lines(&mut self, slot: u32, lines: &[u8], input: &[u8]) {
        let Self {
            connections,
            buffers,
            ..
        } = self;
        let Some(connection) = connections.get_mut(slot as usize) else {
            return;
        };
        if lines.len() < WRITE_FROM || connection.output.pending() > 0 || connection.blocked {
            connection.output.push(buffers, lines);
            if !connection.dirty {
                connection.dirty = true;
                self.target_blocked |= connection.blocked;
                self.dirty.push(slot);
            }
            let queued = connection.output.pending();
            self.unflushed += lines.len();
            if queued > FLUSH_ONE_AT || self.unflushed > FLUSH_ALL_AT {
                self.flush_early(slot, input);
            }
            return;
        }
        let written = connection.output.total_written();
        match connection
            .output
            .write_through(&mut connection.transport, lines, buffers)
        {
            Ok(Flushed::All) => self.on_drained(slot),
            Ok(Flushed::Blocked) => {
                connection.blocked = true;
                self.on_blocked(slot, written);
            }
            Err(_) => self.close(slot, CloseReason::WriteError),
        }
    }
}

/// Fills the buffers with the lines of the publishes at the front of `input`
/// that begin with `start`, and adds to `used` what they took of it.
fn gather(
    buffers: &mut RunBuffers,
    input: &[u8],
    start: &[u8],
    limits: &client::Limits,
    recipients: &Recipients,
    used: &mut usize,
) -> Count {
    let mut count = Count::default();
    let heads = &recipients.class_heads();
    let lines = buffers.lines.get_mut(..heads.len()).unwrap_or_default();
    for buffer in lines.iter_mut() {
        buffer.clear();
    }
    let mut at = 0;
    let mut len = 0;
    while len < RUN_BYTES
        && let Some(rest) = input.get(at..)
        && let Some((publish, taken)) = client::parse_on_subject(rest, start, limits)
        && let Some(relay) = publish.relay
        && relay.len() < BORROW_FROM
    {
        for (buffer, head) in lines.iter_mut().zip(heads) {
            buffer.reserve(head.len() + relay.len());
            buffer.extend_from_slice(head);
            buffer.extend_from_slice(relay);
            len = len.max(buffer.len());
        }
        at += taken;
        count.messages += 1;
        count.bytes += publish.body.len() as u64;
    }
    *used += at;
    count
}
