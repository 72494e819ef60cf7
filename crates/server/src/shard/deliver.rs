//! A message into a connection's output.

use midge_wire::client::Publish;
use midge_wire::close::CloseReason;
use midge_wire::number::push_decimal;

use super::Shard;
use super::flush::MAX_PAUSE;
use super::mailbox::MAX_BATCHED_BYTES;
use super::match_cache::{LocalTarget, Recipients};
use super::output::BORROW_FROM;
use super::timers::{Timer, TimerKind};

/// Bytes of one connection's output after which it is written even though the
/// chunk of input is not finished, so that output stays in the cache.
pub(super) const FLUSH_ONE_AT: usize = 128 * 1024;

/// The same for all connections together. With many targets larger writes save
/// more than the second-level cache would: at 768 KiB a delivery of 128 B to 50
/// targets took 90 ns, at 3 MiB 66 ns.
pub(super) const FLUSH_ALL_AT: usize = 3 * 1024 * 1024;

/// Bytes of unsent output above `max_pending` that a connection may have for as
/// long as its producers are held up, [`MAX_PAUSE`]: what one chunk of input
/// made, or what was on its way from another shard. The Go server holds a
/// producer up after each message; here a chunk is done first.
const OVERRUN: usize = MAX_BATCHED_BYTES;

/// A message on its way.
pub(crate) struct Message<'a> {
    /// The subject receivers see.
    pub(crate) subject: &'a [u8],
    /// Reply subject; empty for none.
    pub(crate) reply: &'a [u8],
    /// Digits of the header size; empty without headers.
    pub(crate) header_digits: &'a [u8],
    /// Digits of the total size.
    pub(crate) size_digits: &'a [u8],
    /// Bytes of `body` that are the header block.
    pub(crate) header_len: usize,
    /// Header block and payload, without the line end.
    pub(crate) body: &'a [u8],
    /// All that follows the head of the line, ready to be relayed.
    pub(crate) relay: Option<&'a [u8]>,
    /// The input in which the message lies; empty if it lies elsewhere.
    pub(crate) input: &'a [u8],
    /// Where the message ends in `input`, line end included.
    pub(crate) end: usize,
}

impl<'a> Message<'a> {
    /// The message of a client's publish that ended at `end` of `input`.
    #[inline(always)]
    pub(crate) fn of(publish: &Publish<'a>, input: &'a [u8], end: usize) -> Self {
        Self {
            subject: publish.subject,
            reply: publish.reply,
            // A header size of 0 means a message without headers, which has
            // to be written anew as MSG.
            header_digits: if publish.header_len == 0 {
                &[]
            } else {
                publish.header_digits
            },
            size_digits: publish.size_digits,
            header_len: publish.header_len,
            body: publish.body,
            relay: if publish.header_len == 0 && !publish.header_digits.is_empty() {
                None
            } else {
                publish.relay
            },
            input,
            end,
        }
    }
}

impl Shard {
    /// Queues a message without headers, whose `line` can be relayed as it
    /// came, for a subscription of this shard about which nothing is special.
    /// `false` if something is: the message is then to go by
    /// [`Shard::deliver`].
    #[inline(always)]
    pub(super) fn deliver_line(
        &mut self,
        target: &LocalTarget,
        recipients: &Recipients,
        line: &[u8],
        body_len: usize,
        publisher: u32,
        input: &[u8],
    ) -> bool {
        let Self {
            connections,
            subscriptions,
            buffers,
            dirty,
            ..
        } = self;
        let Some(connection) = connections.get_mut(target.connection as usize) else {
            return false;
        };
        let Some(subscription) = subscriptions.get_mut(target.subscription) else {
            return false;
        };
        let special = connection.closing.is_some()
            || connection.responses.is_some()
            || subscription.max != 0
            || target.connection == publisher
            || connection.output.pending() > self.runtime.gate;
        if special || self.traces {
            return false;
        }
        subscription.delivered += 1;
        let head = recipients.head(target, false);
        let len = head.len() + line.len();
        let buffer = connection.output.buffer(buffers);
        buffer.reserve(len);
        buffer.extend_from_slice(head);
        buffer.extend_from_slice(line);
        connection.output.appended(len);
        connection.traffic.out_msgs += 1;
        connection.traffic.out_bytes += body_len as u64;
        if !connection.dirty {
            connection.dirty = true;
            connection.last_activity = self.now;
            self.target_blocked |= connection.blocked;
            dirty.push(target.connection);
        }
        let queued = connection.output.pending();
        self.totals.out_msgs += 1;
        self.totals.out_bytes += body_len as u64;
        self.unflushed += len;
        self.produced += len;
        if queued > FLUSH_ONE_AT || self.unflushed > FLUSH_ALL_AT {
            self.flush_early(target.connection, input);
        }
        true
    }

    /// Queues a message for one subscription of this shard; whether it was
    /// taken.
    #[inline]
    pub(super) fn deliver(
        &mut self,
        target: &LocalTarget,
        recipients: &Recipients,
        message: &Message<'_>,
        publisher: u32,
    ) -> bool {
        let Some(connection) = self.connections.get(target.connection as usize) else {
            return false;
        };
        if connection.closing.is_some() || (target.connection == publisher && !connection.echo) {
            return false;
        }
        if connection.output.pending() > self.runtime.gate
            && !self.passes_gate(target.connection, message)
        {
            return false;
        }
        let Self {
            connections,
            subscriptions,
            buffers,
            dirty,
            ..
        } = self;
        let Some(connection) = connections.get_mut(target.connection as usize) else {
            return false;
        };
        let Some(subscription) = subscriptions.get_mut(target.subscription) else {
            return false;
        };
        if subscription.max != 0 && subscription.delivered >= subscription.max {
            self.remove_subscription(target.connection, target.subscription);
            return false;
        }
        let pending = connection.output.pending();
        subscription.delivered += 1;
        let finished = subscription.max != 0 && subscription.delivered >= subscription.max;

        let headers = message.header_len > 0 && connection.headers;
        let head = recipients.head(target, headers);
        let buffer = connection.output.buffer(buffers);
        let before = buffer.len();
        buffer.extend_from_slice(head);
        let strips = message.header_len > 0 && !headers;
        let body = match message.relay {
            Some(relay) if !strips => {
                if relay.len() >= BORROW_FROM {
                    let added = buffer.len() - before;
                    connection.output.appended(added);
                    connection
                        .output
                        .push_input(message.end - relay.len()..message.end);
                } else {
                    buffer.extend_from_slice(relay);
                    let added = buffer.len() - before;
                    connection.output.appended(added);
                }
                message.body.len()
            }
            _ => {
                let body = push_size_line(buffer, message, headers);
                if body.len() >= BORROW_FROM && !message.input.is_empty() {
                    let added = buffer.len() - before;
                    connection.output.appended(added);
                    connection
                        .output
                        .push_input(message.end - 2 - body.len()..message.end);
                } else {
                    buffer.extend_from_slice(body);
                    buffer.extend_from_slice(b"\r\n");
                    let added = buffer.len() - before;
                    connection.output.appended(added);
                }
                body.len()
            }
        };
        connection.traffic.out_msgs += 1;
        connection.traffic.out_bytes += body as u64;
        if !connection.dirty {
            connection.dirty = true;
            connection.last_activity = self.now;
            self.target_blocked |= connection.blocked;
            dirty.push(target.connection);
        }
        let queued = connection.output.pending();
        let records = connection.responses.is_some();
        self.totals.out_msgs += 1;
        self.totals.out_bytes += message.body.len() as u64;
        self.unflushed += queued - pending;
        self.produced += queued - pending;
        if finished || records || self.tracing() {
            self.after_delivery(target, message, finished);
        }
        if queued > FLUSH_ONE_AT || self.unflushed > FLUSH_ALL_AT {
            self.flush_early(target.connection, message.input);
        }
        true
    }

    /// What only some deliveries need.
    #[cold]
    fn after_delivery(&mut self, target: &LocalTarget, message: &Message<'_>, finished: bool) {
        let now = self.now;
        if self.tracing() {
            self.trace_delivery(target, message);
        }
        if let Some(connection) = self.connections.get_mut(target.connection as usize)
            && let Some(responses) = &mut connection.responses
            && !message.reply.is_empty()
            && connection
                .permissions
                .as_ref()
                .is_some_and(|p| !p.can_publish(message.reply))
        {
            responses.record(message.reply, now);
        }
        if finished {
            let sid = self
                .subscriptions
                .get(target.subscription)
                .map(|s| s.sid.clone());
            if let Some(sid) = sid
                && let Some(subscription) = self.subscriptions.get(target.subscription)
            {
                let sid = String::from_utf8_lossy(sid.as_bytes()).into_owned();
                let max = subscription.max;
                self.log_debug(
                    target.connection,
                    format_args!("Auto-unsubscribe limit of {max} reached for sid '{sid}'"),
                );
            }
            self.remove_subscription(target.connection, target.subscription);
        }
    }

    fn trace_delivery(&self, target: &LocalTarget, message: &Message<'_>) {
        let Some(subscription) = self.subscriptions.get(target.subscription) else {
            return;
        };
        let Some(connection) = self.connections.get(target.connection as usize) else {
            return;
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let subject = text(message.subject);
        let sid = text(subscription.sid.as_bytes());
        let reply = if message.reply.is_empty() {
            String::new()
        } else {
            format!("{} ", text(message.reply))
        };
        let size = text(message.size_digits);
        if message.header_len > 0 && connection.headers {
            let header = text(message.header_digits);
            self.trace(
                target.connection,
                format_args!("->> [HMSG {subject} {sid} {reply}{header} {size}]"),
            );
            self.trace_payload(target.connection, "->>", message.body, message.header_len);
        } else {
            let body = message.body.get(message.header_len..).unwrap_or_default();
            let size = if message.header_len > 0 {
                body.len().to_string()
            } else {
                size
            };
            self.trace(
                target.connection,
                format_args!("->> [MSG {subject} {sid} {reply}{size}]"),
            );
            self.trace_payload(target.connection, "->>", body, 0);
        }
    }

    /// A connection has more unsent output than the stall gate allows. With
    /// `no_fast_producer_stall` a client's message is dropped for it. Over
    /// `max_pending` the connection is a slow consumer, unless a write makes
    /// room (client-protocol.md 17).
    #[cold]
    fn passes_gate(&mut self, slot: u32, message: &Message<'_>) -> bool {
        // Nothing of this chunk may have been written yet.
        self.flush_early(slot, message.input);
        let Some(connection) = self.connections.get(slot as usize) else {
            return false;
        };
        let pending = connection.output.pending();
        if pending <= self.runtime.gate {
            return connection.closing.is_none();
        }
        if self.runtime.no_fast_producer_stall {
            self.withhold_from(slot, true);
            return false;
        }
        let len = message.body.len() + message.subject.len() + message.reply.len();
        if pending + len <= self.runtime.max_pending {
            return connection.closing.is_none();
        }
        if pending + len <= self.runtime.max_pending + OVERRUN {
            self.begin_overrun(slot);
            return true;
        }
        self.on_slow_consumer_pending(slot);
        false
    }

    /// A connection has more unsent output than `max_pending`: it may get below
    /// that while the producers are held up.
    fn begin_overrun(&mut self, slot: u32) {
        let at = self.now + MAX_PAUSE;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if !std::mem::replace(&mut connection.overruns, true) {
            let cid = connection.cid;
            self.timers.add(Timer {
                at,
                slot,
                cid,
                kind: TimerKind::Overrun,
            });
        }
    }

    /// The time to get below `max_pending` is over.
    pub(super) fn on_overrun_deadline(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.overruns = false;
        // The poll tells of room only when there is a good deal of it.
        connection.blocked = false;
        self.flush(slot, &[]);
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.closing.is_none() && connection.output.pending() > self.runtime.max_pending {
            self.on_slow_consumer_pending(slot);
        }
    }

    /// Tells all shards to drop messages for a connection, or no longer.
    pub(super) fn withhold_from(&mut self, slot: u32, drops: bool) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.withheld = drops;
        let account = connection.account;
        let indexes: Vec<u32> = connection.subscriptions.iter().copied().collect();
        let Some(account) = self.account(account) else {
            return;
        };
        for index in indexes {
            if let Some(subscription) = self.subscriptions.get(index) {
                account.withhold(self.id, index, &subscription.subject, drops);
            }
        }
    }

    /// `max_pending` was exceeded.
    pub(super) fn on_slow_consumer_pending(&mut self, slot: u32) {
        let max = self.runtime.max_pending;
        self.shared.log.info(format_args!(
            "{} - Slow Consumer Detected: MaxPending of {max} Exceeded",
            self.prefix(slot)
        ));
        self.count_slow_consumer(slot);
        self.close(slot, CloseReason::SlowConsumerPendingBytes);
    }
}

/// Appends the rest of the line after the head, for a message that cannot be
/// relayed as it came; returns the bytes that are to follow it.
#[inline(never)]
fn push_size_line<'a>(buffer: &mut Vec<u8>, message: &Message<'a>, headers: bool) -> &'a [u8] {
    if !message.reply.is_empty() {
        buffer.extend_from_slice(message.reply);
        buffer.push(b' ');
    }
    let body = if headers {
        buffer.extend_from_slice(message.header_digits);
        buffer.push(b' ');
        buffer.extend_from_slice(message.size_digits);
        message.body
    } else if message.header_len == 0 {
        buffer.extend_from_slice(message.size_digits);
        message.body
    } else {
        let payload = message.body.get(message.header_len..).unwrap_or_default();
        push_decimal(buffer, payload.len() as u64);
        payload
    };
    buffer.extend_from_slice(b"\r\n");
    body
}
