//! HighwayHash-64 with the keys of JetStream's files (storage-format.md 4).

use highway::{HighwayHash, HighwayHasher, Key};
use sha2::{Digest, Sha256};

/// A checksum as it is stored.
pub type Sum = [u8; 8];

/// A keyed checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    key: [u64; 4],
}

impl Checksum {
    /// The checksum whose key is SHA-256 of `name`: a stream's name for its
    /// own files, `stream/consumer` for a consumer's.
    pub fn of_name(name: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(name).into();
        Self::with_key(digest)
    }

    /// The checksum of the records in block `number` of a stream.
    pub fn of_block(stream: &[u8], number: u32) -> Self {
        let mut name = stream.to_vec();
        name.extend(format!("-{number}").bytes());
        Self::of_name(&name)
    }

    /// The checksum with this key.
    pub fn with_key(key: [u8; 32]) -> Self {
        let mut lanes = [0; 4];
        for (lane, bytes) in lanes.iter_mut().zip(key.as_chunks::<8>().0) {
            *lane = u64::from_le_bytes(*bytes);
        }
        Self { key: lanes }
    }

    /// Checksum of `data`.
    #[inline]
    pub fn sum(&self, data: &[u8]) -> Sum {
        HighwayHasher::new(Key(self.key)).hash64(data).to_le_bytes()
    }

    /// Checksum of `parts` in a row.
    #[inline]
    pub fn sum_of(&self, parts: &[&[u8]]) -> Sum {
        let mut hasher = HighwayHasher::new(Key(self.key));
        for part in parts {
            hasher.append(part);
        }
        hasher.finalize64().to_le_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors_hold() {
        let key: [u8; 32] = std::array::from_fn(|at| at as u8);
        let data: [u8; 64] = std::array::from_fn(|at| at as u8);
        let check = |length: usize, want: u64| {
            let sum = Checksum::with_key(key).sum(&data[..length]);
            assert_eq!(u64::from_be_bytes(sum), want, "{length}");
        };
        check(0, 0x536ec222de567a90);
        check(1, 0x78ddcdc7aa43ab7e);
        check(16, 0x32b87ef98934abcf);
        check(31, 0x685a03cf7c00c79f);
        check(32, 0xfc80d5ecd964c9a0);
        check(33, 0xfc8131a03cf7902c);
        check(63, 0xa03921bfe9eb8eab);
        check(64, 0xffa6d24c5d2c5475);
        let plain = Checksum::of_block(b"PLAIN", 1);
        let head = [
            1, 0, 0, 0, 0, 0, 0, 0, 0xe6, 0xdc, 0x50, 0xc9, 0x5c, 0x9c, 0xea, 0x18,
        ];
        assert_eq!(
            plain.sum_of(&[&head, b"plain.a", b"m0"]),
            [0x27, 0xf6, 0xd1, 0x03, 0xd4, 0x5b, 0x97, 0x52]
        );
    }
}
