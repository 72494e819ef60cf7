//! Back to the last flush: every change leaves what is needed to take it back.

use crate::hash::Sum;
use crate::subjects::{Entry, SubjectId};
use crate::types::Seq;

use super::Log;
use super::block::Block;

/// How to take one change back.
pub(super) enum Undo {
    /// What was known of a subject.
    Subject(SubjectId, Entry),
    /// A block's numbers, and the stream's.
    Saved(Box<Saved>),
    /// A sequence of the block that became deleted.
    Deleted(u32, u64),
    /// A deleted sequence of the block that fell before its first one.
    Passed(u32, u64),
    /// A range of the block that became deleted.
    Gap(u32, u64, u64),
    /// A block was added at the end.
    Rolled,
    /// A block was taken out at this index.
    Dropped(usize, Box<Block>),
    /// An expiry was noted.
    ExpirySet(i64, u64),
    /// An expiry was handed out.
    ExpiryTaken(i64, u64),
}

/// A block's numbers at the last flush, and the stream's.
pub(super) struct Saved {
    number: u32,
    first: u64,
    last: u64,
    first_time: i64,
    last_time: i64,
    live_bytes: u64,
    ttls: u64,
    schedules: u64,
    length: u64,
    sum: Sum,
}

/// The stream's numbers at the last flush.
#[derive(Clone, Copy, Default)]
pub(crate) struct Totals {
    pub messages: u64,
    pub bytes: u64,
    pub last: u64,
    pub last_time: i64,
}

impl Log {
    /// Notes the block at `at` as it was at the last flush, once.
    #[inline]
    pub(super) fn save(&mut self, at: usize) {
        if let Some(block) = self.blocks.get_mut(at)
            && !block.saved
        {
            block.saved = true;
            self.undo.push(Undo::Saved(Box::new(Saved {
                number: block.number,
                first: block.first,
                last: block.last,
                first_time: block.first_time,
                last_time: block.last_time,
                live_bytes: block.live_bytes,
                ttls: block.ttls,
                schedules: block.schedules,
                length: block.length,
                sum: block.sum,
            })));
        }
    }

    /// The stream's numbers, to be given to [`rollback`](Self::rollback).
    pub fn totals(&self) -> Totals {
        Totals {
            messages: self.messages,
            bytes: self.bytes,
            last: self.last,
            last_time: self.last_time,
        }
    }

    /// Everything staged is in the files now: forgets how to take it back.
    pub fn commit(&mut self) {
        self.evictions.commit();
        self.unwritten.clear();
        let mut undo = std::mem::take(&mut self.undo);
        for step in undo.drain(..) {
            match step {
                Undo::Subject(id, _) => {
                    if self.subjects.entry(id).messages == 0 {
                        self.subjects.release(id);
                    }
                }
                Undo::Dropped(_, mut block) => {
                    if self.spare.is_none() {
                        self.spare = block.data.take();
                    }
                }
                Undo::Saved(saved) => {
                    if let Some(block) = self.numbered(saved.number) {
                        block.saved = false;
                    }
                }
                Undo::Deleted(..)
                | Undo::Passed(..)
                | Undo::Gap(..)
                | Undo::Rolled
                | Undo::ExpirySet(..)
                | Undo::ExpiryTaken(..) => {}
            }
        }
        self.undo = undo;
        for block in self.blocks.iter_mut().rev() {
            if block.number < self.dirty_from {
                break;
            }
            block.saved = false;
            block.flushed = block.length;
        }
        self.dirty_from = self.blocks.back().map_or(0, |block| block.number);
    }

    /// Takes back everything since the last flush, when the stream had these
    /// numbers. Returns the first sequence that is lost by it.
    pub fn rollback(&mut self, totals: Totals) -> Option<Seq> {
        let lost = (self.last > totals.last).then_some(Seq(totals.last + 1));
        self.evictions.rollback();
        let mut unused = Vec::new();
        while let Some(step) = self.undo.pop() {
            if let Undo::Subject(id, before) = &step
                && before.messages == 0
            {
                unused.push(*id);
            }
            self.take_back(step);
        }
        // Not before the end: a subject may have been without messages for a
        // while only.
        for id in unused {
            if self.subjects.entry(id).messages == 0 {
                self.subjects.release(id);
            }
        }
        self.messages = totals.messages;
        self.bytes = totals.bytes;
        self.last = totals.last;
        self.last_time = totals.last_time;
        self.doomed.clear();
        self.unwritten.clear();
        for block in &mut self.blocks {
            block.saved = false;
        }
        lost
    }

    fn take_back(&mut self, step: Undo) {
        match step {
            Undo::Subject(id, entry) => {
                self.subjects.set(id, entry);
            }
            Undo::Saved(saved) => {
                if let Some(block) = self.numbered(saved.number) {
                    restore(block, &saved);
                }
            }
            Undo::Deleted(number, seq) => {
                if let Some(block) = self.numbered(number) {
                    block.deleted.remove(seq);
                }
            }
            Undo::Passed(number, seq) => {
                if let Some(block) = self.numbered(number) {
                    block.deleted.insert(seq);
                }
            }
            Undo::Gap(number, first, last) => {
                if let Some(block) = self.numbered(number) {
                    for seq in first..=last {
                        block.deleted.remove(seq);
                    }
                }
            }
            Undo::Rolled => {
                self.blocks.pop_back();
            }
            Undo::Dropped(at, block) => {
                self.blocks.insert(at.min(self.blocks.len()), *block);
            }
            Undo::ExpirySet(at, seq) => {
                self.expiries.remove(&(at, seq));
            }
            Undo::ExpiryTaken(at, seq) => {
                self.expiries.insert((at, seq));
            }
        }
    }

    /// Number and flushed bytes of all blocks with staged records, in order.
    pub fn staged_blocks(&self) -> Vec<(u32, u64)> {
        let dirty = self.dirty_from;
        let from = self.blocks.partition_point(|block| block.number < dirty);
        let there = self.blocks.range(from..);
        let there = there.filter(|block| block.length > block.flushed);
        let mut staged: Vec<_> = there.map(|block| (block.number, block.flushed)).collect();
        if !self.unwritten.is_empty() {
            let dropped = self.unwritten.iter().filter_map(|&number| {
                let block = self.staged_block(number)?;
                Some((number, block.flushed))
            });
            staged.extend(dropped);
            staged.sort_unstable();
        }
        staged
    }

    /// One of them; it may have been dropped since.
    pub fn staged_block(&self, number: u32) -> Option<&Block> {
        let found = self
            .blocks
            .binary_search_by_key(&number, |block| block.number);
        match found {
            Ok(at) => self.blocks.get(at),
            Err(_) => self.undo.iter().rev().find_map(|step| match step {
                Undo::Dropped(_, block) if block.number == number => Some(&**block),
                _ => None,
            }),
        }
    }

    /// The block of this number.
    pub fn numbered(&mut self, number: u32) -> Option<&mut Block> {
        let at = self
            .blocks
            .binary_search_by_key(&number, |block| block.number)
            .ok()?;
        self.blocks.get_mut(at)
    }
}

fn restore(block: &mut Block, saved: &Saved) {
    // Messages that were removed are there again, or new ones are not.
    block.summary = None;
    block.first = saved.first;
    block.last = saved.last;
    block.first_time = saved.first_time;
    block.last_time = saved.last_time;
    block.live_bytes = saved.live_bytes;
    block.ttls = saved.ttls;
    block.schedules = saved.schedules;
    block.length = saved.length;
    block.sum = saved.sum;
    if let Some(data) = &mut block.data {
        data.truncate(saved.length.saturating_sub(block.data_from) as usize);
    }
    if let Some(slots) = &mut block.slots {
        slots.truncate_at(saved.length);
    }
}
