//! What has to happen so that flushed data survives a loss of power.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::disk::{Disk, DiskFile};
use crate::error::{AtPath, StoreError};

/// One step of a [`SyncTask`].
pub(crate) enum Step {
    /// The file's data is to be on disk.
    File {
        file: Arc<dyn DiskFile>,
        path: PathBuf,
    },
    /// The folder's entries are to be on disk.
    Folder(PathBuf),
    /// `tmp` is written with `content` if there is any, synced, and takes the
    /// place of `path`.
    Replace {
        tmp: PathBuf,
        path: PathBuf,
        content: Option<Vec<u8>>,
    },
    /// The file goes. It may be gone already.
    Remove(PathBuf),
    /// Nothing can be made durable, for this reason.
    Fail(StoreError),
    /// Everything before is done.
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
        for step in self.steps {
            match step {
                Step::File { file, path } => file.sync().at(&path)?,
                // A folder that a purge or the end of the stream has replaced
                // meanwhile needs no sync any more.
                Step::Folder(path) => ignore_missing(self.disk.sync_dir(&path)).at(&path)?,
                Step::Replace { tmp, path, content } => {
                    let written = match &content {
                        Some(bytes) => self.disk.write_synced(&tmp, bytes),
                        None => self.disk.sync_path(&tmp),
                    };
                    let done = written.and_then(|()| self.disk.rename(&tmp, &path));
                    ignore_missing(done).at(&path)?;
                }
                Step::Remove(path) => ignore_missing(self.disk.remove_file(&path)).at(&path)?,
                Step::Fail(error) => return Err(error),
                Step::Done(flag) => flag.store(true, Ordering::Release),
            }
        }
        Ok(())
    }
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
