//! Socket → bytes → operations.

use std::io;

use midge_subject::interest::WARMED;
use midge_wire::client::{self, Op, Parsed};
use midge_wire::close::CloseReason;
use smallvec::SmallVec;

use super::connection::Phase;
use super::flush::MAX_PAUSE;
use super::output::BORROW_FROM;
use super::run::SHORTEST_INPUT;
use super::{MAX_KEPT_TAIL, READ_CHUNK, Shard};

/// Growth of the buffer of a message larger than a chunk, in bytes per read:
/// memory follows what arrives, not what was announced.
const LARGE_READ: usize = 1024 * 1024;

/// Chunks shorter than this many bytes may share their writes: what many
/// clients send in small pieces then reaches a target in one. No body in them
/// is large enough to be written from where it lies.
const SMALL_CHUNK: usize = 4 * 1024;
const _: () = assert!(SMALL_CHUNK <= BORROW_FROM);

/// Most small chunks that share their writes, which bounds how long the first
/// one waits: some 50 µs.
const MAX_DEFERRED: usize = 32;

/// Output of one chunk, for all targets together, above which the next one is
/// shorter: it takes some milliseconds, for which all others on the shard wait.
const TURN_OUTPUT: usize = 4 * 1024 * 1024;

/// Least bytes read at a time into such a buffer: of a long line it is not known
/// how much is missing.
const SMALLEST_READ: usize = 16 * 1024;

impl Shard {
    /// The poll said that a connection can be read, or that it has ended.
    pub(super) fn on_readable(&mut self, slot: u32, ended: bool) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.readable = true;
        connection.read_closed |= ended;
        self.queue_read(slot);
    }

    /// Puts a connection on the list of those to be read.
    pub(super) fn queue_read(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.readable && !connection.queued_to_read {
            connection.queued_to_read = true;
            self.ready.push_back(slot);
        }
    }

    /// Reads one chunk of a connection and acts on it.
    pub(super) fn read(&mut self, slot: u32) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.queued_to_read = false;
        if !connection.readable || connection.paused.is_some_and(|until| until > now) {
            return;
        }
        match connection.phase {
            Phase::Open => {
                self.read_open(slot);
                if self.deferred > 0 {
                    return;
                }
            }
            Phase::Proxy | Phase::Sniff => self.sniff(slot),
            Phase::Handshake => self.drive_handshake(slot),
            Phase::Lingering => self.discard_input(slot),
            // Input stays in the kernel until the connection moves on.
            Phase::Authenticating | Phase::Draining => {}
        }
        self.settle(&[]);
    }

    fn read_open(&mut self, slot: u32) {
        if self.outgoing_is_full() {
            // Another shard is behind with our batches: let it catch up.
            self.delay_read(slot);
            return;
        }
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if let Some(worker) = connection.feeds {
            if self.shared.is_full(worker) {
                // Only those who give it work wait for a worker and its disk.
                self.delay_read(slot);
                return;
            }
            connection.feeds = None;
        }
        if connection.tail.len() > MAX_KEPT_TAIL {
            self.read_large(slot);
            return;
        }
        let mut input = std::mem::take(&mut self.input);
        let kept = connection.tail.len();
        if let Some(front) = input.get_mut(..kept) {
            front.copy_from_slice(&connection.tail);
        }
        let size = connection.read_size;
        let chunk = input.get_mut(kept..kept + size).unwrap_or_default();
        match connection.transport.read(chunk) {
            Ok(0) => self.end_of_input(slot, CloseReason::ClientClosed),
            Ok(count) => {
                // A short read has emptied the socket: what comes later makes
                // a new event. An end that was announced is still to be read.
                connection.readable = count == size
                    || connection.read_closed
                    || connection.transport.session().is_some();
                let cid = connection.cid;
                self.input_bytes += count;
                self.take_mail();
                let filled = input.get(..kept + count).unwrap_or_default();
                self.producer = Some(slot);
                self.produced = 0;
                self.target_blocked = false;
                // Mail may have closed it, and the slot may be another's now.
                let still_here = self.connection(slot, cid).is_some();
                let used = if still_here {
                    self.process(slot, filled)
                } else {
                    filled.len()
                };
                self.keep_tail(slot, filled.get(used..).unwrap_or_default());
                self.after_chunk(slot, count);
                if self.may_defer(filled.len()) {
                    self.deferred += 1;
                    self.producer = None;
                } else {
                    self.settle(filled);
                }
                self.queue_read(slot);
            }
            Err(error) => self.on_read_error(slot, &error),
        }
        self.input = input;
    }

    /// Fits the size of a connection's next chunk to what this one, of `count`
    /// bytes, has made, and holds it back if it has to go slowly.
    fn after_chunk(&mut self, slot: u32, count: usize) {
        let (now, produced) = (self.now, self.produced);
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if produced > TURN_OUTPUT {
            let size = (count as u64 * TURN_OUTPUT as u64 / produced as u64) as usize;
            connection.read_size = size.clamp(SMALL_CHUNK, READ_CHUNK);
        } else if connection.read_size < READ_CHUNK && produced < TURN_OUTPUT / 2 {
            connection.read_size = (connection.read_size * 2).min(READ_CHUNK);
        }
        if connection.throttled_until.is_some_and(|until| until > now) {
            self.pause_for_remote_until(slot, now + MAX_PAUSE);
        }
    }

    /// Whether what a chunk of `len` bytes has made can be written together
    /// with what the next connection's chunk makes. Not if somebody is to be
    /// paused for it, or is to be closed.
    fn may_defer(&self, len: usize) -> bool {
        len < SMALL_CHUNK
            && self.deferred < MAX_DEFERRED
            && !self.target_blocked
            && !self.ready.is_empty()
            && self.closing.is_empty()
    }

    /// Continues a message that does not fit in a chunk, in its own buffer.
    fn read_large(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        let mut data = std::mem::take(&mut connection.tail);
        let filled = data.len();
        let missing = match client::parse(&data, &connection.limits) {
            Ok(Parsed::Incomplete { missing }) => missing,
            _ => 1,
        };
        data.resize(filled + missing.clamp(SMALLEST_READ, LARGE_READ), 0);
        let result = connection
            .transport
            .read(data.get_mut(filled..).unwrap_or_default());
        match result {
            Ok(0) => self.end_of_input(slot, CloseReason::ClientClosed),
            Ok(count) => {
                data.truncate(filled + count);
                let cid = connection.cid;
                self.input_bytes += count;
                self.take_mail();
                if self.connection(slot, cid).is_none() {
                    return;
                }
                self.producer = Some(slot);
                let used = self.process(slot, &data);
                self.settle(&data);
                if used == 0 {
                    if let Some(connection) = self.connections.get_mut(slot as usize) {
                        connection.tail = data;
                    }
                } else {
                    self.keep_tail(slot, data.get(used..).unwrap_or_default());
                }
                self.queue_read(slot);
            }
            Err(error) => {
                data.truncate(filled);
                connection.tail = data;
                self.on_read_error(slot, &error);
            }
        }
    }

    fn on_read_error(&mut self, slot: u32, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::WouldBlock => {
                if let Some(connection) = self.connections.get_mut(slot as usize) {
                    connection.readable = false;
                }
            }
            io::ErrorKind::Interrupted => self.queue_read(slot),
            _ => self.end_of_input(slot, CloseReason::ReadError),
        }
    }

    /// The client is gone, or the socket is.
    pub(super) fn end_of_input(&mut self, slot: u32, reason: CloseReason) {
        if let Some(connection) = self.connections.get_mut(slot as usize) {
            connection.readable = false;
            connection.read_closed = true;
        }
        self.close(slot, reason);
    }

    /// Keeps what is not a whole operation yet.
    fn keep_tail(&mut self, slot: u32, rest: &[u8]) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if rest.is_empty() || connection.closing.is_some() {
            // An idle connection owns no buffer.
            connection.tail = Vec::new();
            return;
        }
        connection.tail.clear();
        connection.tail.extend_from_slice(rest);
    }

    /// Acts on the operations in `input`; returns how many bytes they used.
    pub(super) fn process(&mut self, slot: u32, input: &[u8]) -> usize {
        self.chunk += 1;
        let before = self
            .connections
            .get(slot as usize)
            .map(|c| c.traffic)
            .unwrap_or_default();
        let used = self.process_operations(slot, input);
        let now = self.now;
        if let Some(connection) = self.connections.get_mut(slot as usize) {
            let messages = connection.traffic.in_msgs - before.in_msgs;
            self.totals.in_msgs += messages;
            self.totals.in_bytes += connection.traffic.in_bytes - before.in_bytes;
            if messages > 0 {
                connection.last_input = now;
                connection.last_activity = now;
                self.note_partner(slot);
            }
        }
        used
    }

    fn process_operations(&mut self, slot: u32, input: &[u8]) -> usize {
        let mut at = 0;
        // How the line of the last publish began; the next is often on the
        // same subject.
        let mut start: &[u8] = &[];
        // The next publishes on that subject may go as a run.
        let mut runs = false;
        while at < input.len() {
            let Some(connection) = self.connections.get_mut(slot as usize) else {
                return at;
            };
            if !connection.is_open() {
                return at;
            }
            let rest = input.get(at..).unwrap_or_default();
            if runs && rest.starts_with(start) {
                let used = self.relay_run(slot, rest, start, input);
                if used > 0 {
                    at += used;
                    continue;
                }
                // Nor will it for the next ones on this subject.
                runs = false;
                continue;
            }
            if let Some((publish, used)) = client::parse_on_subject(rest, start, &connection.limits)
            {
                at += used;
                self.on_publish(slot, &publish, input, at);
                continue;
            }
            if let Some(op) = connection.skip {
                let Some(end) = memchr::memchr(b'\n', rest) else {
                    return input.len();
                };
                connection.skip = None;
                at += end + 1;
                self.operation(slot, op.op(), input, at);
                continue;
            }
            if !connection.authenticated && !self.may_begin(slot, rest) {
                return at;
            }
            let Some(connection) = self.connections.get(slot as usize) else {
                return at;
            };
            match client::parse(rest, &connection.limits) {
                // Nearly all traffic: the shortest way.
                Ok(Parsed::Op {
                    op: Op::Publish(publish),
                    used,
                }) if !self.tracing() => {
                    start = client::line_start(&publish, rest);
                    runs = !start.is_empty() && input.len() >= SHORTEST_INPUT;
                    at += used;
                    let misses = self.cache.misses();
                    self.on_publish(slot, &publish, input, at);
                    if self.cache.misses() != misses {
                        at = self.publish_ahead(slot, input, at);
                    }
                }
                Ok(Parsed::Op { op, used }) => {
                    start = &[];
                    runs = false;
                    at += used;
                    self.operation(slot, op, input, at);
                }
                Ok(Parsed::Skip { op }) => {
                    if let Some(connection) = self.connections.get_mut(slot as usize) {
                        connection.skip = Some(op);
                    }
                    return input.len();
                }
                Ok(Parsed::Incomplete { .. }) => return at,
                Err(error) => {
                    self.on_parse_error(slot, &error, rest, at);
                    return at;
                }
            }
        }
        at
    }

    /// Handles the publishes from `at` of `input` on, as many as are looked up
    /// together, after one whose recipients were not in the cache: the next
    /// ones' will not be, either. Returns where the rest begins.
    fn publish_ahead(&mut self, slot: u32, input: &[u8], mut at: usize) -> usize {
        let Some(connection) = self.connections.get(slot as usize) else {
            return at;
        };
        let (limits, account) = (connection.limits, connection.account);
        let mut ahead: SmallVec<[_; WARMED]> = SmallVec::new();
        let mut end = at;
        while ahead.len() < WARMED
            && let Ok(Parsed::Op {
                op: Op::Publish(publish),
                used,
            }) = client::parse(input.get(end..).unwrap_or_default(), &limits)
        {
            end += used;
            ahead.push((publish, end));
        }
        let account = self.accounts.get(account as usize);
        if ahead.len() > 1
            && let Some(Some(account)) = account
        {
            let subjects = ahead.iter().map(|(publish, _)| publish.subject);
            account.warm(subjects, |target| {
                if target.shard == self.id {
                    self.subscriptions.touch(target.subscription);
                }
            });
        }
        for (publish, end) in &ahead {
            let connection = self.connections.get(slot as usize);
            if !connection.is_some_and(|connection| connection.is_open()) {
                break;
            }
            at = *end;
            self.on_publish(slot, publish, input, at);
        }
        at
    }

    /// Throws away what a closed client still sends.
    pub(super) fn discard_input(&mut self, slot: u32) {
        let mut input = std::mem::take(&mut self.input);
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        let result = {
            use std::io::Read;
            connection.transport.socket().read(&mut input)
        };
        self.input = input;
        match result {
            Ok(count) if count > 0 => self.queue_read(slot),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => connection.readable = false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.queue_read(slot),
            Ok(_) | Err(_) => self.drop_connection(slot),
        }
    }
}
