//! Every option of the server, typed. Field names are the configuration keys.
//!
//! Empty options are `None`; options where absent means "take the default" have
//! it filled in by [`Options::apply_defaults`], which every way of making
//! options runs last.

mod account;
mod auth;
mod compression;
mod defaults;
mod feature;
mod jetstream;
mod links;
mod listeners;
mod operator;
mod tls;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub use account::*;
pub use auth::*;
pub use compression::*;
pub use defaults::*;
pub use feature::*;
pub use jetstream::*;
pub use links::*;
pub use listeners::*;
pub use operator::*;
pub use tls::*;

/// All options of a server.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// File given by `-c`, as given.
    pub config_file: Option<PathBuf>,
    /// `sha256:…` of that file; empty without one.
    pub config_digest: String,

    /// Client listener.
    pub host: String,
    /// Client port; -1 any.
    pub port: i32,
    /// Name; the server's key if `None`.
    pub server_name: Option<String>,
    /// `host[:port]` told to clients.
    pub client_advertise: Option<String>,
    /// Lower-case, trimmed, unique.
    pub server_tags: Vec<String>,
    /// Free-form.
    pub server_metadata: BTreeMap<String, String>,
    /// As configured, known or not.
    pub feature_flags: BTreeMap<String, bool>,
    /// Client connections; 0 and negative let nobody in.
    pub max_connections: i64,
    /// Subscriptions of a connection; 0 is unlimited.
    pub max_subscriptions: i64,
    /// Tokens of a subscription; 0 is unlimited.
    pub max_sub_tokens: u8,
    /// Protocol line, bytes.
    pub max_control_line: i64,
    /// Payload, bytes; -1 is unlimited.
    pub max_payload: i64,
    /// Outbound queue of a client, bytes.
    pub max_pending: i64,
    /// Time for a socket write.
    pub write_deadline: Duration,
    /// What happens after it.
    pub write_timeout: WriteTimeout,
    /// Time between pings.
    pub ping_interval: Duration,
    /// Unanswered pings before a connection is stale.
    pub ping_max: i64,
    /// Closed connections kept for monitoring.
    pub max_closed_clients: i64,
    /// Payload bytes in trace lines; 0 is unlimited.
    pub max_traced_msg_len: i64,
    /// Never hold a fast producer back.
    pub no_fast_producer_stall: bool,
    /// No message headers.
    pub no_header_support: bool,
    /// No subscription cache.
    pub disable_sublist_cache: bool,
    /// A PROXY header comes first.
    pub proxy_protocol: bool,
    /// Plain connections besides TLS.
    pub allow_non_tls: bool,
    /// Length of lame duck mode.
    pub lame_duck_duration: Duration,
    /// Its first part, in which nobody is closed.
    pub lame_duck_grace_period: Duration,
    /// Log every n-th failed first connect of a link.
    pub connect_error_reports: i64,
    /// Log every n-th failed reconnect of a link.
    pub reconnect_error_reports: i64,
    /// User token of clients without credentials (operator mode).
    pub default_sentinel: Option<String>,
    /// Subject mappings of `$G`.
    pub mappings: Vec<Mapping>,
    /// Account to domain.
    pub default_js_domain: Option<BTreeMap<String, String>>,

    /// Monitoring host.
    pub http_host: String,
    /// Monitoring port; 0 is off.
    pub http_port: i32,
    /// Monitoring port with TLS; 0 is off.
    pub https_port: i32,
    /// Prefix of the endpoints as configured; empty is `/`.
    pub http_base_path: String,
    /// Profiling port; 0 is off.
    pub prof_port: i32,
    /// Block profiling rate.
    pub prof_block_rate: i64,
    /// File for the process id.
    pub pid_file: Option<PathBuf>,
    /// Folder for the ports file.
    pub ports_file_dir: Option<PathBuf>,

    /// Debug lines.
    pub debug: bool,
    /// Protocol trace lines.
    pub trace: bool,
    /// Trace the system account, too.
    pub trace_verbose: bool,
    /// Trace only headers of messages.
    pub trace_headers: bool,
    /// Time in log lines.
    pub logtime: bool,
    /// That time in UTC.
    pub logtime_utc: bool,
    /// Log file.
    pub log_file: Option<PathBuf>,
    /// Rotate at this size, bytes; 0 never.
    pub log_size_limit: i64,
    /// Log files kept; 0 is all.
    pub logfile_max_num: i64,
    /// Local syslog.
    pub syslog: bool,
    /// Address of a syslog server.
    pub remote_syslog: Option<String>,

    /// Users.
    pub authorization: Authorization,
    /// Implicit user.
    pub no_auth_user: Option<String>,
    /// Accounts in file order.
    pub accounts: Vec<Account>,
    /// Account of the server's own messages.
    pub system_account: Option<String>,
    /// None is made.
    pub no_system_account: bool,
    /// Operators; `None` is no operator mode.
    pub operators: Option<Vec<OperatorToken>>,
    /// Operator keys without token.
    pub trusted_keys: Option<Vec<String>>,
    /// Where account tokens come from.
    pub resolver: Option<Resolver>,
    /// TLS to a URL resolver.
    pub resolver_tls: Option<TlsOptions>,
    /// Account key to token.
    pub resolver_preload: Option<BTreeMap<String, String>>,
    /// Accounts a resolver must have.
    pub resolver_pinned_accounts: Option<Vec<String>>,
    /// Keys of trusted proxies; `None` without the block.
    pub proxies: Option<Vec<String>>,

    /// TLS of clients and monitoring.
    pub tls: Option<TlsOptions>,
    /// Stapling.
    pub ocsp: Option<Ocsp>,
    /// Peer answers.
    pub ocsp_cache: Option<OcspCache>,

    /// Routes.
    pub cluster: Option<ClusterOptions>,
    /// Gateways.
    pub gateway: Option<GatewayOptions>,
    /// Leaf nodes.
    pub leafnodes: Option<LeafNodeOptions>,
    /// WebSocket.
    pub websocket: Option<WebsocketOptions>,
    /// MQTT.
    pub mqtt: Option<MqttOptions>,

    /// JetStream runs.
    pub jetstream_enabled: bool,
    /// Its settings, whether it runs or not.
    pub jetstream: JetStreamOptions,

    pub(crate) features: Vec<Feature>,
    /// Problems of `mqtt` that count only when a server is made.
    pub(crate) mqtt_errors: Vec<(&'static str, &'static str)>,
    /// `max_connections` was written down: 0 means nobody then.
    pub(crate) max_connections_set: bool,
}

impl Options {
    /// Every feature the file or a flag asks for, in file order.
    pub fn configured_features(&self) -> &[Feature] {
        &self.features
    }

    /// The first place that asks for `kind`.
    pub fn feature(&self, kind: FeatureKind) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.kind == kind)
    }

    /// Routes are on: the block or a flag has a port.
    pub fn cluster_enabled(&self) -> bool {
        self.cluster.as_ref().is_some_and(|c| c.port != 0)
    }

    /// Gateways are on: the block has a name or a port.
    pub fn gateway_enabled(&self) -> bool {
        self.gateway
            .as_ref()
            .is_some_and(|g| g.name.is_some() || g.port != 0)
    }

    /// Leaf nodes are accepted or dialled.
    pub fn leafnodes_enabled(&self) -> bool {
        self.leafnodes
            .as_ref()
            .is_some_and(|l| l.port != 0 || !l.remotes.is_empty())
    }

    /// The cluster's name, if one is configured.
    pub fn cluster_name(&self) -> Option<&str> {
        self.cluster.as_ref().and_then(|c| c.name.as_deref())
    }
}
