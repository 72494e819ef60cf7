//! Accounts: separate subject spaces. Every connection and every subscription
//! belongs to exactly one (security.md 6).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use midge_identity::Permissions;
use midge_jetstream::consumer::ConsumerId;
use midge_subject::SubjectArc;
use midge_subject::interest::{Generations, InterestTable};
use midge_subject::mapping::Mappings;
use parking_lot::{Mutex, RwLock};

use crate::jetstream::{WorkerMail, WorkerMailbox};

/// Name of the account of connections that name none.
pub const GLOBAL_ACCOUNT: &str = "$G";
/// Name of the system account that exists unless another is configured.
pub const SYSTEM_ACCOUNT: &str = "$SYS";

/// Shard number of the server's own subscriptions.
pub(crate) const INTERNAL_SHARD: u16 = u16::MAX;

/// Time between two log lines about the same account's subscription limit.
const LIMIT_LOG_INTERVAL: Duration = Duration::from_secs(2);

/// Where a matching message goes: a subscription on a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    /// Number of the subscription on its shard.
    pub(crate) subscription: u32,
    /// The shard, or [`INTERNAL_SHARD`].
    pub(crate) shard: u16,
    /// Generation of the subscription's number.
    pub(crate) generation: u16,
    /// Number of its queue name in the account; 0 for none.
    pub(crate) queue: u32,
}

/// A consumer that wants to know when interest in its deliver subject changes.
pub(crate) struct Watch {
    /// Its worker.
    pub(crate) mailbox: Arc<WorkerMailbox>,
    /// Number of its stream there.
    pub(crate) host: u32,
    /// The consumer.
    pub(crate) consumer: ConsumerId,
}

impl Watch {
    fn tell(&self) {
        self.mailbox.send(WorkerMail::Interest {
            host: self.host,
            consumer: self.consumer,
        });
    }
}

/// Limits of an account; `-1` is "no limit here".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountLimits {
    /// Client connections.
    pub max_connections: i64,
    /// Subscriptions per connection.
    pub max_subscriptions: i64,
    /// Bytes of a message.
    pub max_payload: i64,
    /// Leaf node connections.
    pub max_leafnodes: i64,
}

impl Default for AccountLimits {
    fn default() -> Self {
        Self {
            max_connections: -1,
            max_subscriptions: -1,
            max_payload: -1,
            max_leafnodes: -1,
        }
    }
}

/// Queue names of an account by small numbers, counted by their members.
#[derive(Debug, Default)]
struct QueueNames {
    by_name: HashMap<Arc<[u8]>, u32>,
    by_number: HashMap<u32, (Arc<[u8]>, u32)>,
    last: u32,
}

impl QueueNames {
    fn acquire(&mut self, name: &[u8]) -> u32 {
        if let Some(&number) = self.by_name.get(name) {
            if let Some((_, members)) = self.by_number.get_mut(&number) {
                *members += 1;
            }
            return number;
        }
        loop {
            self.last = self.last.wrapping_add(1);
            // 0 means "no queue"; numbers in use are skipped after a wrap.
            if self.last != 0 && !self.by_number.contains_key(&self.last) {
                break;
            }
        }
        let name: Arc<[u8]> = name.into();
        self.by_name.insert(name.clone(), self.last);
        self.by_number.insert(self.last, (name, 1));
        self.last
    }

    fn release(&mut self, number: u32) {
        if let Some((name, members)) = self.by_number.get_mut(&number) {
            *members -= 1;
            if *members == 0 {
                let name = name.clone();
                self.by_number.remove(&number);
                self.by_name.remove(&name);
            }
        }
    }
}

#[derive(Default)]
struct Interest {
    table: InterestTable<Target>,
    queues: QueueNames,
    /// Deny rules to be applied at delivery, by subscription
    /// (security.md 5.4).
    filters: HashMap<(u16, u32), Arc<Permissions>>,
    /// Subscriptions of clients so far behind that messages are dropped for
    /// them (`no_fast_producer_stall`).
    withheld: HashSet<(u16, u32)>,
}

/// An account.
pub struct Account {
    /// Number of the account in this process; never reused.
    pub id: u32,
    /// Its name.
    pub name: String,
    interest: RwLock<Interest>,
    pub(crate) generations: Generations,
    mappings: ArcSwap<Mappings>,
    has_mappings: AtomicBool,
    max_connections: AtomicI64,
    max_subscriptions: AtomicI64,
    max_payload: AtomicI64,
    connections: AtomicU32,
    limit_logged: Mutex<Option<Instant>>,
    inserts: AtomicU64,
    removes: AtomicU64,
    /// Slow consumers found among its clients.
    pub(crate) slow_consumers: AtomicU64,
    /// Consumers that watch a deliver subject, by the subject.
    watches: Mutex<HashMap<Box<[u8]>, Vec<Watch>>>,
    has_watches: AtomicBool,
}

impl Account {
    /// A new account without subscriptions.
    pub fn new(id: u32, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            interest: RwLock::default(),
            generations: Generations::default(),
            mappings: ArcSwap::default(),
            has_mappings: AtomicBool::new(false),
            max_connections: AtomicI64::new(-1),
            max_subscriptions: AtomicI64::new(-1),
            max_payload: AtomicI64::new(-1),
            connections: AtomicU32::new(0),
            limit_logged: Mutex::new(None),
            inserts: AtomicU64::new(0),
            removes: AtomicU64::new(0),
            slow_consumers: AtomicU64::new(0),
            watches: Mutex::default(),
            has_watches: AtomicBool::new(false),
        }
    }

    /// Tells `watch` from now on when interest in exactly `subject` changes.
    pub(crate) fn watch(&self, subject: &[u8], watch: Watch) {
        let mut watches = self.watches.lock();
        watches.entry(subject.into()).or_default().push(watch);
        self.has_watches.store(true, Ordering::Release);
    }

    /// Ends watches of `subject`.
    pub(crate) fn unwatch(&self, subject: &[u8], ended: impl Fn(&Watch) -> bool) {
        let mut watches = self.watches.lock();
        if let Some(list) = watches.get_mut(subject) {
            list.retain(|watch| !ended(watch));
            if list.is_empty() {
                watches.remove(subject);
            }
        }
        self.has_watches
            .store(!watches.is_empty(), Ordering::Release);
    }

    /// Tells those who watch `subject` that interest in it has changed.
    fn tell_watches(&self, subject: &[u8]) {
        if !self.has_watches.load(Ordering::Acquire) {
            return;
        }
        for watch in self.watches.lock().get(subject).into_iter().flatten() {
            watch.tell();
        }
    }

    /// Whether there is a subscription on exactly `subject`, of the queue group
    /// `group` or plain without one, that `counts`.
    pub(crate) fn is_bound(
        &self,
        subject: &[u8],
        group: &[u8],
        counts: impl Fn(Target) -> bool,
    ) -> bool {
        let interest = self.interest.read();
        let queue = if group.is_empty() {
            0
        } else {
            match interest.queues.by_name.get(group) {
                Some(&queue) => queue,
                None => return false,
            }
        };
        let mut bound = false;
        interest.table.for_each_on(subject, |target| {
            bound |= target.queue == queue && counts(target);
        });
        bound
    }

    /// Replaces the limits.
    pub fn set_limits(&self, limits: AccountLimits) {
        self.max_connections
            .store(limits.max_connections, Ordering::Relaxed);
        self.max_subscriptions
            .store(limits.max_subscriptions, Ordering::Relaxed);
        self.max_payload
            .store(limits.max_payload, Ordering::Relaxed);
    }

    /// Limit of message sizes; -1 is none.
    pub fn max_payload(&self) -> i64 {
        self.max_payload.load(Ordering::Relaxed)
    }

    /// Limit of subscriptions per connection; -1 is none.
    pub fn max_subscriptions(&self) -> i64 {
        self.max_subscriptions.load(Ordering::Relaxed)
    }

    /// Counts a new client connection unless the account is full.
    pub fn register(&self) -> bool {
        let limit = self.max_connections.load(Ordering::Relaxed);
        let count = |now: u32| (limit < 0 || i64::from(now) < limit).then_some(now + 1);
        self.connections
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, count)
            .is_ok()
    }

    /// Takes back [`Account::register`].
    pub fn unregister(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Replaces the subject mappings.
    pub fn set_mappings(&self, mappings: Mappings) {
        self.has_mappings
            .store(!mappings.is_empty(), Ordering::Release);
        self.mappings.store(Arc::new(mappings));
    }

    /// Whether there are subject mappings.
    #[inline]
    pub(crate) fn has_mappings(&self) -> bool {
        self.has_mappings.load(Ordering::Acquire)
    }

    /// The subject mappings, if there are any.
    pub(crate) fn mappings(&self) -> Option<Arc<Mappings>> {
        self.has_mappings().then(|| self.mappings.load_full())
    }

    /// Adds a subscription; returns the number of its queue name.
    pub(crate) fn subscribe(
        &self,
        subject: &SubjectArc,
        queue: &[u8],
        (shard, subscription, generation): (u16, u32, u16),
        filter: Option<Arc<Permissions>>,
    ) -> u32 {
        let mut interest = self.interest.write();
        let queue = if queue.is_empty() {
            0
        } else {
            interest.queues.acquire(queue)
        };
        interest.table.insert(
            subject,
            Target {
                subscription,
                shard,
                generation,
                queue,
            },
        );
        if let Some(filter) = filter {
            interest.filters.insert((shard, subscription), filter);
        }
        self.generations.bump(subject.as_bytes());
        self.inserts.fetch_add(1, Ordering::Relaxed);
        drop(interest);
        self.tell_watches(subject.as_bytes());
        queue
    }

    /// Removes a subscription.
    pub(crate) fn unsubscribe(&self, subject: &SubjectArc, target: Target) {
        let mut interest = self.interest.write();
        interest.table.remove(subject.as_bytes(), target);
        interest.queues.release(target.queue);
        if !interest.withheld.is_empty() {
            interest
                .withheld
                .remove(&(target.shard, target.subscription));
        }
        if !interest.filters.is_empty() {
            interest
                .filters
                .remove(&(target.shard, target.subscription));
        }
        self.generations.bump(subject.as_bytes());
        self.removes.fetch_add(1, Ordering::Relaxed);
        drop(interest);
        self.tell_watches(subject.as_bytes());
    }

    /// Puts `new` in the place of `old`: the same subscription, whose connection
    /// lives elsewhere now. Nobody's interest has changed.
    pub(crate) fn move_target(&self, subject: &SubjectArc, old: Target, new: Target) {
        let mut interest = self.interest.write();
        interest.table.insert(subject, new);
        interest.table.remove(subject.as_bytes(), old);
        let (from, to) = ((old.shard, old.subscription), (new.shard, new.subscription));
        if interest.withheld.remove(&from) {
            interest.withheld.insert(to);
        }
        if let Some(filter) = interest.filters.remove(&from) {
            interest.filters.insert(to, filter);
        }
        self.generations.bump(subject.as_bytes());
    }

    /// Drops messages for a subscription from now on, or no longer.
    pub(crate) fn withhold(
        &self,
        shard: u16,
        subscription: u32,
        subject: &SubjectArc,
        drops: bool,
    ) {
        let mut interest = self.interest.write();
        let changed = if drops {
            interest.withheld.insert((shard, subscription))
        } else {
            interest.withheld.remove(&(shard, subscription))
        };
        if changed {
            self.generations.bump(subject.as_bytes());
        }
    }

    /// Replaces the deny rules applied at delivery to a subscription.
    pub(crate) fn set_filter(
        &self,
        shard: u16,
        subscription: u32,
        subject: &SubjectArc,
        filter: Option<Arc<Permissions>>,
    ) {
        let mut interest = self.interest.write();
        let changed = match filter {
            Some(filter) => {
                interest.filters.insert((shard, subscription), filter);
                true
            }
            None => interest.filters.remove(&(shard, subscription)).is_some(),
        };
        if changed {
            self.generations.bump(subject.as_bytes());
        }
    }

    /// Subscriptions ever added and ever removed.
    pub(crate) fn interest_changes(&self) -> (u64, u64) {
        (
            self.inserts.load(Ordering::Relaxed),
            self.removes.load(Ordering::Relaxed),
        )
    }

    /// Visits every subscription that a message on `subject` reaches.
    #[inline]
    pub(crate) fn for_each_match(&self, subject: &[u8], mut visit: impl FnMut(Target)) {
        let interest = self.interest.read();
        if interest.filters.is_empty() && interest.withheld.is_empty() {
            interest.table.for_each_match(subject, visit);
            return;
        }
        interest.table.for_each_match(subject, |target| {
            if interest
                .withheld
                .contains(&(target.shard, target.subscription))
            {
                return;
            }
            if let Some(filter) = interest.filters.get(&(target.shard, target.subscription)) {
                let name = interest.queues.by_number.get(&target.queue);
                let name = name.map_or(&[][..], |(name, _)| name);
                if filter.filters(subject, name) {
                    return;
                }
            }
            visit(target);
        });
    }

    /// Fetches into the processor's cache what looking for the recipients of
    /// these subjects is going to read.
    pub(crate) fn warm<'a>(
        &self,
        subjects: impl Iterator<Item = &'a [u8]>,
        touch: impl FnMut(Target),
    ) {
        self.interest.read().table.warm(subjects, touch);
    }

    /// Number of subscriptions, the server's own included.
    pub(crate) fn subscriptions(&self) -> usize {
        self.interest.read().table.len()
    }

    /// Name of a queue group by its number.
    pub(crate) fn queue_name(&self, number: u32) -> Option<Arc<[u8]>> {
        if number == 0 {
            return None;
        }
        self.interest
            .read()
            .queues
            .by_number
            .get(&number)
            .map(|(name, _)| name.clone())
    }

    /// Whether the subscription limit may be logged (again).
    pub(crate) fn may_log_limit(&self, now: Instant) -> bool {
        let mut logged = self.limit_logged.lock();
        if logged.is_some_and(|at| now.duration_since(at) < LIMIT_LOG_INTERVAL) {
            return false;
        }
        *logged = Some(now);
        true
    }
}

/// All accounts of a server.
pub struct Accounts {
    by_name: RwLock<HashMap<String, Arc<Account>>>,
    by_id: RwLock<Vec<Arc<Account>>>,
}

impl Accounts {
    /// Just the global account, which has id 0.
    pub fn new() -> Self {
        let accounts = Self {
            by_name: RwLock::default(),
            by_id: RwLock::default(),
        };
        accounts.get_or_create(GLOBAL_ACCOUNT);
        accounts
    }

    /// The account called `name`, made if needed.
    pub fn get_or_create(&self, name: &str) -> Arc<Account> {
        if let Some(account) = self.by_name.read().get(name) {
            return account.clone();
        }
        let mut by_name = self.by_name.write();
        let mut by_id = self.by_id.write();
        let account = Arc::new(Account::new(by_id.len() as u32, name));
        by_id.push(account.clone());
        by_name.insert(name.to_owned(), account.clone());
        account
    }

    /// The account called `name`.
    pub fn get(&self, name: &str) -> Option<Arc<Account>> {
        self.by_name.read().get(name).cloned()
    }

    /// The account numbered `id`.
    pub(crate) fn by_id(&self, id: u32) -> Option<Arc<Account>> {
        self.by_id.read().get(id as usize).cloned()
    }

    /// Forgets accounts that are not in `names`; their clients have been or
    /// are being closed.
    pub(crate) fn retain(&self, keep: impl Fn(&str) -> bool) {
        self.by_name.write().retain(|name, _| keep(name));
    }

    /// All accounts in use.
    pub fn all(&self) -> Vec<Arc<Account>> {
        self.by_name.read().values().cloned().collect()
    }
}

impl Default for Accounts {
    fn default() -> Self {
        Self::new()
    }
}
