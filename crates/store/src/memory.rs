//! Stores that keep everything in memory.

use std::ops::ControlFlow;

use crate::consumer::{ConsumerChange, ConsumerState, ConsumerStore};
use crate::error::{FlushError, StoreError};
use crate::filter::Filter;
use crate::log::{Direction, Log};
use crate::stream::{SideFile, StreamStore};
use crate::sync::SyncTask;
use crate::types::{
    Appended, Counting, Front, LostData, MessageRef, Nanos, NewMessage, Purge, Removal, Removed,
    RemovedMany, Seq, StoreState, StreamOptions, SubjectState,
};

/// Target size of a block in memory: what is given back at once when its last
/// message goes.
const BLOCK_BYTES: u32 = 1 << 20;

/// The messages of a stream with memory storage.
pub struct MemoryStore {
    log: Log,
    schedules: Option<Vec<u8>>,
    sources: Option<Vec<u8>>,
}

impl MemoryStore {
    /// An empty one.
    pub fn new(options: StreamOptions) -> Self {
        Self {
            log: Log::in_memory(with_own_blocks(options)),
            schedules: None,
            sources: None,
        }
    }

    /// Gives back the memory of dead records near a removed message.
    fn compact_around(&mut self, seq: Seq) {
        let at = self.log.block_at(seq.0);
        self.log.compact_memory(at);
    }
}

fn with_own_blocks(options: StreamOptions) -> StreamOptions {
    StreamOptions {
        block_size: BLOCK_BYTES,
        ..options
    }
}

impl StreamStore for MemoryStore {
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
        let done = self.log.append(&message);
        self.log.commit();
        done
    }

    fn skip_to(&mut self, next: Seq, now: Nanos) -> Result<(), StoreError> {
        self.log.skip_to(next.0, now);
        self.log.commit();
        Ok(())
    }

    fn remove(&mut self, seq: Seq, _how: Removal) -> Result<Option<Removed<'_>>, StoreError> {
        let Some((time, size)) = self.log.take_out(seq.0, false)? else {
            return Ok(None);
        };
        self.log.commit();
        self.compact_around(seq);
        Ok(Some(Removed {
            seq,
            timestamp: Nanos(time),
            subject: &self.log.removed_subject,
            size,
        }))
    }

    fn remove_front(&mut self, front: Front) -> Result<RemovedMany, StoreError> {
        let removed = self.log.remove_front(front, false)?;
        self.log.commit();
        self.log.compact_memory(0);
        Ok(removed)
    }

    fn purge(&mut self, purge: &Purge) -> Result<RemovedMany, StoreError> {
        if let Some(next) = self.log.purges_all(purge) {
            let number = self.log.blocks.back().map_or(1, |block| block.number + 1);
            // Also of a stream that never had a message: it begins somewhere now.
            self.log.fresh = false;
            let (last, time) = (next - 1, self.log.last_time);
            return Ok(self.log.reset(number, last.max(self.log.last), time));
        }
        let removed = self.log.purge_some(purge)?;
        self.log.commit();
        for at in 0..self.log.blocks.len() {
            self.log.compact_memory(at);
        }
        Ok(removed)
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
        self.log.commit();
    }

    fn set_expiry(&mut self, seq: Seq, at: Nanos) {
        self.log.set_expiry(seq, at);
        self.log.commit();
    }

    fn side_file(&mut self, which: SideFile) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(match which {
            SideFile::Schedules => self.schedules.clone(),
            SideFile::Sources => self.sources.clone(),
        })
    }

    fn set_side_file(&mut self, which: SideFile, content: Option<Vec<u8>>) {
        match which {
            SideFile::Schedules => self.schedules = content,
            SideFile::Sources => self.sources = content,
        }
    }

    fn flush(&mut self) -> Result<(), FlushError> {
        Ok(())
    }

    fn is_staged(&self) -> bool {
        false
    }

    fn take_sync(&mut self) -> Option<SyncTask> {
        None
    }

    fn maintain(&mut self, _now: Nanos) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn set_options(&mut self, options: StreamOptions) -> Result<(), StoreError> {
        let scan = options.ttl && !self.log.options.ttl;
        self.log.options = with_own_blocks(options);
        if scan {
            self.log.scan_ttls(0)?;
            self.log.commit();
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The state of a consumer that is forgotten with the process.
#[derive(Debug, Default)]
pub struct MemoryConsumerStore;

impl ConsumerStore for MemoryConsumerStore {
    fn take_recovered(&mut self) -> Option<ConsumerState> {
        None
    }

    fn write(&mut self, _state: &ConsumerState) {}

    fn change(&mut self, _change: ConsumerChange) {}

    fn wants_write(&self) -> bool {
        false
    }

    fn is_staged(&self) -> bool {
        false
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn take_sync(&mut self) -> Option<SyncTask> {
        None
    }

    fn set_meta(&mut self, _json: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn close(&mut self, _state: &ConsumerState) -> Result<(), StoreError> {
        Ok(())
    }
}
