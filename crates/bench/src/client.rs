//! A raw connection: prepared bytes out, counted bytes in.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::server::Server;

/// Bytes read at a time.
const READ_CHUNK: usize = 256 * 1024;

/// Longest wait for anything a server should send at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// What connections say about themselves.
const CONNECT: &[u8] = b"CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\
\"no_responders\":true,\"protocol\":0,\"lang\":\"bench\",\"version\":\"1\"}\r\nPING\r\n";

/// A connection, in clear or under TLS.
pub enum Stream {
    /// In clear.
    Plain(TcpStream),
    /// Under TLS.
    Tls(Box<rustls::StreamOwned<rustls::ClientConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(data),
            Self::Tls(stream) => stream.write(data),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// A client of a server under test.
pub struct Client {
    /// The connection.
    pub stream: Stream,
}

impl Client {
    /// Connects; for NATS servers also says hello and waits for the answer.
    pub fn connect(server: &Server, tls: bool) -> Result<Self> {
        let mut socket = server.connect()?;
        socket.set_read_timeout(Some(PATIENCE))?;
        if server.is_relay {
            return Ok(Self {
                stream: Stream::Plain(socket),
            });
        }
        read_line(&mut socket).context("no INFO")?;
        let stream = if tls {
            Stream::Tls(Box::new(start_tls(socket)?))
        } else {
            Stream::Plain(socket)
        };
        let mut client = Self { stream };
        client.send(CONNECT)?;
        client.expect(b"PONG\r\n")?;
        Ok(client)
    }

    /// Writes all of `data`.
    pub fn send(&mut self, data: &[u8]) -> Result<()> {
        self.stream.write_all(data)?;
        self.stream.flush()?;
        Ok(())
    }

    /// Reads exactly `wanted`; a PING in between is answered.
    pub fn expect(&mut self, wanted: &[u8]) -> Result<()> {
        let mut got = vec![0; wanted.len()];
        self.stream
            .read_exact(&mut got)
            .context("the server sent too little")?;
        if let Some(rest) = got.strip_prefix(b"PING\r\n") {
            let mut rest = rest.to_vec();
            let have = rest.len();
            rest.resize(wanted.len(), 0);
            let space = rest.get_mut(have..).unwrap_or_default();
            self.stream
                .read_exact(space)
                .context("the server sent too little")?;
            self.send(b"PONG\r\n")?;
            got = rest;
        }
        if got != wanted {
            let (got, wanted) = (
                String::from_utf8_lossy(&got),
                String::from_utf8_lossy(wanted),
            );
            bail!("the server sent {got:?} instead of {wanted:?}");
        }
        Ok(())
    }

    /// Reads a line, and nothing after it.
    pub fn read_line(&mut self) -> Result<String> {
        read_line(&mut self.stream)
    }

    /// Waits until everything sent before has been processed.
    pub fn synchronise(&mut self) -> Result<()> {
        self.send(b"PING\r\n")?;
        self.expect(b"PONG\r\n")
    }

    /// Reads `total` bytes without looking at them.
    pub fn read_bytes(&mut self, total: u64) -> Result<()> {
        let mut buffer = vec![0; READ_CHUNK];
        let mut left = total;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(READ_CHUNK).min(READ_CHUNK);
            let count = self
                .stream
                .read(buffer.get_mut(..most).unwrap_or_default())?;
            if count == 0 {
                bail!("the server closed the connection with {left} bytes to come");
            }
            left -= count as u64;
        }
        Ok(())
    }
}

/// Reads a line byte by byte, so that nothing after it is taken.
fn read_line(socket: &mut impl Read) -> Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.last() != Some(&b'\n') {
        socket.read_exact(&mut byte)?;
        line.extend_from_slice(&byte);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn start_tls(
    socket: TcpStream,
) -> Result<rustls::StreamOwned<rustls::ClientConnection, TcpStream>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
        .with_no_client_auth();
    let name = rustls::pki_types::ServerName::try_from("localhost")?;
    let session = rustls::ClientConnection::new(Arc::new(config), name)?;
    Ok(rustls::StreamOwned::new(session, socket))
}

/// The certificate was made a moment ago for this run; what is measured is the
/// encryption.
#[derive(Debug)]
struct AcceptAny(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &rustls::pki_types::CertificateDer<'_>,
        _intermediates: &[rustls::pki_types::CertificateDer<'_>],
        _server_name: &rustls::pki_types::ServerName<'_>,
        _ocsp_response: &[u8],
        _now: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &rustls::pki_types::CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &rustls::pki_types::CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
