//! Where a stream keeps what is not messages: its configuration and its
//! consumers.

use midge_store::{ConsumerChange, ConsumerState, ConsumerStore, StoreError, SyncTask};

/// The folder of a stream, or what stands for it.
pub trait StreamFiles: Send {
    /// Keeps the stream's configuration (`meta.inf`).
    ///
    /// # Errors
    /// If it could not be written; the old one stays.
    fn set_meta(&mut self, json: &[u8]) -> Result<(), StoreError>;

    /// Makes room for a consumer and keeps its configuration and first state.
    ///
    /// # Errors
    /// If it could not be made.
    fn create_consumer(
        &mut self,
        name: &str,
        meta: &[u8],
        state: &ConsumerState,
    ) -> Result<Box<dyn ConsumerStore>, StoreError>;

    /// Removes what was kept of a consumer.
    ///
    /// # Errors
    /// If something of it could not be removed.
    fn delete_consumer(&mut self, name: &str) -> Result<(), StoreError>;

    /// Whether what is written is encrypted.
    fn is_encrypted(&self) -> bool;
}

/// For streams in memory: nothing is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryFiles;

impl StreamFiles for MemoryFiles {
    fn set_meta(&mut self, _json: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn create_consumer(
        &mut self,
        _name: &str,
        _meta: &[u8],
        _state: &ConsumerState,
    ) -> Result<Box<dyn ConsumerStore>, StoreError> {
        Ok(Box::new(NoStore))
    }

    fn delete_consumer(&mut self, _name: &str) -> Result<(), StoreError> {
        Ok(())
    }

    fn is_encrypted(&self) -> bool {
        false
    }
}

/// Keeps nothing.
struct NoStore;

impl ConsumerStore for NoStore {
    fn take_recovered(&mut self) -> Option<ConsumerState> {
        None
    }
    fn write(&mut self, _state: &ConsumerState) {}
    fn change(&mut self, _change: ConsumerChange) {}
    fn wants_write(&self) -> bool {
        false
    }
    fn is_staged(&self) -> bool {
        false
    }
    fn flush(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
    fn take_sync(&mut self) -> Option<SyncTask> {
        None
    }
    fn set_meta(&mut self, _json: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }
    fn close(&mut self, _state: &ConsumerState) -> Result<(), StoreError> {
        Ok(())
    }
}
