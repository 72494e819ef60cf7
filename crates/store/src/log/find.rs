//! The next and the previous message that a filter wants.

use std::ops::ControlFlow;

use crate::error::StoreError;
use crate::filter::Filter;
use crate::limits::SCAN_RECORDS;
use crate::record::Record;
use crate::subjects::SubjectId;
use crate::types::{MessageRef, Nanos, Seq, SubjectState};

use super::Log;

/// Where to look, seen from a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    /// At it or above.
    Up,
    /// At it or below.
    Down,
}

/// Slots between two reads that count as close together.
const NEAR_SLOTS: usize = 4;
/// Close reads of single records before their whole block is loaded.
const STREAK_MAX: u8 = 8;
/// Records larger than this are not read alone.
const SINGLE_BYTES_MAX: u64 = 1 << 20;

/// A message's place: index of its block, and its slot.
pub(super) type Place = (usize, usize);

impl Log {
    pub fn load(&mut self, seq: u64) -> Result<Option<MessageRef<'_>>, StoreError> {
        let Some(at) = self.block_with(seq) else {
            return Ok(None);
        };
        self.ensure_slots(at)?;
        let Some(block) = self.blocks.get_mut(at) else {
            return Ok(None);
        };
        let slot = block.slots.as_mut().and_then(|slots| slots.find(seq));
        let Some(slot) = slot else {
            return Ok(None);
        };
        match self.fetch((at, slot))? {
            Some(place) => Ok(self.message(place)),
            None => Ok(None),
        }
    }

    pub(super) fn message(&self, (at, slot): Place) -> Option<MessageRef<'_>> {
        let block = self.blocks.get(at)?;
        let record = block
            .record_of(slot)
            .or_else(|| Record::parse(&self.single))?;
        Some(MessageRef {
            seq: Seq(record.seq),
            timestamp: Nanos(record.timestamp),
            subject: record.subject,
            header: record.header,
            payload: record.payload,
        })
    }

    /// Makes sure that the record at a place is in memory: with its block, or
    /// alone in `single` if its neighbours are not wanted. Returns the place,
    /// which may be another after loading; `None` if it is damaged.
    #[inline]
    pub(super) fn fetch(&mut self, (at, slot): Place) -> Result<Option<Place>, StoreError> {
        let Some(block) = self.blocks.get(at) else {
            return Ok(None);
        };
        if block.record_of(slot).is_some() {
            return Ok(Some((at, slot)));
        }
        self.fetch_from_file((at, slot))
    }

    #[cold]
    fn fetch_from_file(&mut self, (at, slot): Place) -> Result<Option<Place>, StoreError> {
        let (Some(block), Some(files)) = (self.blocks.get_mut(at), &mut self.files) else {
            return Ok(None);
        };
        let Some(slots) = &block.slots else {
            return Ok(None);
        };
        let (Some(seq), Some(offset)) = (slots.seq(slot), slots.offset(slot)) else {
            return Ok(None);
        };
        let near = slot.abs_diff(block.read_last) <= NEAR_SLOTS;
        block.read_streak = if near {
            block.read_streak.saturating_add(1)
        } else {
            0
        };
        block.read_last = slot;
        let end = slots.offset(slot + 1).map_or(block.length, u64::from);
        let alone = block.packed == Some(false)
            && block.read_streak < STREAK_MAX
            && end <= block.flushed
            && end - u64::from(offset) <= SINGLE_BYTES_MAX;
        if alone {
            self.single.resize((end - u64::from(offset)) as usize, 0);
            files.read_range(block.number, u64::from(offset), &mut self.single)?;
            let good = Record::parse(&self.single).is_some_and(|record| {
                record.seq == seq
                    && block
                        .checksum
                        .as_ref()
                        .is_none_or(|sum| record.is_intact(sum))
            });
            if good {
                return Ok(Some((at, slot)));
            }
        }
        self.ensure(at)?;
        let Some(block) = self.blocks.get_mut(at) else {
            return Ok(None);
        };
        if !block.has(seq) {
            return Ok(None);
        }
        let slot = block.slots.as_mut().and_then(|slots| slots.find(seq));
        Ok(slot.map(|slot| (at, slot)))
    }

    /// Sequence of the message at a place.
    pub(super) fn seq_of(&self, (at, slot): Place) -> Option<u64> {
        self.blocks.get(at)?.slots.as_ref()?.seq(slot)
    }

    pub fn seek(
        &mut self,
        filter: &Filter,
        mut from: u64,
        direction: Direction,
    ) -> Result<Option<MessageRef<'_>>, StoreError> {
        loop {
            let Some(found) = self.seek_place(filter, from, direction)? else {
                return Ok(None);
            };
            let seq = self.seq_of(found);
            if let Some(place) = self.fetch(found)? {
                return Ok(self.message(place));
            }
            // It is damaged: on to the next one.
            from = match (direction, seq) {
                (Direction::Up, Some(seq)) => seq + 1,
                (Direction::Down, Some(seq)) if seq > 0 => seq - 1,
                (Direction::Up | Direction::Down, _) => return Ok(None),
            };
        }
    }

    fn seek_place(
        &mut self,
        filter: &Filter,
        from: u64,
        direction: Direction,
    ) -> Result<Option<Place>, StoreError> {
        match filter {
            Filter::All => self.any_from(from, direction),
            Filter::One(pattern) if pattern.is_literal() => {
                match self.subjects.find(pattern.as_bytes()) {
                    Some(id) => self.of_subject_from(id, from, direction),
                    None => Ok(None),
                }
            }
            Filter::One(_) | Filter::Many(_) => self.matching_from(filter, from, direction),
        }
    }

    /// The next block with messages at or beyond `from`, beginning with the
    /// one at `at`.
    fn block_from(&self, mut at: usize, from: u64, direction: Direction) -> Option<usize> {
        loop {
            let block = self.blocks.get(at)?;
            let useful = match direction {
                Direction::Up => block.last >= from,
                Direction::Down => block.first <= from,
            };
            if useful && block.messages() > 0 {
                return Some(at);
            }
            at = match direction {
                Direction::Up => at + 1,
                Direction::Down => at.checked_sub(1)?,
            };
        }
    }

    pub(super) fn start_block(&self, from: u64, direction: Direction) -> Option<usize> {
        let at = self.block_at(from);
        let at = match direction {
            Direction::Up => at,
            Direction::Down => at.min(self.blocks.len().saturating_sub(1)),
        };
        self.block_from(at, from, direction)
    }

    pub(super) fn following(&self, at: usize, from: u64, direction: Direction) -> Option<usize> {
        match direction {
            Direction::Up => self.block_from(at + 1, from, direction),
            Direction::Down => self.block_from(at.checked_sub(1)?, from, direction),
        }
    }

    /// Slots of a loaded block in the direction, from `from` on.
    pub(super) fn slots_from(
        &mut self,
        at: usize,
        from: u64,
        direction: Direction,
    ) -> (usize, usize) {
        let Some(slots) = self
            .blocks
            .get_mut(at)
            .and_then(|block| block.slots.as_mut())
        else {
            return (0, 0);
        };
        match direction {
            Direction::Up => (slots.at_or_after(from), slots.len()),
            Direction::Down => (0, slots.end_of(from)),
        }
    }

    /// First slot in `start..end`, in the direction, with a live message whose
    /// subject is `wanted`; looks at `budget` slots at most and takes them off
    /// it.
    #[inline]
    pub(super) fn scan_slots(
        &self,
        at: usize,
        (start, end): (usize, usize),
        direction: Direction,
        budget: &mut usize,
        mut wanted: impl FnMut(SubjectId) -> bool,
    ) -> ControlFlow<Option<usize>> {
        let Some(block) = self.blocks.get(at) else {
            return ControlFlow::Continue(());
        };
        let Some(slots) = &block.slots else {
            return ControlFlow::Continue(());
        };
        let steps = end.saturating_sub(start);
        let allowed = steps.min(*budget);
        *budget -= allowed;
        for step in 0..allowed {
            let slot = match direction {
                Direction::Up => start + step,
                Direction::Down => end - 1 - step,
            };
            if wanted(slots.id(slot)) && slots.seq(slot).is_some_and(|seq| block.has(seq)) {
                return ControlFlow::Break(Some(slot));
            }
        }
        if allowed < steps {
            return ControlFlow::Break(None);
        }
        ControlFlow::Continue(())
    }

    fn any_from(&mut self, from: u64, direction: Direction) -> Result<Option<Place>, StoreError> {
        let mut next = self.start_block(from, direction);
        while let Some(at) = next {
            self.ensure_slots(at)?;
            let range = self.slots_from(at, from, direction);
            let found = self.scan_slots(at, range, direction, &mut usize::MAX.clone(), |_| true);
            if let ControlFlow::Break(Some(slot)) = found {
                return Ok(Some((at, slot)));
            }
            next = self.following(at, from, direction);
        }
        Ok(None)
    }

    /// The next message of one subject.
    pub(super) fn of_subject_from(
        &mut self,
        id: SubjectId,
        from: u64,
        direction: Direction,
    ) -> Result<Option<Place>, StoreError> {
        let entry = self.subjects.entry(id);
        if entry.messages == 0 {
            return Ok(None);
        }
        let start = match direction {
            Direction::Up => from.max(entry.first),
            Direction::Down => from.min(entry.last),
        };
        let beyond = match direction {
            Direction::Up => start > entry.last,
            Direction::Down => start < entry.first,
        };
        if beyond {
            return Ok(None);
        }
        let known = match direction {
            Direction::Up => entry.first_exact && start == entry.first,
            Direction::Down => entry.last_exact && start == entry.last,
        };
        let mut next = self.start_block(start, direction);
        while let Some(at) = next {
            let out_of_range = self.blocks.get(at).is_none_or(|block| match direction {
                Direction::Up => block.first > entry.last,
                Direction::Down => block.last < entry.first,
            });
            if out_of_range {
                break;
            }
            let slot = if known {
                self.ensure_slots(at)?;
                let slots = self
                    .blocks
                    .get_mut(at)
                    .and_then(|block| block.slots.as_mut());
                slots.and_then(|slots| slots.find(start))
            } else if self.lacks(at, id) {
                None
            } else {
                self.ensure_ids(at)?;
                self.slot_of_subject(id, at, start, direction)
            };
            if let Some(slot) = slot {
                self.learn(id, from, (at, slot), direction);
                return Ok(Some((at, slot)));
            }
            next = self.following(at, start, direction);
        }
        Ok(None)
    }

    /// The next live slot of a subject in a block whose subjects are known.
    fn slot_of_subject(
        &mut self,
        id: SubjectId,
        at: usize,
        from: u64,
        direction: Direction,
    ) -> Option<usize> {
        let (start, end) = self.slots_from(at, from, direction);
        let block = self.blocks.get_mut(at)?;
        let mut slots = block.slots.take()?;
        let live = |slot: &usize| slots.seq(*slot).is_some_and(|seq| block.has(seq));
        // Near messages are found faster without the index.
        let near = SCAN_RECORDS.min(end.saturating_sub(start));
        let is = |slot: &usize| slots.ids().get(*slot) == Some(&id.0) && live(slot);
        let mut found = match direction {
            Direction::Up => (start..start + near).find(is),
            Direction::Down => (end - near..end).rev().find(is),
        };
        if found.is_none() && near < end.saturating_sub(start) {
            let seqs_live = |slots: &super::slots::Slots, slot: usize| {
                slots.seq(slot).is_some_and(|seq| block.has(seq))
            };
            let (start, end) = match direction {
                Direction::Up => (start + near, end),
                Direction::Down => (start, end - near),
            };
            let candidates: Vec<usize> = match direction {
                Direction::Up => slots.of_subject(id, start, end).collect(),
                Direction::Down => slots.of_subject(id, start, end).rev().collect(),
            };
            found = candidates.into_iter().find(|&slot| seqs_live(&slots, slot));
        }
        block.slots = Some(slots);
        found
    }

    /// Notes a subject's end that a search has found.
    fn learn(&mut self, id: SubjectId, from: u64, place: Place, direction: Direction) {
        let Some(seq) = self.seq_of(place) else {
            return;
        };
        let mut entry = self.subjects.entry(id);
        match direction {
            Direction::Up if from <= entry.first && !entry.first_exact => {
                (entry.first, entry.first_exact) = (seq, true);
            }
            Direction::Down if from >= entry.last && !entry.last_exact => {
                (entry.last, entry.last_exact) = (seq, true);
            }
            Direction::Up | Direction::Down => return,
        }
        self.subjects.set(id, entry);
    }

    pub fn subject_state(&mut self, subject: &[u8]) -> Result<Option<SubjectState>, StoreError> {
        let Some(id) = self.subjects.find(subject) else {
            return Ok(None);
        };
        if self.subjects.entry(id).messages == 0 {
            return Ok(None);
        }
        let (Some(first), Some(last)) = (self.first_of(id)?, self.last_of(id)?) else {
            return Ok(None);
        };
        Ok(Some(SubjectState {
            messages: self.subjects.entry(id).messages,
            first: Seq(first),
            last: Seq(last),
        }))
    }

    /// First message of a subject.
    pub fn first_of(&mut self, id: SubjectId) -> Result<Option<u64>, StoreError> {
        let entry = self.subjects.entry(id);
        if entry.first_exact && entry.messages > 0 {
            return Ok(Some(entry.first));
        }
        let place = self.of_subject_from(id, 0, Direction::Up)?;
        Ok(place.and_then(|place| self.seq_of(place)))
    }

    /// Last message of a subject.
    pub fn last_of(&mut self, id: SubjectId) -> Result<Option<u64>, StoreError> {
        self.last_of_up_to(id, u64::MAX)
    }

    /// Last message of a subject at or below `seq`.
    pub fn last_of_up_to(&mut self, id: SubjectId, seq: u64) -> Result<Option<u64>, StoreError> {
        let entry = self.subjects.entry(id);
        if entry.last_exact && entry.messages > 0 && entry.last <= seq {
            return Ok(Some(entry.last));
        }
        let place = self.of_subject_from(id, seq, Direction::Down)?;
        Ok(place.and_then(|place| self.seq_of(place)))
    }

    pub fn seq_at(&mut self, time: i64) -> Result<u64, StoreError> {
        // Times mostly rise with the sequence.
        let mut at = self.blocks.partition_point(|block| block.last_time < time);
        while let Some(block) = self.blocks.get(at) {
            if block.messages() == 0 {
                at += 1;
                continue;
            }
            self.ensure(at)?;
            let Some(block) = self.blocks.get(at) else {
                break;
            };
            let slots = block.slots.as_ref().map_or(0, super::slots::Slots::len);
            let time_of = |slot| {
                block
                    .record_of(slot)
                    .map_or(i64::MAX, |record| record.timestamp)
            };
            let (mut low, mut high) = (0, slots);
            while low < high {
                let middle = (low + high) / 2;
                if time_of(middle) < time {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            let live = |slot: usize| {
                let seq = block.slots.as_ref().and_then(|slots| slots.seq(slot));
                seq.filter(|&seq| block.has(seq))
            };
            if let Some(seq) = (low..slots).find_map(live) {
                return Ok(seq);
            }
            at += 1;
        }
        Ok(self.last + 1)
    }
}
