//! Blocks are read beside the owner of the store: it goes on with what needs no
//! disk, while another thread waits for it.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::Disk;

/// Files of one stream that are being read, or were read and not used yet: the
/// one a consumer is at, and the one behind it. Each takes the memory of a
/// block.
const MAX_FETCHED: usize = 2;

/// Rounds of housekeeping that a file that was read stays in memory unused.
const IDLE_ROUNDS: u8 = 2;

type Outcome = Arc<Mutex<Option<io::Result<Vec<u8>>>>>;

/// Work that reads the file of one block, for any thread.
#[must_use = "the block is not in memory before the task has run"]
pub struct FetchTask {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// Memory to read into.
    buffer: Vec<u8>,
    outcome: Outcome,
}

impl std::fmt::Debug for FetchTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FetchTask({})", self.path.display())
    }
}

impl FetchTask {
    /// Does the work.
    pub fn run(mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = self.disk.read_into(&self.path, &mut buffer);
        let read = read.map(|()| buffer);
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
    }
}

impl Drop for FetchTask {
    /// A task that was not run to its end has failed: somebody waits for it.
    fn drop(&mut self) {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.get_or_insert_with(|| Err(io::Error::other("nobody has read the file")));
    }
}

/// A file that is read by another thread.
#[derive(Debug)]
struct Fetch {
    number: u32,
    outcome: Outcome,
    /// The file was changed since.
    outdated: bool,
    /// Rounds of housekeeping since it was asked for.
    rounds: u8,
}

impl Fetch {
    fn is_done(&self) -> bool {
        let outcome = self.outcome.lock();
        outcome.unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// What other threads read for a stream.
#[derive(Debug, Default)]
pub(crate) struct Fetches {
    list: Vec<Fetch>,
    /// Tasks that nobody has taken yet.
    tasks: Vec<FetchTask>,
}

impl Fetches {
    /// Whether the file of a block was read.
    pub fn has(&self, number: u32) -> bool {
        let is_it = |fetch: &&Fetch| fetch.number == number && !fetch.outdated;
        self.list.iter().find(is_it).is_some_and(Fetch::is_done)
    }

    /// The file of a block, if it was read.
    pub fn take(&mut self, number: u32) -> Option<io::Result<Vec<u8>>> {
        let at = self.list.iter().position(|fetch| fetch.number == number)?;
        let fetch = self.list.get(at).filter(|fetch| fetch.is_done())?;
        let outcome = fetch.outcome.clone();
        let outdated = fetch.outdated;
        self.list.swap_remove(at);
        let read = outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        read.filter(|_| !outdated)
    }

    /// Has the file of a block read, into `spare` if there is one. One that is
    /// not `needed` at once takes nothing away from others.
    pub fn ask(
        &mut self,
        number: u32,
        needed: bool,
        disk: &Arc<dyn Disk>,
        path: PathBuf,
        spare: &mut Option<Vec<u8>>,
    ) {
        // What is outdated is read again.
        self.list
            .retain(|fetch| fetch.number != number || !fetch.outdated);
        if self.list.iter().any(|fetch| fetch.number == number) {
            return;
        }
        if self.list.len() >= MAX_FETCHED {
            // Others may never come to theirs.
            let unused = self.list.iter().position(|fetch| fetch.is_done());
            match unused.filter(|_| needed) {
                Some(at) => drop(self.list.swap_remove(at)),
                None => return,
            }
        }
        let outcome = Outcome::default();
        self.list.push(Fetch {
            number,
            outcome: outcome.clone(),
            outdated: false,
            rounds: 0,
        });
        self.tasks.push(FetchTask {
            disk: disk.clone(),
            path,
            buffer: spare.take().unwrap_or_default(),
            outcome,
        });
    }

    /// Tasks to be run.
    pub fn tasks(&mut self) -> Vec<FetchTask> {
        std::mem::take(&mut self.tasks)
    }

    /// The file of a block is changed, or goes.
    pub fn note_changed(&mut self, number: u32) {
        for fetch in &mut self.list {
            fetch.outdated |= fetch.number == number;
        }
    }

    /// A round of housekeeping: what nobody uses goes.
    pub fn age(&mut self) {
        self.list.retain_mut(|fetch| {
            fetch.rounds = fetch.rounds.saturating_add(1);
            fetch.rounds <= IDLE_ROUNDS || !fetch.is_done()
        });
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        let of = |fetch: &Fetch| {
            let outcome = fetch.outcome.lock();
            let outcome = outcome.unwrap_or_else(PoisonError::into_inner);
            match outcome.as_ref() {
                Some(Ok(bytes)) => bytes.capacity(),
                Some(Err(_)) | None => 0,
            }
        };
        self.list.iter().map(of).sum()
    }
}
