//! `meta.inf`, `meta.sum` and `meta.key`: the configuration of a stream or
//! consumer (storage-format.md 7). What the JSON says is not looked at.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::crypt::{Cipher, EncryptionKeys, Seed};
use crate::disk::Disk;
use crate::error::{AtPath, KeyError, StoreError};
use crate::hash::Checksum;
use crate::sync::Step;

/// What opens a `meta.key`.
#[derive(Clone, Debug)]
pub(crate) struct MetaKeys {
    pub keys: Arc<EncryptionKeys>,
    pub account: String,
    /// The stream's name, or `stream.consumer`.
    pub context: String,
}

/// Why a stream or consumer cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum MetaError {
    /// There is no `meta.inf`.
    #[error("missing metafile")]
    MissingMeta,
    /// There is no `meta.sum`.
    #[error("missing checksum file")]
    MissingSum,
    /// `meta.sum` is not that of `meta.inf`.
    #[error("checksums do not match \"{stored}\" vs \"{computed}\"")]
    Checksum {
        /// What `meta.sum` says.
        stored: String,
        /// What it should say.
        computed: String,
    },
    /// It is encrypted, and cannot be decrypted.
    #[error("{0}")]
    Key(KeyError),
    /// It cannot be read or written.
    #[error("{0}")]
    Store(StoreError),
}

/// What opening has done to the files of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Converted {
    /// They were plain, and are encrypted now.
    Encrypted,
    /// They were encrypted with another cipher or key.
    To(Cipher),
}

/// A `meta.inf` that was read.
#[derive(Debug)]
pub(crate) struct Meta {
    pub json: Vec<u8>,
    pub seed: Option<Seed>,
    pub converted: Option<Converted>,
}

fn hex(sum: [u8; 8]) -> String {
    sum.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn tmp(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// Writes `meta.inf` and `meta.sum`. Both temporary files are on disk before
/// either is renamed, so that [`read`] can complete what a crash left halfway.
pub(crate) fn write(
    disk: &dyn Disk,
    folder: &Path,
    sum: &Checksum,
    json: &[u8],
    seed: Option<&Seed>,
) -> Result<(), StoreError> {
    let (inf, text) = (folder.join("meta.inf"), folder.join("meta.sum"));
    let bytes = match seed {
        None => json.to_vec(),
        Some(seed) => seed.seal(json).map_err(|source| StoreError::Key {
            path: inf.clone(),
            source,
        })?,
    };
    disk.write_synced(&tmp(&text), hex(sum.sum(&bytes)).as_bytes())
        .at(&text)?;
    disk.write_synced(&tmp(&inf), &bytes).at(&inf)?;
    disk.rename(&tmp(&inf), &inf).at(&inf)?;
    disk.rename(&tmp(&text), &text).at(&text)?;
    disk.sync_dir(folder).at(folder)
}

/// Writes the `meta.inf` and `meta.sum` of something new. Both are in their place
/// when this returns, and durable once the steps are done.
pub(crate) fn write_new(
    disk: &dyn Disk,
    folder: &Path,
    sum: &Checksum,
    json: &[u8],
    seed: Option<&Seed>,
) -> Result<Vec<Step>, StoreError> {
    let (inf, text) = (folder.join("meta.inf"), folder.join("meta.sum"));
    let bytes = match seed {
        None => json.to_vec(),
        Some(seed) => seed.seal(json).map_err(|source| StoreError::Key {
            path: inf.clone(),
            source,
        })?,
    };
    disk.write(&inf, &bytes).at(&inf)?;
    let hex = hex(sum.sum(&bytes));
    disk.write(&text, hex.as_bytes()).at(&text)?;
    let mut steps = vec![Step::Path(inf), Step::Path(text)];
    if seed.is_some() {
        steps.push(Step::Path(folder.join("meta.key")));
    }
    steps.push(Step::Folder(folder.to_path_buf()));
    Ok(steps)
}

/// What writes a configuration anew after a sync that failed, which may have been
/// that of its creation.
pub(crate) fn renew(disk: &dyn Disk, folder: &Path) -> Vec<Step> {
    let mut steps = Vec::new();
    for name in ["meta.key", "meta.sum", "meta.inf"] {
        let path = folder.join(name);
        if let Ok(content) = disk.read(&path) {
            steps.push(Step::Replace {
                tmp: folder.join(format!("{name}.new")),
                path,
                content: Some(content),
                can_wait: false,
            });
        }
    }
    steps.push(Step::Folder(folder.to_path_buf()));
    steps.extend(
        folder
            .parent()
            .map(|above| Step::Folder(above.to_path_buf())),
    );
    steps
}

/// Makes and writes a `meta.key`, if there are keys. Only its content is synced.
pub(crate) fn make_key(
    disk: &dyn Disk,
    folder: &Path,
    keys: Option<&MetaKeys>,
) -> Result<Option<Seed>, StoreError> {
    let Some(keys) = keys else {
        return Ok(None);
    };
    let path = folder.join("meta.key");
    let made = Seed::generate(&keys.keys, keys.account.as_bytes(), keys.context.as_bytes());
    let (seed, file) = made.map_err(|source| StoreError::Key {
        path: path.clone(),
        source,
    })?;
    disk.write_synced(&tmp(&path), &file).at(&path)?;
    disk.rename(&tmp(&path), &path).at(&path)?;
    Ok(Some(seed))
}

/// Reads the configuration. One that is not encrypted as it should be is
/// written anew; a key file of the previous key or of another cipher is
/// replaced. Without `verify` the
/// checksum may be wrong.
pub(crate) fn read(
    disk: &dyn Disk,
    folder: &Path,
    sum: &Checksum,
    keys: Option<&MetaKeys>,
    verify: bool,
) -> Result<Meta, MetaError> {
    let (inf, text) = (folder.join("meta.inf"), folder.join("meta.sum"));
    let get = |path: &Path| match disk.read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        other => other.at(path).map(Some).map_err(MetaError::Store),
    };
    let mut bytes = get(&inf)?.ok_or(MetaError::MissingMeta)?;
    let stored = get(&text)?.ok_or(MetaError::MissingSum)?;
    let mut stored = String::from_utf8_lossy(&stored).trim().to_string();
    let key_file = get(&folder.join("meta.key"))?;
    let mut computed = hex(sum.sum(&bytes));
    if stored != computed && verify {
        // A crash between two renames.
        let pending = get(&tmp(&text))?.unwrap_or_default();
        let pending = String::from_utf8_lossy(&pending).trim().to_string();
        let newer = get(&tmp(&inf))?.unwrap_or_default();
        if pending == computed {
            disk.rename(&tmp(&text), &text)
                .at(&text)
                .map_err(MetaError::Store)?;
            stored = pending;
        } else if !newer.is_empty() && hex(sum.sum(&newer)) == pending {
            disk.rename(&tmp(&inf), &inf)
                .at(&inf)
                .map_err(MetaError::Store)?;
            disk.rename(&tmp(&text), &text)
                .at(&text)
                .map_err(MetaError::Store)?;
            bytes = newer;
            computed = pending.clone();
            stored = pending;
        }
    }
    if stored != computed && verify {
        return Err(MetaError::Checksum { stored, computed });
    }
    let Some(keys) = keys else {
        return match key_file {
            None => Ok(Meta {
                json: bytes,
                seed: None,
                converted: None,
            }),
            Some(_) => Err(MetaError::Key(KeyError::NotEnabled)),
        };
    };
    let Some(file) = key_file else {
        if is_plain(&bytes) {
            let seed = make_key(disk, folder, Some(keys)).map_err(MetaError::Store)?;
            write(disk, folder, sum, &bytes, seed.as_ref()).map_err(MetaError::Store)?;
            return Ok(Meta {
                json: bytes,
                seed,
                converted: Some(Converted::Encrypted),
            });
        }
        // Its key is missing: the caller finds that it is no JSON.
        return Ok(Meta {
            json: bytes,
            seed: None,
            converted: None,
        });
    };
    let (seed, is_current) = open_key(disk, folder, keys, &file)?;
    let mut converted = (!is_current).then_some(Converted::To(keys.keys.cipher));
    let (json, is_sealed) = match seed.unseal_any(&bytes) {
        Ok(opened) => opened,
        // The key was made, and then came a crash.
        Err(_) if is_plain(&bytes) => {
            converted = Some(Converted::Encrypted);
            (bytes, false)
        }
        Err(error) => return Err(MetaError::Key(error)),
    };
    if !is_sealed {
        write(disk, folder, sum, &json, Some(&seed)).map_err(MetaError::Store)?;
    }
    Ok(Meta {
        json,
        seed: Some(seed),
        converted,
    })
}

/// Whether this looks like the plain JSON of a configuration, not encrypted.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.starts_with(b"{")
}

/// Opens a key file, and replaces one of another key or cipher. The flag
/// tells whether it was as configured.
fn open_key(
    disk: &dyn Disk,
    folder: &Path,
    keys: &MetaKeys,
    file: &[u8],
) -> Result<(Seed, bool), MetaError> {
    let (info, context) = (keys.account.as_bytes(), keys.context.as_bytes());
    let opened = Seed::open(&keys.keys, info, context, file);
    let (mut seed, mut is_current) = opened.map_err(MetaError::Key)?;
    if seed.cipher() != keys.keys.cipher {
        seed = seed.for_cipher(keys.keys.cipher).map_err(MetaError::Key)?;
        is_current = false;
    }
    if !is_current && let Some(file) = seed.rewrap(&keys.keys, info, context) {
        let path = folder.join("meta.key");
        let written = disk.write_synced(&tmp(&path), &file);
        let renamed = written.and_then(|()| disk.rename(&tmp(&path), &path));
        renamed
            .and_then(|()| disk.sync_dir(folder))
            .at(&path)
            .map_err(MetaError::Store)?;
    }
    Ok((seed, is_current))
}
