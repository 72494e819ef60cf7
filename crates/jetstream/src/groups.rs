//! The consumers of a stream by what they filter.
//!
//! Consumers with the same filters form a group. A publish looks up the
//! groups that its subject belongs to, counts up one number in each, and wakes
//! the members that wait for a message: not one of ten thousand consumers that
//! are behind, or have no pull request, is touched. How many messages are
//! pending for a consumer follows from the numbers of its group.

use std::collections::HashMap;

use midge_store::{Filter, Seq};
use midge_subject::SubjectArc;
use midge_subject::interest::InterestTable;

use crate::consumer::ConsumerId;

/// Removals that a group remembers one by one. A consumer that was not looked
/// at for longer counts anew.
const REMEMBERED: usize = 64;

/// Number of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupId(u32);

#[derive(Debug)]
pub(crate) struct Group {
    filter: Filter,
    /// Consumers, and those of them that count as interest.
    members: usize,
    /// Matching messages that were ever appended.
    appended: u64,
    /// The last of them: a subject may match several patterns.
    last_appended: Seq,
    /// Matching messages that were ever removed one by one.
    removed: u64,
    /// The last of those, oldest first, in a ring.
    removals: [u64; REMEMBERED],
    /// The last of those: a subject may match several patterns.
    last_removed: Seq,
    /// Highest sequence that was ever removed.
    highest_removed: Seq,
    /// Counted up when messages are removed together.
    epoch: u64,
    /// Members that want to know of the next message.
    waiting: Vec<ConsumerId>,
    /// Counted up whenever `waiting` is emptied.
    wakes: u64,
}

/// Where a consumer's number of pending messages stands, relative to the
/// numbers of its group.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    appended: u64,
    removed: u64,
    epoch: u64,
}

/// Whether a number of pending messages could be brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synced {
    /// It is exact.
    Exact,
    /// It has to be counted.
    Unknown,
}

impl Group {
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    pub fn mark(&self) -> Mark {
        Mark {
            appended: self.appended,
            removed: self.removed,
            epoch: self.epoch,
        }
    }

    /// Brings `pending`, the number of matching messages at or above `next`
    /// when `mark` was set, up to date.
    pub fn sync(&self, mark: &mut Mark, pending: &mut u64, next: Seq) -> Synced {
        if mark.epoch != self.epoch {
            return Synced::Unknown;
        }
        *pending += self.appended - mark.appended;
        mark.appended = self.appended;
        let missed = self.removed - mark.removed;
        if missed == 0 {
            return Synced::Exact;
        }
        if self.highest_removed >= next {
            if missed > REMEMBERED as u64 {
                return Synced::Unknown;
            }
            let gone = (mark.removed..self.removed)
                .filter(|at| {
                    let place = (at % REMEMBERED as u64) as usize;
                    self.removals.get(place).is_some_and(|seq| *seq >= next.0)
                })
                .count() as u64;
            *pending = pending.saturating_sub(gone);
        }
        mark.removed = self.removed;
        Synced::Exact
    }

    /// Puts a consumer on the list of those that the next message wakes,
    /// unless it is there since `since`.
    pub fn wait(&mut self, id: ConsumerId, since: &mut Option<u64>) {
        if *since != Some(self.wakes) {
            self.waiting.push(id);
            *since = Some(self.wakes);
        }
    }

    fn note_removed(&mut self, seq: Seq) {
        let place = (self.removed % REMEMBERED as u64) as usize;
        if let Some(slot) = self.removals.get_mut(place) {
            *slot = seq.0;
        }
        self.removed += 1;
        self.last_removed = seq;
        self.highest_removed = self.highest_removed.max(seq);
    }
}

/// All groups of a stream.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: Vec<Option<Group>>,
    free: Vec<u32>,
    by_filters: HashMap<Vec<String>, GroupId>,
    /// The group without filter.
    everything: Option<GroupId>,
    by_pattern: InterestTable<u32>,
}

fn key(filters: &[&str]) -> Vec<String> {
    if filters.is_empty() || filters.contains(&">") {
        return Vec::new();
    }
    let mut key: Vec<String> = filters.iter().map(|filter| (*filter).to_owned()).collect();
    key.sort_unstable();
    key
}

impl Groups {
    /// Adds a member to the group of these filters.
    pub fn join(&mut self, filters: &[&str]) -> GroupId {
        let key = key(filters);
        if let Some(&id) = self.by_filters.get(&key) {
            if let Some(group) = self.get_mut(id) {
                group.members += 1;
            }
            return id;
        }
        let group = Group {
            filter: Filter::new(&key),
            members: 1,
            appended: 0,
            last_appended: Seq::NONE,
            removed: 0,
            removals: [0; REMEMBERED],
            last_removed: Seq::NONE,
            highest_removed: Seq::NONE,
            epoch: 0,
            waiting: Vec::new(),
            wakes: 0,
        };
        let id = match self.free.pop() {
            Some(number) => GroupId(number),
            None => {
                self.groups.push(None);
                GroupId((self.groups.len() - 1) as u32)
            }
        };
        if let Some(slot) = self.groups.get_mut(id.0 as usize) {
            *slot = Some(group);
        }
        if key.is_empty() {
            self.everything = Some(id);
        }
        for pattern in &key {
            self.by_pattern
                .insert(&SubjectArc::new(pattern.as_bytes()), id.0);
        }
        self.by_filters.insert(key, id);
        id
    }

    /// Takes a member away; the group goes with the last one.
    pub fn leave(&mut self, id: GroupId, filters: &[&str]) {
        let Some(group) = self.get_mut(id) else {
            return;
        };
        group.members -= 1;
        if group.members > 0 {
            return;
        }
        let key = key(filters);
        for pattern in &key {
            self.by_pattern.remove(pattern.as_bytes(), id.0);
        }
        if key.is_empty() {
            self.everything = None;
        }
        self.by_filters.remove(&key);
        if let Some(slot) = self.groups.get_mut(id.0 as usize) {
            *slot = None;
            self.free.push(id.0);
        }
    }

    pub fn get(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(id.0 as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, id: GroupId) -> Option<&mut Group> {
        self.groups.get_mut(id.0 as usize)?.as_mut()
    }

    fn for_each_of(&mut self, subject: &[u8], mut visit: impl FnMut(&mut Group)) {
        let groups = &mut self.groups;
        let mut visit_at = |number: u32| {
            if let Some(Some(group)) = groups.get_mut(number as usize) {
                visit(group);
            }
        };
        if let Some(id) = self.everything {
            visit_at(id.0);
        }
        if !self.by_pattern.is_empty() {
            self.by_pattern.for_each_match(subject, visit_at);
        }
    }

    /// Whether a message on `subject` would be for any consumer.
    pub fn has_interest(&self, subject: &[u8]) -> bool {
        self.everything.is_some() || self.by_pattern.has_interest(subject)
    }

    /// Counts a new message and appends whom it wakes to `ready`.
    pub fn note_appended(&mut self, seq: Seq, subject: &[u8], ready: &mut Vec<ConsumerId>) {
        if self.by_filters.is_empty() {
            return;
        }
        self.for_each_of(subject, |group| {
            if group.last_appended == seq {
                return;
            }
            group.last_appended = seq;
            group.appended += 1;
            if !group.waiting.is_empty() {
                ready.append(&mut group.waiting);
                group.wakes += 1;
            }
        });
    }

    /// Counts a removed message.
    pub fn note_removed(&mut self, seq: Seq, subject: &[u8]) {
        if self.by_filters.is_empty() {
            return;
        }
        self.for_each_of(subject, |group| {
            if group.last_removed != seq {
                group.note_removed(seq);
            }
        });
    }

    /// Many messages were removed together: everybody counts anew.
    pub fn note_removed_many(&mut self) {
        for group in self.groups.iter_mut().flatten() {
            group.epoch += 1;
        }
    }

    /// Changes were taken back: everybody counts anew, and sequences come
    /// again.
    pub fn note_taken_back(&mut self) {
        for group in self.groups.iter_mut().flatten() {
            group.epoch += 1;
            group.last_appended = Seq::NONE;
            group.last_removed = Seq::NONE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_follows_from_the_numbers_of_the_group() {
        let mut groups = Groups::default();
        let mut ready = Vec::new();
        let id = groups.join(&["a.*", "a.b"]);
        assert_eq!(groups.join(&["a.b", "a.*"]), id);
        let mut mark = groups.get(id).unwrap().mark();
        let mut pending = 0;
        for (seq, subject) in [(1, "a.b"), (2, "x"), (3, "a.c")] {
            groups.note_appended(Seq(seq), subject.as_bytes(), &mut ready);
        }
        let sync = |groups: &Groups, mark: &mut Mark, pending: &mut u64, next| {
            groups.get(id).unwrap().sync(mark, pending, Seq(next))
        };
        assert_eq!(sync(&groups, &mut mark, &mut pending, 1), Synced::Exact);
        assert_eq!(
            pending, 2,
            "a message counts once however many patterns match"
        );
        groups.note_removed(Seq(1), b"a.b");
        groups.note_removed(Seq(2), b"x");
        assert_eq!(sync(&groups, &mut mark, &mut pending, 1), Synced::Exact);
        assert_eq!(pending, 1);
        groups.note_removed_many();
        assert_eq!(sync(&groups, &mut mark, &mut pending, 1), Synced::Unknown);
    }

    #[test]
    fn a_waiting_consumer_is_woken_once() {
        let mut groups = Groups::default();
        let mut ready = Vec::new();
        let id = groups.join(&[]);
        let who = ConsumerId::new(0, 1);
        let mut since = None;
        groups.get_mut(id).unwrap().wait(who, &mut since);
        groups.get_mut(id).unwrap().wait(who, &mut since);
        groups.note_appended(Seq(1), b"a", &mut ready);
        groups.note_appended(Seq(2), b"a", &mut ready);
        assert_eq!(ready, [who]);
        groups.leave(id, &[]);
        assert!(!groups.has_interest(b"a"));
    }
}
