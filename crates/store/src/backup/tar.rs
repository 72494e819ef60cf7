//! The tar of a stream's files (storage-format.md 12.1), as far as backups
//! use it: regular files, with pax headers for times.

const BLOCK: usize = 512;
/// Largest file: a block file with a record of 32 MiB beside others.
const FILE_BYTES_MAX: u64 = 1 << 30;

use super::BackupError;

/// A file of the archive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry<'a> {
    /// A regular file with its path, which stays below its folder.
    File {
        /// As in the archive, for example `msgs/1.blk`.
        path: &'a str,
        /// Its content.
        content: &'a [u8],
    },
    /// Something without content for us: a pax header.
    Skip,
    /// Nothing comes after this.
    End,
}

fn padded(size: u64) -> u64 {
    size.div_ceil(BLOCK as u64) * BLOCK as u64
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches(|c: char| c == '\0' || c == ' ');
    if text.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(text, 8).ok()
}

/// Whether a path stays below its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with('/')
        && !path.contains('\\')
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Reads the entry at the start of `bytes`: it and its length. `None` if more
/// bytes are needed.
///
/// # Errors
///
/// If it is damaged, no regular file, or leaves its folder.
pub fn read(bytes: &[u8]) -> Result<Option<(Entry<'_>, usize)>, BackupError> {
    let Some(head) = bytes.first_chunk::<BLOCK>() else {
        return Ok(None);
    };
    if head.iter().all(|&byte| byte == 0) {
        return Ok(Some((Entry::End, BLOCK)));
    }
    let sum: u64 = head
        .iter()
        .enumerate()
        .map(|(at, &byte)| {
            if (148..156).contains(&at) {
                32
            } else {
                u64::from(byte)
            }
        })
        .sum();
    let size = octal(&head[124..136]).filter(|&size| size <= FILE_BYTES_MAX);
    let (Some(size), true) = (size, octal(&head[148..156]) == Some(sum)) else {
        return Err(BackupError::Content);
    };
    let length = BLOCK + padded(size) as usize;
    if bytes.len() < length {
        return Ok(None);
    }
    match head[156] {
        b'0' | 0 => {}
        b'x' | b'g' => return Ok(Some((Entry::Skip, length))),
        _ => return Err(BackupError::Content),
    }
    let name = head[..100]
        .split(|&byte| byte == 0)
        .next()
        .unwrap_or_default();
    let path = std::str::from_utf8(name)
        .ok()
        .filter(|path| is_inside(path));
    let content = bytes.get(BLOCK..BLOCK + size as usize);
    match (path, content) {
        (Some(path), Some(content)) => Ok(Some((Entry::File { path, content }, length))),
        _ => Err(BackupError::Content),
    }
}

/// Appends a file; `path` has at most 100 bytes, as all of a backup have.
pub fn put_file(out: &mut Vec<u8>, path: &str, content: &[u8], seconds: u64) {
    let mut head = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| {
        if let Some(field) = head.get_mut(at..at + text.len()) {
            field.copy_from_slice(text);
        }
    };
    put(0, path.as_bytes().get(..100).unwrap_or(path.as_bytes()));
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(136, format!("{seconds:011o}\0").as_bytes());
    put(148, b"        ");
    put(156, b"0ustar\0");
    head[156] = b'0';
    head[257..265].copy_from_slice(b"ustar\x0000");
    head[157..164].fill(0);
    head[265..269].copy_from_slice(b"nats");
    head[297..301].copy_from_slice(b"nats");
    let sum: u64 = head.iter().map(|&byte| u64::from(byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(content);
    out.resize(out.len().div_ceil(BLOCK) * BLOCK, 0);
}

/// Appends the end.
pub fn put_end(out: &mut Vec<u8>) {
    out.resize(out.len() + 2 * BLOCK, 0);
}
