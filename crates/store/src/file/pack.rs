//! Finished blocks are compressed beside the owner of the store: another
//! thread reads, compresses and writes, and the owner puts the new file into
//! place, if the block is still what it was.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::compress;
use crate::crypt::Seed;
use crate::disk::Disk;
use crate::error::{AtPath, StoreError};

use super::FileStore;

/// Ends of the names of files that are put into place when they are complete.
/// No server looks at them.
const BLOCK_END: &str = ".pack.tmp";
const KEY_END: &str = ".packkey.tmp";

/// What became of a task.
enum Outcome {
    /// The block stays as it is.
    Left,
    Packed,
    Failed(StoreError),
}

type Shared = Arc<Mutex<Option<Outcome>>>;

/// A block that another thread compresses.
pub(super) struct Packing {
    number: u32,
    outcome: Shared,
    /// The key of the new file.
    seed: Option<Seed>,
    /// The block was written anew since.
    outdated: bool,
}

impl Packing {
    /// The block was written anew.
    pub fn note_rewritten(&mut self, number: u32) {
        self.outdated |= self.number == number;
    }
}

/// Work that compresses one finished block, for any thread. The store takes
/// notice of it when it is asked for the next one.
#[must_use = "the block stays as it is before the task has run"]
pub struct PackTask {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    length: u64,
    old: Option<Seed>,
    new: Option<(Seed, Vec<u8>)>,
    tmp: PathBuf,
    key_tmp: PathBuf,
    outcome: Shared,
}

impl std::fmt::Debug for PackTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PackTask({})", self.path.display())
    }
}

impl PackTask {
    /// Does the work.
    pub fn run(self) {
        let outcome = match self.pack() {
            Ok(true) => Outcome::Packed,
            Ok(false) => Outcome::Left,
            Err(error) => Outcome::Failed(error),
        };
        self.note(outcome);
    }

    /// What came of it; the first to say so counts.
    fn note(&self, outcome: Outcome) {
        let mut noted = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        noted.get_or_insert(outcome);
    }

    fn pack(&self) -> Result<bool, StoreError> {
        let mut file = self.disk.read(&self.path).at(&self.path)?;
        if let Some(seed) = &self.old {
            seed.apply(&mut file, 0);
        }
        if compress::is_compressed(&file) || file.len() as u64 != self.length {
            return Ok(false);
        }
        let Some(mut packed) = compress::pack(&file) else {
            return Ok(false);
        };
        if let Some((seed, key)) = &self.new {
            seed.apply(&mut packed, 0);
            self.disk
                .write_synced(&self.key_tmp, key)
                .at(&self.key_tmp)?;
        }
        self.disk.write_synced(&self.tmp, &packed).at(&self.tmp)?;
        Ok(true)
    }
}

impl Drop for PackTask {
    /// A task that was not run to its end leaves the block as it is.
    fn drop(&mut self) {
        self.note(Outcome::Left);
    }
}

impl FileStore {
    /// The next block to be compressed; one at a time.
    pub(super) fn next_packing(&mut self) -> Result<Option<PackTask>, StoreError> {
        self.finish_packing()?;
        // What is finished meanwhile comes later.
        self.maybe_unpacked |= self.packing.is_some();
        let busy = self.packing.is_some() || self.closed || self.log.is_staged();
        if busy || !self.log.options.compress || self.doubt().is_some() {
            return Ok(None);
        }
        let Some(at) = self.unpacked_block() else {
            return Ok(None);
        };
        let Some(block) = self.log.blocks.get_mut(at) else {
            return Ok(None);
        };
        block.settled = true;
        let (number, length) = (block.number, block.length);
        let Some(files) = &mut self.log.files else {
            return Ok(None);
        };
        let old = files.seed(number)?;
        let new = files.generate(number)?;
        let outcome = Shared::default();
        self.packing = Some(Packing {
            number,
            outcome: outcome.clone(),
            seed: new.as_ref().map(|(seed, _)| seed.clone()),
            outdated: false,
        });
        Ok(Some(PackTask {
            disk: self.disk.clone(),
            path: self.in_msgs(&format!("{number}.blk")),
            length,
            old,
            new,
            tmp: self.in_msgs(&format!("{number}{BLOCK_END}")),
            key_tmp: self.in_msgs(&format!("{number}{KEY_END}")),
            outcome,
        }))
    }

    /// A finished block that may not be compressed: the newest ones first, then
    /// those that were found like that.
    fn unpacked_block(&mut self) -> Option<usize> {
        let tail = self.log.blocks.len().saturating_sub(1);
        let is_open = |block: &crate::log::Block| {
            !block.settled && block.flushed == block.length && block.length > 0
        };
        let newest = tail
            .checked_sub(1)
            .filter(|&at| self.log.blocks.get(at).is_some_and(is_open));
        if newest.is_some() || !self.maybe_unpacked {
            return newest;
        }
        let found = self.log.blocks.range(..tail).position(is_open);
        self.maybe_unpacked = found.is_some();
        found
    }

    /// Puts a compressed block into place.
    fn finish_packing(&mut self) -> Result<(), StoreError> {
        let Some(packing) = &self.packing else {
            return Ok(());
        };
        let taken = packing
            .outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(outcome) = taken else {
            return Ok(());
        };
        let Some(packing) = self.packing.take() else {
            return Ok(());
        };
        let number = packing.number;
        match outcome {
            Outcome::Left => return Ok(()),
            Outcome::Failed(error) => {
                self.remove_packed(number);
                return match error {
                    // It is gone, or the whole stream is.
                    StoreError::Io { source, .. }
                        if source.kind() == std::io::ErrorKind::NotFound =>
                    {
                        Ok(())
                    }
                    error => Err(error),
                };
            }
            Outcome::Packed => {}
        }
        let is_there = self.log.numbered(number).is_some();
        if packing.outdated || !is_there || self.doubt().is_some() {
            self.remove_packed(number);
            return Ok(());
        }
        let (tmp, key_tmp) = (
            self.in_msgs(&format!("{number}{BLOCK_END}")),
            self.in_msgs(&format!("{number}{KEY_END}")),
        );
        if let Some(files) = &mut self.log.files {
            files.put_in_place(number, &tmp, packing.seed.map(|seed| (seed, key_tmp)))?;
        }
        self.forget_file(number);
        self.folder_changed = true;
        Ok(())
    }

    fn remove_packed(&self, number: u32) {
        for end in [BLOCK_END, KEY_END] {
            let _ = self
                .disk
                .remove_file(&self.in_msgs(&format!("{number}{end}")));
        }
    }

    /// Removes what a crash left of files that were to be put into place.
    pub(super) fn remove_unfinished(&self) -> Result<(), StoreError> {
        let msgs = self.folder.join("msgs");
        for entry in self.disk.list(&msgs).at(&msgs)? {
            if entry.name.ends_with(BLOCK_END) || entry.name.ends_with(KEY_END) {
                let path = msgs.join(&entry.name);
                self.disk.remove_file(&path).at(&path)?;
            }
        }
        Ok(())
    }
}
