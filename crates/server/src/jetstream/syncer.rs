//! The thread beside a worker that waits for the disk.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use midge_store::SyncTask;

use super::mailbox::{WorkerMail, WorkerMailbox};

/// A worker has one sync under way at a time; what it flushes meanwhile goes
/// into the next.
const MAX_WAITING: usize = 1;

/// Runs syncs for one worker.
pub(super) struct Syncer {
    jobs: SyncSender<Vec<SyncTask>>,
}

impl Syncer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start(name: String, worker: Arc<WorkerMailbox>) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel(MAX_WAITING);
        let thread = std::thread::Builder::new().name(name);
        thread.spawn(move || run(&queue, &worker))?;
        Ok(Self { jobs })
    }

    /// Begins a sync; its end comes as [`WorkerMail::Synced`].
    pub(super) fn begin(&self, tasks: Vec<SyncTask>) {
        // The thread lives as long as the sender.
        let _ = self.jobs.send(tasks);
    }
}

fn run(queue: &Receiver<Vec<SyncTask>>, worker: &WorkerMailbox) {
    while let Ok(tasks) = queue.recv() {
        worker.send(WorkerMail::Synced(run_all(tasks)));
    }
}

/// Waits until everything is on disk.
///
/// # Errors
/// One of the things that went wrong.
pub(super) fn run_all(tasks: Vec<SyncTask>) -> Result<(), String> {
    midge_store::run_all(tasks).map_err(|error| error.to_string())
}
