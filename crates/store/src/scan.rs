//! Walking through the bytes of a block, over damage if need be.

use crate::hash::Checksum;
use crate::record::Record;

/// Bytes that a search for the next good record may hash, as a multiple of the
/// block: bytes that look like many long records must not take forever.
const SEARCH_COST: usize = 16;

/// What lies next in a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found<'a> {
    /// A good record at this offset.
    Record(usize, Record<'a>),
    /// Bytes from this offset to before that one that are no good records.
    Damage(usize, usize),
}

/// A walk through a block. Every record's checksum is verified if there is
/// one to verify with.
pub struct Scan<'a> {
    block: &'a [u8],
    at: usize,
    checksum: Option<&'a Checksum>,
    /// Bytes that may still be hashed in vain: in searches, and of records
    /// that turn out bad.
    budget: usize,
}

impl<'a> Scan<'a> {
    /// Starts at the beginning of `block`.
    pub fn new(block: &'a [u8], checksum: Option<&'a Checksum>) -> Self {
        Self {
            block,
            at: 0,
            checksum,
            budget: block.len().saturating_mul(SEARCH_COST),
        }
    }

    #[inline]
    fn good_at(&self, at: usize) -> Option<Record<'a>> {
        let record = Record::parse(self.block.get(at..)?)?;
        let good = self
            .checksum
            .is_none_or(|checksum| record.is_intact(checksum));
        good.then_some(record)
    }

    /// [`good_at`](Self::good_at), paid for from the budget.
    fn is_good_at(&mut self, at: usize) -> bool {
        let record = self.block.get(at..).and_then(Record::parse);
        let Some(left) = record.and_then(|record| self.budget.checked_sub(record.bytes.len()))
        else {
            return false;
        };
        self.budget = left;
        self.good_at(at).is_some()
    }

    /// Where the next good record begins, after a bad one at `self.at`; the
    /// end of the block if there is none.
    fn search(&mut self) -> usize {
        // Lengths are mostly right even where content is not. This goes first
        // also because a payload may hold what looks like a record.
        if let Some(record) = self.block.get(self.at..).and_then(Record::parse) {
            let after = self.at + record.bytes.len();
            if after == self.block.len() || self.is_good_at(after) {
                return self.swallowed(after).unwrap_or(after);
            }
        }
        if self.checksum.is_none() {
            return self.block.len();
        }
        for at in self.at + 1..self.block.len() {
            let Some(record) = self.block.get(at..).and_then(Record::parse) else {
                continue;
            };
            let Some(left) = self.budget.checked_sub(record.bytes.len()) else {
                break;
            };
            self.budget = left;
            if self
                .checksum
                .is_some_and(|checksum| record.is_intact(checksum))
            {
                return at;
            }
        }
        self.block.len()
    }
}

impl Scan<'_> {
    /// A wrong length may reach exactly over good records: where they begin.
    /// Those that a payload holds do not count: behind them comes the checksum
    /// of the record around them, so they do not reach to `after`.
    fn swallowed(&mut self, after: usize) -> Option<usize> {
        let checksum = self.checksum?;
        for start in self.at + 1..after {
            let mut end = start;
            while end < after {
                let record = self.block.get(end..after).and_then(Record::parse);
                let Some(record) = record.filter(|record| record.bytes.len() <= self.budget) else {
                    break;
                };
                self.budget -= record.bytes.len();
                if !record.is_intact(checksum) {
                    break;
                }
                end += record.bytes.len();
            }
            if end == after {
                return Some(start);
            }
        }
        None
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Found<'a>;

    #[inline]
    fn next(&mut self) -> Option<Found<'a>> {
        if self.at >= self.block.len() {
            return None;
        }
        let start = self.at;
        if let Some(record) = self.good_at(start) {
            self.at = start + record.bytes.len();
            return Some(Found::Record(start, record));
        }
        // Many small records, each before one that is bad and long, would be
        // hashed over and over. Without budget nothing is searched any more.
        if let Some(record) = self.block.get(start..).and_then(Record::parse) {
            self.budget = self.budget.saturating_sub(record.bytes.len());
        }
        self.at = self.search();
        Some(Found::Damage(start, self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::put_message;

    fn block() -> (Vec<u8>, Checksum) {
        let sum = Checksum::of_block(b"S", 1);
        let mut block = Vec::new();
        for seq in 1..=9 {
            put_message(&mut block, Some(&sum), seq, 7, [b"a.b", b"", b"0123456789"]);
        }
        (block, sum)
    }

    fn sequences(block: &[u8], sum: &Checksum) -> Vec<u64> {
        Scan::new(block, Some(sum))
            .filter_map(|found| match found {
                Found::Record(_, record) => Some(record.seq),
                Found::Damage(..) => None,
            })
            .collect()
    }

    #[test]
    fn one_flipped_bit_costs_one_record() {
        let (block, sum) = block();
        for bit in 0..block.len() * 8 {
            let mut damaged = block.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let hit = (bit / 8 / 43) as u64 + 1;
            let found = sequences(&damaged, &sum);
            let want: Vec<_> = (1..=9).filter(|&seq| seq != hit).collect();
            // The length of the subject is outside of the checksum.
            let within = bit / 8 % 43;
            if within == 20 || within == 21 {
                assert!(found == want || found.len() == 9);
            } else {
                assert_eq!(found, want, "bit {bit}");
            }
        }
    }

    #[test]
    fn a_wrong_length_does_not_swallow_the_next_record() {
        let (mut block, sum) = block();
        // Twice the length of one.
        block[43] = 86;
        assert_eq!(sequences(&block, &sum), [1, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn what_a_payload_holds_is_no_record() {
        let (inner, sum) = block();
        let mut block = Vec::new();
        put_message(&mut block, Some(&sum), 20, 7, [b"a.b", b"", &inner]);
        put_message(&mut block, Some(&sum), 21, 7, [b"a.b", b"", b"x"]);
        block[23] ^= 1;
        assert_eq!(sequences(&block, &sum), [21]);
    }

    #[test]
    fn what_is_hashed_in_vain_is_bounded() {
        let sum = Checksum::of_block(b"S", 1);
        let mut block = Vec::new();
        let pairs = 4_000;
        for seq in 1..=pairs {
            put_message(&mut block, Some(&sum), seq, 7, [b"a", b"", b""]);
            // The head of a record that reaches to the end.
            let rest = (pairs - seq) as usize * 53 + 22;
            block.extend((rest as u32).to_le_bytes());
            block.extend([0; 18]);
        }
        block.extend([0; 100]);
        let mut scan = Scan::new(&block, Some(&sum));
        let good = (&mut scan).filter(|found| matches!(found, Found::Record(..)));
        let good = good.count();
        assert!(
            (SEARCH_COST..100).contains(&good),
            "{good} before it gives up"
        );
        assert_eq!(scan.next(), None);
    }

    #[test]
    fn garbage_before_between_and_after_is_passed_over() {
        let (block, sum) = block();
        let mut damaged = vec![0; 5];
        damaged.extend(&block[..43 * 4]);
        damaged.extend([0xff; 100]);
        damaged.extend(&block[43 * 5..]);
        damaged.extend([0xaa; 20]);
        assert_eq!(sequences(&damaged, &sum), [1, 2, 3, 4, 6, 7, 8, 9]);
        assert_eq!(sequences(&block[..block.len() - 1], &sum).len(), 8);
        assert_eq!(Scan::new(b"", None).next(), None);
    }
}
