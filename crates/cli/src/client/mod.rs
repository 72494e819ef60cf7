//! NATS clients for a command line tool, both with blocking calls.
//!
//! [`Requester`] is for commands that only ask and wait for answers; it goes
//! over async-nats. [`Connection`] is our own: one thread reads, whoever has
//! something to write writes. It is for what client libraries keep to
//! themselves: a SOCKS proxy, the address and the certificates of the
//! connection, the API level in the INFO, messages handled on the reading
//! thread without a queue between.

mod auth;
mod connection;
mod deadline;
mod dial;
mod endpoint;
mod error;
mod frames;
mod headers;
mod inbox;
mod library;
mod link;
mod message;
mod options;
mod protocol;
mod raw;
mod reader;
mod requester;
mod server_info;
mod shared;
mod socks;
mod subscription;
mod tls;
mod tls_error;
mod websocket;

#[cfg(test)]
mod connection_tests;
#[cfg(test)]
mod requester_tests;
#[cfg(test)]
mod scripted;

pub use auth::{Auth, Secret, split_credentials};
pub use connection::{Connection, Stats};
pub use endpoint::Endpoint;
pub use error::ClientError;
pub use headers::Headers;
pub use inbox::unique_id;
pub use library::THREAD as LIBRARY_THREAD;
pub use message::{Message, MessageRef};
pub use options::{Event, Options, reconnect_delay};
pub use protocol::{Op, Parsed, parse as parse_operation};
pub use raw::RawLink;
pub use requester::{Answers, Requester};
pub use server_info::ServerInfo;
pub use subscription::Subscription;
pub use tls::{Staple, TlsDetails, TlsOptions, certificates};
