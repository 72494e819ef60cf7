//! Why a log could not be opened.

use std::io;
use std::path::PathBuf;

use crate::os_error;

/// Why a log could not be opened. The texts are what the server prints on
/// standard error, after the date, before it exits with code 1
/// (configuration.md 8.1).
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log file cannot be opened or created.
    #[error("error opening file: open {}: {}", path.display(), os_error::text(source))]
    OpenFile {
        /// The file as configured.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `remote_syslog` names no `udp`, `tcp` or `unix` address.
    #[error("error invalid network type: \"{0}\"")]
    InvalidNetwork(String),
    /// `remote_syslog` is not a URL; the text tells why.
    #[error("{0}")]
    InvalidAddress(String),
    /// The syslog daemon cannot be reached; the text tells why.
    #[error("error connecting to syslog: \"{0}\"")]
    Connect(String),
}
