//! A link without a reading thread.

use std::io;
use std::time::Duration;

use super::dial::dial;
use super::link::Link;
use super::{ClientError, Options};

/// A link whose owner reads and writes by itself.
#[derive(Debug)]
pub struct RawLink {
    link: Link,
}

fn failed(error: &io::Error) -> ClientError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ClientError::Timeout,
        _ => ClientError::Other(format!("nats: {}", crate::format::io_error(error))),
    }
}

impl RawLink {
    /// Connects to the first of the servers that accepts; also gives what it
    /// has sent already.
    pub fn connect(options: &Options) -> Result<(Self, Vec<u8>), ClientError> {
        let mut last = ClientError::NoServers;
        for endpoint in &options.servers {
            match dial(endpoint, options) {
                Ok(dialled) => return Ok((Self { link: dialled.link }, dialled.rest)),
                Err(ClientError::NoServers) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// How long a read waits; nothing is without an end.
    pub fn set_patience(&self, patience: Option<Duration>) -> Result<(), ClientError> {
        self.link
            .set_patience(patience)
            .map_err(|error| failed(&error))
    }

    /// Reads what is there, at least one byte; 0 at the end.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, ClientError> {
        self.link.read(buffer).map_err(|error| failed(&error))
    }

    /// Writes all of it.
    pub fn write_all(&self, bytes: &[u8]) -> Result<(), ClientError> {
        self.link.write_all(bytes).map_err(|error| failed(&error))
    }
}
