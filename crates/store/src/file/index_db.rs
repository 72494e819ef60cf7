//! `index.db`: the state of a stream, to start without reading its blocks
//! (storage-format.md 6.1).

use crate::hash::{Checksum, Sum};
use crate::limits::FOUND_GAP_MAX;
use crate::seqset::SeqSet;
use crate::varint::{Reader, put_sv, put_uv};

const MAGIC: u8 = 0x0b;
/// The version that is written.
const VERSION: u8 = 4;
/// Smallest file.
pub(crate) const BYTES_MIN: usize = 32;
const SUM_BYTES: usize = 8;

/// What the file says of the stream as a whole.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// Messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// First sequence.
    pub first: u64,
    /// Time of the first message, 0 for none.
    pub first_time: i64,
    /// Last sequence.
    pub last: u64,
    /// Its time, 0 for none.
    pub last_time: i64,
}

/// What the file says of one block.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BlockEntry {
    /// Its number.
    pub number: u32,
    /// Bytes of its messages.
    pub bytes: u64,
    /// First sequence; last + 1 if it has no messages.
    pub first: u64,
    /// Time of the first message.
    pub first_time: i64,
    /// Last sequence.
    pub last: u64,
    /// Time of the last.
    pub last_time: i64,
    /// Deleted sequences between first and last.
    pub deleted: SeqSet,
    /// Messages with a TTL; `None` in files that do not say.
    pub ttls: Option<u64>,
    /// Messages with a schedule; `None` in files that do not say.
    pub schedules: Option<u64>,
}

/// A subject in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SubjectEntry<'a> {
    /// Its text.
    pub subject: &'a [u8],
    /// Number of messages.
    pub messages: u64,
    /// No message is in an earlier block.
    pub first_block: u32,
    /// No message is in a later block.
    pub last_block: u32,
}

/// What the file says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexFile<'a> {
    /// Of the stream.
    pub head: Head,
    /// Of its subjects, in any order.
    pub subjects: Vec<SubjectEntry<'a>>,
    /// Of its blocks, ascending.
    pub blocks: Vec<BlockEntry>,
    /// Checksum of the last block's last record; zeros if it is empty.
    pub last_sum: Sum,
}

/// Why the file is no use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IndexError {
    /// Less than 32 bytes.
    #[error("Stream state too short ({0} bytes)")]
    Short(usize),
    /// It was changed.
    #[error("Stream state checksum did not match")]
    Checksum,
    /// Another kind of file, or of a newer server.
    #[error("Stream state magic and version mismatch")]
    Version,
    /// It ends too early, or holds what cannot be.
    #[error("Stream state has no checksum present")]
    Cut,
    /// A set of deleted sequences cannot be read.
    #[error("Stream state error decoding avl dmap")]
    Deletes,
    /// The last block is not the last one listed.
    #[error("Stream state block does not exist or index mismatch")]
    LastBlock,
    /// Numbers do not add up.
    #[error("Stream state encountered internal inconsistency on recover")]
    Sums,
}

/// Splits the checksum off a file that has it right.
pub(crate) fn checked<'a>(file: &'a [u8], sum: &Checksum) -> Result<&'a [u8], IndexError> {
    if file.len() < BYTES_MIN {
        return Err(IndexError::Short(file.len()));
    }
    match file.split_last_chunk::<SUM_BYTES>() {
        Some((body, stored)) if sum.sum(body) == *stored => Ok(body),
        _ => Err(IndexError::Checksum),
    }
}

/// Reads the file's content: without the checksum, plain.
///
/// # Errors
///
/// See [`IndexError`].
pub fn decode(body: &[u8]) -> Result<IndexFile<'_>, IndexError> {
    let mut reader = Reader::new(body);
    let version = match (reader.byte(), reader.byte()) {
        (Some(MAGIC), Some(version @ 1..=VERSION)) => version,
        _ => return Err(IndexError::Version),
    };
    let head = decode_head(&mut reader).ok_or(IndexError::Cut)?;
    let count = reader.uv().ok_or(IndexError::Cut)?;
    // A subject takes three bytes at least.
    let mut subjects = Vec::with_capacity(count.min(reader.rest().len() as u64 / 3) as usize);
    for _ in 0..count {
        subjects.push(decode_subject(&mut reader, version).ok_or(IndexError::Cut)?);
    }
    let count = reader.uv().ok_or(IndexError::Cut)?;
    let mut blocks: Vec<BlockEntry> = Vec::new();
    for _ in 0..count {
        let (mut block, deletes) =
            decode_block(&mut reader, version, head.first_time).ok_or(IndexError::Cut)?;
        if deletes > 0 {
            block.deleted = SeqSet::decode(&mut reader).ok_or(IndexError::Deletes)?;
        }
        let inside =
            |seq: Option<u64>| seq.is_none_or(|seq| seq >= block.first && seq <= block.last);
        if !inside(block.deleted.first()) || !inside(block.deleted.last()) {
            return Err(IndexError::Deletes);
        }
        let ascends = blocks
            .last()
            .is_none_or(|before| before.number < block.number);
        if !ascends || block.first > block.last.saturating_add(1) || block.deleted.len() != deletes
        {
            return Err(IndexError::Sums);
        }
        blocks.push(block);
    }
    let last_number = reader.uv().ok_or(IndexError::Cut)?;
    let last_sum = reader.array().ok_or(IndexError::Cut)?;
    if blocks
        .last()
        .is_none_or(|block| u64::from(block.number) != last_number)
    {
        return Err(IndexError::LastBlock);
    }
    // Behind its last message a stream may have deleted ones; they are listed
    // one by one in memory, so there is a bound.
    let is_too_far = blocks.last().is_some_and(|block| {
        let has_messages = block.last + 1 - block.first > block.deleted.len();
        has_messages && head.last.saturating_sub(block.last) > FOUND_GAP_MAX
    });
    if is_too_far || head.last == u64::MAX {
        return Err(IndexError::Sums);
    }
    let sums = |value: fn(&BlockEntry) -> u64| {
        blocks
            .iter()
            .try_fold(0u64, |sum, block| sum.checked_add(value(block)))
    };
    let messages = sums(|block| (block.last + 1 - block.first).saturating_sub(block.deleted.len()));
    if messages != Some(head.messages) || sums(|block| block.bytes) != Some(head.bytes) {
        return Err(IndexError::Sums);
    }
    Ok(IndexFile {
        head,
        subjects,
        blocks,
        last_sum,
    })
}

fn decode_head(reader: &mut Reader<'_>) -> Option<Head> {
    Some(Head {
        messages: reader.uv()?,
        bytes: reader.uv()?,
        first: reader.uv()?,
        first_time: reader.sv()?,
        last: reader.uv()?,
        last_time: reader.sv()?,
    })
}

fn decode_subject<'a>(reader: &mut Reader<'a>, version: u8) -> Option<SubjectEntry<'a>> {
    let subject = reader.sized()?;
    if subject.len() > usize::from(u16::MAX) {
        return None;
    }
    let messages = reader.uv()?;
    let first_block = u32::try_from(reader.uv()?).ok()?;
    let last_block = if messages == 1 && version < 4 {
        first_block
    } else {
        u32::try_from(reader.uv()?).ok()?
    };
    Some(SubjectEntry {
        subject,
        messages,
        first_block,
        last_block,
    })
}

fn decode_block(reader: &mut Reader<'_>, version: u8, base: i64) -> Option<(BlockEntry, u64)> {
    let number = u32::try_from(reader.uv()?).ok()?;
    let bytes = reader.uv()?;
    let first = reader.uv()?;
    let first_time = reader.sv()?.wrapping_add(base);
    let last = reader.uv()?;
    let last_time = reader.sv()?.wrapping_add(base);
    let deletes = reader.uv()?;
    let ttls = if version >= 2 {
        Some(reader.uv()?)
    } else {
        None
    };
    let schedules = if version >= 3 {
        Some(reader.uv()?)
    } else {
        None
    };
    if last == u64::MAX {
        return None;
    }
    let block = BlockEntry {
        number,
        bytes,
        first,
        first_time,
        last,
        last_time,
        deleted: SeqSet::default(),
        ttls,
        schedules,
    };
    Some((block, deletes))
}

/// Starts the file's content with the stream and the number of subjects,
/// which follow by [`put_subject`].
pub fn start(head: &Head, subjects: u64) -> Vec<u8> {
    let mut out = vec![MAGIC, VERSION];
    put_uv(&mut out, head.messages);
    put_uv(&mut out, head.bytes);
    put_uv(&mut out, head.first);
    put_sv(&mut out, head.first_time);
    put_uv(&mut out, head.last);
    put_sv(&mut out, head.last_time);
    put_uv(&mut out, subjects);
    out
}

/// Appends a subject.
pub fn put_subject(out: &mut Vec<u8>, entry: &SubjectEntry<'_>) {
    put_uv(out, entry.subject.len() as u64);
    out.extend_from_slice(entry.subject);
    put_uv(out, entry.messages);
    put_uv(out, u64::from(entry.first_block));
    put_uv(out, u64::from(entry.last_block));
}

/// Appends a block; their number goes before the first one.
pub fn put_block(out: &mut Vec<u8>, base: i64, block: &BlockEntry) {
    put_uv(out, u64::from(block.number));
    put_uv(out, block.bytes);
    put_uv(out, block.first);
    put_sv(out, block.first_time.wrapping_sub(base));
    put_uv(out, block.last);
    put_sv(out, block.last_time.wrapping_sub(base));
    put_uv(out, block.deleted.len());
    put_uv(out, block.ttls.unwrap_or(0));
    put_uv(out, block.schedules.unwrap_or(0));
    if !block.deleted.is_empty() {
        block.deleted.encode(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The annotated file of storage-format.md 6.6.
    #[test]
    fn the_documented_file_is_read_and_written() {
        let base = 1795419323789008102;
        let mut deleted = SeqSet::default();
        deleted.insert(2);
        let block = BlockEntry {
            number: 1,
            bytes: 142,
            first: 1,
            first_time: base,
            last: 4,
            last_time: base + 290144,
            deleted,
            ttls: Some(0),
            schedules: Some(0),
        };
        let head = Head {
            messages: 3,
            bytes: 142,
            first: 1,
            first_time: base,
            last: 4,
            last_time: 1795419323789298246,
        };
        let mut out = start(&head, 2);
        let subject = |subject, messages| SubjectEntry {
            subject,
            messages,
            first_block: 1,
            last_block: 1,
        };
        put_subject(&mut out, &subject(b"plain.b", 1));
        put_subject(&mut out, &subject(b"plain.a", 2));
        put_uv(&mut out, 1);
        put_block(&mut out, base, &block);
        put_uv(&mut out, 1);
        out.extend([7, 0x0a, 0x85, 0xc8, 0x24, 0x5c, 0x68, 0xd3]);
        assert_eq!(out.len(), 346);
        let sum = Checksum::of_name(b"PLAIN");
        let hash = sum.sum(&out);
        assert_eq!(hash, [0x90, 0xc1, 0x98, 0x25, 0xfb, 0x14, 0x47, 0x35]);
        let body = out.clone();
        out.extend(hash);
        assert_eq!(checked(&out, &sum), Ok(&body[..]));
        let file = decode(&body).unwrap();
        assert_eq!((&file.head, &file.blocks[..]), (&head, &[block][..]));
        assert_eq!(
            file.subjects,
            [subject(b"plain.b", 1), subject(b"plain.a", 2)]
        );
        for cut in 0..body.len() {
            assert!(decode(&body[..cut]).is_err());
        }
        out[100] ^= 4;
        assert_eq!(checked(&out, &sum), Err(IndexError::Checksum));
    }

    #[test]
    fn a_last_sequence_far_behind_the_last_block_is_refused() {
        let block = BlockEntry {
            number: 1,
            bytes: 30,
            first: 1,
            last: 1,
            ..BlockEntry::default()
        };
        let file = |last| {
            let (messages, bytes, first) = (1, 30, 1);
            let head = Head {
                messages,
                bytes,
                first,
                last,
                ..Head::default()
            };
            let mut out = start(&head, 0);
            put_uv(&mut out, 1);
            put_block(&mut out, 0, &block);
            put_uv(&mut out, 1);
            out.extend([0; 8]);
            out
        };
        assert!(decode(&file(1)).is_ok() && decode(&file(1 + FOUND_GAP_MAX)).is_ok());
        for last in [2 + FOUND_GAP_MAX, 1 << 62, u64::MAX] {
            assert_eq!(decode(&file(last)), Err(IndexError::Sums));
        }
    }

    #[test]
    fn the_file_of_a_stream_that_was_never_used_is_read() {
        let mut bytes = vec![
            0x0b, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1,
        ];
        bytes.extend([0; 8]);
        let file = decode(&bytes).unwrap();
        assert_eq!((file.blocks[0].first, file.blocks[0].last), (1, 0));
    }
}
