//! The certificate of this side and its key.

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use crate::authorities::{is_of_version_1, key_of, parse};

/// A chain of certificates, the own one first, and the key of that.
///
/// # Errors
/// The key is another's, or one of both cannot be read.
pub fn certified_key(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Error> {
    let own = CertifiedKey::new(chain, provider.key_provider.load_private_key(key)?);
    match own.keys_match() {
        // Some keys do not tell their public half.
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(own),
        Err(error) => {
            // The library does not read certificates of version 1.
            let Some(certificate) = own.cert.first().and_then(parse).filter(is_of_version_1) else {
                return Err(error);
            };
            let other = own
                .key
                .public_key()
                .is_some_and(|key| key != key_of(&certificate));
            if other {
                return Err(InconsistentKeys::KeyMismatch.into());
            }
            Ok(own)
        }
    }
}
