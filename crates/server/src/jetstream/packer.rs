//! The thread beside a worker that compresses finished blocks.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use midge_store::PackTask;

use super::mailbox::{WorkerMail, WorkerMailbox};

/// Compresses blocks for one worker, one after the other. A stream has one
/// block here at most, so there are no more than streams.
pub(super) struct Packer {
    jobs: Sender<(u32, PackTask)>,
}

impl Packer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start(name: String, worker: Arc<WorkerMailbox>) -> std::io::Result<Self> {
        let (jobs, queue) = channel();
        let thread = std::thread::Builder::new().name(name);
        thread.spawn(move || run(&queue, &worker))?;
        Ok(Self { jobs })
    }

    /// Begins with a block of a stream; its end comes as
    /// [`WorkerMail::Packed`].
    pub(super) fn begin(&self, stream: u32, task: PackTask) {
        // The thread lives as long as the sender.
        let _ = self.jobs.send((stream, task));
    }
}

fn run(queue: &Receiver<(u32, PackTask)>, worker: &WorkerMailbox) {
    while let Ok((stream, task)) = queue.recv() {
        task.run();
        worker.send(WorkerMail::Packed(stream));
    }
}
