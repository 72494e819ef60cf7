//! Blocks are written anew: without an erased message, without dead records,
//! compressed, or encrypted otherwise.

use crate::error::{KeyError, StoreError};
use crate::limits::COMPACT_BYTES_MIN;
use crate::record;

use super::FileStore;

impl FileStore {
    /// Overwrites the record of a message that was removed. Its tombstone has
    /// to be flushed.
    pub(super) fn erase(&mut self, number: u32, seq: u64) -> Result<(), StoreError> {
        let encrypted = self
            .log
            .files
            .as_ref()
            .is_some_and(|files| files.keys.is_some());
        let Ok(at) = self
            .log
            .blocks
            .binary_search_by_key(&number, |block| block.number)
        else {
            // The block is gone, and the message with it.
            return Ok(());
        };
        if encrypted {
            return Ok(());
        }
        self.log.ensure(at)?;
        let is_tail = at + 1 == self.log.blocks.len();
        let compress = self.log.options.compress && !is_tail;
        let Some(block) = self.log.blocks.get_mut(at) else {
            return Ok(());
        };
        let Some(data) = &mut block.data else {
            return Ok(());
        };
        let found = crate::scan::Scan::new(data, None).find_map(|found| match found {
            crate::scan::Found::Record(offset, record)
                if record.seq == seq && record.kind == record::Kind::Message =>
            {
                Some(offset..offset + record.bytes.len())
            }
            _ => None,
        });
        let Some(range) = found else {
            return Ok(());
        };
        let checksum = block.checksum;
        let mut failed = Ok(());
        let mut fill = |bytes: &mut [u8]| failed = crate::crypt::random(bytes);
        if let Some(bytes) = data.get_mut(range.clone()) {
            record::erase(bytes, checksum.as_ref(), seq, &mut fill);
        }
        failed.map_err(|source: KeyError| StoreError::Key {
            path: self.folder.clone(),
            source,
        })?;
        block.sum = data.last_chunk().copied().unwrap_or_default();
        block.slots = None;
        if let Some(files) = &mut self.log.files {
            let data = self
                .log
                .blocks
                .get(at)
                .and_then(|block| block.data.as_deref());
            let data = data.unwrap_or_default();
            let rewritten = files.rewrite(number, data, compress);
            // Without space for a second block it is done in place: a crash meanwhile
            // damages a record that is deleted.
            match rewritten {
                Err(error) if error.is_disk_full() => {
                    let piece = data.get(range.clone()).unwrap_or_default();
                    if !files.overwrite(number, range.start as u64, piece)? {
                        return Err(error);
                    }
                }
                other => other?,
            }
        }
        self.forget_file(number);
        self.index_stale = true;
        Ok(())
    }

    /// A block's file was replaced: the open one is the old one.
    pub(super) fn forget_file(&mut self, number: u32) {
        if let Some(packing) = &mut self.packing {
            packing.note_rewritten(number);
        }
        let tail = self.log.blocks.back().map(|block| block.number);
        if let Some(block) = self.log.numbered(number) {
            block.packed = (tail == Some(number)).then_some(false);
        }
        if self.tail.as_ref().is_some_and(|(open, _)| *open == number) {
            self.tail = None;
        }
        let path = self.in_msgs(&format!("{number}.blk"));
        self.unsynced.retain(|(other, _)| *other != path);
    }

    /// Rewrites the block at `at` if it has become more than half dead.
    /// `small` ones are left alone unless asked for. Returns whether it was.
    pub(super) fn compact(&mut self, at: usize, small: bool) -> Result<bool, StoreError> {
        let tidy = self.is_tidy();
        let Some(block) = self.log.blocks.get(at) else {
            return Ok(false);
        };
        let worth = block.live_bytes * 2 < block.length
            && (small || block.length > COMPACT_BYTES_MIN)
            && (block.compacted_to == 0 || block.live_bytes.max(1) * 2 < block.compacted_to);
        let is_tail = at + 1 == self.log.blocks.len();
        if !worth || is_tail || !tidy || block.flushed < block.length {
            return Ok(false);
        }
        self.log.ensure(at)?;
        let records = self.log.needed_records(at);
        let (number, before) = match self.log.blocks.get(at) {
            Some(block) => (block.number, block.length),
            None => return Ok(false),
        };
        if records.len() as u64 >= before {
            if let Some(block) = self.log.blocks.get_mut(at) {
                block.compacted_to = block.live_bytes.max(1);
            }
            return Ok(false);
        }
        if records.is_empty() {
            self.log.drop_if_useless(at);
            return Ok(true);
        }
        // The state file would claim what is not there any more.
        self.remove_index()?;
        let compress = self.log.options.compress;
        if let Some(files) = &mut self.log.files {
            files.rewrite(number, &records, compress)?;
        }
        self.log.replace_records(at, records);
        let tail = self.log.blocks.back().map_or(0, |block| block.number);
        if let Some(block) = self.log.blocks.get_mut(at) {
            block.settled = true;
            block.rewritten = tail;
        }
        // Those that are there for tombstones only may not be needed any more.
        for block in self.log.blocks.range_mut(at + 1..) {
            if block.messages() == 0 {
                block.compacted_to = 0;
            }
        }
        self.forget_file(number);
        self.index_stale = true;
        Ok(true)
    }

    /// Compresses the block at `at` if it should be and is not. Returns
    /// whether it was.
    pub(super) fn compress(&mut self, at: usize) -> Result<bool, StoreError> {
        let is_tail = at + 1 == self.log.blocks.len();
        let wanted = self.log.options.compress
            && !is_tail
            && self.log.blocks.get(at).is_some_and(|block| {
                !block.settled && block.flushed == block.length && block.length > 0
            });
        if !wanted {
            return Ok(false);
        }
        let Some(number) = self.log.blocks.get(at).map(|block| block.number) else {
            return Ok(false);
        };
        if let Some(block) = self.log.blocks.get_mut(at) {
            block.settled = true;
        }
        let Some(files) = &mut self.log.files else {
            return Ok(false);
        };
        if files.is_compressed(number)? {
            return Ok(false);
        }
        let read = files.read(number)?;
        if read.compressed || !read.complete {
            return Ok(false);
        }
        files.rewrite(number, &read.plain, true)?;
        self.forget_file(number);
        Ok(true)
    }

    /// Writes blocks anew that are not encrypted as they should be.
    pub(super) fn convert_blocks(&mut self) -> Result<(), StoreError> {
        let numbers: Vec<(u32, bool)> = {
            let tail = self.log.blocks.len().saturating_sub(1);
            let blocks = self.log.blocks.iter().enumerate();
            blocks
                .filter(|(_, block)| block.flushed > 0)
                .map(|(at, block)| (block.number, at == tail))
                .collect()
        };
        for (number, is_tail) in numbers {
            let Some(files) = &mut self.log.files else {
                break;
            };
            let Some(wanted) = files.keys.as_ref().map(|keys| keys.keys.cipher) else {
                break;
            };
            let cipher = match files.seed(number) {
                Ok(seed) => seed.map(|seed| seed.cipher()),
                // Its messages cannot be read, which is told when they are.
                Err(StoreError::Key { .. }) => continue,
                Err(error) => return Err(error),
            };
            if cipher == Some(wanted) {
                continue;
            }
            let read = files.read(number)?;
            // One that is damaged stays as it is.
            if read.complete && (cipher.is_some() || !read.current) {
                files.rewrite(number, &read.plain, read.compressed && !is_tail)?;
            }
        }
        Ok(())
    }
}
