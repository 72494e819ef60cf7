//! Messages go: single ones, the oldest ones, whole blocks.

use crate::error::StoreError;
use crate::note::Note;
use crate::record::{Kind, Record};
use crate::scan::{Found, Scan};
use crate::types::{Front, Nanos, RemovedMany, Seq};

use super::Log;
use super::undo::Undo;

impl Log {
    /// Removes one message, and its block if that has no others. Returns time
    /// and size.
    pub fn take_out(&mut self, seq: u64, bury: bool) -> Result<Option<(i64, u64)>, StoreError> {
        let Some(at) = self.block_with(seq) else {
            return Ok(None);
        };
        self.ensure_slots(at)?;
        let slot = self.slot_with(at, seq);
        let Some(slot) = slot else {
            return Ok(None);
        };
        // Its block may be loaded by this, and it may turn out to be damaged.
        if self.fetch((at, slot))?.is_none() {
            return Ok(None);
        }
        let was_first = self.blocks.get(at).is_some_and(|block| block.first == seq);
        let Some(taken) = self.unlink(at, seq) else {
            return Ok(None);
        };
        if !bury && self.name.is_some() {
            let first = was_first && self.state().first.0 > seq;
            self.evictions.note(seq, taken.0, first);
        }
        if was_first {
            self.find_first_time(at)?;
        }
        let is_tail = at + 1 == self.blocks.len();
        let emptied = self
            .blocks
            .get(at)
            .is_some_and(|block| block.messages() == 0);
        if bury && is_tail && emptied && self.name.is_some() {
            // The last block of a stream without messages is one with a
            // tombstone only.
            let (last, time) = (self.last, self.last_time);
            self.roll();
            let has_last = self.blocks.back().is_some_and(|tail| tail.length > 0);
            if seq != last || !has_last {
                self.bury(seq, taken.0);
            }
            if seq != last && !has_last {
                self.bury(last, time);
            }
        } else if bury {
            self.bury(seq, taken.0);
        }
        if emptied {
            self.drop_if_useless(at);
        }
        self.drop_empty_front();
        Ok(Some(taken))
    }

    fn slot_with(&mut self, at: usize, seq: u64) -> Option<usize> {
        let block = self.blocks.get_mut(at)?;
        block.slots.as_mut()?.find(seq)
    }

    /// The time of a block's first message, after the one before it went.
    fn find_first_time(&mut self, at: usize) -> Result<(), StoreError> {
        let Some(first) = self.blocks.get(at).map(|block| block.first) else {
            return Ok(());
        };
        let Some(slot) = self.slot_with(at, first) else {
            return Ok(());
        };
        if let Some(place) = self.fetch((at, slot))?
            && let Some(time) = self.message(place).map(|message| message.timestamp.0)
            && let Some(block) = self.blocks.get_mut(at)
        {
            block.first_time = time;
        }
        Ok(())
    }

    /// Takes a message out of all counts. Its record has been fetched. Leaves
    /// its subject in `removed_subject`.
    fn unlink(&mut self, at: usize, seq: u64) -> Option<(i64, u64)> {
        self.save(at);
        let block = self.blocks.get_mut(at)?;
        if !block.has(seq) {
            return None;
        }
        let slots = block.slots.as_mut()?;
        let slot = slots.find(seq)?;
        let known = slots.has_ids().then(|| slots.id(slot));
        let block = self.blocks.get_mut(at)?;
        let record = block
            .record_of(slot)
            .or_else(|| Record::parse(&self.single))?;
        let time = record.timestamp;
        let size = self.sizes.of(record.subject, record.header, record.payload);
        let header = record.header;
        let has_ttl =
            block.ttls > 0 && !header.is_empty() && crate::ttl::expiry_of(time, header).is_some();
        let has_schedule =
            block.schedules > 0 && !header.is_empty() && crate::ttl::has_schedule(header);
        self.removed_subject.clear();
        self.removed_subject.extend_from_slice(record.subject);
        let id = match known {
            Some(id) if id != crate::subjects::SubjectId::NONE => Some(id),
            _ => self.subjects.find(record.subject),
        };
        if has_ttl {
            block.ttls = block.ttls.saturating_sub(1);
        }
        if has_schedule {
            block.schedules = block.schedules.saturating_sub(1);
        }
        block.live_bytes = block.live_bytes.saturating_sub(size);
        let number = block.number;
        if seq == block.first {
            block.first += 1;
            while block.first <= block.last && block.deleted.remove(block.first) {
                self.undo.push(Undo::Passed(number, block.first));
                block.first += 1;
            }
        } else {
            block.deleted.insert(seq);
            self.undo.push(Undo::Deleted(number, seq));
        }
        block.note_removed(id);
        if let Some(id) = id {
            let before = self.subjects.count_removed(id, seq);
            self.undo.push(Undo::Subject(id, before));
        }
        self.messages = self.messages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
        Some((time, size))
    }

    /// Takes all messages of a block out of all counts.
    pub(super) fn unlink_all(&mut self, at: usize) -> Result<RemovedMany, StoreError> {
        self.ensure_ids(at)?;
        self.save(at);
        let mut removed = RemovedMany::default();
        let Some(block) = self.blocks.get_mut(at) else {
            return Ok(removed);
        };
        removed.messages = block.messages();
        removed.bytes = block.live_bytes;
        let number = block.number;
        if let Some(slots) = &block.slots {
            for slot in 0..slots.len() {
                let Some(seq) = slots.seq(slot).filter(|&seq| block.has(seq)) else {
                    continue;
                };
                let id = slots.id(slot);
                let before = self.subjects.count_removed(id, seq);
                self.undo.push(Undo::Subject(id, before));
            }
        }
        for seq in block.deleted.iter() {
            self.undo.push(Undo::Passed(number, seq));
        }
        block.summary = None;
        block.deleted = crate::seqset::SeqSet::default();
        block.first = block.last + 1;
        block.live_bytes = 0;
        block.ttls = 0;
        block.schedules = 0;
        self.messages = self.messages.saturating_sub(removed.messages);
        self.bytes = self.bytes.saturating_sub(removed.bytes);
        Ok(removed)
    }

    /// Takes a block without messages out, if it is not the last one and has
    /// no tombstones that are still needed.
    pub fn drop_if_useless(&mut self, at: usize) {
        if at + 1 >= self.blocks.len() || self.has_needed_tombstones(at) {
            return;
        }
        let is_last = self
            .blocks
            .get(at)
            .is_some_and(|block| block.last == self.last);
        if is_last && self.block_with(self.last).is_none() {
            // Nothing later tells that the last sequence was used.
            let (last, time) = (self.last, self.last_time);
            self.bury(last, time);
        }
        if let Some(block) = self.blocks.remove(at) {
            if block.flushed < block.length {
                self.unwritten.push(block.number);
            }
            self.doomed.push(block.number);
            self.undo.push(Undo::Dropped(at, Box::new(block)));
        }
    }

    /// Blocks that were only kept for their tombstones go when they come
    /// first: then there is nothing before them any more.
    pub fn drop_empty_front(&mut self) {
        while self.blocks.len() > 1
            && self
                .blocks
                .front()
                .is_some_and(|block| block.messages() == 0)
        {
            let blocks = self.blocks.len();
            self.drop_if_useless(0);
            if self.blocks.len() >= blocks {
                break;
            }
        }
    }

    fn has_needed_tombstones(&mut self, at: usize) -> bool {
        let staged_from = match self.blocks.get(at) {
            // Nothing is before it.
            Some(block) if at == 0 && block.flushed == block.length => return false,
            Some(block) => block.flushed as usize,
            None => return false,
        };
        if self.name.is_none() {
            return false;
        }
        if self.ensure(at).is_err() {
            return true;
        }
        let Some(block) = self.blocks.get(at) else {
            return false;
        };
        let data = block.data.as_deref().unwrap_or_default();
        Scan::new(data, None).any(|found| match found {
            Found::Record(offset, record) if record.kind == Kind::Tombstone => {
                // One that was never written would be missed if files of
                // blocks that it is for are not removed yet.
                offset >= staged_from || self.is_tombstone_needed(&record, at)
            }
            Found::Record(..) | Found::Damage(..) => false,
        })
    }

    /// Whether messages that a tombstone in the block at `at` tells of may
    /// still be in the file of an earlier block.
    pub fn is_tombstone_needed(&self, record: &Record<'_>, at: usize) -> bool {
        let Some(number) = self.blocks.get(at).map(|block| block.number) else {
            return false;
        };
        let may_be_in = |from: usize, to: usize| {
            let blocks = self
                .blocks
                .range(from.min(at)..to.saturating_add(1).min(at));
            // A block that was written anew since has no dead messages of
            // that time.
            blocks.into_iter().any(|block| block.rewritten <= number)
        };
        let own = self.block_at(record.seq);
        if may_be_in(own, own) {
            return true;
        }
        Note::decode(record.payload).is_some_and(|note| {
            let front = note.below > 0 && may_be_in(0, self.block_at(note.below - 1));
            let mut ranges = note.ranges.iter();
            front
                || ranges
                    .any(|&(first, end)| may_be_in(self.block_at(first), self.block_at(end - 1)))
        })
    }

    /// Removes the oldest messages. With `bury` it is for good: messages get
    /// tombstones in blocks that stay, and those in blocks that go are told of
    /// by [`Evictions`](super::Evictions).
    pub fn remove_front(&mut self, front: Front, bury: bool) -> Result<RemovedMany, StoreError> {
        let mut removed = RemovedMany::default();
        // Whole blocks first.
        while self.messages > 0 {
            let head = self.head();
            let Some(block) = self.blocks.get(head) else {
                break;
            };
            let all = match front {
                Front::Messages(keep) => {
                    self.messages - block.messages().min(self.messages) >= keep
                }
                Front::Bytes(keep) => {
                    self.bytes.saturating_sub(block.live_bytes) >= keep && self.bytes > keep
                }
                Front::Until(Nanos(time)) => block.last_time <= time && block.first_time <= time,
                Front::Below(Seq(seq)) => block.last < seq,
            };
            if !all {
                break;
            }
            let is_tail = head + 1 == self.blocks.len();
            let (last, time) = (block.last, block.last_time);
            // A block that stays needs a tombstone for each message.
            if bury && self.has_needed_tombstones(head) {
                break;
            }
            let some = self.unlink_all(head)?;
            if !bury && self.name.is_some() {
                self.evictions.note(last, time, true);
            }
            removed.messages += some.messages;
            removed.bytes += some.bytes;
            if is_tail {
                if bury && self.name.is_some() {
                    self.roll();
                }
                break;
            }
            self.drop_if_useless(head);
            self.drop_empty_front();
        }
        // Then single messages.
        while self.messages > 0 {
            let Some(block) = self.blocks.get(self.head()) else {
                break;
            };
            let goes = match front {
                Front::Messages(keep) => self.messages > keep,
                Front::Bytes(keep) => self.bytes > keep,
                Front::Until(Nanos(time)) => block.first_time <= time,
                Front::Below(Seq(seq)) => block.first < seq,
            };
            if !goes {
                break;
            }
            let first = block.first;
            let Some((_, size)) = self.take_out(first, bury)? else {
                // It was damaged, and is gone by that.
                if self
                    .blocks
                    .get(self.head())
                    .is_some_and(|block| block.first == first)
                {
                    break;
                }
                continue;
            };
            removed.messages += 1;
            removed.bytes += size;
        }
        Ok(removed)
    }
}
