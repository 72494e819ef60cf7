//! The folder of a stream, as the stream asks for it.

use std::sync::Arc;

use midge_jetstream::stream::StreamFiles;
use midge_store::{ConsumerState, ConsumerStore, StoreError, StoreRoot};

/// The folder of a file stream.
pub(super) struct Folder {
    pub(super) root: Arc<StoreRoot>,
    pub(super) account: String,
    pub(super) stream: String,
}

impl StreamFiles for Folder {
    fn set_meta(&mut self, json: &[u8]) -> Result<(), StoreError> {
        self.root.set_stream_meta(&self.account, &self.stream, json)
    }

    fn create_consumer(
        &mut self,
        name: &str,
        meta: &[u8],
        state: &ConsumerState,
    ) -> Result<Box<dyn ConsumerStore>, StoreError> {
        let store = self
            .root
            .create_consumer(&self.account, &self.stream, name, meta, state)?;
        Ok(Box::new(store))
    }

    fn delete_consumer(&mut self, name: &str) -> Result<(), StoreError> {
        self.root.delete_consumer(&self.account, &self.stream, name)
    }

    fn is_encrypted(&self) -> bool {
        self.root.is_encrypted()
    }
}
