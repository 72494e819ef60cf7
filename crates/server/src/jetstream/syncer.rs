//! The thread beside a worker that waits for the disk.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use midge_store::SyncTask;
use parking_lot::Mutex;

use super::mailbox::{WorkerMail, WorkerMailbox};

/// A worker has one sync under way at a time; what it flushes meanwhile goes
/// into the next.
const MAX_WAITING: usize = 1;

/// A piece of a sync that is about one stream.
pub(super) struct HostTask {
    /// The stream's number on its worker.
    pub(super) host: u32,
    pub(super) task: SyncTask,
}

/// What became of a sync.
#[derive(Debug, Default)]
pub(crate) struct SyncOutcome {
    /// Streams of which not everything is on disk, and why.
    pub(crate) failed: Vec<(u32, String)>,
}

/// Runs syncs for one worker.
pub(super) struct Syncer {
    jobs: SyncSender<Vec<HostTask>>,
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
    pub(super) fn begin(&self, tasks: Vec<HostTask>) {
        // The thread lives as long as the sender.
        let _ = self.jobs.send(tasks);
    }
}

fn run(queue: &Receiver<Vec<HostTask>>, worker: &WorkerMailbox) {
    while let Ok(tasks) = queue.recv() {
        worker.send(WorkerMail::Synced(run_all(tasks)));
    }
}

/// Waits until everything is on disk, for several streams at the same time.
/// What goes wrong with one stream does not keep others from it.
pub(super) fn run_all(tasks: Vec<HostTask>) -> SyncOutcome {
    let hosts: Vec<u32> = tasks.iter().map(|task| task.host).collect();
    let failed = Mutex::new(Vec::new());
    let done = midge_store::each_at_once(tasks, |HostTask { host, task }| {
        if let Err(error) = task.run() {
            failed.lock().push((host, error.to_string()));
        }
        Ok(())
    });
    let mut failed = failed.into_inner();
    if let Err(error) = done {
        // A thread has ended early: nobody knows which of its tasks were done.
        failed.extend(hosts.into_iter().map(|host| (host, error.to_string())));
    }
    failed.sort_by_key(|(host, _)| *host);
    failed.dedup_by_key(|(host, _)| *host);
    SyncOutcome { failed }
}
