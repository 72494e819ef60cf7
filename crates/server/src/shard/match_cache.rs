//! Who gets a message on a subject, as one shard sees it, kept for subjects in
//! use.

use midge_subject::interest::{StampPlaces, subject_hash};
use midge_wire::message::push_head;
use smallvec::SmallVec;

use crate::account::{Account, INTERNAL_SHARD};
use crate::batch::API_DESTINATION;

use super::subscriptions::Subscriptions;

/// Subjects kept per shard. Each has one place, found by its hash; a newer
/// subject takes the place of an older one.
const PLACES: usize = 8192;

/// Recipients with more targets than this are not kept: delivering to them
/// costs far more than finding them.
const MAX_KEPT_TARGETS: usize = 16 * 1024;

/// Targets of all recipients kept by one shard, some 40 bytes each: 10 MiB.
/// Beyond it the cache starts anew.
const MAX_KEPT_TARGETS_IN_ALL: usize = 256 * 1024;

/// Most different heads among the targets of a subject for which a message is
/// written once for each head instead of once for each target.
pub(crate) const MAX_CLASSES: usize = 4;

/// A recipient whose connection lives on this shard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalTarget {
    pub(crate) subscription: u32,
    pub(crate) connection: u32,
    /// Where its `HMSG subject sid ` lies in [`Recipients::heads`].
    pub(crate) head: (u32, u32),
    /// Which of [`Recipients::class_heads`] it is; meaningless without
    /// [`Recipients::runs`].
    pub(crate) class: u8,
}

/// A recipient on another shard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RemoteTarget {
    pub(crate) shard: u16,
    pub(crate) generation: u16,
    pub(crate) subscription: u32,
}

/// A member of a queue group.
#[derive(Clone, Copy, Debug)]
pub(crate) enum QueueMember {
    Local(LocalTarget),
    Remote(RemoteTarget),
}

/// A queue group: its number in the account and its members.
#[derive(Clone, Debug, Default)]
pub(crate) struct QueueGroup {
    pub(crate) queue: u32,
    pub(crate) members: SmallVec<[QueueMember; 2]>,
}

/// Everybody who gets a message on one subject.
#[derive(Debug, Default)]
pub(crate) struct Recipients {
    stamp: u64,
    stamp_places: StampPlaces,
    account: u32,
    /// Targets it counted for when it was kept.
    counted: usize,
    /// Where it is kept; `None` for a subject that is not.
    place: Option<u32>,
    /// Part of the subject's hash, as in [`MatchCache::tags`].
    tag: u32,
    /// Clients may not publish on this subject.
    pub(crate) reserved: bool,
    /// Nobody gets anything.
    pub(crate) silent: bool,
    /// All recipients are plain subscriptions of this shard.
    pub(crate) only_local: bool,
    /// All recipients are plain subscriptions of this shard, and few different
    /// heads serve them all.
    pub(crate) runs: bool,
    /// The different heads, as ranges of `heads`.
    classes: SmallVec<[(u32, u32); 1]>,
    subject: Vec<u8>,
    pub(crate) heads: Vec<u8>,
    pub(crate) local: Vec<LocalTarget>,
    /// Sorted by shard.
    pub(crate) remote: Vec<RemoteTarget>,
    pub(crate) queues: Vec<QueueGroup>,
    /// Numbers of the server's own subscriptions.
    pub(crate) internal: Vec<u32>,
}

impl Recipients {
    /// The head of a local target, for a message with or without headers.
    #[inline]
    pub(crate) fn head(&self, target: &LocalTarget, headers: bool) -> &[u8] {
        let (start, end) = target.head;
        let start = start as usize + usize::from(!headers);
        self.heads.get(start..end as usize).unwrap_or_default()
    }

    /// The different `MSG subject sid ` of the targets.
    #[inline]
    pub(crate) fn class_heads(&self) -> SmallVec<[&[u8]; MAX_CLASSES]> {
        self.classes
            .iter()
            .map(|&(start, end)| {
                let range = start as usize + 1..end as usize;
                self.heads.get(range).unwrap_or_default()
            })
            .collect()
    }

    /// Sorts the targets by their heads.
    fn classify(&mut self) {
        self.classes.clear();
        self.runs = self.only_local;
        if !self.runs {
            return;
        }
        for target in &mut self.local {
            let head = |(start, end): (u32, u32)| self.heads.get(start as usize..end as usize);
            let wanted = head(target.head);
            match self.classes.iter().position(|&class| head(class) == wanted) {
                Some(class) => target.class = class as u8,
                None if self.classes.len() < MAX_CLASSES => {
                    target.class = self.classes.len() as u8;
                    self.classes.push(target.head);
                }
                None => {
                    self.runs = false;
                    return;
                }
            }
        }
    }

    /// Whether these are still the recipients of `subject`.
    #[inline]
    pub(crate) fn are_for(&self, account: &Account, subject: &[u8]) -> bool {
        self.subject == subject
            && self.account == account.id
            && self.stamp == account.generations.stamp_at(self.stamp_places)
    }

    fn targets(&self) -> usize {
        let queued: usize = self.queues.iter().map(|group| group.members.len()).sum();
        self.local.len() + self.remote.len() + queued
    }

    fn refill(
        &mut self,
        account: &Account,
        subject: &[u8],
        shard: u16,
        subscriptions: &Subscriptions,
    ) {
        self.local.clear();
        self.remote.clear();
        self.queues.clear();
        self.internal.clear();
        self.heads.clear();
        let Self {
            heads,
            local,
            remote,
            queues,
            internal,
            ..
        } = self;
        account.for_each_match(subject, |target| {
            if target.shard == INTERNAL_SHARD {
                internal.push(target.subscription);
                return;
            }
            if target.shard == API_DESTINATION && is_answered_elsewhere(subject) {
                return;
            }
            let member = if target.shard == shard {
                let Some(subscription) =
                    subscriptions.get_generation(target.subscription, target.generation)
                else {
                    return;
                };
                let start = heads.len() as u32;
                push_head(heads, subject, subscription.sid.as_bytes());
                QueueMember::Local(LocalTarget {
                    subscription: target.subscription,
                    connection: subscription.connection,
                    head: (start, heads.len() as u32),
                    class: 0,
                })
            } else {
                QueueMember::Remote(RemoteTarget {
                    shard: target.shard,
                    generation: target.generation,
                    subscription: target.subscription,
                })
            };
            match (target.queue, member) {
                (0, QueueMember::Local(target)) => local.push(target),
                (0, QueueMember::Remote(target)) => remote.push(target),
                (queue, member) => match queues.iter_mut().find(|group| group.queue == queue) {
                    Some(group) => group.members.push(member),
                    None => {
                        let mut group = QueueGroup {
                            queue,
                            members: SmallVec::new(),
                        };
                        group.members.push(member);
                        queues.push(group);
                    }
                },
            }
        });
        remote.sort_unstable_by_key(|target| target.shard);
        self.only_local =
            self.remote.is_empty() && self.queues.is_empty() && self.internal.is_empty();
        self.silent = self.only_local && self.local.is_empty();
        self.classify();
    }
}

/// A shard's cache of match results.
///
/// A result is taken out, used, and put back: while it is out the rest of the
/// shard can be changed freely.
pub(crate) struct MatchCache {
    places: Vec<Option<Box<Recipients>>>,
    /// Part of the hash of the subject kept in each place: a look at it spares
    /// one at the recipients, which are seldom in the processor's cache.
    tags: Vec<u32>,
    /// Part of the hash of the last subject that missed in each place: only a
    /// subject that comes again is given the place. One-time subjects (inboxes)
    /// then cost no allocation and push nobody out.
    seen: Vec<u16>,
    /// Used for subjects that are not kept.
    spare: Option<Box<Recipients>>,
    misses: u64,
    /// Targets of all recipients in `places`.
    targets: usize,
}

impl MatchCache {
    pub(crate) fn new() -> Self {
        Self {
            places: std::iter::repeat_with(|| None).take(PLACES).collect(),
            tags: vec![0; PLACES],
            seen: vec![0; PLACES],
            spare: None,
            misses: 0,
            targets: 0,
        }
    }

    /// The recipients of a message on `subject`; give them back with
    /// [`MatchCache::put`].
    #[inline]
    pub(crate) fn take(
        &mut self,
        account: &Account,
        subject: &[u8],
        shard: u16,
        subscriptions: &Subscriptions,
    ) -> Box<Recipients> {
        let hash = subject_hash(subject);
        let index = (hash ^ u64::from(account.id)) as usize % PLACES;
        if self.tags.get(index) == Some(&tag(hash))
            && let Some(place) = self.places.get_mut(index)
            && let Some(kept) = place
            && kept.subject == subject
            && kept.account == account.id
            && let Some(mut found) = place.take()
        {
            self.targets -= found.counted;
            let stamp = account.generations.stamp_at(found.stamp_places);
            if found.stamp != stamp {
                found.stamp = stamp;
                found.refill(account, subject, shard, subscriptions);
            }
            return found;
        }
        self.miss(account, subject, shard, subscriptions, hash, index)
    }

    #[inline(never)]
    fn miss(
        &mut self,
        account: &Account,
        subject: &[u8],
        shard: u16,
        subscriptions: &Subscriptions,
        hash: u64,
        index: usize,
    ) -> Box<Recipients> {
        self.misses += 1;
        let fingerprint = (hash >> 48) as u16 | 1;
        let again = match self.seen.get_mut(index) {
            Some(seen) => std::mem::replace(seen, fingerprint) == fingerprint,
            None => false,
        };
        let mut recipients = self.spare.take().unwrap_or_default();
        let stamp_places = StampPlaces::new(subject, hash);
        // Before the table is read: a change in between is then seen later.
        recipients.stamp = account.generations.stamp_at(stamp_places);
        recipients.stamp_places = stamp_places;
        recipients.refill(account, subject, shard, subscriptions);
        recipients.account = account.id;
        recipients.subject.clear();
        recipients.subject.extend_from_slice(subject);
        recipients.reserved = is_reserved(subject);
        let kept = again && recipients.targets() <= MAX_KEPT_TARGETS;
        recipients.place = kept.then_some(index as u32);
        recipients.tag = tag(hash);
        recipients
    }

    /// Look-ups that were not answered by the cache.
    pub(crate) fn misses(&self) -> u64 {
        self.misses
    }

    /// Subjects kept, most targets of one, targets of all.
    pub(crate) fn figures(&self) -> (u64, u64, u64) {
        self.places
            .iter()
            .flatten()
            .fold((0, 0, 0), |(kept, most, all), recipients| {
                let targets = recipients.targets() as u64;
                (kept + 1, most.max(targets), all + targets)
            })
    }

    /// Gives recipients back.
    #[inline]
    pub(crate) fn put(&mut self, mut recipients: Box<Recipients>) {
        let place = recipients.place.and_then(|index| {
            let tag = self.tags.get_mut(index as usize)?;
            *tag = recipients.tag;
            self.places.get_mut(index as usize)
        });
        let Some(place) = place else {
            if recipients.targets() <= MAX_KEPT_TARGETS {
                self.spare = Some(recipients);
            }
            return;
        };
        recipients.counted = recipients.targets();
        self.targets += recipients.counted;
        if let Some(replaced) = place.replace(recipients) {
            self.targets -= replaced.counted;
            self.spare = Some(replaced);
        }
        if self.targets > MAX_KEPT_TARGETS_IN_ALL {
            self.places.fill_with(|| None);
            self.targets = 0;
        }
    }
}

/// The part of a subject's hash that tells it from others in one place.
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Subjects that clients may not publish on (client-protocol.md 8.6), but for
/// `$NRG.`, which the system account may.
pub(crate) fn is_reserved(subject: &[u8]) -> bool {
    let begins = |prefix: &[u8]| subject.len() > prefix.len() && subject.starts_with(prefix);
    begins(b"_GR_.") || begins(b"$GR.") || subject.starts_with(RAFT_PREFIX)
}

/// Start of subjects that servers use among themselves.
pub(crate) const RAFT_PREFIX: &[u8] = b"$NRG.";

/// Requests below `$JS.API.` that streams and consumers hear themselves: if
/// there are none, there is no responder (jetstream-api.md 2.1).
fn is_answered_elsewhere(subject: &[u8]) -> bool {
    subject.starts_with(b"$JS.API.DIRECT.GET") || subject.starts_with(b"$JS.API.CONSUMER.MSG.NEXT.")
}
