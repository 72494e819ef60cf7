//! Counters of the whole server (client-protocol.md 23).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Counts that are changed rarely enough to be shared by all threads. Messages
/// and bytes are counted per shard ([`ShardTotals`]).
#[derive(Debug, Default)]
pub struct Counters {
    clients: AtomicI64,
    total_connections: AtomicU64,
    subscriptions: AtomicI64,
    slow_clients: AtomicU64,
    stale_clients: AtomicU64,
    stalls: AtomicU64,
}

impl Counters {
    /// A client was accepted; counts it among the present ones unless there
    /// are `limit` already. Returns whether it was counted.
    pub(crate) fn note_client(&self, limit: i64) -> bool {
        self.total_connections.fetch_add(1, Ordering::Relaxed);
        let more = |now: i64| (now < limit).then_some(now + 1);
        self.clients
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    /// A client's connection is gone.
    pub(crate) fn note_client_gone(&self) {
        self.clients.fetch_sub(1, Ordering::Relaxed);
    }

    /// Subscriptions were added or removed.
    pub(crate) fn note_subscription(&self, change: i64) {
        self.subscriptions.fetch_add(change, Ordering::Relaxed);
    }

    /// A client was found to be a slow consumer.
    pub(crate) fn note_slow_client(&self) {
        self.slow_clients.fetch_add(1, Ordering::Relaxed);
    }

    /// A client did not answer pings.
    pub(crate) fn note_stale_client(&self) {
        self.stale_clients.fetch_add(1, Ordering::Relaxed);
    }

    /// A producer was held up for a slow receiver.
    pub(crate) fn note_stall(&self) {
        self.stalls.fetch_add(1, Ordering::Relaxed);
    }

    /// Client connections now.
    pub fn clients(&self) -> i64 {
        self.clients.load(Ordering::Relaxed)
    }

    /// Client connections ever accepted.
    pub fn total_connections(&self) -> u64 {
        self.total_connections.load(Ordering::Relaxed)
    }

    /// Subscriptions of clients now.
    pub fn subscriptions(&self) -> i64 {
        self.subscriptions.load(Ordering::Relaxed)
    }

    /// Slow consumer detections.
    pub fn slow_clients(&self) -> u64 {
        self.slow_clients.load(Ordering::Relaxed)
    }

    /// Stale clients closed.
    pub fn stale_clients(&self) -> u64 {
        self.stale_clients.load(Ordering::Relaxed)
    }

    /// Times a producer was held up.
    pub fn stalls(&self) -> u64 {
        self.stalls.load(Ordering::Relaxed)
    }
}

/// Messages through one shard: written by its thread, read by others.
#[derive(Debug, Default)]
pub struct ShardTotals {
    /// Messages from clients.
    pub in_msgs: AtomicU64,
    /// Their bytes: header block and payload.
    pub in_bytes: AtomicU64,
    /// Deliveries to clients.
    pub out_msgs: AtomicU64,
    /// Their bytes as published.
    pub out_bytes: AtomicU64,
}
