//! From the certificate of a server to the authorities that are trusted.

use x509_parser::prelude::{FromDer, X509Certificate};

/// Certificates in a chain at most: more than any authority uses.
const MAX_LENGTH: usize = 8;
/// Chains that are looked for at most; each trusted certificate with the same
/// name and key ends one.
const MAX_CHAINS: usize = 16;

/// A certificate, and its DER.
pub struct Certificate<'a> {
    /// What is in it.
    pub parsed: X509Certificate<'a>,
    /// As it was sent.
    pub der: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a certificate.
    pub fn read(der: &'a [u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        Some(Self { parsed, der })
    }

    /// Whether `issuer` may have signed it. The handshake has checked
    /// signatures already; here names and key ids are enough.
    fn may_be_from(&self, issuer: &Certificate<'_>) -> bool {
        if self.parsed.issuer().as_raw() != issuer.parsed.subject().as_raw() {
            return false;
        }
        match (authority_key(&self.parsed), subject_key(&issuer.parsed)) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => true,
        }
    }
}

fn authority_key<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate
        .iter_extensions()
        .find_map(|extension| match extension.parsed_extension() {
            x509_parser::extensions::ParsedExtension::AuthorityKeyIdentifier(id) => {
                id.key_identifier.as_ref().map(|key| key.0)
            }
            _ => None,
        })
}

fn subject_key<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate
        .iter_extensions()
        .find_map(|extension| match extension.parsed_extension() {
            x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0),
            _ => None,
        })
}

/// All chains from the first certificate that was sent over the others to one
/// that is trusted.
pub fn chains<'a>(sent: &'a [Vec<u8>], trusted: &'a [&'a [u8]]) -> Vec<Vec<Certificate<'a>>> {
    let Some((own, others)) = sent.split_first() else {
        return Vec::new();
    };
    let read = |der: &'a [u8]| Certificate::read(der);
    let others: Vec<Certificate<'a>> = others.iter().filter_map(|der| read(der)).collect();
    let trusted: Vec<Certificate<'a>> = trusted.iter().filter_map(|der| read(der)).collect();
    let Some(own) = read(own) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    climb(&mut vec![own.der], &own, &others, &trusted, &mut found);
    found
        .into_iter()
        .map(|chain| chain.into_iter().filter_map(read).collect())
        .collect()
}

fn climb<'a>(
    path: &mut Vec<&'a [u8]>,
    last: &Certificate<'a>,
    others: &[Certificate<'a>],
    trusted: &[Certificate<'a>],
    found: &mut Vec<Vec<&'a [u8]>>,
) {
    for root in trusted {
        let is_last = root.der == last.der;
        if found.len() < MAX_CHAINS && (is_last || last.may_be_from(root)) {
            let mut chain = path.clone();
            if !is_last {
                chain.push(root.der);
            }
            // One that was sent may be trusted, too.
            if !found.contains(&chain) {
                found.push(chain);
            }
        }
    }
    if path.len() >= MAX_LENGTH {
        return;
    }
    for next in others {
        if found.len() < MAX_CHAINS && !path.contains(&next.der) && last.may_be_from(next) {
            path.push(next.der);
            climb(path, next, others, trusted, found);
            path.pop();
        }
    }
}
