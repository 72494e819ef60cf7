//! TLS of the client port (client-protocol.md 18, security.md 20).

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use midge_identity::{Attribute, CertificateNames};
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};
use x509_parser::extensions::GeneralName;
use x509_parser::x509::AttributeTypeAndValue;

use crate::runtime::HandshakeFirst;

/// How clients speak TLS to us.
pub struct TlsListener {
    /// Certificates, versions, suites, verification.
    pub config: Arc<ServerConfig>,
    /// Time for a handshake.
    pub timeout: Duration,
    /// Order of handshake and INFO.
    pub first: HandshakeFirst,
    /// Clear text is accepted too.
    pub allow_non_tls: bool,
    /// Client certificates are required.
    pub verify: bool,
    /// Handshakes per second at most; 0 is unlimited.
    pub rate_limit: u64,
    /// SHA-256 of the public keys of acceptable client certificates, lower-case
    /// hex; empty accepts all.
    pub pinned: Vec<String>,
}

impl TlsListener {
    /// Whether the client's certificate is one of the pinned ones.
    pub(crate) fn accepts_certificate(&self, session: &ServerConnection) -> bool {
        if self.pinned.is_empty() {
            return true;
        }
        let Some(certificate) = session.peer_certificates().and_then(|chain| chain.first()) else {
            return false;
        };
        public_key_digest(certificate).is_some_and(|digest| self.pinned.contains(&digest))
    }
}

/// SHA-256 of a certificate's public key info, lower-case hex.
pub(crate) fn public_key_digest(certificate: &[u8]) -> Option<String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(hex_sha256(parsed.tbs_certificate.subject_pki.raw))
}

/// A certificate's subject in the form of RFC 2253: `CN=cli,OU=Mon,O=NATS`.
pub(crate) fn subject(certificate: &[u8]) -> Option<String> {
    Some(names(certificate)?.full_subject_text())
}

/// The names in a certificate.
pub(crate) fn names(certificate: &[u8]) -> Option<CertificateNames> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let attribute = |value: &AttributeTypeAndValue<'_>| Attribute {
        oid: value.attr_type().to_id_string(),
        value: value.as_str().map_or_else(
            |_| String::from_utf8_lossy(value.as_slice()).into_owned(),
            str::to_owned,
        ),
    };
    let mut names = CertificateNames {
        subject: parsed
            .subject()
            .iter_rdn()
            .map(|relative| relative.iter().map(attribute).collect())
            .collect(),
        ..CertificateNames::default()
    };
    let alternatives = parsed.subject_alternative_name().ok().flatten();
    for name in alternatives
        .iter()
        .flat_map(|found| &found.value.general_names)
    {
        match name {
            GeneralName::RFC822Name(email) => names.emails.push((*email).to_owned()),
            GeneralName::DNSName(host) => names.dns.push((*host).to_owned()),
            GeneralName::URI(uri) => names.uris.push((*uri).to_owned()),
            // Nothing that users are called by.
            _ => {}
        }
    }
    Some(names)
}

/// When a certificate expires.
pub(crate) fn not_after(certificate: &[u8]) -> Option<SystemTime> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// SHA-256 in lower-case hex.
pub(crate) fn hex_sha256(data: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Version and cipher suite of a session, as monitoring and logs name them.
pub(crate) fn describe(session: &ServerConnection) -> (String, String) {
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "1.2".to_owned(),
        Some(ProtocolVersion::TLSv1_3) => "1.3".to_owned(),
        Some(other) => format!("Unknown [0x{:x}]", u16::from(other)),
        None => "Unknown [0x0]".to_owned(),
    };
    let suite = session.negotiated_cipher_suite().map(|suite| suite.suite());
    let suite = suite.and_then(|suite| suite.as_str()).unwrap_or_default();
    // rustls writes TLS13_AES_128_GCM_SHA256 for the IANA name
    // TLS_AES_128_GCM_SHA256.
    (version, suite.replacen("TLS13_", "TLS_", 1))
}

/// Why a handshake failed, for the log.
pub(crate) fn why(error: &io::Error) -> String {
    match tls_error(error) {
        Some(error) => midge_certificates::error_text(error),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        None => error.to_string(),
    }
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Whether a failed handshake looks like a port probe or a client that speaks
/// no TLS, which is nobody's fault.
pub(crate) fn is_probe(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::TimedOut
            | io::ErrorKind::WriteZero
    ) || matches!(tls_error(error), Some(rustls::Error::InvalidMessage(_)))
}
