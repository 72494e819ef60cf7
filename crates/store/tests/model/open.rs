//! Opens a store directory on the real disk.

use std::path::Path;
use std::sync::Arc;

use midge_store::disk::RealDisk;
use midge_store::{RootOptions, StoreError, StoreRoot};

/// A process that another test starts holds all locks of this one until it
/// has begun to run its program.
pub fn open_root(folder: &Path, options: &RootOptions) -> StoreRoot {
    for _ in 0..1000 {
        match StoreRoot::open(Arc::new(RealDisk), folder, options.clone()) {
            Err(StoreError::Locked(_)) => std::thread::yield_now(),
            other => return other.unwrap(),
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{} stays locked", folder.display());
}
