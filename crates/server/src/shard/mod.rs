//! A shard: one thread, one event loop, the connections that live on it.
//!
//! A turn of the loop: wait for events; for each readable connection read a
//! chunk, act on the operations in it ([`operations`], [`publish`]), write what
//! that made ready ([`flush`]); timers. Mail from other threads comes first.
//! Nothing here waits for anything but the poll.
//!
//! | module | what happens there |
//! | --- | --- |
//! | [`accept`] | a new socket: limits, INFO, the way to `Open` |
//! | [`handshake`] | PROXY header, TLS sniffing, TLS handshake |
//! | [`read`] | socket → bytes → operations |
//! | [`operations`] | what each verb does |
//! | [`login`] | CONNECT |
//! | [`subscribe`] | SUB, UNSUB, removal of subscriptions |
//! | [`publish`] | PUB, HPUB: checks, matching, handing on |
//! | [`run`] | publishes that follow one another on one subject |
//! | [`deliver`] | a message into a connection's output |
//! | [`batch`] | messages that come from other shards |
//! | [`flush`] | output → socket, back-pressure |
//! | [`deadlines`] | timers: pings, stale clients, write deadlines |
//! | [`close`] | the end of a connection |
//! | [`requests`] | kicks, lame duck, shutdown |
//! | [`reauthorize`] | a reload as clients see it |
//! | [`moving`] | connections that move from one shard to another |
//! | [`snapshot`] | what monitoring is told |

mod accept;
pub(crate) mod account_traffic;
mod batch;
pub(crate) mod buffers;
mod certificate;
mod close;
pub(crate) mod connection;
pub(crate) mod control;
mod deadlines;
mod deliver;
mod flush;
mod handshake;
mod login;
pub(crate) mod mailbox;
pub(crate) mod match_cache;
mod moving;
mod operations;
pub(crate) mod output;
mod publish;
mod read;
mod reauthorize;
mod requests;
mod run;
mod snapshot;
mod subscribe;
pub(crate) mod subscriptions;
pub(crate) mod timers;
pub(crate) mod transport;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use midge_wire::close::CloseReason;
use mio::{Events, Poll, Token};
use slab::Slab;

use crate::account::Account;
use crate::batch::Outgoing;
use crate::runtime::Runtime;
use crate::server::Shared;
use crate::spin::{MAX_SPIN, Spin};

pub(crate) use connection::Traffic;
pub(crate) use control::{Control, InternalMessage};
pub(crate) use deliver::Message;
pub(crate) use mailbox::{Mail, Mailbox, NewConnection};
pub(crate) use moving::{MAX_SUBSCRIPTIONS, Parcel};

use buffers::BufferPool;
use connection::Connection;
use match_cache::{MatchCache, Recipients};
use output::InputCopies;
use run::RunBuffers;

use subscriptions::Subscriptions;
use timers::Timers;

/// Bytes read from a connection before it is another's turn: large enough to
/// spread the cost of system calls, small enough that input and the output it
/// makes stay in the second-level cache.
pub(crate) const READ_CHUNK: usize = 128 * 1024;

/// Room before a chunk for the incomplete operation kept from the last one.
/// A longer rest is completed in its own buffer.
pub(crate) const MAX_KEPT_TAIL: usize = 64 * 1024;

/// Token of the mailbox's waker.
pub(crate) const WAKE: Token = Token(usize::MAX);

/// Most events taken in one turn.
const MAX_EVENTS: usize = 1024;

/// A shard's state; only its own thread touches it.
pub(crate) struct Shard {
    id: u16,
    shared: Arc<Shared>,
    runtime: Arc<Runtime>,
    poll: Poll,
    mailbox: Arc<Mailbox>,
    connections: Slab<Box<Connection>>,
    subscriptions: Subscriptions,
    cache: MatchCache,
    /// The last message's recipients: the next message is often on the same
    /// subject.
    current: Option<Box<Recipients>>,
    run_buffers: RunBuffers,
    /// The log takes traces; looked up once per turn.
    traces: bool,
    /// Accounts by number, as far as this shard has met them.
    accounts: Vec<Option<Arc<Account>>>,
    buffers: BufferPool,
    /// Where connections are read into.
    input: Vec<u8>,
    /// Copies of large bodies made at the end of a chunk.
    copies: InputCopies,
    /// Connections with unread input.
    ready: VecDeque<u32>,
    /// Connections with output that was not written yet in this chunk.
    dirty: Vec<u32>,
    /// Bytes queued since the last flush.
    unflushed: usize,
    /// Connections whose output still refers to the chunk of input because
    /// their socket was full.
    blocked: Vec<u32>,
    /// Bytes queued or written because of the chunk being processed.
    produced: usize,
    /// Small chunks whose output is still to be written.
    deferred: usize,
    /// A target of the chunk being processed has a full socket.
    target_blocked: bool,
    /// Number of the chunk of input being processed.
    chunk: u64,
    /// Messages through this shard, published to other threads by `settle`.
    totals: Traffic,
    /// What connections have done that left their account, by its id.
    past_traffic: HashMap<u32, Traffic>,
    /// The connection whose input is being processed.
    producer: Option<u32>,
    /// Connections whose `closing` was set and not yet acted on.
    closing: Vec<u32>,
    /// Batches being gathered.
    outgoing: Outgoing,
    timers: Timers,
    spin: Spin,
    /// Bytes read in this turn.
    input_bytes: usize,
    /// Mail being acted on; kept for its memory.
    mail: Vec<Mail>,
    /// The time of this turn.
    now: Instant,
    /// Scratch for one message line that cannot be relayed as it came.
    line: Vec<u8>,
    /// Scratch for a mapped subject.
    mapped: Vec<u8>,
    rng: fastrand::Rng,
    /// When to end the thread at the latest, once it was told to.
    stop_at: Option<Instant>,
    /// Counts the settings this shard has had.
    settings: u64,
}

impl Shard {
    /// A shard without connections.
    pub(crate) fn new(id: u16, shared: Arc<Shared>, poll: Poll, mailbox: Arc<Mailbox>) -> Self {
        let runtime = shared.runtime.load_full();
        Self {
            id,
            runtime,
            poll,
            mailbox,
            connections: Slab::new(),
            subscriptions: Subscriptions::default(),
            cache: MatchCache::new(),
            current: None,
            run_buffers: RunBuffers::default(),
            traces: shared.log.trace_enabled(),
            accounts: Vec::new(),
            buffers: BufferPool::default(),
            input: vec![0; MAX_KEPT_TAIL + READ_CHUNK],
            copies: InputCopies::default(),
            ready: VecDeque::new(),
            dirty: Vec::new(),
            unflushed: 0,
            blocked: Vec::new(),
            produced: 0,
            deferred: 0,
            target_blocked: false,
            chunk: 0,
            totals: Traffic::default(),
            past_traffic: HashMap::new(),
            producer: None,
            closing: Vec::new(),
            outgoing: Outgoing::new(id),
            timers: Timers::default(),
            spin: Spin::default(),
            input_bytes: 0,
            mail: Vec::new(),
            now: Instant::now(),
            line: Vec::new(),
            mapped: Vec::new(),
            rng: fastrand::Rng::new(),
            stop_at: None,
            settings: 0,
            shared,
        }
    }

    /// Runs the event loop until the server stops.
    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(MAX_EVENTS);
        while !self.has_stopped() {
            if let Err(error) = self.wait_for(&mut events) {
                if error.kind() == io::ErrorKind::Interrupted {
                    continue;
                }
                self.shared
                    .log
                    .error(format_args!("Shard {} cannot poll: {error}", self.id));
                std::thread::sleep(Duration::from_millis(100));
            }
            let woken_at = Instant::now();
            self.now = woken_at;
            self.input_bytes = 0;
            self.traces = self.shared.log.trace_enabled();
            // Before mail: a slot that an event is about may be given away by it.
            for event in &events {
                if event.token() == WAKE {
                    continue;
                }
                let slot = event.token().0 as u32;
                if event.is_writable() {
                    self.guard(Some(slot), |shard| shard.on_writable(slot));
                }
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    let ended = event.is_read_closed() || event.is_error();
                    self.on_readable(slot, ended);
                }
            }
            self.take_mail();
            self.read_round();
            self.guard(None, |shard| {
                shard.on_deadlines();
                shard.settle(&[]);
            });
            self.spin.worked(self.input_bytes);
            self.note_busy(woken_at);
            if self.shared.rendezvous.is_called() {
                self.attend_rendezvous();
            }
        }
    }

    /// Waits for events, mail or a deadline.
    fn wait_for(&mut self, events: &mut Events) -> io::Result<()> {
        let wait = self.wait();
        if wait == Some(Duration::ZERO) {
            return self.poll.poll(events, wait);
        }
        let began = Instant::now();
        if self.spin.pays() {
            let longest = wait.map_or(MAX_SPIN, |wait| wait.min(MAX_SPIN));
            loop {
                self.poll.poll(events, Some(Duration::ZERO))?;
                if !events.is_empty() || self.mailbox.has_mail() {
                    break;
                }
                let now = Instant::now();
                if now - began >= longest && !self.mailbox.expects(now) {
                    break;
                }
                std::thread::yield_now();
            }
            if !events.is_empty() {
                return Ok(());
            }
        }
        if !self.mailbox.may_sleep() {
            return self.poll.poll(events, Some(Duration::ZERO));
        }
        let result = self.poll.poll(events, self.wait());
        self.mailbox.awake();
        self.spin.slept(began.elapsed());
        result
    }

    /// Does a piece of work. A panic in it is a bug of ours: it costs the
    /// connection it was for and nobody else.
    fn guard(&mut self, slot: Option<u32>, work: impl FnOnce(&mut Self)) {
        let outcome = catch_unwind(AssertUnwindSafe(|| work(self)));
        if outcome.is_ok() {
            return;
        }
        // What had been taken out while it was used is lost with the stack.
        if self.input.is_empty() {
            self.input = vec![0; MAX_KEPT_TAIL + READ_CHUNK];
        }
        self.producer = None;
        if let Some(slot) = slot {
            self.close(slot, CloseReason::ReadError);
        }
    }

    /// Acts on what other threads have left. This goes before any input that
    /// was read later: what another shard sent was sent before what a client
    /// sends in answer to it.
    fn take_mail(&mut self) {
        if !self.mailbox.has_mail() {
            return;
        }
        let mut mail = std::mem::take(&mut self.mail);
        self.mailbox.drain(&mut mail);
        for item in mail.drain(..) {
            let batched = item.batched();
            self.guard(None, |shard| shard.on_mail(item));
            self.mailbox.delivered(batched);
        }
        self.mail = mail;
    }

    /// Whether the thread is to end: it was told so, and nobody is left or the
    /// time for last words is over.
    fn has_stopped(&self) -> bool {
        self.stop_at
            .is_some_and(|at| self.connections.is_empty() || self.now >= at)
    }

    /// How long to wait for events.
    fn wait(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let next = match (self.timers.next(), self.stop_at) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// Reads each waiting connection once.
    fn read_round(&mut self) {
        for _ in 0..self.ready.len() {
            let Some(slot) = self.ready.pop_front() else {
                break;
            };
            self.guard(Some(slot), |shard| shard.read(slot));
        }
    }

    /// Accounts for the time of a turn, by which new connections are placed.
    fn note_busy(&self, since: Instant) {
        if let Some(handle) = self.shared.shard(self.id)
            && handle.note_busy(self.shared.uptime(), since.elapsed())
            && let Some(balancer) = self.shared.balancer.get()
        {
            balancer.unpark();
        }
    }

    fn on_mail(&mut self, mail: Mail) {
        match mail {
            Mail::Accept(new) => self.accept(*new),
            Mail::Batch(batch) => self.on_batch(batch),
            Mail::Pause { slot, cid, stalls } => self.pause_for_remote(slot, cid, stalls),
            Mail::Publish(message) => self.publish_internal(&message),
            Mail::Reload(runtime) => self.reload(runtime),
            Mail::Control(control) => self.on_control(*control),
        }
    }

    /// The connection in `slot` if it is still the one with `cid`.
    fn connection(&mut self, slot: u32, cid: u64) -> Option<&mut Connection> {
        let connection = self.connections.get_mut(slot as usize)?;
        (connection.cid == cid).then_some(&mut **connection)
    }

    /// The account numbered `id`.
    fn account(&mut self, id: u32) -> Option<Arc<Account>> {
        let index = id as usize;
        if self.accounts.len() <= index {
            self.accounts.resize(index + 1, None);
        }
        let known = self.accounts.get_mut(index)?;
        if known.is_none() {
            *known = self.shared.accounts.by_id(id);
        }
        known.clone()
    }

    /// Start of the log lines of a connection.
    fn prefix(&self, slot: u32) -> String {
        let Some(connection) = self.connections.get(slot as usize) else {
            return String::new();
        };
        let account = self.shared.accounts.by_id(connection.account);
        connection.log_prefix(account.as_ref().map_or("", |account| &account.name))
    }

    fn log_debug(&self, slot: u32, text: std::fmt::Arguments<'_>) {
        if self.shared.log.debug_enabled() {
            self.shared
                .log
                .debug(format_args!("{} - {text}", self.prefix(slot)));
        }
    }

    fn log_error(&self, slot: u32, text: std::fmt::Arguments<'_>) {
        self.shared
            .log
            .error(format_args!("{} - {text}", self.prefix(slot)));
    }

    #[inline]
    fn tracing(&self) -> bool {
        self.traces
    }

    fn trace(&self, slot: u32, text: std::fmt::Arguments<'_>) {
        self.shared
            .log
            .trace(format_args!("{} - {text}", self.prefix(slot)));
    }
}
