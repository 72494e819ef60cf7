//! A file system in memory that forgets what was not synced when the power
//! goes: all of it, or some sectors of it, as a real one may.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use midge_store::disk::{Disk, DiskFile, Entry, FolderLock};

/// Bytes that are written together or not at all.
const SECTOR: usize = 512;

#[derive(Clone, Default, Debug)]
struct Content {
    now: Vec<u8>,
    /// What is on the platter.
    durable: Vec<u8>,
    /// Sectors that the next sync is to write.
    dirty: BTreeSet<usize>,
}

impl Content {
    fn touch(&mut self, from: usize, to: usize) {
        self.dirty.extend(from / SECTOR..to.div_ceil(SECTOR));
    }

    /// Writes what is dirty; other sectors stay as they are, even if they are
    /// not what was written, after a sync that failed.
    fn sync(&mut self) {
        self.durable.resize(self.now.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            let from = (sector * SECTOR).min(self.now.len());
            let to = (from + SECTOR).min(self.now.len());
            self.durable[from..to].copy_from_slice(&self.now[from..to]);
        }
    }
}

type Inode = Arc<Mutex<Content>>;

#[derive(Clone, Debug)]
enum Node {
    File(Inode),
    Folder,
}

#[derive(Clone, Debug)]
enum Change {
    Set(PathBuf, Node),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

fn apply(entries: &mut BTreeMap<PathBuf, Node>, change: &Change) {
    match change {
        Change::Set(path, node) => {
            entries.insert(path.clone(), node.clone());
        }
        Change::Remove(path) => entries.retain(|other, _| !other.starts_with(path)),
        Change::Rename(from, to) => {
            let moved: Vec<PathBuf> = entries
                .keys()
                .filter(|path| path.starts_with(from))
                .cloned()
                .collect();
            for path in moved {
                let node = entries.remove(&path).unwrap();
                let rest = path.strip_prefix(from).unwrap();
                let target = if rest.as_os_str().is_empty() {
                    to.clone()
                } else {
                    to.join(rest)
                };
                entries.insert(target, node);
            }
        }
    }
}

#[derive(Default, Debug)]
struct State {
    /// What is there now.
    now: BTreeMap<PathBuf, Node>,
    /// Entries that are on the platter.
    durable: BTreeMap<PathBuf, Node>,
    /// Changes of entries that are not, in order: file systems journal them.
    journal: Vec<Change>,
    /// Bytes that may still be written; `None` for any number.
    room: Option<usize>,
    /// Bytes and other changes until the process is killed.
    life: Option<usize>,
    /// Syncs fail, and what they were to write is not dirty any more.
    syncs_fail: bool,
    /// Files that were read from.
    read: BTreeSet<PathBuf>,
    /// Files that can not be read any more.
    unreadable: BTreeSet<PathBuf>,
}

#[derive(Clone, Default, Debug)]
pub struct SimDisk(Arc<Mutex<State>>);

#[derive(Debug)]
struct SimFile {
    path: PathBuf,
    inode: Inode,
    disk: SimDisk,
}

#[derive(Debug)]
struct NoLock;
impl FolderLock for NoLock {}

fn missing() -> io::Error {
    ErrorKind::NotFound.into()
}

impl SimDisk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// So many bytes can still be written.
    pub fn set_room(&self, room: Option<usize>) {
        self.lock().room = room;
    }

    /// The process is killed after so many changes and written bytes: what
    /// comes later has no effect. `None` brings it to life again.
    pub fn set_life(&self, life: Option<usize>) {
        self.lock().life = life;
    }

    pub fn is_killed(&self) -> bool {
        self.lock().life == Some(0)
    }

    /// Whether syncs of files fail.
    pub fn set_syncs_fail(&self, fail: bool) {
        self.lock().syncs_fail = fail;
    }

    /// Lives through so many changes, or what is left of them.
    fn live(&self, changes: usize) -> (usize, io::Result<()>) {
        match &mut self.lock().life {
            Some(life) if *life <= changes => {
                (std::mem::take(life), Err(io::Error::other("killed")))
            }
            Some(life) => {
                *life -= changes;
                (changes, Ok(()))
            }
            None => (changes, Ok(())),
        }
    }

    fn spend(&self, bytes: usize) -> (usize, io::Result<()>) {
        let mut state = self.lock();
        match &mut state.room {
            None => (bytes, Ok(())),
            Some(room) if *room >= bytes => {
                *room -= bytes;
                (bytes, Ok(()))
            }
            Some(room) => (std::mem::take(room), Err(ErrorKind::StorageFull.into())),
        }
    }

    fn change(&self, change: Change) -> io::Result<()> {
        self.live(1).1?;
        let mut state = self.lock();
        apply(&mut state.now, &change);
        state.journal.push(change);
        Ok(())
    }

    fn inode(&self, path: &Path) -> io::Result<Inode> {
        match self.lock().now.get(path) {
            Some(Node::File(inode)) => Ok(inode.clone()),
            _ => Err(missing()),
        }
    }

    /// Reads of a file fail from now on.
    pub fn set_unreadable(&self, path: &Path) {
        self.lock().unreadable.insert(path.to_path_buf());
    }

    fn note_read(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.read.insert(path.to_path_buf());
        if state.unreadable.contains(path) {
            return Err(io::Error::other("the disk is broken"));
        }
        Ok(())
    }

    /// Names of the files that were read from since this was last asked.
    pub fn take_read(&self) -> Vec<String> {
        let read = std::mem::take(&mut self.lock().read);
        let names = read.iter().filter_map(|path| path.file_name()?.to_str());
        names.map(str::to_string).collect()
    }

    /// Another disk with the same content.
    pub fn copy(&self) -> Self {
        let mut now = self.lock().now.clone();
        for node in now.values_mut() {
            if let Node::File(inode) = node {
                let content = inode.lock().unwrap().clone();
                *node = Node::File(Arc::new(Mutex::new(content)));
            }
        }
        Self(Arc::new(Mutex::new(State {
            now: now.clone(),
            durable: now,
            ..State::default()
        })))
    }

    /// The disk after a loss of power. Of what was not synced, each change of
    /// an entry and each sector survives or not.
    pub fn after_power_loss(&self, random: &mut fastrand::Rng) -> Self {
        let state = self.lock();
        let keep_all = random.u8(..4) == 0;
        let keep_none = random.u8(..3) == 0;
        let mut entries = state.durable.clone();
        let pending = state.journal.len();
        let kept = match (keep_all, keep_none) {
            (true, _) => pending,
            (_, true) => 0,
            _ => random.usize(..=pending),
        };
        state.journal[..kept]
            .iter()
            .for_each(|change| apply(&mut entries, change));
        for node in entries.values_mut() {
            if let Node::File(inode) = node {
                let survived = torn(&inode.lock().unwrap(), random, keep_all, keep_none);
                *node = Node::File(Arc::new(Mutex::new(Content {
                    now: survived.clone(),
                    durable: survived,
                    dirty: BTreeSet::new(),
                })));
            }
        }
        Self(Arc::new(Mutex::new(State {
            now: entries.clone(),
            durable: entries,
            journal: Vec::new(),
            ..State::default()
        })))
    }

    /// Flips one bit of a file.
    pub fn flip(&self, path: &Path, random: &mut fastrand::Rng) {
        let inode = self.inode(path).unwrap();
        let mut content = inode.lock().unwrap();
        if !content.now.is_empty() {
            let at = random.usize(..content.now.len());
            content.now[at] ^= 1 << random.u8(..8);
        }
    }
}

fn torn(content: &Content, random: &mut fastrand::Rng, all: bool, none: bool) -> Vec<u8> {
    if all {
        return content.now.clone();
    }
    if none {
        return content.durable.clone();
    }
    // The length is that of either, or between.
    let (a, b) = (content.durable.len(), content.now.len());
    let length = random.usize(a.min(b)..=a.max(b));
    let mut survived = vec![0; length];
    for (at, sector) in survived.chunks_mut(SECTOR).enumerate() {
        let source = if random.bool() {
            &content.now
        } else {
            &content.durable
        };
        let start = (at * SECTOR).min(source.len());
        let end = (start + sector.len()).min(source.len());
        sector[..end - start].copy_from_slice(&source[start..end]);
        // What was synced and not written since is there for sure.
        for (offset, byte) in sector.iter_mut().enumerate() {
            let at = at * SECTOR + offset;
            if at < a && at < b && content.durable[at] == content.now[at] {
                *byte = content.now[at];
            }
        }
    }
    survived
}

impl DiskFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.disk.note_read(&self.path)?;
        let content = self.inode.lock().unwrap();
        let start = (offset as usize).min(content.now.len());
        let end = (start + buffer.len()).min(content.now.len());
        buffer[..end - start].copy_from_slice(&content.now[start..end]);
        Ok(end - start)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (alive, killed) = self.disk.live(bytes.len());
        let mut content = self.inode.lock().unwrap();
        // What is written over takes no more place.
        let over = content.now.len().saturating_sub(offset as usize).min(alive);
        let (grown, result) = self.disk.spend(alive - over);
        let (count, result) = (over + grown, killed.and(result));
        let end = offset as usize + count;
        if content.now.len() < end {
            content.now.resize(end, 0);
        }
        content.now[offset as usize..end].copy_from_slice(&bytes[..count]);
        content.touch(offset as usize, end);
        result
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.disk.live(1).1?;
        let mut content = self.inode.lock().unwrap();
        let before = content.now.len();
        content.now.resize(length as usize, 0);
        content.touch(before.min(length as usize), before.max(length as usize));
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.inode.lock().unwrap().now.len() as u64)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.live(1).1?;
        let fails = self.disk.lock().syncs_fail;
        let mut content = self.inode.lock().unwrap();
        if fails {
            content.dirty.clear();
            return Err(io::Error::other("the disk is broken"));
        }
        content.sync();
        Ok(())
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.lock();
        let inode = match state.now.get(path) {
            Some(Node::File(inode)) => inode.clone(),
            None if create => {
                let inode = Inode::default();
                drop(state);
                self.change(Change::Set(path.into(), Node::File(inode.clone())))?;
                inode
            }
            _ => return Err(missing()),
        };
        let disk = self.clone();
        let path = path.to_path_buf();
        Ok(Arc::new(SimFile { path, inode, disk }))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let inode = self.inode(path)?;
        self.note_read(path)?;
        Ok(inode.lock().unwrap().now.clone())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let file = self.open(path, true)?;
        file.set_len(0)?;
        file.write_at(bytes, 0)
    }

    fn write_synced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write(path, bytes)?;
        self.sync_path(path)
    }

    fn sync_path(&self, path: &Path) -> io::Result<()> {
        self.open(path, false)?.sync()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if !self.exists(from) {
            return Err(missing());
        }
        self.change(Change::Rename(from.into(), to.into()))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.inode(path)?;
        self.change(Change::Remove(path.into()))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.change(Change::Remove(path.into()))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut missing: Vec<&Path> = path.ancestors().filter(|path| !self.exists(path)).collect();
        missing.reverse();
        for folder in missing {
            self.change(Change::Set(folder.into(), Node::Folder))?;
        }
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let state = self.lock();
        let inside = state
            .now
            .iter()
            .filter(|(other, _)| other.parent() == Some(path));
        Ok(inside
            .map(|(other, node)| Entry {
                name: other.file_name().unwrap().to_str().unwrap().to_string(),
                is_folder: matches!(node, Node::Folder),
            })
            .collect())
    }

    /// What comes before in the journal is on the platter then, too.
    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        self.live(1).1?;
        let mut state = self.lock();
        let journal = std::mem::take(&mut state.journal);
        journal
            .iter()
            .for_each(|change| apply(&mut state.durable, change));
        Ok(())
    }

    fn lock_folder(&self, _path: &Path) -> io::Result<Option<Box<dyn FolderLock>>> {
        Ok(Some(Box::new(NoLock)))
    }

    fn exists(&self, path: &Path) -> bool {
        self.lock().now.contains_key(path)
    }
}
