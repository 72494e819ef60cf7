//! Names and choices that need no secrecy.

/// A small generator of random numbers, seeded by whoever makes the stream.
#[derive(Clone, Debug)]
pub struct Random(u64);

/// Digits of names and ids.
const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Length of the ids of advisories and pins.
const ID_LEN: usize = 22;
/// Length of the names that the server gives to consumers.
const NAME_LEN: usize = 8;

impl Random {
    /// A generator; different seeds give different numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        // A counter whose bits are mixed twice.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u32
    }

    fn text(&mut self, len: usize) -> String {
        (0..len)
            .map(|_| {
                let at = self.below(BASE_62.len() as u32) as usize;
                char::from(BASE_62.get(at).copied().unwrap_or(b'0'))
            })
            .collect()
    }

    /// An id of 22 characters.
    pub fn id(&mut self) -> String {
        self.text(ID_LEN)
    }

    /// A name of 8 characters.
    pub fn name(&mut self) -> String {
        self.text(NAME_LEN)
    }

    /// The last token of a flow control subject.
    pub fn flow_token(&mut self) -> String {
        self.text(4)
    }
}

/// Eight characters made of the SHA-256 of a text: account hashes and stream
/// identities.
pub fn hash8(text: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(text);
    digest
        .iter()
        .take(8)
        .map(|byte| {
            let at = usize::from(*byte) % BASE_62.len();
            char::from(BASE_62.get(at).copied().unwrap_or(b'0'))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_global_account_is_known() {
        assert_eq!(hash8(b"$G"), "szMpdrwD");
    }

    #[test]
    fn numbers_stay_below_their_bound() {
        let mut random = Random::new(7);
        assert!((0..1000).all(|_| random.below(3) < 3));
        assert_eq!(random.below(0), 0);
        assert_eq!(random.id().len(), 22);
        assert_ne!(random.name(), random.name());
    }
}
