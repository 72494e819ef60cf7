//! Key pairs: the text form of keys, files with them, what is done with them
//! (security.md 1.1, 1.2).

use std::fs;

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::{DecodeError, Engine};
use nkeys::{KeyPair, KeyPairType, XKey};

use crate::failure::Result;
use crate::{bail, fail};

/// Bytes of a seed.
const SEED: usize = 32;

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user.
    User,
    /// An account.
    Account,
    /// A server.
    Server,
    /// A cluster.
    Cluster,
    /// An operator.
    Operator,
    /// Encryption.
    Curve,
}

impl Kind {
    /// The words for kinds on the command line.
    pub const WORDS: [(&str, Kind); 7] = [
        ("user", Kind::User),
        ("account", Kind::Account),
        ("server", Kind::Server),
        ("cluster", Kind::Cluster),
        ("operator", Kind::Operator),
        ("curve", Kind::Curve),
        ("x25519", Kind::Curve),
    ];

    /// The kind that a word names.
    pub fn named(word: &str) -> Result<Self> {
        match Self::WORDS.iter().find(|(known, _)| *known == word) {
            Some((_, kind)) => Ok(*kind),
            None => {
                let words: Vec<&str> = Self::WORDS.iter().map(|(word, _)| *word).collect();
                bail!(
                    "enum value must be one of {}, got '{word}'",
                    words.join(",")
                )
            }
        }
    }

    /// The letter that public keys of the kind begin with.
    pub fn letter(self) -> char {
        match self {
            Kind::User => 'U',
            Kind::Account => 'A',
            Kind::Server => 'N',
            Kind::Cluster => 'C',
            Kind::Operator => 'O',
            Kind::Curve => 'X',
        }
    }

    fn of_letter(letter: char) -> Option<Self> {
        Self::WORDS
            .iter()
            .map(|(_, kind)| *kind)
            .find(|kind| kind.letter() == letter)
    }
}

/// A key: a pair, or its public half.
#[derive(Clone)]
pub enum Key {
    /// Signs.
    Signing(Kind, Box<KeyPair>),
    /// Seals and opens.
    Curve(XKey),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the seed.
        f.debug_tuple("Key").field(&self.public()).finish()
    }
}

impl Key {
    /// A new pair.
    pub fn generate(kind: Kind) -> Result<Self> {
        let mut seed = [0; SEED];
        getrandom::fill(&mut seed).map_err(|_| fail!("no randomness is to be had"))?;
        Self::from_bytes(kind, seed)
    }

    /// The pair of a seed's bytes.
    pub fn from_bytes(kind: Kind, seed: [u8; SEED]) -> Result<Self> {
        let signing = match kind {
            Kind::Curve => return Ok(Key::Curve(XKey::new_from_raw(seed))),
            Kind::User => KeyPairType::User,
            Kind::Account => KeyPairType::Account,
            Kind::Server => KeyPairType::Server,
            Kind::Cluster => KeyPairType::Cluster,
            Kind::Operator => KeyPairType::Operator,
        };
        let pair =
            KeyPair::new_from_raw(signing, seed).map_err(|_| fail!("nkeys: invalid seed"))?;
        Ok(Key::Signing(kind, Box::new(pair)))
    }

    /// The key of a text: a seed or a public key.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (kind, is_seed) = match text.strip_prefix('S') {
            Some(rest) => (Kind::of_letter(rest.chars().next()?)?, true),
            None => (Kind::of_letter(text.chars().next()?)?, false),
        };
        Some(match (kind, is_seed) {
            (Kind::Curve, true) => Key::Curve(XKey::from_seed(text).ok()?),
            (Kind::Curve, false) => Key::Curve(XKey::from_public_key(text).ok()?),
            (_, true) => Key::Signing(kind, Box::new(KeyPair::from_seed(text).ok()?)),
            (_, false) => Key::Signing(kind, Box::new(KeyPair::from_public_key(text).ok()?)),
        })
    }

    /// The key in a file: the first line that is one.
    pub fn in_file(path: &str) -> Result<Self> {
        let text = fs::read_to_string(path)
            .map_err(|error| fail!("{}", crate::format::io_error_at("open", path, &error)))?;
        match text.lines().find_map(Self::parse) {
            Some(key) => Ok(key),
            None => bail!("could not find a valid key in {path}"),
        }
    }

    /// The pair in a file: the first line that is a key has to be a seed.
    pub fn pair_in_file(path: &str) -> Result<Self> {
        let key = Self::in_file(path)?;
        if key.seed().is_err() {
            bail!("nkeys: invalid seed");
        }
        Ok(key)
    }

    /// A public key to encrypt for.
    pub fn public_curve(text: &str) -> Result<Self> {
        match Self::parse(text) {
            Some(key @ Key::Curve(_)) if key.seed().is_err() => Ok(key),
            _ => bail!("invalid public key provided"),
        }
    }

    /// What it stands for.
    pub fn kind(&self) -> Kind {
        match self {
            Key::Signing(kind, _) => *kind,
            Key::Curve(_) => Kind::Curve,
        }
    }

    /// The public key.
    pub fn public(&self) -> String {
        match self {
            Key::Signing(_, pair) => pair.public_key(),
            Key::Curve(key) => key.public_key(),
        }
    }

    /// The seed.
    pub fn seed(&self) -> Result<String> {
        match self {
            Key::Signing(_, pair) => pair.seed(),
            Key::Curve(key) => key.seed(),
        }
        .map_err(|_| fail!("nkeys: no seed or private key available"))
    }

    /// Signs.
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        match self {
            Key::Signing(_, pair) => pair
                .sign(bytes)
                .map_err(|_| fail!("nkeys: can not sign, no private key available")),
            Key::Curve(_) => bail!("nkeys: curve key is not valid for sign/verify"),
        }
    }

    /// Checks a signature.
    pub fn verify(&self, bytes: &[u8], signature: &[u8]) -> Result<()> {
        match self {
            Key::Signing(_, pair) => pair
                .verify(bytes, signature)
                .map_err(|_| fail!("nkeys: signature verification failed")),
            Key::Curve(_) => bail!("nkeys: curve key is not valid for sign/verify"),
        }
    }

    /// Encrypts for another key.
    pub fn seal(&self, bytes: &[u8], recipient: &Key) -> Result<Vec<u8>> {
        let (Key::Curve(own), Key::Curve(other)) = (self, recipient) else {
            bail!("nkeys: only curve key can seal/open");
        };
        own.seal(bytes, other)
            .map_err(|_| fail!("nkeys: cannot seal no private curve key available"))
    }

    /// Decrypts what another key sealed.
    pub fn open(&self, bytes: &[u8], sender: &Key) -> Result<Vec<u8>> {
        let (Key::Curve(own), Key::Curve(other)) = (self, sender) else {
            bail!("nkeys: only curve key can seal/open");
        };
        own.open(bytes, other)
            .map_err(|_| fail!("nkeys: could not decrypt input"))
    }
}

/// The bytes of a text in one of the two kinds of base64.
pub fn decode_base64(text: &str) -> Result<Vec<u8>> {
    let text = text.trim();
    URL_SAFE_NO_PAD
        .decode(text)
        .or_else(|_| STANDARD.decode(text))
        .map_err(|error| match error {
            DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => {
                fail!("illegal base64 data at input byte {at}")
            }
            _ => fail!("illegal base64 data at input byte {}", text.len() / 4 * 4),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Json;

    fn vectors() -> Json {
        let text = include_bytes!("../tests/data/jwt-vectors.json");
        Json::parse(text).unwrap()
    }

    #[test]
    fn keys_of_all_kinds_are_read_back() {
        for (word, kind) in Kind::WORDS {
            let key = Key::generate(Kind::named(word).unwrap()).unwrap();
            assert_eq!(key.kind(), kind);
            let seed = key.seed().unwrap();
            assert!(seed.starts_with(&format!("S{}", kind.letter())));
            assert_eq!(Key::parse(&seed).unwrap().public(), key.public());
            assert!(Key::parse(&key.public()).unwrap().seed().is_err());
        }
        assert!(Key::parse("SUAAA").is_none());
        assert!(Kind::named("nobody").is_err());
    }

    #[test]
    fn published_vectors_hold() {
        let vectors = vectors();
        for entry in vectors.list("nkeys") {
            let key = Key::parse(entry.text("seed")).unwrap();
            assert_eq!(key.public(), entry.text("public"));
        }
        for entry in vectors.list("public_user_key_validity") {
            // A seed is a key, too, but not a public one.
            let valid = Key::parse(entry.text("value"))
                .is_some_and(|key| key.kind() == Kind::User && key.seed().is_err());
            assert_eq!(valid, entry.on("valid"), "{entry:?}");
        }
        let nonce = vectors.at("nonce_signature");
        let key = Key::parse(nonce.text("seed")).unwrap();
        let signature = key.sign(nonce.text("nonce").as_bytes()).unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(&signature),
            nonce.text("sig_base64url")
        );
    }

    #[test]
    fn what_is_sealed_opens_for_the_recipient_only() {
        let [a, b, c] = [(); 3].map(|()| Key::generate(Kind::Curve).unwrap());
        let sealed = a.seal(b"secret", &b).unwrap();
        assert_eq!(b.open(&sealed, &a).unwrap(), b"secret");
        assert!(c.open(&sealed, &a).is_err());
        assert!(a.sign(b"x").is_err());
    }
}
