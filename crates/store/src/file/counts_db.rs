//! `counts.db`: how many messages of each subject each block has, so that
//! counts need no blocks after a start. Other servers do not look at it.
//!
//! It goes with one `index.db`, written together with it at the end: its
//! subjects are numbered in the order in which that file lists them. Without
//! that very file it says nothing, and nothing is lost.
//!
//! | field | type |
//! |---|---|
//! | `6d 01`: magic and version | 2 bytes |
//! | checksum of `index.db`: its last bytes | 8 bytes |
//! | number of subjects | uv |
//! | number of blocks listed | uv |
//! | per block, ascending: its number, length of its [`Counts`], their bytes | uv, uv, bytes |
//! | checksum with the stream's key | 8 bytes |
//!
//! In an encrypted stream all but the last field is sealed as in `index.db`.

use std::io::ErrorKind;

use crate::counts::Counts;
use crate::error::StoreError;
use crate::hash::{Checksum, Sum};
use crate::log::Log;
use crate::sync::Step;
use crate::varint::{Reader, put_uv};

use super::{FileStore, Recovery};

const MAGIC: [u8; 2] = [0x6d, 1];
const SUM_BYTES: usize = 8;
/// What the file may have besides what summaries use in memory, in bytes: head,
/// nonce, tag and checksum.
const EXTRA_BYTES: u64 = 128;

const NAME: &str = "counts.db";

/// What the file says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CountsFile {
    /// Checksum of the state file that it goes with.
    pub index_sum: Sum,
    /// Number of subjects there.
    pub subjects: u32,
    /// Blocks by number, ascending.
    pub blocks: Vec<(u32, Counts)>,
}

/// Reads the file's content: without the checksum, plain. `None` if it is
/// damaged.
pub fn decode(body: &[u8]) -> Option<CountsFile> {
    let mut reader = Reader::new(body);
    if reader.array()? != MAGIC {
        return None;
    }
    let index_sum = reader.array()?;
    let subjects = u32::try_from(reader.uv()?).ok()?;
    let count = reader.uv()?;
    let mut blocks: Vec<(u32, Counts)> = Vec::new();
    for _ in 0..count {
        let number = u32::try_from(reader.uv()?).ok()?;
        let counts = Counts::parse(reader.sized()?, subjects)?;
        if blocks.last().is_some_and(|&(before, _)| before >= number) {
            return None;
        }
        blocks.push((number, counts));
    }
    reader.rest().is_empty().then_some(CountsFile {
        index_sum,
        subjects,
        blocks,
    })
}

/// The content of a file, to be followed by its checksum.
pub fn encode(file: &CountsFile) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend(file.index_sum);
    put_uv(&mut out, u64::from(file.subjects));
    put_uv(&mut out, file.blocks.len() as u64);
    for (number, counts) in &file.blocks {
        put_uv(&mut out, u64::from(*number));
        put_uv(&mut out, counts.bytes().len() as u64);
        out.extend_from_slice(counts.bytes());
    }
    out
}

/// What was found in the folder.
enum Found {
    Nothing,
    /// It goes with another state of the stream.
    Stale,
    Damaged(&'static str),
    File(CountsFile),
}

fn find(log: &Log, sum: &Checksum, index_sum: &Sum) -> Found {
    let (Some(files), Some(budget)) = (&log.files, log.budget()) else {
        return Found::Nothing;
    };
    let path = files.folder.join(NAME);
    let length = files.disk.open(&path, false).and_then(|file| file.length());
    match length {
        Err(error) if error.kind() == ErrorKind::NotFound => return Found::Nothing,
        // There would be no room for what it says.
        Ok(length) if length > budget.summary_bytes_max() as u64 + EXTRA_BYTES => {
            return Found::Stale;
        }
        Ok(_) | Err(_) => {}
    }
    let Ok(file) = files.disk.read(&path) else {
        return Found::Damaged("cannot be read");
    };
    let body = match file.split_last_chunk::<SUM_BYTES>() {
        Some((body, stored)) if sum.sum(body) == *stored => body,
        _ => return Found::Damaged("checksum did not match"),
    };
    let decoded = match &files.keys {
        None => decode(body),
        Some(keys) => match keys.seed.unseal(body) {
            Ok(plain) => decode(&plain),
            // From before the stream was encrypted, or with another key.
            Err(_) => return Found::Stale,
        },
    };
    match decoded {
        None => Found::Damaged("its content cannot be"),
        Some(file) if file.index_sum != *index_sum => Found::Stale,
        Some(file) => Found::File(file),
    }
}

/// Takes over what the file says, if it goes with the state file that was just
/// taken over; removes it if it is of no use. Returns whether it was of use.
pub(super) fn load(
    log: &mut Log,
    sum: &Checksum,
    index_sum: &Sum,
    recovery: &mut Recovery,
) -> bool {
    let file = match find(log, sum, index_sum) {
        Found::Nothing => return false,
        // Numbers are those of the file only if each subject got its own.
        Found::File(file) if file.subjects as usize == log.subjects.id_bound() => file,
        Found::File(_) | Found::Stale => {
            remove(log);
            return false;
        }
        Found::Damaged(why) => {
            let text = format!("Stream counts file {why}, blocks will be read instead");
            recovery.warnings.push(text);
            remove(log);
            return false;
        }
    };
    for (number, counts) in file.blocks {
        let found = log
            .blocks
            .binary_search_by_key(&number, |block| block.number);
        let Some((at, block)) = found.ok().and_then(|at| Some((at, log.blocks.get(at)?))) else {
            continue;
        };
        if block.messages() == counts.messages() && !log.keep_summary(at, counts) {
            break;
        }
    }
    true
}

/// Removes a file that is of no use. If that fails it is found out again.
pub(super) fn remove(log: &Log) {
    if let Some(files) = &log.files {
        let _ = files.disk.remove_file(&files.folder.join(NAME));
    }
}

impl FileStore {
    /// Stages the file, beside the state file with this checksum, which was just
    /// staged; or removes what is there, if there is nothing to tell.
    pub(super) fn stage_counts(&mut self, index_sum: Sum) -> Result<(), StoreError> {
        let path = self.in_msgs(NAME);
        if !self.log.has_summaries() {
            if self.disk.exists(&path) {
                self.steps.push(Step::Remove(path));
            }
            return Ok(());
        }
        let numbers = self.log.subjects.numbers();
        let file = CountsFile {
            index_sum,
            subjects: self.log.subjects.len() as u32,
            blocks: self.log.counts(numbers.as_deref()),
        };
        let mut out = encode(&file);
        let files = self.log.files.as_ref();
        if let Some(keys) = files.and_then(|files| files.keys.as_ref()) {
            out = keys.seed.seal(&out).map_err(|source| StoreError::Key {
                path: path.clone(),
                source,
            })?;
        }
        let hash = self.sum.sum(&out);
        out.extend(hash);
        self.replace(path, out);
        Ok(())
    }

    /// Whether a file should be written, though the state file is current.
    pub(super) fn are_counts_stale(&self) -> bool {
        (self.counts_stale || self.log.summaries.made) && self.log.has_summaries()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_back_and_its_pieces_do_not() {
        let file = CountsFile {
            index_sum: [1, 2, 3, 4, 5, 6, 7, 8],
            subjects: 300,
            blocks: vec![
                (1, Counts::of_sorted(&[0, 0, 7, 299])),
                (4, Counts::of_sorted(&[])),
                (900, Counts::of_sorted(&[5; 400])),
            ],
        };
        let body = encode(&file);
        assert_eq!(decode(&body), Some(file.clone()));
        for cut in 0..body.len() {
            assert_eq!(decode(&body[..cut]), None);
        }
        let mut longer = body.clone();
        longer.push(0);
        assert_eq!(decode(&longer), None);
        for (blocks, subjects) in [(vec![4, 4], 300), (vec![5, 4], 300), (vec![1], 2)] {
            let of = |number| (number, Counts::of_sorted(&[0, 2]));
            let blocks = blocks.into_iter().map(of).collect();
            let other = CountsFile {
                subjects,
                blocks,
                ..file.clone()
            };
            assert_eq!(decode(&encode(&other)), None);
        }
    }
}
