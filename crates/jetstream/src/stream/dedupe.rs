//! Message ids that are remembered for a while (jetstream-streams.md 5).

use std::collections::VecDeque;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use midge_store::{Nanos, Seq};

use crate::units::{NANOS_PER_SECOND, after};

/// Ids that are over are forgotten at most so often when nobody publishes, so
/// that a busy stream is not woken for each of them; nanoseconds.
const SWEEP_EVERY: i64 = NANOS_PER_SECOND;

#[derive(Debug)]
struct Known {
    id: Box<[u8]>,
    seq: Seq,
    at: Nanos,
}

/// The ids of the last while, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Dedupe {
    window: i64,
    known: VecDeque<Known>,
    /// Number of the first of `known` since the beginning.
    first: u64,
    /// Numbers of ids.
    by_id: HashTable<u64>,
    hasher: RandomState,
    next_sweep: Nanos,
}

impl Dedupe {
    pub fn new(window: i64) -> Self {
        Self {
            window,
            ..Self::default()
        }
    }

    /// Sets for how long ids are remembered; 0 is not at all.
    pub fn set_window(&mut self, window: i64, now: Nanos) {
        self.window = window;
        if window == 0 {
            self.clear();
        } else {
            self.expire(now);
        }
    }

    fn clear(&mut self) {
        self.first += self.known.len() as u64;
        self.known = VecDeque::new();
        self.by_id = HashTable::new();
    }

    /// The sequence of the message that had this id.
    pub fn find(&mut self, id: &[u8], now: Nanos) -> Option<Seq> {
        if self.window == 0 {
            return None;
        }
        self.expire(now);
        let hash = self.hasher.hash_one(id);
        let (known, first) = (&self.known, self.first);
        let number = *self.by_id.find(hash, |number| {
            known
                .get((number - first) as usize)
                .is_some_and(|known| *known.id == *id)
        })?;
        self.known
            .get((number - first) as usize)
            .map(|known| known.seq)
    }

    /// Remembers an id.
    pub fn insert(&mut self, id: &[u8], seq: Seq, at: Nanos) {
        if self.window == 0 {
            return;
        }
        let number = self.first + self.known.len() as u64;
        self.known.push_back(Known {
            id: id.into(),
            seq,
            at,
        });
        let (known, first, hasher) = (&self.known, self.first, &self.hasher);
        self.by_id
            .insert_unique(self.hasher.hash_one(id), number, |number| {
                let known = known.get((number - first) as usize);
                hasher.hash_one(known.map_or(&[][..], |known| &known.id))
            });
    }

    /// Forgets what is older than the window.
    pub fn expire(&mut self, now: Nanos) {
        while let Some(oldest) = self.known.front()
            && after(oldest.at, self.window) <= now
        {
            self.forget_first();
        }
        self.next_sweep = after(now, SWEEP_EVERY);
        if self.known.is_empty() && self.by_id.capacity() > 0 {
            self.clear();
        }
    }

    fn forget_first(&mut self) {
        if let Some(oldest) = self.known.pop_front() {
            let number = self.first;
            let hash = self.hasher.hash_one(&*oldest.id);
            if let Ok(entry) = self.by_id.find_entry(hash, |other| *other == number) {
                entry.remove();
            }
            self.first += 1;
        }
    }

    /// Forgets the ids of messages that could not be written.
    pub fn forget_from(&mut self, lost: Seq) {
        while let Some(newest) = self.known.back()
            && newest.seq >= lost
        {
            let number = self.first + self.known.len() as u64 - 1;
            let hash = self.hasher.hash_one(&*newest.id);
            if let Ok(entry) = self.by_id.find_entry(hash, |other| *other == number) {
                entry.remove();
            }
            self.known.pop_back();
        }
    }

    /// When the oldest id is over.
    pub fn deadline(&self) -> Option<Nanos> {
        self.known
            .front()
            .map(|oldest| after(oldest.at, self.window).max(self.next_sweep))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_058_059_ids_are_known_for_a_window() {
        let mut dedupe = Dedupe::new(100);
        for number in 0..1000_u64 {
            let id = number.to_string();
            assert_eq!(dedupe.find(id.as_bytes(), Nanos(number as i64)), None);
            dedupe.insert(id.as_bytes(), Seq(number + 1), Nanos(number as i64));
        }
        assert_eq!(dedupe.find(b"950", Nanos(1000)), Some(Seq(951)));
        assert_eq!(dedupe.find(b"900", Nanos(1000)), None);
        assert_eq!(dedupe.known.len(), 99);
        dedupe.forget_from(Seq(951));
        assert_eq!(dedupe.find(b"950", Nanos(1000)), None);
        assert_eq!(dedupe.find(b"949", Nanos(1000)), Some(Seq(950)));
        dedupe.set_window(0, Nanos(1000));
        assert_eq!(dedupe.find(b"949", Nanos(1000)), None);
    }
}
