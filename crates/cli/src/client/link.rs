//! A socket, with TLS or without, that one thread reads and others write.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustls::ClientConnection;

use super::{ClientError, TlsDetails};

/// Bytes of ciphertext that are read at a time: one TLS record.
const RECORD: usize = 16 * 1024 + 256;
/// Plaintext that is encrypted before it is written.
const WRITE_CHUNK: usize = 64 * 1024;

/// A connected socket.
#[derive(Debug)]
pub struct Link {
    socket: TcpStream,
    tls: Option<Tls>,
    /// Address of the server.
    pub peer: SocketAddr,
}

#[derive(Debug)]
struct Tls {
    state: Mutex<ClientConnection>,
    /// Held while ciphertext is written, so that records keep their order.
    /// Always taken before `state`.
    gate: Mutex<()>,
    details: TlsDetails,
}

impl Link {
    /// A link over a connected socket.
    pub fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let peer = socket.peer_addr()?;
        Ok(Self {
            socket,
            tls: None,
            peer,
        })
    }

    /// Makes the TLS handshake.
    pub fn encrypt(mut self, mut tls: ClientConnection, name: &str) -> Result<Self, ClientError> {
        let mut socket = &self.socket;
        while tls.is_handshaking() {
            if let Err(error) = tls.complete_io(&mut socket) {
                return Err(ClientError::Other(tls_error(&error)));
            }
        }
        let details = TlsDetails::of(&tls, name);
        self.tls = Some(Tls {
            state: Mutex::new(tls),
            gate: Mutex::new(()),
            details,
        });
        Ok(self)
    }

    /// What is known about the encryption, if there is one.
    pub fn tls(&self) -> Option<&TlsDetails> {
        self.tls.as_ref().map(|tls| &tls.details)
    }

    /// How long a read waits.
    pub fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(patience)
    }

    /// Reads what is there, at least one byte; 0 at the end.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.tls {
            None => (&self.socket).read(buffer),
            Some(tls) => tls.read(&self.socket, buffer),
        }
    }

    /// Writes all of it.
    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
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

fn tls_error(error: &io::Error) -> String {
    let text = error.to_string();
    if text.contains("UnknownIssuer") {
        "nats: tls: failed to verify certificate: x509: certificate signed by unknown authority"
            .to_owned()
    } else {
        format!("nats: tls: {text}")
    }
}

impl Tls {
    fn read(&self, mut socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        let mut record = [0u8; RECORD];
        loop {
            {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                match state.reader().read(buffer) {
                    Ok(count) => return Ok(count),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
            // Without the lock: others may write meanwhile.
            let count = socket.read(&mut record)?;
            let mut input = record.get(..count).unwrap_or_default();
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if count == 0 {
                state.read_tls(&mut io::empty())?;
            }
            while !input.is_empty() {
                state.read_tls(&mut input)?;
                state
                    .process_new_packets()
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            }
            let answers = state.wants_write();
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
                let taken = state.writer().write(chunk)?;
                rest = rest.get(taken..).unwrap_or(tail);
                while state.wants_write() {
                    state.write_tls(&mut ciphertext)?;
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
