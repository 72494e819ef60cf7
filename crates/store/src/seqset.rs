//! Sets of sequences: the deleted ones of a block, and their encoding
//! (storage-format.md 6.5).

use crate::varint::Reader;

const WORDS: usize = 32;
/// Sequences that one node spans.
const SPAN: u64 = WORDS as u64 * 64;
const MAGIC: u8 = 22;
const VERSION: u8 = 2;
/// Nodes that an encoded set may have: those of 2^27 sequences without gaps
/// between nodes, 17 MB.
const NODES_MAX: u32 = 1 << 16;

/// A set of sequences, small where they lie close together: 264 bytes for
/// each 2,048 sequences that hold any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SeqSet {
    /// Ordered by base; no node is empty.
    nodes: Vec<Node>,
    count: u64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Node {
    base: u64,
    words: [u64; WORDS],
}

impl Node {
    fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }
}

fn place(seq: u64) -> (u64, usize, u64) {
    let within = seq % SPAN;
    (seq - within, (within / 64) as usize, 1 << (within % 64))
}

impl SeqSet {
    /// Number of sequences.
    #[inline]
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn find(&self, base: u64) -> Result<usize, usize> {
        self.nodes.binary_search_by_key(&base, |node| node.base)
    }

    /// Whether `seq` is in it.
    #[inline]
    pub fn contains(&self, seq: u64) -> bool {
        if self.count == 0 {
            return false;
        }
        let (base, word, bit) = place(seq);
        match self.find(base) {
            Ok(at) => self.nodes[at].words[word] & bit != 0,
            Err(_) => false,
        }
    }

    /// Adds `seq`; false if it was there.
    pub fn insert(&mut self, seq: u64) -> bool {
        let (base, word, bit) = place(seq);
        let at = self.find(base).unwrap_or_else(|at| {
            let words = [0; WORDS];
            self.nodes.insert(at, Node { base, words });
            at
        });
        let word = &mut self.nodes[at].words[word];
        let new = *word & bit == 0;
        *word |= bit;
        self.count += u64::from(new);
        new
    }

    /// Adds all from `first` to `last`.
    pub fn insert_range(&mut self, first: u64, last: u64) {
        // Ranges are those of gaps within a block, which are bounded. All that
        // share a word go in together.
        let mut next = Some(first);
        while let Some(seq) = next.filter(|&seq| seq <= last) {
            let end = (seq | 63).min(last);
            let (base, word, _) = place(seq);
            let bits = (u64::MAX >> (63 - (end - seq))) << (seq % 64);
            let at = self.find(base).unwrap_or_else(|at| {
                let words = [0; WORDS];
                self.nodes.insert(at, Node { base, words });
                at
            });
            let word = &mut self.nodes[at].words[word];
            self.count += u64::from((bits & !*word).count_ones());
            *word |= bits;
            next = end.checked_add(1);
        }
    }

    /// Takes `seq` out; false if it was not there.
    pub fn remove(&mut self, seq: u64) -> bool {
        let (base, word, bit) = place(seq);
        let Ok(at) = self.find(base) else {
            return false;
        };
        let node = &mut self.nodes[at];
        if node.words[word] & bit == 0 {
            return false;
        }
        node.words[word] &= !bit;
        self.count -= 1;
        if node.is_empty() {
            self.nodes.remove(at);
        }
        true
    }

    /// Takes everything below `seq` out.
    pub fn remove_below(&mut self, seq: u64) {
        let (base, word, bit) = place(seq);
        let keep_from = self.nodes.partition_point(|node| node.base < base);
        self.nodes.drain(..keep_from);
        if let Some(node) = self.nodes.first_mut()
            && node.base == base
        {
            node.words[..word].fill(0);
            node.words[word] &= !(bit - 1);
            if node.is_empty() {
                self.nodes.remove(0);
            }
        }
        self.count = self.nodes.iter().map(count_of).sum();
    }

    /// Number of sequences from `first` to `last`.
    pub fn count_between(&self, first: u64, last: u64) -> u64 {
        if self.count == 0 || first > last {
            return 0;
        }
        self.count_below(last.saturating_add(1)) - self.count_below(first)
    }

    fn count_below(&self, seq: u64) -> u64 {
        let (base, word, bit) = place(seq);
        let whole = self.nodes.partition_point(|node| node.base < base);
        let mut count = self.nodes[..whole].iter().map(count_of).sum();
        if let Some(node) = self.nodes.get(whole)
            && node.base == base
        {
            let words = node.words[..word].iter();
            count += words.map(|word| u64::from(word.count_ones())).sum::<u64>();
            count += u64::from((node.words[word] & (bit - 1)).count_ones());
        }
        count
    }

    /// All, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        self.nodes.iter().flat_map(|node| {
            node.words.iter().enumerate().flat_map(|(at, &word)| {
                let first = node.base + at as u64 * 64;
                BitsOf(word).map(move |bit| first + bit)
            })
        })
    }

    /// The smallest.
    pub fn first(&self) -> Option<u64> {
        self.iter().next()
    }

    /// The largest.
    pub fn last(&self) -> Option<u64> {
        let node = self.nodes.last()?;
        let word = node.words.iter().rposition(|&word| word != 0)?;
        let bit = 63 - u64::from(node.words[word].leading_zeros());
        Some(node.base + word as u64 * 64 + bit)
    }

    /// Appends its encoding, nodes in the order of a balanced tree.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend([MAGIC, VERSION]);
        out.extend((self.nodes.len() as u32).to_le_bytes());
        out.extend((self.count as u32).to_le_bytes());
        encode_tree(&self.nodes, out);
    }

    /// Reads an encoded set, version 1 or 2, from the place of `reader`.
    pub fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let (magic, version) = (reader.byte()?, reader.byte()?);
        let words = match (magic, version) {
            (MAGIC, 1) => 64,
            (MAGIC, 2) => WORDS,
            _ => return None,
        };
        let nodes = reader.u32()?;
        let count = reader.u32()?;
        if nodes > NODES_MAX {
            return None;
        }
        let mut listed = Vec::with_capacity(nodes.min(1024) as usize);
        for _ in 0..nodes {
            let base = reader.u64()?;
            base.checked_add(words as u64 * 64)?;
            listed.push((base, reader.bytes(words * 8)?));
            reader.u16()?;
        }
        // In order every node is added at the end.
        listed.sort_unstable_by_key(|&(base, _)| base);
        let mut set = Self::default();
        for (base, bits) in listed {
            for (at, word) in bits.as_chunks::<8>().0.iter().enumerate() {
                for bit in BitsOf(u64::from_le_bytes(*word)) {
                    set.insert(base + at as u64 * 64 + bit);
                }
            }
        }
        (set.count == u64::from(count)).then_some(set)
    }
}

fn count_of(node: &Node) -> u64 {
    let words = node.words.iter();
    words.map(|word| u64::from(word.count_ones())).sum()
}

/// Writes root, left part, right part; returns the height.
fn encode_tree(nodes: &[Node], out: &mut Vec<u8>) -> u16 {
    if nodes.is_empty() {
        return 0;
    }
    let middle = nodes.len() / 2;
    let node = &nodes[middle];
    out.extend(node.base.to_le_bytes());
    for word in node.words {
        out.extend(word.to_le_bytes());
    }
    let height_at = out.len();
    out.extend([0, 0]);
    let left = encode_tree(&nodes[..middle], out);
    let right = encode_tree(&nodes[middle + 1..], out);
    let height = left.max(right) + 1;
    out[height_at..height_at + 2].copy_from_slice(&height.to_le_bytes());
    height
}

/// The set bits of a word, ascending.
struct BitsOf(u64);

impl Iterator for BitsOf {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.0 == 0 {
            return None;
        }
        let bit = u64::from(self.0.trailing_zeros());
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn it_behaves_like_a_plain_set() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut set, mut model) = (SeqSet::default(), BTreeSet::new());
        for _ in 0..20_000 {
            let seq = random.u64(1..9_000);
            if random.u8(..3) == 0 {
                assert_eq!(set.remove(seq), model.remove(&seq));
            } else {
                assert_eq!(set.insert(seq), model.insert(seq));
            }
        }
        assert!(set.iter().eq(model.iter().copied()));
        assert_eq!(set.first(), model.first().copied());
        assert_eq!(set.last(), model.last().copied());
        for _ in 0..500 {
            let (a, b) = (random.u64(..9_500), random.u64(..9_500));
            let want = if a > b { 0 } else { model.range(a..=b).count() };
            assert_eq!(set.count_between(a, b), want as u64);
            assert_eq!(set.contains(a), model.contains(&a));
        }
        let mut bytes = Vec::new();
        set.encode(&mut bytes);
        let mut reader = Reader::new(&bytes);
        assert_eq!(SeqSet::decode(&mut reader), Some(set.clone()));
        assert_eq!(reader.rest(), b"");
        set.remove_below(4_321);
        model.retain(|&seq| seq >= 4_321);
        assert!(set.iter().eq(model.iter().copied()));
        assert_eq!(set.len(), model.len() as u64);
    }

    #[test]
    fn a_range_is_its_sequences() {
        let mut random = fastrand::Rng::with_seed(8);
        let (mut set, mut one_by_one) = (SeqSet::default(), SeqSet::default());
        for _ in 0..300 {
            let first = random.u64(..20_000);
            let last = (first + random.u64(..300)).saturating_sub(2);
            set.insert_range(first, last);
            (first..=last).for_each(|seq| {
                one_by_one.insert(seq);
            });
            assert_eq!(set, one_by_one, "{first}-{last}");
        }
        let mut set = SeqSet::default();
        set.insert_range(u64::MAX - 70, u64::MAX);
        assert_eq!((set.len(), set.last()), (71, Some(u64::MAX)));
    }

    #[test]
    fn one_deleted_sequence_is_encoded_as_documented() {
        let mut set = SeqSet::default();
        set.insert(2);
        let mut bytes = Vec::new();
        set.encode(&mut bytes);
        assert_eq!(bytes.len(), 276);
        assert_eq!(
            bytes[..18],
            [0x16, 2, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(bytes[18], 4);
        assert_eq!(bytes[274..], [1, 0]);
    }

    #[test]
    fn damaged_encodings_are_refused() {
        let mut set = SeqSet::default();
        set.insert_range(5, 10_000);
        let mut bytes = Vec::new();
        set.encode(&mut bytes);
        for cut in [0, 1, 9, 11, 300, bytes.len() - 1] {
            assert_eq!(SeqSet::decode(&mut Reader::new(&bytes[..cut])), None);
        }
        bytes[6] ^= 1;
        assert_eq!(SeqSet::decode(&mut Reader::new(&bytes)), None);
    }
}
