//! Compressed blocks (storage-format.md 5): `cmp`, the algorithm, the size, an
//! S2 stream of all but the last 8 bytes, and those as they are.

use crate::s2;
use crate::varint::{Reader, put_uv};

const MAGIC: &[u8] = b"cmp";
const NONE: u8 = 0;
const S2: u8 = 1;
/// Bytes at the end of a block that stay outside: its last checksum.
const TAIL_BYTES: usize = 8;
/// Smallest file that can be a compressed block.
const FILE_BYTES_MIN: usize = 5;
/// Largest block that memory is set aside for on the word of its file alone.
const BLOCK_BYTES_MAX: u64 = 64 << 20;

/// Whether a file begins as a compressed block does.
pub fn is_compressed(file: &[u8]) -> bool {
    file.len() >= FILE_BYTES_MIN && file.starts_with(MAGIC) && file.get(3).is_some_and(|&a| a <= S2)
}

/// A block after decompression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plain {
    /// Its records.
    pub block: Vec<u8>,
    /// Whether that is all of it: false if the file is damaged, and this is
    /// what could be read.
    pub complete: bool,
}

/// The records in a file. One that is not compressed is returned as it is.
pub fn unpack(file: Vec<u8>) -> Plain {
    if !is_compressed(&file) {
        return Plain {
            block: file,
            complete: true,
        };
    }
    let mut reader = Reader::new(file.get(MAGIC.len() + 1..).unwrap_or_default());
    let size = reader.uv();
    let rest = reader.rest();
    let (body, tail) = rest
        .split_at_checked(rest.len().saturating_sub(TAIL_BYTES))
        .unwrap_or((rest, &[]));
    let mut block = Vec::new();
    if let Some(size) = size {
        block.reserve(size.min(BLOCK_BYTES_MAX).min(rest.len() as u64 * 64) as usize);
    }
    // What was read before damage is kept.
    let complete = match file.get(MAGIC.len()) {
        Some(&NONE) => {
            block.extend_from_slice(body);
            true
        }
        _ => s2::decompress(body, &mut block).is_some(),
    };
    block.extend_from_slice(tail);
    let complete = complete && size == Some(block.len() as u64);
    Plain { block, complete }
}

/// The compressed form of a block. `None` if it cannot be compressed.
pub fn pack(block: &[u8]) -> Option<Vec<u8>> {
    let (body, tail) = block.split_at_checked(block.len().checked_sub(TAIL_BYTES)?)?;
    let mut file = MAGIC.to_vec();
    file.push(S2);
    put_uv(&mut file, block.len() as u64);
    s2::compress(body, &mut file);
    file.extend_from_slice(tail);
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back() {
        let mut random = fastrand::Rng::with_seed(5);
        for size in [8, 9, 100, 70_000, 3_000_000] {
            let text: Vec<u8> = (0..size).map(|at| (at % 61) as u8).collect();
            let noise: Vec<u8> = (0..size).map(|_| random.u8(..)).collect();
            for block in [text, noise] {
                let file = pack(&block).unwrap();
                assert!(is_compressed(&file));
                assert_eq!(file[file.len() - 8..], block[block.len() - 8..]);
                let plain = unpack(file);
                assert!(plain.complete && plain.block == block);
            }
        }
        assert_eq!(pack(b"short"), None);
    }

    #[test]
    fn damage_is_told_and_what_is_before_it_read() {
        let mut random = fastrand::Rng::with_seed(6);
        let block: Vec<u8> = (0..3_000_000).map(|_| random.u8(..)).collect();
        let mut file = pack(&block).unwrap();
        let middle = file.len() / 2;
        file[middle] ^= 1;
        let plain = unpack(file);
        assert!(!plain.complete);
        assert_eq!(plain.block[..1 << 20], block[..1 << 20]);
        for short in [
            &b"cmp\x01"[..],
            b"cmp\x01\x05",
            b"cmp\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01abcdefghij",
        ] {
            let plain = unpack(short.to_vec());
            assert!(!plain.complete || plain.block == short);
        }
    }

    #[test]
    fn other_files_are_left_alone() {
        let plain = unpack(b"cmq\x01 no".to_vec());
        assert_eq!(
            (plain.block, plain.complete),
            (b"cmq\x01 no".to_vec(), true)
        );
    }
}
