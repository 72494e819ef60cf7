//! `<n>.idx`: the index of one block that servers up to 2.9 wrote
//! (storage-format.md 8.5). It is the only place where they kept plain
//! deletes.

use crate::hash::Sum;
use crate::seqset::SeqSet;
use crate::varint::Reader;

const MAGIC: u8 = 0x16;
/// Distance of sequences that is plausible in one block.
const SPAN_MAX: u64 = 1 << 26;

/// What the file says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlockIndex {
    /// Messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// First sequence.
    pub first: u64,
    /// Last sequence.
    pub last: u64,
    /// Time of the last.
    pub last_time: i64,
    /// Deleted sequences in between.
    pub deleted: SeqSet,
    /// Checksum of the block's last record when it was written.
    pub last_sum: Sum,
}

/// Reads the file. `None` if it is damaged.
pub fn decode(bytes: &[u8]) -> Option<BlockIndex> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != MAGIC {
        return None;
    }
    let version = reader.byte()?;
    let messages = reader.uv()?;
    let size = reader.uv()?;
    let first = reader.uv()?;
    reader.sv()?;
    let last = reader.uv()?;
    let last_time = reader.sv()?;
    let count = reader.uv()?;
    let last_sum = reader.array()?;
    if last.checked_sub(first).is_some_and(|span| span > SPAN_MAX) {
        return None;
    }
    let deleted = match (version, count) {
        (1 | 2, 0) => SeqSet::default(),
        (1, _) => {
            let mut set = SeqSet::default();
            for _ in 0..count {
                let seq = first.checked_add(reader.uv()?)?;
                if seq > last {
                    return None;
                }
                set.insert(seq);
            }
            set
        }
        (2, _) => SeqSet::decode(&mut reader)?,
        _ => return None,
    };
    let span = (last.checked_add(1)?).checked_sub(first)?;
    (messages.checked_add(deleted.len())? == span).then_some(BlockIndex {
        messages,
        bytes: size,
        first,
        last,
        last_time,
        deleted,
        last_sum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_file_is_read() {
        let bytes = [
            0x16, 1, 7, 0xad, 3, 1, 0x82, 0x98, 0xfc, 0x90, 0x93, 0xb0, 0xce, 0xea, 0x31, 0x0a,
            0xe0, 0xcf, 0xcb, 0x91, 0x93, 0xb0, 0xce, 0xea, 0x31, 3, 0x2a, 0x55, 0x9d, 0xec, 7,
            0x7f, 0xd6, 0xa6, 1, 8, 4,
        ];
        let index = decode(&bytes).unwrap();
        assert_eq!((index.messages, index.first, index.last), (7, 1, 10));
        assert!(index.deleted.iter().eq([2, 5, 9]));
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), None);
        }
    }
}
