//! Who is interested in what: the subscriptions of one account.
//!
//! Nearly all subscriptions have no wildcards; they live in one hash table by
//! their whole subject. The others live in a tree over tokens. A published
//! subject costs one look-up in the table, and a walk of the tree only if its
//! first token is in there.

mod children;
mod entry;
mod generations;
mod tree;
mod values;

use std::fmt;
use std::hash::Hash;
use std::hint::black_box;

use hashbrown::HashTable;
use smallvec::SmallVec;

use crate::SubjectArc;
pub use crate::hash::subject_hash;
use crate::matching::{matches, overlaps};
use crate::rules::has_wildcard;
use entry::Entry;
pub use generations::{Generations, StampPlaces};
use tree::Node;
use values::Removed;

/// Below this number of places a table is not worth shrinking.
const MIN_SHRUNK: usize = 64;

/// Most subjects that [`InterestTable::warm`] looks at: what it fetches for more
/// would begin to push itself out of the first-level cache.
pub const WARMED: usize = 16;

/// Values by the subject they were inserted under, found by published subject.
///
/// Subjects are to be valid for `SUB`
/// ([`is_valid_subscription_subject`](crate::is_valid_subscription_subject)).
/// One value may be there several times, also under one subject.
pub struct InterestTable<V> {
    literals: HashTable<Entry<V>>,
    wildcards: Node<V>,
    len: usize,
}

impl<V> Default for InterestTable<V> {
    fn default() -> Self {
        Self {
            literals: HashTable::new(),
            wildcards: Node::new(0),
            len: 0,
        }
    }
}

impl<V> fmt::Debug for InterestTable<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterestTable")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

fn hash_entry<V>(entry: &Entry<V>) -> u64 {
    subject_hash(entry.subject.as_bytes())
}

impl<V: Copy + Eq + Hash> InterestTable<V> {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `value` under `subject`.
    pub fn insert(&mut self, subject: &SubjectArc, value: V) {
        self.len += 1;
        if has_wildcard(subject.as_bytes()) {
            self.wildcards.insert(subject, value);
            return;
        }
        let hash = subject_hash(subject.as_bytes());
        let same = |entry: &Entry<V>| entry.subject == *subject;
        match self.literals.find_mut(hash, same) {
            Some(entry) => entry.push(value),
            None => {
                self.literals
                    .insert_unique(hash, Entry::new(subject, value), hash_entry);
            }
        }
    }

    /// Takes `value` away from `subject` once; whether it was there.
    pub fn remove(&mut self, subject: &[u8], value: V) -> bool {
        let removed = if has_wildcard(subject) {
            self.wildcards.remove(subject, value)
        } else {
            self.remove_literal(subject, value)
        };
        self.len -= usize::from(removed);
        removed
    }

    fn remove_literal(&mut self, subject: &[u8], value: V) -> bool {
        let same = |entry: &Entry<V>| entry.subject.as_bytes() == subject;
        let Ok(mut place) = self.literals.find_entry(subject_hash(subject), same) else {
            return false;
        };
        match place.get_mut().remove(value) {
            Removed::Nothing => return false,
            Removed::Some => return true,
            Removed::Last => {}
        }
        place.remove();
        let capacity = self.literals.capacity();
        if capacity > MIN_SHRUNK && self.literals.len() < capacity / 8 {
            self.literals.shrink_to(self.literals.len() * 2, hash_entry);
        }
        true
    }

    /// Visits the values that a message on `literal` reaches. Wildcard tokens
    /// in it are plain text; with an empty token it reaches nothing
    /// (client-protocol.md 8.3).
    #[inline]
    pub fn for_each_match(&self, literal: &[u8], visit: impl FnMut(V)) {
        self.for_each_match_hashed(literal, subject_hash(literal), visit);
    }

    /// [`for_each_match`](Self::for_each_match) for a subject whose
    /// [`subject_hash`] is known.
    #[inline]
    pub fn for_each_match_hashed(&self, literal: &[u8], hash: u64, mut visit: impl FnMut(V)) {
        if let Some(entry) = self.find(literal, hash) {
            entry.values().iter().copied().for_each(&mut visit);
        }
        self.wildcards.visit_matches(literal, |values| {
            values.iter().copied().for_each(&mut visit);
            false
        });
    }

    /// Fetches into the processor's cache what look-ups of these subjects are
    /// going to read, [`WARMED`] subjects at most; `touch` is to do the same
    /// with what belongs to a value.
    ///
    /// In a large table a look-up waits for memory three times in a row. Here
    /// the waits of many look-ups overlap.
    pub fn warm<'a>(&self, subjects: impl Iterator<Item = &'a [u8]>, mut touch: impl FnMut(V)) {
        let mut found: SmallVec<[&Entry<V>; WARMED]> = SmallVec::new();
        // The first candidate is nearly always the right one: it is not read yet.
        found.extend(
            subjects
                .take(WARMED)
                .filter_map(|subject| self.literals.find(subject_hash(subject), |_| true)),
        );
        for entry in &found {
            black_box(entry.subject.as_bytes().first());
        }
        for entry in &found {
            if let Some(&value) = entry.values().first() {
                touch(value);
            }
        }
    }

    /// Visits the values that were inserted under exactly `literal`.
    pub fn for_each_on(&self, literal: &[u8], visit: impl FnMut(V)) {
        if let Some(entry) = self.find(literal, subject_hash(literal)) {
            entry.values().iter().copied().for_each(visit);
        }
    }

    /// Whether a message on `literal` reaches anybody.
    pub fn has_interest(&self, literal: &[u8]) -> bool {
        self.find(literal, subject_hash(literal)).is_some()
            || self.wildcards.visit_matches(literal, |_| true)
    }

    #[inline]
    fn find(&self, literal: &[u8], hash: u64) -> Option<&Entry<V>> {
        self.literals
            .find(hash, |entry| entry.subject.as_bytes() == literal)
    }

    /// Visits the values whose subject has a subject in common with `pattern`.
    /// Looks at every entry unless `pattern` has no wildcards.
    pub fn for_each_overlapping(&self, pattern: &[u8], mut visit: impl FnMut(V)) {
        if !has_wildcard(pattern) {
            self.for_each_match(pattern, visit);
            return;
        }
        for entry in &self.literals {
            if matches(entry.subject.as_bytes(), pattern) {
                entry.values().iter().copied().for_each(&mut visit);
            }
        }
        self.wildcards.for_each(|subject, values| {
            if overlaps(subject.as_bytes(), pattern) {
                values.iter().copied().for_each(&mut visit);
            }
        });
    }

    /// Visits every value with its subject.
    pub fn for_each(&self, mut visit: impl FnMut(&SubjectArc, V)) {
        for entry in &self.literals {
            entry
                .values()
                .iter()
                .for_each(|&value| visit(&entry.subject, value));
        }
        self.wildcards.for_each(|subject, values| {
            values.iter().for_each(|&value| visit(subject, value));
        });
    }

    /// The shared text of `subject` if something is inserted under it that has
    /// no wildcards: another subscription need not copy it.
    pub fn shared(&self, subject: &[u8]) -> Option<SubjectArc> {
        self.find(subject, subject_hash(subject))
            .map(|entry| entry.subject.clone())
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether any subject has wildcards.
    pub fn has_wildcards(&self) -> bool {
        !self.wildcards.is_empty()
    }
}
