//! The memory that cached blocks may use, of all streams together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::{CACHE_BYTES_DEFAULT, SUMMARIES_SHARE};

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
    /// What of it is in use by summaries.
    summaries: AtomicUsize,
    /// How often there was no room for a summary.
    refused: AtomicUsize,
}

impl CacheBudget {
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Inner {
            bytes: AtomicUsize::new(bytes),
            used: AtomicUsize::new(0),
            summaries: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
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

    /// Most bytes that summaries of blocks may use.
    pub(crate) fn summary_bytes_max(&self) -> usize {
        self.bytes() / SUMMARIES_SHARE
    }

    /// Room for a summary of so many bytes, if there is some.
    pub(crate) fn summary_room(&self, bytes: usize) -> Option<SummaryRoom> {
        let before = self.0.summaries.fetch_add(bytes, Ordering::Relaxed);
        self.0.used.fetch_add(bytes, Ordering::Relaxed);
        let room = SummaryRoom {
            budget: self.clone(),
            bytes,
        };
        let fits = before.saturating_add(bytes) <= self.summary_bytes_max();
        if !fits {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
        }
        fits.then_some(room)
    }

    /// Whether summaries use more than they may: they may less than before.
    pub(crate) fn are_summaries_too_many(&self) -> bool {
        self.0.summaries.load(Ordering::Relaxed) > self.summary_bytes_max()
    }

    /// Changes when a summary finds no room.
    pub(crate) fn summaries_refused(&self) -> usize {
        self.0.refused.load(Ordering::Relaxed)
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

/// What a summary uses of the budget, as long as it is there.
#[derive(Debug)]
pub(crate) struct SummaryRoom {
    budget: CacheBudget,
    bytes: usize,
}

impl Drop for SummaryRoom {
    fn drop(&mut self) {
        let inner = &self.budget.0;
        inner.summaries.fetch_sub(self.bytes, Ordering::Relaxed);
        inner.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
