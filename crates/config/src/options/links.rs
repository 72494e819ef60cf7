//! `cluster`, `gateway`, `leafnodes` (configuration.md 4).

use std::path::PathBuf;
use std::time::Duration;

use super::auth::{LinkAuthorization, Permissions};
use super::tls::TlsOptions;
use crate::url::Url;

/// What happens when a write deadline passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteTimeout {
    /// The kind of connection decides: clients close, links retry.
    #[default]
    Default,
    /// Close the connection.
    Close,
    /// Try again.
    Retry,
}

/// `compression` of a block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compression {
    /// As written, booleans replaced; [`Compression::resolve`] tells what it means.
    pub mode: String,
    /// Round-trip steps of the automatic mode, as written.
    pub rtt_thresholds: Vec<Duration>,
}

/// The `cluster` block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClusterOptions {
    /// Cluster name.
    pub name: Option<String>,
    /// Listen host.
    pub host: String,
    /// Listen port; 0 is off, -1 any.
    pub port: i32,
    /// Routes to dial.
    pub routes: Vec<Url>,
    /// Credentials of incoming routes.
    pub authorization: LinkAuthorization,
    /// `import` is publish, `export` is subscribe.
    pub permissions: Option<Permissions>,
    /// TLS in both directions.
    pub tls: Option<TlsOptions>,
    /// `host[:port]` told to other servers.
    pub cluster_advertise: Option<String>,
    /// Do not tell clients of other servers.
    pub no_advertise: bool,
    /// Attempts for routes learned by gossip.
    pub connect_retries: i64,
    /// Grow the pause between attempts.
    pub connect_backoff: bool,
    /// Connections per route; -1 is one without pooling.
    pub pool_size: i64,
    /// Accounts with a route of their own.
    pub accounts: Vec<String>,
    /// Compression.
    pub compression: Compression,
    /// Ping interval; `None` takes the server's, at most 30 s.
    pub ping_interval: Option<Duration>,
    /// Missed pings; 0 takes the server's.
    pub ping_max: i64,
    /// Write deadline; `None` takes the server's.
    pub write_deadline: Option<Duration>,
    /// What then.
    pub write_timeout: WriteTimeout,
}

/// The `gateway` block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GatewayOptions {
    /// Cluster name this gateway speaks for.
    pub name: Option<String>,
    /// Listen host.
    pub host: String,
    /// Listen port; -1 any.
    pub port: i32,
    /// Credentials of incoming gateways.
    pub authorization: LinkAuthorization,
    /// TLS in both directions.
    pub tls: Option<TlsOptions>,
    /// `host[:port]` told to other clusters.
    pub advertise: Option<String>,
    /// Attempts for gateways learned by gossip.
    pub connect_retries: i64,
    /// Grow the pause between attempts.
    pub connect_backoff: bool,
    /// Configured clusters.
    pub gateways: Vec<RemoteGateway>,
    /// Refuse clusters that are not configured.
    pub reject_unknown: bool,
    /// Write deadline; `None` takes the server's.
    pub write_deadline: Option<Duration>,
    /// What then.
    pub write_timeout: WriteTimeout,
}

/// One entry of `gateway.gateways`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RemoteGateway {
    /// Cluster name.
    pub name: String,
    /// Where to dial.
    pub urls: Vec<Url>,
    /// Own TLS; `None` takes the block's.
    pub tls: Option<TlsOptions>,
}

/// The `leafnodes` block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeafNodeOptions {
    /// Listen host.
    pub host: String,
    /// Listen port; 0 is off, -1 any.
    pub port: i32,
    /// Who may connect.
    pub authorization: LeafAuthorization,
    /// TLS of the listener.
    pub tls: Option<TlsOptions>,
    /// Servers to dial.
    pub remotes: Vec<LeafRemote>,
    /// Pause between attempts; 1 s.
    pub reconnect_interval: Duration,
    /// TCP connect time of remotes; zero takes 1 s.
    pub dial_timeout: Duration,
    /// `host[:port]` told to leaf nodes.
    pub advertise: Option<String>,
    /// Do not tell leaf nodes of other servers.
    pub no_advertise: bool,
    /// Lowest version of a leaf node, at least 2.8.0.
    pub min_version: Option<String>,
    /// Compression.
    pub compression: Compression,
    /// Leaf nodes do not see each other's interest.
    pub isolate_leafnode_interest: bool,
    /// Write deadline; `None` takes the server's.
    pub write_deadline: Option<Duration>,
    /// What then.
    pub write_timeout: WriteTimeout,
}

/// `leafnodes.authorization`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeafAuthorization {
    /// Single user.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// Single public key.
    pub nkey: Option<String>,
    /// Account of the single user or key.
    pub account: Option<String>,
    /// Seconds; 2, or the TLS timeout plus 1.
    pub timeout: f64,
    /// Must come through a trusted proxy.
    pub proxy_required: bool,
    /// Several users.
    pub users: Option<Vec<LeafUser>>,
}

/// One entry of `leafnodes.authorization.users`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeafUser {
    /// Name.
    pub username: String,
    /// Password.
    pub password: String,
    /// Account; `None` is `$G`.
    pub account: Option<String>,
    /// Must come through a trusted proxy.
    pub proxy_required: bool,
}

/// One entry of `leafnodes.remotes`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeafRemote {
    /// Where to dial.
    pub urls: Vec<Url>,
    /// Local account; `None` is `$G`.
    pub account: Option<String>,
    /// Credentials file, expanded.
    pub credentials: Option<PathBuf>,
    /// User seed.
    pub nkey: Option<String>,
    /// TLS.
    pub tls: Option<TlsOptions>,
    /// This side is the hub.
    pub hub: bool,
    /// Subjects not imported.
    pub deny_imports: Vec<String>,
    /// Subjects not exported.
    pub deny_exports: Vec<String>,
    /// Dial in the order written.
    pub no_randomize: bool,
    /// WebSocket: per-message compression.
    pub ws_compression: bool,
    /// WebSocket: no masking.
    pub ws_no_masking: bool,
    /// Compression.
    pub compression: Compression,
    /// JetStream leaders move when the link is down.
    pub jetstream_cluster_migrate: bool,
    /// After this time.
    pub leader_migrate_delay: Duration,
    /// Interest of other leaf nodes stays here.
    pub isolate_leafnode_interest: bool,
    /// Ask the other side to isolate.
    pub request_isolation: bool,
    /// Wait for the first INFO; 1 s.
    pub first_info_timeout: Duration,
    /// TCP connect time; zero takes the block's.
    pub dial_timeout: Duration,
    /// Not dialled.
    pub disabled: bool,
    /// Use only the configured URLs.
    pub ignore_discovered_servers: bool,
    /// HTTP proxy.
    pub proxy: Option<LeafProxy>,
}

/// `proxy` of a remote.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeafProxy {
    /// `http` or `https` address.
    pub url: String,
    /// With password or not at all.
    pub username: Option<String>,
    /// With user name or not at all.
    pub password: Option<String>,
    /// Dial time of the proxy; zero takes the default.
    pub timeout: Duration,
    /// TLS to an `https` proxy.
    pub tls: Option<TlsOptions>,
}
