//! What went wrong with TLS, in the words that people search for.

use std::io;

use midge_certificates::error_text;
use rustls::Error;

use crate::format;

/// Why a handshake failed.
pub fn handshake(error: &io::Error) -> String {
    match tls(error) {
        Some(error) => format!("nats: tls error: {}", error_text(error)),
        None => format!("nats: tls error: {}", format::io_error(error)),
    }
}

/// What the other side has against this one, if that is why nothing can be read: in TLS 1.3 it is told after the
/// handshake.
pub fn refused(error: &io::Error) -> Option<String> {
    match tls(error) {
        Some(error @ Error::AlertReceived(_)) => Some(error_text(error)),
        _ => None,
    }
}

fn tls(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}
