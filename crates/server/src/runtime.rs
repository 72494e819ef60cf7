//! The settings in force, in the form the shards use them. A reload makes a
//! new one; a shard holds the one it works with.

use std::sync::Arc;
use std::time::Duration;

use midge_identity::Authenticator;
use midge_wire::info::ServerInfo;

use crate::tls::TlsListener;

/// Whether the TLS handshake comes before the first INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeFirst {
    /// After it.
    No,
    /// Before it, always.
    Yes,
    /// Before it if the client begins within this time.
    Fallback(Duration),
}

/// Settings of the data plane.
pub struct Runtime {
    /// The INFO of this server, without what differs between clients.
    pub info: ServerInfo,
    /// Decides about clients.
    pub auth: Authenticator,
    /// Clients have to authenticate.
    pub auth_required: bool,
    /// The first INFO does not say so, because a `no_auth_user` is configured.
    pub hides_auth_required: bool,
    /// Time for a `CONNECT`.
    pub auth_timeout: Duration,
    /// INFO carries a nonce.
    pub uses_nonce: bool,
    /// TLS on the client port.
    pub tls: Option<Arc<TlsListener>>,
    /// A PROXY header may come first.
    pub proxy_protocol: bool,
    /// Header support.
    pub supports_headers: bool,
    /// Most bytes of a message; `None` is unlimited.
    pub max_payload: Option<usize>,
    /// Most bytes of arguments of a control line.
    pub max_control_line: usize,
    /// Most unsent bytes of a client.
    pub max_pending: usize,
    /// Unsent bytes of a client above which producers stall: 3/4 of
    /// `max_pending`.
    pub gate: usize,
    /// Clients at most; 0 or less lets nobody in.
    pub max_connections: i64,
    /// Subscriptions per connection at most; 0 is unlimited.
    pub max_subscriptions: usize,
    /// Tokens of a subscription at most; 0 is unlimited.
    pub max_sub_tokens: usize,
    /// Closed connections remembered.
    pub max_closed_clients: usize,
    /// Time between pings.
    pub ping_interval: Duration,
    /// Unanswered pings at most.
    pub ping_max: u32,
    /// Time for a write.
    pub write_deadline: Duration,
    /// A slow client is kept as long as it takes something.
    pub write_retry: bool,
    /// Messages for a client far behind are dropped instead of waited with.
    pub no_fast_producer_stall: bool,
    /// Bytes of payloads shown in traces; 0 is all.
    pub max_traced_msg_len: usize,
    /// Start of the subjects of JetStream's domain, `$JS.<domain>.API.`; empty
    /// without a domain.
    pub domain_prefix: Vec<u8>,
    /// Traces show header blocks only.
    pub trace_headers: bool,
}
