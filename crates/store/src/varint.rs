//! Reading and writing the integers of JetStream's files
//! (storage-format.md, conventions).

/// Appends an unsigned varint: 7 bits a byte, low group first.
pub fn put_uv(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed varint: zig-zag, then as [`put_uv`].
pub fn put_sv(out: &mut Vec<u8>, value: i64) {
    put_uv(out, (value.wrapping_shl(1) ^ (value >> 63)) as u64);
}

/// A place in bytes that are being read. Every read gives `None` when the
/// bytes end too early.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// The next bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// A u16.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// A u32.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A u64.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// An unsigned varint of at most 10 bytes.
    pub fn uv(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// A signed varint.
    pub fn sv(&mut self) -> Option<i64> {
        let value = self.uv()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Bytes with their length in front.
    pub fn sized(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.uv()?).ok()?;
        self.bytes(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back() {
        let mut bytes = Vec::new();
        let unsigned = [0, 1, 127, 128, 300, u64::MAX >> 1, u64::MAX];
        let signed = [0, -1, 1, i64::MIN, i64::MAX, -6795364578871345152];
        unsigned.iter().for_each(|&value| put_uv(&mut bytes, value));
        signed.iter().for_each(|&value| put_sv(&mut bytes, value));
        let mut reader = Reader::new(&bytes);
        assert_eq!(unsigned.map(|_| reader.uv().unwrap()), unsigned);
        assert_eq!(signed.map(|_| reader.sv().unwrap()), signed);
        assert_eq!(reader.rest(), b"");
        assert_eq!(reader.uv(), None);
    }

    #[test]
    fn a_varint_that_overflows_is_refused() {
        assert_eq!(Reader::new(&[0xff; 10]).uv(), None);
        assert_eq!(Reader::new(&[0x80; 11]).uv(), None);
        assert_eq!(Reader::new(&[0x80, 0x80]).uv(), None);
    }
}
