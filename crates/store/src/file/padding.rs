//! Room at the end of the last block's file, made before it is needed.
//!
//! A sync of a file that has grown writes the file's metadata as well: the
//! journal of the file system commits. Where each message is synced for itself
//! that is a fifth of the time. So a stream whose syncs are small and follow
//! each other has zeros written behind its records, which the next records
//! overwrite: their sync writes data only.
//!
//! No record begins with zeros, so recovery knows where records end (the Go
//! server takes the room for a torn end, and cuts it off). The room ends with
//! [`MARK`]: an index file knows the last block by the last 8 bytes of its
//! file, and one of an empty block by zeros.
//!
//! A file is cut to its records when its block is finished, when the index file
//! is written, and when the stream is idle.

use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::DiskFile;
use crate::error::{AtPath, StoreError};

use super::FileStore;

/// Largest number of bytes between two syncs that counts as small: larger ones
/// take longer than the journal does.
const SMALL_SYNC: u64 = 16 << 10;
/// Small syncs in a row before room is made: one message does not tell of the
/// next.
const SMALL_SYNCS_BEFORE: u8 = 2;
/// What files grow by in the file systems people use; room up to there costs no
/// space.
const PAGE: u64 = 4 << 10;
/// Most room that is made at once, in bytes. Twice as much as the last time, so
/// that a stream of some messages does not take more than it needs.
const ROOM_MAX: u64 = 64 << 10;

/// The last bytes of the room.
const MARK: [u8; 8] = [0xff; 8];

/// What is known of the room behind the records.
#[derive(Debug, Default)]
pub(super) struct Padding {
    /// Number of the block that has it; 0 if none has.
    block: u32,
    /// Length of its file.
    end: u64,
    /// Room that was made last.
    room: u64,
    /// Bytes that were written since the last sync.
    unsynced: u64,
    /// Small syncs in a row.
    small: u8,
}

impl Padding {
    /// How many bytes of room are to follow `bytes` bytes of records which end at `end`
    /// in the file of a block.
    fn wanted(&mut self, block: u32, bytes: u64, end: u64) -> u64 {
        self.unsynced += bytes;
        let is_there = self.block == block && self.end >= end;
        if is_there || self.small < SMALL_SYNCS_BEFORE || self.unsynced > SMALL_SYNC {
            return 0;
        }
        self.room = (self.room * 2).clamp(PAGE, ROOM_MAX);
        self.block = block;
        self.end = (end + self.room).next_multiple_of(PAGE);
        self.end - end
    }

    /// A sync of all that was written begins.
    pub fn sync_begins(&mut self) {
        match std::mem::take(&mut self.unsynced) {
            0 => {}
            1..=SMALL_SYNC => self.small = self.small.saturating_add(1),
            _ => self.small = 0,
        }
    }

    /// These blocks are cut, to the length that is given with each.
    pub fn are_cut(&mut self, blocks: &[(u32, u64)]) {
        if blocks.iter().any(|&(number, _)| number == self.block) {
            self.forget();
        }
    }

    /// No file has room any more.
    fn forget(&mut self) {
        self.block = 0;
        self.end = 0;
        self.room = 0;
    }
}

/// The length of a block without room behind its records, which end at
/// `records` at the least.
pub(crate) fn without_padding(block: &[u8], records: usize) -> usize {
    let room = block.get(records..).unwrap_or_default();
    let marks = room.iter().rev().take_while(|&&byte| byte == 0xff).count();
    let (zeros, mark) = room.split_at(room.len() - marks);
    // The last record may have taken part of the mark.
    let is_mark = mark == MARK || zeros.is_empty() && MARK.ends_with(mark);
    if is_mark && zeros.iter().all(|&byte| byte == 0) {
        records.min(block.len())
    } else {
        block.len()
    }
}

/// The length of a block without the room at its end, whatever is before that.
pub(crate) fn without_room(block: &[u8]) -> usize {
    let Some(zeros) = block.strip_suffix(&MARK) else {
        return block.len();
    };
    zeros
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1)
}

impl FileStore {
    /// Writes records at the end of the last block's file, with room behind them
    /// if that is wanted. The file is not encrypted: zeros under its key, and
    /// records in their place later, would tell both.
    pub(super) fn write_tail(
        padding: &mut Padding,
        number: u32,
        file: &Arc<dyn DiskFile>,
        records: &[u8],
        at: u64,
    ) -> std::io::Result<()> {
        let bytes = records.len() as u64;
        let room = padding.wanted(number, bytes, at + bytes) as usize;
        if room >= MARK.len() {
            let mut padded = Vec::with_capacity(records.len() + room);
            padded.extend_from_slice(records);
            padded.resize(records.len() + room - MARK.len(), 0);
            padded.extend_from_slice(&MARK);
            if file.write_at(&padded, at).is_ok() {
                return Ok(());
            }
            // There may be place for the records alone.
            padding.small = 0;
        }
        file.write_at(records, at)
    }

    /// Cuts the file that has room to its records.
    pub(super) fn cut_padding(&mut self) -> Result<(), StoreError> {
        let (number, end) = (self.padding.block, self.padding.end);
        let Some(length) = self.log.numbered(number).map(|block| block.flushed) else {
            self.padding.forget();
            return Ok(());
        };
        if end > length {
            let (path, file) = self.written_file(number)?;
            file.set_len(length).at(&path)?;
            self.note_unsynced(path, file);
        }
        self.padding.forget();
        Ok(())
    }

    /// The file of a block that was written to.
    fn written_file(&self, number: u32) -> Result<(PathBuf, Arc<dyn DiskFile>), StoreError> {
        let path = self.in_msgs(&format!("{number}.blk"));
        let file = match &self.tail {
            Some((open, file)) if *open == number => file.clone(),
            _ => self.disk.open(&path, false).at(&path)?,
        };
        Ok((path, file))
    }

    /// Room is left only to the last block, which has number `tail`.
    pub(super) fn cut_finished(&mut self, tail: u32) -> Result<(), StoreError> {
        if self.padding.block == 0 || self.padding.block == tail {
            return Ok(());
        }
        self.cut_padding()
    }

    /// The next sync task is to sync a file.
    pub(super) fn note_unsynced(&mut self, path: PathBuf, file: Arc<dyn DiskFile>) {
        let last = self.unsynced.last();
        if last.is_none_or(|(known, _)| *known != path) {
            self.unsynced.push((path, file));
        }
    }
}
