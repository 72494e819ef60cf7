//! Blocks come into memory when they are needed and leave it when the budget
//! is used up.

use crate::error::StoreError;
use crate::file::blocks::BlockFiles;
use crate::file::padding::without_padding;
use crate::record::Kind;
use crate::scan::{Found, Scan};
use crate::subjects::SubjectId;
use crate::types::Seq;

use super::Log;
use super::slots::Slots;

/// Rounds of housekeeping that a block's slots stay in memory unused.
const IDLE_ROUNDS: u8 = 60;
/// Blocks whose slots go in one round, if summaries are to be made of them: a
/// millisecond each.
const IDLE_SUMMARIES: usize = 4;

/// What is given up when the budget is exceeded, in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Bytes of blocks that were not used since the last time.
    Unused,
    /// Bytes of all blocks.
    Bytes,
    /// Slots as well.
    Slots,
}

impl Log {
    /// Makes sure that the block's bytes and slots are in memory. Messages
    /// that turn out to be damaged are given up.
    #[inline]
    pub fn ensure(&mut self, at: usize) -> Result<(), StoreError> {
        match self.blocks.get_mut(at) {
            Some(block) if block.is_loaded() => {
                block.recent = true;
                Ok(())
            }
            Some(_) => self.load_block(at),
            None => Ok(()),
        }
    }

    /// Makes sure that the block's slots are in memory.
    #[inline]
    pub fn ensure_slots(&mut self, at: usize) -> Result<(), StoreError> {
        match self.blocks.get_mut(at) {
            Some(block) if block.slots.is_some() => {
                block.recent = true;
                Ok(())
            }
            Some(_) => self.load_block(at),
            None => Ok(()),
        }
    }

    /// As [`ensure_slots`](Self::ensure_slots), with the subjects of all
    /// messages.
    #[inline]
    pub fn ensure_ids(&mut self, at: usize) -> Result<(), StoreError> {
        match self.blocks.get_mut(at) {
            Some(block) if block.slots.as_ref().is_some_and(Slots::has_ids) => {
                block.recent = true;
                Ok(())
            }
            Some(_) => {
                self.ensure(at)?;
                self.find_ids(at);
                Ok(())
            }
            None => Ok(()),
        }
    }

    #[cold]
    fn load_block(&mut self, at: usize) -> Result<(), StoreError> {
        let is_tail = at + 1 == self.blocks.len();
        let Some(block) = self.blocks.get_mut(at) else {
            return Ok(());
        };
        if block.data.is_none() || block.data_from > 0 {
            let number = block.number;
            let is_at_rest = !is_tail && block.flushed == block.length;
            let read = match &mut self.files {
                Some(files) => {
                    if is_at_rest && !files.patient {
                        files.fetch(number, &mut self.spare)?;
                    }
                    files.read_into(number, &mut self.spare)?
                }
                None => return Ok(()),
            };
            self.read_ahead(at);
            let Some(block) = self.blocks.get_mut(at) else {
                return Ok(());
            };
            let mut bytes = read.plain;
            if block.flushed < block.length || is_tail {
                // What is staged was never anywhere else.
                bytes.resize(block.data_from as usize, 0);
                bytes.extend_from_slice(block.data.as_deref().unwrap_or_default());
            } else {
                if !read.compressed {
                    bytes.truncate(without_padding(&bytes, block.flushed as usize));
                }
                block.length = bytes.len() as u64;
                block.flushed = block.length;
                block.packed = Some(read.compressed);
                block.settled = read.compressed == self.options.compress;
            }
            block.data = Some(bytes);
            block.data_from = 0;
        }
        if !self
            .blocks
            .get(at)
            .is_some_and(super::Block::is_as_its_slots_say)
        {
            self.make_slots(at);
        }
        if let Some(block) = self.blocks.get_mut(at) {
            block.recent = true;
            block.read_streak = 0;
        }
        self.charge();
        self.evict_over_budget(at);
        Ok(())
    }

    /// Lets the disk fetch the block behind one that was read, if somebody seems
    /// to read the blocks one after the other: a consumer that is far behind
    /// then finds each of them in the operating system's memory.
    fn read_ahead(&mut self, at: usize) {
        let is_loaded = |at: usize| {
            self.blocks
                .get(at)
                .is_some_and(|block| block.data.is_some())
        };
        let in_order = at.checked_sub(1).is_none_or(is_loaded);
        let tail = self.blocks.len().saturating_sub(1);
        if let Some(next) = self.blocks.get(at + 1)
            && in_order
            && at + 1 < tail
            && next.data.is_none()
            && next.flushed == next.length
            && let Some(files) = &mut self.files
        {
            files.will_read(next.number, &mut self.spare);
        }
    }

    /// Finds the records of a block whose bytes are in memory.
    fn make_slots(&mut self, at: usize) {
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        let data = block.data.as_deref().unwrap_or_default();
        let mut slots = Slots::new(block.first);
        let mut highest = 0;
        let mut live = 0;
        let mut live_bytes = 0;
        for found in Scan::new(data, block.checksum.as_ref()) {
            let Found::Record(offset, record) = found else {
                continue;
            };
            if record.kind == Kind::Message && record.seq > highest {
                highest = record.seq;
                if !slots.can_hold(record.seq) {
                    continue;
                }
                // Dead ones as well: a removal may be taken back.
                slots.push(record.seq, offset as u32, None);
                if block.has(record.seq) {
                    live += 1;
                    live_bytes += self.sizes.of(record.subject, record.header, record.payload);
                }
            }
        }
        block.slots = Some(slots);
        if live != block.messages() {
            block.summary = None;
            self.give_up_missing(at, live_bytes);
        }
    }

    /// Messages that should be in the block and are not are lost: takes them
    /// out of all counts.
    #[cold]
    fn give_up_missing(&mut self, at: usize, live_bytes: u64) {
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        let Some(slots) = &mut block.slots else {
            return;
        };
        let wanted = (block.first..=block.last).filter(|seq| !block.deleted.contains(*seq));
        let missing: Vec<u64> = wanted.filter(|&seq| slots.find(seq).is_none()).collect();
        let lost_bytes = block.live_bytes.saturating_sub(live_bytes);
        block.live_bytes = live_bytes;
        for &seq in &missing {
            block.deleted.insert(seq);
        }
        while block.first <= block.last && block.deleted.remove(block.first) {
            block.first += 1;
        }
        if let Some(record) = slots
            .find(block.first)
            .and_then(|slot| block.record_of(slot))
        {
            block.first_time = record.timestamp;
        }
        self.messages = self.messages.saturating_sub(missing.len() as u64);
        self.bytes = self.bytes.saturating_sub(lost_bytes);
        self.lost.bytes += lost_bytes;
        self.lost.messages.extend(missing.into_iter().map(Seq));
        self.lost.messages.sort_unstable();
        self.lost.messages.dedup();
        self.recount = true;
    }

    /// Looks up the subjects of a block's messages.
    fn find_ids(&mut self, at: usize) {
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        let (Some(data), Some(slots)) = (&block.data, &mut block.slots) else {
            return;
        };
        let ids = (0..slots.len()).map(|slot| {
            let record = slots
                .offset(slot)
                .and_then(|offset| crate::record::Record::parse(data.get(offset as usize..)?));
            let id = record.and_then(|record| self.subjects.find(record.subject));
            id.unwrap_or(SubjectId::NONE).0
        });
        let ids = ids.collect();
        slots.set_ids(ids);
    }

    /// Tells the budget what this log uses.
    pub fn charge(&mut self) {
        if let Some(budget) = &self.budget {
            let blocks: usize = self.blocks.iter().map(super::Block::memory).sum();
            let used = blocks + self.files.as_ref().map_or(0, BlockFiles::memory);
            budget.replace(self.charged, used);
            self.charged = used;
        }
    }

    /// Gives up blocks that were not used lately until the budget holds, but
    /// not the one at `keep`: first their bytes, and if that is not enough
    /// what is known of their records.
    pub fn evict_over_budget(&mut self, keep: usize) {
        for pass in [Pass::Unused, Pass::Bytes, Pass::Slots] {
            for at in 0..self.blocks.len() {
                if !self
                    .budget
                    .as_ref()
                    .is_some_and(crate::CacheBudget::is_exceeded)
                {
                    return;
                }
                if pass == Pass::Slots && at != keep {
                    self.summarize_leaving(at);
                }
                let Some(block) = self.blocks.get_mut(at) else {
                    return;
                };
                if at == keep || block.data.is_none() && block.slots.is_none() {
                    continue;
                }
                if pass == Pass::Unused && std::mem::take(&mut block.recent) {
                    continue;
                }
                let before = block.memory();
                let buffer = block.evict_data();
                if pass == Pass::Slots {
                    block.slots = None;
                }
                let after = block.memory();
                if let Some(budget) = &self.budget {
                    budget.replace(before, after);
                    self.charged = (self.charged + after).saturating_sub(before);
                }
                if self.spare.is_none() {
                    self.spare = buffer;
                }
            }
        }
    }

    /// Gives up the bytes of blocks that were not used since the last call,
    /// and what is known of the records of those that were not for long.
    pub fn evict_idle(&mut self) {
        let Some(files) = &mut self.files else {
            return;
        };
        files.age_fetches();
        let mut leaving = Vec::new();
        for (at, block) in self.blocks.iter_mut().enumerate() {
            if std::mem::take(&mut block.recent) {
                block.idle = 0;
            } else if block.data.is_some() || block.slots.is_some() {
                block.evict_data();
                block.idle = block.idle.saturating_add(1);
                if block.idle >= IDLE_ROUNDS {
                    leaving.push(at);
                }
            }
        }
        let mut made = 0;
        for at in leaving {
            if made >= IDLE_SUMMARIES {
                break;
            }
            made += usize::from(self.summarize_leaving(at));
            if let Some(block) = self.blocks.get_mut(at) {
                block.idle = 0;
                block.slots = None;
            }
        }
        self.evict_summaries();
        self.spare = None;
        self.charge();
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.replace(self.charged, 0);
        }
    }
}
