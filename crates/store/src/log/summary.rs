//! What is known of a block's subjects when its records are not in memory.
//!
//! A summary says for each subject how many messages of it are in the block
//! now: those that were there when it was made, without those that were
//! removed since. So a number that comes to mean another subject is in none: it
//! is free when its subject has no messages, and then no block has any.

use crate::cache::SummaryRoom;
use crate::counts::{Counts, Wanted};

/// Removed messages that are noted beside the list at least before the list is
/// made anew.
const REMOVED_MIN: usize = 256;
/// And this share of its messages, 1 in so many, so that making it anew costs
/// each removal little. Half a byte for each message of the block at most.
const REMOVED_SHARE: u64 = 8;

/// The subjects of a block.
pub(crate) struct Summary {
    counts: Counts,
    /// Subjects of messages that were removed since.
    removed: Vec<u32>,
    /// Whether they are in order.
    sorted: bool,
    /// When it was last used, by the log's own count.
    pub used: u64,
    _room: SummaryRoom,
}

impl Summary {
    /// Bytes of memory that one of these counts uses.
    pub fn memory(counts: &Counts) -> usize {
        size_of::<Self>() + counts.memory()
    }

    pub fn new(counts: Counts, used: u64, room: SummaryRoom) -> Self {
        Self {
            counts,
            removed: Vec::new(),
            sorted: true,
            used,
            _room: room,
        }
    }

    /// Number of messages.
    pub fn messages(&self) -> u64 {
        self.counts.messages() - self.removed.len() as u64
    }

    /// A message of this subject is removed. Whether the summary is still of
    /// use.
    pub fn remove(&mut self, id: u32) -> bool {
        self.removed.push(id);
        self.sorted = false;
        let most = REMOVED_MIN.max((self.counts.messages() / REMOVED_SHARE) as usize);
        (self.removed.len() as u64) < self.counts.messages()
            && (self.removed.len() < most || self.fold())
    }

    /// Makes the list anew, without what was removed. Whether it was right.
    pub fn fold(&mut self) -> bool {
        if self.removed.is_empty() {
            return true;
        }
        self.sort();
        match self.counts.without(&self.removed) {
            Some(counts) => {
                // It may be smaller; its room stays.
                self.counts = counts;
                self.removed = Vec::new();
                true
            }
            None => false,
        }
    }

    fn sort(&mut self) {
        if !self.sorted {
            self.removed.sort_unstable();
            self.sorted = true;
        }
    }

    /// Subjects and their messages, once it is [folded](Self::fold).
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Messages of one subject.
    pub fn of(&mut self, id: u32) -> u64 {
        self.sort();
        let removed = self.removed.partition_point(|&other| other <= id)
            - self.removed.partition_point(|&other| other < id);
        self.counts.of(id).saturating_sub(removed as u64)
    }

    /// Messages of some subjects together.
    pub fn of_all(&mut self, wanted: &mut Wanted) -> u64 {
        let all = self.counts.of_all(wanted);
        if self.removed.is_empty() {
            return all;
        }
        wanted.index();
        let removed = self.removed.iter().filter(|&&id| wanted.has(id)).count();
        all.saturating_sub(removed as u64)
    }
}
