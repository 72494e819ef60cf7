//! The objects inside `/varz` (monitoring-events.md 3.1). The fields are the
//! members of the answer, in order; what is not configured stays empty and is
//! left out.

use serde::Serialize;

use super::connz::Proxy;
use super::json::{Nanos, Utc, UtcOrZero, is_false, is_zero};

/// `cluster`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClusterVarz {
    /// Name of the cluster.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Host of the listener.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub addr: String,
    /// Port of the listener.
    #[serde(skip_serializing_if = "is_zero")]
    pub cluster_port: i64,
    /// Time to authenticate, seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub auth_timeout: f64,
    /// `host:port` of configured routes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Time for a TLS handshake, seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub tls_timeout: f64,
    /// TLS is on.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_required: bool,
    /// Certificates are asked for.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_verify: bool,
    /// Connections to each server.
    #[serde(skip_serializing_if = "is_zero")]
    pub pool_size: i64,
    /// Time for a write.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub write_deadline: Nanos,
    /// `close` or `retry`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub write_timeout: String,
    /// When the certificate expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert_not_after: Option<Utc>,
}

/// `gateway`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GatewayVarz {
    /// Name of the own gateway.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Host of the listener.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Port of the listener.
    #[serde(skip_serializing_if = "is_zero")]
    pub port: i64,
    /// Time to authenticate, seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub auth_timeout: f64,
    /// Time for a TLS handshake, seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub tls_timeout: f64,
    /// TLS is on.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_required: bool,
    /// Certificates are asked for.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_verify: bool,
    /// Address told to others.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub advertise: String,
    /// Times to try an implicit gateway again.
    #[serde(skip_serializing_if = "is_zero")]
    pub connect_retries: i64,
    /// Remote gateways.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<RemoteGatewayVarz>,
    /// Only configured gateways may connect.
    #[serde(skip_serializing_if = "is_false")]
    pub reject_unknown: bool,
    /// Time for a write.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub write_deadline: Nanos,
    /// `close` or `retry`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub write_timeout: String,
    /// When the certificate expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert_not_after: Option<Utc>,
}

/// A remote gateway.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RemoteGatewayVarz {
    /// Name of the gateway.
    pub name: String,
    /// Time for a TLS handshake, seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub tls_timeout: f64,
    /// `host:port`, configured and discovered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

/// `leaf`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LeafVarz {
    /// Host of the listener.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Port of the listener.
    #[serde(skip_serializing_if = "is_zero")]
    pub port: i64,
    /// Time to authenticate, seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub auth_timeout: f64,
    /// Time for a TLS handshake, seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub tls_timeout: f64,
    /// TLS is on.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_required: bool,
    /// Certificates are asked for.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_verify: bool,
    /// Servers to connect to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remotes: Vec<RemoteLeafVarz>,
    /// OCSP peer verification is on.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_ocsp_peer_verify: bool,
    /// Time for a write.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub write_deadline: Nanos,
    /// `close` or `retry`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub write_timeout: String,
    /// When the certificate expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert_not_after: Option<Utc>,
}

/// A server to connect to as leaf node.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RemoteLeafVarz {
    /// Account here.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub local_account: String,
    /// Time for a TLS handshake, seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub tls_timeout: f64,
    /// `host:port` of the remote servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Subjects that do not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deny: Option<DenyVarz>,
    /// OCSP peer verification is on.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_ocsp_peer_verify: bool,
}

/// Subjects that do not pass a leaf node connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DenyVarz {
    /// Subjects that do not go out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<String>,
    /// Subjects that do not come in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<String>,
}

/// `mqtt`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MqttVarz {
    /// Host of the listener.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Port of the listener.
    #[serde(skip_serializing_if = "is_zero")]
    pub port: i64,
    /// User of clients without credentials.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub no_auth_user: String,
    /// Time to authenticate, seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub auth_timeout: f64,
    /// Certificates name the user.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_map: bool,
    /// Time for a TLS handshake, seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub tls_timeout: f64,
    /// Fingerprints of allowed certificates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tls_pinned_certs: Vec<String>,
    /// JetStream domain used.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub js_domain: String,
    /// Time for a client to acknowledge.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub ack_wait: Nanos,
    /// Most messages without acknowledgement.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_ack_pending: i64,
    /// OCSP peer verification is on.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_ocsp_peer_verify: bool,
    /// When the certificate expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert_not_after: Option<Utc>,
}

/// `websocket`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WebSocketVarz {
    /// Host of the listener.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Port of the listener.
    #[serde(skip_serializing_if = "is_zero")]
    pub port: i64,
    /// Address told to clients.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub advertise: String,
    /// User of clients without credentials.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub no_auth_user: String,
    /// Name of the cookie with the JWT.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub jwt_cookie: String,
    /// Time for the upgrade.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub handshake_timeout: Nanos,
    /// Time to authenticate, seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub auth_timeout: f64,
    /// TLS is off on purpose.
    #[serde(skip_serializing_if = "is_false")]
    pub no_tls: bool,
    /// Certificates name the user.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_map: bool,
    /// Fingerprints of allowed certificates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tls_pinned_certs: Vec<String>,
    /// The origin must be this host.
    #[serde(skip_serializing_if = "is_false")]
    pub same_origin: bool,
    /// Origins that may connect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// Messages may be compressed.
    #[serde(skip_serializing_if = "is_false")]
    pub compression: bool,
    /// OCSP peer verification is on.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_ocsp_peer_verify: bool,
    /// When the certificate expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert_not_after: Option<Utc>,
}

/// `jetstream`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JetStreamVarz {
    /// Configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<JetStreamConfig>,
    /// Use of this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<JetStreamStats>,
    /// Meta group, in a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<MetaVarz>,
    /// `jetstream.limits`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<JetStreamLimits>,
}

/// Configuration of JetStream.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JetStreamConfig {
    /// Most memory for streams, bytes.
    pub max_memory: i64,
    /// Most disk for streams, bytes.
    pub max_storage: i64,
    /// Folder of the store.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub store_dir: String,
    /// Time between two syncs.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub sync_interval: Nanos,
    /// Every write is synced.
    #[serde(skip_serializing_if = "is_false")]
    pub sync_always: bool,
    /// Domain.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domain: String,
    /// Compression is supported.
    #[serde(skip_serializing_if = "is_false")]
    pub compress_ok: bool,
    /// Tag prefix that replicas must differ in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unique_tag: String,
    /// Unknown members of requests are errors.
    #[serde(skip_serializing_if = "is_false")]
    pub strict: bool,
}

/// Use of JetStream on this server.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JetStreamStats {
    /// Bytes in memory.
    pub memory: u64,
    /// Bytes on disk.
    pub storage: u64,
    /// Bytes of memory reserved.
    pub reserved_memory: u64,
    /// Bytes of disk reserved.
    pub reserved_storage: u64,
    /// Accounts with JetStream.
    pub accounts: i64,
    /// Raft groups here.
    pub ha_assets: i64,
    /// API requests.
    pub api: JetStreamApi,
}

/// Requests to the JetStream API.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JetStreamApi {
    /// API level.
    pub level: i64,
    /// Requests.
    pub total: u64,
    /// Requests answered with an error.
    pub errors: u64,
    /// Requests being worked on.
    #[serde(skip_serializing_if = "is_zero")]
    pub inflight: u64,
}

/// `jetstream.limits`; 0 is no limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JetStreamLimits {
    /// Most messages of a pull request.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_request_batch: i64,
    /// Most messages without acknowledgement.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_ack_pending: i64,
    /// Most Raft groups.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_ha_assets: i64,
    /// Longest window for duplicates.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub max_duplicate_window: Nanos,
    /// Most atomic batches of a stream.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_batch_inflight_per_stream: i64,
    /// Most atomic batches.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_batch_inflight_total: i64,
    /// Most messages of an atomic batch.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_batch_size: i64,
    /// Longest time of an atomic batch.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub max_batch_timeout: Nanos,
    /// Consumers of a stream without a limit of its own.
    #[serde(skip_serializing_if = "is_zero")]
    pub default_max_consumers: i64,
}

/// The meta group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MetaVarz {
    /// Name of the cluster.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Name of the leader.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub leader: String,
    /// Node id of the leader.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub peer: String,
    /// The other members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<PeerVarz>,
    /// Members.
    pub cluster_size: i64,
    /// Members that must agree.
    pub quorum_needed: i64,
    /// The quorum was lowered by a rescue.
    #[serde(skip_serializing_if = "is_false")]
    pub rescue: bool,
    /// Sum of the next two.
    pub pending: u64,
    /// Requests waiting that change something.
    pub pending_requests: u64,
    /// Requests for information waiting.
    pub pending_infos: u64,
    /// The last snapshot.
    pub snapshot: MetaSnapshot,
}

/// The meta group's snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MetaSnapshot {
    /// Log entries since.
    pub pending_entries: u64,
    /// Their bytes.
    pub pending_size: u64,
    /// When it was taken.
    pub last_time: UtcOrZero,
    /// How long it took.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub last_duration: Nanos,
}

/// A member of a Raft group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PeerVarz {
    /// Name of the server.
    pub name: String,
    /// It is up to date.
    pub current: bool,
    /// It is not reachable.
    #[serde(skip_serializing_if = "is_false")]
    pub offline: bool,
    /// Time since it was seen; 0 if not known.
    pub active: Nanos,
    /// Log entries it is behind.
    #[serde(skip_serializing_if = "is_zero")]
    pub lag: u64,
    /// Node id.
    pub peer: String,
    /// Assigned, not yet in the group.
    #[serde(skip_serializing_if = "is_false")]
    pub pending: bool,
}

/// OCSP response cache.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OcspCacheVarz {
    /// Where it is kept.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cache_type: String,
    /// Answers found.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_hits: i64,
    /// Answers not found.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_misses: i64,
    /// Answers kept.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_responses: i64,
    /// Of these, revoked.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_revoked_responses: i64,
    /// Of these, good.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_good_responses: i64,
    /// Of these, unknown.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_unknown_responses: i64,
}

/// Figures by kind of connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ByKind {
    /// Clients.
    pub clients: u64,
    /// Routes.
    pub routes: u64,
    /// Gateways.
    pub gateways: u64,
    /// Leaf nodes.
    pub leafs: u64,
}

/// Contention for the file store's input and output slots.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DiskWaits {
    /// Waiting now.
    pub waiters: i64,
    /// Times somebody waited.
    pub waits: u64,
    /// How long, together.
    pub wait_time: Nanos,
    /// How long at most.
    pub max_wait_time: Nanos,
}

/// `proxies`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProxiesVarz {
    /// Public keys of trusted proxies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trusted: Vec<Proxy>,
}
