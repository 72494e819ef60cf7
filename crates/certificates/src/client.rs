//! Checks of a client's certificate.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use crate::authorities::{Authorities, Purpose, is_of_version_1, key_of, parse};

/// Checks of the certificates of clients: `webpki`'s, and a second look.
#[derive(Debug)]
struct ClientChecks {
    webpki: Arc<dyn ClientCertVerifier>,
    authorities: Authorities,
}

/// Adds the second look to `webpki`'s checks against these authorities.
pub fn client_checks(
    webpki: Arc<dyn ClientCertVerifier>,
    authorities: Vec<CertificateDer<'static>>,
    provider: &CryptoProvider,
) -> Arc<dyn ClientCertVerifier> {
    let algorithms = provider.signature_verification_algorithms;
    Arc::new(ClientChecks {
        webpki,
        authorities: Authorities::new(authorities, algorithms),
    })
}

impl ClientChecks {
    /// The signature of a handshake, with the key of a certificate that `webpki` does not read.
    fn check_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
        error: Error,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Some(parsed) = parse(certificate).filter(is_of_version_1) else {
            return Err(error);
        };
        let algorithms = self.authorities.algorithms().mapping;
        let valid = algorithms
            .iter()
            .filter(|(scheme, _)| *scheme == signature.scheme)
            .any(|(_, algorithms)| {
                let key = key_of(&parsed);
                self.authorities
                    .is_signature_of(&key, algorithms, message, signature.signature())
            });
        match valid {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(CertificateError::BadSignature.into()),
        }
    }
}

impl ClientCertVerifier for ClientChecks {
    fn offer_client_auth(&self) -> bool {
        self.webpki.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.webpki.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.webpki.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let checked = self
            .webpki
            .verify_client_cert(end_entity, intermediates, now);
        let Err(error) = checked else {
            return checked;
        };
        self.authorities
            .vouch(end_entity, Purpose::Client, now, error)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki
            .verify_tls12_signature(message, certificate, signature)
            .or_else(|error| self.check_signature(message, certificate, signature, error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let checked = self
            .webpki
            .verify_tls13_signature(message, certificate, signature);
        match checked {
            // Those of PKCS #1 are for certificates there, not for handshakes (RFC 8446, 4.2.3).
            Err(error) if is_for_tls13(signature.scheme) => {
                self.check_signature(message, certificate, signature, error)
            }
            checked => checked,
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

fn is_for_tls13(scheme: SignatureScheme) -> bool {
    !matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA1
            | SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512
            | SignatureScheme::ECDSA_SHA1_Legacy
    )
}
