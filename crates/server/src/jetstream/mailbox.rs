//! Where other threads leave work for a JetStream thread.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use midge_jetstream::consumer::ConsumerId;
use parking_lot::{Condvar, Mutex};

use super::command::Command;
use super::syncer::SyncOutcome;
use crate::batch::Batch;
use crate::spin::{MAX_SPIN, Spin};

/// Bytes of batches waiting for a thread above which those who send them are
/// not read.
const MAX_BATCHED_BYTES: usize = 8 * 1024 * 1024;

/// One thing for a JetStream thread to do.
pub(crate) enum WorkerMail {
    /// Messages for streams, consumers or the API.
    Batch(Box<Batch>),
    /// Interest in the deliver subject of a push consumer came or went.
    Interest {
        /// Number of the stream on its worker.
        host: u32,
        /// The consumer.
        consumer: ConsumerId,
    },
    /// What was flushed before the sync began is on disk, but for the streams
    /// that it tells of.
    Synced(SyncOutcome),
    /// The block of this stream is compressed.
    Packed(u32),
    /// A block of this stream was read.
    Fetched(u32),
    /// Threads are to come together (`rendezvous.rs`).
    Rendezvous,
    /// Anything rare.
    Command(Box<Command>),
}

/// A queue of [`WorkerMail`] with one reader.
#[derive(Default)]
pub(crate) struct WorkerMailbox {
    queue: Mutex<Vec<WorkerMail>>,
    arrived: Condvar,
    /// The queue is not empty.
    any: AtomicBool,
    /// Bytes of batches in the queue.
    batched: AtomicUsize,
}

impl WorkerMailbox {
    /// Leaves `mail`.
    pub(crate) fn send(&self, mail: WorkerMail) {
        if let WorkerMail::Batch(batch) = &mail {
            self.batched.fetch_add(batch.bytes.len(), Ordering::Relaxed);
        }
        let mut queue = self.queue.lock();
        queue.push(mail);
        self.any.store(true, Ordering::Release);
        drop(queue);
        // Costs nothing while the reader is awake.
        self.arrived.notify_one();
    }

    /// Number of things that were left and not yet taken.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.lock().len()
    }

    /// Whether senders should hold back.
    pub(crate) fn is_full(&self) -> bool {
        self.batched.load(Ordering::Relaxed) > MAX_BATCHED_BYTES
    }

    /// Whether anything is waiting.
    pub(crate) fn has_mail(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Takes everything that was left, in order; waits for something for `wait`
    /// at most, or without a bound.
    pub(crate) fn receive(
        &self,
        into: &mut Vec<WorkerMail>,
        wait: Option<Duration>,
        spin: &mut Spin,
    ) {
        let began = Instant::now();
        if !self.has_mail() && spin.pays() {
            let longest = wait.map_or(MAX_SPIN, |wait| wait.min(MAX_SPIN));
            while !self.has_mail() && began.elapsed() < longest {
                std::thread::yield_now();
            }
        }
        let mut queue = self.queue.lock();
        if queue.is_empty() && wait != Some(Duration::ZERO) {
            match wait {
                Some(wait) => {
                    self.arrived.wait_for(&mut queue, wait);
                }
                None => self.arrived.wait(&mut queue),
            }
            spin.slept(began.elapsed());
        }
        std::mem::swap(&mut *queue, into);
        self.any.store(false, Ordering::Release);
        self.batched.store(0, Ordering::Relaxed);
    }
}
