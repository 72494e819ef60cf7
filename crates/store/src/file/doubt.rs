//! After a sync that failed.
//!
//! The operating system may have marked the pages as clean that it could not
//! write. A later sync has nothing to do then and succeeds, and reads show the
//! data as long as the page cache keeps it: neither says anything about the
//! disk. So the store takes no changes, and each file in doubt is written anew
//! from its start: under another name, synced, and renamed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{AtPath, StoreError};
use crate::log::Block;
use crate::scan::{Found, Scan};
use crate::sync::Step;

use super::FileStore;
use super::padding::without_padding;

/// What a sync task is about that has to be done by another one if it fails.
#[derive(Debug, Default)]
pub(super) struct Syncing {
    pub blocks: Vec<u32>,
    pub doomed: Vec<u32>,
}

/// Numbers of the blocks that are to be synced by their paths.
pub(super) fn numbers_of(steps: &[Step]) -> Vec<u32> {
    let number = |step: &Step| match step {
        Step::Path(path) if path.extension().is_some_and(|extension| extension == "blk") => {
            path.file_stem()?.to_str()?.parse().ok()
        }
        _ => None,
    };
    steps.iter().filter_map(number).collect()
}

impl FileStore {
    /// Why nothing can be changed, if that is because of a failed sync.
    pub(super) fn doubt(&mut self) -> Option<&'static str> {
        let renewed = self.renewed.as_ref();
        if renewed.is_some_and(|renewed| renewed.load(Ordering::Acquire)) {
            self.renewed = None;
            self.suspect.clear();
        }
        (!self.suspect.is_empty()).then_some("a sync failed, and the data is not written anew yet")
    }

    pub(super) fn note_sync_failed(&mut self) {
        self.renewed = None;
        let syncing = std::mem::take(&mut self.syncing);
        self.suspect.extend(syncing.blocks);
        // The same disk has what was written since.
        for (path, _) in self.unsynced.drain(..) {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            self.suspect
                .extend(stem.and_then(|stem| stem.parse::<u32>().ok()));
        }
        self.suspect.sort_unstable();
        self.suspect.dedup();
        for number in syncing.doomed {
            if !self.doomed.contains(&number) {
                self.doomed.push(number);
            }
        }
        let closed = std::mem::take(&mut self.steps);
        let (closed, others) = closed.into_iter().partition(
            |step| matches!(step, Step::Path(path) if path.starts_with(self.folder.join("msgs"))),
        );
        self.steps = others;
        self.suspect.extend(numbers_of(&closed));
        self.suspect.sort_unstable();
        self.suspect.dedup();
        self.steps
            .extend(crate::meta::renew(self.disk.as_ref(), &self.folder));
        self.removals.clear();
        self.tail = None;
        self.folder_changed = true;
        self.index_stale = true;
        let index = self.in_msgs("index.db");
        self.steps
            .retain(|step| !matches!(step, Step::Replace { path, .. } if *path == index));
    }

    /// Adds what writes the files in doubt anew.
    pub(super) fn renew_steps(&mut self, steps: &mut Vec<Step>) -> Result<(), StoreError> {
        if self.doubt().is_none() {
            return Ok(());
        }
        let suspect = self.suspect.clone();
        for number in suspect {
            let path = self.in_msgs(&format!("{number}.blk"));
            if self.log.numbered(number).is_none() {
                // Gone, or to be removed by this task.
                continue;
            }
            let content = self.undoubted(number)?;
            let mut tmp = path.clone().into_os_string();
            tmp.push(".tmp");
            steps.push(Step::Replace {
                tmp: tmp.into(),
                path,
                content: Some(content),
                can_wait: false,
            });
        }
        let renewed = Arc::new(AtomicBool::new(false));
        steps.push(Step::Folder(self.folder.join("msgs")));
        steps.push(Step::Done(renewed.clone()));
        self.renewed = Some(renewed);
        Ok(())
    }

    /// The bytes of a block's file: those in memory, or those in the file if
    /// they are what was written.
    fn undoubted(&mut self, number: u32) -> Result<Vec<u8>, StoreError> {
        let path = self.in_msgs(&format!("{number}.blk"));
        let lost = || StoreError::Corrupt {
            path: path.clone(),
            what: "the data was lost after a sync that failed; it is what the disk has after the \
                   next start"
                .into(),
        };
        let Some(block) = self.log.numbered(number) else {
            return Err(lost());
        };
        let in_memory = (block.data_from == 0).then(|| block.data.clone()).flatten();
        let flushed = block.flushed as usize;
        if let Some(mut bytes) = in_memory.filter(|bytes| bytes.len() >= flushed) {
            bytes.truncate(flushed);
            if let Some(files) = &mut self.log.files
                && let Some(seed) = files.seed(number)?
            {
                seed.apply(&mut bytes, 0);
            }
            return Ok(bytes);
        }
        let mut bytes = self.disk.read(&path).at(&path)?;
        let mut read = match &mut self.log.files {
            Some(files) => files.read(number)?,
            None => return Err(lost()),
        };
        if !read.compressed {
            read.plain.truncate(without_padding(&read.plain, flushed));
            bytes.truncate(read.plain.len());
        }
        let is_whole = |block: &Block| {
            let mut found = Scan::new(&read.plain, block.checksum.as_ref());
            read.complete
                && read.plain.len() as u64 == block.flushed
                && read.plain.last_chunk() == Some(&block.sum)
                && found.all(|found| matches!(found, Found::Record(..)))
        };
        match self.log.numbered(number) {
            Some(block) if is_whole(block) => Ok(bytes),
            _ => Err(lost()),
        }
    }
}
