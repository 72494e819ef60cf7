//! One block of a stream: what is known of it at rest, and its cached bytes.

use crate::hash::{Checksum, Sum};
use crate::log::slots::Slots;
use crate::log::summary::Summary;
use crate::record::Record;
use crate::seqset::SeqSet;

/// A block.
pub(crate) struct Block {
    /// Its number, in its file name and its checksums.
    pub number: u32,
    /// First message; `last + 1` if there is none.
    pub first: u64,
    /// Last sequence that was used, in or before this block.
    pub last: u64,
    /// Time of the first message; meaningless if there is none.
    pub first_time: i64,
    /// Time of the last sequence.
    pub last_time: i64,
    /// Bytes of its messages, as the stream counts them.
    pub live_bytes: u64,
    /// Sequences between first and last without message.
    pub deleted: SeqSet,
    /// Messages with a TTL.
    pub ttls: u64,
    /// Messages with a schedule.
    pub schedules: u64,
    /// Bytes of all its records, staged ones included.
    pub length: u64,
    /// Bytes of it that are in the file.
    pub flushed: u64,
    /// Checksum of its last record; zeros if it is empty.
    pub sum: Sum,
    /// Verifies its records; `None` in memory.
    pub checksum: Option<Checksum>,
    /// Its bytes from offset `data_from` on.
    pub data: Option<Vec<u8>>,
    /// Bytes before that are only in the file.
    pub data_from: u64,
    /// Where its records are; covers all of them if present.
    pub slots: Option<Slots>,
    /// How many messages of each subject it has, if that was found out. What
    /// changes its messages changes this as well, or takes it away.
    pub summary: Option<Box<Summary>>,
    /// Read since housekeeping last looked.
    pub recent: bool,
    /// How often housekeeping found it unused, in a row.
    pub idle: u8,
    /// Whether its file is compressed; `None` if not known.
    pub packed: Option<bool>,
    /// Slot whose record was read last without the rest of the block.
    pub read_last: usize,
    /// Such reads that followed each other closely.
    pub read_streak: u8,
    /// Its numbers as of the last flush are among the undo steps.
    pub saved: bool,
    /// Bytes of messages when it was last rewritten; 0 if never.
    pub compacted_to: u64,
    /// The last block's number when this one's file was last known to have no
    /// dead messages; 0 if that is not known.
    pub rewritten: u32,
    /// Whether its file is known to be in the form (compressed or not) that
    /// is wanted.
    pub settled: bool,
}

impl Block {
    /// A block without records, after sequence `last`.
    pub fn new(number: u32, checksum: Option<Checksum>, last: u64, last_time: i64) -> Self {
        Self {
            number,
            first: last + 1,
            last,
            first_time: 0,
            last_time,
            live_bytes: 0,
            deleted: SeqSet::default(),
            ttls: 0,
            schedules: 0,
            length: 0,
            flushed: 0,
            sum: Sum::default(),
            checksum,
            data: Some(Vec::new()),
            data_from: 0,
            slots: Some(Slots::new(last + 1)),
            summary: None,
            recent: false,
            idle: 0,
            packed: Some(false),
            read_last: 0,
            read_streak: 0,
            saved: false,
            compacted_to: 0,
            rewritten: 0,
            settled: false,
        }
    }

    /// Number of messages.
    #[inline]
    pub fn messages(&self) -> u64 {
        (self.last + 1 - self.first).saturating_sub(self.deleted.len())
    }

    /// Whether it has a message with this sequence.
    #[inline]
    pub fn has(&self, seq: u64) -> bool {
        seq >= self.first && seq <= self.last && !self.deleted.contains(seq)
    }

    /// Whether all its bytes and the places of its records are in memory.
    #[inline]
    pub fn is_loaded(&self) -> bool {
        self.data.is_some() && self.data_from == 0 && self.slots.is_some()
    }

    /// Whether the subjects of its messages are in memory.
    #[inline]
    pub fn has_ids(&self) -> bool {
        self.slots.as_ref().is_some_and(Slots::has_ids)
    }

    /// The record at an offset, if it is in memory.
    #[inline]
    pub fn record(&self, offset: u32) -> Option<Record<'_>> {
        let at = u64::from(offset).checked_sub(self.data_from)?;
        Record::parse(self.data.as_deref()?.get(at as usize..)?)
    }

    /// The record of the slot at `at`.
    #[inline]
    pub fn record_of(&self, at: usize) -> Option<Record<'_>> {
        self.record(self.slots.as_ref()?.offset(at)?)
    }

    /// Whether there are slots, and the loaded bytes have a good record for
    /// each.
    pub fn is_as_its_slots_say(&self) -> bool {
        let Some(slots) = &self.slots else {
            return false;
        };
        (0..slots.len()).all(|at| {
            self.record_of(at).is_some_and(|record| {
                Some(record.seq) == slots.seq(at)
                    && self
                        .checksum
                        .as_ref()
                        .is_none_or(|sum| record.is_intact(sum))
            })
        })
    }

    /// Bytes of memory its cache holds.
    pub fn memory(&self) -> usize {
        self.data.as_ref().map_or(0, Vec::capacity) + self.slots.as_ref().map_or(0, Slots::memory)
    }

    /// Forgets the bytes that are in the file, too, but not where the records
    /// are. Returns a buffer that can be used again.
    pub fn evict_data(&mut self) -> Option<Vec<u8>> {
        if self.flushed == self.length {
            self.data_from = self.length;
            return self.data.take();
        }
        if let Some(data) = &mut self.data {
            let in_file = self.flushed.saturating_sub(self.data_from) as usize;
            data.drain(..in_file.min(data.len()));
            self.data_from = self.data_from.max(self.flushed);
        }
        None
    }
}
