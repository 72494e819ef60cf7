//! What a consumer asks of its store, and the one on disk.
//!
//! - `odat`: the state file
//! - `journal`: changes since that was written
//! - `file`: both together

mod file;
pub mod journal;
pub mod odat;

pub(crate) use file::ConsumerPlace;
pub use file::FileConsumerStore;

use crate::error::StoreError;
use crate::sync::SyncTask;
use crate::types::{Nanos, Seq};

/// A place in the stream and in the consumer's own count of deliveries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SeqPair {
    /// Consumer sequence.
    pub consumer: u64,
    /// Stream sequence.
    pub stream: Seq,
}

/// A message that waits for its ack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PendingAck {
    /// Stream sequence.
    pub stream: Seq,
    /// Consumer sequence of its first delivery.
    pub consumer: u64,
    /// When it was delivered last; files keep whole seconds.
    pub delivered_at: Nanos,
}

/// What a consumer must not forget.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConsumerState {
    /// The last delivery.
    pub delivered: SeqPair,
    /// Everything up to here is acknowledged.
    pub ack_floor: SeqPair,
    /// Deliveries above the floor that wait for their ack, in any order.
    pub pending: Vec<PendingAck>,
    /// Messages that were delivered again, with how often (deliveries - 1), in
    /// any order.
    pub redelivered: Vec<(Seq, u64)>,
}

/// A change of a consumer's state, for its journal. Changes are values to
/// set, so that recovery needs no rules of acknowledgement, and applying one
/// twice does no harm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConsumerChange {
    /// [`ConsumerState::delivered`] is this now.
    Delivered(SeqPair),
    /// [`ConsumerState::ack_floor`] is this now. Pending and redelivered
    /// entries at or below it are gone.
    Floor(SeqPair),
    /// This delivery is pending, replacing the entry of that stream sequence.
    Pending(PendingAck),
    /// The stream sequence is pending no more.
    Settled(Seq),
    /// The stream sequence was redelivered so often; 0 forgets it.
    Redelivered(Seq, u64),
}

/// The durable state of one consumer.
///
/// There are two ways to write: [`write`](Self::write) the whole state, or
/// [`change`](Self::change)s that go to a journal beside the state file
/// (cheap: 10 to 20 bytes each). Both are staged until
/// [`flush`](Self::flush). The journal is folded into the state file when it
/// grows long: then [`wants_write`](Self::wants_write) is true, and the owner
/// calls `write`.
pub trait ConsumerStore: Send {
    /// The state that was found at the start; `None` for a fresh consumer. It
    /// can be taken once.
    fn take_recovered(&mut self) -> Option<ConsumerState>;

    /// Stages the whole state. Changes staged before are covered by it.
    fn write(&mut self, state: &ConsumerState);

    /// Stages a change.
    fn change(&mut self, change: ConsumerChange);

    /// Whether the journal is long enough that the whole state should be
    /// written.
    fn wants_write(&self) -> bool;

    /// Whether something is staged.
    fn is_staged(&self) -> bool;

    /// Hands what is staged to the operating system.
    ///
    /// # Errors
    ///
    /// If it could not be written: it stays staged, and the next flush tries
    /// again.
    fn flush(&mut self) -> Result<(), StoreError>;

    /// As [`StreamStore::take_sync`](crate::StreamStore::take_sync).
    fn take_sync(&mut self) -> Option<SyncTask>;

    /// Writes the whole state anew, syncs it, and goes on from there: after a
    /// sync that failed, when it is not known what the files have.
    ///
    /// # Errors
    ///
    /// If it could not be written; it is to be tried again.
    fn renew(&mut self, state: &ConsumerState) -> Result<(), StoreError> {
        let _ = state;
        Ok(())
    }

    /// Replaces the configuration (`meta.inf`, JSON).
    ///
    /// # Errors
    ///
    /// If it could not be written; the old one stays.
    fn set_meta(&mut self, json: &[u8]) -> Result<(), StoreError>;

    /// Writes the whole state in the form that every server reads, syncs it
    /// and removes the journal, if there was a [`change`](Self::change) or
    /// [`write`](Self::write) since that was done last. The store takes no more
    /// writes after that.
    ///
    /// # Errors
    ///
    /// If it could not be written.
    fn close(&mut self, state: &ConsumerState) -> Result<(), StoreError>;
}

impl ConsumerState {
    /// Applies a change, as recovery does. Entries are found by a linear
    /// search: meant for tests and small states.
    pub fn apply(&mut self, change: ConsumerChange) {
        match change {
            ConsumerChange::Delivered(pair) => self.delivered = pair,
            ConsumerChange::Floor(pair) => {
                self.ack_floor = pair;
                self.pending.retain(|entry| entry.stream > pair.stream);
                self.redelivered.retain(|(seq, _)| *seq > pair.stream);
            }
            ConsumerChange::Pending(new) => {
                match self.pending.iter_mut().find(|old| old.stream == new.stream) {
                    Some(old) => *old = new,
                    None => self.pending.push(new),
                }
            }
            ConsumerChange::Settled(seq) => self.pending.retain(|entry| entry.stream != seq),
            ConsumerChange::Redelivered(seq, count) => {
                self.redelivered.retain(|(other, _)| *other != seq);
                if count > 0 {
                    self.redelivered.push((seq, count));
                }
            }
        }
    }
}
