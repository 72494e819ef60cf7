//! Where contexts are kept (cli.md 2.1).

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::Record;
use crate::failure::{Failure, Result};
use crate::output::Json;
use crate::{bail, fail};

/// The user's home directory: `$HOME`, as people and containers expect, and
/// the user database without it.
pub fn home() -> Option<PathBuf> {
    match std::env::var_os("HOME").filter(|home| !home.is_empty()) {
        Some(home) => Some(PathBuf::from(home)),
        None => nix::unistd::User::from_uid(nix::unistd::getuid())
            .ok()
            .flatten()
            .map(|user| user.dir),
    }
}

fn base(variable: &str, below_home: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
        return Ok(PathBuf::from(path));
    }
    match home() {
        Some(home) => Ok(home.join(below_home)),
        None => bail!("cannot determine home directory"),
    }
}

/// Parent of configuration files.
pub fn config_dir() -> Result<PathBuf> {
    base("XDG_CONFIG_HOME", ".config")
}

/// Parent of plugins and keys.
pub fn data_dir() -> Result<PathBuf> {
    base("XDG_DATA_HOME", ".local/share")
}

/// Whether a name can be the name of a context.
pub fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        bail!("invalid context name: name is empty");
    }
    if name.contains("..") {
        bail!("invalid context name: {name:?} must not contain \"..\"");
    }
    if name.contains(['/', '\\']) {
        bail!("invalid context name: {name:?} must not contain \"/\" or \"\\\"");
    }
    Ok(())
}

/// The file that another one may take the place of when `path` is written: that
/// which a link points to. Nothing for devices, pipes and links into the void,
/// which are written as they are: nobody wants a file instead of `/dev/stdout`.
pub fn replaceable(path: &Path) -> Option<PathBuf> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => fs::canonicalize(path).ok(),
        Ok(found) if found.is_dir() => Some(path.to_owned()),
        Ok(_) => None,
        Err(_) if path.is_symlink() => None,
        Err(_) => Some(path.to_owned()),
    }
}

/// Writes a file as a whole: to a temporary file beside it, synced, renamed.
/// A full disk or a crash leaves the old file.
pub fn write_whole(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let written = match replaceable(path) {
        Some(path) => replace(&path, content, mode),
        None => OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(path)
            .and_then(|mut file| file.write_all(content))
            .map_err(Failure::from),
    };
    written.map_err(|failure| failure.context(format!("write {}", path.display())))
}

fn replace(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    make_private(directory)?;
    let name = path
        .file_name()
        .unwrap_or(OsStr::new("file"))
        .to_string_lossy();
    let temporary = directory.join(format!("{name}.tmp-{}", crate::client::unique_id()));
    let written =
        write_synced(&temporary, content, mode).and_then(|()| Ok(fs::rename(&temporary, path)?));
    if written.is_err() {
        // It may not even have been made.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write_synced(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(())
}

/// Makes a directory that only its owner may enter, and its parents.
pub fn make_private(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| {
            fail!(
                "{}",
                crate::format::io_error_at("mkdir", path.display(), &error)
            )
        })
}

/// The directory of contexts.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The directory of this user.
    pub fn open() -> Result<Self> {
        Ok(Self {
            root: config_dir()?.join("nats"),
        })
    }

    /// Path of the file of a context.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join("context").join(format!("{name}.json"))
    }

    /// Names of all contexts, sorted.
    pub fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join("context")) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.metadata().is_ok_and(|about| about.len() > 0))
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                name.strip_suffix(".json").map(str::to_owned)
            })
            .filter(|name| check_name(name).is_ok())
            .collect();
        names.sort();
        names
    }

    /// Whether there is a context of this name.
    pub fn is_known(&self, name: &str) -> bool {
        check_name(name).is_ok() && self.path(name).is_file()
    }

    /// The context in a file.
    pub fn load_file(path: &Path) -> Result<Record> {
        let text = fs::read(path).map_err(|error| {
            fail!(
                "{}",
                crate::format::io_error_at("open", path.display(), &error)
            )
        })?;
        let unreadable =
            |why: &dyn std::fmt::Display| fail!("{} cannot be read: {why}", path.display());
        let value = Json::parse(&text).map_err(|why| unreadable(&why))?;
        let Json::Object(entries) = &value else {
            return Err(unreadable(&"it is no JSON object"));
        };
        // As other programs read it: keys in any case, nothing for no value.
        let text = match entries.iter().any(|(key, value)| is_loose(key, value)) {
            true => strict(entries).compact().into_bytes(),
            false => text,
        };
        let mut record: Record =
            serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
        if record.url.is_empty() {
            super::DEFAULT_URL.clone_into(&mut record.url);
        }
        Ok(record)
    }

    /// The context of a name.
    pub fn load(&self, name: &str) -> Result<Record> {
        check_name(name)?;
        if !self.is_known(name) {
            bail!("context not found: {name:?}");
        }
        Self::load_file(&self.path(name))
    }

    /// Saves a context.
    pub fn save(&self, name: &str, record: &Record) -> Result<()> {
        check_name(name)?;
        record.validate()?;
        write_whole(
            &self.path(name),
            Json::of(record).pretty().as_bytes(),
            0o600,
        )
    }

    /// Removes a context.
    pub fn remove(&self, name: &str) -> Result<()> {
        check_name(name)?;
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Name of the selected context.
    pub fn selected(&self) -> Option<String> {
        read_name(&self.root.join("context.txt"))
    }

    /// Name of the context that was selected before.
    pub fn previous(&self) -> Option<String> {
        read_name(&self.root.join("previous-context.txt"))
    }

    /// Selects a context; the one selected until now becomes the previous one.
    pub fn select(&self, name: &str) -> Result<()> {
        if !self.is_known(name) {
            bail!("context not found: {name:?}");
        }
        self.keep_selected_as_previous()?;
        write_whole(&self.root.join("context.txt"), name.as_bytes(), 0o600)
    }

    /// Selects none.
    pub fn unselect(&self) -> Result<()> {
        self.keep_selected_as_previous()?;
        match fs::remove_file(self.root.join("context.txt")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn keep_selected_as_previous(&self) -> Result<()> {
        match self.selected() {
            Some(name) => write_whole(
                &self.root.join("previous-context.txt"),
                name.as_bytes(),
                0o600,
            ),
            None => Ok(()),
        }
    }
}

fn read_name(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let name = text.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
/// Whether an entry of a file is written otherwise than this tool writes it.
fn is_loose(key: &str, value: &Json) -> bool {
    value.is_null() || key.contains(|letter: char| letter.is_ascii_uppercase())
}

/// The entries as this tool writes them.
fn strict(entries: &[(String, Json)]) -> Json {
    let mut out = Json::object();
    for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
        out.set(&key.to_ascii_lowercase(), value.clone());
    }
    out
}
