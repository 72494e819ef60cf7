//! Bytes in use, counted by all streams of an account or server.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::config::Storage;

/// Counters that streams on several threads share. A stream adds what has
/// changed once a batch.
#[derive(Debug, Default)]
pub struct Usage {
    memory: AtomicI64,
    storage: AtomicI64,
}

impl Usage {
    /// Bytes in use of a kind of storage.
    pub fn bytes(&self, storage: Storage) -> i64 {
        self.counter(storage).load(Ordering::Relaxed)
    }

    /// Adds to it; what is negative takes away.
    pub fn add(&self, storage: Storage, bytes: i64) {
        self.counter(storage).fetch_add(bytes, Ordering::Relaxed);
    }

    fn counter(&self, storage: Storage) -> &AtomicI64 {
        match storage {
            Storage::File => &self.storage,
            Storage::Memory => &self.memory,
        }
    }
}
