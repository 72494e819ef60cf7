//! The second look at a certificate.

use std::time::Duration;

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{CertificateError, Error};
use webpki::RawPublicKeyEntity;
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Version};

/// What a certificate is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is the one of a server.
    Server,
    /// It is the one of a client.
    Client,
}

/// Certificates that are trusted.
#[derive(Debug)]
pub struct Authorities {
    /// Each with its subject in DER, so that a handshake reads only those that may have signed.
    certificates: Vec<(Vec<u8>, CertificateDer<'static>)>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Why `webpki` refuses a certificate, if that is worth a second look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It may sign others.
    Authority,
    /// It has no version 3, so that it says nothing of what it is for.
    Version,
    /// Nobody is known who has signed it.
    Issuer,
}

fn refusal(error: &Error) -> Option<Refusal> {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => Some(Refusal::Issuer),
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            match other.0.downcast_ref::<webpki::Error>()? {
                webpki::Error::CaUsedAsEndEntity => Some(Refusal::Authority),
                webpki::Error::UnsupportedCertVersion => Some(Refusal::Version),
                _ => None,
            }
        }
        _ => None,
    }
}

impl Authorities {
    /// Those that are trusted, and the algorithms that count. One that cannot be read does not.
    pub fn new(
        certificates: Vec<CertificateDer<'static>>,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Self {
        let certificates = certificates
            .into_iter()
            .filter_map(|certificate| {
                let subject = parse(&certificate)?.subject().as_raw().to_vec();
                Some((subject, certificate))
            })
            .collect();
        Self {
            certificates,
            algorithms,
        }
    }

    /// The second look at a certificate that `webpki` has refused: it counts if it is trusted itself, or signed by one
    /// that is. The name in it has been checked or will be, by the caller.
    ///
    /// # Errors
    /// The one given, or the one that counts more.
    pub fn vouch(
        &self,
        certificate: &CertificateDer<'_>,
        purpose: Purpose,
        now: UnixTime,
        error: Error,
    ) -> Result<(), Error> {
        let Some(refusal) = refusal(&error) else {
            return Err(error);
        };
        // A server's has to have a name, and one of version 1 has no place for it.
        if refusal == Refusal::Version && purpose == Purpose::Server {
            return Err(error);
        }
        let Some(parsed) = parse(certificate) else {
            return Err(error);
        };
        let trusted = self
            .certificates
            .iter()
            .any(|(_, known)| known == certificate);
        if !trusted && refusal == Refusal::Issuer {
            return Err(error);
        }
        in_force(&parsed, now)?;
        if !is_meant_for(&parsed, purpose) {
            return Err(CertificateError::InvalidPurpose.into());
        }
        if trusted || self.is_signed(&parsed, now) {
            return Ok(());
        }
        Err(match refusal {
            // That it may sign is not what is wrong with it.
            Refusal::Authority | Refusal::Version => CertificateError::UnknownIssuer.into(),
            Refusal::Issuer => error,
        })
    }

    /// Whether one that is trusted has signed it.
    fn is_signed(&self, certificate: &X509Certificate<'_>, now: UnixTime) -> bool {
        let issuer = certificate.issuer().as_raw();
        self.certificates
            .iter()
            .filter(|(subject, _)| subject == issuer)
            .filter_map(|(_, authority)| parse(authority))
            .any(|authority| {
                may_sign(&authority)
                    && in_force(&authority, now).is_ok()
                    && self.has_signed(&authority, certificate)
            })
    }

    fn has_signed(
        &self,
        authority: &X509Certificate<'_>,
        certificate: &X509Certificate<'_>,
    ) -> bool {
        self.is_signature_of(
            &key_of(authority),
            self.algorithms.all,
            certificate.tbs_certificate.as_ref(),
            &certificate.signature_value.data,
        )
    }

    /// Whether one of the algorithms finds the signature to be of this key.
    pub(crate) fn is_signature_of(
        &self,
        key: &SubjectPublicKeyInfoDer<'_>,
        algorithms: &[&dyn rustls::pki_types::SignatureVerificationAlgorithm],
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        RawPublicKeyEntity::try_from(key).is_ok_and(|key| {
            algorithms
                .iter()
                .any(|algorithm| key.verify_signature(*algorithm, message, signature).is_ok())
        })
    }

    pub(crate) fn algorithms(&self) -> &WebPkiSupportedAlgorithms {
        &self.algorithms
    }
}

pub(crate) fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    match X509Certificate::from_der(certificate) {
        Ok(([], parsed)) => Some(parsed),
        _ => None,
    }
}

/// Whether it is of the first version: it has no extensions.
pub(crate) fn is_of_version_1(certificate: &X509Certificate<'_>) -> bool {
    certificate.version() == X509Version::V1
}

pub(crate) fn key_of<'a>(certificate: &'a X509Certificate<'_>) -> SubjectPublicKeyInfoDer<'a> {
    SubjectPublicKeyInfoDer::from(certificate.public_key().raw)
}

/// Whether its time has come and is not over.
fn in_force(certificate: &X509Certificate<'_>, now: UnixTime) -> Result<(), Error> {
    let at = |time: ASN1Time| {
        // Before 1970 is before everything.
        UnixTime::since_unix_epoch(Duration::from_secs(
            u64::try_from(time.timestamp()).unwrap_or(0),
        ))
    };
    let not_before = at(certificate.validity().not_before);
    let not_after = at(certificate.validity().not_after);
    if now < not_before {
        return Err(CertificateError::NotValidYetContext {
            time: now,
            not_before,
        }
        .into());
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext {
            time: now,
            not_after,
        }
        .into());
    }
    Ok(())
}

/// Whether it does not say that it is for something else.
fn is_meant_for(certificate: &X509Certificate<'_>, purpose: Purpose) -> bool {
    match certificate.extended_key_usage() {
        Ok(None) => true,
        Ok(Some(usage)) => {
            usage.value.any
                || match purpose {
                    Purpose::Server => usage.value.server_auth,
                    Purpose::Client => usage.value.client_auth,
                }
        }
        Err(_) => false,
    }
}

/// Whether it may sign others, whatever their names: limits of names are left to `webpki`, so one that has them signs
/// nothing here. Of version 1 all may, as long as they are trusted.
fn may_sign(certificate: &X509Certificate<'_>) -> bool {
    let is_authority = match certificate.basic_constraints() {
        Ok(Some(constraints)) => constraints.value.ca,
        Ok(None) => is_of_version_1(certificate),
        Err(_) => false,
    };
    let has_the_usage = match certificate.key_usage() {
        Ok(Some(usage)) => usage.value.key_cert_sign(),
        Ok(None) => true,
        Err(_) => false,
    };
    is_authority && has_the_usage && matches!(certificate.name_constraints(), Ok(None))
}
