//! Checks of the other side's certificate, and the words for what is wrong with it.
//!
//! `webpki` does the work. It is strict where people's certificates are not:
//!
//! - `openssl req -x509` makes certificates of authorities, and people use them as they are, for both sides;
//! - `openssl x509 -req` of OpenSSL 3.1 and before makes client certificates of version 1, without extensions;
//! - people trust the one certificate of a server, not whoever signed it.
//!
//! Other NATS servers and clients take all of these. So a certificate that `webpki` refuses for such a reason gets a
//! second look (`Authorities::vouch`), which knows only the simplest of chains: the certificate is trusted itself, or
//! signed by one that is.

mod authorities;
mod client;
mod error_text;
mod key;
mod server;

pub use client::client_checks;
pub use error_text::error_text;
pub use key::certified_key;
pub use server::{ServerChecks, server_checks};
