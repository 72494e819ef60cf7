//! `websocket` and `mqtt` (configuration.md 6).

use std::collections::BTreeMap;
use std::time::Duration;

use super::auth::ListenerAuthorization;
use super::tls::TlsOptions;

/// The `websocket` block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WebsocketOptions {
    /// Listen host.
    pub host: String,
    /// Listen port; 0 is off, -1 any.
    pub port: i32,
    /// TLS.
    pub tls: Option<TlsOptions>,
    /// Plain connections; ignored with `tls`.
    pub no_tls: bool,
    /// `host[:port]` told to clients.
    pub advertise: Option<String>,
    /// The `Origin` header must be this server.
    pub same_origin: bool,
    /// Allowed origins; empty allows any.
    pub allowed_origins: Vec<String>,
    /// Time for the upgrade request; `None` is unlimited.
    pub handshake_timeout: Option<Duration>,
    /// Per-message compression.
    pub compression: bool,
    /// Own credentials.
    pub authorization: ListenerAuthorization,
    /// Cookie that holds a user JWT.
    pub jwt_cookie: Option<String>,
    /// Cookie that holds a user name.
    pub user_cookie: Option<String>,
    /// Cookie that holds a password.
    pub pass_cookie: Option<String>,
    /// Cookie that holds a token.
    pub token_cookie: Option<String>,
    /// Implicit user.
    pub no_auth_user: Option<String>,
    /// Headers of the upgrade answer.
    pub headers: BTreeMap<String, String>,
    /// Ping interval; `None` takes the server's.
    pub ping_interval: Option<Duration>,
}

/// The `mqtt` block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MqttOptions {
    /// Listen host.
    pub host: String,
    /// Listen port; 0 is off, -1 any.
    pub port: i32,
    /// TLS.
    pub tls: Option<TlsOptions>,
    /// Own credentials.
    pub authorization: ListenerAuthorization,
    /// Implicit user.
    pub no_auth_user: Option<String>,
    /// Redelivery time; `None` takes 30 s.
    pub ack_wait: Option<Duration>,
    /// Time for JetStream requests; `None` takes 5 s.
    pub js_api_timeout: Option<Duration>,
    /// Outstanding messages of a subscription; 0 takes 1024.
    pub max_ack_pending: u16,
    /// JetStream domain.
    pub js_domain: Option<String>,
    /// Replicas of the MQTT streams; 0 decides itself.
    pub stream_replicas: i64,
    /// Consumers live in memory.
    pub consumer_memory_storage: bool,
    /// Consumers go after this time; zero keeps them.
    pub consumer_inactive_threshold: Duration,
    /// Refuse QoS 2 messages.
    pub reject_qos2_publish: bool,
    /// Grant QoS 1 where 2 was asked for.
    pub downgrade_qos2_subscribe: bool,
}
