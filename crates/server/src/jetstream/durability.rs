//! When what was acknowledged is on disk.

use std::time::Duration;

/// How a server syncs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// An acknowledgement leaves after its data was synced; one sync covers
    /// everything that came meanwhile.
    #[default]
    Group,
    /// Acknowledgements leave at once; syncs come at this interval
    /// (`sync_interval`).
    Interval(Duration),
}
