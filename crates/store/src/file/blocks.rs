//! The files of a stream's blocks and their keys.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::compress;
use crate::crypt::{EncryptionKeys, Seed};
use crate::disk::Disk;
use crate::error::{AtPath, KeyError, StoreError};
use crate::hash::Checksum;
use crate::record::Record;

use super::fetch::{FetchTask, Fetches};

/// What encrypts a stream.
#[derive(Clone, Debug)]
pub(crate) struct StreamKeys {
    pub keys: Arc<EncryptionKeys>,
    pub account: String,
    pub stream: String,
    /// Of the stream's own files.
    pub seed: Seed,
}

/// The files `<n>.blk` and `<n>.key` of one stream.
#[derive(Debug)]
pub(crate) struct BlockFiles {
    pub disk: Arc<dyn Disk>,
    /// `msgs`.
    pub folder: PathBuf,
    pub name: Vec<u8>,
    pub keys: Option<StreamKeys>,
    seeds: HashMap<u32, Seed>,
    fetches: Fetches,
    /// Whether reading waits for the disk.
    pub patient: bool,
}

/// A block's content as it was found.
pub(crate) struct BlockBytes {
    /// Its records.
    pub plain: Vec<u8>,
    /// Whether a compressed file could be read to its end.
    pub complete: bool,
    /// Whether the file is encrypted as it should be, or plain as it should
    /// be.
    pub current: bool,
    /// Whether the file is compressed.
    pub compressed: bool,
}

impl BlockFiles {
    pub fn new(
        disk: Arc<dyn Disk>,
        folder: PathBuf,
        name: &[u8],
        keys: Option<StreamKeys>,
    ) -> Self {
        Self {
            disk,
            folder,
            name: name.to_vec(),
            keys,
            seeds: HashMap::new(),
            fetches: Fetches::default(),
            patient: true,
        }
    }

    pub fn path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number}.blk"))
    }

    pub fn key_path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number}.key"))
    }

    fn tmp(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".tmp");
        name.into()
    }

    /// The seed of a block; `None` if it is not encrypted. A key file of the
    /// previous key is replaced.
    pub fn seed(&mut self, number: u32) -> Result<Option<Seed>, StoreError> {
        let path = self.key_path(number);
        let Some(keys) = &self.keys else {
            if self.disk.exists(&path) {
                return Err(StoreError::Key {
                    path,
                    source: KeyError::NotEnabled,
                });
            }
            return Ok(None);
        };
        if let Some(seed) = self.seeds.get(&number) {
            return Ok(Some(seed.clone()));
        }
        let file = match self.disk.read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.at(&path)?,
        };
        let context = format!("{}:{number}", keys.stream);
        let (info, context) = (keys.account.as_bytes(), context.as_bytes());
        let opened = Seed::open(&keys.keys, info, context, &file);
        let (seed, current) = opened.map_err(|source| StoreError::Key {
            path: path.clone(),
            source,
        })?;
        if !current && let Some(file) = seed.rewrap(&keys.keys, info, context) {
            let tmp = Self::tmp(&path);
            self.disk.write_synced(&tmp, &file).at(&tmp)?;
            self.disk.rename(&tmp, &path).at(&path)?;
        }
        self.seeds.insert(number, seed.clone());
        Ok(Some(seed))
    }

    /// Makes the key file of a new block; `None` if the stream is not
    /// encrypted. It is renamed into place, not synced.
    pub fn make_key(&mut self, number: u32) -> Result<Option<Seed>, StoreError> {
        let Some((seed, file)) = self.generate(number)? else {
            return Ok(None);
        };
        let path = self.key_path(number);
        let tmp = Self::tmp(&path);
        self.disk.write_synced(&tmp, &file).at(&tmp)?;
        self.disk.rename(&tmp, &path).at(&path)?;
        self.seeds.insert(number, seed.clone());
        Ok(Some(seed))
    }

    pub fn generate(&self, number: u32) -> Result<Option<(Seed, Vec<u8>)>, StoreError> {
        let Some(keys) = &self.keys else {
            return Ok(None);
        };
        let context = format!("{}:{number}", keys.stream);
        let made = Seed::generate(&keys.keys, keys.account.as_bytes(), context.as_bytes());
        made.map(Some).map_err(|source| StoreError::Key {
            path: self.key_path(number),
            source,
        })
    }

    /// The seed of a block that was read.
    pub fn known_seed(&self, number: u32) -> Option<&Seed> {
        self.seeds.get(&number)
    }

    /// Whether a block's file is compressed.
    pub fn is_compressed(&mut self, number: u32) -> Result<bool, StoreError> {
        let path = self.path(number);
        let file = self.disk.open(&path, false).at(&path)?;
        let mut start = [0; 5];
        let read = file.read_at(&mut start, 0).at(&path)?;
        let start = start.get_mut(..read).unwrap_or_default();
        if let Ok(Some(seed)) = self.seed(number) {
            seed.apply(start, 0);
        }
        Ok(compress::is_compressed(start))
    }

    /// Forgets what is known of a block's key.
    pub fn forget(&mut self, number: u32) {
        self.seeds.remove(&number);
        self.fetches.note_changed(number);
    }

    /// Says that a block will be read soon, perhaps into `spare`.
    pub fn will_read(&mut self, number: u32, spare: &mut Option<Vec<u8>>) {
        let path = self.path(number);
        if self.patient {
            self.disk.will_read(&path);
        } else {
            self.fetches.ask(number, false, &self.disk, path, spare);
        }
    }

    /// Makes sure that reading a block waits for no disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotAtHand`] as long as it would; it is read into `spare`
    /// then, if there is one.
    pub fn fetch(&mut self, number: u32, spare: &mut Option<Vec<u8>>) -> Result<(), StoreError> {
        if self.fetches.has(number) {
            return Ok(());
        }
        let path = self.path(number);
        self.fetches.ask(number, true, &self.disk, path, spare);
        Err(StoreError::NotAtHand)
    }

    /// Tasks that read what was asked for.
    pub fn take_fetches(&mut self) -> Vec<FetchTask> {
        self.fetches.tasks()
    }

    /// A round of housekeeping.
    pub fn age_fetches(&mut self) {
        self.fetches.age();
    }

    /// Bytes of memory that blocks take which were fetched and not used yet.
    pub fn memory(&self) -> usize {
        self.fetches.memory()
    }

    /// Reads a block's records, whatever form the file has.
    pub fn read(&mut self, number: u32) -> Result<BlockBytes, StoreError> {
        self.read_into(number, &mut None)
    }

    /// The same, into `spare` if the disk is needed.
    pub fn read_into(
        &mut self,
        number: u32,
        spare: &mut Option<Vec<u8>>,
    ) -> Result<BlockBytes, StoreError> {
        let path = self.path(number);
        let file = match self.fetches.take(number) {
            Some(Ok(fetched)) => fetched,
            // Why it failed is found out now, by the one who is to know.
            Some(Err(_)) | None => {
                let mut buffer = spare.take().unwrap_or_default();
                self.disk.read_into(&path, &mut buffer).at(&path)?;
                buffer
            }
        };
        let encrypted = self.keys.is_some();
        let Some(seed) = self.seed(number)? else {
            let compressed = compress::is_compressed(&file);
            let plain = compress::unpack(file);
            return Ok(BlockBytes {
                plain: plain.block,
                complete: plain.complete,
                current: !encrypted,
                compressed,
            });
        };
        let checksum = Checksum::of_block(&self.name, number);
        let mut opened = file.clone();
        seed.apply(&mut opened, 0);
        if !begins_well(&opened, &checksum) && !file.is_empty() {
            // A crash while the block was being encrypted anew left the new
            // key with the old file: the new file is complete then.
            let tmp = Self::tmp(&path);
            if let Ok(mut pending) = self.disk.read(&tmp) {
                seed.apply(&mut pending, 0);
                if begins_well(&pending, &checksum) {
                    self.disk.rename(&tmp, &path).at(&path)?;
                    opened = pending;
                }
            }
            // The same when it was being encrypted for the first time.
            if !begins_well(&opened, &checksum) && begins_well(&file, &checksum) {
                let compressed = compress::is_compressed(&file);
                let plain = compress::unpack(file);
                return Ok(BlockBytes {
                    plain: plain.block,
                    complete: plain.complete,
                    current: false,
                    compressed,
                });
            }
        }
        let compressed = compress::is_compressed(&opened);
        let plain = compress::unpack(opened);
        Ok(BlockBytes {
            plain: plain.block,
            complete: plain.complete,
            current: true,
            compressed,
        })
    }

    /// Replaces a block's file by these records, through a temporary file that
    /// is synced. An encrypted one gets a new key.
    pub fn rewrite(&mut self, number: u32, plain: &[u8], pack: bool) -> Result<(), StoreError> {
        self.fetches.note_changed(number);
        let written = self.write_anew(number, plain, pack);
        // What is left of it would fill a full disk for good.
        written.inspect_err(|_| {
            for path in [self.path(number), self.key_path(number)] {
                let _ = self.disk.remove_file(&Self::tmp(&path));
            }
        })
    }

    fn write_anew(&mut self, number: u32, plain: &[u8], pack: bool) -> Result<(), StoreError> {
        let path = self.path(number);
        let tmp = Self::tmp(&path);
        let packed = if pack { compress::pack(plain) } else { None };
        let mut bytes = packed.unwrap_or_else(|| plain.to_vec());
        // A new key: two contents under one would tell what they differ in.
        match self.generate(number)? {
            None => self.disk.write_synced(&tmp, &bytes).at(&tmp)?,
            Some((seed, key)) => {
                // Both files are complete before either is renamed, and
                // reading finds the second one if only the first was.
                seed.apply(&mut bytes, 0);
                self.disk.write_synced(&tmp, &bytes).at(&tmp)?;
                let key_path = self.key_path(number);
                let key_tmp = Self::tmp(&key_path);
                self.disk.write_synced(&key_tmp, &key).at(&key_tmp)?;
                self.disk.sync_dir(&self.folder).at(&self.folder)?;
                self.disk.rename(&key_tmp, &key_path).at(&key_path)?;
                self.seeds.insert(number, seed);
            }
        }
        self.disk.rename(&tmp, &path).at(&path)?;
        self.disk.sync_dir(&self.folder).at(&self.folder)
    }

    /// Overwrites a piece of a block in its place, if it is neither compressed
    /// nor encrypted. Whether it is so.
    pub fn overwrite(
        &mut self,
        number: u32,
        offset: u64,
        piece: &[u8],
    ) -> Result<bool, StoreError> {
        if self.keys.is_some() || self.is_compressed(number)? {
            return Ok(false);
        }
        self.fetches.note_changed(number);
        let path = self.path(number);
        let file = self.disk.open(&path, false).at(&path)?;
        file.write_at(piece, offset).at(&path)?;
        file.sync().at(&path)?;
        Ok(true)
    }

    /// Replaces a block's file by one that is complete and synced, with its
    /// key. The folder is still to be synced.
    pub fn put_in_place(
        &mut self,
        number: u32,
        file: &Path,
        key: Option<(Seed, PathBuf)>,
    ) -> Result<(), StoreError> {
        self.fetches.note_changed(number);
        let path = self.path(number);
        let Some((seed, key)) = key else {
            return self.disk.rename(file, &path).at(&path);
        };
        // As in `rewrite`, under the names that reading looks for.
        let (tmp, key_path) = (Self::tmp(&path), self.key_path(number));
        self.disk.rename(file, &tmp).at(&tmp)?;
        self.disk.sync_dir(&self.folder).at(&self.folder)?;
        self.disk.rename(&key, &key_path).at(&key_path)?;
        self.seeds.insert(number, seed);
        self.disk.rename(&tmp, &path).at(&path)
    }

    /// Fills `buffer` from an offset of a block that is not compressed.
    pub fn read_range(
        &mut self,
        number: u32,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), StoreError> {
        let path = self.path(number);
        let file = self.disk.open(&path, false).at(&path)?;
        file.read_at(buffer, offset).at(&path)?;
        if let Some(seed) = self.seed(number)? {
            seed.apply(buffer, offset);
        }
        Ok(())
    }

    /// The last 8 bytes of a block's file, decrypted, and the file's length.
    pub fn last_sum(&mut self, number: u32) -> Result<([u8; 8], u64), StoreError> {
        let path = self.path(number);
        let file = self.disk.open(&path, false).at(&path)?;
        let length = file.length().at(&path)?;
        let mut sum = [0; 8];
        if length >= 8 {
            file.read_at(&mut sum, length - 8).at(&path)?;
            if let Some(seed) = self.seed(number)? {
                seed.apply(&mut sum, length - 8);
            }
        }
        Ok((sum, length))
    }
}

/// Whether plain bytes begin as a block does: with a good record, or
/// compressed.
fn begins_well(plain: &[u8], checksum: &Checksum) -> bool {
    compress::is_compressed(plain)
        || Record::parse(plain).is_some_and(|record| record.is_intact(checksum))
}
