//! The store of one stream, for tests of counts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use midge_store::crypt::{Cipher, EncryptionKeys};
use midge_store::{
    CacheBudget, FileStore, Limits, Recovery, RootOptions, StoreRoot, StreamOptions,
};

use super::Model;
use super::disk::SimDisk;

const FOLDER: &str = "/store/jetstream";

pub fn msgs(stream: &str) -> PathBuf {
    Path::new(FOLDER)
        .join("A/streams")
        .join(stream)
        .join("msgs")
}

pub fn counts_file() -> PathBuf {
    msgs("S").join("counts.db")
}

/// How a store is run in a test of counts.
#[derive(Clone, Debug)]
pub struct Setup {
    pub options: StreamOptions,
    pub keys: Option<EncryptionKeys>,
    pub budget: CacheBudget,
}

impl Setup {
    pub fn new(block_size: u32, cache: usize) -> Self {
        Self {
            options: StreamOptions {
                block_size,
                compress: false,
                ttl: false,
                limits: Limits::Some,
            },
            keys: None,
            budget: CacheBudget::new(cache),
        }
    }

    pub fn random(random: &mut fastrand::Rng) -> Self {
        let block_size = [400, 2_000, 6_000][random.usize(..3)];
        let mut setup = Self::new(
            block_size,
            [4_000, 15_000, 60_000, 1 << 20][random.usize(..4)],
        );
        setup.options.compress = random.u8(..5) == 0;
        let cipher = match random.u8(..8) {
            0 => Some(Cipher::Aes),
            1 => Some(Cipher::ChaCha),
            _ => None,
        };
        setup.keys = cipher.map(keys);
        setup
    }

    pub fn root(&self, disk: &SimDisk) -> StoreRoot {
        let options = RootOptions {
            keys: self.keys.clone(),
            budget: self.budget.clone(),
        };
        StoreRoot::open(Arc::new(disk.clone()), Path::new(FOLDER), options).unwrap()
    }

    pub fn create(&self, disk: &SimDisk, name: &str) -> FileStore {
        let root = self.root(disk);
        let made = root.create_stream("A", name, b"{}", self.options);
        made.unwrap()
    }

    pub fn open(&self, disk: &SimDisk) -> (FileStore, Recovery) {
        self.root(disk).open_stream("A", "S", self.options).unwrap()
    }
}

pub fn keys(cipher: Cipher) -> EncryptionKeys {
    EncryptionKeys {
        cipher,
        key: b"secret".to_vec(),
        previous: None,
    }
}

pub fn new_model() -> Model {
    Model {
        file: true,
        ..Model::default()
    }
}
