//! The store directory: accounts, their streams, the streams' consumers
//! (storage-format.md 1).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cache::CacheBudget;
use crate::consumer::{ConsumerPlace, ConsumerState, FileConsumerStore};
use crate::crypt::{EncryptionKeys, Seed};
use crate::disk::{Disk, FolderLock};
use crate::error::{AtPath, StoreError};
use crate::file::blocks::StreamKeys;
use crate::file::{FileStore, OpenStream, Recovery};
use crate::hash::Checksum;
use crate::meta::{self, Converted, MetaError, MetaKeys};
use crate::reserve::Reserve;
use crate::sync::Step;
use crate::types::StreamOptions;

const STREAMS: &str = "streams";
const CONSUMERS: &str = "obs";

/// How a store directory is used.
#[derive(Clone, Debug, Default)]
pub struct RootOptions {
    /// What everything is encrypted with; `None` for not at all.
    pub keys: Option<EncryptionKeys>,
    /// The memory for cached blocks.
    pub budget: CacheBudget,
}

/// A store directory, `<store_dir>/jetstream`, locked for this process.
///
/// It has no state but its paths and keys: threads may share it.
#[derive(Debug)]
pub struct StoreRoot {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    keys: Option<Arc<EncryptionKeys>>,
    budget: CacheBudget,
    reserve: Arc<Reserve>,
    _lock: Box<dyn FolderLock>,
}

/// A stream or consumer that was found.
#[derive(Debug)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its folder, for the log.
    pub folder: PathBuf,
    /// Its configuration (JSON, decrypted), or why there is none.
    pub meta: Result<Vec<u8>, MetaError>,
    /// What had to be done to read it with the configured keys. The rest of
    /// the files follows when it is opened.
    pub converted: Option<Converted>,
}

impl StoreRoot {
    /// Opens a store directory, and makes it if need be.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] if another process has it.
    pub fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        options: RootOptions,
    ) -> Result<Self, StoreError> {
        disk.create_folder(folder).at(folder)?;
        let lock = disk.lock_folder(folder).at(folder)?;
        let lock = lock.ok_or_else(|| StoreError::Locked(folder.to_path_buf()))?;
        Ok(Self {
            _lock: lock,
            reserve: Arc::new(Reserve::new(disk.clone(), folder)),
            disk,
            folder: folder.to_path_buf(),
            keys: options.keys.map(Arc::new),
            budget: options.budget,
        })
    }

    /// Holds some space for deletes and purges on a full disk.
    #[must_use]
    pub fn with_reserve(self) -> Self {
        self.reserve.hold();
        self
    }

    /// Whether the disk takes something: after it was full.
    pub fn has_space(&self) -> bool {
        self.reserve.has_space()
    }

    /// The budget of the block cache.
    pub fn budget(&self) -> &CacheBudget {
        &self.budget
    }

    /// Whether what is written is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.keys.is_some()
    }

    fn streams_folder(&self, account: &str) -> PathBuf {
        self.folder.join(account).join(STREAMS)
    }

    /// The folder of a stream.
    pub fn stream_folder(&self, account: &str, stream: &str) -> PathBuf {
        self.streams_folder(account).join(stream)
    }

    fn consumer_folder(&self, account: &str, stream: &str, consumer: &str) -> PathBuf {
        self.stream_folder(account, stream)
            .join(CONSUMERS)
            .join(consumer)
    }

    /// Names of the folders in a folder, in order.
    fn folders(&self, path: &Path) -> Result<Vec<String>, StoreError> {
        let entries = self.disk.list(path).at(path)?;
        let folders = entries.into_iter().filter(|entry| entry.is_folder);
        let mut names: Vec<String> = folders.map(|entry| entry.name).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// The accounts that have a folder.
    ///
    /// # Errors
    ///
    /// If folders cannot be read.
    pub fn accounts(&self) -> Result<Vec<String>, StoreError> {
        self.folders(&self.folder)
    }

    /// Removes what is left of deleted streams and of restores, and the
    /// folder of an account that has nothing.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn clean(&self, account: &str) -> Result<(), StoreError> {
        let folder = self.folder.join(account);
        let staging = folder.join("__snapshots__");
        self.disk.remove_folder(&staging).at(&staging)?;
        let streams = self.streams_folder(account);
        let names = self.folders(&streams)?;
        for name in &names {
            if name.starts_with('.') {
                let path = streams.join(name);
                self.disk.remove_folder(&path).at(&path)?;
            }
        }
        let is_empty = names.iter().all(|name| name.starts_with('.'));
        if is_empty && self.folders(&folder)?.iter().all(|name| name == STREAMS) {
            self.disk.remove_folder(&folder).at(&folder)?;
        }
        Ok(())
    }

    fn meta_keys(&self, account: &str, context: String) -> Option<MetaKeys> {
        let keys = self.keys.clone()?;
        Some(MetaKeys {
            keys,
            account: account.to_string(),
            context,
        })
    }

    fn read_meta(
        &self,
        folder: &Path,
        sum: &Checksum,
        keys: Option<&MetaKeys>,
        verify: bool,
    ) -> Result<meta::Meta, MetaError> {
        meta::read(self.disk.as_ref(), folder, sum, keys, verify)
    }

    /// Names of the streams of an account, those included that cannot be
    /// opened. Reads no files.
    ///
    /// # Errors
    ///
    /// If folders cannot be read.
    pub fn stream_names(&self, account: &str) -> Result<Vec<String>, StoreError> {
        let mut names = self.folders(&self.streams_folder(account))?;
        names.retain(|name| !name.starts_with('.'));
        Ok(names)
    }

    /// The streams of an account, those included that cannot be opened.
    ///
    /// # Errors
    ///
    /// If folders cannot be read.
    pub fn streams(&self, account: &str) -> Result<Vec<Found>, StoreError> {
        let names = self.stream_names(account)?;
        Ok(names
            .into_iter()
            .map(|name| {
                let folder = self.stream_folder(account, &name);
                let keys = self.meta_keys(account, name.clone());
                let sum = Checksum::of_name(name.as_bytes());
                let meta = self.read_meta(&folder, &sum, keys.as_ref(), true);
                let converted = meta.as_ref().ok().and_then(|meta| meta.converted);
                Found {
                    name,
                    folder,
                    meta: meta.map(|meta| meta.json),
                    converted,
                }
            })
            .collect())
    }

    fn open_files(
        &self,
        account: &str,
        name: &str,
        seed: Option<Seed>,
        options: StreamOptions,
    ) -> Result<(FileStore, Recovery), StoreError> {
        let keys = self.keys.clone().zip(seed).map(|(keys, seed)| StreamKeys {
            keys,
            account: account.to_string(),
            stream: name.to_string(),
            seed,
        });
        FileStore::open(OpenStream {
            disk: self.disk.clone(),
            folder: self.stream_folder(account, name),
            name: name.to_string(),
            keys,
            options,
            budget: self.budget.clone(),
            reserve: Some(self.reserve.clone()),
        })
    }

    /// Removes a folder that a crash left when a stream or consumer was being
    /// made, or a consumer deleted: its configuration is not complete, and there
    /// are no messages. Whether it was one.
    fn clear_half_made(&self, folder: &Path) -> Result<bool, StoreError> {
        // A file that was not synced may be there without its content.
        let is_there = |name: &str| {
            let content = self.disk.read(&folder.join(name));
            content.is_ok_and(|content| !content.is_empty())
        };
        if is_there("meta.inf") && is_there("meta.sum") {
            return Ok(false);
        }
        let msgs = folder.join("msgs");
        if self.disk.exists(&msgs) {
            for entry in self.disk.list(&msgs).at(&msgs)? {
                let path = msgs.join(&entry.name);
                if entry.name.ends_with(".blk") && !self.disk.read(&path).at(&path)?.is_empty() {
                    return Ok(false);
                }
            }
        }
        self.disk.remove_folder(folder).at(folder)?;
        Ok(true)
    }

    /// Makes a stream with this configuration (JSON). It is durable once the
    /// store's next sync task has run.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if its folder is there, be it readable or not.
    /// Nothing is left of a stream that could not be made.
    pub fn create_stream(
        &self,
        account: &str,
        name: &str,
        meta_json: &[u8],
        options: StreamOptions,
    ) -> Result<FileStore, StoreError> {
        let folder = self.stream_folder(account, name);
        if self.disk.exists(&folder) && !self.clear_half_made(&folder)? {
            return Err(StoreError::Exists(folder));
        }
        let made = self.make_stream(account, name, meta_json, options);
        made.inspect_err(|_| drop(self.disk.remove_folder(&folder)))
    }

    fn make_stream(
        &self,
        account: &str,
        name: &str,
        meta_json: &[u8],
        options: StreamOptions,
    ) -> Result<FileStore, StoreError> {
        let folder = self.stream_folder(account, name);
        // A crash leaves a folder without a complete configuration at worst,
        // which the next creation clears away.
        self.disk
            .create_folder(&folder.join(CONSUMERS))
            .at(&folder)?;
        let keys = self.meta_keys(account, name.to_string());
        let seed = meta::make_key(self.disk.as_ref(), &folder, keys.as_ref())?;
        let sum = Checksum::of_name(name.as_bytes());
        let (mut store, _) = self.open_files(account, name, seed.clone(), options)?;
        let disk = self.disk.as_ref();
        let mut steps = meta::write_new(disk, &folder, &sum, meta_json, seed.as_ref())?;
        let above = [self.streams_folder(account), self.folder.join(account)];
        steps.extend(above.into_iter().map(Step::Folder));
        steps.push(Step::Folder(self.folder.clone()));
        store.add_steps(steps);
        Ok(store)
    }

    /// Opens a stream that [`streams`](Self::streams) has found.
    ///
    /// # Errors
    ///
    /// If its files cannot be read or written. Damage is no error: it is
    /// repaired and told by [`Recovery`] and
    /// [`StreamStore::lost`](crate::StreamStore::lost).
    pub fn open_stream(
        &self,
        account: &str,
        name: &str,
        options: StreamOptions,
    ) -> Result<(FileStore, Recovery), StoreError> {
        let folder = self.stream_folder(account, name);
        let keys = self.meta_keys(account, name.to_string());
        let sum = Checksum::of_name(name.as_bytes());
        let meta = self.read_meta(&folder, &sum, keys.as_ref(), true);
        let seed = meta.map_err(|error| unusable(&folder, error))?.seed;
        self.open_files(account, name, seed, options)
    }

    /// Replaces the configuration of a stream. It is on disk when this
    /// returns.
    ///
    /// # Errors
    ///
    /// If it cannot be written; the old one stays.
    pub fn set_stream_meta(
        &self,
        account: &str,
        name: &str,
        meta_json: &[u8],
    ) -> Result<(), StoreError> {
        let folder = self.stream_folder(account, name);
        let keys = self.meta_keys(account, name.to_string());
        let sum = Checksum::of_name(name.as_bytes());
        let meta = self.read_meta(&folder, &sum, keys.as_ref(), true);
        let seed = meta.map_err(|error| unusable(&folder, error))?.seed;
        meta::write(self.disk.as_ref(), &folder, &sum, meta_json, seed.as_ref())
    }

    /// Deletes a stream with its consumers. Its store has to be dropped
    /// before. Once this returns it does not come back.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn delete_stream(&self, account: &str, name: &str) -> Result<(), StoreError> {
        let folder = self.stream_folder(account, name);
        let streams = self.streams_folder(account);
        let hidden = streams.join(format!(".{name}"));
        self.disk.remove_folder(&hidden).at(&hidden)?;
        self.disk.rename(&folder, &hidden).at(&folder)?;
        self.disk.sync_dir(&streams).at(&streams)?;
        self.disk.remove_folder(&hidden).at(&hidden)
    }

    /// The consumers of a stream, those included that cannot be opened.
    ///
    /// # Errors
    ///
    /// If folders cannot be read.
    pub fn consumers(&self, account: &str, stream: &str) -> Result<Vec<Found>, StoreError> {
        let names = self.folders(&self.stream_folder(account, stream).join(CONSUMERS))?;
        Ok(names
            .into_iter()
            .map(|name| {
                let folder = self.consumer_folder(account, stream, &name);
                let keys = self.meta_keys(account, format!("{stream}.{name}"));
                let sum = Checksum::of_name(format!("{stream}/{name}").as_bytes());
                // The Go server does not check a consumer's checksum.
                let meta = self.read_meta(&folder, &sum, keys.as_ref(), false);
                let converted = meta.as_ref().ok().and_then(|meta| meta.converted);
                Found {
                    name,
                    folder,
                    meta: meta.map(|meta| meta.json),
                    converted,
                }
            })
            .collect())
    }

    fn place(&self, account: &str, stream: &str, name: &str, seed: Option<Seed>) -> ConsumerPlace {
        ConsumerPlace {
            disk: self.disk.clone(),
            folder: self.consumer_folder(account, stream, name),
            sum: Checksum::of_name(format!("{stream}/{name}").as_bytes()),
            seed,
        }
    }

    /// Makes a consumer with this configuration (JSON) and state. Both are
    /// durable once the store's next sync task has run.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if its folder is there. Nothing is left of a
    /// consumer that could not be made.
    pub fn create_consumer(
        &self,
        account: &str,
        stream: &str,
        name: &str,
        meta_json: &[u8],
        state: &ConsumerState,
    ) -> Result<FileConsumerStore, StoreError> {
        let folder = self.consumer_folder(account, stream, name);
        if self.disk.exists(&folder) && !self.clear_half_made(&folder)? {
            return Err(StoreError::Exists(folder));
        }
        let made = self.make_consumer(account, stream, name, meta_json, state);
        made.inspect_err(|_| drop(self.disk.remove_folder(&folder)))
    }

    fn make_consumer(
        &self,
        account: &str,
        stream: &str,
        name: &str,
        meta_json: &[u8],
        state: &ConsumerState,
    ) -> Result<FileConsumerStore, StoreError> {
        let folder = self.consumer_folder(account, stream, name);
        self.disk.create_folder(&folder).at(&folder)?;
        let keys = self.meta_keys(account, format!("{stream}.{name}"));
        let seed = meta::make_key(self.disk.as_ref(), &folder, keys.as_ref())?;
        let place = self.place(account, stream, name, seed.clone());
        let sum = place.sum;
        let mut store = FileConsumerStore::create(place, state)?;
        let disk = self.disk.as_ref();
        let mut steps = meta::write_new(disk, &folder, &sum, meta_json, seed.as_ref())?;
        let consumers = self.stream_folder(account, stream).join(CONSUMERS);
        steps.push(Step::Folder(consumers));
        store.add_steps(steps);
        Ok(store)
    }

    /// Opens a consumer that [`consumers`](Self::consumers) has found.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] with the Go server's words if its state is
    /// damaged; its files stay.
    pub fn open_consumer(
        &self,
        account: &str,
        stream: &str,
        name: &str,
    ) -> Result<FileConsumerStore, StoreError> {
        let folder = self.consumer_folder(account, stream, name);
        let keys = self.meta_keys(account, format!("{stream}.{name}"));
        let sum = Checksum::of_name(format!("{stream}/{name}").as_bytes());
        let meta = self.read_meta(&folder, &sum, keys.as_ref(), false);
        let seed = meta.map_err(|error| unusable(&folder, error))?.seed;
        FileConsumerStore::open(self.place(account, stream, name, seed))
    }

    /// Deletes a consumer. Its store has to be dropped before.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn delete_consumer(
        &self,
        account: &str,
        stream: &str,
        name: &str,
    ) -> Result<(), StoreError> {
        let folder = self.consumer_folder(account, stream, name);
        // Without meta.inf it is none, whatever else is left by a crash.
        let inf = folder.join("meta.inf");
        match self.disk.remove_file(&inf) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other.at(&inf)?,
        }
        self.disk.remove_folder(&folder).at(&folder)?;
        let consumers = self.stream_folder(account, stream).join(CONSUMERS);
        self.disk.sync_dir(&consumers).at(&consumers)
    }
}

fn unusable(folder: &Path, error: MetaError) -> StoreError {
    match error {
        MetaError::Store(error) => error,
        MetaError::Key(source) => StoreError::Key {
            path: folder.join("meta.key"),
            source,
        },
        other => StoreError::Corrupt {
            path: folder.join("meta.inf"),
            what: other.to_string(),
        },
    }
}
