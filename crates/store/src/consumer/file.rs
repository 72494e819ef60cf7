//! The state of a consumer on disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::crypt::Seed;
use crate::disk::{Disk, DiskFile};
use crate::error::{AtPath, StoreError};
use crate::hash::Checksum;
use crate::meta;
use crate::sync::{Step, SyncTask};

use super::{ConsumerChange, ConsumerState, ConsumerStore, journal, odat};

/// Bytes of the journal that make its owner write the whole state.
const JOURNAL_BYTES: u64 = 16 << 10;

/// Bytes that wait for a disk that takes nothing. With more the journal is
/// given up, and the whole state is written once there is space.
const STAGED_BYTES_MAX: usize = 1 << 20;

/// The state of a consumer with file storage: `o.dat`, and the changes since
/// then in `journal.db`. Files are open between a flush and the next sync
/// only.
pub struct FileConsumerStore {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    sum: Checksum,
    seed: Option<Seed>,
    recovered: Option<ConsumerState>,
    /// Frames to be appended to the journal.
    staged: Vec<u8>,
    /// Body of the frame that changes are being added to.
    open: Vec<u8>,
    /// An `o.dat` for the next sync task.
    state: Option<Vec<u8>>,
    file: Option<Arc<dyn DiskFile>>,
    journal_length: u64,
    /// Where the journal begins to matter, once the `o.dat` written last is in
    /// its place.
    base_at: u64,
    /// Whether that is so.
    base_done: Arc<AtomicBool>,
    /// The journal file was made or replaced since the last sync.
    folder_changed: bool,
    unsynced: bool,
    /// What changed since the last whole state.
    changed: bool,
    /// The journal was given up: nothing is noted until the whole state is
    /// written.
    is_behind: bool,
    /// What goes into the next sync task besides.
    steps: Vec<Step>,
}

/// Where a consumer's files are and what encrypts them.
pub(crate) struct ConsumerPlace {
    pub disk: Arc<dyn Disk>,
    pub folder: PathBuf,
    pub sum: Checksum,
    pub seed: Option<Seed>,
}

impl FileConsumerStore {
    fn new(place: ConsumerPlace) -> Self {
        Self {
            disk: place.disk,
            folder: place.folder,
            sum: place.sum,
            seed: place.seed,
            recovered: None,
            staged: Vec::new(),
            open: Vec::new(),
            state: None,
            file: None,
            journal_length: 0,
            base_at: 0,
            base_done: Arc::new(AtomicBool::new(true)),
            folder_changed: false,
            unsynced: false,
            changed: false,
            is_behind: false,
            steps: Vec::new(),
        }
    }

    /// A new consumer's, with its first state. It is durable after the next
    /// sync task, if the folder is.
    pub(crate) fn create(place: ConsumerPlace, state: &ConsumerState) -> Result<Self, StoreError> {
        let mut store = Self::new(place);
        let bytes = store.sealed(odat::encode(state))?;
        let path = store.folder.join("o.dat");
        store.remove_journal()?;
        store.disk.write(&path, &bytes).at(&path)?;
        store.steps.push(Step::Path(path));
        store.start_journal(&bytes)?;
        Ok(store)
    }

    /// Adds to the next sync task.
    pub(crate) fn add_steps(&mut self, steps: Vec<Step>) {
        self.steps.extend(steps);
    }

    /// Writes the whole state at once, and begins a new journal.
    fn write_whole(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let (path, tmp) = (self.folder.join("o.dat"), self.folder.join("o.dat.tmp"));
        let written = self.disk.write_synced(&tmp, bytes).at(&tmp);
        written.inspect_err(|_| drop(self.disk.remove_file(&tmp)))?;
        self.disk.rename(&tmp, &path).at(&path)?;
        self.disk.sync_dir(&self.folder).at(&self.folder)?;
        self.staged.clear();
        self.open.clear();
        self.state = None;
        self.unsynced = false;
        self.changed = false;
        self.base_done = Arc::new(AtomicBool::new(true));
        self.remove_journal()
    }

    /// Leaves away what waits, if it is too much.
    fn give_up(&mut self) {
        if self.staged.len() > STAGED_BYTES_MAX {
            self.is_behind = true;
            self.staged = Vec::new();
            self.open = Vec::new();
        }
    }

    /// An existing consumer's.
    pub(crate) fn open(place: ConsumerPlace) -> Result<Self, StoreError> {
        let mut store = Self::new(place);
        let path = store.folder.join("o.dat");
        let bytes = match store.disk.read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            other => other.at(&path)?,
        };
        let plain = store.unsealed(&bytes)?;
        let decoded = odat::decode(&plain).map_err(|error| StoreError::Corrupt {
            path,
            what: error.to_string(),
        })?;
        let Some(mut state) = decoded else {
            store.remove_journal()?;
            store.start_journal(&bytes)?;
            return Ok(store);
        };
        let journal_path = store.folder.join("journal.db");
        let journal = match store.disk.read(&journal_path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            other => other.at(&journal_path)?,
        };
        let state_sum = store.sum.sum(&bytes);
        let seed = store.seed.as_ref();
        let replay = journal::replay(&journal, &store.sum, seed, state_sum, &mut state);
        store.recovered = Some(state);
        store.changed = true;
        match replay.base_at {
            Some(base_at) => {
                if replay.length < journal.len() as u64 {
                    let file = store.disk.open(&journal_path, false).at(&journal_path)?;
                    file.set_len(replay.length).at(&journal_path)?;
                }
                store.journal_length = replay.length;
                store.base_at = base_at;
            }
            None => {
                store.remove_journal()?;
                store.start_journal(&bytes)?;
            }
        }
        Ok(store)
    }

    fn sealed(&self, plain: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        match &self.seed {
            None => Ok(plain),
            Some(seed) => seed.seal(&plain).map_err(|source| self.key_error(source)),
        }
    }

    fn key_error(&self, source: crate::KeyError) -> StoreError {
        StoreError::Key {
            path: self.folder.join("o.dat"),
            source,
        }
    }

    fn unsealed(&self, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
        match &self.seed {
            Some(seed) if !bytes.is_empty() => match seed.unseal(bytes) {
                Ok(plain) => Ok(plain),
                // From before the consumer was encrypted.
                Err(_) if odat::decode(bytes).is_ok() => Ok(bytes.to_vec()),
                Err(source) => Err(self.key_error(source)),
            },
            _ => Ok(bytes.to_vec()),
        }
    }

    fn remove_journal(&mut self) -> Result<(), StoreError> {
        let path = self.folder.join("journal.db");
        self.journal_length = 0;
        self.file = None;
        match self.disk.remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other.at(&path),
        }
    }

    /// Stages the first frame of a journal that belongs to this `o.dat`.
    fn start_journal(&mut self, state: &[u8]) -> Result<(), StoreError> {
        self.base_at = self.journal_length + self.staged.len() as u64;
        let body = journal::base(self.sum.sum(state));
        self.frame(&body)
    }

    fn frame(&mut self, body: &[u8]) -> Result<(), StoreError> {
        let framed = journal::put_frame(&mut self.staged, body, &self.sum, self.seed.as_ref());
        framed.map_err(|source| self.key_error(source))
    }

    fn close_frame(&mut self) -> Result<(), StoreError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let body = std::mem::take(&mut self.open);
        self.frame(&body)
    }

    /// Leaves away what the `o.dat` in place has, if the journal is long.
    fn shorten(&mut self) -> Result<(), StoreError> {
        let done = self.base_done.load(Ordering::Acquire);
        if !done || self.base_at == 0 || self.journal_length < JOURNAL_BYTES {
            return Ok(());
        }
        let path = self.folder.join("journal.db");
        let journal = self.disk.read(&path).at(&path)?;
        let kept = journal.get(self.base_at as usize..self.journal_length as usize);
        let kept = kept.unwrap_or_default();
        let tmp = self.folder.join("journal.db.tmp");
        self.disk.write_synced(&tmp, kept).at(&tmp)?;
        self.disk.rename(&tmp, &path).at(&path)?;
        self.file = None;
        self.folder_changed = true;
        self.journal_length -= self.base_at;
        self.base_at = 0;
        Ok(())
    }
}

impl ConsumerStore for FileConsumerStore {
    fn take_recovered(&mut self) -> Option<ConsumerState> {
        self.recovered.take()
    }

    fn write(&mut self, state: &ConsumerState) {
        if self.is_behind {
            // An older state that is on its way must not come after this one.
            if Arc::strong_count(&self.base_done) == 1
                && let Ok(bytes) = self.sealed(odat::encode(state))
                && self.write_whole(&bytes).is_ok()
                && self.start_journal(&bytes).is_ok()
            {
                self.is_behind = false;
            }
            return;
        }
        // An error of the seal (no randomness) leaves the journal as it is,
        // which has everything.
        let Ok(bytes) = self.sealed(odat::encode(state)) else {
            return;
        };
        // Shortening is not needed for anything but space.
        let _ = self.shorten();
        if self.close_frame().is_ok() && self.start_journal(&bytes).is_ok() {
            self.base_done = Arc::new(AtomicBool::new(false));
            self.state = Some(bytes);
        }
    }

    fn change(&mut self, change: ConsumerChange) {
        self.changed = true;
        if self.is_behind {
            return;
        }
        if self.open.is_empty() {
            self.open = journal::changes();
        }
        journal::put(&mut self.open, change);
    }

    fn wants_write(&self) -> bool {
        let length = self.journal_length + (self.staged.len() + self.open.len()) as u64;
        self.is_behind || length - self.base_at.min(length) > JOURNAL_BYTES
    }

    fn is_staged(&self) -> bool {
        self.is_behind || !self.staged.is_empty() || !self.open.is_empty()
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let path = self.folder.join("journal.db");
        if self.is_behind {
            return Err(StoreError::Broken {
                path,
                reason: "the disk takes nothing".to_owned(),
            });
        }
        self.close_frame()?;
        if self.staged.is_empty() {
            return Ok(());
        }
        let file = match &self.file {
            Some(file) => file.clone(),
            None => {
                self.folder_changed |= self.journal_length == 0;
                let file = self.disk.open(&path, true).at(&path)?;
                self.file = Some(file.clone());
                file
            }
        };
        // What a write that failed left behind is overwritten by the next.
        if let Err(error) = file.write_at(&self.staged, self.journal_length).at(&path) {
            self.give_up();
            return Err(error);
        }
        self.journal_length += self.staged.len() as u64;
        self.staged.clear();
        self.unsynced = true;
        Ok(())
    }

    fn take_sync(&mut self) -> Option<SyncTask> {
        let mut steps = std::mem::take(&mut self.steps);
        if std::mem::take(&mut self.unsynced)
            && let Some(file) = self.file.take()
        {
            let path = self.folder.join("journal.db");
            steps.push(Step::File { file, path });
        }
        let state = self.state.take();
        let changed = std::mem::take(&mut self.folder_changed) || state.is_some();
        if let Some(bytes) = state {
            steps.push(Step::Replace {
                tmp: self.folder.join("o.dat.tmp"),
                path: self.folder.join("o.dat"),
                content: Some(bytes),
                can_wait: true,
            });
        }
        if changed {
            steps.push(Step::Folder(self.folder.clone()));
            steps.push(Step::Done(self.base_done.clone()));
        }
        SyncTask::new(self.disk.clone(), steps)
    }

    fn renew(&mut self, state: &ConsumerState) -> Result<(), StoreError> {
        let bytes = self.sealed(odat::encode(state))?;
        self.write_whole(&bytes)?;
        self.is_behind = false;
        let configuration = meta::renew(self.disk.as_ref(), &self.folder);
        self.steps.extend(configuration);
        self.start_journal(&bytes)
    }

    fn set_meta(&mut self, json: &[u8]) -> Result<(), StoreError> {
        meta::write(
            self.disk.as_ref(),
            &self.folder,
            &self.sum,
            json,
            self.seed.as_ref(),
        )
    }

    fn close(&mut self, state: &ConsumerState) -> Result<(), StoreError> {
        if !self.changed && self.base_done.load(Ordering::Acquire) {
            return Ok(());
        }
        let bytes = self.sealed(odat::encode(state))?;
        self.write_whole(&bytes)
    }
}
