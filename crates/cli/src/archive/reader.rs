//! Reads an archive.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use zip::ZipArchive;

use super::{METADATA, Tags};
use crate::failure::Result;
use crate::output::Json;
use crate::{bail, fail};

/// Bytes of a file at most: far more than servers answer, and an end for an
/// archive that was made to fill memory.
const MAX_FILE: u64 = 256 << 20;

/// An open archive.
pub struct Archive {
    zip: Mutex<ZipArchive<BufReader<File>>>,
    /// Files with their tags, by path, so that pages are in order.
    files: Vec<(String, Tags)>,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

impl Archive {
    /// Opens an archive, and checks that it has what its manifest lists.
    pub fn open(path: &str) -> Result<Self> {
        let file = File::open(Path::new(path))
            .map_err(|error| fail!("{}", crate::format::io_error_at("open", path, &error)))?;
        let wrong = |why: &dyn fmt::Display| fail!("{path} is no audit archive: {why}");
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| wrong(&error))?;
        let manifest = format!("{}.json", Tags::special("manifest").path());
        let text = read(&mut zip, &manifest).map_err(|error| wrong(&error))?;
        let manifest = Json::parse(&text).map_err(|error| wrong(&error))?;
        let mut files: Vec<(String, Tags)> = Vec::new();
        for (path, tags) in manifest.entries("") {
            if zip.index_for_name(path).is_none() {
                return Err(wrong(&format!("{path} is missing")));
            }
            files.push((path.clone(), Tags::of(tags)));
        }
        files.sort();
        Ok(Self {
            zip: Mutex::new(zip),
            files,
        })
    }

    /// When and by whom it was captured; `Null` if it does not say.
    pub fn metadata(&self) -> Json {
        self.pages(&Tags::special(METADATA))
            .ok()
            .and_then(|pages| pages.into_iter().next())
            .unwrap_or_default()
    }

    /// The bytes of a file.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        let mut zip = self.zip.lock().unwrap_or_else(PoisonError::into_inner);
        read(&mut zip, path)
    }

    /// Files whose tags fulfil a condition.
    pub fn files(&self, wanted: impl Fn(&Tags) -> bool) -> Vec<&(String, Tags)> {
        self.files.iter().filter(|(_, tags)| wanted(tags)).collect()
    }

    /// All pages with exactly these tags, in order.
    pub fn pages(&self, tags: &Tags) -> Result<Vec<Json>> {
        self.files(|known| known == tags)
            .into_iter()
            .map(|(path, _)| {
                Json::parse(&self.read(path)?)
                    .map_err(|error| fail!("{path} cannot be read: {error}"))
            })
            .collect()
    }

    /// Clusters and names of all servers.
    pub fn servers(&self) -> BTreeSet<(&str, &str)> {
        self.files
            .iter()
            .map(|(_, tags)| tags)
            // The cluster of a stream is that of its replicas' group.
            .filter(|tags| !tags.server.is_empty() && tags.stream.is_empty())
            .map(|tags| (tags.cluster.as_str(), tags.server.as_str()))
            .collect()
    }

    /// Names of all accounts.
    pub fn accounts(&self) -> BTreeSet<&str> {
        self.files
            .iter()
            .map(|(_, tags)| tags.account.as_str())
            .filter(|account| !account.is_empty())
            .collect()
    }
}

fn read(zip: &mut ZipArchive<BufReader<File>>, path: &str) -> Result<Vec<u8>> {
    let file = zip
        .by_name(path)
        .map_err(|error| fail!("{path} cannot be read: {error}"))?;
    let mut content = Vec::new();
    // The size that it claims is not trusted.
    file.take(MAX_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE {
        bail!("{path} is too large");
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;

    fn directory() -> std::path::PathBuf {
        let directory =
            std::env::temp_dir().join(format!("archive-{}", crate::client::unique_id()));
        std::fs::create_dir(&directory).unwrap();
        directory
    }

    #[test]
    fn what_was_written_is_read_back() {
        let directory = directory();
        let path = directory.join("a.zip");
        let time = "2026-01-02T03:04:05Z".parse().unwrap();
        let mut writer = Writer::create(&path, time).unwrap();
        let varz = Tags::server("C", "s/1", "variables");
        for page in 1..=2 {
            let page = Json::object().with("page", page);
            writer.add(&varz, &page).unwrap();
        }
        let of_account = Tags {
            account: "A".to_owned(),
            ..Tags::server("", "s2", "account_info")
        };
        writer.add(&of_account, &Json::object()).unwrap();
        let log = Tags::special("audit_gather_log");
        writer.add_raw(&log, "log", b"text").unwrap();
        assert!(!path.exists());
        writer.finish().unwrap();

        let names: Vec<_> = std::fs::read_dir(&directory).unwrap().flatten().collect();
        assert_eq!(names.len(), 1);
        let archive = Archive::open(path.to_str().unwrap()).unwrap();
        let pages = archive.pages(&varz).unwrap();
        assert_eq!(pages.iter().map(|page| page.int("page")).sum::<i64>(), 3);
        assert_eq!(pages[0].int("page"), 1);
        let servers: Vec<_> = archive.servers().into_iter().collect();
        assert_eq!(servers, [("C", "s/1"), ("unclustered", "s2")]);
        assert_eq!(archive.accounts().into_iter().collect::<Vec<_>>(), ["A"]);
        let [(path, _)] = archive.files(|tags| *tags == log)[..] else {
            panic!("no log");
        };
        assert_eq!(archive.read(path).unwrap(), b"text");
        assert!(archive.metadata().is_null());
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let directory = directory();
        let path = directory.join("a.zip");
        let text = path.to_str().unwrap();
        assert!(Archive::open(text).is_err());
        std::fs::write(&path, b"PK\x05\x06").unwrap();
        let why = Archive::open(text).unwrap_err().to_string();
        assert!(why.contains("is no audit archive"), "{why}");
        let writer = Writer::create(&path, jiff::Timestamp::UNIX_EPOCH).unwrap();
        drop(writer);
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
