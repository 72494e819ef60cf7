//! A stream: what it stores, for how long, and its consumers
//! (jetstream-streams.md).
//!
//! | file | what is in it |
//! | --- | --- |
//! | `publish.rs` | a published message: checks, storing, what follows |
//! | `dedupe.rs` | message ids that are remembered |
//! | `limits.rs` | what makes room, and removal |
//! | `expiry.rs` | age, TTL and delete markers |
//! | `retention.rs` | messages that consumers are done with |
//! | `purge.rs` | purge, rollup, deletion of messages |
//! | `republish.rs` | what is published again |
//! | `get.rs`, `direct.rs` | reading messages by request |
//! | `consumers.rs` | creating, updating, deleting and serving consumers |
//! | `requests.rs` | API requests about one stream |
//! | `update.rs` | changes of the configuration |
//! | `lifecycle.rs` | creation, recovery, deletion, end |
//! | `info.rs` | how it shows in replies |

mod consumers;
mod dedupe;
mod direct;
mod expiry;
mod files;
mod get;
pub mod info;
mod lifecycle;
mod limits;
mod publish;
mod purge;
mod republish;
mod requests;
mod retention;
mod update;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use midge_store::{FetchTask, Nanos, Seq, StoreError, StreamStore, SyncTask};
use midge_subject::Transform;

pub use direct::DirectGet;
pub use files::{MemoryFiles, StreamFiles};
pub use lifecycle::{
    Offline, StreamParts, meta_json, read_consumer_meta, read_stream_meta, reply_deleted,
    store_options,
};
pub use publish::Publish;
pub(crate) use publish::push_refusal;
pub use requests::{StreamCall, check_before_stream, unpin_group};

use crate::advisory::Herald;
use crate::config::{PersistMode, Storage, StreamConfig};
use crate::consumer::{Ack, Consumer, ConsumerId, ConsumerSubjects, Pull, Served};
use crate::context::{Context, Settings};
use crate::groups::Groups;
use crate::random::Random;
use crate::units::earliest;
use dedupe::Dedupe;
use expiry::Expiry;
use republish::Republisher;

/// What consumers need of their stream.
pub(crate) struct Core {
    pub settings: Arc<Settings>,
    pub config: StreamConfig,
    pub store: Box<dyn StreamStore>,
    pub groups: Groups,
    pub random: Random,
    /// Consumers that may have something to deliver.
    pub ready: Vec<ConsumerId>,
    /// Consumers whose next message is being read from the disk.
    pub reading: Vec<ConsumerId>,
    /// Whether another thread reads for them.
    pub reads_beside: bool,
    /// Messages that a consumer is done with, if that may make them leave.
    pub settled: Vec<Seq>,
    /// No consumer waits for the acknowledgement of a message below this, or
    /// has it in its list of redelivered ones.
    pub lowest_pending: Seq,
}

impl Core {
    pub fn herald(&mut self) -> Herald<'_> {
        Herald {
            settings: &self.settings,
            random: &mut self.random,
            stream: &self.config.name,
        }
    }
}

/// A stream.
pub struct Stream {
    core: Core,
    created: Nanos,
    deleted: bool,
    files: Box<dyn StreamFiles>,
    consumers: Consumers,
    dedupe: Dedupe,
    /// `Nats-Msg-Id` of the last stored message; empty if it has none.
    last_id: Vec<u8>,
    transform: Option<Transform>,
    republisher: Option<Republisher>,
    expiry: Expiry,
    /// Start of every answer to a publish.
    ack_start: Vec<u8>,
    /// Bytes that `Usage` knows of.
    reported_bytes: i64,
    next_warnings: limits::NextWarnings,
    /// A consumer that needed a message when one was last looked for.
    blocker: Option<ConsumerId>,
    subject: Vec<u8>,
    header: Vec<u8>,
    /// Messages that were removed since the last flush because consumers are
    /// done with them.
    settled_unflushed: Vec<Seq>,
    /// A sync failed: consumers are to be written anew.
    in_doubt: bool,
    /// Why messages could not be written, until `flush` has told it.
    flush_failed: Option<StoreError>,
}

/// The consumers of a stream.
#[derive(Default)]
struct Consumers {
    slots: Vec<Option<Box<Consumer>>>,
    generations: Vec<u32>,
    free: Vec<u32>,
    by_name: BTreeMap<String, ConsumerId>,
    /// When consumers have something to do.
    timers: BTreeSet<(Nanos, ConsumerId)>,
    turn: VecDeque<ConsumerId>,
    /// Consumers whose state may have changed since the last flush.
    dirty: Vec<ConsumerId>,
    /// Consumers that were flushed and not synced yet.
    unsynced: Vec<ConsumerId>,
}

impl Consumers {
    fn get(&self, id: ConsumerId) -> Option<&Consumer> {
        let consumer = self.slots.get(id.slot())?.as_deref()?;
        (consumer.id == id).then_some(consumer)
    }

    fn get_mut(&mut self, id: ConsumerId) -> Option<&mut Consumer> {
        let consumer = self.slots.get_mut(id.slot())?.as_deref_mut()?;
        (consumer.id == id).then_some(consumer)
    }

    fn named(&self, name: &str) -> Option<ConsumerId> {
        self.by_name.get(name).copied()
    }

    fn all(&self) -> impl Iterator<Item = &Consumer> {
        self.slots.iter().flatten().map(|consumer| &**consumer)
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Consumer> {
        self.slots
            .iter_mut()
            .flatten()
            .map(|consumer| &mut **consumer)
    }

    /// Consumers that count: not those that feed mirrors and sources.
    fn counted(&self) -> usize {
        self.all().filter(|consumer| consumer.is_counted()).count()
    }

    fn reserve(&mut self) -> ConsumerId {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                self.generations.push(0);
                (self.slots.len() - 1) as u32
            }
        };
        let generation = match self.generations.get_mut(slot as usize) {
            Some(generation) => {
                *generation = generation.wrapping_add(1);
                *generation
            }
            None => 0,
        };
        ConsumerId::new(slot, generation)
    }

    fn put(&mut self, consumer: Consumer) {
        let id = consumer.id;
        self.by_name.insert(consumer.name.clone(), id);
        if let Some(slot) = self.slots.get_mut(id.slot()) {
            *slot = Some(Box::new(consumer));
        }
    }

    fn take(&mut self, id: ConsumerId) -> Option<Box<Consumer>> {
        self.get(id)?;
        let consumer = self.slots.get_mut(id.slot())?.take()?;
        self.by_name.remove(&consumer.name);
        if let Some(at) = consumer.timer {
            self.timers.remove(&(at, id));
        }
        self.release(id);
        Some(consumer)
    }

    /// Gives back the place of a consumer.
    fn release(&mut self, id: ConsumerId) {
        self.free.push(id.slot() as u32);
    }

    /// The state of a consumer may have changed: the next flush looks at it.
    fn note_changed(&mut self, id: ConsumerId) {
        if let Some(consumer) = self.get_mut(id)
            && !consumer.is_listed_dirty
        {
            consumer.is_listed_dirty = true;
            self.dirty.push(id);
        }
    }

    /// The state of any consumer may have changed.
    fn note_all_changed(&mut self) {
        let ids: Vec<ConsumerId> = self.all().map(|consumer| consumer.id).collect();
        for id in ids {
            self.note_changed(id);
        }
    }

    /// Sets the time at which a consumer is looked at again, if it is earlier
    /// than the one that is set.
    fn reschedule(&mut self, id: ConsumerId) {
        self.note_changed(id);
        let Some(consumer) = self.get_mut(id) else {
            return;
        };
        let Some(deadline) = consumer.deadline() else {
            return;
        };
        let old = consumer.timer;
        if old.is_none_or(|old| deadline < old) {
            consumer.timer = Some(deadline);
            if let Some(old) = old {
                self.timers.remove(&(old, id));
            }
            self.timers.insert((deadline, id));
        }
    }
}

impl Stream {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.core.config.name
    }

    /// Its configuration.
    pub fn config(&self) -> &StreamConfig {
        &self.core.config
    }

    /// When it was made.
    pub fn created(&self) -> Nanos {
        self.created
    }

    /// Whether it was deleted: its files are to be removed.
    pub fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// What it captures.
    pub fn subjects(&self) -> &[String] {
        &self.core.config.subjects
    }

    /// Takes over changed settings of server and account.
    pub fn set_settings(&mut self, settings: Arc<Settings>) {
        self.core.settings = settings;
        self.prepare_answers();
    }

    /// Whether [`When::Durable`](crate::effects::When::Durable) means more
    /// than a flush here.
    pub fn waits_for_sync(&self) -> bool {
        self.core.config.storage == Storage::File
            && self.core.config.persist_mode == PersistMode::Default
    }

    /// All consumers.
    pub fn consumer_ids(&self) -> impl Iterator<Item = ConsumerId> + '_ {
        self.consumers.all().map(|consumer| consumer.id)
    }

    /// What is to be subscribed for a consumer.
    pub fn consumer_subjects(&self, id: ConsumerId) -> Option<ConsumerSubjects> {
        let consumer = self.consumers.get(id)?;
        Some(consumer.subjects(&self.core.settings, &self.core.config.name))
    }

    // What arrives.

    /// An acknowledgement.
    pub fn ack(&mut self, id: ConsumerId, ack: Ack<'_>, cx: &mut Context<'_>) {
        let Some(consumer) = self.consumers.get_mut(id) else {
            return;
        };
        let wakes = consumer.ack(ack, &mut self.core, cx);
        if wakes {
            self.wake(id);
        }
        self.consumers.reschedule(id);
        self.apply_retention(cx);
    }

    /// A pull request.
    pub fn pull(&mut self, id: ConsumerId, pull: Pull<'_>, cx: &mut Context<'_>) {
        let Some(consumer) = self.consumers.get_mut(id) else {
            return;
        };
        if consumer.pull(pull, &mut self.core, cx) {
            self.wake(id);
        }
        self.consumers.reschedule(id);
    }

    /// An answer to a flow control request.
    pub fn flow_reply(
        &mut self,
        id: ConsumerId,
        subject: &[u8],
        header: &[u8],
        cx: &mut Context<'_>,
    ) {
        let Some(consumer) = self.consumers.get_mut(id) else {
            return;
        };
        if consumer.flow_reply(subject, header, &mut self.core) {
            self.wake(id);
        }
        self.consumers.note_changed(id);
        self.apply_retention(cx);
    }

    /// Interest in the deliver subject of a push consumer came or went.
    pub fn interest_changed(&mut self, id: ConsumerId, cx: &mut Context<'_>) {
        let Some(consumer) = self.consumers.get_mut(id) else {
            return;
        };
        if consumer.check_interest(&mut self.core, cx) {
            self.wake(id);
        }
        self.consumers.reschedule(id);
    }

    fn wake(&mut self, id: ConsumerId) {
        if let Some(consumer) = self.consumers.get_mut(id)
            && !consumer.is_ready
        {
            consumer.is_ready = true;
            self.core.ready.push(id);
        }
    }

    /// Serves the consumers that may have something to deliver, and counts
    /// what is in use. Whether there is more to do for which the buffer had no
    /// room.
    pub fn settle(&mut self, cx: &mut Context<'_>) -> bool {
        self.apply_retention(cx);
        // Consumers get what was written: a delivery that is taken back would
        // leave a request that waits for nothing.
        if let Err(error) = self.flush_store(cx) {
            self.flush_failed = Some(error);
        }
        loop {
            self.consumers.turn.extend(self.core.ready.drain(..));
            if cx.out.is_full() {
                break;
            }
            let Some(id) = self.consumers.turn.pop_front() else {
                break;
            };
            let Some(consumer) = self.consumers.get_mut(id) else {
                continue;
            };
            consumer.is_ready = false;
            match consumer.serve(&mut self.core, cx) {
                Served::Again => self.wake(id),
                Served::Reading => {
                    if !std::mem::replace(&mut consumer.is_reading, true) {
                        self.core.reading.push(id);
                    }
                }
                Served::Idle => {}
            }
            self.consumers.reschedule(id);
            if !self.core.settled.is_empty() {
                self.apply_retention(cx);
            }
        }
        self.report_usage();
        !self.consumers.turn.is_empty()
    }

    /// From now on nobody waits for the disk in [`settle`](Self::settle): the
    /// tasks of [`take_fetches`](Self::take_fetches) do, on any other thread.
    pub fn read_beside(&mut self) {
        self.core.reads_beside = true;
    }

    /// Tasks that read what consumers deliver next, to be asked for after
    /// [`settle`](Self::settle); [`fetched`](Self::fetched) tells that one is
    /// done.
    pub fn take_fetches(&mut self) -> Vec<FetchTask> {
        self.core.store.take_fetches()
    }

    /// A task has read something: consumers go on when the stream is settled.
    pub fn fetched(&mut self) {
        for id in std::mem::take(&mut self.core.reading) {
            if let Some(consumer) = self.consumers.get_mut(id) {
                consumer.is_reading = false;
            }
            self.wake(id);
        }
    }

    fn report_usage(&mut self) {
        let bytes = i64::try_from(self.core.store.state().bytes).unwrap_or(i64::MAX);
        let change = bytes - self.reported_bytes;
        if change != 0 {
            let storage = self.core.config.storage;
            self.core.settings.account_usage.add(storage, change);
            self.core.settings.server_usage.add(storage, change);
            self.reported_bytes = bytes;
        }
    }

    /// When [`tick`](Self::tick) has something to do: never later.
    pub fn next_deadline(&mut self) -> Option<Nanos> {
        let consumers = self.consumers.timers.first().map(|(at, _)| *at);
        earliest(
            earliest(consumers, self.expiry_deadline()),
            self.dedupe.deadline(),
        )
    }

    /// Does what is due.
    pub fn tick(&mut self, cx: &mut Context<'_>) {
        self.dedupe.expire(cx.now);
        self.expire_messages(cx);
        self.tick_consumers(cx);
    }

    /// A sync of what [`take_syncs`](Self::take_syncs) gave last failed. No
    /// message is taken until everything in doubt was written anew, which the
    /// next tasks do, after [`renew`](Self::renew).
    pub fn sync_failed(&mut self) {
        self.core.store.sync_failed();
        self.in_doubt = true;
    }

    /// Writes the states of all consumers anew after a sync that failed, to be
    /// called before the next tasks are taken.
    ///
    /// # Errors
    /// If one could not be written: to be called again before the next try.
    pub fn renew(&mut self) -> Result<(), StoreError> {
        if !self.in_doubt {
            return Ok(());
        }
        for consumer in self.consumers.all_mut() {
            consumer.renew()?;
        }
        self.consumers.note_all_changed();
        self.in_doubt = false;
        Ok(())
    }

    /// Appends what makes durable all that was flushed.
    pub fn take_syncs(&mut self, tasks: &mut Vec<SyncTask>) {
        tasks.extend(self.core.store.take_sync());
        for id in std::mem::take(&mut self.consumers.unsynced) {
            if let Some(consumer) = self.consumers.get_mut(id) {
                consumer.is_listed_unsynced = false;
                tasks.extend(consumer.take_sync());
            }
        }
    }
}
