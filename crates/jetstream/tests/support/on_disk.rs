//! Streams whose files are in a store directory, on a disk or a simulated one.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy allows it in test functions only"
)]

use std::path::Path;
use std::sync::Arc;

use midge_jetstream::stream::{
    Offline, StreamFiles, StreamParts, meta_json, read_stream_meta, store_options,
};
use midge_jetstream::{Context, Effects, Settings, Stream};
use midge_store::disk::Disk;
use midge_store::{
    CacheBudget, ConsumerState, ConsumerStore, Found, Nanos, RootOptions, StoreError, StoreRoot,
    StreamStore,
};

use super::support::{Listeners, START, World, config};

pub const ACCOUNT: &str = "$G";

struct Files {
    root: Arc<StoreRoot>,
    stream: String,
}

impl StreamFiles for Files {
    fn set_meta(&mut self, json: &[u8]) -> Result<(), StoreError> {
        self.root.set_stream_meta(ACCOUNT, &self.stream, json)
    }

    fn create_consumer(
        &mut self,
        name: &str,
        meta: &[u8],
        state: &ConsumerState,
    ) -> Result<Box<dyn ConsumerStore>, StoreError> {
        let store = self
            .root
            .create_consumer(ACCOUNT, &self.stream, name, meta, state)?;
        Ok(Box::new(store))
    }

    fn delete_consumer(&mut self, name: &str) -> Result<(), StoreError> {
        self.root.delete_consumer(ACCOUNT, &self.stream, name)
    }

    fn is_encrypted(&self) -> bool {
        self.root.is_encrypted()
    }
}

/// Opens a store directory with so much memory for cached blocks.
pub fn open(disk: impl Disk + 'static, folder: &Path, budget: CacheBudget) -> Arc<StoreRoot> {
    let options = RootOptions {
        budget,
        ..RootOptions::default()
    };
    Arc::new(StoreRoot::open(Arc::new(disk), folder, options).unwrap())
}

fn parts(root: &Arc<StoreRoot>, stream: &str, store: Box<dyn StreamStore>) -> StreamParts {
    StreamParts {
        settings: Arc::new(Settings::default()),
        store,
        files: Box::new(Files {
            root: root.clone(),
            stream: stream.to_owned(),
        }),
        seed: 7,
    }
}

/// Creates the stream `S`.
pub fn create(root: &Arc<StoreRoot>, json: &str) -> World {
    let config = config(json).unwrap();
    let limits = Settings::default().limits;
    let options = store_options(&config, &limits, root.is_encrypted());
    let meta = meta_json(&config, Nanos(START));
    let store = root.create_stream(ACCOUNT, "S", &meta, options).unwrap();
    World::with_parts(config, parts(root, "S", Box::new(store)))
}

/// Opens the only stream that is there; the time goes on.
pub fn recover(root: &Arc<StoreRoot>, now: Nanos) -> Result<World, Box<Offline>> {
    let found = root.streams(ACCOUNT).unwrap().remove(0);
    recover_found(root, found, now)
}

/// The same with one of several.
pub fn recover_found(
    root: &Arc<StoreRoot>,
    found: Found,
    now: Nanos,
) -> Result<World, Box<Offline>> {
    let name = &found.name;
    let (config, created) = read_stream_meta(&found.meta.unwrap())?;
    let limits = Settings::default().limits;
    let options = store_options(&config, &limits, root.is_encrypted());
    let (store, _) = root.open_stream(ACCOUNT, name, options).unwrap();
    let mut consumers = Vec::new();
    for found in root.consumers(ACCOUNT, name).unwrap() {
        let store = root.open_consumer(ACCOUNT, name, &found.name).unwrap();
        let store: Box<dyn ConsumerStore> = Box::new(store);
        consumers.push((found.meta.unwrap(), store));
    }
    let listeners = Listeners {
        all_inboxes: true,
        ..Listeners::default()
    };
    let mut out = Effects::new();
    let mut cx = Context {
        now,
        interest: &listeners,
        out: &mut out,
    };
    let parts = parts(root, name, Box::new(store));
    let stream = Stream::recover(config, created, parts, consumers, &mut cx)?;
    Ok(World::of(stream, now, listeners))
}
