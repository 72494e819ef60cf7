//! A folder with files that come out of a fuzz input, for targets that read
//! configurations.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Stands for the folder's path in the files' texts.
const FOLDER: &[u8] = b"@DIR@";
/// Starts a line that names a further file.
const NEXT_FILE: &str = ">>> ";
/// File that an input begins with.
const MAIN: &str = "server.conf";
/// The other files an input may have: what options refer to.
const OTHERS: [&str; 7] = [
    "a.conf",
    "b.conf",
    "cert.pem",
    "key.pem",
    "ca.pem",
    "operator.jwt",
    "user.creds",
];
/// The environment that variables may refer to.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("NUMBER", "4222"),
    ("TEXT", "'a b'"),
    ("MAP", "{a: 1, b: $NUMBER}"),
    ("LOOP", "$LOOP"),
    ("LOOP_MAP", "{a: $LOOP_MAP}"),
    ("HOME", "/nonexistent"),
];

/// A folder of this process.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    /// Files of the last input.
    present: HashSet<&'static str>,
}

impl Scratch {
    /// Makes the folder, in memory where the system has such a place.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let root = match std::env::var_os("MIDGE_FUZZ_SCRATCH") {
            Some(chosen) => PathBuf::from(chosen),
            None if memory.is_dir() => memory.to_path_buf(),
            None => std::env::temp_dir(),
        };
        let folder = root.join(format!("midge-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a scratch folder");
        Self {
            folder,
            present: HashSet::new(),
        }
    }

    /// Writes the files of an input; gives the path of the main one.
    ///
    /// An input is the main file's text, then any number of sections that start
    /// with a line `>>> NAME`, with a name of a fixed list. `@DIR@` in them is
    /// the folder that they are in.
    ///
    /// # Panics
    /// When the folder cannot be written to.
    pub fn write(&mut self, input: &[u8]) -> PathBuf {
        let mut files: Vec<(&'static str, &[u8])> = Vec::new();
        let (mut name, mut start, mut at) = (Some(MAIN), 0, 0);
        for line in input.split_inclusive(|&byte| byte == b'\n') {
            if let Some(next) = line.strip_prefix(NEXT_FILE.as_bytes()) {
                files.extend(name.map(|name| (name, &input[start..at])));
                let next = next.strip_suffix(b"\n").unwrap_or(next);
                name = OTHERS.into_iter().find(|known| known.as_bytes() == next);
                start = at + line.len();
            }
            at += line.len();
        }
        files.extend(name.map(|name| (name, &input[start..])));
        let mut gone = std::mem::take(&mut self.present);
        for (name, text) in files {
            fs::write(self.folder.join(name), self.fill_in(text)).expect("a scratch file");
            gone.remove(name);
            self.present.insert(name);
        }
        for name in gone {
            fs::remove_file(self.folder.join(name)).expect("a scratch file");
        }
        self.folder.join(MAIN)
    }

    fn fill_in(&self, text: &[u8]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.windows(FOLDER.len()).position(|part| part == FOLDER) {
            filled.extend_from_slice(&rest[..at]);
            filled.extend_from_slice(self.folder.as_os_str().as_encoded_bytes());
            rest = &rest[at + FOLDER.len()..];
        }
        filled.extend_from_slice(rest);
        filled
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes the process's environment the same on every machine.
///
/// # Safety
/// No other thread may be running.
pub unsafe fn fixed_environment() {
    let names: Vec<OsString> = std::env::vars_os().map(|(name, _)| name).collect();
    for name in names {
        // SAFETY: as this function's.
        unsafe { std::env::remove_var(name) };
    }
    for (name, value) in ENVIRONMENT {
        // SAFETY: as this function's.
        unsafe { std::env::set_var(name, value) };
    }
}
