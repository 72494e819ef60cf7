//! A block without its dead records.

use crate::record::{Kind, put_mark};
use crate::scan::{Found, Scan};

use super::Log;
use super::slots::Slots;

impl Log {
    /// The records of a loaded block that are still needed: messages that are
    /// there, and tombstones whose messages may be in earlier blocks
    /// (storage-format.md 3.4).
    pub fn needed_records(&self, at: usize) -> Vec<u8> {
        let Some(block) = self.blocks.get(at) else {
            return Vec::new();
        };
        let data = block.data.as_deref().unwrap_or_default();
        let mut kept = Vec::with_capacity(block.live_bytes as usize);
        let (mut highest, mut highest_kept) = (0, 0);
        for found in Scan::new(data, block.checksum.as_ref()) {
            let Found::Record(_, record) = found else {
                continue;
            };
            let keep = match record.kind {
                Kind::Message => {
                    let first_of_its_seq = record.seq > highest;
                    highest = highest.max(record.seq);
                    first_of_its_seq && block.has(record.seq)
                }
                Kind::Erased => false,
                Kind::Tombstone => self.is_tombstone_needed(&record, at),
            };
            if keep {
                kept.extend_from_slice(record.bytes);
                highest_kept = highest_kept.max(record.seq);
            }
        }
        // Later blocks may not be on disk yet: that its last sequence was used
        // is to be seen from this one.
        if !kept.is_empty() && highest_kept < block.last {
            let checksum = block.checksum.as_ref();
            put_mark(
                &mut kept,
                checksum,
                Kind::Erased,
                block.last,
                block.last_time,
            );
        }
        kept
    }

    /// Replaces the bytes of a block by those of
    /// [`needed_records`](Self::needed_records).
    pub fn replace_records(&mut self, at: usize, records: Vec<u8>) {
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        block.length = records.len() as u64;
        block.flushed = block.length;
        block.sum = records.last_chunk().copied().unwrap_or_default();
        block.compacted_to = block.live_bytes.max(1);
        let mut slots = Slots::new(block.first);
        for found in Scan::new(&records, None) {
            if let Found::Record(offset, record) = found
                && record.kind == Kind::Message
            {
                slots.push(record.seq, offset as u32, None);
            }
        }
        block.slots = Some(slots);
        block.data = Some(records);
        block.data_from = 0;
    }

    /// Gives back the memory of dead records, in memory.
    pub fn compact_memory(&mut self, at: usize) {
        /// Less is not worth the work.
        const DEAD_BYTES_MIN: u64 = 64 << 10;
        let Some(block) = self.blocks.get(at) else {
            return;
        };
        if block.length > DEAD_BYTES_MIN && block.live_bytes * 2 < block.length {
            let mut records = self.needed_records(at);
            records.shrink_to_fit();
            self.replace_records(at, records);
        }
    }
}
