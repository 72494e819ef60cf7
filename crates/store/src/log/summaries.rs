//! Summaries of blocks are made where their subjects are known anyway, and go
//! when there are too many.

use crate::cache::SummaryRoom;
use crate::counts::Counts;
use crate::subjects::SubjectId;

use super::Log;
use super::block::Block;
use super::summary::Summary;

/// Of the summaries of a stream that nobody asks, this part goes, 1 in so many,
/// whenever other streams had no room for theirs.
const GIVEN_UP: usize = 4;

/// What a log knows of its summaries.
#[derive(Default)]
pub(crate) struct Summaries {
    /// Counts uses, and what makes some.
    clock: u64,
    /// What it was when housekeeping last looked.
    seen: u64,
    /// How many summaries had found no room then.
    refused: usize,
    /// There was no room for one at this time.
    full_at: u64,
    /// Some were made since this was last reset.
    pub made: bool,
}

impl Log {
    /// A question begins that may use many summaries.
    pub(super) fn begin_summaries(&mut self) {
        self.summaries.clock += 1;
    }

    /// Makes the summary of a block whose subjects are known. Whether there is
    /// one now.
    pub(super) fn summarize(&mut self, at: usize) -> bool {
        let (Some(block), Some(budget)) = (self.blocks.get(at), &self.budget) else {
            return false;
        };
        if block.summary.is_some() {
            return true;
        }
        let is_full = self.summaries.full_at == self.summaries.clock && self.summaries.clock > 0;
        if is_full || budget.summary_bytes_max() == 0 {
            return false;
        }
        counts_of(block).is_some_and(|counts| {
            self.summaries.made = true;
            self.keep_summary(at, counts)
        })
    }

    /// Makes the summary of a finished block whose slots are about to go, if
    /// there is none. Whether it did that.
    pub(super) fn summarize_leaving(&mut self, at: usize) -> bool {
        let is_finished = at + 1 < self.blocks.len();
        let needs_one = |block: &Block| block.summary.is_none() && block.has_ids();
        is_finished && self.blocks.get(at).is_some_and(needs_one) && {
            self.begin_summaries();
            self.summarize(at)
        }
    }

    /// Keeps a summary, if there is room: those that were used longest ago make
    /// it, but not those that were used by the question under way.
    pub(crate) fn keep_summary(&mut self, at: usize, counts: Counts) -> bool {
        let summary = self.new_summary(counts);
        let has_room = summary.is_some();
        if has_room && let Some(block) = self.blocks.get_mut(at) {
            block.summary = summary;
        }
        has_room
    }

    fn new_summary(&mut self, counts: Counts) -> Option<Box<Summary>> {
        let Some(room) = self.summary_room(Summary::memory(&counts)) else {
            self.summaries.full_at = self.summaries.clock;
            return None;
        };
        let summary = Summary::new(counts, self.summaries.clock, room);
        Some(Box::new(summary))
    }

    /// Makes the summary of a block that recovery has read, of the subjects of
    /// its messages.
    pub(crate) fn summarize_found(&mut self, block: &mut Block, ids: Vec<u32>) {
        if ids.len() as u64 == block.messages() {
            block.summary = self.new_summary(Counts::of_messages(ids));
        }
    }

    fn summary_room(&mut self, bytes: usize) -> Option<SummaryRoom> {
        let budget = self.budget.clone()?;
        if bytes > budget.summary_bytes_max() {
            return None;
        }
        loop {
            let room = budget.summary_room(bytes);
            if room.is_some() || !self.drop_oldest_summary(self.summaries.clock) {
                return room;
            }
        }
    }

    /// Gives up the summary that was used longest ago, before `clock`.
    fn drop_oldest_summary(&mut self, clock: u64) -> bool {
        let used = |block: &Block| block.summary.as_ref().map(|summary| summary.used);
        let oldest = self
            .blocks
            .iter_mut()
            .filter(|block| used(block).is_some_and(|used| used < clock))
            .min_by_key(|block| used(block));
        oldest.is_some_and(|block| block.summary.take().is_some())
    }

    pub(super) fn drop_summaries(&mut self) {
        self.blocks
            .iter_mut()
            .for_each(|block| block.summary = None);
    }

    /// Makes the summaries of all blocks whose subjects are in memory, if there
    /// are several.
    pub fn summarize_all(&mut self) {
        self.begin_summaries();
        for at in 0..self.blocks.len() {
            let has_ids = self.blocks.get(at).is_some_and(Block::has_ids);
            if self.blocks.len() > 1 && has_ids {
                self.summarize(at);
            }
        }
    }

    /// Whether there is the summary of a finished block.
    pub fn has_summaries(&self) -> bool {
        let finished = self.blocks.len().saturating_sub(1);
        let mut blocks = self.blocks.range(..finished);
        blocks.any(|block| block.summary.is_some())
    }

    /// All summaries by the numbers of their blocks, with other numbers for the
    /// subjects.
    pub fn counts(&mut self, numbers: Option<&[u32]>) -> Vec<(u32, Counts)> {
        let mut all = Vec::new();
        for block in &mut self.blocks {
            let Some(summary) = &mut block.summary else {
                continue;
            };
            let counts = summary.fold().then(|| match numbers {
                None => Some(summary.counts().clone()),
                Some(numbers) => summary.counts().renumbered(numbers),
            });
            all.extend(counts.flatten().map(|counts| (block.number, counts)));
        }
        all
    }

    /// Housekeeping: gives up some for other streams, if there are more than
    /// may be.
    pub(super) fn evict_summaries(&mut self) {
        let Some(budget) = self.budget.clone() else {
            return;
        };
        let refused = budget.summaries_refused();
        let is_unused = self.summaries.clock == self.summaries.seen;
        if refused != self.summaries.refused && is_unused {
            let have = self.blocks.iter().filter(|block| block.summary.is_some());
            for _ in 0..have.count().div_ceil(GIVEN_UP) {
                self.drop_oldest_summary(u64::MAX);
            }
        }
        while budget.are_summaries_too_many() && self.drop_oldest_summary(u64::MAX) {}
        self.summaries.refused = refused;
        self.summaries.seen = self.summaries.clock;
    }

    /// The summary of a block, if there is one that is right; notes that it is
    /// used.
    pub(super) fn summary(&mut self, at: usize) -> Option<&mut Summary> {
        let clock = self.summaries.clock;
        let block = self.blocks.get_mut(at)?;
        let messages = block.messages();
        let is_right = |summary: &Summary| summary.messages() == messages;
        debug_assert!(block.summary.as_deref().is_none_or(is_right));
        if !block.summary.as_deref().is_some_and(is_right) {
            block.summary = None;
        }
        let summary = block.summary.as_deref_mut()?;
        summary.used = clock;
        Some(summary)
    }

    /// Whether a block is known to have messages on a subject, by its summary.
    pub(super) fn is_listed(&mut self, at: usize, id: SubjectId) -> bool {
        let summary = self.summary(at);
        summary.is_some_and(|summary| summary.of(id.0) > 0)
    }

    /// Whether a block is known to have none, though its subjects are not in
    /// memory.
    pub(super) fn lacks(&mut self, at: usize, id: SubjectId) -> bool {
        let is_summed_up = |block: &Block| !block.has_ids() && block.summary.is_some();
        if !self.blocks.get(at).is_some_and(is_summed_up) {
            return false;
        }
        let summary = self.summary(at);
        summary.is_some_and(|summary| summary.of(id.0) == 0)
    }
}

impl Block {
    /// A message is removed.
    #[inline]
    pub(super) fn note_removed(&mut self, id: Option<SubjectId>) {
        let Some(summary) = &mut self.summary else {
            return;
        };
        if !id.is_some_and(|id| summary.remove(id.0)) {
            self.summary = None;
        }
    }
}

/// Counts the messages of a block by its slots.
fn counts_of(block: &Block) -> Option<Counts> {
    let slots = block.slots.as_ref().filter(|_| block.has_ids())?;
    let messages = block.messages();
    // All of its messages have slots, and dead ones may.
    let ids: Vec<u32> = if slots.len() as u64 == messages {
        slots.ids().to_vec()
    } else {
        let live = |slot| slots.seq(slot).is_some_and(|seq| block.has(seq));
        let all = slots.ids().iter().enumerate();
        all.filter(|&(slot, _)| live(slot))
            .map(|(_, &id)| id)
            .collect()
    };
    let are_known = ids.len() as u64 == messages && !ids.contains(&SubjectId::NONE.0);
    are_known.then(|| Counts::of_messages(ids))
}
