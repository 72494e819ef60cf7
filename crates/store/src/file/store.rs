//! The operations of a stream store, on files.

use std::ops::ControlFlow;

use crate::error::{AtPath, FlushError, StoreError};
use crate::filter::Filter;
use crate::hash::Sum;
use crate::log::Direction;
use crate::stream::{SideFile, StreamStore};
use crate::sync::{Step, SyncTask};
use crate::types::{
    Appended, Counting, Front, LostData, MessageRef, Nanos, NewMessage, Purge, Removal, Removed,
    RemovedMany, Seq, StoreState, StreamOptions, SubjectState,
};

use super::blocks::BlockFiles;
use super::fetch::FetchTask;
use super::index_db::{self, BlockEntry, Head, SubjectEntry};
use super::pack::PackTask;
use super::{FileStore, INDEX_INTERVAL, INDEX_SUBJECTS_MAX, Recovery};

impl FileStore {
    /// The last steps of opening.
    pub(super) fn finish_opening(&mut self, recovery: &mut Recovery) -> Result<(), StoreError> {
        self.convert_blocks()?;
        self.totals = self.log.totals();
        self.flush_staged().map_err(|error| error.cause)?;
        self.touch_tail()?;
        self.remove_unfinished()?;
        if self.log.options.ttl {
            self.load_ttls(recovery)?;
        }
        self.remove_old_indexes(recovery.rebuilt)
    }

    /// `<n>.idx` and `<n>.fss` of older servers are no use any more, once
    /// there is an index file that knows what they tell.
    fn remove_old_indexes(&mut self, rebuilt: bool) -> Result<(), StoreError> {
        let msgs = self.folder.join("msgs");
        let mut old = Vec::new();
        for entry in self.disk.list(&msgs).at(&msgs)? {
            let is_number =
                |stem: &str| !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_digit());
            let stem = entry
                .name
                .strip_suffix(".idx")
                .or_else(|| entry.name.strip_suffix(".fss"));
            if stem.is_some_and(is_number) {
                old.push(Step::Remove(msgs.join(&entry.name)));
            }
        }
        if old.is_empty() {
            return Ok(());
        }
        if rebuilt {
            self.stage_index()?;
        }
        self.steps.append(&mut old);
        match self.sync_task() {
            Some(task) => task.run(),
            None => Ok(()),
        }
    }

    /// Reads `thw.db`, and the messages it does not know.
    fn load_ttls(&mut self, recovery: &mut Recovery) -> Result<(), StoreError> {
        let path = self.in_msgs("thw.db");
        let mut complete_below = 0;
        if let Ok(bytes) = self.disk.read(&path) {
            match crate::ttl::decode(&bytes) {
                Some(file) => {
                    complete_below = file.stamp;
                    let first = self.log.state().first.0;
                    let entries = file.entries.into_iter();
                    self.log
                        .expiries
                        .extend(entries.filter(|&(_, seq)| seq >= first && seq < complete_below));
                }
                None => recovery
                    .warnings
                    .push("Error decoding TTL state: corrupt".into()),
            }
        }
        let last = self.log.last;
        let some = self.log.blocks.iter().any(|block| block.ttls > 0);
        if complete_below <= last && (some || recovery.rebuilt) && !self.log.ttls_known {
            self.log.scan_ttls(complete_below)?;
        }
        self.log.ttls_known = false;
        Ok(())
    }

    /// Removes the index file before something is done that it would not
    /// fit to.
    pub(super) fn remove_index(&mut self) -> Result<(), StoreError> {
        let path = self.in_msgs("index.db");
        self.steps
            .retain(|step| !matches!(step, Step::Replace { path: other, .. } if *other == path));
        match self.disk.remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other.at(&path),
        }
    }

    /// The content of `index.db` for what is flushed.
    fn encode_index(&self) -> Result<Vec<u8>, StoreError> {
        let state = self.log.state();
        let head = Head {
            messages: state.messages,
            bytes: state.bytes,
            first: if state.never_used { 0 } else { state.first.0 },
            first_time: state.first_time.0,
            last: state.last.0,
            last_time: state.last_time.0,
        };
        let mut out = index_db::start(&head, self.log.subjects.len());
        let blocks = &self.log.blocks;
        let number_at = |seq: u64| {
            let at = self.log.block_at(seq).min(blocks.len().saturating_sub(1));
            blocks.get(at).map_or(0, |block| block.number)
        };
        for (_, subject, entry) in self.log.subjects.iter() {
            index_db::put_subject(
                &mut out,
                &SubjectEntry {
                    subject,
                    messages: entry.messages,
                    first_block: number_at(entry.first),
                    last_block: number_at(entry.last),
                },
            );
        }
        crate::varint::put_uv(&mut out, blocks.len() as u64);
        for block in blocks {
            let entry = BlockEntry {
                number: block.number,
                bytes: block.live_bytes,
                first: block.first,
                first_time: block.first_time,
                last: block.last,
                last_time: block.last_time,
                deleted: block.deleted.clone(),
                ttls: Some(block.ttls),
                schedules: Some(block.schedules),
            };
            index_db::put_block(&mut out, head.first_time, &entry);
        }
        let (number, sum) = blocks
            .back()
            .map_or((0, [0; 8]), |tail| (tail.number, tail.sum));
        crate::varint::put_uv(&mut out, u64::from(number));
        out.extend(sum);
        let keys = self
            .log
            .files
            .as_ref()
            .and_then(|files| files.keys.as_ref());
        if let Some(keys) = keys {
            out = keys.seed.seal(&out).map_err(|source| StoreError::Key {
                path: self.in_msgs("index.db"),
                source,
            })?;
        }
        let hash = self.sum.sum(&out);
        out.extend(hash);
        Ok(out)
    }

    pub(super) fn replace(&mut self, path: std::path::PathBuf, content: Vec<u8>) {
        let mut tmp = path.clone().into_os_string();
        tmp.push(".tmp");
        self.steps
            .retain(|step| !matches!(step, Step::Replace { path: other, .. } if *other == path));
        self.steps.push(Step::Replace {
            tmp: tmp.into(),
            path,
            content: Some(content),
            can_wait: true,
        });
    }

    /// Adds to the next sync task.
    pub(crate) fn add_steps(&mut self, steps: Vec<Step>) {
        self.steps.extend(steps);
    }

    /// Stages the index and the TTL file. Returns the checksum of the index.
    pub(super) fn stage_index(&mut self) -> Result<Sum, StoreError> {
        // The index knows the last block by the last bytes of its file.
        self.cut_padding()?;
        let index = self.encode_index()?;
        let sum = index.last_chunk().copied().unwrap_or_default();
        self.replace(self.in_msgs("index.db"), index);
        if self.log.options.ttl {
            let entries = self.log.expiries.iter().copied();
            let bytes = crate::ttl::encode(self.log.last + 1, entries);
            self.replace(self.in_msgs("thw.db"), bytes);
        }
        self.index_stale = false;
        self.counts_stale = true;
        Ok(sum)
    }

    fn side_path(&self, which: SideFile) -> std::path::PathBuf {
        match which {
            SideFile::Schedules => self.in_msgs("sched.db"),
            SideFile::Sources => self.folder.join("sources.db"),
        }
    }

    pub(super) fn refuse_if_unusable(&mut self) -> Result<(), StoreError> {
        let reason = if self.closed {
            "it is closed"
        } else if self.failed.is_some() {
            "a write failed"
        } else if !self.overlong.is_empty() {
            "a failed write could not be taken back yet"
        } else if !self.suspect.is_empty()
            && let Some(reason) = self.doubt()
        {
            reason
        } else {
            return Ok(());
        };
        Err(self.broken(reason))
    }

    pub(super) fn broken(&self, reason: &str) -> StoreError {
        StoreError::Broken {
            path: self.folder.clone(),
            reason: reason.to_owned(),
        }
    }

    /// Flushes what is staged where something else has to follow at once. That
    /// it failed is told again by the next flush, which is waited for by
    /// everybody whose change was taken back.
    pub(super) fn flush_between(&mut self) -> Result<(), StoreError> {
        self.flush_staged().map_err(|error| {
            self.failed = Some((error.lost_from, error.cause.to_string()));
            error.cause
        })
    }
}

impl StreamStore for FileStore {
    fn state(&self) -> StoreState {
        self.log.state()
    }

    fn lost(&self) -> &LostData {
        &self.log.lost
    }

    fn size_of(&self, subject: &[u8], header: &[u8], payload: &[u8]) -> u64 {
        self.log.sizes.of(subject, header, payload)
    }

    fn append(&mut self, message: NewMessage<'_>) -> Result<Appended, StoreError> {
        self.refuse_if_unusable()?;
        self.log.append(&message)
    }

    fn skip_to(&mut self, next: Seq, now: Nanos) -> Result<(), StoreError> {
        self.refuse_if_unusable()?;
        self.log.skip_to(next.0, now);
        Ok(())
    }

    fn remove(&mut self, seq: Seq, how: Removal) -> Result<Option<Removed<'_>>, StoreError> {
        self.refuse_if_unusable()?;
        let number = self
            .log
            .block_with(seq.0)
            .and_then(|at| self.log.blocks.get(at));
        let number = number.map(|block| block.number);
        let taken = self.log.take_out(seq.0, how != Removal::Limit)?;
        let Some((time, size)) = taken else {
            return Ok(None);
        };
        if how == Removal::Erase
            && let Some(number) = number
        {
            self.flush_between()?;
            self.erase(number, seq.0)?;
        }
        Ok(Some(Removed {
            seq,
            timestamp: Nanos(time),
            subject: &self.log.removed_subject,
            size,
        }))
    }

    fn remove_front(&mut self, front: Front) -> Result<RemovedMany, StoreError> {
        self.refuse_if_unusable()?;
        self.log.remove_front(front, false)
    }

    fn purge(&mut self, purge: &Purge) -> Result<RemovedMany, StoreError> {
        self.refuse_if_unusable()?;
        match self.log.purges_all(purge) {
            Some(next) => self.purge_all(next),
            None => self.log.purge_some(purge),
        }
    }

    fn load(&mut self, seq: Seq) -> Result<Option<MessageRef<'_>>, StoreError> {
        self.log.load(seq.0)
    }

    fn next(&mut self, filter: &Filter, from: Seq) -> Result<Option<MessageRef<'_>>, StoreError> {
        self.log.seek(filter, from.0, Direction::Up)
    }

    fn previous(
        &mut self,
        filter: &Filter,
        from: Seq,
    ) -> Result<Option<MessageRef<'_>>, StoreError> {
        self.log.seek(filter, from.0, Direction::Down)
    }

    fn last_per_subject(
        &mut self,
        filter: &Filter,
        up_to: Seq,
        max: usize,
        out: &mut Vec<Seq>,
    ) -> Result<(), StoreError> {
        self.log.last_per_subject(filter, up_to.0, max, out)
    }

    fn count(&mut self, filter: &Filter, from: Seq, counting: Counting) -> Result<u64, StoreError> {
        self.log.count(filter, from.0, counting)
    }

    fn subject_messages(&self, subject: &[u8]) -> u64 {
        self.log.subject_messages(subject)
    }

    fn subject_state(&mut self, subject: &[u8]) -> Result<Option<SubjectState>, StoreError> {
        self.log.subject_state(subject)
    }

    fn subjects(&mut self, filter: &Filter, visit: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>) {
        let subjects = &mut self.log.subjects;
        subjects.for_each(filter, &mut |_, text, entry| visit(text, entry.messages));
    }

    fn seq_at(&mut self, time: Nanos) -> Result<Seq, StoreError> {
        self.log.seq_at(time.0).map(Seq)
    }

    fn deleted(&self, visit: &mut dyn FnMut(Seq, Seq) -> ControlFlow<()>) {
        self.log.deleted(visit);
    }

    fn next_expiry(&self) -> Option<Nanos> {
        self.log.next_expiry()
    }

    fn take_expired(&mut self, now: Nanos, max: usize, out: &mut Vec<Seq>) {
        self.log.take_expired(now, max, out);
    }

    fn set_expiry(&mut self, seq: Seq, at: Nanos) {
        self.log.set_expiry(seq, at);
    }

    fn side_file(&mut self, which: SideFile) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.side_path(which);
        for step in &self.steps {
            match step {
                Step::Replace {
                    path: other,
                    content: Some(bytes),
                    ..
                } if *other == path => {
                    return Ok(Some(bytes.clone()));
                }
                Step::Remove(other) if *other == path => return Ok(None),
                _ => {}
            }
        }
        match self.disk.read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            other => other.at(&path).map(Some),
        }
    }

    fn set_side_file(&mut self, which: SideFile, content: Option<Vec<u8>>) {
        let path = self.side_path(which);
        self.steps
            .retain(|step| !matches!(step, Step::Remove(other) if *other == path));
        match content {
            Some(bytes) => self.replace(path, bytes),
            None => {
                self.steps.retain(
                    |step| !matches!(step, Step::Replace { path: other, .. } if *other == path),
                );
                self.steps.push(Step::Remove(path));
            }
        }
    }

    fn flush(&mut self) -> Result<(), FlushError> {
        let Some((lost, reason)) = self.failed.take() else {
            return self.flush_staged();
        };
        let cause = self.broken(&reason);
        let mut error = self.take_back(cause, Vec::new());
        error.lost_from = [lost, error.lost_from].into_iter().flatten().min();
        Err(error)
    }

    fn is_staged(&self) -> bool {
        self.log.is_staged() || self.failed.is_some()
    }

    fn take_sync(&mut self) -> Option<SyncTask> {
        self.sync_task()
    }

    fn sync_failed(&mut self) {
        self.note_sync_failed();
    }

    fn maintain(&mut self, now: Nanos) -> Result<bool, StoreError> {
        if self.closed || self.log.is_staged() || self.doubt().is_some() {
            return Ok(false);
        }
        self.log.evict_idle();
        if let Some(reserve) = &self.reserve
            && self.maintained_to == 0
        {
            reserve.refill();
        }
        if self.log.recount {
            self.log.recount_subjects()?;
        }
        if !std::mem::take(&mut self.busy) && self.unsynced.is_empty() {
            self.cut_padding()?;
            self.tail = None;
        }
        if self.index_at == Nanos::NONE {
            self.index_at = now;
        }
        let due = now.0 - self.index_at.0 >= INDEX_INTERVAL;
        if due && self.index_stale && self.log.subjects.len() <= INDEX_SUBJECTS_MAX {
            self.index_at = now;
            self.stage_index()?;
        }
        // One block at a time, round and round.
        let from = self.maintained_to;
        let start = self.log.blocks.partition_point(|block| block.number < from);
        for at in start..self.log.blocks.len() {
            let Some(number) = self.log.blocks.get(at).map(|block| block.number) else {
                break;
            };
            self.maintained_to = number;
            if self.compact(at, true)? {
                self.flush_staged().map_err(|error| error.cause)?;
                return Ok(true);
            }
        }
        self.maintained_to = 0;
        Ok(false)
    }

    fn take_packing(&mut self) -> Result<Option<PackTask>, StoreError> {
        self.next_packing()
    }

    fn set_patient(&mut self, patient: bool) -> bool {
        let files = self.log.files.as_mut();
        files.is_none_or(|files| std::mem::replace(&mut files.patient, patient))
    }

    fn take_fetches(&mut self) -> Vec<FetchTask> {
        let files = self.log.files.as_mut();
        files.map_or_else(Vec::new, BlockFiles::take_fetches)
    }

    fn compress_finished(&mut self) -> Result<(), StoreError> {
        let busy = self.closed || self.log.is_staged() || self.doubt().is_some();
        if !self.log.options.compress || busy {
            return Ok(());
        }
        let mut at = self.log.blocks.len().saturating_sub(1);
        while let Some(before) = at.checked_sub(1)
            && self
                .log
                .blocks
                .get(before)
                .is_some_and(|block| !block.settled)
        {
            at = before;
            self.compress(at)?;
        }
        Ok(())
    }

    fn limits_change(&mut self) {
        self.log.tell_evictions();
    }

    fn set_options(&mut self, options: StreamOptions) -> Result<(), StoreError> {
        let before = std::mem::replace(&mut self.log.options, options);
        if options.compress && !before.compress {
            self.log
                .blocks
                .iter_mut()
                .for_each(|block| block.settled = false);
            self.maybe_unpacked = true;
        }
        if options.ttl && !before.ttl {
            self.log.scan_ttls(0)?;
            self.index_stale = true;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), StoreError> {
        if self.closed {
            return Ok(());
        }
        self.flush_staged().map_err(|error| error.cause)?;
        self.touch_tail()?;
        if let Some(task) = self.sync_task() {
            task.run()?;
        }
        self.log.summarize_all();
        if self.index_stale || self.are_counts_stale() {
            let index_sum = self.stage_index()?;
            self.stage_counts(index_sum)?;
        }
        self.closed = true;
        match self.sync_task() {
            Some(task) => task.run(),
            None => Ok(()),
        }
    }
}
