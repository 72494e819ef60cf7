//! The messages of a stream on disk.
//!
//! - `blocks`: the files of blocks and their keys
//! - `index_db`: the state file
//! - `counts_db`: what subjects each block has, beside it
//! - `idx29`: the block index of servers up to 2.9
//! - `recover`: from files to a running store
//! - `rebuild`: the same without a state file, block by block
//! - `doubt`: what a failed sync leaves is written anew
//! - `flush`: staged changes go to the files, or are taken back
//! - `padding`: room behind the records, so that syncs write data only
//! - `rewrite`: erase, compaction, compression
//! - `fetch`: blocks are read beside the owner of the store
//! - `pack`: finished blocks are compressed beside
//! - `purge`: everything goes at once
//! - `store`: the operations, one by one

pub(crate) mod blocks;
pub mod counts_db;
mod doubt;
pub(crate) mod fetch;
mod flush;
pub mod idx29;
pub mod index_db;
pub(crate) mod pack;
pub(crate) mod padding;
mod purge;
mod rebuild;
mod recover;
mod rewrite;
mod store;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cache::CacheBudget;
use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::hash::Checksum;
use crate::log::summary::Summary;
use crate::log::{Log, Totals};
use crate::reserve::Reserve;
use crate::sync::Step;
use crate::types::{Nanos, Seq, StreamOptions};
use blocks::{BlockFiles, StreamKeys};

/// Time between two writings of the index file of a stream that changes.
const INDEX_INTERVAL: i64 = 120 * 1_000_000_000;
/// Blocks whose index file gets larger than this many subjects write it only
/// at the end.
const INDEX_SUBJECTS_MAX: u64 = 1_000_000;

/// The messages of a stream with file storage.
///
/// It keeps one file open, the last block's, and closes it when the stream is
/// idle.
pub struct FileStore {
    log: Log,
    disk: Arc<dyn Disk>,
    /// The stream's folder.
    folder: PathBuf,
    /// Checksum of the stream's own files.
    sum: Checksum,
    /// The stream's numbers as of the last flush.
    totals: Totals,
    /// The open file of the last block.
    tail: Option<(u32, Arc<dyn DiskFile>)>,
    /// Files that were written to since the last sync.
    unsynced: Vec<(PathBuf, Arc<dyn DiskFile>)>,
    /// Zeros behind the records of the last block.
    padding: padding::Padding,
    /// Whether files were made or renamed in `msgs` since the last sync.
    folder_changed: bool,
    /// What goes into the next sync task besides.
    steps: Vec<Step>,
    /// Block files that go once all that was flushed is durable.
    doomed: Vec<u32>,
    /// Set when block files are gone for good, one for each sync task with
    /// such.
    removals: Vec<Arc<AtomicBool>>,
    /// What the last sync task was about, for the case that it fails.
    syncing: doubt::Syncing,
    /// Block files that a sync failed for.
    suspect: Vec<u32>,
    /// Set when the task under way has written them anew.
    renewed: Option<Arc<AtomicBool>>,
    /// A flush failed that was not asked for by `flush`: what it lost, if
    /// anything, and why. Nothing is taken until `flush` has told of it.
    failed: Option<(Option<Seq>, String)>,
    /// Files that a failed flush left longer than they should be.
    overlong: Vec<(u32, u64)>,
    /// Whether there are changes that the index file does not have.
    index_stale: bool,
    /// Whether `counts.db` does not go with the index file as it is.
    counts_stale: bool,
    /// When it was written last, by the time that `maintain` is told.
    index_at: Nanos,
    /// Flushed since `maintain` looked.
    busy: bool,
    /// A block that is being compressed.
    packing: Option<pack::Packing>,
    /// There may be finished blocks that are not compressed, besides the newest.
    maybe_unpacked: bool,
    /// Where `maintain` goes on looking for blocks to rewrite.
    maintained_to: u32,
    closed: bool,
    reserve: Option<Arc<Reserve>>,
}

/// How a store is to be opened.
#[derive(Clone, Debug)]
pub(crate) struct OpenStream {
    pub disk: Arc<dyn Disk>,
    /// The stream's folder.
    pub folder: PathBuf,
    pub name: String,
    pub keys: Option<StreamKeys>,
    pub options: StreamOptions,
    pub budget: CacheBudget,
    pub reserve: Option<Arc<Reserve>>,
}

/// What happened when a store was opened.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recovery {
    /// Whether the blocks had to be read, because the index file was missing
    /// or not right.
    pub rebuilt: bool,
    /// Lines for the log.
    pub warnings: Vec<String>,
}

impl FileStore {
    /// Opens what is in a stream's folder, or starts there.
    pub(crate) fn open(stream: OpenStream) -> Result<(Self, Recovery), StoreError> {
        let msgs = stream.folder.join("msgs");
        purge::finish(stream.disk.as_ref(), &stream.folder)?;
        stream
            .disk
            .create_folder(&msgs)
            .map_err(|source| StoreError::Io {
                path: msgs.clone(),
                source,
            })?;
        let sum = Checksum::of_name(stream.name.as_bytes());
        // One that was encrypted otherwise, or not at all, is written anew.
        let files_have_index = stream.keys.is_none() && stream.disk.exists(&msgs.join("index.db"));
        let files = BlockFiles::new(
            stream.disk.clone(),
            msgs,
            stream.name.as_bytes(),
            stream.keys,
        );
        let mut recovery = Recovery::default();
        let log = Log::on_disk(stream.options, files, stream.budget);
        let (log, has_counts) = recover::recover(log, &sum, &mut recovery)?;
        let index_stale = recovery.rebuilt || !files_have_index;
        let mut store = Self {
            totals: Totals::default(),
            log,
            disk: stream.disk,
            folder: stream.folder,
            sum,
            tail: None,
            unsynced: Vec::new(),
            padding: padding::Padding::default(),
            folder_changed: false,
            steps: Vec::new(),
            doomed: Vec::new(),
            removals: Vec::new(),
            syncing: doubt::Syncing::default(),
            suspect: Vec::new(),
            renewed: None,
            failed: None,
            overlong: Vec::new(),
            index_stale,
            counts_stale: !has_counts,
            index_at: Nanos::NONE,
            busy: true,
            packing: None,
            maybe_unpacked: true,
            maintained_to: 0,
            closed: false,
            reserve: stream.reserve,
        };
        store.finish_opening(&mut recovery)?;
        Ok((store, recovery))
    }

    /// Whether all blocks that were dropped are gone from the disk, so that
    /// tombstones for their messages may go.
    fn is_tidy(&mut self) -> bool {
        self.removals
            .retain(|removed| !removed.load(Ordering::Acquire));
        self.removals.is_empty() && self.doomed.is_empty()
    }

    /// Bytes of memory in use: the subject index, and what is kept of blocks.
    pub fn memory(&self) -> (usize, usize) {
        let blocks = self.log.blocks.iter().map(|block| {
            let summary = block.summary.as_ref();
            block.memory() + summary.map_or(0, |summary| Summary::memory(summary.counts()))
        });
        (self.log.subjects.memory(), blocks.sum())
    }

    /// Path of a file in `msgs`.
    fn in_msgs(&self, name: &str) -> PathBuf {
        self.folder.join("msgs").join(name)
    }
}
