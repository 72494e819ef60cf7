//! A link without a reading thread.

use std::io;
use std::time::Duration;

use super::dial::dial;
use super::link::Link;
use super::options::reconnect_delay;
use super::{ClientError, Options};

/// A link whose owner reads and writes by itself.
#[derive(Debug)]
pub struct RawLink {
    link: Link,
    /// Most bytes that the server takes in a message; 0 if it did not say.
    pub max_payload: usize,
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
                Ok(dialled) => {
                    let link = Self {
                        link: dialled.link,
                        max_payload: usize::try_from(dialled.info.max_payload).unwrap_or(0),
                    };
                    return Ok((link, dialled.rest));
                }
                Err(ClientError::NoServers) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// [`RawLink::connect`], until a server accepts.
    pub fn connect_again(options: &Options) -> (Self, Vec<u8>) {
        let mut attempt = 0;
        loop {
            std::thread::sleep(reconnect_delay(attempt));
            if let Ok(connected) = Self::connect(options) {
                return connected;
            }
            attempt = attempt.saturating_add(1);
        }
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
