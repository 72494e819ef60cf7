//! Connections that are closed (monitoring-events.md 3.2).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::records::ConnRecord;

/// Most subscriptions remembered of one closed connection. Their number stays
/// right; without a bound a few clients could fill the memory with lists
/// nobody reads.
pub const CLOSED_SUBS_MAX: usize = 1_024;

/// A connection as it was when it was closed.
#[derive(Clone, Debug)]
pub struct ClosedRecord {
    /// The connection; its subscriptions and its authentication data belong to
    /// it in any case.
    pub connection: ConnRecord,
    /// When it was closed.
    pub stop: SystemTime,
    /// Why (monitoring-events.md 3.2.1).
    pub reason: String,
}

/// The latest closed connections (`max_closed_clients`). The oldest falls out.
#[derive(Debug)]
pub struct ClosedConnections {
    most: usize,
    records: Mutex<VecDeque<Arc<ClosedRecord>>>,
}

impl ClosedConnections {
    /// Remembers at most `most` connections.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            records: Mutex::new(VecDeque::new()),
        }
    }

    /// Remembers a connection.
    pub fn push(&self, mut record: ClosedRecord) {
        if self.most == 0 {
            return;
        }
        record.connection.subs.truncate(CLOSED_SUBS_MAX);
        record.connection.subs.shrink_to_fit();
        let record = Arc::new(record);
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = if records.len() >= self.most {
            records.pop_front()
        } else {
            None
        };
        records.push_back(record);
        // Freed without holding anybody up.
        drop(records);
        drop(oldest);
    }

    /// All that are remembered, oldest first.
    pub fn snapshot(&self) -> Vec<Arc<ClosedRecord>> {
        self.records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}
