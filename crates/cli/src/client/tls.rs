//! TLS of connections.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::ClientError;

/// How to encrypt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// Certificate of this side.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// Certificate authorities to trust instead of those of the system.
    pub authorities: Option<PathBuf>,
    /// Whether the handshake comes before the INFO.
    pub first: bool,
}

impl TlsOptions {
    /// Whether they say that the connection has to be encrypted.
    pub fn wanted(&self) -> bool {
        self.first
            || self.authorities.is_some()
            || (self.certificate.is_some() && self.key.is_some())
    }

    /// The configuration for a handshake.
    pub fn config(&self) -> Result<Arc<ClientConfig>, ClientError> {
        let mut roots = RootCertStore::empty();
        match &self.authorities {
            Some(path) => {
                let found = certificates(path)?;
                let (added, _) = roots.add_parsable_certificates(found);
                if added == 0 {
                    return Err(wrong(path, "failed to parse root certificate"));
                }
            }
            None => {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ClientError::Other(format!("nats: tls: {error}")))?
            .with_root_certificates(roots);
        let config = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let chain = certificates(certificate)?;
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| wrong(key, &error.to_string()))?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| wrong(certificate, &error.to_string()))?
            }
            _ => builder.with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }

    /// A handshake with `host`.
    pub fn connect(&self, host: &str) -> Result<ClientConnection, ClientError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            ClientError::Other(format!("nats: tls: invalid server name \"{host}\""))
        })?;
        ClientConnection::new(self.config()?, name)
            .map_err(|error| ClientError::Other(format!("nats: tls: {error}")))
    }
}

fn wrong(path: &Path, why: &str) -> ClientError {
    ClientError::Other(format!("nats: error loading {}: {why}", path.display()))
}

/// The certificates in a file.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let file = File::open(path).map_err(|error| wrong(path, &crate::format::io_error(&error)))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_reader_iter(BufReader::new(file)).collect();
    let found = found.map_err(|error| wrong(path, &error.to_string()))?;
    if found.is_empty() {
        return Err(wrong(path, "no certificate found"));
    }
    Ok(found)
}

/// What is known about the encryption of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsDetails {
    /// Version, such as `1.3`.
    pub version: String,
    /// Name of the cipher suite.
    pub cipher: String,
    /// Name that the certificate was checked against.
    pub server_name: String,
    /// Certificates of the server in DER, its own first.
    pub chain: Vec<Vec<u8>>,
    /// Whether the chain was checked; without that no handshake ends well.
    pub verified: bool,
}

impl TlsDetails {
    /// Of a handshake that is done.
    pub fn of(connection: &ClientConnection, server_name: &str) -> Self {
        let version = match connection.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "1.2",
            Some(rustls::ProtocolVersion::TLSv1_3) => "1.3",
            _ => "unknown",
        };
        Self {
            version: version.to_owned(),
            cipher: connection
                .negotiated_cipher_suite()
                .map(|suite| format!("{:?}", suite.suite()))
                .unwrap_or_default(),
            server_name: server_name.to_owned(),
            chain: connection
                .peer_certificates()
                .unwrap_or_default()
                .iter()
                .map(|certificate| certificate.to_vec())
                .collect(),
            verified: true,
        }
    }
}
