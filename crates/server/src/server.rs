//! The server: what all its threads share, starting, stopping.

use std::net::TcpListener as StdListener;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::{ArcSwap, ArcSwapOption};
use crossbeam_queue::ArrayQueue;
use midge_log::Logger;
use mio::{Poll, Waker};
use parking_lot::{Mutex, RwLock};

use crate::account::{Account, Accounts};
use crate::batch::{Batch, FIRST_WORKER};
use crate::counters::{Counters, ShardTotals};
use crate::internal::Internal;
use crate::jetstream::{JetStream, WorkerMail};
use crate::monitor::ClosedConnections;
use crate::rendezvous::Rendezvous;
use crate::runtime::Runtime;
use crate::shard::{Control, Mail, Mailbox, Shard, Traffic, WAKE};
use crate::slow_checks::SlowChecks;

/// First connection id given to a client. Lower ones belong to the server
/// itself, as clients of the peer see it.
const FIRST_CLIENT_ID: u64 = 5;

/// Most idle batches kept for reuse.
const MAX_IDLE_BATCHES: usize = 64;

/// Share of a shard's time in use above which new connections go elsewhere, in
/// percent. Below it, connections are kept together: those that talk to each
/// other then need no hop between threads.
pub(crate) const BUSY_PERCENT: u32 = 60;

/// Connections on one shard above which new ones go elsewhere although it is
/// not busy: connections move only once they have work, some at a time.
const CROWDED: usize = 4096;

/// Use of a shard from which it is worth a look whether connections should
/// move, in percent.
const WORTH_A_LOOK: u32 = 10;

/// Interval over which a shard's use is measured.
const BUSY_WINDOW: Duration = Duration::from_millis(200);

/// How long a stop waits for shards to write their last output.
const STOP_PATIENCE: Duration = Duration::from_secs(12);

/// What the server is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Not yet accepting clients.
    Starting,
    /// Accepting clients.
    Running,
    /// Lame duck: existing clients only, and those not for long.
    LameDuck,
    /// Shutting down.
    Stopping,
}

/// How new connections are spread over shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// Kept together while the first shard has time to spare.
    #[default]
    Together,
    /// Each in turn on the next shard.
    Spread,
    /// In turn, and moved from shard to shard all the time; for tests.
    Restless,
}

/// Identity of a running server, new at each start.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Public server nkey.
    pub id: String,
    /// Public curve key.
    pub xkey: String,
    /// Configured name, else `id`.
    pub name: String,
}

/// One shard as other threads see it.
pub(crate) struct ShardHandle {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) totals: ShardTotals,
    connections: AtomicU32,
    /// Nanoseconds of work in the current window, and when it began.
    busy: AtomicU64,
    window_began: AtomicU64,
    percent: AtomicU32,
}

impl ShardHandle {
    fn new(mailbox: Arc<Mailbox>) -> Self {
        Self {
            mailbox,
            totals: ShardTotals::default(),
            connections: AtomicU32::new(0),
            busy: AtomicU64::new(0),
            window_began: AtomicU64::new(0),
            percent: AtomicU32::new(0),
        }
    }

    /// How busy the shard is, in percent of a core.
    pub(crate) fn percent(&self, now: Duration) -> u32 {
        let began = Duration::from_nanos(self.window_began.load(Ordering::Relaxed));
        if now.saturating_sub(began) > 2 * BUSY_WINDOW {
            // It sleeps: nobody has ended the window.
            return 0;
        }
        self.percent.load(Ordering::Relaxed)
    }

    /// Adds the time of one turn; called by the shard only. Whether a window has
    /// ended in which the shard had something to do.
    pub(crate) fn note_busy(&self, now: Duration, spent: Duration) -> bool {
        let busy = self.busy.load(Ordering::Relaxed) + spent.as_nanos() as u64;
        let now = now.as_nanos() as u64;
        let elapsed = now.saturating_sub(self.window_began.load(Ordering::Relaxed));
        if elapsed < BUSY_WINDOW.as_nanos() as u64 {
            self.busy.store(busy, Ordering::Relaxed);
            return false;
        }
        let percent = (busy * 100 / elapsed.max(1)) as u32;
        self.percent.store(percent, Ordering::Relaxed);
        self.busy.store(0, Ordering::Relaxed);
        self.window_began.store(now, Ordering::Relaxed);
        percent >= WORTH_A_LOOK
    }

    /// Notes how many connections the shard has.
    pub(crate) fn note_connections(&self, count: usize) {
        self.connections.store(count as u32, Ordering::Relaxed);
    }

    /// Makes the shard's message counts visible to other threads.
    #[inline]
    pub(crate) fn publish_totals(&self, traffic: &Traffic) {
        self.totals
            .in_msgs
            .store(traffic.in_msgs, Ordering::Relaxed);
        self.totals
            .in_bytes
            .store(traffic.in_bytes, Ordering::Relaxed);
        self.totals
            .out_msgs
            .store(traffic.out_msgs, Ordering::Relaxed);
        self.totals
            .out_bytes
            .store(traffic.out_bytes, Ordering::Relaxed);
    }
}

/// What all threads of a server share.
pub struct Shared {
    /// The log.
    pub log: Logger,
    /// Settings in force.
    pub runtime: ArcSwap<Runtime>,
    /// Who the server is.
    pub identity: Identity,
    /// All accounts.
    pub accounts: Accounts,
    /// The system account, if there is one.
    pub(crate) system_account: Option<Arc<Account>>,
    /// Counters.
    pub counters: Counters,
    pub(crate) shards: OnceLock<Box<[ShardHandle]>>,
    /// JetStream, if it is on.
    pub(crate) jetstream: ArcSwapOption<JetStream>,
    pub(crate) next_cid: AtomicU64,
    pub(crate) batches: ArrayQueue<Box<Batch>>,
    pub(crate) internal: Internal,
    pub(crate) slow_checks: SlowChecks,
    pub(crate) closed: ClosedConnections,
    /// Where threads meet to move connections.
    pub(crate) rendezvous: Rendezvous,
    /// Held for writing while connections move, for reading by those who ask or
    /// tell all shards something about connections.
    pub(crate) moves: RwLock<()>,
    /// The thread that has connections moved.
    pub(crate) balancer: OnceLock<Thread>,
    state: AtomicU8,
    next_place: AtomicU32,
    pub(crate) placement: Placement,
    /// When the server was started.
    pub started: SystemTime,
    started_at: Instant,
}

impl Shared {
    /// What the server is doing.
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Starting,
            1 => State::Running,
            2 => State::LameDuck,
            _ => State::Stopping,
        }
    }

    /// Moves on to `state`; `false` if the server is that far or further.
    pub(crate) fn advance(&self, state: State) -> bool {
        let next = state as u8;
        let up = |now: u8| (now < next).then_some(next);
        self.state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, up)
            .is_ok()
    }

    pub(crate) fn accepts_clients(&self) -> bool {
        matches!(self.state(), State::Starting | State::Running)
    }

    /// A shard by its number.
    #[inline]
    pub(crate) fn shard(&self, id: u16) -> Option<&ShardHandle> {
        self.shards.get()?.get(usize::from(id))
    }

    pub(crate) fn all_shards(&self) -> &[ShardHandle] {
        self.shards.get().map_or(&[], |shards| shards)
    }

    /// Time since the server was started.
    pub fn uptime(&self) -> Duration {
        self.started_at.elapsed()
    }

    pub(crate) fn is_system_account(&self, id: u32) -> bool {
        self.system_account
            .as_ref()
            .is_some_and(|account| account.id == id)
    }

    /// The shard for a new connection.
    pub(crate) fn place(&self) -> u16 {
        let shards = self.all_shards();
        let turn = self.next_place.fetch_add(1, Ordering::Relaxed) as usize;
        if self.placement != Placement::Together {
            return (turn % shards.len().max(1)) as u16;
        }
        let now = self.uptime();
        let has_room = |handle: &&ShardHandle| {
            handle.percent(now) < BUSY_PERCENT
                && (handle.connections.load(Ordering::Relaxed) as usize) < CROWDED
        };
        let first = shards.iter().position(|handle| has_room(&handle));
        let least = || {
            let load = |handle: &ShardHandle| {
                let percent = handle.percent(now) / 10;
                (percent, handle.connections.load(Ordering::Relaxed))
            };
            shards
                .iter()
                .enumerate()
                .min_by_key(|(_, handle)| load(handle))
                .map(|(id, _)| id)
        };
        first.or_else(least).unwrap_or(0) as u16
    }

    /// Hands a batch to a shard or a JetStream worker.
    pub(crate) fn hand_over(&self, to: u16, batch: Box<Batch>) {
        if to >= FIRST_WORKER {
            if let Some(jetstream) = &*self.jetstream.load() {
                jetstream.mailbox(to).send(WorkerMail::Batch(batch));
            }
        } else if let Some(handle) = self.shard(to) {
            handle.mailbox.send(Mail::Batch(batch));
        }
    }

    /// Whether so many messages wait for a destination that no more should be
    /// added to them.
    pub(crate) fn is_full(&self, to: u16) -> bool {
        if to >= FIRST_WORKER {
            let jetstream = self.jetstream.load();
            jetstream
                .as_ref()
                .is_some_and(|jetstream| jetstream.mailbox(to).is_full())
        } else {
            self.shard(to)
                .is_some_and(|handle| handle.mailbox.is_full())
        }
    }

    /// Sends a rare request to every shard.
    pub(crate) fn broadcast(&self, make: impl Fn() -> Control) {
        for handle in self.all_shards() {
            handle.mailbox.send(Mail::Control(Box::new(make())));
        }
    }
}

/// How a server is put together.
pub struct Setup {
    /// The log.
    pub log: Logger,
    /// Settings.
    pub runtime: Runtime,
    /// Who the server is.
    pub identity: Identity,
    /// Accounts, as configured.
    pub accounts: Accounts,
    /// The system account.
    pub system_account: Option<Arc<Account>>,
    /// Number of shards.
    pub shards: usize,
    /// How connections are spread over them.
    pub placement: Placement,
}

/// A running server.
pub struct Server {
    shared: Arc<Shared>,
    shard_threads: Mutex<Vec<JoinHandle<()>>>,
    acceptor: Mutex<Option<(JoinHandle<()>, Waker)>>,
}

impl Server {
    /// Starts the shards; clients are accepted after [`Server::accept_on`].
    ///
    /// # Errors
    /// When the operating system gives no poll, descriptor or thread.
    pub fn start(setup: Setup) -> std::io::Result<Self> {
        let count = setup.shards.clamp(1, usize::from(FIRST_WORKER));
        let max_closed = setup.runtime.max_closed_clients;
        let shared = Arc::new(Shared {
            log: setup.log,
            runtime: ArcSwap::from_pointee(setup.runtime),
            identity: setup.identity,
            accounts: setup.accounts,
            system_account: setup.system_account,
            counters: Counters::default(),
            shards: OnceLock::new(),
            jetstream: ArcSwapOption::empty(),
            next_cid: AtomicU64::new(FIRST_CLIENT_ID),
            batches: ArrayQueue::new(MAX_IDLE_BATCHES),
            internal: Internal::default(),
            slow_checks: SlowChecks::default(),
            closed: ClosedConnections::new(max_closed),
            rendezvous: Rendezvous::default(),
            moves: RwLock::new(()),
            balancer: OnceLock::new(),
            state: AtomicU8::new(State::Starting as u8),
            next_place: AtomicU32::new(0),
            placement: setup.placement,
            started: SystemTime::now(),
            started_at: Instant::now(),
        });
        let mut polls = Vec::with_capacity(count);
        let mut handles = Vec::with_capacity(count);
        for _ in 0..count {
            let poll = Poll::new()?;
            let mailbox = Arc::new(Mailbox::new(Waker::new(poll.registry(), WAKE)?));
            handles.push(ShardHandle::new(mailbox.clone()));
            polls.push((poll, mailbox));
        }
        // Set once, here.
        let _ = shared.shards.set(handles.into_boxed_slice());
        let mut threads = Vec::with_capacity(count);
        for (id, (poll, mailbox)) in polls.into_iter().enumerate() {
            let shared = shared.clone();
            let thread = std::thread::Builder::new().name(format!("shard-{id}"));
            threads.push(thread.spawn(move || {
                Shard::new(id as u16, shared, poll, mailbox).run();
            })?);
        }
        SlowChecks::start(&shared)?;
        crate::balance::start(&shared)?;
        Ok(Self {
            shared,
            shard_threads: Mutex::new(threads),
            acceptor: Mutex::new(None),
        })
    }

    /// What the server's threads share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Begins to accept clients.
    ///
    /// # Errors
    /// When the operating system gives no poll or thread.
    pub fn accept_on(&self, listener: StdListener) -> std::io::Result<()> {
        let (acceptor, waker) = crate::acceptor::Acceptor::new(self.shared.clone(), listener)?;
        let thread = std::thread::Builder::new().name("acceptor".to_owned());
        let thread = thread.spawn(move || acceptor.run())?;
        *self.acceptor.lock() = Some((thread, waker));
        self.shared.advance(State::Running);
        Ok(())
    }

    /// Closes the client listener.
    pub(crate) fn stop_accepting(&self) {
        if let Some((thread, waker)) = self.acceptor.lock().take() {
            // A failed wake means that the thread is gone already.
            let _ = waker.wake();
            let _ = thread.join();
        }
    }

    /// Closes all connections after writing what is queued for them, and ends
    /// the shards.
    pub fn stop(&self) {
        self.shared.advance(State::Stopping);
        self.stop_accepting();
        self.shared.broadcast(|| Control::Shutdown);
        let patience = Instant::now() + STOP_PATIENCE;
        for thread in self.shard_threads.lock().drain(..) {
            while !thread.is_finished() && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(2));
            }
            if thread.is_finished() {
                // A panic has been reported by the panic hook.
                let _ = thread.join();
            }
        }
    }
}
