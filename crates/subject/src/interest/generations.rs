//! Tells a cache of match results which of them may be out of date.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::hash::subject_hash;
use crate::rules::{ANY_TOKEN, REST, SEPARATOR, has_wildcard, split_first};

/// Counters for subscriptions without wildcards, by hash of their subject.
const LITERALS: usize = 256;

/// Counters for wildcard subscriptions, by hash of their first token.
const FIRST_TOKENS: usize = 64;

/// Change counters of one interest table.
///
/// A change of interest can only alter what matches subjects with the same
/// stamp counters: a subscription without wildcards has those of its subject,
/// one with wildcards those of its first token, and one that begins with a
/// wildcard those of all subjects. So a result that was computed under
/// [`stamp`](Self::stamp) is good as long as the stamp is the same, and
/// subscriptions that come and go do not empty every cache.
#[derive(Debug)]
pub struct Generations {
    literals: [AtomicU32; LITERALS],
    first_tokens: [AtomicU32; FIRST_TOKENS],
    any: AtomicU32,
}

/// Where the counters of one subject are; saves finding them again when a
/// result for the subject is checked often.
#[derive(Clone, Copy, Debug, Default)]
pub struct StampPlaces {
    literal: u16,
    first_token: u16,
}

impl StampPlaces {
    /// The places of a subject whose [`subject_hash`] is `hash`.
    #[inline]
    pub fn new(literal: &[u8], hash: u64) -> Self {
        Self {
            literal: literal_place(hash) as u16,
            first_token: first_token_place(literal) as u16,
        }
    }
}

impl Default for Generations {
    fn default() -> Self {
        Self {
            literals: [const { AtomicU32::new(0) }; LITERALS],
            first_tokens: [const { AtomicU32::new(0) }; FIRST_TOKENS],
            any: AtomicU32::new(0),
        }
    }
}

impl Generations {
    /// Notes that a subscription on `subject` was added or removed. To be
    /// called after the change, while readers of the table are still locked
    /// out.
    pub fn bump(&self, subject: &[u8]) {
        let counter = if !has_wildcard(subject) {
            &self.literals[literal_place(subject_hash(subject))]
        } else {
            let (first, _) = split_first(subject);
            if first == ANY_TOKEN || first == REST {
                &self.any
            } else {
                &self.first_tokens[first_token_place(subject)]
            }
        };
        counter.fetch_add(1, Ordering::Release);
    }

    /// The stamp of a published subject. To be taken before the table is read.
    #[inline]
    pub fn stamp(&self, literal: &[u8]) -> u64 {
        self.stamp_hashed(literal, subject_hash(literal))
    }

    /// [`stamp`](Self::stamp) for a subject whose [`subject_hash`] is known.
    #[inline]
    pub fn stamp_hashed(&self, literal: &[u8], hash: u64) -> u64 {
        self.stamp_at(StampPlaces::new(literal, hash))
    }

    /// [`stamp`](Self::stamp) for a subject whose places are known.
    #[inline]
    pub fn stamp_at(&self, places: StampPlaces) -> u64 {
        // Counters only grow, so their sum changes whenever one of them does.
        let load = |counter: &AtomicU32| u64::from(counter.load(Ordering::Acquire));
        load(&self.literals[usize::from(places.literal) % LITERALS])
            + load(&self.first_tokens[usize::from(places.first_token) % FIRST_TOKENS])
            + load(&self.any)
    }
}

#[inline]
fn literal_place(hash: u64) -> usize {
    // The low bits find the subject's place in tables and caches; these are
    // independent of them.
    (hash >> 32) as usize % LITERALS
}

/// A number for the first token, from its first eight bytes. Cheaper than
/// finding the token's end and hashing it.
#[inline]
fn first_token_place(subject: &[u8]) -> usize {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let word = match subject.first_chunk::<8>() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => {
            // As if the subject were followed by separators.
            let mut bytes = [SEPARATOR; 8];
            bytes[..subject.len()].copy_from_slice(subject);
            u64::from_le_bytes(bytes)
        }
    };
    let token = word & before_separator(word);
    (token.wrapping_mul(MIX) >> 58) as usize % FIRST_TOKENS
}

/// Mask of the bytes before the first separator, lowest byte first.
#[inline]
fn before_separator(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let zero_at_separator = word ^ (ONES * SEPARATOR as u64);
    // The high bit of each zero byte; bytes above the first may be wrong.
    let found = zero_at_separator.wrapping_sub(ONES) & !zero_at_separator & HIGH;
    if found == 0 {
        u64::MAX
    } else {
        (1 << (found.trailing_zeros() & !7)) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_that_could_matter_is_seen() {
        let patterns: [&[u8]; 14] = [
            b"a",
            b"a.b",
            b"a.*",
            b"a.>",
            b">",
            b"*",
            b"*.b",
            b"abcdefgh.x",
            b"abcdefgh.*",
            b"abcdefghi.*",
            b"abcdefg.*",
            b"$JS.API.>",
            b"a.b.*.c",
            b"abcdefg",
        ];
        let subjects: [&[u8]; 12] = [
            b"a",
            b"a.b",
            b"a.b.x.c",
            b"abcdefgh.x",
            b"abcdefghi.y",
            b"abcdefg.z",
            b"$JS.API.INFO",
            b"*",
            b">",
            b"a.*",
            b"",
            b"abcdefg",
        ];
        for pattern in patterns {
            for subject in subjects {
                let generations = Generations::default();
                let before = generations.stamp(subject);
                generations.bump(pattern);
                if crate::matches(subject, pattern) {
                    assert_ne!(
                        before,
                        generations.stamp(subject),
                        "{} {}",
                        crate::quote(subject),
                        crate::quote(pattern)
                    );
                }
            }
        }
    }

    #[test]
    fn most_changes_leave_other_subjects_alone() {
        let generations = Generations::default();
        let hot = b"orders.new";
        let mut changed = 0;
        for n in 0..1000 {
            let before = generations.stamp(hot);
            generations.bump(format!("orders.{n}").as_bytes());
            generations.bump(format!("t{n}.*").as_bytes());
            changed += usize::from(generations.stamp(hot) != before);
        }
        assert!(changed < 60, "{changed}");
    }

    #[test]
    fn the_first_token_ends_at_the_first_dot() {
        for (a, b) in [
            ("a", "a.b"),
            ("abc.d", "abc.xyzzy.foo"),
            ("abcdefg", "abcdefg.h"),
            ("", ".a"),
        ] {
            assert_eq!(
                first_token_place(a.as_bytes()),
                first_token_place(b.as_bytes()),
                "{a} {b}"
            );
        }
    }
}
