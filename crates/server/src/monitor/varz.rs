//! `/varz`: the whole server (monitoring-events.md 3.1).

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;

use super::json::{Nanos, Uptime, Utc, is_false, is_zero};
use super::source::Source;
use super::varz_parts::{
    ByKind, ClusterVarz, DiskWaits, GatewayVarz, JetStreamVarz, LeafVarz, MqttVarz, OcspCacheVarz,
    ProxiesVarz, WebSocketVarz,
};

/// The state of the server; the fields are the members of the answer, in order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Varz {
    /// Public key of the server, new at each start.
    pub server_id: String,
    /// Configured name, or the id.
    pub server_name: String,
    /// Version of NATS the server is compatible with.
    pub version: String,
    /// Protocol level announced in INFO: 1.
    pub proto: i64,
    /// Commit it was built from, short.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub git_commit: String,
    /// Compiler it was built with; tools print it as the Go version.
    pub go: String,
    /// Client listener's host, as configured or resolved.
    pub host: String,
    /// Client listener's real port.
    pub port: i64,
    /// As announced in INFO.
    #[serde(skip_serializing_if = "is_false")]
    pub auth_required: bool,
    /// As announced in INFO.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_required: bool,
    /// As announced in INFO.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_verify: bool,
    /// OCSP peer verification is on for clients.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_ocsp_peer_verify: bool,
    /// `ip` of INFO.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ip: String,
    /// `host:port` of servers that clients are told of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connect_urls: Vec<String>,
    /// `host:port` of WebSocket listeners that clients are told of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ws_connect_urls: Vec<String>,
    /// Most client connections; default 65,536.
    pub max_connections: i64,
    /// Most subscriptions of a connection; 0 is no limit.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_subscriptions: i64,
    /// Time between two pings.
    pub ping_interval: Nanos,
    /// Most pings without an answer.
    pub ping_max: i64,
    /// Monitoring host.
    pub http_host: String,
    /// Monitoring port as configured (also -1); 0 is off.
    pub http_port: i64,
    /// Base path as configured.
    pub http_base_path: String,
    /// HTTPS monitoring port as configured; 0 is off.
    pub https_port: i64,
    /// Time to authenticate, seconds.
    pub auth_timeout: f64,
    /// Longest control line, bytes.
    pub max_control_line: i64,
    /// Largest message, bytes.
    pub max_payload: i64,
    /// Most bytes waiting for a client.
    pub max_pending: i64,
    /// Routes' configuration; empty without a cluster.
    pub cluster: ClusterVarz,
    /// Gateways' configuration; empty without.
    pub gateway: GatewayVarz,
    /// Leaf nodes' configuration; empty without.
    pub leaf: LeafVarz,
    /// MQTT's configuration; empty without.
    pub mqtt: MqttVarz,
    /// WebSocket's configuration; empty without.
    pub websocket: WebSocketVarz,
    /// JetStream; empty when it is off.
    pub jetstream: JetStreamVarz,
    /// Time for a client's TLS handshake, seconds.
    pub tls_timeout: f64,
    /// Time for a write to a client.
    pub write_deadline: Nanos,
    /// `close` or `retry` when configured.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub write_timeout: String,
    /// When the server was started.
    pub start: Utc,
    /// When this was put together.
    pub now: Utc,
    /// From `start` to `now`.
    pub uptime: Uptime,
    /// Resident memory, bytes.
    pub mem: u64,
    /// Processors the process may use.
    pub cores: i64,
    /// Threads that run connections: the number of shards.
    pub gomaxprocs: i64,
    /// Memory limit, bytes; 0 is none.
    #[serde(skip_serializing_if = "is_zero")]
    pub gomemlimit: i64,
    /// Processor use over the last second, percent; 100 is one core.
    pub cpu: f64,
    /// Clients connected now, leaf nodes excluded.
    pub connections: i64,
    /// Clients ever accepted.
    pub total_connections: u64,
    /// Route connections; each member of a pool counts.
    pub routes: i64,
    /// Servers at the other end of routes.
    pub remotes: i64,
    /// Leaf node connections.
    pub leafnodes: i64,
    /// Messages received, connections of all kinds.
    pub in_msgs: u64,
    /// Their bytes, header block and payload.
    pub in_bytes: u64,
    /// Messages received from clients.
    pub in_client_msgs: u64,
    /// Their bytes.
    pub in_client_bytes: u64,
    /// Messages sent, connections of all kinds.
    pub out_msgs: u64,
    /// Their bytes.
    pub out_bytes: u64,
    /// Messages sent to clients.
    pub out_client_msgs: u64,
    /// Their bytes.
    pub out_client_bytes: u64,
    /// Slow consumers found, connections of all kinds.
    pub slow_consumers: u64,
    /// Connections that stopped answering pings.
    pub stale_connections: u64,
    /// Times a producer was held up for a slow receiver.
    pub stalled_clients: u64,
    /// Subscriptions of all accounts, the server's own included.
    pub subscriptions: u64,
    /// Monitoring requests by path; filled in by [`build`].
    pub http_req_stats: BTreeMap<&'static str, u64>,
    /// Start or last reload.
    pub config_load_time: Utc,
    /// `sha256:HEX` of the configuration; empty without a file.
    pub config_digest: String,
    /// `server_tags`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// `server_metadata`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// All known flags with their effective value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub feature_flags: BTreeMap<String, bool>,
    /// JWTs of trusted operators.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trusted_operators_jwt: Vec<String>,
    /// Their claims, decoded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trusted_operators_claim: Vec<serde_json::Value>,
    /// Name or public key of the system account.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub system_account: String,
    /// Logins refused because the issuer is not pinned.
    #[serde(skip_serializing_if = "is_zero")]
    pub pinned_account_fails: u64,
    /// OCSP response cache, when it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ocsp_peer_cache: Option<OcspCacheVarz>,
    /// Slow consumers by kind of connection.
    pub slow_consumer_stats: ByKind,
    /// Stale connections by kind.
    pub stale_connection_stats: ByKind,
    /// Waiting for the file store's slots.
    pub disk_io_wait_stats: DiskWaits,
    /// Trusted proxies, when there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxies: Option<ProxiesVarz>,
    /// When the first certificate of the client port expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert_not_after: Option<Utc>,
}

impl Varz {
    /// A server that was started at `start`, with everything else empty or
    /// zero, and no traffic.
    pub fn new(start: SystemTime, now: SystemTime) -> Self {
        Self {
            server_id: String::new(),
            server_name: String::new(),
            version: String::new(),
            proto: 1,
            git_commit: String::new(),
            go: String::new(),
            host: String::new(),
            port: 0,
            auth_required: false,
            tls_required: false,
            tls_verify: false,
            tls_ocsp_peer_verify: false,
            ip: String::new(),
            connect_urls: Vec::new(),
            ws_connect_urls: Vec::new(),
            max_connections: 0,
            max_subscriptions: 0,
            ping_interval: Nanos::default(),
            ping_max: 0,
            http_host: String::new(),
            http_port: 0,
            http_base_path: String::new(),
            https_port: 0,
            auth_timeout: 0.0,
            max_control_line: 0,
            max_payload: 0,
            max_pending: 0,
            cluster: ClusterVarz::default(),
            gateway: GatewayVarz::default(),
            leaf: LeafVarz::default(),
            mqtt: MqttVarz::default(),
            websocket: WebSocketVarz::default(),
            jetstream: JetStreamVarz::default(),
            tls_timeout: 0.0,
            write_deadline: Nanos::default(),
            write_timeout: String::new(),
            start: Utc(start),
            now: Utc(now),
            uptime: Uptime(now.duration_since(start).unwrap_or_default()),
            mem: 0,
            cores: 0,
            gomaxprocs: 0,
            gomemlimit: 0,
            cpu: 0.0,
            connections: 0,
            total_connections: 0,
            routes: 0,
            remotes: 0,
            leafnodes: 0,
            in_msgs: 0,
            in_bytes: 0,
            in_client_msgs: 0,
            in_client_bytes: 0,
            out_msgs: 0,
            out_bytes: 0,
            out_client_msgs: 0,
            out_client_bytes: 0,
            slow_consumers: 0,
            stale_connections: 0,
            stalled_clients: 0,
            subscriptions: 0,
            http_req_stats: BTreeMap::new(),
            config_load_time: Utc(start),
            config_digest: String::new(),
            tags: Vec::new(),
            metadata: BTreeMap::new(),
            feature_flags: BTreeMap::new(),
            trusted_operators_jwt: Vec::new(),
            trusted_operators_claim: Vec::new(),
            system_account: String::new(),
            pinned_account_fails: 0,
            ocsp_peer_cache: None,
            slow_consumer_stats: ByKind::default(),
            stale_connection_stats: ByKind::default(),
            disk_io_wait_stats: DiskWaits::default(),
            proxies: None,
            tls_cert_not_after: None,
        }
    }
}

/// Puts the answer together.
pub fn build(source: &dyn Source) -> Varz {
    let mut varz = source.varz();
    varz.http_req_stats = source.requests().snapshot();
    varz
}

#[cfg(test)]
#[path = "varz_tests.rs"]
mod tests;
