//! Server keys, nonces and signatures (security.md 1.1 to 1.3).

use data_encoding::{BASE64, BASE64URL_NOPAD};

/// Random bytes of a nonce; 15 characters on the wire.
const NONCE_BYTES: usize = 11;

/// A fresh nonce for one connection.
pub fn nonce() -> String {
    let mut bytes = [0; NONCE_BYTES];
    // The system's generator fails only before it is seeded at boot.
    if getrandom::fill(&mut bytes).is_err() {
        fastrand::fill(&mut bytes);
    }
    BASE64URL_NOPAD.encode(&bytes)
}

/// The keys a server makes at each start.
#[derive(Clone, Debug)]
pub struct ServerKeys {
    /// Public server key, the server's id.
    pub id: String,
    /// Public curve key.
    pub xkey: String,
}

impl ServerKeys {
    /// New random keys.
    pub fn generate() -> Self {
        Self {
            id: nkeys::KeyPair::new_server().public_key(),
            xkey: nkeys::XKey::new().public_key(),
        }
    }
}

/// Why a signature was not accepted; for debug logs only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// No signature was sent.
    Missing,
    /// It is neither of the two base64 forms.
    NotBase64,
    /// The key is not a public nkey.
    BadKey,
    /// It does not match.
    NotVerified,
}

impl std::fmt::Display for SignatureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "Signature missing",
            Self::NotBase64 => "Signature not valid base64",
            Self::BadKey => "User nkey not valid",
            Self::NotVerified => "Signature not verified",
        })
    }
}

/// Checks that the owner of the public nkey `key` signed the text `nonce`.
///
/// # Errors
/// Why not.
pub fn verify_nonce(key: &str, nonce: &str, signature: &str) -> Result<(), SignatureError> {
    if signature.is_empty() {
        return Err(SignatureError::Missing);
    }
    let signature = BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .or_else(|_| BASE64.decode(signature.as_bytes()))
        .map_err(|_| SignatureError::NotBase64)?;
    let key = nkeys::KeyPair::from_public_key(key).map_err(|_| SignatureError::BadKey)?;
    key.verify(nonce.as_bytes(), &signature)
        .map_err(|_| SignatureError::NotVerified)
}

#[cfg(test)]
mod tests {
    use super::*;

    // client-protocol 4
    #[test]
    fn a_nonce_is_fifteen_characters_and_never_the_same() {
        assert_eq!(nonce().len(), 15);
        assert_ne!(nonce(), nonce());
    }

    #[test]
    fn both_base64_forms_of_a_signature_are_taken() {
        let user = nkeys::KeyPair::new_user();
        let key = user.public_key();
        let signature = user.sign(b"text").expect("has a seed");
        for encoded in [
            BASE64URL_NOPAD.encode(&signature),
            BASE64.encode(&signature),
        ] {
            assert_eq!(verify_nonce(&key, "text", &encoded), Ok(()));
            assert_eq!(
                verify_nonce(&key, "other", &encoded),
                Err(SignatureError::NotVerified)
            );
        }
        assert_eq!(verify_nonce(&key, "text", ""), Err(SignatureError::Missing));
        assert_eq!(
            verify_nonce(&key, "text", "%"),
            Err(SignatureError::NotBase64)
        );
        let signature = BASE64URL_NOPAD.encode(&signature);
        assert_eq!(
            verify_nonce("UX", "text", &signature),
            Err(SignatureError::BadKey)
        );
    }

    #[test]
    fn server_keys_are_of_their_kinds() {
        let keys = ServerKeys::generate();
        assert!(keys.id.starts_with('N') && keys.id.len() == 56);
        assert!(keys.xkey.starts_with('X') && keys.xkey.len() == 56);
    }
}
