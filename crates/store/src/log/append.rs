//! New records at the end.

use std::ops::ControlFlow;

use crate::error::StoreError;
use crate::hash::{Checksum, Sum};
use crate::limits::{BLOCK_GAP_MAX, RECORD_BYTES_MAX};
use crate::record::{self, Kind, RECORD_BYTES_MIN};
use crate::types::{Appended, Limits, Nanos, NewMessage, Seq};

use super::Block;
use super::Log;
use super::undo::Undo;

/// Finished blocks whose bytes stay in memory though nobody has read them.
const UNREAD_BLOCKS: usize = 1;

/// Capacity that a new block starts with.
const BUFFER_START: usize = 16 << 10;

impl Log {
    pub fn append(&mut self, message: &NewMessage<'_>) -> Result<Appended, StoreError> {
        let length = record::record_length(message.subject, message.header, message.payload);
        if length > RECORD_BYTES_MAX || message.subject.len() > usize::from(u16::MAX) {
            return Err(StoreError::TooLarge {
                size: length,
                max: RECORD_BYTES_MAX,
            });
        }
        let seq = match message.seq {
            None => self.last + 1,
            Some(Seq(seq)) if seq > self.last => seq,
            Some(seq) => {
                return Err(StoreError::SequenceUsed {
                    seq,
                    last: Seq(self.last),
                });
            }
        };
        let gap = seq - self.last - 1;
        if self.options.limits == Limits::Ordered {
            self.tell_evictions();
        }
        self.make_room(length, gap, seq);
        let id = self.subjects.intern(message.subject);
        let size = self
            .sizes
            .of(message.subject, message.header, message.payload);
        self.save_tail();
        let Some(tail) = self.blocks.back_mut() else {
            return Err(no_block());
        };
        if tail.messages() == 0 && tail.deleted.is_empty() {
            tail.first = seq;
            tail.first_time = message.timestamp.0;
        } else if gap > 0 {
            tail.deleted.insert_range(seq - gap, seq - 1);
            self.undo.push(Undo::Gap(tail.number, seq - gap, seq - 1));
        }
        if tail.data.is_none() {
            let mut buffer = self
                .spare
                .take()
                .unwrap_or_else(|| Vec::with_capacity(BUFFER_START));
            buffer.clear();
            tail.data = Some(buffer);
            tail.data_from = tail.length;
        }
        let parts = [message.subject, message.header, message.payload];
        if let Some(data) = &mut tail.data {
            tail.sum = record::put_message(
                data,
                tail.checksum.as_ref(),
                seq,
                message.timestamp.0,
                parts,
            );
        }
        if let Some(slots) = &mut tail.slots {
            slots.push(seq, tail.length as u32, Some(id));
        }
        tail.summary = None;
        tail.length += length;
        tail.live_bytes += size;
        tail.last = seq;
        tail.last_time = message.timestamp.0;
        tail.ttls += u64::from(message.expires.is_some());
        tail.schedules += u64::from(message.scheduled);
        self.last = seq;
        self.last_time = message.timestamp.0;
        self.messages += 1;
        self.bytes += size;
        let before = self.subjects.count_appended(id, seq);
        self.undo.push(Undo::Subject(id, before));
        if let Some(at) = message.expires {
            self.set_expiry(Seq(seq), at);
        }
        Ok(Appended {
            seq: Seq(seq),
            size,
            subject_messages: before.messages + 1,
        })
    }

    pub fn skip_to(&mut self, next: u64, now: Nanos) {
        // Also a stream that begins where all do has a beginning then.
        self.fresh = false;
        if next <= self.last + 1 {
            return;
        }
        if self.last == 0 && now == Nanos::NONE {
            return self.begin_at(next);
        }
        let time = if self.last_time == 0 {
            now.0
        } else {
            self.last_time
        };
        let (gap, last) = (next - 1 - self.last, next - 1);
        self.make_room(RECORD_BYTES_MIN as u64, gap, next);
        self.put_record(RECORD_BYTES_MIN, |data, checksum| {
            record::put_mark(data, checksum, Kind::Erased, last, time)
        });
        let Some(tail) = self.blocks.back_mut() else {
            return;
        };
        if tail.messages() == 0 && tail.deleted.is_empty() {
            tail.first = next;
        } else {
            tail.deleted.insert_range(next - gap, last);
            self.undo.push(Undo::Gap(tail.number, next - gap, last));
        }
        tail.last = last;
        tail.last_time = time;
        self.last = last;
        self.last_time = time;
    }

    /// Sets the first sequence of a stream that was never used: a tombstone
    /// without time tells of the one before.
    fn begin_at(&mut self, next: u64) {
        self.bury(next - 1, record::GO_ZERO_TIME);
        self.save_tail();
        if let Some(tail) = self.blocks.back_mut() {
            tail.first = next;
            tail.last = next - 1;
        }
        self.last = next - 1;
    }

    /// Appends a tombstone, which tells of what limits have removed, too.
    pub fn bury(&mut self, seq: u64, time: i64) {
        if self.name.is_none() {
            return;
        }
        // Room first: a new block may need a tombstone of its own, which tells
        // all there is to tell.
        let most = self.evictions.note_bytes_max(self.state().deleted);
        self.make_room((RECORD_BYTES_MIN + most) as u64, 0, self.last);
        let note = self.take_note((seq, time));
        self.put_tombstone(seq, time, &note);
    }

    /// Appends a tombstone that tells what limits have removed, if that is not
    /// told yet.
    pub fn tell_evictions(&mut self) {
        if self.name.is_none() || !self.evictions.is_untold() {
            return;
        }
        let first = self.state().first.0;
        // Any message that is gone will do.
        let gone = self.evictions.highest().or_else(|| {
            let deleted = self.blocks.iter().find_map(|block| block.deleted.first());
            let seq = if first > 1 { Some(first - 1) } else { deleted }?;
            let is_last = seq == self.last && self.last_time != 0;
            let time = if is_last {
                self.last_time
            } else {
                record::GO_ZERO_TIME
            };
            Some((seq, time))
        });
        match gone {
            Some((seq, time)) => self.bury(seq, time),
            // Nothing is missing.
            None => drop(self.evictions.tell(first)),
        }
    }

    /// What the tombstone of a message that is gone is to tell besides.
    fn take_note(&mut self, gone: (u64, i64)) -> Vec<u8> {
        let first = self.state().first.0;
        let Some(mut telling) = self.evictions.tell(first) else {
            return Vec::new();
        };
        if telling.everything {
            let mut ranges = Vec::new();
            self.deleted(&mut |first, last| {
                ranges.push((first.0, last.0 + 1));
                ControlFlow::Continue(())
            });
            telling.note.add_ranges(ranges);
        }
        if telling.note.highest() == 0 {
            return Vec::new();
        }
        let mut parts = telling.note.encode();
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            self.put_tombstone(gone.0, gone.1, &part);
        }
        last
    }

    fn put_tombstone(&mut self, seq: u64, time: i64, note: &[u8]) {
        self.put_record(RECORD_BYTES_MIN + note.len(), |data, checksum| {
            record::put_tombstone(data, checksum, seq, time, note)
        });
    }

    /// Appends a record of so many bytes to the last block.
    fn put_record(
        &mut self,
        length: usize,
        put: impl FnOnce(&mut Vec<u8>, Option<&Checksum>) -> Sum,
    ) {
        self.save_tail();
        let Some(tail) = self.blocks.back_mut() else {
            return;
        };
        if tail.data.is_none() {
            tail.data_from = tail.length;
        }
        let data = tail.data.get_or_insert_default();
        tail.sum = put(data, tail.checksum.as_ref());
        tail.length += length as u64;
    }

    /// Starts a new block if one of `length` bytes does not fit into the last
    /// one, or a gap before `seq` would be too wide.
    fn make_room(&mut self, length: u64, gap: u64, seq: u64) {
        let Some(tail) = self.blocks.back() else {
            return;
        };
        let full = tail.length > 0 && tail.length + length > u64::from(self.options.block_size);
        let has_messages = tail.messages() > 0 || !tail.deleted.is_empty();
        let too_wide = has_messages
            && (tail.deleted.len() + gap > BLOCK_GAP_MAX
                || tail
                    .slots
                    .as_ref()
                    .is_some_and(|slots| !slots.can_hold(seq))
                || seq - tail.first > crate::limits::BLOCK_SPAN_MAX / 2);
        if full || too_wide {
            self.roll();
        }
    }

    /// Starts a new block.
    pub(crate) fn roll(&mut self) {
        let number = self.blocks.back().map_or(1, |block| block.number + 1);
        let mut block = Block::new(number, self.checksum(number), self.last, self.last_time);
        if let Some(mut spare) = self.spare.take() {
            spare.clear();
            block.data = Some(spare);
        }
        block.saved = true;
        self.blocks.push_back(block);
        self.undo.push(Undo::Rolled);
        self.charge();
        self.evict_over_budget(self.blocks.len() - 1);
        self.recycle();
        let before = self.blocks.len() - 2;
        if self
            .blocks
            .get(before)
            .is_some_and(|block| block.messages() == 0)
        {
            self.drop_if_useless(before);
        }
    }

    /// Takes the buffer of a block that was written a while ago and that nobody
    /// has read: most streams are read at their end or not at all.
    fn recycle(&mut self) {
        let Some(at) = self.blocks.len().checked_sub(UNREAD_BLOCKS + 2) else {
            return;
        };
        if let Some(block) = self.blocks.get_mut(at)
            && self.files.is_some()
            && !block.recent
            && block.flushed == block.length
        {
            let buffer = block.evict_data();
            if self.spare.is_none() {
                self.spare = buffer;
            }
        }
    }

    /// Notes the last block as it was at the last flush, once.
    #[inline]
    pub(super) fn save_tail(&mut self) {
        let at = self.blocks.len().saturating_sub(1);
        self.save(at);
    }
}

fn no_block() -> StoreError {
    StoreError::Broken {
        path: std::path::PathBuf::new(),
        reason: "no block to write to".into(),
    }
}
