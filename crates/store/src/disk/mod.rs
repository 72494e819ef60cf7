//! The file system as the store uses it.
//!
//! [`Disk`] is small so that a simulated one can stand in for the real one in
//! tests: one that forgets what was not synced, tears writes and runs full.

mod real;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use real::RealDisk;

/// An open file.
pub trait DiskFile: Send + Sync + Debug {
    /// Reads at an offset until `buffer` is full or the file ends; returns how
    /// much was read.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at an offset.
    ///
    /// # Errors
    ///
    /// Part of it may have been written then.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file, or extends it with zeros.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// The file's length.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn length(&self) -> io::Result<u64>;

    /// Makes content and length durable.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn sync(&self) -> io::Result<()>;
}

/// A claimed folder, see [`Disk::lock_folder`].
pub trait FolderLock: Send + Sync + Debug {}

/// What lies in a folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// Its name; entries whose name is not UTF-8 are not listed.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// A file system. Folders are made with mode 0700, files with 0600.
pub trait Disk: Send + Sync + Debug {
    /// Opens a file for reading and writing; makes it if `create`.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn DiskFile>>;

    /// Says that a file will be read soon, so that the disk can begin. Nothing
    /// waits for it, and nothing depends on it.
    fn will_read(&self, path: &Path) {
        let _ = path;
    }

    /// Reads a whole file.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Reads a whole file into a buffer, in place of what was in it.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn read_into(&self, path: &Path, buffer: &mut Vec<u8>) -> io::Result<()> {
        *buffer = self.read(path)?;
        Ok(())
    }

    /// Makes or replaces a file with this content, not synced.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// As [`write`](Self::write), and syncs the content.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn write_synced(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Syncs the content of the file at this path.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn sync_path(&self, path: &Path) -> io::Result<()>;

    /// Renames a file or folder, over a file that is there.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder with all it holds. One that is not there is fine.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder and those above it. One that is there is fine.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// The entries of a folder, in any order; none if it is not there.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;

    /// Makes the entries of a folder durable.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Claims a folder for this process until the lock is dropped; `None` if
    /// another one has it.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn lock_folder(&self, path: &Path) -> io::Result<Option<Box<dyn FolderLock>>>;

    /// Whether a file or folder is there.
    fn exists(&self, path: &Path) -> bool;

    /// How many files that [`open`](Self::open) gave are open.
    fn open_files(&self) -> usize {
        0
    }
}
