//! TLS options → a rustls configuration.

use std::sync::Arc;

use midge_certificates::client_checks;
use midge_config::options::{CertificateKey, TlsOptions, TlsVersion};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite, version};

/// Tickets per TLS 1.3 session: enough for a client that opens a few
/// connections at once.
const TICKETS: usize = 2;

/// An option of a `tls` block that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct UnusableOption {
    /// Key of the block.
    pub key: &'static str,
    /// For the user.
    pub text: String,
}

fn unusable(key: &'static str, text: impl Into<String>) -> UnusableOption {
    UnusableOption {
        key,
        text: text.into(),
    }
}

/// The server's side of a `tls` block.
///
/// # Errors
/// An option that cannot be followed.
pub fn server_config(tls: &TlsOptions) -> Result<Arc<ServerConfig>, UnusableOption> {
    let provider = Arc::new(provider(tls)?);
    let versions: &[_] = match tls.min_version {
        TlsVersion::V1_2 => &[&version::TLS13, &version::TLS12],
        TlsVersion::V1_3 => &[&version::TLS13],
    };
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .map_err(|error| unusable("cipher_suites", format!("TLS: {error}")))?;
    let builder = if tls.verify || tls.verify_and_map {
        let verifier = match &tls.ca_certificates {
            Some(authorities) => verifier_of(authorities, &provider)?,
            None => verifier_of_the_system(&provider)?,
        };
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let mut keys = Vec::new();
    for pair in &tls.certificates {
        keys.push(Arc::new(certified_key(pair, &provider)?));
    }
    let mut config = builder.with_cert_resolver(Arc::new(Certificates { keys }));
    config.send_tls13_tickets = TICKETS;
    Ok(Arc::new(config))
}

/// Client certificates of these authorities.
fn verifier_of(
    authorities: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, UnusableOption> {
    let mut roots = RootCertStore::empty();
    for certificate in authorities {
        roots.add(certificate.clone()).map_err(|error| {
            let text = format!("TLS: 'ca_file' has an unusable certificate: {error}");
            unusable("ca_file", text)
        })?;
    }
    let checks = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| unusable("ca_file", format!("TLS: 'ca_file': {error}")))?;
    Ok(client_checks(checks, authorities.to_vec(), provider))
}

/// Client certificates of the authorities that the system trusts.
fn verifier_of_the_system(
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, UnusableOption> {
    let mut roots = RootCertStore::empty();
    let authorities = rustls_native_certs::load_native_certs().certs;
    // Systems have some that no library can read; clients will not have them.
    roots.add_parsable_certificates(authorities.iter().cloned());
    if roots.is_empty() {
        return Err(unusable(
            "verify",
            "TLS: 'verify' without a 'ca_file' needs authorities that the system trusts, and there are none",
        ));
    }
    let checks = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        // The list of them all would be longer than everything else of the handshake.
        .clear_root_hint_subjects()
        .build()
        .map_err(|error| unusable("verify", format!("TLS: authorities of the system: {error}")))?;
    Ok(client_checks(checks, authorities, provider))
}

fn certified_key(
    pair: &CertificateKey,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, UnusableOption> {
    midge_certificates::certified_key(pair.chain.clone(), pair.key.clone_key(), provider).map_err(
        |error| {
            let text = format!("error parsing X509 certificate/key pair: {error}");
            unusable("key_file", text)
        },
    )
}

fn provider(tls: &TlsOptions) -> Result<CryptoProvider, UnusableOption> {
    let mut provider = aws_lc_rs::default_provider();
    if !tls.cipher_suites.is_empty() {
        provider.cipher_suites = tls
            .cipher_suites
            .iter()
            .map(|name| cipher_suite(name))
            .collect::<Result<Vec<_>, _>>()?;
        // As with the peer, the list is about TLS 1.2; 1.3 has only good ones.
        for suite in aws_lc_rs::ALL_CIPHER_SUITES {
            let is_13 = matches!(suite, SupportedCipherSuite::Tls13(_));
            if is_13 && !provider.cipher_suites.contains(suite) {
                provider.cipher_suites.push(*suite);
            }
        }
    }
    if !tls.curve_preferences.is_empty() {
        provider.kx_groups = tls
            .curve_preferences
            .iter()
            .map(|name| group(name))
            .collect::<Result<Vec<_>, _>>()?;
    }
    Ok(provider)
}

fn cipher_suite(name: &str) -> Result<SupportedCipherSuite, UnusableOption> {
    aws_lc_rs::ALL_CIPHER_SUITES
        .iter()
        .find(|suite| {
            let known = suite.suite();
            known
                .as_str()
                .is_some_and(|text| text.replacen("TLS13_", "TLS_", 1) == name)
        })
        .copied()
        .ok_or_else(|| {
            let text = format!(
                "TLS: cipher suite {name} is not supported: this server speaks only suites with \
                 forward secrecy and authenticated encryption"
            );
            unusable("cipher_suites", text)
        })
}

fn group(name: &str) -> Result<&'static dyn SupportedKxGroup, UnusableOption> {
    match name {
        "X25519" => Ok(aws_lc_rs::kx_group::X25519),
        "CurveP256" => Ok(aws_lc_rs::kx_group::SECP256R1),
        "CurveP384" => Ok(aws_lc_rs::kx_group::SECP384R1),
        "X25519MLKEM768" => Ok(aws_lc_rs::kx_group::X25519MLKEM768),
        "SecP256r1MLKEM768" => Ok(aws_lc_rs::kx_group::SECP256R1MLKEM768),
        other => Err(unusable(
            "curve_preferences",
            format!("TLS: curve preference {other} is not supported by this server"),
        )),
    }
}

/// The certificates of a block, chosen by the name the client asks for.
#[derive(Debug)]
struct Certificates {
    keys: Vec<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let usable =
            |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let named = |key: &&Arc<CertifiedKey>| {
            let (Some(name), Some(certificate)) = (hello.server_name(), key.cert.first()) else {
                return false;
            };
            let (Ok(parsed), Ok(name)) = (
                rustls::server::ParsedCertificate::try_from(certificate),
                rustls::pki_types::ServerName::try_from(name),
            ) else {
                return false;
            };
            rustls::client::verify_server_name(&parsed, &name).is_ok()
        };
        let candidates = self.keys.iter().filter(usable);
        candidates
            .clone()
            .find(named)
            .or_else(|| self.keys.iter().find(usable))
            .cloned()
    }
}
