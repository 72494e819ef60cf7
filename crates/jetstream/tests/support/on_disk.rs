//! A stream whose files are on a simulated disk.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy allows it in test functions only"
)]

use std::path::Path;
use std::sync::Arc;

use midge_jetstream::stream::{
    StreamFiles, StreamParts, meta_json, read_stream_meta, store_options,
};
use midge_jetstream::{Context, Effects, Settings, Stream};
use midge_store::{
    CacheBudget, ConsumerState, ConsumerStore, Nanos, RootOptions, StoreError, StoreRoot,
    StreamStore,
};

use super::disk::SimDisk;
use super::support::{Listeners, START, World, config};

const ACCOUNT: &str = "$G";

struct Files(Arc<StoreRoot>);

impl StreamFiles for Files {
    fn set_meta(&mut self, json: &[u8]) -> Result<(), StoreError> {
        self.0.set_stream_meta(ACCOUNT, "S", json)
    }

    fn create_consumer(
        &mut self,
        name: &str,
        meta: &[u8],
        state: &ConsumerState,
    ) -> Result<Box<dyn ConsumerStore>, StoreError> {
        let store = self.0.create_consumer(ACCOUNT, "S", name, meta, state)?;
        Ok(Box::new(store))
    }

    fn delete_consumer(&mut self, name: &str) -> Result<(), StoreError> {
        self.0.delete_consumer(ACCOUNT, "S", name)
    }

    fn is_encrypted(&self) -> bool {
        false
    }
}

fn root(disk: &SimDisk, cache: CacheBudget) -> Arc<StoreRoot> {
    let options = RootOptions {
        budget: cache,
        ..RootOptions::default()
    };
    let root = StoreRoot::open(Arc::new(disk.clone()), Path::new("/store"), options);
    Arc::new(root.unwrap())
}

fn parts(root: &Arc<StoreRoot>, store: Box<dyn StreamStore>) -> StreamParts {
    StreamParts {
        settings: Arc::new(Settings::default()),
        store,
        files: Box::new(Files(root.clone())),
        seed: 7,
    }
}

/// Creates the stream `S`; flushes may fail.
pub fn create(disk: &SimDisk, json: &str) -> World {
    let root = root(disk, CacheBudget::default());
    let config = config(json).unwrap();
    let options = store_options(&config, &Settings::default().limits, false);
    let meta = meta_json(&config, Nanos(START));
    let store = root.create_stream(ACCOUNT, "S", &meta, options).unwrap();
    let mut world = World::with_parts(config, parts(&root, Box::new(store)));
    world.may_fail = true;
    world
}

/// Opens the stream again.
pub fn recover(disk: &SimDisk, now: Nanos) -> World {
    recover_with(disk, now, CacheBudget::default())
}

/// The same with other memory for cached blocks.
pub fn recover_with(disk: &SimDisk, now: Nanos, cache: CacheBudget) -> World {
    let root = root(disk, cache);
    let found = root.streams(ACCOUNT).unwrap().remove(0);
    let (config, created) = read_stream_meta(&found.meta.unwrap()).unwrap();
    let options = store_options(&config, &Settings::default().limits, false);
    let (store, _) = root.open_stream(ACCOUNT, "S", options).unwrap();
    let mut consumers = Vec::new();
    for found in root.consumers(ACCOUNT, "S").unwrap() {
        let store = root.open_consumer(ACCOUNT, "S", &found.name).unwrap();
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
    let parts = parts(&root, Box::new(store));
    let stream = Stream::recover(config, created, parts, consumers, &mut cx).unwrap();
    World::of(stream, now, listeners)
}
