//! How large a snapshot is once uncompressed, without uncompressing it.
//!
//! An S2 stream is a row of chunks: a kind, three bytes with the length of
//! what follows (little endian), and that. Blocks begin with a four byte
//! checksum; a compressed one then has its plain length as a varint.

/// Kind of a chunk with a compressed block.
const COMPRESSED: u8 = 0;
/// Kind of a chunk with a block as it is.
const PLAIN: u8 = 1;
/// Bytes of a block's checksum.
const CHECKSUM: usize = 4;
/// Bytes of a chunk's kind and length.
const HEAD: usize = 4;
/// Most bytes of a chunk that are needed: head, checksum and a varint.
const NEEDED: usize = HEAD + CHECKSUM + 10;

/// Counts as the stream goes by.
#[derive(Clone, Debug, Default)]
pub struct PlainSize {
    /// Bytes so far.
    pub bytes: u64,
    /// The begin of a chunk of which more is needed.
    begun: Vec<u8>,
    /// Bytes to the end of the chunk.
    skip: usize,
}

impl PlainSize {
    /// Takes the next bytes of the stream.
    pub fn push(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(data.len());
                self.skip -= skipped;
                data = data.get(skipped..).unwrap_or_default();
                continue;
            }
            let wanted = self.wanted();
            let taken = (wanted - self.begun.len()).min(data.len());
            self.begun
                .extend_from_slice(data.get(..taken).unwrap_or_default());
            data = data.get(taken..).unwrap_or_default();
            // Its head may have told that less or more is needed.
            if self.begun.len() >= self.wanted() {
                self.chunk();
            }
        }
    }

    fn length(&self) -> Option<usize> {
        match self.begun.as_slice() {
            [_, a, b, c, ..] => {
                Some(usize::from(*a) | usize::from(*b) << 8 | usize::from(*c) << 16)
            }
            _ => None,
        }
    }

    /// Bytes of the chunk that have to be seen.
    fn wanted(&self) -> usize {
        match self.length() {
            None => HEAD,
            Some(length) => (HEAD + length).min(NEEDED),
        }
    }

    fn chunk(&mut self) {
        let length = self.length().unwrap_or(0);
        let plain = match self.begun.first() {
            Some(&COMPRESSED) => {
                varint(self.begun.get(HEAD + CHECKSUM..).unwrap_or_default()).unwrap_or(0)
            }
            Some(&PLAIN) => u64::try_from(length.saturating_sub(CHECKSUM)).unwrap_or(0),
            _ => 0,
        };
        self.bytes = self.bytes.saturating_add(plain);
        self.skip = (HEAD + length).saturating_sub(self.begun.len());
        self.begun.clear();
    }
}

fn varint(bytes: &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for (number, byte) in bytes.iter().enumerate() {
        let shift = u32::try_from(number * 7).ok()?;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Vec<u8> {
        let mut out = b"\xff\x06\x00\x00S2sTwO".to_vec();
        // A compressed block of 300 bytes (varint 0xac 0x02) in 7 more.
        out.extend_from_slice(&[0, 13, 0, 0, 1, 2, 3, 4, 0xac, 0x02]);
        out.extend_from_slice(&[9; 7]);
        // A plain block of 5 bytes, and padding.
        out.extend_from_slice(&[1, 9, 0, 0, 1, 2, 3, 4]);
        out.extend_from_slice(&[7; 5]);
        out.extend_from_slice(&[0xfe, 2, 0, 0, 0, 0]);
        out
    }

    #[test]
    fn plain_bytes_are_counted_however_the_stream_is_cut() {
        for size in 1..stream().len() {
            let mut count = PlainSize::default();
            for piece in stream().chunks(size) {
                count.push(piece);
            }
            assert_eq!(count.bytes, 305, "pieces of {size}");
        }
    }
}
