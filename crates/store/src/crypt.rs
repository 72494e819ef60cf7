//! Encryption at rest (storage-format.md 9).
//!
//! A key that the operator configures opens key files; a key file holds the
//! seed of one thing: of a stream's or consumer's own files, or of one block.
//! Small files are sealed (authenticated), blocks are xored with a key stream
//! that belongs to the key file's seed and nonce.

use aes::Aes256;
use aes_gcm::AesGcm;
use aes_gcm::aead::consts::U16;
use aes_gcm::aead::{Aead, KeyInit};
use chacha20::XChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use chacha20poly1305::XChaCha20Poly1305;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::error::KeyError;

/// Key files shorter than this are refused.
const KEY_FILE_BYTES_MIN: usize = 64;

/// How data is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Cipher {
    /// XChaCha20, with Poly1305 for sealed files.
    #[default]
    ChaCha,
    /// AES-256: GCM with nonces of 16 bytes for sealed files, CTR for blocks.
    Aes,
}

impl std::fmt::Display for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ChaCha => "ChaCha20-Poly1305",
            Self::Aes => "AES-GCM",
        })
    }
}

impl Cipher {
    fn nonce_bytes(self) -> usize {
        match self {
            Self::ChaCha => 24,
            Self::Aes => 16,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::ChaCha => Self::Aes,
            Self::Aes => Self::ChaCha,
        }
    }

    fn seal(self, key: &[u8; 32], nonce: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::ChaCha => {
                let nonce: &[u8; 24] = nonce.try_into().ok()?;
                XChaCha20Poly1305::new(key.into())
                    .encrypt(nonce.into(), plain)
                    .ok()
            }
            Self::Aes => {
                let nonce: &[u8; 16] = nonce.try_into().ok()?;
                AesGcm::<Aes256, U16>::new(key.into())
                    .encrypt(nonce.into(), plain)
                    .ok()
            }
        }
    }

    fn open(self, key: &[u8; 32], nonce: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::ChaCha => {
                let nonce: &[u8; 24] = nonce.try_into().ok()?;
                XChaCha20Poly1305::new(key.into())
                    .decrypt(nonce.into(), sealed)
                    .ok()
            }
            Self::Aes => {
                let nonce: &[u8; 16] = nonce.try_into().ok()?;
                AesGcm::<Aes256, U16>::new(key.into())
                    .decrypt(nonce.into(), sealed)
                    .ok()
            }
        }
    }
}

/// What the operator configured.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKeys {
    /// For everything that is written.
    pub cipher: Cipher,
    /// The text of the key.
    pub key: Vec<u8>,
    /// The text of the key that was used before.
    pub previous: Option<Vec<u8>>,
}

impl std::fmt::Debug for EncryptionKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EncryptionKeys({:?})", self.cipher)
    }
}

/// The key that opens a key file: `info` is the account, `context` names what
/// the key file is for.
fn key_of(text: &[u8], info: &[u8], context: &[u8]) -> [u8; 32] {
    // Keys of HMAC may have any length.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(text) else {
        return [0; 32];
    };
    mac.update(info);
    mac.update(context);
    mac.finalize().into_bytes().into()
}

/// Fills with random bytes.
///
/// # Errors
///
/// If the operating system has none.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), KeyError> {
    getrandom::fill(bytes).map_err(|_| KeyError::Unrecoverable)
}

/// The content of a key file.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed {
    cipher: Cipher,
    seed: [u8; 32],
    nonce: Vec<u8>,
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seed({:?})", self.cipher)
    }
}

impl Seed {
    /// A new one, and its key file.
    ///
    /// # Errors
    ///
    /// If there is no randomness.
    pub fn generate(
        keys: &EncryptionKeys,
        info: &[u8],
        context: &[u8],
    ) -> Result<(Self, Vec<u8>), KeyError> {
        let cipher = keys.cipher;
        let mut seed = Self {
            cipher,
            seed: [0; 32],
            nonce: vec![0; cipher.nonce_bytes()],
        };
        random(&mut seed.seed)?;
        random(&mut seed.nonce)?;
        let kek = key_of(&keys.key, info, context);
        let sealed = cipher.seal(&kek, &seed.nonce, &seed.seed);
        let mut file = seed.nonce.clone();
        file.extend(sealed.ok_or(KeyError::Unrecoverable)?);
        Ok((seed, file))
    }

    /// Opens a key file, whatever cipher it is of. The flag tells whether it
    /// was made with the configured key, not the previous one; otherwise it is
    /// to be replaced by [`rewrap`](Self::rewrap).
    ///
    /// # Errors
    ///
    /// If it is too short, or no key opens it.
    pub fn open(
        keys: &EncryptionKeys,
        info: &[u8],
        context: &[u8],
        file: &[u8],
    ) -> Result<(Self, bool), KeyError> {
        if file.len() < KEY_FILE_BYTES_MIN {
            return Err(KeyError::BadSize);
        }
        let texts = [Some(&keys.key), keys.previous.as_ref()];
        for (age, text) in texts.into_iter().flatten().enumerate() {
            let kek = key_of(text, info, context);
            for cipher in [keys.cipher, keys.cipher.other()] {
                let Some((nonce, sealed)) = file.split_at_checked(cipher.nonce_bytes()) else {
                    continue;
                };
                let opened = cipher.open(&kek, nonce, sealed);
                if let Some(seed) = opened.and_then(|seed| <[u8; 32]>::try_from(seed).ok()) {
                    let nonce = nonce.to_vec();
                    let current = age == 0;
                    return Ok((
                        Self {
                            cipher,
                            seed,
                            nonce,
                        },
                        current,
                    ));
                }
            }
        }
        Err(KeyError::Unrecoverable)
    }

    /// A key file for the same seed, made with the configured key. What the
    /// seed has encrypted stays as it is.
    pub fn rewrap(&self, keys: &EncryptionKeys, info: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let kek = key_of(&keys.key, info, context);
        let mut file = self.nonce.clone();
        file.extend(self.cipher.seal(&kek, &self.nonce, &self.seed)?);
        Some(file)
    }

    /// What it encrypts with.
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// The same secret for another cipher: what it has sealed for this one can
    /// still be [unsealed](Self::unseal), so that key and files need not
    /// change at once. Not for blocks.
    ///
    /// # Errors
    ///
    /// If there is no randomness.
    pub fn for_cipher(&self, cipher: Cipher) -> Result<Self, KeyError> {
        let mut nonce = vec![0; cipher.nonce_bytes()];
        random(&mut nonce)?;
        Ok(Self {
            cipher,
            seed: self.seed,
            nonce,
        })
    }

    /// Seals a small file.
    ///
    /// # Errors
    ///
    /// If there is no randomness.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut file = vec![0; self.cipher.nonce_bytes()];
        random(&mut file)?;
        let sealed = self.cipher.seal(&self.seed, &file, plain);
        file.extend(sealed.ok_or(KeyError::Unrecoverable)?);
        Ok(file)
    }

    /// Opens a sealed file.
    ///
    /// # Errors
    ///
    /// If it was changed, or sealed with another seed.
    pub fn unseal(&self, file: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.unseal_any(file).map(|(plain, _)| plain)
    }

    /// As [`unseal`](Self::unseal); the flag tells whether the file was sealed
    /// with the seed's own cipher.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn unseal_any(&self, file: &[u8]) -> Result<(Vec<u8>, bool), KeyError> {
        let open = |cipher: Cipher| {
            let (nonce, sealed) = file.split_at_checked(cipher.nonce_bytes())?;
            cipher.open(&self.seed, nonce, sealed)
        };
        let own = open(self.cipher).map(|plain| (plain, true));
        own.or_else(|| open(self.cipher.other()).map(|plain| (plain, false)))
            .ok_or(KeyError::Authentication)
    }

    /// As [`unseal`](Self::unseal), with the key file's own nonce and none in
    /// the file (the index files of 2.9).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn unseal_without_nonce(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let opened = self.cipher.open(&self.seed, &self.nonce, sealed);
        opened.ok_or(KeyError::Authentication)
    }

    /// Encrypts or decrypts bytes of a block that begin at `offset`.
    pub fn apply(&self, bytes: &mut [u8], offset: u64) {
        match self.cipher {
            Cipher::ChaCha => {
                let Ok(nonce) = <&[u8; 24]>::try_from(&self.nonce[..]) else {
                    return;
                };
                let mut stream = XChaCha20::new((&self.seed).into(), nonce.into());
                stream.seek(offset);
                stream.apply_keystream(bytes);
            }
            Cipher::Aes => {
                let Ok(nonce) = <&[u8; 16]>::try_from(&self.nonce[..]) else {
                    return;
                };
                let mut stream = ctr::Ctr128BE::<Aes256>::new((&self.seed).into(), nonce.into());
                stream.seek(offset);
                stream.apply_keystream(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).unwrap());
        pairs
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect()
    }

    fn keys(cipher: Cipher, key: &str, previous: Option<&str>) -> EncryptionKeys {
        EncryptionKeys {
            cipher,
            key: key.as_bytes().to_vec(),
            previous: previous.map(|text| text.as_bytes().to_vec()),
        }
    }

    const KEY: &str = "0123456789abcdef-store-sample-key";

    #[test]
    fn blocks_of_the_go_server_are_decrypted() {
        let kek = key_of(KEY.as_bytes(), b"$G", b"ENCTTL:1");
        let want = "c773c1a95f6318b925a9c4b84ccd0ce732d539fad0082ce3fbf685689816a1be";
        assert_eq!(kek.to_vec(), hex(want));
        let aes = hex("71f36ce2c772572127dc2bd9847cf87e
            31d94045b0838dfb900b85cb62aabc404adb66081397be90751755a885b18937
            6495049bfe9128485c20988f7fdd35a6");
        let (seed, current) =
            Seed::open(&keys(Cipher::Aes, KEY, None), b"$G", b"ENCTTL:1", &aes).unwrap();
        assert!(current);
        let want = "6d797b1714a63a7083c78e8a2ab551efd5fba59b70af8f19a3494f5500d92fd2";
        assert_eq!(seed.seed.to_vec(), hex(want));
        let file = hex(
            "2bb725962fed76d8ddcddca63f226613cbf65736e940592b1bec2d05127044ab
            f190925c52c5ecb7c45e98c80af780d2",
        );
        let mut block = file.clone();
        seed.apply(&mut block, 0);
        assert_eq!(block[..12], [0x55, 0, 0, 0x80, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&block[22..30], b"encttl.b");
        let mut part = file[21..].to_vec();
        seed.apply(&mut part, 21);
        assert_eq!(part, block[21..]);

        let chacha = hex("e87a744f5799aa3bffbd17426212c7551a203ade49c5aac4
            cde76717fc25f8206b505585b737bc606b1561876d2fa207e33962bdc1ef4131
            a978bbbb34a649339c237c1f06d3fe43");
        let (seed, current) =
            Seed::open(&keys(Cipher::Aes, KEY, None), b"$G", b"ENCTTL:1", &chacha).unwrap();
        assert!(current);
        let file = hex("8ec715dec49b0768ab8134b3cde1a002e55d25768de5f81ac28791b4a7696874");
        let mut block = file.clone();
        seed.apply(&mut block, 0);
        assert_eq!(block[..12], [0x55, 0, 0, 0x80, 1, 0, 0, 0, 0, 0, 0, 0]);
        let mut part = file[5..].to_vec();
        seed.apply(&mut part, 5);
        assert_eq!(part, block[5..]);
    }

    #[test]
    fn seeds_come_back_with_the_right_key_only() {
        for cipher in [Cipher::Aes, Cipher::ChaCha] {
            let first = keys(cipher, "first", None);
            let (seed, file) = Seed::generate(&first, b"A", b"S:1").unwrap();
            assert_eq!(file.len(), cipher.nonce_bytes() + 48);
            let sealed = seed.seal(b"text").unwrap();
            assert_eq!(seed.unseal(&sealed).unwrap(), b"text");
            let mut changed = sealed.clone();
            changed[sealed.len() - 1] ^= 1;
            assert_eq!(seed.unseal(&changed), Err(KeyError::Authentication));
            assert_eq!(seed.unseal(&[1]), Err(KeyError::Authentication));
            let later = keys(cipher.other(), "second", Some("first"));
            assert_eq!(
                Seed::open(&later, b"A", b"S:1", &file).unwrap(),
                (seed.clone(), false)
            );
            assert_eq!(
                Seed::open(&first, b"A", b"S:1", &file).unwrap(),
                (seed.clone(), true)
            );
            let rewrapped = seed.rewrap(&later, b"A", b"S:1").unwrap();
            let last = keys(cipher, "second", None);
            assert_eq!(
                Seed::open(&last, b"A", b"S:1", &rewrapped).unwrap(),
                (seed.clone(), true)
            );
            for (keys, context) in [(keys(cipher, "other", None), b"S:1"), (first, b"S:2")] {
                let refused = Seed::open(&keys, b"A", context, &file);
                assert_eq!(refused, Err(KeyError::Unrecoverable));
            }
            let short = Seed::open(&later, b"A", b"S:1", &file[..63]);
            assert_eq!(short, Err(KeyError::BadSize));
        }
    }
}
