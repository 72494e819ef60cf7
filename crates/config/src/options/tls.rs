//! `tls` blocks, OCSP (configuration.md 3.8).

use std::path::PathBuf;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A `tls` block with its files read.
#[derive(Debug, Clone, PartialEq)]
pub struct TlsOptions {
    /// Server and client identity.
    pub cert_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
    /// Certificate authorities' file.
    pub ca_file: Option<PathBuf>,
    /// What `cert_file`, or each entry of `certs`, held.
    pub certificates: Vec<CertificateKey>,
    /// What `ca_file` held; `None` without one.
    pub ca_certificates: Option<Vec<CertificateDer<'static>>>,
    /// A client certificate is required.
    pub verify: bool,
    /// It also selects the user.
    pub verify_and_map: bool,
    /// Links must present a name that is among the known URLs.
    pub verify_cert_and_check_known_urls: bool,
    /// Outgoing connections skip verification.
    pub insecure: bool,
    /// IANA names; empty is the default set.
    pub cipher_suites: Vec<String>,
    /// Insecure ones may be named.
    pub allow_insecure_cipher_suites: bool,
    /// Names in order of preference; empty is the default set.
    pub curve_preferences: Vec<String>,
    /// Lowest version.
    pub min_version: TlsVersion,
    /// Seconds for the handshake; 2 by default.
    pub timeout: f64,
    /// Handshakes a second of the client listener; 0 is unlimited.
    pub connection_rate_limit: i64,
    /// Lower-case hex SHA-256 of allowed public keys; `None` allows all.
    pub pinned_certs: Option<Vec<String>>,
    /// When the handshake happens.
    pub handshake_first: HandshakeFirst,
    /// OCSP check of the other side.
    pub ocsp_peer: Option<OcspPeer>,
}

impl Default for TlsOptions {
    fn default() -> Self {
        TlsOptions {
            cert_file: None,
            key_file: None,
            ca_file: None,
            certificates: Vec::new(),
            ca_certificates: None,
            verify: false,
            verify_and_map: false,
            verify_cert_and_check_known_urls: false,
            insecure: false,
            cipher_suites: Vec::new(),
            allow_insecure_cipher_suites: false,
            curve_preferences: Vec::new(),
            min_version: TlsVersion::V1_2,
            timeout: DEFAULT_TLS_TIMEOUT,
            connection_rate_limit: 0,
            pinned_certs: None,
            handshake_first: HandshakeFirst::Off,
            ocsp_peer: None,
        }
    }
}

/// Handshake time, seconds.
pub const DEFAULT_TLS_TIMEOUT: f64 = 2.0;

/// Delay of `handshake_first: auto`.
pub const DEFAULT_HANDSHAKE_FALLBACK: Duration = Duration::from_millis(50);

/// A certificate chain and its key.
#[derive(Debug)]
pub struct CertificateKey {
    /// File of the chain.
    pub cert_file: PathBuf,
    /// File of the key.
    pub key_file: PathBuf,
    /// The chain, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key.
    pub key: PrivateKeyDer<'static>,
}

impl Clone for CertificateKey {
    fn clone(&self) -> Self {
        CertificateKey {
            cert_file: self.cert_file.clone(),
            key_file: self.key_file.clone(),
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

impl PartialEq for CertificateKey {
    fn eq(&self, other: &Self) -> bool {
        self.cert_file == other.cert_file
            && self.key_file == other.key_file
            && self.chain == other.chain
            && self.key == other.key
    }
}

/// Lowest TLS version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

/// `handshake_first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HandshakeFirst {
    /// INFO in clear text, then the handshake.
    #[default]
    Off,
    /// The handshake, then INFO.
    On,
    /// The handshake if the client speaks within this time, else as `Off`.
    Fallback(Duration),
}

impl HandshakeFirst {
    /// The handshake may come first.
    pub fn enabled(self) -> bool {
        self != HandshakeFirst::Off
    }
}

/// `ocsp_peer`.
#[derive(Debug, Clone, PartialEq)]
pub struct OcspPeer {
    /// Check at all.
    pub verify: bool,
    /// Seconds to wait for a responder.
    pub ca_timeout: f64,
    /// Seconds the clocks may differ.
    pub allowed_clockskew: f64,
    /// Only warn.
    pub warn_only: bool,
    /// `Unknown` counts as good.
    pub unknown_is_good: bool,
    /// No responder and no cached revocation: allow.
    pub allow_when_ca_unreachable: bool,
    /// Seconds an answer without `NextUpdate` is kept.
    pub cache_ttl_when_next_update_unset: f64,
}

impl Default for OcspPeer {
    fn default() -> Self {
        OcspPeer {
            verify: false,
            ca_timeout: 2.0,
            allowed_clockskew: 30.0,
            warn_only: false,
            unknown_is_good: false,
            allow_when_ca_unreachable: false,
            cache_ttl_when_next_update_unset: 3600.0,
        }
    }
}

/// Top-level `ocsp`: staples of the server's own certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ocsp {
    /// When to staple.
    pub mode: OcspMode,
    /// Responders instead of the certificate's own.
    pub override_urls: Vec<String>,
}

/// `ocsp.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OcspMode {
    /// If the certificate asks for it.
    #[default]
    Auto,
    /// Every certificate.
    Always,
    /// No certificate.
    Never,
    /// As auto, and shut down when a staple is revoked.
    Must,
}

/// Top-level `ocsp_cache`: answers about other sides' certificates.
#[derive(Debug, Clone, PartialEq)]
pub struct OcspCache {
    /// Whether answers are kept in files.
    pub kind: OcspCacheKind,
    /// Folder of the files.
    pub local_store: String,
    /// A revocation is never replaced.
    pub preserve_revoked: bool,
    /// Seconds between writes; at least 1.
    pub save_interval: f64,
}

impl Default for OcspCache {
    fn default() -> Self {
        OcspCache {
            kind: OcspCacheKind::Local,
            local_store: "_rc_".to_owned(),
            preserve_revoked: false,
            save_interval: 300.0,
        }
    }
}

/// `ocsp_cache.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OcspCacheKind {
    /// Not kept.
    None,
    /// Kept in a file.
    Local,
}
