//! Why a connection was closed (client-protocol.md 7.2).

use std::fmt;

/// The reason recorded for a closed connection; its text is what `/connz`,
/// disconnect events and the debug log show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The client closed the connection (end of file).
    ClientClosed,
    /// No acceptable `CONNECT` within the authentication timeout.
    AuthenticationTimeout,
    /// Credentials were refused.
    AuthenticationFailure,
    /// The TLS handshake failed or took too long.
    TlsHandshakeError,
    /// Queued output exceeded `max_pending`.
    SlowConsumerPendingBytes,
    /// A write did not finish within `write_deadline`.
    SlowConsumerWriteDeadline,
    /// Writing to the socket failed.
    WriteError,
    /// Reading from the socket failed.
    ReadError,
    /// The client sent `-ERR`.
    ParseError,
    /// Too many unanswered pings.
    StaleConnection,
    /// The client broke the protocol.
    ProtocolViolation,
    /// `CONNECT` named a protocol level other than 0 or 1.
    BadClientProtocolVersion,
    /// A client connected to a port meant for servers.
    WrongPort,
    /// The account's connection limit was reached.
    MaxAccountConnectionsExceeded,
    /// The server's connection limit was reached.
    MaxConnectionsExceeded,
    /// A message was larger than allowed.
    MaxPayloadExceeded,
    /// A control line was longer than allowed.
    MaxControlLineExceeded,
    /// A fresh subscription limit is already exceeded.
    MaxSubscriptionsExceeded,
    /// The server shuts down or is a lame duck.
    ServerShutdown,
    /// User or account credentials expired.
    AuthenticationExpired,
    /// The account of the connection no longer exists.
    MissingAccount,
    /// The user was revoked.
    Revocation,
    /// Not a network connection.
    InternalClient,
    /// `no_responders` was asked for without headers.
    NoRespondersRequiresHeaders,
    /// Closed on an operator's request.
    Kicked,
    /// The signature of a proxy was not that of a trusted one.
    ProxyNotTrusted,
    /// The user must come through a trusted proxy.
    ProxyRequired,
}

impl CloseReason {
    /// The text shown to people and tools.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientClosed => "Client Closed",
            Self::AuthenticationTimeout => "Authentication Timeout",
            Self::AuthenticationFailure => "Authentication Failure",
            Self::TlsHandshakeError => "TLS Handshake Failure",
            Self::SlowConsumerPendingBytes => "Slow Consumer (Pending Bytes)",
            Self::SlowConsumerWriteDeadline => "Slow Consumer (Write Deadline)",
            Self::WriteError => "Write Error",
            Self::ReadError => "Read Error",
            Self::ParseError => "Parse Error",
            Self::StaleConnection => "Stale Connection",
            Self::ProtocolViolation => "Protocol Violation",
            Self::BadClientProtocolVersion => "Bad Client Protocol Version",
            Self::WrongPort => "Incorrect Port",
            Self::MaxAccountConnectionsExceeded => "Maximum Account Connections Exceeded",
            Self::MaxConnectionsExceeded => "Maximum Connections Exceeded",
            Self::MaxPayloadExceeded => "Maximum Message Payload Exceeded",
            Self::MaxControlLineExceeded => "Maximum Control Line Exceeded",
            Self::MaxSubscriptionsExceeded => "Maximum Subscriptions Exceeded",
            Self::ServerShutdown => "Server Shutdown",
            Self::AuthenticationExpired => "Authentication Expired",
            Self::MissingAccount => "Missing Account",
            Self::Revocation => "Credentials Revoked",
            Self::InternalClient => "Internal Client",
            Self::NoRespondersRequiresHeaders => "No Responders Requires Headers",
            Self::Kicked => "Kicked",
            Self::ProxyNotTrusted => "Proxy Not Trusted",
            Self::ProxyRequired => "Proxy Required",
        }
    }

    /// Whether queued output is written before the socket is closed.
    pub fn flushes(self) -> bool {
        !matches!(
            self,
            Self::ReadError
                | Self::WriteError
                | Self::SlowConsumerPendingBytes
                | Self::SlowConsumerWriteDeadline
                | Self::TlsHandshakeError
        )
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
