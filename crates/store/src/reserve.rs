//! Space for removals on a full disk.
//!
//! A delete or purge writes before it frees anything. On a full disk that would
//! be the end: nothing could be removed because nothing can be removed. So a
//! file holds some space, and goes when a removal finds no other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::disk::Disk;

/// Size of the file: tombstones of 30,000 messages, and whole purges without
/// end, as each gives back more than it takes.
const RESERVE_BYTES: usize = 1 << 20;

/// Bytes that a disk must take to be no longer full.
const PROBE_BYTES: usize = 64 << 10;

/// Name of the file in the store directory. Servers look at folders only.
const NAME: &str = "reserve.space";

/// The file that holds space, one for a store directory.
#[derive(Debug)]
pub(crate) struct Reserve {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    is_spent: AtomicBool,
}

impl Reserve {
    /// That of a store directory. It holds nothing yet.
    pub fn new(disk: Arc<dyn Disk>, folder: &Path) -> Self {
        Self {
            disk,
            path: folder.join(NAME),
            is_spent: AtomicBool::new(false),
        }
    }

    /// Begins to hold space, if there is some.
    pub fn hold(&self) {
        self.is_spent.store(true, Ordering::Relaxed);
        self.refill();
    }

    /// Gives the space away. Whether there was any.
    pub fn spend(&self) -> bool {
        let had = self.disk.remove_file(&self.path).is_ok();
        if had {
            self.is_spent.store(true, Ordering::Relaxed);
        }
        had
    }

    /// Whether the disk takes something.
    pub fn has_space(&self) -> bool {
        let probe = self.path.with_extension("probe");
        let written = self.disk.write(&probe, &[0x5a; PROBE_BYTES]);
        let _ = self.disk.remove_file(&probe);
        written.is_ok()
    }

    /// Takes space again, if it was given away and there is some.
    pub fn refill(&self) {
        if !self.is_spent.load(Ordering::Relaxed) {
            return;
        }
        // Not all zeros, which some file systems do not store.
        let bytes: Vec<u8> = (0..RESERVE_BYTES).map(|at| (at % 251) as u8).collect();
        match self.disk.write(&self.path, &bytes) {
            Ok(()) => self.is_spent.store(false, Ordering::Relaxed),
            Err(_) => drop(self.disk.remove_file(&self.path)),
        }
    }
}
