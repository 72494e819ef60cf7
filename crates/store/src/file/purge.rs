//! Everything goes at once (storage-format.md 6.4): a new folder with one
//! block takes the place of the old one, so that a crash leaves either.

use std::path::Path;

use crate::disk::Disk;
use crate::error::{AtPath, StoreError};
use crate::record::{GO_ZERO_TIME, Kind, put_mark};
use crate::sync::Step;
use crate::types::RemovedMany;

use super::FileStore;

const NEW: &str = "__new_msgs__";
const OLD: &str = "__msgs__";

/// Completes or forgets a purge that was interrupted.
pub(super) fn finish(disk: &dyn Disk, folder: &Path) -> Result<(), StoreError> {
    let (msgs, new, old) = (folder.join("msgs"), folder.join(NEW), folder.join(OLD));
    if disk.exists(&new) {
        let entries = disk.list(&new).at(&new)?;
        if entries.iter().any(|entry| entry.name.ends_with(".blk")) {
            disk.remove_folder(&msgs).at(&msgs)?;
            disk.rename(&new, &msgs).at(&msgs)?;
        } else {
            // The new block may be left in the old folder, without its key.
            for entry in &entries {
                if let Some(number) = entry.name.strip_suffix(".key") {
                    let block = msgs.join(format!("{number}.blk"));
                    if disk.exists(&block) {
                        disk.remove_file(&block).at(&block)?;
                    }
                }
            }
            disk.remove_folder(&new).at(&new)?;
        }
        disk.sync_dir(folder).at(folder)?;
    }
    if disk.exists(&old) {
        if !disk.exists(&msgs) {
            // Between the two renames: the new folder is there in this case,
            // unless somebody took it away.
            disk.rename(&old, &msgs).at(&msgs)?;
        } else {
            disk.remove_folder(&old).at(&old)?;
        }
    }
    Ok(())
}

impl FileStore {
    /// Removes all messages; the stream goes on with `next`.
    pub(super) fn purge_all(&mut self, next: u64) -> Result<RemovedMany, StoreError> {
        self.flush_between()?;
        let number = self.log.blocks.back().map_or(1, |block| block.number + 1);
        let last = next.saturating_sub(1).max(self.log.last);
        if last == 0 {
            // It begins somewhere now.
            self.log.fresh = false;
            return Ok(RemovedMany::default());
        }
        let time = self.log.last_time;
        let mut tombstone = Vec::new();
        let stored_time = if time == 0 { GO_ZERO_TIME } else { time };
        let checksum = self.log.checksum(number);
        let checksum = checksum.as_ref();
        let sum = put_mark(&mut tombstone, checksum, Kind::Tombstone, last, stored_time);
        let mut prepared = self.prepare(number, &tombstone);
        if let Err(error) = &prepared
            && self.may_use_reserve(error)
        {
            self.abandon(number);
            prepared = self.prepare(number, &tombstone);
        }
        if let Err(error) = prepared.and_then(|()| self.swap()) {
            self.abandon(number);
            return Err(error);
        }
        let removed = self.log.reset(number, last, time);
        if let Some(tail) = self.log.blocks.back_mut() {
            tail.length = tombstone.len() as u64;
            tail.flushed = tail.length;
            tail.sum = sum;
            tail.data = Some(tombstone);
        }
        self.log.commit();
        self.tail = None;
        self.unsynced.clear();
        self.syncing = super::doubt::Syncing::default();
        self.doomed.clear();
        self.removals.clear();
        let msgs = self.folder.join("msgs");
        self.steps.retain(|step| match step {
            Step::Replace { path, .. } | Step::Remove(path) | Step::Path(path) => {
                !path.starts_with(&msgs)
            }
            Step::File { .. } | Step::Folder(_) | Step::Fail(_) | Step::Done(_) => true,
        });
        self.folder_changed = false;
        self.totals = self.log.totals();
        self.index_stale = true;
        Ok(removed)
    }

    /// Makes the folder that is to take the place of `msgs`.
    fn prepare(&mut self, number: u32, tombstone: &[u8]) -> Result<(), StoreError> {
        let (msgs, new, old) = (
            self.folder.join("msgs"),
            self.folder.join(NEW),
            self.folder.join(OLD),
        );
        let (name, key_name) = (format!("{number}.blk"), format!("{number}.key"));
        self.disk.remove_folder(&new).at(&new)?;
        self.disk.remove_folder(&old).at(&old)?;
        let mut bytes = tombstone.to_vec();
        let seed = match &mut self.log.files {
            Some(files) => files.make_key(number)?,
            None => None,
        };
        if let Some(seed) = &seed {
            seed.apply(&mut bytes, 0);
        }
        // Not among the old blocks, where it would be one of them after a crash:
        // it says that the last message is deleted.
        self.disk.create_folder(&new).at(&new)?;
        let block = new.join(format!("{name}.tmp"));
        self.disk.write_synced(&block, &bytes).at(&block)?;
        if seed.is_some() {
            self.disk
                .rename(&msgs.join(&key_name), &new.join(&key_name))
                .at(&new)?;
        }
        self.disk.rename(&block, &new.join(&name)).at(&new)?;
        // From here on the purge is completed after a crash.
        self.disk.sync_dir(&new).at(&new)?;
        self.disk.sync_dir(&self.folder).at(&self.folder)
    }

    fn swap(&mut self) -> Result<(), StoreError> {
        let (msgs, new, old) = (
            self.folder.join("msgs"),
            self.folder.join(NEW),
            self.folder.join(OLD),
        );
        self.disk.rename(&msgs, &old).at(&old)?;
        self.disk.rename(&new, &msgs).at(&msgs)?;
        self.disk.sync_dir(&self.folder).at(&self.folder)?;
        // It is removed at the next start if not now.
        let _ = self.disk.remove_folder(&old);
        Ok(())
    }

    /// Leaves nothing of a purge that failed, so that it is not completed at
    /// the next start.
    fn abandon(&mut self, number: u32) {
        let (msgs, new, old) = (
            self.folder.join("msgs"),
            self.folder.join(NEW),
            self.folder.join(OLD),
        );
        if !self.disk.exists(&msgs) {
            let _ = self.disk.rename(&old, &msgs);
        }
        let _ = self.disk.remove_folder(&new);
        let _ = self.disk.remove_file(&msgs.join(format!("{number}.key")));
        if let Some(files) = &mut self.log.files {
            files.forget(number);
        }
    }
}
