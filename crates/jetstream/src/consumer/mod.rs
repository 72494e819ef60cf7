//! A consumer: a cursor over a stream, and what was delivered through it
//! (jetstream-consumers.md).
//!
//! | file | what is in it |
//! | --- | --- |
//! | `start.rs` | where a new consumer starts |
//! | `deliver.rs` | which message is next, and its delivery |
//! | `pull.rs`, `waiting.rs` | pull requests, who is served, statuses |
//! | `push.rs` | push: interest, flow control, heartbeats, rate |
//! | `ack.rs` | acknowledgements |
//! | `pending.rs` | messages that wait for theirs |
//! | `timers.rs` | what time brings: redelivery, expiry, inactivity |
//! | `state.rs` | what is kept on disk, and recovery |
//! | `info.rs` | how it shows in replies |
//! | `subjects.rs` | the subjects that are its own |

mod ack;
mod deliver;
pub mod info;
mod pending;
mod pull;
mod push;
mod start;
mod state;
mod subjects;
mod timers;
pub mod waiting;

use std::collections::{BTreeMap, VecDeque};

use midge_store::{ConsumerStore, Nanos, Seq, SeqPair};

pub use ack::{Ack, AckReference, NakDelay, Verdict};
pub(crate) use deliver::Served;
pub use pull::Pull;
pub(crate) use start::Start;
pub use subjects::ConsumerSubjects;
pub(crate) use timers::{DELETED, Ticked};

use crate::config::{AckPolicy, ConsumerConfig, PriorityPolicy, ReplayPolicy};
use crate::groups::{GroupId, Groups, Mark, Synced};
use crate::stream::Core;
use pending::Pending;
use pull::Pin;
use push::PushState;
use waiting::WaitQueue;

/// Names a consumer for as long as its stream is up. Consumers that come later
/// do not get the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerId {
    slot: u32,
    generation: u32,
}

impl ConsumerId {
    pub(crate) fn new(slot: u32, generation: u32) -> Self {
        Self { slot, generation }
    }

    pub(crate) fn slot(self) -> usize {
        self.slot as usize
    }
}

/// The last messages of every subject, which are sent first.
#[derive(Debug)]
struct SkipList {
    /// Ascending.
    left: VecDeque<Seq>,
    /// Where the consumer goes on after them.
    resume: Seq,
}

/// Delivery at the pace of storing.
#[derive(Debug)]
struct Replay {
    /// The last sequence that is replayed.
    until: Seq,
    /// When the previous message was stored, and when it was delivered.
    previous: Option<(Nanos, Nanos)>,
}

#[derive(Debug)]
pub(crate) struct Consumer {
    pub id: ConsumerId,
    pub name: String,
    pub config: ConsumerConfig,
    pub created: Nanos,
    /// Where its state is kept; `None` if it is not kept.
    store: Option<StoreBox>,
    pub group: GroupId,

    /// Next stream sequence to look at.
    pub next: Seq,
    /// Last used consumer sequence, highest delivered stream sequence.
    pub delivered: SeqPair,
    /// Everything up to here is settled.
    pub floor: SeqPair,
    /// Whether anything was delivered since it began.
    has_delivered: bool,
    last_delivery: Option<Nanos>,
    last_ack: Option<Nanos>,
    pub pending: Pending,
    /// Messages that were delivered again, with how often.
    pub redelivered: BTreeMap<u64, u64>,

    /// Matching messages at or above `next` (or above the skip list), as of
    /// `mark`.
    backlog: u64,
    mark: Mark,
    backlog_known: bool,
    skip: Option<SkipList>,
    replay: Option<Replay>,

    waiting: WaitQueue,
    pin: Option<Pin>,
    push: Option<PushState>,
    /// Share of acknowledgements that are reported, percent.
    sample: i64,

    /// Since when it stands on its group's list of those who wait.
    parked: Option<u64>,
    /// Whether it is on the stream's list of consumers to serve.
    pub is_ready: bool,
    /// It waits for a message that is being read from the disk.
    pub is_reading: bool,
    /// Whether the next flush looks at it.
    pub is_listed_dirty: bool,
    /// Whether it stands on the stream's list of consumers to sync.
    pub is_listed_unsynced: bool,
    /// Number of the pass of delivery.
    pass: u64,
    /// No deliveries before: rate limit and replay.
    sleep_until: Option<Nanos>,
    /// When it is deleted for want of users.
    inactive_at: Option<Nanos>,
    /// The end of a pause that has yet to be told.
    paused_until: Option<Nanos>,
    /// The time for which it stands in the stream's timers.
    pub timer: Option<Nanos>,

    /// Start of its acknowledgement subjects.
    ack_prefix: Vec<u8>,
    /// For putting together an acknowledgement subject and a header.
    reply: Vec<u8>,
    header: Vec<u8>,

    /// Settled since the state was last staged.
    settled: Vec<Seq>,
    floor_changed: bool,
    delivered_changed: bool,
}

struct StoreBox(Box<dyn ConsumerStore>);

impl std::fmt::Debug for StoreBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConsumerStore")
    }
}

impl Consumer {
    /// A consumer that starts at `start`.
    pub fn new(
        id: ConsumerId,
        name: String,
        config: ConsumerConfig,
        created: Nanos,
        start: Start,
        core: &mut Core,
    ) -> Self {
        let group = core.groups.join(&filters(&config));
        let before = SeqPair {
            consumer: 0,
            stream: start.at.previous(),
        };
        let mut consumer = Self {
            id,
            created,
            store: None,
            group,
            next: start.at,
            delivered: before,
            floor: before,
            has_delivered: false,
            last_delivery: None,
            last_ack: None,
            pending: Pending::default(),
            redelivered: BTreeMap::new(),
            backlog: 0,
            mark: Mark::default(),
            backlog_known: false,
            skip: start.skip,
            replay: None,
            waiting: WaitQueue::default(),
            pin: None,
            push: None,
            sample: 0,
            parked: None,
            is_ready: false,
            is_reading: false,
            is_listed_dirty: false,
            is_listed_unsynced: false,
            pass: 0,
            sleep_until: None,
            inactive_at: None,
            paused_until: None,
            timer: None,
            ack_prefix: subjects::ack_prefix(&core.settings, &core.config.name, &name),
            reply: Vec::new(),
            header: Vec::new(),
            settled: Vec::new(),
            floor_changed: false,
            delivered_changed: false,
            name,
            config,
        };
        consumer.begin_replay(core);
        consumer.apply_config(core);
        consumer
    }

    fn begin_replay(&mut self, core: &Core) {
        if self.config.replay_policy == ReplayPolicy::Original {
            self.replay = Some(Replay {
                until: core.store.state().last,
                previous: None,
            });
        }
    }

    /// Takes over what the configuration means for the running consumer.
    fn apply_config(&mut self, core: &Core) {
        self.sample =
            crate::config::consumer_rules::sample_percent(&self.config.sample_freq).unwrap_or(0);
        self.waiting
            .set_by_priority(self.config.priority_policy == PriorityPolicy::Prioritized);
        if self.config.is_push() {
            PushState::apply_config(&mut self.push, &self.config, core);
        }
    }

    /// Replaces the configuration by an update that was checked.
    pub fn set_config(&mut self, config: ConsumerConfig, core: &mut Core) {
        let (old, new) = (filters(&self.config), filters(&config));
        if old != new {
            let group = core.groups.join(&new);
            core.groups.leave(self.group, &old);
            self.group = group;
            self.parked = None;
            self.backlog_known = false;
        }
        let wait_changed =
            self.config.ack_wait != config.ack_wait || self.config.backoff != config.backoff;
        self.config = config;
        if wait_changed {
            self.reset_deadlines();
        }
        self.apply_config(core);
    }

    pub fn filters(&self) -> Vec<&str> {
        filters(&self.config)
    }

    /// Whether messages wait for acknowledgements.
    pub fn tracks_acks(&self) -> bool {
        self.config.ack_policy != AckPolicy::None
    }

    /// Whether it counts as a consumer of its stream: those that only feed
    /// mirrors and sources do not.
    pub fn is_counted(&self) -> bool {
        !self.config.direct && !self.config.sourcing
    }

    /// Number of messages that are yet to be delivered for the first time.
    pub fn num_pending(&mut self, core: &mut Core) -> u64 {
        self.sync_backlog(core);
        let listed = self.skip.as_ref().map_or(0, |skip| skip.left.len() as u64);
        self.backlog + listed
    }

    /// Moves the cursor to the end if nothing is left up to there: messages
    /// that are not for the consumer do not wake it, and are passed by here.
    fn skip_to_end(&mut self, core: &mut Core) {
        self.sync_backlog(core);
        if self.backlog == 0 && self.skip.is_none() {
            self.next = self.next.max(core.store.state().last.next());
        }
    }

    /// Where the messages begin that `backlog` counts.
    fn backlog_start(&self) -> Seq {
        match &self.skip {
            Some(skip) => skip.resume,
            None => self.next,
        }
    }

    fn sync_backlog(&mut self, core: &mut Core) {
        let start = self.backlog_start();
        let Core { groups, store, .. } = core;
        let Some(group) = groups.get(self.group) else {
            return;
        };
        if self.backlog_known
            && group.sync(&mut self.mark, &mut self.backlog, start) == Synced::Exact
        {
            return;
        }
        let was_patient = store.set_patient(true);
        // What can not be read can not be delivered either.
        self.backlog = store
            .count(group.filter(), start, midge_store::Counting::Messages)
            .unwrap_or(0);
        store.set_patient(was_patient);
        self.mark = group.mark();
        self.backlog_known = true;
    }

    /// The messages from `next` on are to be counted anew.
    pub fn forget_backlog(&mut self) {
        self.backlog_known = false;
    }

    /// Whether the message is still needed, on a stream where acknowledged
    /// messages leave (jetstream-consumers.md 3.6).
    pub fn needs(&self, seq: Seq) -> bool {
        if self.redelivered.contains_key(&seq.0) {
            return true;
        }
        match self.config.ack_policy {
            AckPolicy::None | AckPolicy::All | AckPolicy::FlowControl => seq > self.floor.stream,
            AckPolicy::Explicit => {
                seq > self.floor.stream
                    && (seq > self.delivered.stream && seq >= self.next
                        || self.pending.contains(seq))
            }
        }
    }

    /// Whether there is something to do for it that a new message, a request
    /// or an acknowledgement did not bring.
    pub fn wants_service(&self) -> bool {
        if self.config.is_push() {
            self.push.as_ref().is_some_and(PushState::is_active)
        } else {
            !self.waiting.is_empty()
        }
    }

    /// Messages whose removal concerns it, not in order.
    pub fn tracked(&self) -> impl Iterator<Item = Seq> + '_ {
        self.pending
            .iter()
            .map(|entry| entry.seq)
            .chain(self.redelivered.keys().map(|seq| Seq(*seq)))
    }

    /// Whether the removal of a message concerns it.
    pub fn tracks(&self, seq: Seq) -> bool {
        self.pending.contains(seq)
            || (!self.redelivered.is_empty() && self.redelivered.contains_key(&seq.0))
    }

    /// The lowest message whose removal concerns it.
    pub fn lowest_tracked(&self) -> Option<Seq> {
        let pending = self.pending.first().map(|entry| entry.seq);
        let redelivered = self.redelivered.keys().next().map(|seq| Seq(*seq));
        match (pending, redelivered) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Leaves the groups of its stream.
    pub fn leave(&mut self, groups: &mut Groups) {
        groups.leave(self.group, &filters(&self.config));
    }

    pub fn store_mut(&mut self) -> Option<&mut dyn ConsumerStore> {
        self.store.as_mut().map(|store| &mut *store.0 as _)
    }

    pub fn set_store(&mut self, store: Option<Box<dyn ConsumerStore>>) {
        self.store = store.map(StoreBox);
    }
}

/// The filters of a configuration; none for every message.
pub(crate) fn filters(config: &ConsumerConfig) -> Vec<&str> {
    config.filters().collect()
}
