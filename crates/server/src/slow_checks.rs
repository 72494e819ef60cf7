//! Password hashes are compared on threads of their own: one comparison takes
//! as long as a shard needs for a million messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use midge_identity::SlowCheck;
use parking_lot::Mutex;

use crate::server::Shared;
use crate::shard::{Control, Mail};

/// Comparisons that may wait; more logins are refused. At 50 ms each the last
/// one waits some 25 s, by when its client has long given up.
const MAX_WAITING: usize = 1024;

/// Threads that compare.
const THREADS: usize = 2;

/// A comparison for a connection.
pub(crate) struct Job {
    pub(crate) shard: u16,
    pub(crate) slot: u32,
    pub(crate) cid: u64,
    /// The client is in already.
    pub(crate) again: bool,
    /// Which settings of the shard it was asked under.
    pub(crate) settings: u64,
    pub(crate) check: SlowCheck,
}

/// The way to the comparing threads.
pub(crate) struct SlowChecks {
    jobs: SyncSender<Job>,
    /// Comparisons left and not yet begun.
    queued: AtomicUsize,
    waiting: Mutex<Option<Receiver<Job>>>,
}

impl Default for SlowChecks {
    fn default() -> Self {
        let (jobs, waiting) = sync_channel(MAX_WAITING);
        Self {
            jobs,
            queued: AtomicUsize::new(0),
            waiting: Mutex::new(Some(waiting)),
        }
    }
}

impl SlowChecks {
    /// Leaves a comparison; `false` if too many wait.
    pub(crate) fn submit(&self, job: Job) -> bool {
        // Before it can be taken, or the count would go below zero.
        self.queued.fetch_add(1, Ordering::Relaxed);
        let left = self.jobs.try_send(job).is_ok();
        if !left {
            self.queued.fetch_sub(1, Ordering::Relaxed);
        }
        left
    }

    /// Number of comparisons left and not yet begun.
    pub(crate) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Starts the threads; they live as long as the process.
    pub(crate) fn start(shared: &Arc<Shared>) -> std::io::Result<()> {
        let Some(waiting) = shared.slow_checks.waiting.lock().take() else {
            return Ok(());
        };
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..THREADS {
            let (shared, waiting) = (Arc::downgrade(shared), waiting.clone());
            std::thread::Builder::new()
                .name(format!("passwords-{number}"))
                .spawn(move || {
                    loop {
                        let job = waiting.lock().recv();
                        let Ok(Job {
                            shard,
                            slot,
                            cid,
                            again,
                            settings,
                            check,
                        }) = job
                        else {
                            return;
                        };
                        if let Some(shared) = shared.upgrade() {
                            shared.slow_checks.queued.fetch_sub(1, Ordering::Relaxed);
                        }
                        let decision = Box::new(check.run());
                        let Some(shared) = shared.upgrade() else {
                            return;
                        };
                        if let Some(handle) = shared.shard(shard) {
                            let control = Control::Authenticated {
                                slot,
                                cid,
                                again,
                                settings,
                                decision,
                            };
                            handle.mailbox.send(Mail::Control(Box::new(control)));
                        }
                    }
                })?;
        }
        Ok(())
    }
}
