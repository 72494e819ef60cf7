//! `removed.db`: what limits have removed from a stream in which messages
//! are deleted as well.
//!
//! A limit leaves no tombstone: when a stream is rebuilt from its blocks, it is
//! applied again. But where newer messages were deleted meanwhile, it would
//! let older ones come back: a key whose value was deleted would have its
//! previous value again. So what limits have removed is noted before a deletion
//! is durable. The Go server does not know this file, and lets it be.
//!
//! The file has frames: length (u32, little-endian) of the body; the body; its
//! checksum. Body: all below this sequence is gone (uv); time of the last
//! message (sv); number of ranges (uv); for each what lies between it and the
//! range before (uv), and its length (uv).

use crate::hash::Checksum;
use crate::varint::{Reader, put_sv, put_uv};

use super::FileStore;

/// Its name in `msgs`.
pub(super) const NAME: &str = "removed.db";
/// Bytes above which the file is written anew, if that makes it half as long.
const BYTES_MAX: u64 = 1 << 20;
/// Sequences in a range at most: blocks have no wider gaps.
const RANGE_MAX: u64 = 1 << 26;
const SUM_BYTES: usize = 8;

/// What the file tells.
#[derive(Debug, Default)]
pub struct Removed {
    below: u64,
    /// (first, end), ascending, apart.
    ranges: Vec<(u64, u64)>,
    time: i64,
}

impl Removed {
    /// Whether the message of this sequence and time was removed. Should a
    /// sequence have been used again, that message is younger.
    pub fn has(&self, seq: u64, time: i64) -> bool {
        time <= self.time && (seq < self.below || self.lists(seq))
    }

    fn lists(&self, seq: u64) -> bool {
        let after = self.ranges.partition_point(|&(first, _)| first <= seq);
        let range = after.checked_sub(1).and_then(|at| self.ranges.get(at));
        range.is_some_and(|&(_, end)| seq < end)
    }

    /// Number of ranges that do not touch each other.
    pub fn ranges(&self) -> usize {
        self.ranges.len()
    }

    /// Reads the frames that are good. What that takes is bounded by the
    /// length of the file, not by that of the ranges in it.
    pub fn decode(bytes: &[u8], sum: &Checksum) -> Self {
        let mut removed = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(body) = frame(&mut reader, sum) {
            if removed.take(body).is_none() {
                break;
            }
        }
        removed.ranges.sort_unstable();
        removed.ranges.dedup_by(|next, last| {
            let touches = next.0 <= last.1;
            if touches {
                last.1 = last.1.max(next.1);
            }
            touches
        });
        removed
    }

    fn take(&mut self, body: &[u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        self.below = self.below.max(reader.uv()?);
        self.time = self.time.max(reader.sv()?);
        let mut last = 0_u64;
        for _ in 0..reader.uv()? {
            let first = last.checked_add(reader.uv()?)?;
            let length = reader.uv()?;
            if length == 0 || length > RANGE_MAX {
                return None;
            }
            last = first.checked_add(length)?;
            self.ranges.push((first, last));
        }
        Some(())
    }
}

fn frame<'a>(reader: &mut Reader<'a>, sum: &Checksum) -> Option<&'a [u8]> {
    let length = usize::try_from(reader.u32()?).ok()?;
    let body = reader.bytes(length)?;
    let stored: [u8; SUM_BYTES] = reader.array()?;
    (sum.sum(body) == stored).then_some(body)
}

fn put_frame(sum: &Checksum, below: u64, time: i64, ranges: &[(u64, u64)]) -> Vec<u8> {
    let mut body = Vec::new();
    put_uv(&mut body, below);
    put_sv(&mut body, time);
    put_uv(&mut body, ranges.len() as u64);
    let mut last = 0;
    for &(first, end) in ranges {
        put_uv(&mut body, first - last);
        put_uv(&mut body, end - first);
        last = end;
    }
    let mut out = (body.len() as u32).to_le_bytes().to_vec();
    out.extend(&body);
    out.extend(sum.sum(&body));
    out
}

/// Adds ascending sequences to ranges (first, end).
fn add(ranges: &mut Vec<(u64, u64)>, seqs: impl Iterator<Item = u64>) {
    for seq in seqs {
        match ranges.last_mut() {
            Some((_, end)) if *end == seq => *end = seq + 1,
            _ => ranges.push((seq, seq + 1)),
        }
    }
}

impl FileStore {
    /// Notes what limits have removed, if tombstones were flushed since.
    pub(super) fn note_removed(&mut self) {
        let Some(seqs) = self.log.evictions.take() else {
            return;
        };
        let first = self.log.state().first.0;
        let is_long = self.removed_bytes > BYTES_MAX.max(2 * self.removed_snapshot);
        let Some(seqs) = seqs.filter(|_| !is_long && self.removed_bytes > 0) else {
            return self.note_all_removed();
        };
        let mut ranges = Vec::new();
        add(&mut ranges, seqs.iter().filter(|&seq| seq >= first));
        let content = put_frame(&self.sum, first, self.log.last_time, &ranges);
        // Written now, as what it is about was: without syncs a killed server
        // has both. The next sync is one of this file, too.
        let path = self.in_msgs(NAME);
        let written = self.disk.open(&path, true).and_then(|file| {
            file.write_at(&content, self.removed_bytes)?;
            Ok(file)
        });
        match written {
            Ok(file) => {
                self.removed_bytes += content.len() as u64;
                if !self.unsynced.iter().any(|(other, _)| *other == path) {
                    self.unsynced.push((path, file));
                }
            }
            Err(_) => self.log.evictions.forget(),
        }
    }

    /// Writes the file anew, with all that is gone from blocks that are there.
    pub(super) fn note_all_removed(&mut self) {
        let mut ranges = Vec::new();
        for block in &self.log.blocks {
            add(&mut ranges, block.deleted.iter());
        }
        let first = self.log.state().first.0;
        let content = put_frame(&self.sum, first, self.log.last_time, &ranges);
        let path = self.in_msgs(NAME);
        let tmp = self.in_msgs("removed.db.tmp");
        // The old file has to be whole until the new one is.
        let written = self
            .disk
            .write_synced(&tmp, &content)
            .and_then(|()| self.disk.rename(&tmp, &path));
        match written {
            Ok(()) => {
                self.removed_bytes = content.len() as u64;
                self.removed_snapshot = self.removed_bytes;
                self.folder_changed = true;
                self.unsynced.retain(|(other, _)| *other != path);
            }
            Err(_) => self.log.evictions.forget(),
        }
    }

    /// After opening: goes on with the file that is there, or finds out when
    /// there is need for one.
    pub(super) fn open_removed(&mut self) {
        if self.disk.exists(&self.in_msgs(NAME)) {
            self.note_all_removed();
        } else if self.log.state().first.0 > 1 || self.log.state().deleted > 0 {
            self.log.evictions.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_read_up_to_a_damaged_frame() {
        let sum = Checksum::of_name(b"S");
        let mut bytes = put_frame(&sum, 5, 100, &[(7, 8), (10, 13)]);
        bytes.extend(put_frame(&sum, 6, 120, &[(20, 21)]));
        let whole = Removed::decode(&bytes, &sum);
        let gone: Vec<u64> = (0..30).filter(|&seq| whole.has(seq, 110)).collect();
        assert_eq!(gone, [0, 1, 2, 3, 4, 5, 7, 10, 11, 12, 20]);
        assert!(!whole.has(20, 121), "a younger message");
        assert_eq!(whole.ranges(), 3);
        bytes.pop();
        let cut = Removed::decode(&bytes, &sum);
        assert!(cut.has(12, 100) && !cut.has(20, 100) && !cut.has(12, 101));
    }

    #[test]
    fn long_ranges_take_no_more_memory_than_short_ones() {
        let sum = Checksum::of_name(b"S");
        let far: Vec<_> = (1..1000)
            .map(|n| (n << 32, (n << 32) + RANGE_MAX))
            .collect();
        let removed = Removed::decode(&put_frame(&sum, 0, 1, &far), &sum);
        assert_eq!(removed.ranges(), far.len());
        assert!(removed.has(5 << 32, 1) && removed.has((5 << 32) + RANGE_MAX - 1, 1));
        assert!(!removed.has((5 << 32) - 1, 1) && !removed.has((5 << 32) + RANGE_MAX, 1));
    }

    #[test]
    fn ranges_of_several_frames_are_joined() {
        let sum = Checksum::of_name(b"S");
        let mut bytes = put_frame(&sum, 0, 1, &[(10, 20), (30, 40)]);
        bytes.extend(put_frame(&sum, 0, 1, &[(5, 12), (15, 16), (20, 25)]));
        let removed = Removed::decode(&bytes, &sum);
        let gone: Vec<u64> = (0..50).filter(|&seq| removed.has(seq, 1)).collect();
        assert!(gone.into_iter().eq((5..25).chain(30..40)));
        assert_eq!(removed.ranges(), 2);
    }
}
