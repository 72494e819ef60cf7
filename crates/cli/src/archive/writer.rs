//! Writes an archive.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::Tags;
use super::sink::{Sink, Trouble};
use crate::failure::{Failure, Result};
use crate::output::Json;
use crate::{bail, fail};

/// Pages with the same tags at most: their number has four digits.
const MAX_PAGES: u32 = 9999;

/// An archive that is being written: to a file beside the one that it becomes
/// with [`Writer::finish`]. Without that nothing of it is left.
pub struct Writer {
    zip: Option<ZipWriter<StreamWriter<Sink>>>,
    /// Of the file.
    trouble: Trouble,
    path: PathBuf,
    temporary: PathBuf,
    options: SimpleFileOptions,
    pages: HashMap<String, u32>,
    /// Files, each with its tags.
    manifest: Vec<(String, Json)>,
}

impl Writer {
    /// An archive at a path; its files get the time of the capture.
    pub fn create(path: &Path, time: Timestamp) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!("{name}.tmp-{}", crate::client::unique_id()));
        // It tells a lot about the deployment.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .map_err(|error| {
                fail!(
                    "{}",
                    crate::format::io_error_at("open", temporary.display(), &error)
                )
            })?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip_time(time))
            .large_file(false);
        let sink = Sink::new(file);
        Ok(Self {
            trouble: sink.trouble(),
            zip: Some(ZipWriter::new_stream(sink)),
            path: path.to_owned(),
            temporary,
            options,
            pages: HashMap::new(),
            manifest: Vec::new(),
        })
    }

    /// Adds a JSON value.
    pub fn add(&mut self, tags: &Tags, value: &Json) -> Result<()> {
        self.add_raw(tags, "json", value.pretty().as_bytes())
    }

    /// Adds a file as it is.
    pub fn add_raw(&mut self, tags: &Tags, extension: &str, content: &[u8]) -> Result<()> {
        let mut path = tags.path();
        if !tags.is_single() {
            let page = self.pages.entry(path.clone()).or_default();
            if *page >= MAX_PAGES {
                bail!("the archive has no room for more pages of {path}");
            }
            *page += 1;
            path = format!("{path}/{page:04}");
        }
        let path = format!("{path}.{extension}");
        self.put(&path, content)?;
        self.manifest.push((path, tags.to_json()));
        Ok(())
    }

    fn put(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let options = self.options;
        let Some(zip) = self.zip.as_mut() else {
            bail!("the archive is closed");
        };
        zip.start_file(path, options)
            .map_err(io::Error::from)
            .and_then(|()| zip.write_all(content))
            .and_then(|()| self.trouble.check())
            .map_err(unwritten)
    }

    /// Writes the manifest, and gives the archive its name.
    pub fn finish(mut self) -> Result<()> {
        let manifest = Json::Object(std::mem::take(&mut self.manifest)).pretty();
        self.put(
            &format!("{}.json", Tags::special("manifest").path()),
            manifest.as_bytes(),
        )?;
        let Some(zip) = self.zip.take() else {
            bail!("the archive is closed");
        };
        zip.finish()
            .map_err(io::Error::from)
            .and_then(|stream| stream.into_inner().sync())
            .map_err(unwritten)?;
        Ok(fs::rename(&self.temporary, &self.path)?)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // After `finish` it is gone already.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn unwritten(error: io::Error) -> Failure {
    fail!(
        "the archive cannot be written: {}",
        crate::format::io_error(&error)
    )
}

/// In UTC, as other writers do.
fn zip_time(time: Timestamp) -> DateTime {
    let time = TimeZone::UTC.to_datetime(time);
    let small = |number: i8| u8::try_from(number).unwrap_or_default();
    DateTime::from_date_and_time(
        u16::try_from(time.year()).unwrap_or_default(),
        small(time.month()),
        small(time.day()),
        small(time.hour()),
        small(time.minute()),
        small(time.second()),
    )
    .unwrap_or_default()
}
