//! How many messages of each subject there are in a block: a list that is small
//! enough to be kept when nothing else of the block is in memory.
//!
//! Subjects are given by their numbers, ascending. Each is an unsigned varint:
//! its distance from the one before (from 0 for the first), doubled, and 1
//! more if it has several messages; then another one follows, their number
//! less two. So a subject with one message mostly takes a byte.

use crate::varint::{Reader, put_uv};

/// Entries between two places where a look-up can begin.
const CHUNK: u32 = 128;

/// Numbers among which there is one of so many are put in order by bits, which
/// takes half the time; of sparser ones there would be too many bits.
const DENSE: usize = 64;

/// Where a look-up can begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Start {
    /// Subject of the entry before; 0 for the first.
    before: u32,
    /// Offset of the entry.
    offset: u32,
}

/// Messages by subject number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    bytes: Box<[u8]>,
    /// Of every [`CHUNK`]th entry.
    starts: Box<[Start]>,
    /// Of the last entry.
    last: u32,
    messages: u64,
}

/// Subject numbers, to find out which entries are meant.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Ascending, none twice.
    ids: Vec<u32>,
    /// The same as bits; empty as long as it was not needed.
    bits: Vec<u64>,
}

impl Wanted {
    /// These subjects.
    pub fn new(mut ids: Vec<u32>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let bits = Vec::new();
        Self { ids, bits }
    }

    /// All of them, ascending.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Prepares [`has`](Self::has).
    pub fn index(&mut self) {
        if !self.bits.is_empty() {
            return;
        }
        let words = self.ids.last().map_or(0, |&last| last as usize / 64 + 1);
        self.bits = vec![0; words];
        for &id in &self.ids {
            if let Some(word) = self.bits.get_mut(id as usize / 64) {
                *word |= 1 << (id % 64);
            }
        }
    }

    /// Whether a subject is one of them, once they are indexed.
    #[inline]
    pub fn has(&self, id: u32) -> bool {
        let word = self.bits.get(id as usize / 64);
        word.is_some_and(|word| word >> (id % 64) & 1 != 0)
    }
}

/// Puts a list together.
#[derive(Default)]
struct Builder {
    bytes: Vec<u8>,
    starts: Vec<Start>,
    entries: u32,
    last: u32,
    messages: u64,
}

impl Builder {
    /// Subjects come in ascending order.
    fn push(&mut self, id: u32, messages: u64) {
        self.note(self.bytes.len());
        let more = u64::from(messages > 1);
        put_uv(&mut self.bytes, u64::from(id - self.last) << 1 | more);
        if messages > 1 {
            put_uv(&mut self.bytes, messages - 2);
        }
        self.last = id;
        self.messages += messages;
    }

    /// An entry begins at `offset`.
    fn note(&mut self, offset: usize) {
        if self.entries.is_multiple_of(CHUNK) {
            self.starts.push(Start {
                before: self.last,
                offset: offset as u32,
            });
        }
        self.entries += 1;
    }

    fn finish(self) -> Counts {
        Counts {
            bytes: self.bytes.into_boxed_slice(),
            starts: self.starts.into_boxed_slice(),
            last: self.last,
            messages: self.messages,
        }
    }
}

/// Entries one by one.
struct Entries<'a> {
    reader: Reader<'a>,
    last: u32,
}

impl Iterator for Entries<'_> {
    type Item = (u32, u64);

    #[inline]
    fn next(&mut self) -> Option<(u32, u64)> {
        let code = self.reader.uv()?;
        self.last = self.last.wrapping_add((code >> 1) as u32);
        let messages = match code & 1 {
            0 => 1,
            _ => self.reader.uv()?.wrapping_add(2),
        };
        Some((self.last, messages))
    }
}

impl Counts {
    /// Of the subjects of all messages, in any order.
    pub fn of_messages(mut ids: Vec<u32>) -> Self {
        let (Some(&low), Some(&high)) = (ids.iter().min(), ids.iter().max()) else {
            return Self::default();
        };
        let span = (high - low) as usize + 1;
        if span <= ids.len() {
            return Self::of_few_subjects(&ids, low, span);
        }
        if span / DENSE > ids.len() {
            ids.sort_unstable();
            return Self::of_sorted(&ids);
        }
        let mut bits = vec![0u64; span.div_ceil(64)];
        // Subjects that were there already, once for each message more.
        let mut again = Vec::new();
        for &id in &ids {
            let (at, bit) = ((id - low) as usize / 64, 1 << ((id - low) % 64));
            if let Some(word) = bits.get_mut(at) {
                if *word & bit != 0 {
                    again.push(id);
                }
                *word |= bit;
            }
        }
        again.sort_unstable();
        let mut again = again.into_iter().peekable();
        let mut builder = Builder::default();
        builder.bytes.reserve(ids.len() + ids.len() / 8);
        for (at, mut word) in bits.into_iter().enumerate() {
            while word != 0 {
                let id = low + at as u32 * 64 + word.trailing_zeros();
                word &= word - 1;
                let mut messages = 1;
                while again.next_if_eq(&id).is_some() {
                    messages += 1;
                }
                builder.push(id, messages);
            }
        }
        builder.finish()
    }

    fn of_few_subjects(ids: &[u32], low: u32, span: usize) -> Self {
        let mut messages = vec![0u32; span];
        for &id in ids {
            if let Some(messages) = messages.get_mut((id - low) as usize) {
                *messages += 1;
            }
        }
        let mut builder = Builder::default();
        for (at, messages) in messages.into_iter().enumerate() {
            if messages > 0 {
                builder.push(low + at as u32, u64::from(messages));
            }
        }
        builder.finish()
    }

    /// Of the subjects of all messages, ascending.
    pub fn of_sorted(ids: &[u32]) -> Self {
        let mut builder = Builder::default();
        builder.bytes.reserve(ids.len() + ids.len() / 8);
        for same in ids.chunk_by(|a, b| a == b) {
            if let Some(&id) = same.first() {
                builder.push(id, same.len() as u64);
            }
        }
        builder.finish()
    }

    /// Of bytes that were written by [`bytes`](Self::bytes), of subjects with
    /// numbers below `bound`.
    pub fn parse(bytes: &[u8], bound: u32) -> Option<Self> {
        u32::try_from(bytes.len()).ok()?;
        let mut reader = Reader::new(bytes);
        let mut builder = Builder::default();
        while !reader.rest().is_empty() {
            builder.note(bytes.len() - reader.rest().len());
            let code = reader.uv()?;
            let distance = u32::try_from(code >> 1).ok()?;
            if distance == 0 && builder.entries > 1 {
                return None;
            }
            let id = builder.last.checked_add(distance)?;
            if id >= bound {
                return None;
            }
            let messages = match code & 1 {
                0 => 1,
                _ => reader.uv()?.checked_add(2)?,
            };
            builder.last = id;
            builder.messages = builder.messages.checked_add(messages)?;
        }
        builder.bytes = bytes.to_vec();
        Some(builder.finish())
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All messages.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.bytes.len() + self.starts.len() * size_of::<Start>()
    }

    fn from(&self, start: Start) -> Entries<'_> {
        let rest = self.bytes.get(start.offset as usize..);
        Entries {
            reader: Reader::new(rest.unwrap_or_default()),
            last: start.before,
        }
    }

    /// Subjects and their messages, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        let (before, offset) = (0, 0);
        self.from(Start { before, offset })
    }

    /// Messages of one subject.
    pub fn of(&self, id: u32) -> u64 {
        let after = self.starts.partition_point(|start| start.before < id);
        let Some(&start) = self.starts.get(after.saturating_sub(1)) else {
            return 0;
        };
        let mut entries = self.from(start);
        let found = entries.find(|&(other, _)| other >= id);
        found.map_or(0, |(other, messages)| u64::from(other == id) * messages)
    }

    /// Messages of some subjects together.
    pub fn of_all(&self, wanted: &mut Wanted) -> u64 {
        let Some((first, _)) = self.iter().next() else {
            return 0;
        };
        let from = wanted.ids.partition_point(|&id| id < first);
        let to = wanted.ids.partition_point(|&id| id <= self.last);
        let near = wanted.ids.get(from..to).unwrap_or_default();
        // A look-up decodes half a chunk, and finds it first.
        if near.len() < self.starts.len() {
            return near.iter().map(|&id| self.of(id)).sum();
        }
        wanted.index();
        let mut sum = 0;
        for (id, messages) in self.iter() {
            sum += if wanted.has(id) { messages } else { 0 };
        }
        sum
    }

    /// Without messages of these subjects, ascending, each as often as it has
    /// fewer; `None` if it has not so many.
    pub fn without(&self, removed: &[u32]) -> Option<Self> {
        let mut builder = Builder::default();
        let mut removed = removed.iter().copied().peekable();
        for (id, messages) in self.iter() {
            let mut left = messages;
            while removed.next_if_eq(&id).is_some() {
                left = left.checked_sub(1)?;
            }
            if left > 0 {
                builder.push(id, left);
            }
        }
        match removed.next() {
            None => Some(builder.finish()),
            Some(_) => None,
        }
    }

    /// With other numbers, in the same order: of each subject that of
    /// `numbers`. `None` if there is none.
    pub fn renumbered(&self, numbers: &[u32]) -> Option<Self> {
        let mut builder = Builder::default();
        for (id, messages) in self.iter() {
            let &number = numbers.get(id as usize)?;
            if number == u32::MAX {
                return None;
            }
            builder.push(number, messages);
        }
        Some(builder.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn random_ids(random: &mut fastrand::Rng) -> Vec<u32> {
        let bound = [2, 60, 5_000, 200_000, u32::MAX][random.usize(..5)];
        let count = [0, 1, 5, 127, 128, 129, 3_000][random.usize(..7)];
        let mut ids: Vec<u32> = (0..count).map(|_| random.u32(..bound)).collect();
        ids.sort_unstable();
        ids
    }

    fn model(ids: &[u32]) -> BTreeMap<u32, u64> {
        let mut model = BTreeMap::new();
        for &id in ids {
            *model.entry(id).or_insert(0) += 1;
        }
        model
    }

    #[test]
    fn a_list_counts_like_a_map() {
        for seed in 0..200 {
            let mut random = fastrand::Rng::with_seed(seed);
            let ids = random_ids(&mut random);
            let model = model(&ids);
            let counts = Counts::of_sorted(&ids);
            assert_eq!(counts.messages(), ids.len() as u64);
            let mut mixed = ids.clone();
            random.shuffle(&mut mixed);
            assert_eq!(Counts::of_messages(mixed), counts);
            assert!(counts.iter().eq(model.iter().map(|(&id, &n)| (id, n))));
            assert_eq!(
                Counts::parse(counts.bytes(), u32::MAX),
                Some(counts.clone())
            );
            if let Some(&last) = ids.last() {
                assert_eq!(Counts::parse(counts.bytes(), last), None);
            }
            let mut some: Vec<u32> = (0..random.usize(..400)).map(|_| random.u32(..)).collect();
            some.extend(ids.iter().filter(|_| random.u8(..9) == 0));
            some.extend([0, u32::MAX]);
            let of = |id: &u32| model.get(id).copied().unwrap_or(0);
            some.iter()
                .for_each(|id| assert_eq!(counts.of(*id), of(id)));
            let mut wanted = Wanted::new(some);
            let want: u64 = wanted.ids().iter().map(of).sum();
            assert_eq!(counts.of_all(&mut wanted), want);
        }
    }

    #[test]
    fn messages_are_taken_out() {
        for seed in 0..200 {
            let mut random = fastrand::Rng::with_seed(seed);
            let ids = random_ids(&mut random);
            let counts = Counts::of_sorted(&ids);
            let (gone, left): (Vec<u32>, Vec<u32>) = ids.iter().partition(|_| random.bool());
            assert_eq!(counts.without(&gone), Some(Counts::of_sorted(&left)));
            let missing = (0..).find(|id| !ids.contains(id)).unwrap();
            assert_eq!(counts.without(&[missing]), None);
            if let Some(&id) = ids.first() {
                let more = vec![id; ids.iter().filter(|&&other| other == id).count() + 1];
                assert_eq!(counts.without(&more), None);
            }
        }
    }

    #[test]
    fn a_subject_with_one_message_takes_a_byte() {
        let ids: Vec<u32> = (0..10_000).map(|at| at * 60).collect();
        assert_eq!(Counts::of_sorted(&ids).bytes().len(), 10_000);
    }

    #[test]
    fn numbers_change() {
        let counts = Counts::of_sorted(&[1, 1, 4]);
        let numbers = [u32::MAX, 0, u32::MAX, u32::MAX, 1];
        let renumbered = Counts::of_sorted(&[0, 0, 1]);
        assert_eq!(counts.renumbered(&numbers), Some(renumbered));
        assert_eq!(counts.renumbered(&numbers[..4]), None);
        assert_eq!(Counts::of_sorted(&[2]).renumbered(&numbers), None);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for bytes in [
            &[0x80][..],
            // A number twice.
            &[2, 0],
            // The number of messages is missing.
            &[3],
            // Too large a number.
            &[0xfe, 0xff, 0xff, 0xff, 0x7f],
            // Too many messages.
            &[3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        ] {
            assert_eq!(Counts::parse(bytes, u32::MAX), None, "{bytes:?}");
        }
    }
}
