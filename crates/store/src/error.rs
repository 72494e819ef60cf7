//! What can go wrong in a store.

use std::io;
use std::path::PathBuf;

use crate::types::Seq;

/// Why a store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system failed.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A message whose record would be over 32 MiB, or whose subject over
    /// 64 KiB.
    #[error("message too large: a record of {size} bytes, at most {max} are possible")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The bound.
        max: u64,
    },
    /// A message with a sequence that was used before.
    #[error("sequence {seq} is not above the last sequence {last}")]
    SequenceUsed {
        /// The wanted one.
        seq: Seq,
        /// The stream's last.
        last: Seq,
    },
    /// A file cannot be what it should be.
    #[error("{path}: {what}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// More results than asked for at most.
    #[error("more than {0} results")]
    TooMany(usize),
    /// A write failed before and could not be taken back; the stream accepts
    /// nothing until a flush succeeds.
    #[error("store of {path} is waiting for its disk: {reason}")]
    Broken {
        /// The stream's folder.
        path: PathBuf,
        /// What failed.
        reason: String,
    },
    /// Keys are missing or wrong.
    #[error("{path}: {source}")]
    Key {
        /// The encrypted file or its key.
        path: PathBuf,
        /// What is wrong.
        source: KeyError,
    },
    /// Something of that name is there already.
    #[error("{0} exists")]
    Exists(PathBuf),
    /// Nothing of that name is there.
    #[error("{0} does not exist")]
    Missing(PathBuf),
    /// A thread that wrote has panicked.
    #[error("a write was interrupted by a fault of the server")]
    Interrupted,
    /// A block has to be read from the disk first, and the caller does not wait:
    /// see [`StreamStore::set_patient`](crate::StreamStore::set_patient).
    #[error("the block is being read")]
    NotAtHand,
    /// Another process uses the store directory.
    #[error("{0} is used by another server")]
    Locked(PathBuf),
}

impl StoreError {
    /// Whether the disk or the user's share of it is full.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            _ => false,
        }
    }

    /// What clients may be told: the text without the server's paths.
    pub fn without_path(&self) -> String {
        match self {
            Self::Io { source, .. } => source.to_string(),
            Self::Corrupt { what, .. } => what.clone(),
            Self::Broken { reason, .. } => format!("the store is waiting for its disk: {reason}"),
            Self::Key { source, .. } => source.to_string(),
            Self::Exists(_) => "the store exists".to_owned(),
            Self::Missing(_) => "the store does not exist".to_owned(),
            Self::Locked(_) => "the store is used by another server".to_owned(),
            Self::TooLarge { .. }
            | Self::SequenceUsed { .. }
            | Self::TooMany(_)
            | Self::NotAtHand
            | Self::Interrupted => self.to_string(),
        }
    }
}

/// Why something encrypted cannot be read; the texts are the Go server's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// No configured key opens it.
    #[error("unable to recover keys")]
    Unrecoverable,
    /// It is encrypted, and no key is configured.
    #[error("encryption not enabled")]
    NotEnabled,
    /// The key file is too short.
    #[error("encryption bad key size")]
    BadSize,
    /// The sealed content was changed.
    #[error("cipher: message authentication failed")]
    Authentication,
}

/// A flush that failed. What had been staged since the last flush that
/// succeeded is taken back, in the files and in memory; the store goes on
/// from there.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct FlushError {
    /// First sequence that was staged and is lost, with all above it; `None`
    /// if only removals were staged.
    pub lost_from: Option<Seq>,
    /// The last sequence of the stream as it is now.
    pub last: Seq,
    /// What failed.
    pub cause: StoreError,
}

impl FlushError {
    /// Whether the disk or the user's share of it is full.
    pub fn is_disk_full(&self) -> bool {
        self.cause.is_disk_full()
    }
}

/// Attaches the path that an operation was about.
pub(crate) trait AtPath<T> {
    /// The result with an error that names the path.
    fn at(self, path: &std::path::Path) -> Result<T, StoreError>;
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, path: &std::path::Path) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Io {
            path: path.to_path_buf(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_no_paths() {
        let path = PathBuf::from("/secret/place");
        let errors = [
            StoreError::Io {
                path: path.clone(),
                source: io::Error::other("No space left"),
            },
            StoreError::Corrupt {
                path: path.clone(),
                what: "torn".into(),
            },
            StoreError::Broken {
                path: path.clone(),
                reason: "a sync failed".into(),
            },
            StoreError::Key {
                path: path.clone(),
                source: KeyError::NotEnabled,
            },
            StoreError::Exists(path.clone()),
            StoreError::Missing(path.clone()),
            StoreError::Locked(path),
        ];
        for error in errors {
            assert!(error.to_string().contains("/secret/place"), "{error}");
            let told = error.without_path();
            assert!(!told.is_empty() && !told.contains("secret"), "{told}");
        }
        assert_eq!(StoreError::TooMany(3).without_path(), "more than 3 results");
    }
}
