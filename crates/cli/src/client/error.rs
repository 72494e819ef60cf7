//! Errors of the client, in the words that the original tool shows.

use std::fmt;

use crate::failure::Failure;

/// What can go wrong with a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// No answer in time.
    Timeout,
    /// Nobody listens on the subject of a request.
    NoResponders,
    /// No server could be reached.
    NoServers,
    /// The connection is closed for good.
    Closed,
    /// The message is larger than the server allows.
    MaxPayload,
    /// The subject has blanks or a part that is empty.
    BadSubject,
    /// The queue group has blanks.
    BadQueue,
    /// An error that the server reported.
    Server(String),
    /// Anything else.
    Other(String),
}

impl ClientError {
    /// What a server says while the connection goes on. It is told in other
    /// words than a refused login.
    pub fn reported(text: &str) -> Self {
        let lower = text.to_lowercase();
        ClientError::Server(if lower.starts_with("permissions violation") {
            format!("permissions violation: {text}")
        } else if lower.starts_with("maximum subscriptions exceeded") {
            format!("server {lower}")
        } else {
            text.to_owned()
        })
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Timeout => f.write_str("nats: timeout"),
            ClientError::NoResponders => f.write_str("nats: no responders available for request"),
            ClientError::NoServers => f.write_str("nats: no servers available for connection"),
            ClientError::Closed => f.write_str("nats: connection closed"),
            ClientError::MaxPayload => f.write_str("nats: maximum payload exceeded"),
            ClientError::BadSubject => f.write_str("nats: invalid subject"),
            ClientError::BadQueue => f.write_str("nats: invalid queue name"),
            ClientError::Server(text) => write!(f, "nats: {text}"),
            ClientError::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Failure::Error(error.to_string())
    }
}
