//! The subjects of one stream: how many messages each has, and where to look
//! for the first and the last.
//!
//! An entry is 32 bytes plus the subject's text, plus about 10 bytes in the
//! table and 6 in the order. Sequences of an entry are bounds: recovery from
//! the index file knows only the blocks, and the removal of a first message
//! does not look for the next one. Whoever needs the exact sequence looks from
//! the bound on and tells the index.

mod leap;
mod order;

use std::ops::ControlFlow;

use hashbrown::HashTable;
use midge_subject::matches;

use crate::filter::{Filter, Pattern};
use order::Order;

/// Number of a subject in its stream. It belongs to the subject as long as
/// that has messages; then another subject may get it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SubjectId(pub u32);

impl SubjectId {
    /// Of a record whose subject has no messages.
    pub const NONE: Self = Self(u32::MAX);
}

/// Subjects in a row that do not match before a search leaps ahead.
const MISSES_BEFORE_LEAP: usize = 16;

const INEXACT: u64 = 1 << 63;

/// A sequence that is known, or known not to be passed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Bound(u64);

/// What is known of a subject.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Number of messages.
    pub messages: u64,
    /// The first message is here, or, if not exact, here or above.
    pub first: u64,
    /// Whether `first` is the first message.
    pub first_exact: bool,
    /// The last message is here, or, if not exact, here or below.
    pub last: u64,
    /// Whether `last` is the last message.
    pub last_exact: bool,
}

#[derive(Clone, Copy)]
struct Slot {
    /// Offset of the text in the arena (upper 47 bits), its length (lower 16)
    /// and, in the top bit, whether it is in `order`.
    place: u64,
    first: Bound,
    last: Bound,
    messages: u64,
}

const ORDERED: u64 = 1 << 63;

impl Slot {
    fn start(self) -> usize {
        ((self.place & !ORDERED) >> 16) as usize
    }

    fn length(self) -> usize {
        (self.place & 0xffff) as usize
    }

    fn entry(self) -> Entry {
        Entry {
            messages: self.messages,
            first: self.first.0 & !INEXACT,
            first_exact: self.first.0 & INEXACT == 0,
            last: self.last.0 & !INEXACT,
            last_exact: self.last.0 & INEXACT == 0,
        }
    }

    fn set(&mut self, entry: Entry) {
        let bound = |seq, exact: bool| Bound(seq | if exact { 0 } else { INEXACT });
        self.messages = entry.messages;
        self.first = bound(entry.first, entry.first_exact);
        self.last = bound(entry.last, entry.last_exact);
    }
}

/// What is called for each subject that was asked for.
pub type Visit<'a> = dyn FnMut(SubjectId, &[u8], Entry) -> ControlFlow<()> + 'a;

/// The subject index.
#[derive(Default)]
pub struct SubjectIndex {
    table: HashTable<u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    text: Vec<u8>,
    /// Bytes of `text` that belong to no subject.
    garbage: usize,
    order: Order,
    /// Subjects that are not in `order` yet; may name some twice, or dead.
    fresh: Vec<u32>,
    live: u64,
    generation: u64,
}

fn hash(subject: &[u8]) -> u64 {
    midge_subject::interest::subject_hash(subject)
}

fn text_of<'a>(text: &'a [u8], slot: &Slot) -> &'a [u8] {
    let start = slot.start();
    text.get(start..start + slot.length()).unwrap_or_default()
}

impl SubjectIndex {
    /// Number of subjects with messages.
    pub fn len(&self) -> u64 {
        self.live
    }

    /// The subject's number, if it is known (its messages may all be gone, if
    /// that has not been [`released`](Self::release)).
    #[inline]
    pub fn find(&self, subject: &[u8]) -> Option<SubjectId> {
        self.find_hashed(hash(subject), subject)
    }

    #[inline]
    fn find_hashed(&self, hash: u64, subject: &[u8]) -> Option<SubjectId> {
        let (slots, text) = (&self.slots, &self.text);
        let same = |&id: &u32| {
            slots
                .get(id as usize)
                .is_some_and(|slot| text_of(text, slot) == subject)
        };
        self.table.find(hash, same).copied().map(SubjectId)
    }

    /// The subject's number, a new one without messages if it is not known.
    #[inline]
    pub fn intern(&mut self, subject: &[u8]) -> SubjectId {
        let hash = hash(subject);
        match self.find_hashed(hash, subject) {
            Some(id) => id,
            None => self.add(hash, subject),
        }
    }

    #[cold]
    fn add(&mut self, hash: u64, subject: &[u8]) -> SubjectId {
        self.collect_garbage();
        let slot = Slot {
            place: (self.text.len() as u64) << 16 | subject.len() as u64,
            first: Bound(0),
            last: Bound(0),
            messages: 0,
        };
        self.text.extend_from_slice(subject);
        let id = match self.free.pop() {
            Some(id) => id,
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        if let Some(place) = self.slots.get_mut(id as usize) {
            *place = slot;
        }
        let (slots, text) = (&self.slots, &self.text);
        self.table.insert_unique(hash, id, |&other| {
            slots
                .get(other as usize)
                .map_or(0, |slot| self::hash(text_of(text, slot)))
        });
        self.fresh.push(id);
        SubjectId(id)
    }

    /// Changes when a number may have come to mean another subject.
    #[inline]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The text of a subject.
    #[inline]
    pub fn text(&self, id: SubjectId) -> &[u8] {
        let slot = self.slots.get(id.0 as usize);
        slot.map_or(&[], |slot| text_of(&self.text, slot))
    }

    /// What is known of a subject.
    #[inline]
    pub fn entry(&self, id: SubjectId) -> Entry {
        let none = Slot {
            place: 0,
            first: Bound(0),
            last: Bound(0),
            messages: 0,
        };
        self.slots
            .get(id.0 as usize)
            .copied()
            .unwrap_or(none)
            .entry()
    }

    /// Replaces what is known of a subject. One that has no messages any more
    /// stays known until it is [`released`](Self::release).
    #[inline]
    pub fn set(&mut self, id: SubjectId, entry: Entry) {
        if let Some(slot) = self.slots.get_mut(id.0 as usize) {
            match (slot.messages, entry.messages) {
                (0, 0) => {}
                (0, _) => self.live += 1,
                (_, 0) => self.live -= 1,
                (_, _) => {}
            }
            slot.set(entry);
        }
    }

    /// Counts a message that was appended: its sequence is above all others.
    /// Returns what was known before.
    #[inline]
    pub fn count_appended(&mut self, id: SubjectId, seq: u64) -> Entry {
        let before = self.entry(id);
        let first = before.messages == 0;
        self.set(
            id,
            Entry {
                messages: before.messages + 1,
                first: if first { seq } else { before.first },
                first_exact: first || before.first_exact,
                last: seq,
                last_exact: true,
            },
        );
        before
    }

    /// Counts a message that recovery found, in any order.
    pub fn count_found(&mut self, id: SubjectId, seq: u64) {
        let before = self.entry(id);
        let none = before.messages == 0;
        self.set(
            id,
            Entry {
                messages: before.messages + 1,
                first: if none { seq } else { before.first.min(seq) },
                first_exact: true,
                last: if none { seq } else { before.last.max(seq) },
                last_exact: true,
            },
        );
    }

    /// Sets the messages of all subjects to none. Gives what was known, for
    /// [`restore_messages`](Self::restore_messages).
    pub fn take_messages(&mut self) -> Vec<Entry> {
        let take = |slot: &mut Slot| {
            let entry = slot.entry();
            slot.messages = 0;
            entry
        };
        self.live = 0;
        self.slots.iter_mut().map(take).collect()
    }

    /// Takes back what was counted since [`take_messages`](Self::take_messages).
    pub fn restore_messages(&mut self, entries: &[Entry]) {
        for id in 0..self.slots.len() {
            let entry = entries.get(id).copied().unwrap_or_default();
            self.set(SubjectId(id as u32), entry);
        }
    }

    /// Forgets all subjects without messages.
    pub fn release_all(&mut self) {
        for id in 0..self.slots.len() {
            self.release(SubjectId(id as u32));
        }
    }

    /// Counts a message that is removed. Returns what was known before.
    pub fn count_removed(&mut self, id: SubjectId, seq: u64) -> Entry {
        let before = self.entry(id);
        let mut after = before;
        after.messages = before.messages.saturating_sub(1);
        if seq <= before.first {
            after.first = seq + 1;
            after.first_exact = false;
        }
        if seq >= before.last {
            after.last = seq.saturating_sub(1);
            after.last_exact = false;
        }
        if after.messages == 1 {
            // The only one is known if either end of it is.
            if after.first_exact {
                (after.last, after.last_exact) = (after.first, true);
            } else if after.last_exact {
                (after.first, after.first_exact) = (after.last, true);
            }
        }
        self.set(id, after);
        before
    }

    /// Forgets a subject if it has no messages.
    pub fn release(&mut self, id: SubjectId) {
        let Some(&slot) = self.slots.get(id.0 as usize) else {
            return;
        };
        if slot.messages != 0 {
            return;
        }
        let found = self
            .table
            .find_entry(hash(text_of(&self.text, &slot)), |&other| other == id.0);
        let Ok(found) = found else {
            return;
        };
        found.remove();
        if slot.place & ORDERED != 0 {
            self.order
                .remove(id.0, &|id| Self::key(&self.slots, &self.text, id));
        }
        self.garbage += slot.length();
        if let Some(slot) = self.slots.get_mut(id.0 as usize) {
            slot.place = 0;
        }
        self.free.push(id.0);
        self.generation += 1;
    }

    /// Forgets every subject.
    pub fn clear(&mut self) {
        *self = Self {
            generation: self.generation + 1,
            ..Self::default()
        };
    }

    fn key<'a>(slots: &[Slot], text: &'a [u8], id: u32) -> &'a [u8] {
        slots
            .get(id as usize)
            .map_or(&[], |slot| text_of(text, slot))
    }

    /// Makes a new arena when more than half of it is garbage.
    fn collect_garbage(&mut self) {
        const WORTH_IT: usize = 64 << 10;
        if self.garbage < WORTH_IT || self.garbage * 2 < self.text.len() {
            return;
        }
        let mut text = Vec::with_capacity(self.text.len() - self.garbage);
        for slot in &mut self.slots {
            if slot.length() == 0 {
                continue;
            }
            let place = text.len() as u64;
            text.extend_from_slice(text_of(&self.text, slot));
            slot.place = slot.place & (ORDERED | 0xffff) | place << 16;
        }
        self.text = text;
        self.garbage = 0;
    }

    /// Brings all subjects into the order.
    fn put_in_order(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.retain(|&id| match self.slots.get_mut(id as usize) {
            Some(slot) if slot.place != 0 && slot.place & ORDERED == 0 => {
                slot.place |= ORDERED;
                true
            }
            _ => false,
        });
        let (slots, text) = (&self.slots, &self.text);
        self.order.extend(fresh, &|id| Self::key(slots, text, id));
    }

    /// Calls `visit` for every subject that matches, until it breaks: in the
    /// order of their bytes within a pattern, none twice. Without patterns
    /// (that is, for [`Filter::All`]) for every subject.
    pub fn for_each(&mut self, filter: &Filter, visit: &mut Visit<'_>) {
        let patterns = filter.patterns();
        let wildcards = patterns.is_empty() || patterns.iter().any(|pattern| !pattern.is_literal());
        if wildcards {
            self.put_in_order();
        }
        if patterns.is_empty() {
            let _ = self.walk(b"", &mut |id, text, entry| visit(id, text, entry));
            return;
        }
        for (at, pattern) in patterns.iter().enumerate() {
            let earlier = &patterns[..at];
            let flow = self.for_each_of(pattern, &mut |id, text, entry| {
                if earlier.iter().any(|pattern| pattern.matches(text)) {
                    return ControlFlow::Continue(());
                }
                visit(id, text, entry)
            });
            if flow.is_break() {
                return;
            }
        }
    }

    fn for_each_of(&self, pattern: &Pattern, visit: &mut Visit<'_>) -> ControlFlow<()> {
        if pattern.is_literal() {
            return match self.find(pattern.as_bytes()) {
                Some(id) if self.entry(id).messages > 0 => {
                    visit(id, pattern.as_bytes(), self.entry(id))
                }
                _ => ControlFlow::Continue(()),
            };
        }
        self.leap(pattern, visit)
    }

    /// Every subject that matches a pattern with wildcards. Where many in a
    /// row do not match, it leaps to where the next one may be.
    fn leap(&self, pattern: &Pattern, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let prefix = pattern.prefix();
        let key = |id| Self::key(&self.slots, &self.text, id);
        let mut start = prefix.to_vec();
        loop {
            let mut misses = 0;
            let mut next = None;
            for id in self.order.from(&start, &key) {
                let text = key(id);
                if !text.starts_with(prefix) {
                    return ControlFlow::Continue(());
                }
                if matches(text, pattern.as_bytes()) {
                    misses = 0;
                    let entry = self.entry(SubjectId(id));
                    if entry.messages > 0 {
                        visit(SubjectId(id), text, entry)?;
                    }
                    continue;
                }
                misses += 1;
                if misses >= MISSES_BEFORE_LEAP {
                    next = leap::next_candidate(text, pattern.as_bytes());
                    // One that is not ahead would be no progress.
                    if next.as_deref().is_some_and(|next| next > text) {
                        break;
                    }
                    next = None;
                    misses = 0;
                }
            }
            match next {
                Some(next) => start = next,
                None => return ControlFlow::Continue(()),
            }
        }
    }

    /// Every subject in the order that begins with `prefix`.
    fn walk(&self, prefix: &[u8], visit: &mut Visit<'_>) -> ControlFlow<()> {
        let key = |id| Self::key(&self.slots, &self.text, id);
        for id in self.order.from(prefix, &key) {
            let text = key(id);
            if !text.starts_with(prefix) {
                break;
            }
            let entry = self.entry(SubjectId(id));
            if entry.messages > 0 {
                visit(SubjectId(id), text, entry)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Numbers go up to this, exclusively.
    pub fn id_bound(&self) -> usize {
        self.slots.len()
    }

    /// Every subject with messages, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (SubjectId, &[u8], Entry)> {
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.messages > 0)
            .map(|(id, slot)| {
                (
                    SubjectId(id as u32),
                    text_of(&self.text, slot),
                    slot.entry(),
                )
            })
    }

    /// By number, the place of each subject among those of
    /// [`iter`](Self::iter), `u32::MAX` for numbers without; `None` if all are
    /// in use, and stand where their numbers say.
    pub fn numbers(&self) -> Option<Vec<u32>> {
        if self.live == self.slots.len() as u64 {
            return None;
        }
        let mut next = 0;
        let place = |slot: &Slot| {
            let place = if slot.messages > 0 { next } else { u32::MAX };
            next += u32::from(slot.messages > 0);
            place
        };
        Some(self.slots.iter().map(place).collect())
    }

    /// Makes room for so many subjects with so many bytes of text.
    pub fn reserve(&mut self, subjects: usize, bytes: usize) {
        self.slots.reserve(subjects);
        self.text.reserve(bytes);
        self.fresh.reserve(subjects);
        let (slots, text) = (&self.slots, &self.text);
        self.table.reserve(subjects, |&id| {
            slots
                .get(id as usize)
                .map_or(0, |slot| hash(text_of(text, slot)))
        });
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.text.capacity()
            + self.table.capacity() * 8 / 7 * 5
            + self.free.capacity() * 4
            + self.fresh.capacity() * 4
            + self.order.memory()
    }
}

#[cfg(test)]
mod tests;
