//! The floors of the disk: what the machine takes to write and sync, and to
//! read.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::load::with_latencies;
use crate::scratch;
use crate::workload::Measurement;

/// Bytes of a write: a record with a payload of 128 bytes.
const RECORD: [u8; 160] = [b'x'; 160];

/// Appends a record and syncs it, again and again, where the servers have
/// their stores.
pub fn append_and_sync(duration: Duration) -> Result<Measurement> {
    let path = Removed(scratch::path());
    let mut file = File::create(&path.0).context("cannot create a file to sync")?;
    let mut append = || -> Result<Duration> {
        let began = Instant::now();
        file.write_all(&RECORD)?;
        file.sync_data()?;
        Ok(began.elapsed())
    };
    append()?;
    let began = Instant::now();
    let mut latencies = Vec::new();
    while began.elapsed() < duration {
        latencies.push(append()?);
    }
    let result = Measurement {
        rate: Some(latencies.len() as f64 / began.elapsed().as_secs_f64()),
        ..Measurement::default()
    };
    Ok(with_latencies(result, latencies))
}

/// Bytes read at a time.
const READ: usize = 1 << 20;

/// What a program takes that reads a file of so many bytes from the disk and
/// does nothing else.
pub fn read_cold(bytes: u64) -> Result<Duration> {
    let path = Removed(scratch::path());
    let mut file = File::create(&path.0).context("cannot create a file to read")?;
    let mut buffer = vec![b'x'; READ];
    let mut left = bytes;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(READ).min(READ);
        file.write_all(buffer.get(..part).unwrap_or_default())?;
        left -= part as u64;
    }
    forget(&path.0)?;
    let mut file = File::open(&path.0)?;
    let began = Instant::now();
    while file.read(&mut buffer)? > 0 {}
    Ok(began.elapsed())
}

/// Lets the operating system read a file, or all files of a directory, from
/// the disk again.
pub fn forget(path: &Path) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            forget(&entry?.path())?;
        }
        return Ok(());
    }
    let file = File::open(path)?;
    file.sync_data()?;
    // SAFETY: a call with a descriptor that is open.
    let error = unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
    if error != 0 {
        return Err(std::io::Error::from_raw_os_error(error)).context("cannot evict a file");
    }
    Ok(())
}

struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // What is left over lies among temporary files.
        let _ = fs::remove_file(&self.0);
    }
}
