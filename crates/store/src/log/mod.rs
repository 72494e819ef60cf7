//! A stream's messages as a row of blocks: the part that is the same on disk
//! and in memory.
//!
//! - `block`, `slots`: a block, and where its messages are
//! - `append`: new records
//! - `cache`: blocks come into memory and leave it
//! - `evictions`: what limits have removed and no tombstone tells
//! - `find`: the next and the previous message of a filter
//! - `matching`: the same for filters with wildcards
//! - `count`: how many there are
//! - `compact`: a block without its dead records
//! - `remove`: single messages, oldest ones, whole blocks
//! - `purge`: what a purge request takes
//! - `summary`: what is known of a block's subjects at rest
//! - `summaries`: they are made, and go when there are too many
//! - `undo`: back to the last flush

mod append;
pub(crate) mod block;
mod cache;
mod compact;
mod count;
mod evictions;
mod find;
mod matching;
mod purge;
mod remove;
pub(crate) mod slots;
mod summaries;
pub(crate) mod summary;
mod undo;

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;

use crate::cache::CacheBudget;
use crate::error::StoreError;
use crate::file::blocks::BlockFiles;
use crate::hash::Checksum;
use crate::subjects::SubjectIndex;
use crate::types::{LostData, Nanos, Seq, StoreState, StreamOptions};
pub(crate) use block::Block;
use evictions::Evictions;
pub(crate) use find::Direction;
pub(crate) use undo::Totals;
use undo::Undo;

/// How a message's size is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sizes {
    /// The length of its record.
    Record,
    /// 16 bytes, subject, header and payload.
    Memory,
}

impl Sizes {
    #[inline]
    pub fn of(self, subject: &[u8], header: &[u8], payload: &[u8]) -> u64 {
        match self {
            Self::Record => crate::record::record_length(subject, header, payload),
            Self::Memory => 16 + (subject.len() + header.len() + payload.len()) as u64,
        }
    }
}

/// The messages of a stream.
pub(crate) struct Log {
    /// Ascending by number; never empty. The last one is written to. Others
    /// have messages, or tombstones that are needed.
    pub blocks: VecDeque<Block>,
    /// Index of the block found last; only a guess.
    recent_block: Cell<usize>,
    pub subjects: SubjectIndex,
    pub messages: u64,
    pub bytes: u64,
    pub last: u64,
    pub last_time: i64,
    /// (expiry, sequence) of messages with a TTL, and of some that are gone.
    pub expiries: BTreeSet<(i64, u64)>,
    pub lost: LostData,
    pub options: StreamOptions,
    pub sizes: Sizes,
    /// The stream's name, for checksums; `None` in memory.
    pub name: Option<Vec<u8>>,
    /// Where blocks are that are not in memory.
    pub files: Option<BlockFiles>,
    /// Undo steps since the last flush, oldest first.
    undo: Vec<Undo>,
    /// Numbers of blocks whose files are to go after the next flush.
    pub doomed: Vec<u32>,
    /// Those of them that have staged records: they are written all the same,
    /// so that what a crash leaves of a flush is always its beginning.
    pub unwritten: Vec<u32>,
    /// Blocks below this number have nothing staged.
    pub dirty_from: u32,
    budget: Option<CacheBudget>,
    /// What of the budget is in use by this log.
    charged: usize,
    /// A buffer for the next block.
    spare: Option<Vec<u8>>,
    pub(crate) summaries: summaries::Summaries,
    /// Of filters that were searched for lately, the last one last.
    memos: Vec<matching::Memo>,
    /// A record that was read without its block.
    single: Vec<u8>,
    /// Subject of the message that was removed last.
    pub removed_subject: Vec<u8>,
    /// Messages were lost whose subjects are not known: the subject index
    /// counts too many.
    pub recount: bool,
    /// What limits have removed and no tombstone tells.
    pub evictions: Evictions,
    /// It began with nothing, as far as is known.
    pub fresh: bool,
    /// All expiries are in `expiries`, nothing is to be scanned for them.
    pub ttls_known: bool,
}

impl Log {
    /// A stream that never had a message, in memory.
    pub fn in_memory(options: StreamOptions) -> Self {
        Self::new(options, Sizes::Memory, None, None, None)
    }

    /// A stream on disk, without blocks: they are to be added.
    pub fn on_disk(options: StreamOptions, files: BlockFiles, budget: CacheBudget) -> Self {
        let name = Some(files.name.clone());
        Self::new(options, Sizes::Record, name, Some(files), Some(budget))
    }

    fn new(
        options: StreamOptions,
        sizes: Sizes,
        name: Option<Vec<u8>>,
        files: Option<BlockFiles>,
        budget: Option<CacheBudget>,
    ) -> Self {
        let mut log = Self {
            blocks: VecDeque::new(),
            recent_block: Cell::new(0),
            subjects: SubjectIndex::default(),
            messages: 0,
            bytes: 0,
            last: 0,
            last_time: 0,
            expiries: BTreeSet::new(),
            lost: LostData::default(),
            options,
            sizes,
            name,
            files,
            undo: Vec::new(),
            doomed: Vec::new(),
            unwritten: Vec::new(),
            dirty_from: 0,
            budget,
            charged: 0,
            spare: None,
            summaries: summaries::Summaries::default(),
            single: Vec::new(),
            memos: Vec::new(),
            removed_subject: Vec::new(),
            recount: false,
            evictions: Evictions::default(),
            fresh: true,
            ttls_known: false,
        };
        log.blocks.push_back(Block::new(1, log.checksum(1), 0, 0));
        log
    }

    /// The checksum of a block's records.
    pub fn checksum(&self, number: u32) -> Option<Checksum> {
        let name = self.name.as_deref()?;
        Some(Checksum::of_block(name, number))
    }

    /// The memory for what is cached, of all stores; `None` in memory.
    pub fn budget(&self) -> Option<&CacheBudget> {
        self.budget.as_ref()
    }

    pub fn state(&self) -> StoreState {
        let front = self.blocks.get(self.head());
        let first = match front {
            Some(block) if self.messages > 0 => block.first,
            _ => self.last + 1,
        };
        StoreState {
            messages: self.messages,
            bytes: self.bytes,
            first: Seq(first),
            first_time: match front {
                Some(block) if self.messages > 0 => Nanos(block.first_time),
                _ => Nanos::NONE,
            },
            last: Seq(self.last),
            last_time: Nanos(self.last_time),
            subjects: self.subjects.len(),
            deleted: (self.last + 1 - first).saturating_sub(self.messages),
            never_used: self.fresh && self.last == 0,
        }
    }

    /// Index of the first block with messages, or of the last one.
    #[inline]
    pub fn head(&self) -> usize {
        let found = self.blocks.iter().position(|block| block.messages() > 0);
        found.unwrap_or(self.blocks.len() - 1)
    }

    /// Index of the first block that reaches `seq`.
    #[inline]
    pub fn block_at(&self, seq: u64) -> usize {
        // Most look-ups are for the newest messages.
        let tail = self.blocks.len().saturating_sub(1);
        match tail
            .checked_sub(1)
            .and_then(|before| self.blocks.get(before))
        {
            Some(before) if before.last >= seq => {
                // Who reads on is nearly always in the block of the message before.
                let recent = self.recent_block.get();
                if self.reaches_first(recent, seq) {
                    return recent;
                }
                let at = self.blocks.partition_point(|block| block.last < seq);
                self.recent_block.set(at);
                at
            }
            _ if self.last < seq => self.blocks.len(),
            _ => tail,
        }
    }

    /// Whether the block at `at` is the first one that reaches `seq`.
    #[inline]
    fn reaches_first(&self, at: usize, seq: u64) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.blocks.get(before));
        self.blocks.get(at).is_some_and(|block| block.last >= seq)
            && before.is_none_or(|before| before.last < seq)
    }

    /// Index of the block that has message `seq`.
    #[inline]
    pub fn block_with(&self, seq: u64) -> Option<usize> {
        let at = self.block_at(seq);
        self.blocks.get(at)?.has(seq).then_some(at)
    }

    pub fn deleted(&self, visit: &mut dyn FnMut(Seq, Seq) -> ControlFlow<()>) {
        let mut expected = self.state().first.0;
        // The run of deleted sequences that is being put together.
        let mut run: Option<(u64, u64)> = None;
        let mut add = |first: u64, last: u64| -> ControlFlow<()> {
            if let Some((_, end)) = &mut run
                && *end + 1 == first
            {
                *end = last;
                return ControlFlow::Continue(());
            }
            match run.replace((first, last)) {
                Some((first, last)) => visit(Seq(first), Seq(last)),
                None => ControlFlow::Continue(()),
            }
        };
        let mut walk = || -> ControlFlow<()> {
            for block in &self.blocks {
                if block.first > expected {
                    add(expected, block.first - 1)?;
                }
                for seq in block.deleted.iter() {
                    add(seq, seq)?;
                }
                expected = expected.max(block.last + 1);
            }
            if self.messages > 0 && self.last >= expected {
                add(expected, self.last)?;
            }
            ControlFlow::Continue(())
        };
        if walk().is_continue()
            && let Some((first, last)) = run
        {
            let _ = visit(Seq(first), Seq(last));
        }
    }

    pub fn next_expiry(&self) -> Option<Nanos> {
        self.expiries.first().map(|&(at, _)| Nanos(at))
    }

    pub fn take_expired(&mut self, now: Nanos, max: usize, out: &mut Vec<Seq>) {
        let mut taken = 0;
        while taken < max
            && let Some(&(at, seq)) = self.expiries.first()
            && at <= now.0
        {
            self.expiries.remove(&(at, seq));
            if self.block_with(seq).is_some() {
                self.undo.push(Undo::ExpiryTaken(at, seq));
                out.push(Seq(seq));
                taken += 1;
            }
        }
    }

    pub fn set_expiry(&mut self, seq: Seq, at: Nanos) {
        if self.expiries.insert((at.0, seq.0)) {
            self.undo.push(Undo::ExpirySet(at.0, seq.0));
        }
    }

    /// Number of messages on one subject.
    pub fn subject_messages(&self, subject: &[u8]) -> u64 {
        let id = self.subjects.find(subject);
        id.map_or(0, |id| self.subjects.entry(id).messages)
    }

    /// Counts the messages of all subjects anew. If a block cannot be read all
    /// counts stay as they were.
    pub fn recount_subjects(&mut self) -> Result<(), StoreError> {
        self.recount = false;
        self.drop_summaries();
        let before = self.subjects.take_messages();
        let counted = self.count_all_subjects();
        if counted.is_err() {
            self.subjects.restore_messages(&before);
        }
        self.subjects.release_all();
        counted
    }

    fn count_all_subjects(&mut self) -> Result<(), StoreError> {
        for at in 0..self.blocks.len() {
            self.ensure(at)?;
            let Some(block) = self.blocks.get(at) else {
                break;
            };
            for slot in 0..block.slots.as_ref().map_or(0, slots::Slots::len) {
                if let Some(record) = block.record_of(slot)
                    && block.has(record.seq)
                {
                    let id = self.subjects.intern(record.subject);
                    self.subjects.count_found(id, record.seq);
                }
            }
        }
        Ok(())
    }

    /// Notes the expiry of all messages with a TTL at or above `from`.
    pub fn scan_ttls(&mut self, from: u64) -> Result<(), StoreError> {
        for at in self.block_at(from)..self.blocks.len() {
            self.ensure(at)?;
            let Some(block) = self.blocks.get_mut(at) else {
                break;
            };
            let slots = block.slots.as_ref().map_or(0, slots::Slots::len);
            let mut ttls = 0;
            for slot in 0..slots {
                let Some(record) = block.record_of(slot) else {
                    continue;
                };
                if !block.has(record.seq) {
                    continue;
                }
                if let Some(expiry) = crate::ttl::expiry_of(record.timestamp, record.header) {
                    ttls += 1;
                    if record.seq >= from {
                        self.expiries.insert((expiry, record.seq));
                    }
                }
            }
            block.ttls = ttls;
        }
        Ok(())
    }

    /// Whether something changed since the last flush.
    pub fn is_staged(&self) -> bool {
        !self.undo.is_empty() || !self.doomed.is_empty()
    }
}
