//! A stream from its blocks alone (storage-format.md 6.3), over damage where
//! there is some.
//!
//! Blocks are read from the last to the first: a tombstone comes after its
//! message, so that each is known when its message is met, and every block is
//! read once.

use std::collections::BTreeSet;

use crate::error::{AtPath, StoreError};
use crate::hash::Checksum;
use crate::limits::{BLOCK_GAP_MAX, FOUND_DELETES_MAX, FOUND_GAP_MAX};
use crate::log::{Block, Log};
use crate::note::{Gone, Note};
use crate::record::{GO_ZERO_TIME, Kind, Record};
use crate::scan::{Found, Scan};
use crate::seqset::SeqSet;
use crate::types::Seq;

use super::blocks::BlockFiles;
use super::padding::{without_padding, without_room};
use super::recover::Prior;
use super::{Recovery, idx29};

/// Stands for the last block's number until that is known.
const CLEAN: u32 = u32::MAX;

/// What the later blocks have told.
#[derive(Default)]
struct Seen {
    tombstones: SeqSet,
    /// What tombstones tell besides.
    gone: Gone,
    /// Highest sequence of any record.
    last: u64,
    last_time: i64,
}

impl Seen {
    /// Whether the message of this sequence was removed on purpose.
    fn is_gone(&self, seq: u64) -> bool {
        self.tombstones.contains(seq) || self.gone.has(seq)
    }
}

pub(super) fn rebuild(
    log: &mut Log,
    numbers: &BTreeSet<u32>,
    prior: Option<Prior>,
    recovery: &mut Recovery,
) -> Result<(), StoreError> {
    let mut seen = Seen::default();
    log.blocks.clear();
    let mut tail_is_compressed = false;
    for &number in numbers.iter().rev() {
        let Some((block, compressed)) = read_block(log, number, &mut seen, recovery)? else {
            continue;
        };
        if log.blocks.is_empty() {
            tail_is_compressed = compressed;
        }
        log.blocks.push_front(block);
    }
    if log.blocks.is_empty() {
        let number = numbers.last().map_or(1, |&last| last + 1);
        let checksum = log.checksum(number);
        log.blocks
            .push_back(Block::new(number, checksum, seen.last, seen.last_time));
    }
    let newest = log.blocks.back().map_or(0, |block| block.number);
    for block in log
        .blocks
        .iter_mut()
        .filter(|block| block.rewritten == CLEAN)
    {
        block.rewritten = newest;
    }
    add_up(log, &seen);
    if tail_is_compressed {
        log.roll();
    }
    if let Some(prior) = prior {
        compare(log, &prior, &seen);
    }
    log.drop_empty_front();
    log.dirty_from = 0;
    log.ttls_known = true;
    Ok(())
}

/// Makes blocks follow each other, and sums them up.
fn add_up(log: &mut Log, seen: &Seen) {
    let (mut last, mut last_time) = (0, 0);
    for block in &mut log.blocks {
        if block.messages() == 0 {
            block.deleted = SeqSet::default();
            block.last = block.last.max(last);
            block.first = block.last + 1;
        }
        last = block.last.max(last);
        if block.last_time == 0 {
            block.last_time = last_time;
        }
        last_time = block.last_time;
        log.messages += block.messages();
        log.bytes += block.live_bytes;
    }
    log.last = last.max(seen.last);
    log.last_time = if seen.last_time == 0 {
        last_time
    } else {
        seen.last_time
    };
    let Some(tail) = log.blocks.back_mut() else {
        return;
    };
    // A later message whose block is gone had a tombstone.
    let gap = log.last.saturating_sub(tail.last);
    if tail.messages() == 0 {
        tail.first = log.last + 1;
    } else if gap > BLOCK_GAP_MAX {
        // Too far away for one block.
        let (last, time) = (log.last, log.last_time);
        (log.last, log.last_time) = (tail.last, tail.last_time);
        return go_on_after(log, last, time);
    } else if gap > 0 {
        tail.deleted.insert_range(tail.last + 1, log.last);
    }
    tail.last = log.last;
    tail.last_time = log.last_time;
}

/// Lets the stream go on after a sequence that no block has, in a new one.
fn go_on_after(log: &mut Log, last: u64, time: i64) {
    log.roll();
    log.bury(last, time);
    log.last = last;
    log.last_time = time;
    if let Some(tail) = log.blocks.back_mut() {
        tail.first = last + 1;
        tail.last = last;
        tail.last_time = time;
    }
}

/// Reads one block. `None` if there is nothing in it; its file goes then.
fn read_block(
    log: &mut Log,
    number: u32,
    seen: &mut Seen,
    recovery: &mut Recovery,
) -> Result<Option<(Block, bool)>, StoreError> {
    let is_tail = log.blocks.is_empty();
    let Some(files) = &mut log.files else {
        return Ok(None);
    };
    let path = files.path(number);
    let mut read = match files.read(number) {
        Ok(read) => read,
        Err(StoreError::Key { source, .. }) => {
            recovery
                .warnings
                .push(format!("{}: {source}, put aside", path.display()));
            set_aside(log, number, true)?;
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if !read.compressed {
        cut_padding(files, number, &mut read.plain)?;
    }
    let old_index = read_old_index(log, number, &read.plain);
    // Servers up to 2.9 tell of a first sequence before there is any.
    log.fresh &= old_index.is_none();
    let Some(checksum) = log.checksum(number) else {
        return Ok(None);
    };
    let mut scanned = scan(&read.plain, &checksum, seen, old_index.as_ref());
    if !read.complete {
        scanned.damage.push((read.plain.len(), read.plain.len()));
    }
    if !scanned.damage.is_empty() {
        repair(log, number, &read, &mut scanned, is_tail, seen, recovery)?;
    }
    let plain = if scanned.damage.is_empty() {
        read.plain
    } else {
        scanned.good
    };
    if plain.is_empty() {
        // At once, before its number is used again.
        return remove_block(log, number).map(|()| None);
    }
    let mut block = Block::new(number, Some(checksum), 0, 0);
    block.sum = plain.last_chunk().copied().unwrap_or_default();
    block.length = plain.len() as u64;
    block.flushed = block.length;
    if !take_messages(log, &mut block, &plain, seen, old_index.as_ref()) {
        block.rewritten = CLEAN;
    }
    block.slots = None;
    block.packed = Some(read.compressed);
    if is_tail {
        block.data = Some(plain);
    } else {
        block.data = None;
        block.data_from = block.length;
        block.settled = read.compressed == log.options.compress;
    }
    Ok(Some((block, read.compressed)))
}

/// Cuts off the room that [`padding`](super::padding) has made behind the
/// records of a block.
fn cut_padding(files: &BlockFiles, number: u32, block: &mut Vec<u8>) -> Result<(), StoreError> {
    if block.last() != Some(&0xff) {
        return Ok(());
    }
    let mut records = 0;
    while let Some(record) = block.get(records..).and_then(Record::parse) {
        records += record.bytes.len();
    }
    let length = without_padding(block, records);
    if length < block.len() {
        block.truncate(length);
        let path = files.path(number);
        let file = files.disk.open(&path, false).at(&path)?;
        file.set_len(length as u64).at(&path)?;
    }
    Ok(())
}

fn remove_block(log: &mut Log, number: u32) -> Result<(), StoreError> {
    let Some(files) = &mut log.files else {
        return Ok(());
    };
    files.forget(number);
    for path in [files.path(number), files.key_path(number)] {
        match files.disk.remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other.at(&path)?,
        }
    }
    files.disk.sync_dir(&files.folder).at(&files.folder)
}

/// The `<n>.idx` of an older server, if it is of this state of the block.
fn read_old_index(log: &Log, number: u32, plain: &[u8]) -> Option<idx29::BlockIndex> {
    let files = log.files.as_ref()?;
    let mut bytes = files
        .disk
        .read(&files.folder.join(format!("{number}.idx")))
        .ok()?;
    if let Some(seed) = files.known_seed(number) {
        bytes = seed.unseal_without_nonce(&bytes).ok()?;
    }
    let index = idx29::decode(&bytes)?;
    let sum: [u8; 8] = plain.last_chunk().copied().unwrap_or_default();
    (index.last_sum == sum || (plain.is_empty() && index.messages == 0)).then_some(index)
}

/// A first walk through a block.
#[derive(Default)]
struct Scanned {
    /// Ranges of bytes that are no good.
    damage: Vec<(usize, usize)>,
    /// The good records, if there is damage.
    good: Vec<u8>,
    /// Gaps of sequences next to damage.
    gaps: Vec<(u64, u64)>,
}

fn scan(
    plain: &[u8],
    checksum: &Checksum,
    seen: &mut Seen,
    old_index: Option<&idx29::BlockIndex>,
) -> Scanned {
    let mut scanned = Scanned::default();
    let (mut previous, mut previous_time, mut damaged) = (0, 0, false);
    let mut last_tombstone = (0, 0);
    for found in Scan::new(plain, Some(checksum)) {
        match found {
            Found::Damage(from, to) => {
                scanned.damage.push((from, to));
                damaged = true;
            }
            Found::Record(_, record) => match record.kind {
                Kind::Tombstone => {
                    seen.tombstones.insert(record.seq);
                    last_tombstone = last_tombstone.max((record.seq, record.timestamp));
                    if let Some(note) = Note::decode(record.payload) {
                        seen.gone.add(&note);
                        // All it tells of was used.
                        last_tombstone = last_tombstone.max((note.highest(), GO_ZERO_TIME));
                    }
                }
                Kind::Message | Kind::Erased if record.seq > previous => {
                    if damaged && previous > 0 && record.seq - previous <= FOUND_GAP_MAX {
                        scanned.gaps.push((previous + 1, record.seq - 1));
                    }
                    previous = record.seq;
                    previous_time = record.timestamp;
                    damaged = false;
                }
                Kind::Message | Kind::Erased => {}
            },
        }
    }
    if !scanned.damage.is_empty() {
        for found in Scan::new(plain, Some(checksum)) {
            if let Found::Record(_, record) = found {
                scanned.good.extend_from_slice(record.bytes);
            }
        }
    }
    if let Some(index) = old_index {
        index.deleted.iter().for_each(|seq| {
            seen.tombstones.insert(seq);
        });
        last_tombstone = last_tombstone.max((index.last, index.last_time));
    }
    for (seq, time) in [(previous, previous_time), last_tombstone] {
        if seq > seen.last {
            seen.last = seq;
            seen.last_time = if time == GO_ZERO_TIME { 0 } else { time };
        } else if seq == seen.last && seen.last_time == 0 && time != GO_ZERO_TIME {
            seen.last_time = time;
        }
    }
    scanned
}

/// Keeps a damaged file aside, and leaves one with the good records in its
/// place. A torn end of the last block is only cut off.
fn repair(
    log: &mut Log,
    number: u32,
    read: &super::blocks::BlockBytes,
    scanned: &mut Scanned,
    is_tail: bool,
    seen: &Seen,
    recovery: &mut Recovery,
) -> Result<(), StoreError> {
    let end = if read.compressed {
        read.plain.len()
    } else {
        without_room(&read.plain)
    };
    let lengths = scanned.damage.iter();
    let bytes: usize = lengths
        .map(|&(from, to)| to.min(end).saturating_sub(from))
        .sum();
    log.lost.bytes += bytes as u64;
    let lost = scanned.gaps.iter().flat_map(|&(from, to)| from..=to);
    let lost = lost.filter(|&seq| !seen.is_gone(seq));
    log.lost.messages.extend(lost.map(Seq));
    log.lost.messages.sort_unstable();
    let Some(files) = &mut log.files else {
        return Ok(());
    };
    let path = files.path(number);
    let at = scanned.damage.first().map_or(0, |&(from, _)| from);
    let only_end = scanned.damage.len() == 1 && scanned.damage[0].1 == read.plain.len();
    recovery.warnings.push(format!(
        "{}: {bytes} bytes from offset {at} on are damaged, {} good bytes are kept",
        path.display(),
        scanned.good.len()
    ));
    if only_end && is_tail && !read.compressed {
        let file = files.disk.open(&path, false).at(&path)?;
        file.set_len(at as u64).at(&path)?;
        return file.sync().at(&path);
    }
    let good = std::mem::take(&mut scanned.good);
    set_aside(log, number, false)?;
    if let Some(files) = &mut log.files
        && !good.is_empty()
    {
        files.rewrite(number, &good, read.compressed)?;
    }
    scanned.good = good;
    Ok(())
}

/// Copies (or, with `take`, moves) a block's file to a name that no server
/// looks at.
fn set_aside(log: &Log, number: u32, take: bool) -> Result<(), StoreError> {
    let Some(files) = &log.files else {
        return Ok(());
    };
    let path = files.path(number);
    let free = (1..).map(|copy| files.folder.join(format!("{number}.damaged.{copy}")));
    let Some(aside) = free.into_iter().find(|name| !files.disk.exists(name)) else {
        return Ok(());
    };
    if take {
        return files.disk.rename(&path, &aside).at(&aside);
    }
    let bytes = files.disk.read(&path).at(&path)?;
    files.disk.write_synced(&aside, &bytes).at(&aside)
}

/// Counts the messages of a block that are there. Returns whether it has others
/// as well.
fn take_messages(
    log: &mut Log,
    block: &mut Block,
    plain: &[u8],
    seen: &Seen,
    old_index: Option<&idx29::BlockIndex>,
) -> bool {
    let (mut has_message, mut has_gone) = (false, false);
    let mut ids = Vec::new();
    let mut previous = 0;
    let mut highest_tombstone = 0;
    for found in Scan::new(plain, None) {
        let Found::Record(_, record) = found else {
            continue;
        };
        let seq = record.seq;
        if record.kind == Kind::Tombstone {
            highest_tombstone = highest_tombstone.max(seq);
            continue;
        }
        if seq <= previous {
            has_gone = true;
            continue;
        }
        let gap = seq - previous;
        let is_too_far = gap > FOUND_GAP_MAX || block.deleted.len() + gap > FOUND_DELETES_MAX;
        if has_message && is_too_far {
            has_gone = true;
            continue;
        }
        let gone = record.kind == Kind::Erased
            || seen.is_gone(seq)
            || old_index.is_some_and(|index| seq < index.first);
        if has_message {
            block
                .deleted
                .insert_range(previous + 1, seq - u64::from(!gone));
        }
        previous = seq;
        block.last = seq;
        if record.timestamp != 0 && record.timestamp != GO_ZERO_TIME {
            block.last_time = record.timestamp;
        }
        if gone {
            has_gone |= record.kind == Kind::Message;
            continue;
        }
        if !has_message {
            has_message = true;
            block.first = seq;
            block.first_time = record.timestamp;
        }
        let size = log.sizes.of(record.subject, record.header, record.payload);
        block.live_bytes += size;
        let id = log.subjects.intern(record.subject);
        log.subjects.count_found(id, seq);
        ids.push(id.0);
        if !record.header.is_empty() {
            if let Some(expiry) = crate::ttl::expiry_of(record.timestamp, record.header) {
                block.ttls += 1;
                if log.options.ttl {
                    log.expiries.insert((expiry, seq));
                }
            }
            block.schedules += u64::from(crate::ttl::has_schedule(record.header));
        }
    }
    if !has_message {
        block.last = previous.max(highest_tombstone);
        block.first = block.last + 1;
    }
    log.summarize_found(block, ids);
    has_gone
}

/// What the outdated index file knew and the blocks do not have any more.
fn compare(log: &mut Log, prior: &Prior, seen: &Seen) {
    let first = log.blocks.front().map_or(0, |block| block.first);
    let found_first = if log.messages > 0 { first } else { 0 };
    // A server that went on after it wrote the index file may have emptied
    // blocks, and let the tombstones go that told so.
    let newest = |numbers: Option<u32>| numbers.unwrap_or(0);
    let went_on = newest(log.blocks.back().map(|block| block.number))
        > newest(prior.blocks.last().map(|entry| entry.number));
    for entry in &prior.blocks {
        if went_on && log.numbered(entry.number).is_none() {
            continue;
        }
        let mut lost = Vec::new();
        for seq in entry.first..=entry.last {
            let gone = entry.deleted.contains(seq) || seen.is_gone(seq);
            if seq >= found_first && !gone && log.block_with(seq).is_none() && lost.len() < 1 << 20
            {
                lost.push(Seq(seq));
            }
        }
        if log.numbered(entry.number).is_none() && !lost.is_empty() {
            log.lost.bytes += entry.bytes;
        }
        log.lost.messages.extend(lost);
    }
    log.lost.messages.sort_unstable();
    log.lost.messages.dedup();
    if prior.head.last > log.last {
        // Sequences are not used twice.
        go_on_after(log, prior.head.last, prior.head.last_time);
    }
}
