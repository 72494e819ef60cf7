//! What has to happen so that flushed data survives a loss of power.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::{Disk, DiskFile};
use crate::error::{AtPath, StoreError};

/// One step of a [`SyncTask`].
pub(crate) enum Step {
    /// The file's data is to be on disk.
    File {
        file: Arc<dyn DiskFile>,
        path: PathBuf,
    },
    /// The same of a file that is not open. It may be gone already.
    Path(PathBuf),
    /// The folder's entries are to be on disk.
    Folder(PathBuf),
    /// `tmp` is written with `content` if there is any, synced, and takes the
    /// place of `path`.
    Replace {
        tmp: PathBuf,
        path: PathBuf,
        content: Option<Vec<u8>>,
        /// On a full disk `path` stays as it is: what it has to say can be found
        /// out without it.
        can_wait: bool,
    },
    /// The file goes. It may be gone already.
    Remove(PathBuf),
    /// Nothing can be made durable, for this reason.
    Fail(StoreError),
    /// Everything before is done; nothing was left out for want of space.
    Done(Arc<AtomicBool>),
}

/// Work that makes what was flushed durable, to be run by any thread while
/// the store goes on.
///
/// It syncs files and folders, and removes files that are not needed once
/// that is done. Tasks of one store run in the order they were taken, or at
/// the same time; of several stores, in any order.
///
/// A task that fails has made nothing durable that it was about, and the
/// operating system may have forgotten the data it could not write: the owner
/// must not confirm it, and should close and open the store again.
#[must_use = "nothing is durable before the task has run"]
pub struct SyncTask {
    disk: Arc<dyn Disk>,
    steps: Vec<Step>,
}

impl SyncTask {
    pub(crate) fn new(disk: Arc<dyn Disk>, steps: Vec<Step>) -> Option<Self> {
        (!steps.is_empty()).then_some(Self { disk, steps })
    }

    /// Does the work.
    ///
    /// # Errors
    ///
    /// At the first step that failed.
    pub fn run(self) -> Result<(), StoreError> {
        let mut all = true;
        for step in self.steps {
            match step {
                Step::File { file, path } => file.sync().at(&path)?,
                Step::Path(path) => ignore_missing(self.disk.sync_path(&path)).at(&path)?,
                // A folder that a purge or the end of the stream has replaced
                // meanwhile needs no sync any more.
                Step::Folder(path) => ignore_missing(self.disk.sync_dir(&path)).at(&path)?,
                Step::Replace {
                    tmp,
                    path,
                    content,
                    can_wait,
                } => {
                    let written = match &content {
                        Some(bytes) => self.disk.write_synced(&tmp, bytes),
                        None => self.disk.sync_path(&tmp),
                    };
                    let done = written.and_then(|()| self.disk.rename(&tmp, &path));
                    match ignore_missing(done).at(&path) {
                        // The older file stays, and goes with what was synced.
                        Err(error) if can_wait && error.is_disk_full() => {
                            ignore_missing(self.disk.remove_file(&tmp)).at(&tmp)?;
                            all = false;
                        }
                        other => other?,
                    }
                }
                Step::Remove(path) => ignore_missing(self.disk.remove_file(&path)).at(&path)?,
                Step::Fail(error) => return Err(error),
                Step::Done(flag) => flag.store(all, Ordering::Release),
            }
        }
        Ok(())
    }
}

/// Most things that wait for the disk at the same time. File systems put what is
/// synced at the same time into one commit of their journal.
const AT_ONCE: usize = 16;

/// Runs tasks of different stores, some at the same time.
///
/// # Errors
///
/// One of the things that went wrong; the other tasks have run all the same.
pub fn run_all(tasks: Vec<SyncTask>) -> Result<(), StoreError> {
    each_at_once(tasks, SyncTask::run)
}

/// Does something that waits for the disk with each item, with some at the same
/// time, in any order.
///
/// # Errors
///
/// One of the things that went wrong; the other items had their turn all the
/// same.
pub fn each_at_once<T: Send>(
    items: Vec<T>,
    act: impl Fn(T) -> Result<(), StoreError> + Sync,
) -> Result<(), StoreError> {
    let threads = items.len().min(AT_ONCE);
    let left = Mutex::new(items.into_iter());
    let work = || {
        let mut result = Ok(());
        loop {
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(item) = next else { return result };
            if let Err(error) = act(item) {
                result = Err(error);
            }
        }
    };
    if threads < 2 {
        return work();
    }
    std::thread::scope(|scope| {
        // Without more threads this one does it all.
        let others: Vec<_> = (1..threads)
            .map_while(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        others.into_iter().fold(work(), |result, other| {
            // A panic has been reported; what it was about is not safe.
            let theirs = other.join().unwrap_or(Err(StoreError::Interrupted));
            theirs.and(result)
        })
    })
}

fn ignore_missing(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

impl std::fmt::Debug for SyncTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SyncTask({} steps)", self.steps.len())
    }
}
