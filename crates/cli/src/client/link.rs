//! A socket, with TLS or without, as a WebSocket or not, that one thread reads
//! and others write.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConnection;

use super::deadline::Timed;
use super::frames::{self, Decoded, Decoder};
use super::{ClientError, TlsDetails, tls_error};

/// Bytes of ciphertext that are read at a time: one TLS record.
const RECORD: usize = 16 * 1024 + 256;
/// Plaintext that is encrypted before it is written.
const WRITE_CHUNK: usize = 64 * 1024;

/// A connected socket.
#[derive(Debug)]
pub struct Link {
    socket: TcpStream,
    tls: Option<Tls>,
    frames: Option<Frames>,
    /// Address of this side.
    pub own: SocketAddr,
    /// Address of the server.
    pub peer: SocketAddr,
}

#[derive(Debug)]
struct Frames {
    /// Only the reading thread uses it.
    input: Mutex<Decoder>,
    /// Held while a frame is written: the reading thread answers pings.
    gate: Mutex<()>,
}

#[derive(Debug)]
struct Tls {
    state: Mutex<Records>,
    /// Held while ciphertext is written, so that records keep their order.
    /// Always taken before `state`.
    gate: Mutex<()>,
    details: TlsDetails,
}

#[derive(Debug)]
struct Records {
    connection: ClientConnection,
    /// Ciphertext that was read from the socket, one read at most. It is given
    /// to `connection` when that has no plaintext left: it takes no more than
    /// one record's worth.
    unread: Vec<u8>,
}

impl Records {
    /// Decrypts some of what was read.
    fn decrypt(&mut self) -> io::Result<()> {
        let used = self.connection.read_tls(&mut self.unread.as_slice())?;
        self.unread.drain(..used);
        self.connection
            .process_new_packets()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(())
    }
}

impl Link {
    /// A link over a connected socket.
    pub fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let own = socket.local_addr()?;
        let peer = socket.peer_addr()?;
        Ok(Self {
            socket,
            tls: None,
            frames: None,
            own,
            peer,
        })
    }

    /// Makes the TLS handshake, which has to be done by then.
    pub fn encrypt(
        mut self,
        mut tls: ClientConnection,
        name: &str,
        deadline: Instant,
    ) -> Result<Self, ClientError> {
        let mut socket = Timed::new(&self.socket, Some(deadline));
        while tls.is_handshaking() {
            if let Err(error) = tls.complete_io(&mut socket) {
                // What is wrong is told to the server, too; nothing more can go wrong.
                while tls.wants_write() && tls.write_tls(&mut socket).is_ok_and(|sent| sent > 0) {}
                return Err(match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ClientError::Timeout,
                    _ => ClientError::Other(tls_error::handshake(&error)),
                });
            }
        }
        let details = TlsDetails::of(&tls, name);
        self.tls = Some(Tls {
            state: Mutex::new(Records {
                connection: tls,
                unread: Vec::new(),
            }),
            gate: Mutex::new(()),
            details,
        });
        Ok(self)
    }

    /// What is known about the encryption, if there is one.
    pub fn tls(&self) -> Option<&TlsDetails> {
        self.tls.as_ref().map(|tls| &tls.details)
    }

    /// From now on bytes travel in frames of a WebSocket; `input` has come
    /// already.
    pub fn in_frames(mut self, input: Vec<u8>) -> Self {
        self.frames = Some(Frames {
            input: Mutex::new(Decoder::new(input)),
            gate: Mutex::new(()),
        });
        self
    }

    /// How long a read waits; what a deadline has left behind is gone.
    pub fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.socket.set_write_timeout(None)?;
        self.socket.set_read_timeout(patience)
    }

    /// Reads what is there, at least one byte; 0 at the end.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_until(buffer, None)
    }

    /// [`Link::read`], at the latest until then. Afterwards the patience has to
    /// be set again.
    pub fn read_before(&self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        self.read_until(buffer, Some(deadline))
    }

    fn read_until(&self, buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        match &self.frames {
            None => self.receive(buffer, deadline),
            Some(frames) => {
                let mut input = frames.input.lock().unwrap_or_else(PoisonError::into_inner);
                self.read_frames(&mut input, frames, buffer, deadline)
            }
        }
    }

    /// Writes all of it.
    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        match &self.frames {
            None => self.send(bytes),
            Some(_) if bytes.is_empty() => Ok(()),
            Some(frames) => {
                let _gate = frames.gate.lock().unwrap_or_else(PoisonError::into_inner);
                self.send(&frames::encode(bytes)?)
            }
        }
    }

    fn read_frames(
        &self,
        input: &mut Decoder,
        frames: &Frames,
        buffer: &mut [u8],
        deadline: Option<Instant>,
    ) -> io::Result<usize> {
        loop {
            match input.take(buffer)? {
                Decoded::Data(count) => return Ok(count),
                Decoded::Closed => return Ok(0),
                Decoded::Ping(payload) => {
                    let _gate = frames.gate.lock().unwrap_or_else(PoisonError::into_inner);
                    self.send(&frames::pong(payload)?)?;
                }
                Decoded::Missing => {
                    if input.fill(|room| self.receive(room, deadline))? == 0 {
                        return Ok(0);
                    }
                }
            }
        }
    }

    /// Bytes of the socket, decrypted.
    fn receive(&self, buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        let mut socket = Timed::new(&self.socket, deadline);
        match &self.tls {
            None => socket.read(buffer),
            Some(tls) => tls.read(socket, &self.socket, buffer),
        }
    }

    /// Bytes for the socket, which are encrypted on the way.
    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        match &self.tls {
            None => (&self.socket).write_all(bytes),
            Some(tls) => tls.write_all(&self.socket, bytes),
        }
    }

    /// Ends reads and writes of other threads.
    pub fn shut_down(&self) {
        // Nothing is left to do if the other side was faster.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

impl Tls {
    fn read(
        &self,
        mut input: Timed<'_>,
        socket: &TcpStream,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        let mut record = [0u8; RECORD];
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            match state.connection.reader().read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if state.unread.is_empty() {
                drop(state);
                // Without the lock: others may write meanwhile.
                let count = input.read(&mut record)?;
                state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                state
                    .unread
                    .extend_from_slice(record.get(..count).unwrap_or_default());
            }
            // Without anything read this is the end.
            state.decrypt()?;
            let answers = state.connection.wants_write();
            drop(state);
            if answers {
                self.write_all(socket, &[])?;
            }
        }
    }

    fn write_all(&self, mut socket: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        let _gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rest = bytes;
        let mut ciphertext = Vec::new();
        loop {
            let (chunk, tail) = rest.split_at(rest.len().min(WRITE_CHUNK));
            {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                let connection = &mut state.connection;
                let taken = connection.writer().write(chunk)?;
                rest = rest.get(taken..).unwrap_or(tail);
                while connection.wants_write() {
                    connection.write_tls(&mut ciphertext)?;
                }
            }
            socket.write_all(&ciphertext)?;
            ciphertext.clear();
            if rest.is_empty() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;

    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
    use rustls::{
        ClientConfig, DigitallySignedStruct, ServerConfig, ServerConnection, SignatureScheme,
    };

    use super::*;

    /// Takes any certificate: these tests are about records.
    #[derive(Debug)]
    struct Anyone;

    impl ServerCertVerifier for Anyone {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![
                SignatureScheme::RSA_PSS_SHA256,
                SignatureScheme::ECDSA_NISTP256_SHA256,
                SignatureScheme::ED25519,
            ]
        }
    }

    /// Accepts one connection, sends `records` in one piece and ends.
    fn serve(listener: &TcpListener, records: &[Vec<u8>]) {
        let chain =
            CertificateDer::from_pem_slice(include_bytes!("../../../config/tests/certs/c.pem"));
        let key =
            PrivateKeyDer::from_pem_slice(include_bytes!("../../../config/tests/certs/k.pem"));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![chain.unwrap()], key.unwrap())
            .unwrap();
        let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
        let (mut socket, _) = listener.accept().unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut socket).unwrap();
        }
        let mut out = Vec::new();
        for record in records {
            tls.writer().write_all(record).unwrap();
            while tls.wants_write() {
                tls.write_tls(&mut out).unwrap();
            }
        }
        tls.send_close_notify();
        while tls.wants_write() {
            tls.write_tls(&mut out).unwrap();
        }
        socket.write_all(&out).unwrap();
    }

    #[test]
    fn full_and_small_records_in_a_row_are_read() {
        let records: Vec<Vec<u8>> = (0..400)
            .map(|number| vec![number as u8; if number % 2 == 0 { 16_384 } else { 100 }])
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sent = records.clone();
        let server = std::thread::spawn(move || serve(&listener, &sent));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone))
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let link = Link::new(TcpStream::connect(address).unwrap()).unwrap();
        let link = link
            .encrypt(tls, "localhost", Instant::now() + Duration::from_secs(60))
            .unwrap();
        let mut got = Vec::new();
        let mut buffer = [0; 5_000];
        loop {
            match link.read(&mut buffer).unwrap() {
                0 => break,
                count => got.extend_from_slice(&buffer[..count]),
            }
        }
        server.join().unwrap();
        assert!(got == records.concat(), "{} bytes", got.len());
    }
}
