//! The floor under synced publishes: what the machine's disk takes for them.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
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

struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // What is left over lies among temporary files.
        let _ = fs::remove_file(&self.0);
    }
}
