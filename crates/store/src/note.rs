//! What a tombstone can say besides its own sequence: the payload of its
//! record.
//!
//! A limit leaves no record when it removes a message: when a stream is
//! rebuilt from its blocks, limits are applied again. That gives the same
//! messages as long as nothing but appends came between. Where something else
//! follows (a message is deleted, limits change), what limits have removed
//! until then is told by the tombstone that makes the difference, so that one
//! record has both. A purge tells all it removes in its first tombstone, so
//! that it is done or not, but never half done.
//!
//! The Go server reads such a record as the tombstone it is, and passes over
//! the payload.
//!
//! Payload: 1 (version); all below this sequence is gone (uv, 0 for nothing);
//! number of ranges (uv); for each what lies between it and the range before
//! (uv), and its length (uv).

use std::collections::BTreeMap;

use crate::varint::{Reader, put_uv};

const VERSION: u8 = 1;

/// Bytes of a note at most: half of what a record can hold. More is told by
/// several tombstones.
pub const NOTE_BYTES_MAX: usize = 16 << 20;

/// A range takes no more than this: two numbers.
const RANGE_BYTES_MAX: usize = 20;

/// Bytes before the ranges, at most.
const HEAD_BYTES_MAX: usize = 21;

/// Sequences end here, as those of tombstones do.
const SEQ_END: u64 = 1 << 62;

/// Messages that are gone.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Note {
    /// All below this one are.
    pub below: u64,
    /// First sequences and ends of others, ascending, apart.
    pub ranges: Vec<(u64, u64)>,
}

impl Note {
    /// Those of `below` and of ascending sequences.
    pub fn new(below: u64, seqs: impl Iterator<Item = u64>) -> Self {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for seq in seqs.filter(|&seq| seq >= below) {
            match ranges.last_mut() {
                Some((_, end)) if *end == seq => *end = seq + 1,
                Some((_, end)) if *end > seq => {}
                _ => ranges.push((seq, seq + 1)),
            }
        }
        Self { below, ranges }
    }

    /// Adds first sequences and ends, ascending and apart.
    pub fn add_ranges(&mut self, ranges: Vec<(u64, u64)>) {
        if self.ranges.is_empty() {
            self.ranges = ranges;
            return;
        }
        let mut gone = Gone::default();
        for (first, end) in self.ranges.drain(..).chain(ranges) {
            gone.insert(first, end);
        }
        self.ranges = gone.ranges.into_iter().collect();
    }

    /// A note with so many ranges takes no more bytes.
    pub fn bytes_max(ranges: usize) -> usize {
        HEAD_BYTES_MAX + ranges.saturating_mul(RANGE_BYTES_MAX)
    }

    /// Its payload; more than one if it is very long.
    pub fn encode(&self) -> Vec<Vec<u8>> {
        let most = NOTE_BYTES_MAX / RANGE_BYTES_MAX;
        let mut parts: Vec<Vec<u8>> = Vec::new();
        let mut rest = self.ranges.as_slice();
        while !rest.is_empty() || parts.is_empty() {
            let (ranges, later) = rest.split_at(rest.len().min(most));
            rest = later;
            let mut out = vec![VERSION];
            put_uv(&mut out, if parts.is_empty() { self.below } else { 0 });
            put_uv(&mut out, ranges.len() as u64);
            let mut last = 0;
            for &(first, end) in ranges {
                put_uv(&mut out, first - last);
                put_uv(&mut out, end - first);
                last = end;
            }
            parts.push(out);
        }
        parts
    }

    /// Reads the payload of a tombstone. `None` if it tells nothing, or not
    /// in a form that is known. What it takes is bounded by the payload.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        if reader.byte()? != VERSION {
            return None;
        }
        let below = reader.uv().filter(|&below| below <= SEQ_END)?;
        let mut ranges = Vec::new();
        let mut last = 0_u64;
        for _ in 0..reader.uv()? {
            let first = last.checked_add(reader.uv()?)?;
            let length = reader.uv().filter(|&length| length > 0)?;
            last = first.checked_add(length).filter(|&end| end <= SEQ_END)?;
            ranges.push((first, last));
        }
        Some(Self { below, ranges })
    }

    /// The highest sequence it tells of, 0 for none.
    pub fn highest(&self) -> u64 {
        let end = self.ranges.last().map_or(0, |&(_, end)| end);
        end.max(self.below).saturating_sub(1)
    }
}

/// What many notes tell together.
#[derive(Debug, Default)]
pub struct Gone {
    below: u64,
    /// Ends by first sequences; they do not touch each other.
    ranges: BTreeMap<u64, u64>,
}

impl Gone {
    /// Adds what a note tells.
    pub fn add(&mut self, note: &Note) {
        self.below = self.below.max(note.below);
        for &(first, end) in &note.ranges {
            self.insert(first, end);
        }
    }

    fn insert(&mut self, mut first: u64, mut end: u64) {
        while let Some((&other, &other_end)) = self.ranges.range(..=end).next_back() {
            if other_end < first {
                break;
            }
            self.ranges.remove(&other);
            first = first.min(other);
            end = end.max(other_end);
        }
        self.ranges.insert(first, end);
    }

    /// Whether this message is.
    pub fn has(&self, seq: u64) -> bool {
        let range = self.ranges.range(..=seq).next_back();
        seq < self.below || range.is_some_and(|(_, &end)| seq < end)
    }

    /// Number of ranges that do not touch each other.
    pub fn ranges(&self) -> usize {
        self.ranges.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(note: &Note) -> Vec<Note> {
        let parts = note.encode();
        parts
            .iter()
            .map(|part| Note::decode(part).unwrap())
            .collect()
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let note = Note::new(5, [1, 4, 7, 10, 11, 12, 12, 900].into_iter());
        assert_eq!(note.ranges, [(7, 8), (10, 13), (900, 901)]);
        assert_eq!(note.highest(), 900);
        let payload = note.encode().remove(0);
        assert_eq!(decoded(&note), [note]);
        assert_eq!(Note::decode(&payload[..payload.len() - 1]), None);
        assert_eq!(Note::decode(b""), None);
        assert_eq!(Note::decode(&[2, 5, 0]), None, "another version");
        let front = Note::new(9, std::iter::empty());
        assert_eq!((front.highest(), decoded(&front)), (8, vec![front.clone()]));
    }

    #[test]
    fn a_long_note_is_written_in_parts() {
        let count = NOTE_BYTES_MAX / RANGE_BYTES_MAX + 10;
        let note = Note::new(3, (0..count as u64).map(|n| 4 + 2 * n));
        let parts = decoded(&note);
        assert_eq!(parts.len(), 2);
        let ranges: Vec<_> = parts.iter().flat_map(|part| &part.ranges).collect();
        assert!(ranges.into_iter().eq(&note.ranges));
        assert_eq!((parts[0].below, parts[1].below), (3, 0));
    }

    #[test]
    fn what_notes_tell_adds_up() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut gone = Gone::default();
        let mut model = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let first = random.u64(10..2_000);
            let end = first + random.u64(1..30);
            gone.add(&Note {
                below: 7,
                ranges: vec![(first, end)],
            });
            model.extend(first..end);
        }
        model.extend(0..7);
        assert!((0..2_100).all(|seq| gone.has(seq) == model.contains(&seq)));
        let starts = model
            .iter()
            .filter(|&&seq| seq >= 10 && !model.contains(&(seq - 1)));
        assert_eq!(gone.ranges(), starts.count());
    }

    #[test]
    fn sequences_that_cannot_be_are_refused() {
        let far = Note {
            below: 0,
            ranges: vec![(SEQ_END - 1, SEQ_END + 1)],
        };
        assert_eq!(Note::decode(&far.encode()[0]), None);
        let far = Note {
            below: SEQ_END + 1,
            ranges: Vec::new(),
        };
        assert_eq!(Note::decode(&far.encode()[0]), None);
    }
}
