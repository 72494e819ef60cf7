//! A worker: one thread, the streams that live on it.
//!
//! A turn: take everything that has arrived and give it to the streams; do
//! what is due; then, stream by stream, serve consumers, hand what was changed
//! to the operating system with one write, and send what may leave at once.
//! What has to be on disk first waits for a sync, which runs on a thread of its
//! own ([`Syncer`]) while the next turns go on. One sync is under way at a
//! time; it covers everything that was flushed before it began.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant, SystemTime};

use midge_jetstream::api::too_many_requests;
use midge_jetstream::consumer::ConsumerId;
use midge_jetstream::effects::{Event, Kind, Message, When};
use midge_jetstream::{Effects, Stream};
use midge_store::{Nanos, StoreError};
use slab::Slab;

use super::aside::Aside;
use super::durability::Durability;
use super::host::{Host, Place};
use super::mailbox::{WorkerMail, WorkerMailbox};
use super::publisher::{Outbound, Publisher};
use super::routes::{Purpose, Routes};
use super::sync::{Waiting, sync_interval};
use super::syncer::{HostTask, Syncer};
use super::timers::MAINTENANCE_INTERVAL;
use super::{AccountState, JetStream};
use crate::account::Account;
use crate::batch::Batch;
use crate::server::Shared;
use crate::spin::Spin;

/// Pause while clients' shards, or streams that get what consumers deliver, are
/// behind with what the worker has sent.
const FULL_SHARD_PAUSE: Duration = Duration::from_micros(200);

/// Buffers of effects kept for reuse.
const MAX_SPARE: usize = 16;

/// Time between two log lines about dropped messages of one stream, or with the
/// same warning.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// Time between two log lines about a stream that can not write. Every message
/// that comes meanwhile would bring one.
const WRITE_ERROR_INTERVAL: Duration = Duration::from_secs(10);

/// The threads beside a worker.
pub(super) struct Asides {
    /// Compresses finished blocks.
    pub(super) packer: Aside,
    /// Reads what consumers deliver next.
    pub(super) reader: Aside,
}

/// A worker's state; only its own thread touches it.
pub(super) struct Worker {
    /// Its number among destinations.
    pub(super) id: u16,
    pub(super) shared: Arc<Shared>,
    pub(super) jetstream: Arc<JetStream>,
    pub(super) mailbox: Arc<WorkerMailbox>,
    pub(super) hosts: Slab<Box<Host>>,
    /// Numbers of streams by account and name.
    pub(super) by_name: HashMap<(u32, String), u32>,
    pub(super) routes: Routes,
    pub(super) publisher: Publisher,
    pub(super) syncer: Syncer,
    asides: Asides,
    /// A sync is under way.
    pub(super) syncing: bool,
    pub(super) sync_began: Instant,
    /// How long the last one took.
    pub(super) sync_time: Duration,
    /// Messages of this turn.
    pub(super) arrived: usize,
    /// Streams whose last sync failed. The next ones write everything anew.
    pub(super) failing: BTreeSet<u32>,
    /// Effects that the sync under way is to cover, with their accounts.
    pub(super) covered: Vec<Waiting>,
    /// Effects for which the next one is needed.
    pub(super) uncovered: Vec<Waiting>,
    pub(super) timers: BTreeSet<(Nanos, u32)>,
    pub(super) dirty: Vec<u32>,
    /// Streams that flushed something in this turn.
    settled: Vec<u32>,
    /// Streams captured what consumers delivered last.
    feeds_streams: bool,
    /// Streams that the sync under way is about.
    pub(super) syncing_hosts: Vec<u32>,
    /// Streams that flushed something since the last sync began.
    pub(super) unsynced: Vec<u32>,
    pub(super) tasks: Vec<HostTask>,
    spare: Vec<Effects>,
    pub(super) spin: Spin,
    pub(super) next_sync: Instant,
    pub(super) next_maintenance: Instant,
    /// Whom to answer once everything is written for the last time.
    pub(super) stopping: Option<SyncSender<()>>,
    pub(super) stopped: bool,
    /// Mail that came while something else was waited for.
    pub(super) later: Vec<WorkerMail>,
}

/// The time, as streams know it.
pub(super) fn now() -> Nanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Nanos(since.map_or(0, |time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)))
}

impl Worker {
    pub(super) fn new(
        id: u16,
        shared: Arc<Shared>,
        jetstream: Arc<JetStream>,
        mailbox: Arc<WorkerMailbox>,
        syncer: Syncer,
        asides: Asides,
    ) -> Self {
        let next_sync = Instant::now() + sync_interval(jetstream.durability);
        Self {
            id,
            shared,
            jetstream,
            mailbox,
            hosts: Slab::new(),
            by_name: HashMap::new(),
            routes: Routes::default(),
            publisher: Publisher::new(id),
            syncer,
            asides,
            syncing: false,
            sync_began: Instant::now(),
            sync_time: Duration::ZERO,
            arrived: 0,
            failing: BTreeSet::new(),
            covered: Vec::new(),
            uncovered: Vec::new(),
            timers: BTreeSet::new(),
            dirty: Vec::new(),
            settled: Vec::new(),
            feeds_streams: false,
            syncing_hosts: Vec::new(),
            unsynced: Vec::new(),
            tasks: Vec::new(),
            spare: Vec::new(),
            spin: Spin::default(),
            next_sync,
            next_maintenance: Instant::now() + MAINTENANCE_INTERVAL,
            stopping: None,
            stopped: false,
            later: Vec::new(),
        }
    }

    /// Works until it is told to stop.
    pub(super) fn run(mut self) {
        let mut mail = Vec::new();
        while !self.stopped {
            let wait = self.wait();
            self.mailbox.receive(&mut mail, wait, &mut self.spin);
            let now = now();
            self.arrived = 0;
            for item in mail.drain(..) {
                self.guard(|worker| worker.on_mail(item, now));
                for item in std::mem::take(&mut self.later) {
                    self.guard(|worker| worker.on_mail(item, now));
                }
            }
            self.guard(|worker| worker.on_timers(now));
            self.guard(|worker| worker.settle(now));
            self.publisher.send(&self.shared);
            self.guard(|worker| worker.begin_sync(false));
            self.publisher.send(&self.shared);
            if let Some(answer) = self.stopping.take() {
                self.guard(|worker| worker.stop(now));
                self.stopped = true;
                let _ = answer.send(());
                break;
            }
            if self.shared.rendezvous.is_called() {
                self.shared.rendezvous.attend(self.id);
            }
            // Nobody waits for this.
            self.guard(Self::pack_finished);
        }
    }

    /// Lets the blocks be compressed that the turn has finished.
    fn pack_finished(&mut self) {
        for number in std::mem::take(&mut self.settled) {
            self.pack(number);
        }
    }

    /// Takes in a block that was compressed, and has the next one compressed.
    fn pack(&mut self, number: u32) {
        let Some(host) = self.hosts.get_mut(number as usize) else {
            return;
        };
        match host.stream.take_packing() {
            Ok(Some(task)) => {
                let mailbox = self.mailbox.clone();
                let tell = move || mailbox.send(WorkerMail::Packed(number));
                self.asides.packer.begin(|| task.run(), tell);
            }
            Ok(None) => {}
            Err(error) => self.shared.log.error(format_args!(
                "{}",
                describe(&host.account, &host.stream, &error)
            )),
        }
    }

    /// Compresses the blocks that were finished lately, at the end.
    pub(super) fn compress_finished(&mut self) {
        for number in std::mem::take(&mut self.settled) {
            let Some(host) = self.hosts.get_mut(number as usize) else {
                continue;
            };
            if let Err(error) = host.stream.compress_finished() {
                log_write_error(&self.shared, host, &error);
            }
        }
    }

    /// Does a piece of work. A panic in it is a bug of ours; the other streams
    /// go on.
    fn guard(&mut self, work: impl FnOnce(&mut Self)) {
        // The panic hook has reported it.
        let _ = catch_unwind(AssertUnwindSafe(|| work(self)));
    }

    /// How long to wait for mail.
    fn wait(&self) -> Option<Duration> {
        if !self.dirty.is_empty() {
            // Consumers with more to deliver, unless their shards are behind.
            return Some(if self.receivers_are_full() {
                FULL_SHARD_PAUSE
            } else {
                Duration::ZERO
            });
        }
        let maintenance = self
            .next_maintenance
            .saturating_duration_since(Instant::now());
        // In between there is nothing that maintenance would not do as well.
        let sync = match self.jetstream.durability {
            Durability::Interval(_) => {
                Some(self.next_sync.saturating_duration_since(Instant::now()))
            }
            Durability::Group => None,
        };
        let timer = self.timers.first().map(|&(at, _)| {
            let left = at.0.saturating_sub(now().0).max(0);
            Duration::from_nanos(left.unsigned_abs())
        });
        [Some(maintenance), sync, timer].into_iter().flatten().min()
    }

    /// Whether those are behind to whom consumers deliver.
    fn receivers_are_full(&self) -> bool {
        let shards = self.shared.all_shards();
        shards.iter().any(|shard| shard.mailbox.is_full())
            || self.feeds_streams && self.jetstream.has_full_worker()
    }

    fn on_mail(&mut self, mail: WorkerMail, now: Nanos) {
        match mail {
            WorkerMail::Batch(batch) => self.on_batch(batch, now),
            WorkerMail::Interest { host, consumer } => {
                self.with_host(host, now, |stream, cx| {
                    stream.interest_changed(consumer, cx)
                });
            }
            WorkerMail::Synced(outcome) => self.on_synced(&outcome),
            WorkerMail::Packed(number) => self.pack(number),
            WorkerMail::Fetched(number) => {
                self.with_host(number, now, |stream, _| stream.fetched())
            }
            // The end of the turn looks.
            WorkerMail::Rendezvous => {}
            WorkerMail::Command(command) => self.on_command(*command, now),
        }
    }

    fn on_batch(&mut self, batch: Box<Batch>, now: Nanos) {
        self.arrived += batch.messages.len();
        self.announce_answers(batch.from);
        let mut first = 0;
        for item in &batch.messages {
            let Some(message) = item.message(&batch.bytes) else {
                break;
            };
            let end = item.targets_end as usize;
            let targets = batch.targets.get(first..end).unwrap_or_default();
            first = end;
            for target in targets {
                let route = self.routes.get(target.subscription, target.generation);
                let Some(route) = route else { continue };
                let Some(host) = self.hosts.get_mut(route.host as usize) else {
                    continue;
                };
                if route.purpose == Purpose::Publish
                    && let Some(why) = host.note_arrival(message.body.len(), self.jetstream.queues)
                {
                    refuse_publish(&self.shared, &mut self.publisher, host, message.reply, why);
                    continue;
                }
                host.take(route.purpose, &message, now);
                if !host.dirty {
                    host.dirty = true;
                    self.dirty.push(route.host);
                }
            }
        }
        batch.recycle(&self.shared);
    }

    /// Does something with a stream; what comes of it leaves when the turn is
    /// settled.
    pub(super) fn with_host(
        &mut self,
        number: u32,
        now: Nanos,
        act: impl FnOnce(&mut Stream, &mut midge_jetstream::Context<'_>),
    ) {
        if let Some(host) = self.hosts.get_mut(number as usize) {
            host.parts(now, act);
        }
        self.mark(number);
    }

    pub(super) fn mark(&mut self, number: u32) {
        if let Some(host) = self.hosts.get_mut(number as usize)
            && !host.dirty
        {
            host.dirty = true;
            self.dirty.push(number);
        }
    }

    /// Takes in a stream that was made or opened.
    pub(super) fn add_host(
        &mut self,
        account: &Arc<Account>,
        name: &str,
        stream: Stream,
        effects: Effects,
    ) -> u32 {
        let mut stream = stream;
        stream.read_beside();
        let entry = self.hosts.vacant_entry();
        let number = entry.key() as u32;
        entry.insert(Box::new(Host::new(
            number,
            stream,
            account.clone(),
            effects,
        )));
        self.by_name.insert((account.id, name.to_owned()), number);
        self.dirty.push(number);
        self.subscribe_stream(number);
        number
    }

    fn subscribe_stream(&mut self, number: u32) {
        let mut place = Place {
            worker: self.id,
            mailbox: &self.mailbox,
            routes: &mut self.routes,
        };
        if let Some(host) = self.hosts.get_mut(number as usize) {
            host.subscribe_stream(&mut place);
        }
    }

    /// Takes a stream out: nothing reaches it any more.
    pub(super) fn remove_host(&mut self, number: u32) -> Option<Box<Host>> {
        let mut host = self.hosts.try_remove(number as usize)?;
        let mut place = Place {
            worker: self.id,
            mailbox: &self.mailbox,
            routes: &mut self.routes,
        };
        host.unsubscribe_all(&mut place);
        self.by_name
            .remove(&(host.account.id, host.stream.name().to_owned()));
        if let Some(at) = host.timer {
            self.timers.remove(&(at, number));
        }
        self.failing.remove(&number);
        Some(host)
    }

    /// Settles every stream that something happened to. While receivers are behind
    /// nothing is delivered; what was published is written and acknowledged all
    /// the same, so that a reader of much holds up no publisher.
    fn settle(&mut self, now: Nanos) {
        let may_deliver = !self.receivers_are_full();
        self.feeds_streams &= !may_deliver;
        for number in std::mem::take(&mut self.dirty) {
            self.settle_with(number, now, may_deliver);
        }
    }

    pub(super) fn settle_host(&mut self, number: u32, now: Nanos) {
        self.settle_with(number, now, true);
    }

    fn settle_with(&mut self, number: u32, now: Nanos, may_deliver: bool) {
        let Some(host) = self.hosts.get_mut(number as usize) else {
            return;
        };
        host.dirty = false;
        host.arrived = (0, 0);
        self.settled.push(number);
        let mut more = !may_deliver;
        let mut failed = Ok(());
        host.parts(now, |stream, cx| {
            if may_deliver {
                more = stream.settle(cx);
            }
            failed = stream.flush(cx);
        });
        if let Some(line) = host.note_written(&failed) {
            self.shared.log.error(format_args!(
                "{}",
                describe(&host.account, &host.stream, &line)
            ));
        }
        if !std::mem::replace(&mut host.unsynced, true) {
            self.unsynced.push(number);
        }
        for task in host.stream.take_fetches() {
            let mailbox = self.mailbox.clone();
            let tell = move || mailbox.send(WorkerMail::Fetched(number));
            self.asides.reader.begin(|| task.run(), tell);
        }
        let events = host.effects.take_events();
        let waits = self.jetstream.durability == Durability::Group && host.stream.waits_for_sync();
        let account = host.account.clone();
        let effects = std::mem::replace(&mut host.effects, self.spare.pop().unwrap_or_default());
        self.arm(number);
        for event in events {
            self.on_event(number, event);
        }
        if more {
            self.mark(number);
        }
        let mut kept = false;
        let state = self.jetstream.account(account.id);
        for message in effects.messages() {
            if waits && message.when == When::Durable {
                kept = true;
                continue;
            }
            self.publish(&account, state.as_deref(), &message);
        }
        if kept {
            self.uncovered.push(Waiting {
                host: number,
                account,
                effects,
            });
        } else {
            self.reuse(effects);
        }
    }

    /// Sends one message of a stream.
    pub(super) fn publish(
        &mut self,
        account: &Account,
        state: Option<&AccountState>,
        message: &Message<'_>,
    ) {
        if let Some(state) = state {
            state.count(message.kind);
        }
        if message.to.is_empty() {
            return;
        }
        let outbound = Outbound {
            to: message.to,
            subject: message.subject,
            reply: message.reply,
            header: message.header,
            payload: message.payload,
        };
        let feeds = self.publisher.publish(&self.shared, account, &outbound);
        self.feeds_streams |= feeds && matches!(message.kind, Kind::Delivery(..));
    }

    pub(super) fn reuse(&mut self, mut effects: Effects) {
        effects.clear();
        if self.spare.len() < MAX_SPARE {
            self.spare.push(effects);
        }
    }

    fn on_event(&mut self, number: u32, event: Event) {
        let subscribe = |worker: &mut Self, id: ConsumerId, there: bool| {
            let mut place = Place {
                worker: worker.id,
                mailbox: &worker.mailbox,
                routes: &mut worker.routes,
            };
            if let Some(host) = worker.hosts.get_mut(number as usize) {
                if there {
                    host.subscribe_consumer(&mut place, id);
                } else {
                    host.unsubscribe_consumer(&mut place, id);
                }
            }
        };
        match event {
            Event::ConsumerStarted(id) | Event::ConsumerChanged(id) => {
                subscribe(self, id, true);
                // Interest may have come before the watch.
                self.with_host(number, now(), |stream, cx| stream.interest_changed(id, cx));
            }
            Event::ConsumerEnded(id) => subscribe(self, id, false),
            Event::SubjectsChanged => self.subscribe_stream(number),
            Event::Warning(text) => {
                let log = &self.shared.log;
                log.warn_limited(&text, LOG_INTERVAL, format_args!("{text}"));
            }
        }
    }
}

/// Logs that a stream could not write, once in a while.
pub(super) fn log_write_error(shared: &Shared, host: &Host, error: &StoreError) {
    let name = format!("{} > {}", host.account.name, host.stream.name());
    shared.log.error_limited(
        &name,
        WRITE_ERROR_INTERVAL,
        format_args!("{}", describe(&host.account, &host.stream, error)),
    );
}

pub(super) fn describe(
    account: &Account,
    stream: &Stream,
    error: &dyn std::fmt::Display,
) -> String {
    format!(
        "JetStream stream '{} > {}': {error}",
        account.name,
        stream.name()
    )
}

/// Tells a publisher that its message was dropped because too many came at
/// once (jetstream-api.md 5.2).
#[cold]
fn refuse_publish(
    shared: &Shared,
    publisher: &mut Publisher,
    host: &Host,
    reply: &[u8],
    why: &str,
) {
    let name = host.stream.name();
    shared.log.warn_limited(
        name,
        LOG_INTERVAL,
        format_args!(
            "Dropping messages due to excessive stream ingest rate on '{}' > '{name}': {why}",
            host.account.name
        ),
    );
    if reply.is_empty() {
        return;
    }
    let (mut header, mut payload) = (Vec::new(), Vec::new());
    too_many_requests(name, &mut header, &mut payload);
    let outbound = Outbound {
        to: reply,
        subject: reply,
        reply: b"",
        header: &header,
        payload: &payload,
    };
    publisher.publish(shared, &host.account, &outbound);
}
