//! The log file: appending, rotation by size, purging of backups, re-opening
//! (configuration.md 8.1).
//!
//! A backup is named `NAME.YYYY.MM.DD.hh.mm.ss.nnnnnnnnn`, so that names sort
//! by time. Whatever fails while rotating, lines go on into the file that is
//! open, and the next try is one size limit later.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::clock::{Clock, Moment};
use crate::error::LogError;
use crate::line::{Form, Level};
use crate::os_error;

/// Number of dot-separated numbers in the end of a backup's name.
const STAMP_FIELDS: usize = 7;

/// An open log file.
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    /// Bytes counted against the limit.
    size: u64,
    /// Bytes above which the file is rotated; 0 never rotates.
    size_limit: u64,
    /// Bytes above which the next rotation is tried.
    rotate_above: u64,
    /// Most files kept, the live one included; 0 keeps all.
    max_files: usize,
}

impl LogFile {
    /// Opens the file for appending, creating it if need be.
    pub(crate) fn open(path: &Path, size_limit: u64, max_files: usize) -> Result<Self, LogError> {
        let file = append(path).map_err(|source| LogError::OpenFile {
            path: path.to_owned(),
            source,
        })?;
        let size = file.metadata().map_or(0, |m| m.len());
        Ok(Self {
            path: path.to_owned(),
            file,
            size,
            size_limit,
            rotate_above: size_limit,
            max_files,
        })
    }

    /// Rotates a file that was too large already when it was opened.
    pub(crate) fn rotate_if_too_large(&mut self, form: &Form, clock: &mut Clock) {
        if self.size_limit > 0 && self.size > self.size_limit {
            self.own_line(form, clock, Level::Info, "Rotating logfile...");
            self.rotate(form, clock);
        }
    }

    /// Writes one line; rotates if the file is too large afterwards.
    pub(crate) fn write(&mut self, line: &[u8], form: &Form, clock: &mut Clock) {
        self.append(line);
        if self.size_limit > 0 && self.size > self.rotate_above {
            self.rotate(form, clock);
        }
    }

    /// Closes the file and opens the one of its name: somebody else rotated.
    pub(crate) fn reopen(&mut self) -> Result<(), LogError> {
        let fresh = Self::open(&self.path, self.size_limit, self.max_files)?;
        *self = fresh;
        Ok(())
    }

    /// A full disk loses lines, nothing else.
    fn append(&mut self, line: &[u8]) {
        if self.file.write_all(line).is_ok() {
            self.size += line.len() as u64;
        }
    }

    fn own_line(&mut self, form: &Form, clock: &mut Clock, level: Level, text: &str) {
        let mut line = Vec::with_capacity(text.len() + 64);
        form.own_line(&mut line, clock, Moment::now(), level, text);
        self.append(&line);
    }

    fn rotate(&mut self, form: &Form, clock: &mut Clock) {
        let backup = self.backup_name(clock);
        match self.switch(&backup) {
            Ok(()) => {
                self.size = 0;
                self.rotate_above = self.size_limit;
                let text = format!(
                    "Rotated log, backup saved as \"{}\"",
                    Path::new(&backup).display()
                );
                self.own_line(form, clock, Level::Info, &text);
                if self.max_files > 0 {
                    // What is said about purging does not count against the
                    // limit, so that a small one cannot rotate for ever.
                    let size = self.size;
                    self.purge(form, clock);
                    self.size = size;
                }
            }
            Err(error) => {
                self.rotate_above = self.size.saturating_add(self.size_limit);
                let text = format!(
                    "Unable to close logfile for rotation ({}), will attempt next rotation at size {}",
                    os_error::text(&error),
                    self.rotate_above
                );
                self.own_line(form, clock, Level::Error, &text);
            }
        }
    }

    fn backup_name(&self, clock: &Clock) -> OsString {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(clock.backup_stamp(Moment::now()));
        name
    }

    /// Renames the live file and opens a new one in its place.
    fn switch(&mut self, backup: &OsStr) -> io::Result<()> {
        fs::rename(&self.path, backup)?;
        match append(&self.path) {
            Ok(file) => {
                self.file = file;
                Ok(())
            }
            Err(error) => {
                // Lines go on into the old file, so give it its name back.
                let _ = fs::rename(backup, &self.path);
                Err(error)
            }
        }
    }

    /// Deletes the oldest backups that are too many.
    fn purge(&mut self, form: &Form, clock: &mut Clock) {
        let folder = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut backups = match self.backups(&folder) {
            Ok(backups) => backups,
            Err(error) => {
                let text = format!(
                    "Unable to read directory \"{}\" for log purge ({}), will attempt next rotation",
                    folder.display(),
                    os_error::text(&error)
                );
                return self.own_line(form, clock, Level::Error, &text);
            }
        };
        backups.sort();
        let keep = self.max_files - 1;
        let surplus = backups.len().saturating_sub(keep);
        for name in backups.iter().take(surplus) {
            match fs::remove_file(folder.join(name)) {
                Ok(()) => {
                    let text = format!("Purged log file \"{name}\"");
                    self.own_line(form, clock, Level::Info, &text);
                }
                Err(error) => {
                    let text = format!(
                        "Unable to remove backup log file \"{name}\" ({}), will attempt next rotation",
                        os_error::text(&error)
                    );
                    return self.own_line(form, clock, Level::Error, &text);
                }
            }
        }
    }

    /// Names of the backups of this log in its folder.
    fn backups(&self, folder: &Path) -> io::Result<Vec<String>> {
        let Some(live) = self.path.file_name().and_then(OsStr::to_str) else {
            return Ok(Vec::new());
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if let Some(name) = entry.file_name().to_str()
                && is_backup(live, name)
                && entry.file_type().is_ok_and(|kind| kind.is_file())
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }
}

/// Whether `name` is that of a backup of the log file `live`.
fn is_backup(live: &str, name: &str) -> bool {
    let Some(stamp) = name.strip_prefix(live).and_then(|r| r.strip_prefix('.')) else {
        return false;
    };
    let mut fields = 0;
    for field in stamp.split('.') {
        fields += 1;
        if field.is_empty() || !field.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
    }
    fields == STAMP_FIELDS
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o640);
    }
    options.open(path)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
