//! Handshakes with certificates that `webpki` alone refuses, and with some that nobody may take.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions only"
)]

use std::sync::Arc;
use std::time::Duration;

use midge_certificates::{certified_key, client_checks, server_checks};
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Error, InconsistentKeys, RootCertStore,
    ServerConfig, ServerConnection, SignatureScheme, SupportedProtocolVersion,
};

fn path(name: &str) -> String {
    format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path(&format!("{name}.pem"))).unwrap()
}

fn key(name: &str) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_file(path(&format!("{name}.key"))).unwrap()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn authorities(names: &[&str]) -> Vec<CertificateDer<'static>> {
    names.iter().copied().map(certificate).collect()
}

/// What a client presents, without a look at it.
#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesClientCert for Presents {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn client_verifier(trust: &[&str]) -> Arc<dyn ClientCertVerifier> {
    let trusted = authorities(trust);
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().cloned());
    let webpki = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    client_checks(webpki.unwrap(), trusted, &provider())
}

const BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

struct Handshake<'a> {
    server: &'a str,
    server_trust: &'a [&'a str],
    client: Option<(&'a str, &'a str)>,
    client_trust: &'a [&'a str],
    name: &'a str,
}

/// With a server of the usual kind and a client without a certificate.
const USUAL: Handshake = Handshake {
    server: "usual",
    server_trust: &["root"],
    client: None,
    client_trust: &["root"],
    name: "localhost",
};

impl Handshake<'_> {
    fn server(&self, version: &'static SupportedProtocolVersion) -> ServerConnection {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap();
        let builder = if self.client.is_some() {
            builder.with_client_cert_verifier(client_verifier(self.client_trust))
        } else {
            builder.with_no_client_auth()
        };
        let own = certified_key(
            vec![certificate(self.server)],
            key(self.server),
            &provider(),
        );
        let config = builder
            .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(own.unwrap())));
        ServerConnection::new(Arc::new(config)).unwrap()
    }

    fn client(&self, version: &'static SupportedProtocolVersion) -> ClientConnection {
        let checks = server_checks(authorities(self.server_trust), &provider()).unwrap();
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(checks));
        let config = match self.client {
            None => builder.with_no_client_auth(),
            Some((shown, signs)) => {
                let key = provider().key_provider.load_private_key(key(signs));
                let own = CertifiedKey::new(vec![certificate(shown)], key.unwrap());
                builder.with_client_cert_resolver(Arc::new(Presents(Arc::new(own))))
            }
        };
        let name = ServerName::try_from(self.name.to_owned()).unwrap();
        ClientConnection::new(Arc::new(config), name).unwrap()
    }

    /// Plays it; the error of whoever has one.
    fn play(&self, version: &'static SupportedProtocolVersion) -> Result<(), Error> {
        let (mut client, mut server) = (self.client(version), self.server(version));
        let mut bytes = Vec::new();
        while client.is_handshaking() || server.is_handshaking() {
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            server
                .read_tls(&mut std::mem::take(&mut bytes).as_slice())
                .unwrap();
            server.process_new_packets()?;
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            client
                .read_tls(&mut std::mem::take(&mut bytes).as_slice())
                .unwrap();
            client.process_new_packets()?;
        }
        Ok(())
    }

    fn succeeds(&self) {
        for version in BOTH {
            self.play(version).unwrap();
        }
    }

    fn fails(&self, why: &CertificateError) {
        for version in BOTH {
            assert_eq!(self.play(version), Err(why.clone().into()));
        }
    }
}

fn server<'a>(server: &'a str, server_trust: &'a [&'a str]) -> Handshake<'a> {
    Handshake {
        server,
        server_trust,
        ..USUAL
    }
}

fn client<'a>(client: &'a str, client_trust: &'a [&'a str]) -> Handshake<'a> {
    Handshake {
        client: Some((client, client)),
        client_trust,
        ..USUAL
    }
}

#[test]
fn a_certificate_that_is_trusted_itself_counts() {
    server("selfmade", &["selfmade"]).succeeds();
    server("selfmade", &["root", "selfmade"]).succeeds();
    server("usual", &["usual"]).succeeds();
    client("selfmade", &["selfmade"]).succeeds();
    client("usual", &["usual"]).succeeds();
    client("version1", &["version1"]).succeeds();
}

#[test]
fn an_authority_may_be_at_the_end_of_a_chain() {
    server("authority", &["root"]).succeeds();
    client("authority", &["root"]).succeeds();
}

#[test]
fn clients_may_have_certificates_of_version_1() {
    client("version1", &["root"]).succeeds();
    let refused = server("version1", &["root"]).play(&rustls::version::TLS13);
    assert!(refused.is_err());
}

#[test]
fn what_nobody_trusts_is_refused() {
    let unknown = &CertificateError::UnknownIssuer;
    server("stranger", &["selfmade"]).fails(unknown);
    client("stranger", &["selfmade"]).fails(unknown);
    // The names agree, the signatures do not.
    server("forged", &["root"]).fails(unknown);
    client("forged", &["root"]).fails(unknown);
    client("forged1", &["root"]).fails(unknown);
    // Signed by one that is trusted, but may not sign.
    server("below", &["usual"]).fails(unknown);
    client("below", &["usual"]).fails(unknown);
}

#[test]
fn names_and_purposes_count_as_ever() {
    let elsewhere = Handshake {
        name: "elsewhere",
        ..server("selfmade", &["selfmade"])
    };
    for version in BOTH {
        let error = elsewhere.play(version).unwrap_err().to_string();
        assert!(error.contains("not valid for name"), "{error}");
    }
    server("for-mail", &["for-mail"]).fails(&CertificateError::InvalidPurpose);
    client("for-mail", &["for-mail"]).fails(&CertificateError::InvalidPurpose);
}

#[test]
fn the_key_has_to_be_the_one_of_the_certificate() {
    for shown in ["version1", "selfmade", "authority"] {
        let stolen = Handshake {
            client: Some((shown, "stranger")),
            ..client(shown, &["root", "selfmade"])
        };
        stolen.fails(&CertificateError::BadSignature);
    }
}

#[test]
fn a_key_belongs_to_its_certificate() {
    for name in ["usual", "version1"] {
        let of = |other| certified_key(vec![certificate(name)], key(other), &provider());
        assert!(of(name).is_ok(), "{name}");
        let mismatch = Error::InconsistentKeys(InconsistentKeys::KeyMismatch);
        assert_eq!(of("stranger").unwrap_err(), mismatch, "{name}");
    }
}

/// So many years after 1970.
fn year(years: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(years * 365 * 24 * 3600))
}

#[test]
fn an_authority_has_its_time_too() {
    let checks = client_verifier(&["brief"]);
    let at = |now| checks.verify_client_cert(&certificate("outlives"), &[], now);
    at(year(65)).unwrap();
    let refused = at(year(100)).unwrap_err();
    assert_eq!(refused, CertificateError::UnknownIssuer.into());
}

#[test]
fn a_certificate_has_its_time() {
    let checks = client_verifier(&["root", "selfmade"]);
    let at = |years: u64| {
        ["selfmade", "authority", "version1"]
            .map(|name| checks.verify_client_cert(&certificate(name), &[], year(years)))
    };
    for refused in at(30) {
        let error = refused.unwrap_err();
        let early = matches!(
            error,
            Error::InvalidCertificate(CertificateError::NotValidYetContext { .. })
        );
        assert!(early, "{error}");
    }
    for taken in at(100) {
        taken.unwrap();
    }
    for refused in at(300) {
        let error = refused.unwrap_err();
        let late = matches!(
            error,
            Error::InvalidCertificate(CertificateError::ExpiredContext { .. })
        );
        assert!(late, "{error}");
    }
}
