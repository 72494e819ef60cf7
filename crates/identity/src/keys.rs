//! Server keys, nonces and signatures (security.md 1.1 to 1.3).

use data_encoding::{BASE64, BASE64URL_NOPAD};
use nkeys::{KeyPair, KeyPairType, XKey};

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

/// The keys a server makes at each start. The private halves sign requests to
/// the authentication service and open its sealed answers.
#[derive(Clone)]
pub struct ServerKeys {
    /// Public server key, the server's id.
    pub id: String,
    /// Public curve key.
    pub xkey: String,
    signing: KeyPair,
    curve: XKey,
}

impl std::fmt::Debug for ServerKeys {
    /// Without the private halves.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerKeys")
            .field("id", &self.id)
            .field("xkey", &self.xkey)
            .finish_non_exhaustive()
    }
}

impl ServerKeys {
    /// New random keys.
    pub fn generate() -> Self {
        let (signing, curve) = (KeyPair::new_server(), XKey::new());
        Self {
            id: signing.public_key(),
            xkey: curve.public_key(),
            signing,
            curve,
        }
    }

    /// The server's signature of `text`.
    ///
    /// # Errors
    /// Never for keys made by [`generate`](Self::generate), which have their
    /// private half.
    pub fn sign(&self, text: &[u8]) -> Result<Vec<u8>, nkeys::error::Error> {
        self.signing.sign(text)
    }

    /// Seals `text` for the owner of the public curve key `recipient`.
    ///
    /// # Errors
    /// `recipient` is no public curve key.
    pub fn seal(&self, text: &[u8], recipient: &str) -> Result<Vec<u8>, nkeys::error::Error> {
        self.curve.seal(text, &curve_key(recipient)?)
    }

    /// Opens a box sealed for this server by the owner of the public curve key
    /// `sender`.
    ///
    /// # Errors
    /// `sender` is no public curve key, or it did not make the box, or not for
    /// this server.
    pub fn open(&self, sealed: &[u8], sender: &str) -> Result<Vec<u8>, nkeys::error::Error> {
        self.curve.open(sealed, &curve_key(sender)?)
    }
}

/// Characters of every public nkey.
const PUBLIC_KEY_LEN: usize = 56;

/// Reads a public curve key. Its length is checked here, because the decoder
/// relies on it.
fn curve_key(text: &str) -> Result<XKey, nkeys::error::Error> {
    if text.len() != PUBLIC_KEY_LEN {
        let kind = nkeys::error::ErrorKind::InvalidKeyLength;
        return Err(nkeys::error::Error::new(kind, None));
    }
    XKey::from_public_key(text)
}

/// Whether `text` is a public nkey of the kind `kind`.
pub fn is_public_key(kind: &KeyPairType, text: &str) -> bool {
    // The string form of curve keys is the same, but they are not for signing.
    match kind {
        KeyPairType::Curve => curve_key(text).is_ok(),
        _ => KeyPair::from_public_key(text).is_ok_and(|key| key.key_pair_type() == *kind),
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
/// The signature is base64url without padding, or standard base64 with it.
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
    verify(key, nonce, &signature)
}

/// [`verify_nonce`] for trusted proxies, of which only base64url without
/// padding is taken (security.md 17).
///
/// # Errors
/// Why not.
pub fn verify_proxy_nonce(key: &str, nonce: &str, signature: &str) -> Result<(), SignatureError> {
    let signature = BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .map_err(|_| SignatureError::NotBase64)?;
    verify(key, nonce, &signature)
}

fn verify(key: &str, text: &str, signature: &[u8]) -> Result<(), SignatureError> {
    let key = KeyPair::from_public_key(key).map_err(|_| SignatureError::BadKey)?;
    key.verify(text.as_bytes(), signature)
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
        assert!(is_public_key(&KeyPairType::Server, &keys.id));
        assert!(is_public_key(&KeyPairType::Curve, &keys.xkey));
        assert!(!is_public_key(&KeyPairType::User, &keys.id));
    }

    #[test]
    fn a_server_signs_and_opens() {
        let (server, service) = (ServerKeys::generate(), ServerKeys::generate());
        let signature = BASE64URL_NOPAD.encode(&server.sign(b"text").unwrap());
        assert_eq!(verify_nonce(&server.id, "text", &signature), Ok(()));
        let sealed = service.seal(b"answer", &server.xkey).unwrap();
        assert_eq!(server.open(&sealed, &service.xkey).unwrap(), b"answer");
        assert!(server.open(&sealed, &server.xkey).is_err());
        assert!(server.open(b"short", &service.xkey).is_err());
        for no_curve_key in [service.id.as_str(), "", "XA", "AAAA", "X"] {
            assert!(server.seal(b"text", no_curve_key).is_err());
            assert!(server.open(&sealed, no_curve_key).is_err());
            assert!(!is_public_key(&KeyPairType::Curve, no_curve_key));
        }
    }

    #[test]
    fn proxies_have_one_way_to_write_a_signature() {
        let proxy = KeyPair::new_user();
        let signature = proxy.sign(b"text").unwrap();
        let url = BASE64URL_NOPAD.encode(&signature);
        assert_eq!(
            verify_proxy_nonce(&proxy.public_key(), "text", &url),
            Ok(())
        );
        let padded = BASE64.encode(&signature);
        let refused = Err(SignatureError::NotBase64);
        assert_eq!(
            verify_proxy_nonce(&proxy.public_key(), "text", &padded),
            refused
        );
    }
}
