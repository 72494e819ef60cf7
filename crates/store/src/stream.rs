//! What a stream asks of its store.

use std::ops::ControlFlow;

use crate::error::{FlushError, StoreError};
use crate::file::fetch::FetchTask;
use crate::file::pack::PackTask;
use crate::filter::Filter;
use crate::sync::SyncTask;
use crate::types::{
    Appended, Counting, Front, LostData, MessageRef, Nanos, NewMessage, Purge, Removal, Removed,
    RemovedMany, Seq, StoreState, StreamOptions, SubjectState,
};

/// The messages of one stream.
///
/// One owner, no locks, no threads, no clock. Writes are **staged**: reads see
/// them at once, [`flush`](Self::flush) hands them to the operating system,
/// and [`take_sync`](Self::take_sync) gives what makes them durable. A crash
/// of the process keeps what was flushed, a loss of power what was synced.
///
/// Reading needs `&mut self`, because it fills the block cache.
pub trait StreamStore: Send {
    /// The stream's numbers; costs nothing.
    fn state(&self) -> StoreState;

    /// Data found lost so far.
    fn lost(&self) -> &LostData;

    /// What a message would count in the stream's bytes (jetstream-streams.md
    /// 4.3).
    fn size_of(&self, subject: &[u8], header: &[u8], payload: &[u8]) -> u64;

    // Writing.

    /// Stages a message.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`], [`StoreError::SequenceUsed`]: nothing is
    /// staged. [`StoreError::Broken`] until the disk is back.
    fn append(&mut self, message: NewMessage<'_>) -> Result<Appended, StoreError>;

    /// Stages that all sequences below `next` are used and without message.
    /// Nothing happens if they are used already. `now` is the time of the
    /// mark in a stream that has no time yet; [`Nanos::NONE`] if it is to go on
    /// having none.
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append).
    fn skip_to(&mut self, next: Seq, now: Nanos) -> Result<(), StoreError>;

    /// Stages the removal of a message (an erase is carried out at once).
    /// `None` if there is no such message.
    ///
    /// # Errors
    ///
    /// If the message's block cannot be read.
    fn remove(&mut self, seq: Seq, how: Removal) -> Result<Option<Removed<'_>>, StoreError>;

    /// Stages the removal of the oldest messages by a limit, whole blocks at a
    /// time.
    ///
    /// # Errors
    ///
    /// If a block cannot be read.
    fn remove_front(&mut self, front: Front) -> Result<RemovedMany, StoreError>;

    /// Removes messages for good. A purge of everything, or of everything
    /// below a sequence above the last, flushes and is on disk when it
    /// returns; another one is staged.
    ///
    /// # Errors
    ///
    /// If files cannot be read or written.
    fn purge(&mut self, purge: &Purge) -> Result<RemovedMany, StoreError>;

    // Reading.

    /// The message with this sequence, `None` if there is none, or if its
    /// bytes turn out not to be those that were written.
    ///
    /// # Errors
    ///
    /// If its block cannot be read at all.
    fn load(&mut self, seq: Seq) -> Result<Option<MessageRef<'_>>, StoreError>;

    /// The first matching message at or above `from`. Damaged ones are passed
    /// over.
    ///
    /// # Errors
    ///
    /// If a block cannot be read at all.
    fn next(&mut self, filter: &Filter, from: Seq) -> Result<Option<MessageRef<'_>>, StoreError>;

    /// The last matching message at or below `from` ([`Seq::MAX`]: of all).
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    fn previous(
        &mut self,
        filter: &Filter,
        from: Seq,
    ) -> Result<Option<MessageRef<'_>>, StoreError>;

    /// Of every matching subject, the last sequence at or below `up_to`,
    /// appended to `out` in ascending order.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooMany`] if that were more than `max`.
    fn last_per_subject(
        &mut self,
        filter: &Filter,
        up_to: Seq,
        max: usize,
        out: &mut Vec<Seq>,
    ) -> Result<(), StoreError>;

    /// Number of matching messages at or above `from`: what is pending for a
    /// consumer there. With [`Counting::LastPerSubject`]: matching subjects
    /// whose last message is there.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    fn count(&mut self, filter: &Filter, from: Seq, counting: Counting) -> Result<u64, StoreError>;

    /// Number of messages on one subject; one look into the index.
    fn subject_messages(&self, subject: &[u8]) -> u64;

    /// Number, first and last message of one subject, `None` without any.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    fn subject_state(&mut self, subject: &[u8]) -> Result<Option<SubjectState>, StoreError>;

    /// Every matching subject with its number of messages, ordered by the
    /// bytes of the subject within a pattern; no subject twice.
    fn subjects(&mut self, filter: &Filter, visit: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>);

    /// First sequence with a message at or after `time`; last + 1 if there is
    /// none.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    fn seq_at(&mut self, time: Nanos) -> Result<Seq, StoreError>;

    /// Ranges (first and last sequence) without messages between the first
    /// and the last sequence, ascending.
    fn deleted(&self, visit: &mut dyn FnMut(Seq, Seq) -> ControlFlow<()>);

    // Message TTLs.

    /// When the next message expires by its own TTL. May name one that was
    /// removed meanwhile.
    fn next_expiry(&self) -> Option<Nanos>;

    /// Appends up to `max` messages that have expired by now to `out`, those
    /// that expired first coming first, and forgets their expiry: the caller
    /// removes them (or puts them back with
    /// [`set_expiry`](Self::set_expiry)).
    fn take_expired(&mut self, now: Nanos, max: usize, out: &mut Vec<Seq>);

    /// Sets when a stored message expires.
    fn set_expiry(&mut self, seq: Seq, at: Nanos);

    // Files beside the messages.

    /// The content of a file beside the messages, if there is a valid one.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be read.
    fn side_file(&mut self, which: SideFile) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stages such a file; `None` removes it. Written with the next
    /// [`take_sync`](Self::take_sync) or at the close.
    fn set_side_file(&mut self, which: SideFile, content: Option<Vec<u8>>);

    // Durability.

    /// Hands everything staged to the operating system, one write for each
    /// file (usually there is one).
    ///
    /// # Errors
    ///
    /// See [`FlushError`].
    fn flush(&mut self) -> Result<(), FlushError>;

    /// Whether something is staged that [`flush`](Self::flush) would write.
    fn is_staged(&self) -> bool;

    /// What makes everything flushed so far durable; another thread may run
    /// it. `None` if it is so already. A task that fails or is dropped leaves
    /// its work to be done: see [`SyncTask`].
    fn take_sync(&mut self) -> Option<SyncTask>;

    /// The task that was taken last failed. The operating system may have given
    /// up the data, and a sync that succeeds later says nothing about it: the
    /// store takes no more changes until what is in doubt was written anew,
    /// which the next tasks do.
    fn sync_failed(&mut self) {}

    /// Housekeeping, to be called now and then between batches, every second
    /// or so: gives back memory of idle blocks, compacts one block at a time,
    /// stages the index file every two minutes. Returns whether more is to be
    /// done at once.
    ///
    /// # Errors
    ///
    /// If files cannot be read or written; the messages are unharmed.
    fn maintain(&mut self, now: Nanos) -> Result<bool, StoreError>;

    /// Puts the block into place that the last task has compressed, if there
    /// is one, and gives a task for the next one, if that is wanted and one is
    /// finished; to be asked for after flushes, and when a task is done. Another
    /// thread runs it.
    ///
    /// # Errors
    ///
    /// If files cannot be read or written; the messages are unharmed.
    fn take_packing(&mut self) -> Result<Option<PackTask>, StoreError> {
        Ok(None)
    }

    /// Whether reading waits for the disk, as it does at first. Otherwise what is
    /// in no block in memory gives [`StoreError::NotAtHand`], and a task of
    /// [`take_fetches`](Self::take_fetches) reads the block. Returns whether it
    /// did until now.
    fn set_patient(&mut self, patient: bool) -> bool {
        let _ = patient;
        true
    }

    /// Tasks that read blocks, for any other thread; to be asked for after
    /// impatient reads. What was refused succeeds when they have run.
    fn take_fetches(&mut self) -> Vec<FetchTask> {
        Vec::new()
    }

    /// Compresses the blocks that were finished lately, if that is wanted: at
    /// the end, when no task is waited for.
    ///
    /// # Errors
    ///
    /// If files cannot be read or written; the messages are unharmed.
    fn compress_finished(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// To be called, and flushed, before the limits change: what they have
    /// removed is written down, since other limits would not remove it again.
    fn limits_change(&mut self) {}

    /// Takes over a changed configuration.
    ///
    /// # Errors
    ///
    /// If the messages had to be scanned for TTLs and could not be read.
    fn set_options(&mut self, options: StreamOptions) -> Result<(), StoreError>;

    /// Writes everything, the index included, syncs it, and ends. The store
    /// takes no more writes after that.
    ///
    /// # Errors
    ///
    /// If it could not be written; what was synced before is safe.
    fn close(&mut self) -> Result<(), StoreError>;
}

/// A file of JetStream's own that lies beside the messages. Its content is
/// made and read by [`crate::sidefiles`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SideFile {
    /// `msgs/sched.db`: message schedules.
    Schedules,
    /// `sources.db`: how far each source was taken.
    Sources,
}
