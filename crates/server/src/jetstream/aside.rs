//! The threads beside a worker that wait for the disk in its place: one
//! compresses finished blocks, one reads what consumers deliver next.

use std::sync::mpsc::{Receiver, Sender, channel};

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one thing after the other. A stream has few things here
/// at a time: one block to compress, two to read.
pub(super) struct Aside {
    jobs: Sender<Job>,
}

impl Aside {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start(name: String) -> std::io::Result<Self> {
        let (jobs, queue) = channel();
        let thread = std::thread::Builder::new().name(name);
        thread.spawn(move || run(&queue))?;
        Ok(Self { jobs })
    }

    /// Has something done, which tells its end itself.
    pub(super) fn begin(&self, job: impl FnOnce() + Send + 'static) {
        // The thread lives as long as the sender.
        let _ = self.jobs.send(Box::new(job));
    }
}

fn run(queue: &Receiver<Job>) {
    while let Ok(job) = queue.recv() {
        job();
    }
}
