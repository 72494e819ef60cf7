//! Certificates and keys from files, and whether they belong together.

use std::path::Path;

use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::private_key::{self, Match};
use super::tls::Pairs;
use crate::go_text::os_error;
use crate::options::{CertificateKey, TlsOptions};

/// Largest certificate or key file, bytes.
const MAX_PEM_BYTES: u64 = 16 << 20;

/// Reads every file a block names.
pub(crate) fn load(tls: &mut TlsOptions, pairs: &Pairs) -> Result<(), String> {
    match (&tls.cert_file, &tls.key_file) {
        (Some(_), None) => return Err("missing 'key_file' in TLS configuration".to_owned()),
        (None, Some(_)) => return Err("missing 'cert_file' in TLS configuration".to_owned()),
        (Some(cert), Some(key)) => {
            let pair = load_pair(cert, key)
                .map_err(|e| format!("error parsing X509 certificate/key pair: {e}"))?;
            tls.certificates = vec![pair];
        }
        (None, None) => {
            let total = pairs.len();
            for (at, (cert, key)) in pairs.iter().enumerate() {
                let pair = load_pair(Path::new(cert), Path::new(key)).map_err(|e| {
                    format!(
                        "error parsing X509 certificate/key pair {}/{total}: {e}",
                        at + 1
                    )
                })?;
                tls.certificates.push(pair);
            }
        }
    }
    if let Some(file) = &tls.ca_file {
        let certificates = authorities(&read(file)?);
        if certificates.is_empty() {
            return Err("failed to parse root ca certificate".to_owned());
        }
        tls.ca_certificates = Some(certificates);
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |e: std::io::Error| format!("open {}: {}", path.display(), os_error(&e));
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MAX_PEM_BYTES {
        return Err(format!(
            "{}: larger than {MAX_PEM_BYTES} bytes",
            path.display()
        ));
    }
    std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::IsADirectory => {
            format!("read {}: {}", path.display(), os_error(&e))
        }
        _ => format!("open {}: {}", path.display(), os_error(&e)),
    })
}

/// The sections of a PEM file, until one is damaged.
fn sections(bytes: &[u8]) -> Vec<(SectionKind, Vec<u8>)> {
    <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes)
        .map_while(Result::ok)
        .collect()
}

fn is_key(kind: SectionKind) -> bool {
    matches!(
        kind,
        SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey
    )
}

/// Certificates that can be read; others are left out.
fn authorities(bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    sections(bytes)
        .into_iter()
        .filter(|(kind, der)| {
            *kind == SectionKind::Certificate && x509_parser::parse_x509_certificate(der).is_ok()
        })
        .map(|(_, der)| CertificateDer::from(der))
        .collect()
}

fn load_pair(cert_file: &Path, key_file: &Path) -> Result<CertificateKey, String> {
    let cert_bytes = read(cert_file)?;
    let key_bytes = read(key_file)?;
    let chain = chain(&cert_bytes)?;
    let key = key(&key_bytes)?;
    let (_, leaf) = x509_parser::parse_x509_certificate(&chain[0])
        .map_err(|_| "x509: malformed certificate".to_owned())?;
    match private_key::matches(leaf.public_key(), &key) {
        Match::Yes => {}
        Match::OtherType => {
            return Err("tls: private key type does not match public key type".to_owned());
        }
        Match::OtherKey => return Err("tls: private key does not match public key".to_owned()),
        Match::Unreadable => return Err("tls: failed to parse private key".to_owned()),
    }
    Ok(CertificateKey {
        cert_file: cert_file.to_path_buf(),
        key_file: key_file.to_path_buf(),
        chain,
        key,
    })
}

fn chain(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let sections = sections(bytes);
    let chain: Vec<CertificateDer<'static>> = sections
        .iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| CertificateDer::from(der.clone()))
        .collect();
    if !chain.is_empty() {
        return Ok(chain);
    }
    let what = match sections.as_slice() {
        [] => "failed to find any PEM data in certificate input",
        [(kind, _)] if is_key(*kind) => {
            "failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"
        }
        _ => "failed to find \"CERTIFICATE\" PEM block in certificate input",
    };
    Err(format!("tls: {what}"))
}

fn key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let sections = sections(bytes);
    if let Some((kind, der)) = sections.iter().find(|(kind, _)| is_key(*kind)) {
        let der = der.clone();
        return Ok(match kind {
            SectionKind::RsaPrivateKey => PrivateKeyDer::Pkcs1(der.into()),
            SectionKind::EcPrivateKey => PrivateKeyDer::Sec1(der.into()),
            _ => PrivateKeyDer::Pkcs8(der.into()),
        });
    }
    let what = match sections.as_slice() {
        [] => "failed to find any PEM data in key input",
        [(SectionKind::Certificate, _)] => {
            "found a certificate rather than a key in the PEM for the private key"
        }
        _ => "failed to find PEM block with type ending in \"PRIVATE KEY\" in key input",
    };
    Err(format!("tls: {what}"))
}
