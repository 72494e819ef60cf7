//! The socket of a connection, in clear or under TLS.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;

/// Most plaintext handed to the TLS session before its records are written,
/// so that the session's own buffer stays small.
const TLS_WRITE_CHUNK: usize = 64 * 1024;

/// How bytes get to and from the client.
pub(crate) struct Transport {
    socket: TcpStream,
    /// Present once TLS has begun.
    tls: Option<Box<Tls>>,
}

struct Tls {
    session: rustls::ServerConnection,
    /// Bytes that were read from the socket before the session began.
    early: Vec<u8>,
}

impl Transport {
    /// A connection in clear.
    pub(crate) fn new(socket: TcpStream) -> Self {
        Self { socket, tls: None }
    }

    /// Puts a TLS session on top of the socket; `early` are bytes already read.
    pub(crate) fn start_tls(&mut self, session: rustls::ServerConnection, early: Vec<u8>) {
        self.tls = Some(Box::new(Tls { session, early }));
    }

    /// The socket itself.
    pub(crate) fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// The TLS session, if there is one.
    pub(crate) fn session(&self) -> Option<&rustls::ServerConnection> {
        self.tls.as_ref().map(|tls| &tls.session)
    }

    /// Whether the TLS session has records that are still to be written.
    pub(crate) fn holds_records(&self) -> bool {
        self.tls
            .as_ref()
            .is_some_and(|tls| tls.session.wants_write())
    }

    /// Drives the TLS handshake with what the socket has. `true` when done.
    ///
    /// # Errors
    /// The socket's or the session's; an alert has been sent then, if possible.
    pub(crate) fn handshake(&mut self) -> io::Result<bool> {
        let Self { socket, tls } = self;
        let Some(tls) = tls else { return Ok(true) };
        loop {
            match tls.write_records(socket) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(e) => return Err(e),
            }
            if !tls.session.is_handshaking() {
                return Ok(true);
            }
            match tls.read_records(socket) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(e) => return Err(e),
            }
        }
    }

    /// Reads plaintext; 0 is the end of the stream.
    ///
    /// # Errors
    /// As [`Read::read`].
    #[inline]
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.read(buffer),
            Some(tls) => tls.read(&mut self.socket, buffer),
        }
    }

    /// Writes from `data`; less than all of it may be taken.
    ///
    /// # Errors
    /// As [`Write::write`].
    #[inline]
    pub(crate) fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.write(data),
            Some(tls) => tls.write(&mut self.socket, data),
        }
    }

    /// Writes from several pieces.
    ///
    /// # Errors
    /// As [`Write::write_vectored`].
    pub(crate) fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.write_vectored(pieces),
            Some(tls) => match pieces.iter().find(|piece| !piece.is_empty()) {
                Some(piece) => tls.write(&mut self.socket, piece),
                None => Ok(0),
            },
        }
    }

    /// Writes what the TLS session still holds.
    ///
    /// # Errors
    /// As [`Write::write`]; "would block" means that some is left.
    #[inline]
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => Ok(()),
            Some(tls) => tls.write_records(&mut self.socket),
        }
    }

    /// Ends the sending side: TLS close notice, then TCP FIN.
    pub(crate) fn shutdown_write(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.session.send_close_notify();
            // Best effort: the connection ends either way.
            let _ = tls.write_records(&mut self.socket);
        }
        let _ = self.socket.shutdown(Shutdown::Write);
    }
}

impl Tls {
    /// Takes records off the socket into the session; 0 is the end of file.
    fn read_records(&mut self, socket: &mut TcpStream) -> io::Result<usize> {
        let count = if self.early.is_empty() {
            self.session.read_tls(socket)?
        } else {
            let mut early = self.early.as_slice();
            let count = self.session.read_tls(&mut early)?;
            let left = early.len();
            self.early.drain(..self.early.len() - left);
            if left == 0 {
                self.early = Vec::new();
            }
            count
        };
        if let Err(error) = self.session.process_new_packets() {
            // Tell the client why, if the socket takes it; one that speaks no
            // TLS would only see noise.
            if !matches!(error, rustls::Error::InvalidMessage(_)) {
                let _ = self.write_records(socket);
            }
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(count)
    }

    fn write_records(&mut self, socket: &mut TcpStream) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(socket) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn read(&mut self, socket: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        loop {
            let Some(space) = buffer.get_mut(filled..).filter(|space| !space.is_empty()) else {
                return Ok(filled);
            };
            match self.session.reader().read(space) {
                // A clean end; what was read before it goes first.
                Ok(0) => return Ok(filled),
                Ok(count) => {
                    filled += count;
                    continue;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                // The peer closed without the TLS notice: an end all the same.
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(filled),
                Err(e) => return Err(e),
            }
            match self.read_records(socket) {
                Ok(_) => {}
                Err(_) if filled > 0 => return Ok(filled),
                Err(e) => return Err(e),
            }
        }
    }

    fn write(&mut self, socket: &mut TcpStream, data: &[u8]) -> io::Result<usize> {
        self.write_records(socket)?;
        let chunk = data.get(..TLS_WRITE_CHUNK).unwrap_or(data);
        let count = self.session.writer().write(chunk)?;
        match self.write_records(socket) {
            Ok(()) => Ok(count),
            // The session keeps the records; they go first next time.
            Err(e) if e.kind() == io::ErrorKind::WouldBlock && count > 0 => Ok(count),
            Err(e) => Err(e),
        }
    }
}
