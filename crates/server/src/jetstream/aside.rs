//! The threads beside a worker that wait for the disk in its place: one
//! compresses finished blocks, one reads what consumers deliver next.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};

type Work = Box<dyn FnOnce() + Send>;

/// Something to do, and whom to tell that it is done.
struct Job {
    work: Work,
    tell: Work,
}

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

    /// Has something done; then its end is told, also if it ended in a panic.
    pub(super) fn begin(
        &self,
        work: impl FnOnce() + Send + 'static,
        tell: impl FnOnce() + Send + 'static,
    ) {
        let (work, tell) = (Box::new(work), Box::new(tell));
        // The thread lives as long as the sender.
        let _ = self.jobs.send(Job { work, tell });
    }
}

fn run(queue: &Receiver<Job>) {
    while let Ok(job) = queue.recv() {
        // A panic is a bug of ours, and the panic hook has reported it; what
        // the worker finds then is a block that could not be read or compressed.
        let _ = catch_unwind(AssertUnwindSafe(job.work));
        (job.tell)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_one_job_and_is_told() {
        let aside = Aside::start("aside".to_owned()).unwrap();
        let (done, told) = channel();
        for number in 0..3 {
            let done = done.clone();
            aside.begin(
                move || assert!(number != 1, "a panic that this test wants"),
                move || done.send(number).unwrap(),
            );
        }
        assert_eq!(told.iter().take(3).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
