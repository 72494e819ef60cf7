//! Staged changes go to the files, or are taken back.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::disk::DiskFile;
use crate::error::{AtPath, FlushError, StoreError};
use crate::limits::OPEN_FILES_MAX;
use crate::sync::{Step, SyncTask};

use super::FileStore;
use super::doubt::Syncing;
use super::doubt::numbers_of;

impl FileStore {
    pub(super) fn flush_staged(&mut self) -> Result<(), FlushError> {
        if self.overlong.is_empty() && !self.log.is_staged() {
            return Ok(());
        }
        if self.log.evictions.are_many() {
            self.log.tell_evictions();
        }
        let mut touched = Vec::new();
        let written = match self.doubt() {
            Some(reason) => Err(self.broken(reason)),
            None => self.write_staged(&mut touched),
        };
        if let Err(cause) = written {
            return Err(self.take_back(cause, touched));
        }
        self.doomed.append(&mut self.log.doomed);
        self.log.commit();
        self.totals = self.log.totals();
        self.drop_spent_blocks();
        self.index_stale = true;
        self.busy = true;
        self.close_surplus();
        Ok(())
    }

    /// Writes everything; removals may use the space that is reserved for them.
    fn write_staged(&mut self, touched: &mut Vec<(u32, u64)>) -> Result<(), StoreError> {
        let written = self
            .cut_overlong()
            .and_then(|()| self.write_blocks(touched));
        match written {
            Err(cause) if self.log.last == self.totals.last && self.may_use_reserve(&cause) => {
                self.write_blocks(touched)
            }
            other => other,
        }
    }

    /// Whether something failed for want of space, and there is more now.
    pub(super) fn may_use_reserve(&self, cause: &StoreError) -> bool {
        let reserve = self.reserve.as_ref().filter(|_| cause.is_disk_full());
        reserve.is_some_and(|reserve| reserve.spend())
    }

    /// Closes the files if too many are open; what has to be synced is found by
    /// its path.
    fn close_surplus(&mut self) {
        if self.disk.open_files() <= OPEN_FILES_MAX {
            return;
        }
        self.tail = None;
        for (path, _) in std::mem::take(&mut self.unsynced) {
            let known = |step: &Step| matches!(step, Step::Path(other) if *other == path);
            if !self.steps.iter().any(known) {
                self.steps.push(Step::Path(path));
            }
        }
    }

    /// Blocks go that were kept for tombstones which are written now. Should
    /// that fail, they stay.
    fn drop_spent_blocks(&mut self) {
        self.log.drop_empty_front();
        if !self.log.is_staged() {
            return;
        }
        let mut touched = Vec::new();
        match self.write_blocks(&mut touched) {
            Ok(()) => {
                self.doomed.append(&mut self.log.doomed);
                self.log.commit();
            }
            Err(cause) => drop(self.take_back(cause, touched)),
        }
    }

    /// Writes what each block has staged, in their order. `touched` gets the
    /// blocks that were written to, with the length each should have if this is
    /// taken back.
    fn write_blocks(&mut self, touched: &mut Vec<(u32, u64)>) -> Result<(), StoreError> {
        let tail = self.log.blocks.back().map_or(0, |block| block.number);
        self.cut_finished(tail)?;
        for (number, flushed) in self.log.staged_blocks() {
            let file = self.block_file(number, flushed == 0, number == tail)?;
            touched.push((number, flushed));
            let seed = match &mut self.log.files {
                Some(files) if files.keys.is_some() => files.seed(number)?,
                _ => None,
            };
            let Some(block) = self.log.staged_block(number) else {
                break;
            };
            let data = block.data.as_deref().unwrap_or_default();
            let staged = data
                .get((flushed - block.data_from) as usize..)
                .unwrap_or_default();
            let path = self.in_msgs(&format!("{number}.blk"));
            match seed {
                None if number == tail => {
                    Self::write_tail(&mut self.padding, number, &file, staged, flushed)
                        .at(&path)?;
                }
                None => file.write_at(staged, flushed).at(&path)?,
                Some(seed) => {
                    let mut sealed = staged.to_vec();
                    seed.apply(&mut sealed, flushed);
                    file.write_at(&sealed, flushed).at(&path)?;
                }
            }
            self.note_unsynced(path, file);
        }
        Ok(())
    }

    /// The file of a block, open. A new one is made, with its key.
    fn block_file(
        &mut self,
        number: u32,
        new: bool,
        is_tail: bool,
    ) -> Result<Arc<dyn DiskFile>, StoreError> {
        if let Some((open, file)) = &self.tail
            && *open == number
        {
            return Ok(file.clone());
        }
        let path = self.in_msgs(&format!("{number}.blk"));
        if new {
            if let Some(files) = &mut self.log.files
                && files.seed(number)?.is_none()
            {
                files.make_key(number)?;
            }
            self.folder_changed = true;
        }
        let file = self.disk.open(&path, new).at(&path)?;
        if new {
            // Left over from a crash, perhaps.
            file.set_len(0).at(&path)?;
        }
        if is_tail {
            self.tail = Some((number, file.clone()));
        }
        Ok(file)
    }

    /// Makes sure that the last block has a file, even without records.
    pub(super) fn touch_tail(&mut self) -> Result<(), StoreError> {
        if let Some(tail) = self.log.blocks.back()
            && tail.length == 0
        {
            let number = tail.number;
            if !self.disk.exists(&self.in_msgs(&format!("{number}.blk"))) {
                self.block_file(number, true, true)?;
            }
        }
        Ok(())
    }

    /// Cuts files that a flush that failed left too long.
    fn cut_overlong(&mut self) -> Result<(), StoreError> {
        while let Some(&(number, length)) = self.overlong.last() {
            let path = self.in_msgs(&format!("{number}.blk"));
            match self.disk.open(&path, false) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                opened => opened.and_then(|file| file.set_len(length)).at(&path)?,
            }
            self.overlong.pop();
        }
        Ok(())
    }

    /// Back to the last flush that succeeded.
    pub(super) fn take_back(&mut self, cause: StoreError, touched: Vec<(u32, u64)>) -> FlushError {
        self.padding.are_cut(&touched);
        self.overlong.extend(touched);
        let lost_from = self.log.rollback(self.totals);
        let tail = self.log.blocks.back().map_or(0, |block| block.number);
        if self.tail.as_ref().is_some_and(|(number, _)| *number > tail) {
            self.tail = None;
        }
        // Files of blocks that are not there any more are cut to nothing, and
        // made anew when their number comes again. If cutting fails now, the
        // next flush tries again before it writes.
        let _ = self.cut_overlong();
        FlushError {
            lost_from,
            last: crate::types::Seq(self.log.last),
            cause,
        }
    }

    fn sync_steps(&mut self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        if let Err(error) = self.renew_steps(&mut steps) {
            // It stays in doubt.
            return vec![Step::Fail(error)];
        }
        self.syncing = Syncing {
            blocks: Vec::new(),
            doomed: self.doomed.clone(),
        };
        self.padding.sync_begins();
        let msgs = self.folder.join("msgs");
        let doomed: Vec<PathBuf> = self
            .doomed
            .iter()
            .map(|number| msgs.join(format!("{number}.blk")))
            .collect();
        for (path, file) in self.unsynced.drain(..) {
            if !doomed.contains(&path) {
                let stem = path.file_stem().and_then(|stem| stem.to_str());
                let number = stem.and_then(|stem| stem.parse::<u32>().ok());
                self.syncing.blocks.extend(number);
                steps.push(Step::File { file, path });
            }
        }
        if self.folder_changed {
            steps.push(Step::Folder(msgs.clone()));
            self.folder_changed = false;
        }
        let removes = !self.doomed.is_empty();
        for number in std::mem::take(&mut self.doomed) {
            steps.push(Step::Remove(self.in_msgs(&format!("{number}.blk"))));
            if let Some(files) = &mut self.log.files
                && files.keys.is_some()
            {
                files.forget(number);
                steps.push(Step::Remove(files.key_path(number)));
            }
        }
        if removes {
            steps.push(Step::Folder(msgs));
            let removed = Arc::new(AtomicBool::new(false));
            steps.push(Step::Done(removed.clone()));
            self.removals.push(removed);
        }
        let side = std::mem::take(&mut self.steps);
        self.syncing.blocks.extend(numbers_of(&side));
        let mut folders: Vec<PathBuf> = Vec::new();
        for step in side {
            if let Step::Replace { path, .. } | Step::Remove(path) = &step
                && let Some(folder) = path.parent()
                && !folders.iter().any(|known| known == folder)
            {
                folders.push(folder.to_path_buf());
            }
            steps.push(step);
        }
        steps.extend(folders.into_iter().map(Step::Folder));
        steps
    }

    pub(super) fn sync_task(&mut self) -> Option<SyncTask> {
        let steps = self.sync_steps();
        SyncTask::new(self.disk.clone(), steps)
    }
}
