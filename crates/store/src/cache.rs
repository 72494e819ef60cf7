//! The memory that cached blocks may use, of all streams together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::CACHE_BYTES_DEFAULT;

/// A budget in bytes, shared by the stores of a server.
///
/// Blocks are taken from the disk whenever they are needed; a store that
/// finds the budget exceeded gives up blocks of its own that were not used
/// lately.
#[derive(Clone, Debug)]
pub struct CacheBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes: AtomicUsize,
    used: AtomicUsize,
}

impl CacheBudget {
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Inner {
            bytes: AtomicUsize::new(bytes),
            used: AtomicUsize::new(0),
        }))
    }

    /// Changes the budget.
    pub fn set_bytes(&self, bytes: usize) {
        self.0.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Most bytes that should be used.
    pub fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Whether more is used than should be.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.used() > self.0.bytes.load(Ordering::Relaxed)
    }

    /// Replaces what one store uses, `old`, by `new` bytes.
    pub(crate) fn replace(&self, old: usize, new: usize) {
        if new >= old {
            self.0.used.fetch_add(new - old, Ordering::Relaxed);
        } else {
            self.0.used.fetch_sub(old - new, Ordering::Relaxed);
        }
    }
}

impl Default for CacheBudget {
    fn default() -> Self {
        Self::new(CACHE_BYTES_DEFAULT)
    }
}
