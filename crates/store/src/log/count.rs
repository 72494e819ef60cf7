//! How many messages a filter wants, from the indexes.

use std::ops::{ControlFlow, RangeInclusive};

use crate::counts::Wanted;
use crate::error::StoreError;
use crate::filter::Filter;
use crate::subjects::SubjectId;
use crate::types::{Counting, Seq};

use super::{Block, Log};

/// Subjects on both sides of the start that are counted one by one.
const COUNTED_ONE_BY_ONE: usize = 16;

impl Log {
    pub fn count(
        &mut self,
        filter: &Filter,
        from: u64,
        counting: Counting,
    ) -> Result<u64, StoreError> {
        match (counting, filter) {
            (Counting::Messages, Filter::All) => Ok(self.count_all(from)),
            (Counting::Messages, Filter::One(_) | Filter::Many(_)) => {
                self.count_matching(filter, from)
            }
            (Counting::LastPerSubject, _) => self.count_subjects(filter, from),
        }
    }

    /// Messages at or above `from`.
    fn count_all(&self, from: u64) -> u64 {
        let at = self.block_at(from);
        let Some(block) = self.blocks.get(at) else {
            return 0;
        };
        let start = from.max(block.first);
        let here = if start > block.last {
            0
        } else {
            block.last - start + 1 - block.deleted.count_between(start, block.last)
        };
        // The shorter side.
        let others = if at < self.blocks.len() / 2 {
            let before: u64 = self.blocks.range(..at).map(super::Block::messages).sum();
            self.messages - before - block.messages()
        } else {
            self.blocks
                .range(at + 1..)
                .map(super::Block::messages)
                .sum()
        };
        here + others
    }

    fn count_matching(&mut self, filter: &Filter, from: u64) -> Result<u64, StoreError> {
        let mut count = 0;
        // Subjects with messages on both sides, or where that is not known.
        let mut split: Vec<(SubjectId, u64)> = Vec::new();
        self.subjects.for_each(filter, &mut |id, _, entry| {
            if entry.first >= from {
                count += entry.messages;
            } else if entry.last >= from {
                split.push((id, entry.messages));
            }
            ControlFlow::Continue(())
        });
        if split.is_empty() {
            return Ok(count);
        }
        let (mut low, mut high) = (u64::MAX, 0);
        for &(id, _) in &split {
            let entry = self.subjects.entry(id);
            low = low.min(entry.first);
            high = high.max(entry.last);
        }
        let middle = self.block_at(from);
        let (low, high) = (
            self.block_at(low),
            self.block_at(high).min(self.blocks.len() - 1),
        );
        // The side with fewer blocks is counted.
        let below = middle - low.min(middle) < high.saturating_sub(middle);
        let (blocks, range) = if below {
            (low..=middle, 0..=from.saturating_sub(1))
        } else {
            (middle..=high, from..=u64::MAX)
        };
        let ids = split.iter().map(|(id, _)| id.0).collect();
        let mut wanted = Wanted::new(ids);
        self.begin_summaries();
        let mut counted = 0;
        for at in blocks {
            counted += self.count_wanted(at, &mut wanted, &range)?;
        }
        if below {
            let all: u64 = split.iter().map(|(_, messages)| messages).sum();
            Ok(count + all.saturating_sub(counted))
        } else {
            Ok(count + counted)
        }
    }

    /// Messages of some subjects in one block, as far as they are in the range.
    fn count_wanted(
        &mut self,
        at: usize,
        wanted: &mut Wanted,
        range: &RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        let Some(block) = self.blocks.get(at) else {
            return Ok(0);
        };
        if block.messages() == 0 || block.first > *range.end() || block.last < *range.start() {
            return Ok(0);
        }
        let is_inside = range.contains(&block.first) && range.contains(&block.last);
        if is_inside && let Some(summary) = self.summary(at) {
            return Ok(summary.of_all(wanted));
        }
        let was_known = self.blocks.get(at).is_some_and(Block::has_ids);
        self.ensure_ids(at)?;
        // Of what is in memory a summary is made when it goes, unless each
        // subject would be looked up in it.
        let few = wanted.ids().len() <= COUNTED_ONE_BY_ONE;
        let is_finished = at + 1 < self.blocks.len();
        if is_inside
            && is_finished
            && (few || !was_known)
            && self.summarize(at)
            && let Some(summary) = self.summary(at)
        {
            return Ok(summary.of_all(wanted));
        }
        Ok(self.count_slots(at, wanted, range))
    }

    /// The same by the slots.
    fn count_slots(&mut self, at: usize, wanted: &mut Wanted, range: &RangeInclusive<u64>) -> u64 {
        let Some(block) = self.blocks.get_mut(at) else {
            return 0;
        };
        let Some(mut slots) = block.slots.take() else {
            return 0;
        };
        let (start, end) = (
            slots.at_or_after(*range.start()),
            slots.end_of(*range.end()),
        );
        let mut found = Vec::new();
        if wanted.ids().len() <= COUNTED_ONE_BY_ONE {
            for &id in wanted.ids() {
                found.extend(slots.of_subject(SubjectId(id), start, end));
            }
        } else {
            wanted.index();
            found.extend((start..end).filter(|&slot| wanted.has(slots.id(slot).0)));
        }
        let live = |slot: usize| slots.seq(slot).is_some_and(|seq| block.has(seq));
        let count = found.into_iter().filter(|&slot| live(slot)).count();
        block.slots = Some(slots);
        count as u64
    }

    /// Matching subjects whose last message is at or above `from`.
    fn count_subjects(&mut self, filter: &Filter, from: u64) -> Result<u64, StoreError> {
        let mut count = 0;
        let mut unsure = Vec::new();
        self.subjects.for_each(filter, &mut |id, _, entry| {
            if entry.first >= from || (entry.last_exact && entry.last >= from) {
                count += 1;
            } else if entry.last >= from {
                unsure.push((entry.last, id));
            }
            ControlFlow::Continue(())
        });
        unsure.sort_unstable();
        for (last, id) in unsure {
            let at = self.block_at(last);
            let is_beyond = self.blocks.get(at).is_some_and(|block| block.first >= from);
            let is_last = (is_beyond && self.is_listed(at, id))
                || self.last_of(id)?.is_some_and(|last| last >= from);
            count += u64::from(is_last);
        }
        Ok(count)
    }

    pub fn last_per_subject(
        &mut self,
        filter: &Filter,
        up_to: u64,
        max: usize,
        out: &mut Vec<Seq>,
    ) -> Result<(), StoreError> {
        let start = out.len();
        let mut unsure = Vec::new();
        let mut too_many = false;
        self.subjects.for_each(filter, &mut |id, _, entry| {
            if entry.last_exact && entry.last <= up_to {
                out.push(Seq(entry.last));
            } else if entry.first <= up_to {
                unsure.push((entry.last.min(up_to), id));
            }
            too_many = out.len() - start > max;
            if too_many {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        // In the order of the blocks, so that each is loaded once.
        unsure.sort_unstable();
        for (_, id) in unsure {
            if too_many {
                break;
            }
            out.extend(self.last_of_up_to(id, up_to)?.map(Seq));
            too_many = out.len() - start > max;
        }
        if too_many {
            out.truncate(start);
            return Err(StoreError::TooMany(max));
        }
        out.get_mut(start..).unwrap_or_default().sort_unstable();
        Ok(())
    }
}
