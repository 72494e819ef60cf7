//! From files to a running store (storage-format.md 6.2).

use std::collections::BTreeSet;

use crate::error::{AtPath, KeyError, StoreError};
use crate::hash::{Checksum, Sum};
use crate::log::{Block, Log};
use crate::subjects::Entry;
use crate::types::Limits;

use super::Recovery;
use super::index_db::{self, BlockEntry, Head, IndexFile};
use super::{counts_db, rebuild};

/// What an index file that does not fit the blocks still tells.
pub(super) struct Prior {
    pub head: Head,
    pub blocks: Vec<BlockEntry>,
}

/// Numbers of the blocks in the folder, ascending.
fn numbers(log: &Log) -> Result<BTreeSet<u32>, StoreError> {
    let Some(files) = &log.files else {
        return Ok(BTreeSet::new());
    };
    let entries = files.disk.list(&files.folder).at(&files.folder)?;
    let names = entries.iter().filter(|entry| !entry.is_folder);
    Ok(names
        .filter_map(|entry| {
            let stem = entry.name.strip_suffix(".blk")?;
            let number: u32 = stem.parse().ok()?;
            (number.to_string() == stem && number > 0).then_some(number)
        })
        .collect())
}

/// The flag tells whether there are counts beside the index file.
pub(super) fn recover(
    mut log: Log,
    sum: &Checksum,
    recovery: &mut Recovery,
) -> Result<(Log, bool), StoreError> {
    let numbers = numbers(&log)?;
    let body = read_index(&log, sum, numbers.is_empty(), recovery)?;
    let mut prior = None;
    if let Some((body, index_sum)) = body {
        match index_db::decode(&body) {
            Err(error) => {
                recovery.warnings.push(error.to_string());
                remove_index(&log)?;
            }
            Ok(index) => match fits(&mut log, &index, &numbers)? {
                Ok(()) => {
                    accept(&mut log, &index)?;
                    let has_counts = counts_db::load(&mut log, sum, &index_sum, recovery);
                    return Ok((log, has_counts));
                }
                Err(why) => {
                    recovery.warnings.push(why);
                    prior = Some(Prior {
                        head: index.head,
                        blocks: index.blocks,
                    });
                }
            },
        }
    }
    let fresh = numbers.is_empty() && prior.is_none();
    recovery.rebuilt = !fresh;
    if !fresh {
        counts_db::remove(&log);
        rebuild::rebuild(&mut log, &numbers, prior, recovery)?;
    }
    Ok((log, false))
}

fn remove_index(log: &Log) -> Result<(), StoreError> {
    let Some(files) = &log.files else {
        return Ok(());
    };
    let path = files.folder.join("index.db");
    files.disk.remove_file(&path).at(&path)
}

/// The plain content of `index.db` and its checksum, if there is one that can be
/// read.
fn read_index(
    log: &Log,
    sum: &Checksum,
    fresh: bool,
    recovery: &mut Recovery,
) -> Result<Option<(Vec<u8>, Sum)>, StoreError> {
    let Some(files) = &log.files else {
        return Ok(None);
    };
    let path = files.folder.join("index.db");
    let file = match files.disk.read(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            recovery
                .warnings
                .push(format!("Could not read stream state file: {error}"));
            return Ok(None);
        }
    };
    let body = match index_db::checked(&file, sum) {
        Ok(body) => body,
        Err(error) => {
            if !fresh {
                recovery.warnings.push(error.to_string());
            }
            remove_index(log)?;
            return Ok(None);
        }
    };
    let index_sum = file.last_chunk().copied().unwrap_or_default();
    let Some(keys) = &files.keys else {
        return Ok(Some((body.to_vec(), index_sum)));
    };
    match keys.seed.unseal(body) {
        Ok(plain) => Ok(Some((plain, index_sum))),
        Err(KeyError::Authentication) if body.starts_with(&[0x0b]) => {
            // From before the stream was encrypted.
            Ok(Some((body.to_vec(), index_sum)))
        }
        Err(error) => {
            let text = format!("Stream state error reading encryption key: {error}");
            recovery.warnings.push(text);
            Ok(None)
        }
    }
}

/// Whether the index file describes the blocks that are there; if not, why.
fn fits(
    log: &mut Log,
    index: &IndexFile<'_>,
    numbers: &BTreeSet<u32>,
) -> Result<Result<(), String>, StoreError> {
    let Some(files) = &mut log.files else {
        return Ok(Ok(()));
    };
    let missing =
        |number| format!("Stream state detected prior state, could not locate msg block {number}");
    let Some(last) = index.blocks.last() else {
        return Ok(Err(
            "Stream state block does not exist or index mismatch".into()
        ));
    };
    if !numbers.contains(&last.number) {
        return Ok(Err(missing(last.number)));
    }
    let (sum, length) = match files.last_sum(last.number) {
        Ok(found) => found,
        Err(StoreError::Key { source, .. }) => {
            return Ok(Err(format!(
                "Stream state error reading encryption key: {source}"
            )));
        }
        Err(error) => return Err(error),
    };
    // An empty block has no last sum, and zeros are none.
    let is_empty = index.last_sum == [0; 8];
    if sum != index.last_sum || is_empty && length > 0 {
        let text = "Stream state outdated, last block has additional entries, will rebuild";
        return Ok(Err(text.into()));
    }
    if numbers.last().is_some_and(|&number| number > last.number) {
        return Ok(Err(
            "Stream state outdated, found extra blocks, will rebuild".into(),
        ));
    }
    for block in &index.blocks {
        if !numbers.contains(&block.number) {
            return Ok(Err(missing(block.number)));
        }
    }
    Ok(Ok(()))
}

/// Takes everything over from the index file.
fn accept(log: &mut Log, index: &IndexFile<'_>) -> Result<(), StoreError> {
    log.blocks.clear();
    let mut before = (0, 0);
    for entry in &index.blocks {
        let mut block = Block::new(entry.number, log.checksum(entry.number), 0, 0);
        block.data = None;
        block.slots = None;
        block.packed = None;
        block.first = entry.first;
        block.last = entry.last;
        block.first_time = entry.first_time;
        block.last_time = entry.last_time;
        block.live_bytes = entry.bytes;
        block.deleted = entry.deleted.clone();
        block.ttls = entry.ttls.unwrap_or(0);
        block.schedules = entry.schedules.unwrap_or(0);
        if block.messages() == 0 {
            // A block with tombstones only has what sequences it likes.
            block.deleted = crate::seqset::SeqSet::default();
            block.last = block.last.max(before.0);
            block.first = block.last + 1;
            block.last_time = before.1;
        }
        before = (block.last, block.last_time);
        log.blocks.push_back(block);
    }
    log.messages = index.head.messages;
    log.bytes = index.head.bytes;
    log.last = index.head.last.max(before.0);
    log.last_time = index.head.last_time;
    log.fresh = index.head.first == 0;
    if let Some(tail) = log.blocks.back_mut() {
        if tail.messages() == 0 {
            tail.first = log.last + 1;
        } else if log.last > tail.last {
            tail.deleted.insert_range(tail.last + 1, log.last);
        }
        tail.last = log.last;
        tail.last_time = log.last_time;
    }
    let tail_is_raw = measure(log)?;
    take_subjects(log, index);
    let tail = log.blocks.len().saturating_sub(1);
    if index.blocks.iter().any(|block| block.ttls.is_none()) {
        log.scan_ttls(0)?;
        log.ttls_known = true;
    }
    if tail_is_raw && let Some(block) = log.blocks.get_mut(tail) {
        block.sum = index.last_sum;
        block.packed = Some(false);
    }
    log.drop_empty_front();
    log.dirty_from = log.blocks.back().map_or(0, |block| block.number);
    let state = log.state();
    if log.options.limits != Limits::None && (state.first.0 > 1 || state.deleted > 0) {
        // The Go server may have written the blocks.
        log.evictions.forget();
    }
    Ok(())
}

/// Sets the lengths of all blocks, and looks into those that are shorter than
/// their messages. Returns whether the last one can be appended to; if not,
/// there is a new one.
fn measure(log: &mut Log) -> Result<bool, StoreError> {
    let mut doubtful = Vec::new();
    let mut tail_is_raw = true;
    for at in 0..log.blocks.len() {
        let is_tail = at + 1 == log.blocks.len();
        let (Some(block), Some(files)) = (log.blocks.get_mut(at), &mut log.files) else {
            continue;
        };
        let path = files.path(block.number);
        let length = files
            .disk
            .open(&path, false)
            .and_then(|file| file.length())
            .at(&path)?;
        let short = length < block.live_bytes;
        if (short || is_tail) && files.is_compressed(block.number)? {
            tail_is_raw &= !is_tail;
        } else if short {
            doubtful.push(at);
        }
        block.length = length;
        block.flushed = length;
        block.data_from = length;
    }
    if !tail_is_raw {
        log.roll();
    }
    for at in doubtful {
        log.ensure(at)?;
    }
    Ok(tail_is_raw)
}

fn take_subjects(log: &mut Log, index: &IndexFile<'_>) {
    let bytes = index.subjects.iter().map(|entry| entry.subject.len()).sum();
    log.subjects.reserve(index.subjects.len(), bytes);
    let bounds: Vec<(u32, u64, u64)> = log
        .blocks
        .iter()
        .map(|block| (block.number, block.first, block.last))
        .collect();
    let end = bounds.len().saturating_sub(1);
    for entry in &index.subjects {
        if entry.messages == 0 {
            continue;
        }
        let at = |number: u32| {
            bounds
                .partition_point(|&(other, ..)| other < number)
                .min(end)
        };
        let first = bounds
            .get(at(entry.first_block))
            .map_or(0, |&(_, first, _)| first);
        let last = bounds
            .get(at(entry.last_block))
            .map_or(u64::MAX >> 1, |&(.., last)| last);
        let id = log.subjects.intern(entry.subject);
        log.subjects.set(
            id,
            Entry {
                messages: entry.messages,
                first,
                first_exact: false,
                last: last.max(first),
                last_exact: false,
            },
        );
    }
}
