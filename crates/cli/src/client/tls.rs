//! TLS of connections.

use std::fs::File;
use std::io::BufReader;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use midge_certificates::{ServerChecks, certified_key, server_checks};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};

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
    /// Where to leave what the server staples to its certificate.
    pub staple: Option<Staple>,
}

/// The OCSP answer that a server staples to its certificate; empty if there is
/// none.
#[derive(Clone, Debug, Default)]
pub struct Staple(Arc<Mutex<Vec<u8>>>);

impl Staple {
    /// The answer in DER.
    pub fn get(&self) -> Vec<u8> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// It is a result, not a setting.
impl PartialEq for Staple {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Staple {}

/// Checks certificates; reads the authorities when it meets the first one, as
/// most connections meet none. Keeps what is stapled to them.
#[derive(Debug)]
struct Checks {
    options: TlsOptions,
    provider: Arc<CryptoProvider>,
    checks: OnceLock<Result<ServerChecks, String>>,
}

impl Checks {
    fn checks(&self) -> Result<&ServerChecks, rustls::Error> {
        let read = || {
            let trusted = self.options.trusted().map_err(|error| error.to_string())?;
            server_checks(trusted, &self.provider)
        };
        let checks = self.checks.get_or_init(read).as_ref();
        checks.map_err(|why| rustls::Error::General(why.clone()))
    }
}

impl ServerCertVerifier for Checks {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(staple) = &self.options.staple {
            *staple.0.lock().unwrap_or_else(PoisonError::into_inner) = ocsp.to_vec();
        }
        self.checks()?
            .verify_server_cert(end_entity, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.checks()?
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.checks()?
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl TlsOptions {
    /// Whether they say that the connection has to be encrypted.
    pub fn wanted(&self) -> bool {
        self.first
            || self.authorities.is_some()
            || (self.certificate.is_some() && self.key.is_some())
    }

    /// Whether the files have what they should: told before anybody connects.
    pub fn check(&self) -> Result<(), ClientError> {
        if let Some(path) = &self.authorities {
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            server_checks(self.trusted()?, &provider).map_err(|_| no_authority(path))?;
        }
        if let (Some(certificate), Some(key)) = (&self.certificate, &self.key) {
            own(certificate, key)?;
        }
        Ok(())
    }

    /// Certificates of the authorities that are trusted.
    pub fn trusted(&self) -> Result<Vec<CertificateDer<'static>>, ClientError> {
        match &self.authorities {
            Some(path) => {
                let pem = std::fs::read(path).map_err(|error| {
                    let why = crate::format::io_error_at("open", path.display(), &error);
                    ClientError::Other(format!("nats: error loading or parsing rootCA file: {why}"))
                })?;
                let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
                    .filter_map(Result::ok)
                    .collect();
                match found.is_empty() {
                    true => Err(no_authority(path)),
                    false => Ok(found),
                }
            }
            None => Ok(rustls_native_certs::load_native_certs().certs),
        }
    }

    /// The configuration for a handshake.
    pub fn config(&self) -> Result<ClientConfig, ClientError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let failed =
            |error: &dyn std::fmt::Display| ClientError::Other(format!("nats: tls: {error}"));
        let checks = Arc::new(Checks {
            options: self.clone(),
            provider: Arc::clone(&provider),
            checks: OnceLock::new(),
        });
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .dangerous()
            .with_custom_certificate_verifier(checks);
        let config = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let (chain, key) = own(certificate, key)?;
                let own = certified_key(chain, key, &provider).map_err(|error| match error {
                    rustls::Error::InconsistentKeys(_) => {
                        not_own("tls: private key does not match public key")
                    }
                    other => not_own(&format!("tls: {other}")),
                })?;
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own)))
            }
            _ => builder.with_no_client_auth(),
        };
        Ok(config)
    }

    /// A handshake with `host`.
    pub fn connect(&self, host: &str) -> Result<ClientConnection, ClientError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            ClientError::Other(format!("nats: tls: invalid server name \"{host}\""))
        })?;
        ClientConnection::new(Arc::new(self.config()?), name)
            .map_err(|error| ClientError::Other(format!("nats: tls: {error}")))
    }
}

fn no_authority(path: &Path) -> ClientError {
    ClientError::Other(format!(
        "nats: failed to parse root certificate from \"{}\"",
        path.display()
    ))
}

fn not_own(why: &str) -> ClientError {
    ClientError::Other(format!("nats: error loading client certificate: {why}"))
}

/// The certificate of this side and its key.
fn own(
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), ClientError> {
    let read = |path: &Path| {
        std::fs::read(path)
            .map_err(|error| not_own(&crate::format::io_error_at("open", path.display(), &error)))
    };
    let (chain, key) = (read(certificate)?, read(key)?);
    let none = |what: &str| not_own(&format!("tls: failed to find any PEM data in {what} input"));
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&chain)
        .filter_map(Result::ok)
        .collect();
    if chain.is_empty() {
        return Err(none("certificate"));
    }
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| none("key"))?;
    Ok((chain, key))
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
    /// Name that the server was told; empty for an address.
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
                .map(|suite| format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1))
                .unwrap_or_default(),
            // Nobody tells a server which of its addresses was meant.
            server_name: match server_name.parse::<IpAddr>() {
                Ok(_) => String::new(),
                Err(_) => server_name.to_owned(),
            },
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
