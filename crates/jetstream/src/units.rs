//! Sequences and times: those of the store, and how long things last.

pub use midge_store::{Nanos, Seq};

/// Nanoseconds of a second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// Nanoseconds of a millisecond.
pub const NANOS_PER_MILLI: i64 = 1_000_000;

/// The time `duration` nanoseconds after `at`, at most the end of time.
pub fn after(at: Nanos, duration: i64) -> Nanos {
    Nanos(at.0.saturating_add(duration))
}

/// The earlier of two times that may not come.
pub fn earliest(a: Option<Nanos>, b: Option<Nanos>) -> Option<Nanos> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, None) => a,
        (None, b) => b,
    }
}
