//! Room that streams reserve by `max_bytes`: of an account and of the server.

use std::sync::atomic::{AtomicI64, Ordering};

use super::Catalog;
use crate::config::{Storage, StreamConfig};
use crate::context::Settings;
use crate::error::ApiError;
use crate::error::catalogue as errors;

/// Reserved bytes of a server: the sum of `max_bytes` of all streams, counted
/// by all accounts.
#[derive(Debug, Default)]
pub struct Reservations {
    memory: AtomicI64,
    storage: AtomicI64,
}

impl Reservations {
    fn counter(&self, storage: Storage) -> &AtomicI64 {
        match storage {
            Storage::File => &self.storage,
            Storage::Memory => &self.memory,
        }
    }

    /// Reserved bytes of a kind of storage.
    pub fn bytes(&self, storage: Storage) -> i64 {
        self.counter(storage).load(Ordering::Relaxed)
    }
}

impl Catalog {
    pub(super) fn reserve(&self, config: &StreamConfig, sign: i64) {
        if config.max_bytes > 0 {
            self.reservations
                .counter(config.storage)
                .fetch_add(sign * config.max_bytes, Ordering::Relaxed);
        }
    }

    /// Reserved bytes of the account's streams but for one.
    pub(super) fn reserved(&self, storage: Storage, except: &str) -> i64 {
        self.streams
            .values()
            .filter(|entry| entry.config.storage == storage && entry.config.name != except)
            .map(|entry| entry.config.max_bytes.max(0))
            .fold(0, i64::saturating_add)
    }

    /// Whether account and server have room for what a stream reserves.
    /// `old` is its configuration before an update.
    pub(super) fn check_room(
        &self,
        config: &StreamConfig,
        old: Option<&StreamConfig>,
        settings: &Settings,
    ) -> Result<(), ApiError> {
        let Some(limits) = &settings.account_limits else {
            return Err(errors::NO_LIMITS);
        };
        let storage = config.storage;
        let (account, server, error) = match storage {
            Storage::File => (
                limits.max_storage,
                settings.limits.max_storage,
                errors::STORAGE_RESOURCES_EXCEEDED,
            ),
            Storage::Memory => (
                limits.max_memory,
                settings.limits.max_memory,
                errors::MEMORY_RESOURCES_EXCEEDED,
            ),
        };
        let wanted = config.max_bytes.max(1);
        let before = old.map_or(0, |old| old.max_bytes.max(0));
        if wanted <= before {
            return Ok(());
        }
        let own = self.reserved(storage, &config.name).saturating_add(wanted);
        if account > 0 && own > account {
            return Err(error);
        }
        let replaced = self
            .streams
            .get(&config.name)
            .map_or(0, |entry| entry.config.max_bytes.max(0));
        let all = self.reservations.bytes(storage) - replaced;
        if server > 0 && server < i64::MAX && all.saturating_add(wanted) > server {
            return Err(error);
        }
        Ok(())
    }
}
