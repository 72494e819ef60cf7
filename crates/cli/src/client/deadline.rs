//! Reads and writes of a socket that end in time, however slowly the other
//! side goes about it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A socket, used up to a point in time if there is one.
#[derive(Clone, Copy, Debug)]
pub struct Timed<'a> {
    socket: &'a TcpStream,
    deadline: Option<Instant>,
}

impl<'a> Timed<'a> {
    /// Without a deadline the socket's own patience counts.
    pub fn new(socket: &'a TcpStream, deadline: Option<Instant>) -> Self {
        Self { socket, deadline }
    }

    /// The time that is left, if there is an end.
    fn left(&self) -> io::Result<Option<Duration>> {
        let Some(deadline) = self.deadline else {
            return Ok(None);
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(Some(left))
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(left) = self.left()? {
                self.socket.set_read_timeout(Some(left))?;
            }
            match self.socket.read(buffer) {
                // A stopped program that goes on has lost nothing.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            if let Some(left) = self.left()? {
                self.socket.set_write_timeout(Some(left))?;
            }
            match self.socket.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
