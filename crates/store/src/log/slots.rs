//! Where the messages of a block are: by sequence, and by subject.

use crate::subjects::SubjectId;

/// Messages behind the sorted part before a look-up by subject sorts again.
const UNSORTED_MAX: usize = 1024;

/// The places of a block's messages, 12 bytes for each, and 8 more once a
/// subject was looked up. Deleted ones may be among them.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    base: u64,
    /// Sequences, less `base`, ascending.
    seqs: Vec<u32>,
    /// Offsets of the records in the block.
    offsets: Vec<u32>,
    /// Subjects; as long as `seqs`, or empty if they were not needed yet.
    ids: Vec<u32>,
    /// (subject, slot) in one number each, ascending, of the first
    /// `sorted.len()` slots.
    sorted: Vec<u64>,
    /// Slot found last: the next one is likely wanted next.
    cursor: usize,
}

fn pair(id: u32, slot: usize) -> u64 {
    u64::from(id) << 32 | slot as u64
}

impl Slots {
    /// No slots yet; sequences from `base` on.
    pub fn new(base: u64) -> Self {
        Self {
            base,
            seqs: Vec::new(),
            offsets: Vec::new(),
            ids: Vec::new(),
            sorted: Vec::new(),
            cursor: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.seqs.len()
    }

    /// Whether a message with this sequence can be added. The first one sets
    /// where sequences begin.
    pub fn can_hold(&self, seq: u64) -> bool {
        self.seqs.is_empty() || seq.wrapping_sub(self.base) <= crate::limits::BLOCK_SPAN_MAX
    }

    /// Adds a message. Its subject is to be given from the first on, or never.
    #[inline]
    pub fn push(&mut self, seq: u64, offset: u32, id: Option<SubjectId>) {
        if self.seqs.is_empty() {
            self.base = seq;
        }
        if let Some(id) = id
            && self.ids.len() == self.seqs.len()
        {
            self.ids.push(id.0);
        }
        self.seqs.push((seq - self.base) as u32);
        self.offsets.push(offset);
    }

    /// Takes all slots of records from offset `length` on away.
    pub fn truncate_at(&mut self, length: u64) {
        let len = self
            .offsets
            .partition_point(|&offset| u64::from(offset) < length);
        self.seqs.truncate(len);
        self.offsets.truncate(len);
        if self.ids.len() > len {
            self.ids.truncate(len);
        }
        if self.sorted.len() > len {
            self.sorted.clear();
        }
        self.cursor = 0;
    }

    /// Sequence of a slot.
    #[inline]
    pub fn seq(&self, at: usize) -> Option<u64> {
        self.seqs.get(at).map(|&delta| self.base + u64::from(delta))
    }

    /// Offset of a slot.
    #[inline]
    pub fn offset(&self, at: usize) -> Option<u32> {
        self.offsets.get(at).copied()
    }

    /// First slot at or above `seq`.
    #[inline]
    pub fn at_or_after(&mut self, seq: u64) -> usize {
        let Some(delta) = seq.checked_sub(self.base) else {
            return 0;
        };
        // Without gaps the slot is the distance.
        if let Ok(at) = usize::try_from(delta)
            && self
                .seqs
                .get(at)
                .is_some_and(|&other| u64::from(other) == delta)
        {
            return at;
        }
        let next = self.cursor + 1;
        let reaches = |at: usize| {
            self.seqs
                .get(at)
                .is_none_or(|&other| u64::from(other) >= delta)
        };
        let at = if !reaches(self.cursor) && reaches(next) {
            next.min(self.seqs.len())
        } else {
            self.seqs.partition_point(|&other| u64::from(other) < delta)
        };
        self.cursor = at;
        at
    }

    /// The slot of this very sequence.
    #[inline]
    pub fn find(&mut self, seq: u64) -> Option<usize> {
        let at = self.at_or_after(seq);
        (self.seq(at) == Some(seq)).then_some(at)
    }

    /// Number of slots at or below `seq`.
    pub fn end_of(&mut self, seq: u64) -> usize {
        self.at_or_after(seq.saturating_add(1))
    }

    /// Whether subjects are known.
    #[inline]
    pub fn has_ids(&self) -> bool {
        self.ids.len() == self.seqs.len()
    }

    /// Sets the subjects of all slots.
    pub fn set_ids(&mut self, ids: Vec<u32>) {
        self.ids = ids;
        self.sorted.clear();
    }

    /// Subjects by slot.
    #[inline]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Subject of a slot.
    #[inline]
    pub fn id(&self, at: usize) -> SubjectId {
        self.ids
            .get(at)
            .map_or(SubjectId::NONE, |&id| SubjectId(id))
    }

    fn sort(&mut self) {
        let sorted = self.sorted.len();
        let bound = UNSORTED_MAX.max(sorted / 4);
        if self.ids.len() - sorted <= bound {
            return;
        }
        let new = self.ids.iter().enumerate().skip(sorted);
        self.sorted.extend(new.map(|(slot, &id)| pair(id, slot)));
        // A stable sort is a merge where one part is sorted already.
        if sorted == 0 {
            self.sorted.sort_unstable();
        } else {
            self.sorted.sort();
        }
    }

    /// Slots of one subject from slot `from` on and before slot `to`, in
    /// order.
    pub fn of_subject(&mut self, id: SubjectId, from: usize, to: usize) -> OfSubject<'_> {
        self.sort();
        let start = self
            .sorted
            .partition_point(|&other| other < pair(id.0, from));
        let end = self.sorted.partition_point(|&other| other < pair(id.0, to));
        let sorted = self.sorted.get(start..end.max(start)).unwrap_or_default();
        let unsorted_from = self.sorted.len().max(from);
        let to = to.min(self.ids.len());
        let unsorted = self.ids.get(unsorted_from.min(to)..to).unwrap_or_default();
        OfSubject {
            id: id.0,
            sorted,
            unsorted,
            unsorted_from,
        }
    }

    pub fn memory(&self) -> usize {
        (self.seqs.capacity() + self.offsets.capacity() + self.ids.capacity()) * 4
            + self.sorted.capacity() * 8
    }
}

/// The slots of one subject, ascending.
pub(crate) struct OfSubject<'a> {
    id: u32,
    sorted: &'a [u64],
    unsorted: &'a [u32],
    unsorted_from: usize,
}

impl Iterator for OfSubject<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if let Some((&first, rest)) = self.sorted.split_first() {
            self.sorted = rest;
            return Some((first & u64::from(u32::MAX)) as usize);
        }
        let at = self.unsorted.iter().position(|&id| id == self.id)?;
        let slot = self.unsorted_from + at;
        self.unsorted = &self.unsorted[at + 1..];
        self.unsorted_from = slot + 1;
        Some(slot)
    }
}

impl DoubleEndedIterator for OfSubject<'_> {
    fn next_back(&mut self) -> Option<usize> {
        if let Some(at) = self.unsorted.iter().rposition(|&id| id == self.id) {
            self.unsorted = &self.unsorted[..at];
            return Some(self.unsorted_from + at);
        }
        self.unsorted = &[];
        let (&last, rest) = self.sorted.split_last()?;
        self.sorted = rest;
        Some((last & u64::from(u32::MAX)) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_found_with_and_without_gaps() {
        let mut slots = Slots::new(1);
        let seqs: Vec<u64> = (100..5_000)
            .filter(|seq| seq % 7 != 3 || *seq < 1_000)
            .collect();
        for (at, &seq) in seqs.iter().enumerate() {
            slots.push(seq, at as u32 * 10, Some(SubjectId((seq % 5) as u32)));
        }
        for seq in 90..5_010 {
            let want = seqs.partition_point(|&other| other < seq);
            assert_eq!(slots.at_or_after(seq), want, "{seq}");
            assert_eq!(slots.find(seq).is_some(), seqs.contains(&seq));
        }
        for id in 0..6 {
            let want: Vec<usize> = seqs
                .iter()
                .enumerate()
                .filter(|(at, seq)| *seq % 5 == id && *at >= 30 && *at < 4_000)
                .map(|(at, _)| at)
                .collect();
            let id = SubjectId(id as u32);
            assert!(slots.of_subject(id, 30, 4_000).eq(want.iter().copied()));
            assert!(
                slots
                    .of_subject(id, 30, 4_000)
                    .rev()
                    .eq(want.iter().rev().copied())
            );
        }
        assert_eq!(slots.of_subject(SubjectId(1), 7, 7).next(), None);
    }
}
