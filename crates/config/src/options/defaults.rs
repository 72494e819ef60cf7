//! Defaults, and how they depend on one another (configuration.md 2, 3.1, 4).

use std::collections::BTreeMap;
use std::time::Duration;

use super::{
    Authorization, DEFAULT_TLS_TIMEOUT, JetStreamOptions, Options, TlsOptions, WriteTimeout,
};

/// The system account, if none is configured.
pub const SYSTEM_ACCOUNT: &str = "$SYS";
/// Listen host of every listener.
pub const DEFAULT_HOST: &str = "0.0.0.0";
/// Client port.
pub const DEFAULT_PORT: i32 = 4222;
/// Leaf node port in URLs without one.
pub const DEFAULT_LEAFNODE_PORT: u16 = 7422;
/// Client connections.
pub const DEFAULT_MAX_CONNECTIONS: i64 = 65_536;
/// Protocol line, bytes.
pub const DEFAULT_MAX_CONTROL_LINE: i64 = 4096;
/// Payload, bytes.
pub const DEFAULT_MAX_PAYLOAD: i64 = 1 << 20;
/// Outbound queue of a client, bytes.
pub const DEFAULT_MAX_PENDING: i64 = 64 << 20;
/// Time for a socket write.
pub const DEFAULT_WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// Time between pings.
pub const DEFAULT_PING_INTERVAL: Duration = Duration::from_secs(120);
/// Unanswered pings.
pub const DEFAULT_PING_MAX: i64 = 2;
/// Closed connections kept.
pub const DEFAULT_MAX_CLOSED_CLIENTS: i64 = 10_000;
/// Length of lame duck mode.
pub const DEFAULT_LAME_DUCK_DURATION: Duration = Duration::from_secs(120);
/// Its first part.
pub const DEFAULT_LAME_DUCK_GRACE_PERIOD: Duration = Duration::from_secs(10);
/// Log every n-th failed first connect.
pub const DEFAULT_CONNECT_ERROR_REPORTS: i64 = 3600;
/// Log every n-th failed reconnect.
pub const DEFAULT_RECONNECT_ERROR_REPORTS: i64 = 1;
/// Time to authenticate, seconds.
pub const DEFAULT_AUTH_TIMEOUT: f64 = 2.0;
/// Connections per route.
pub const DEFAULT_POOL_SIZE: i64 = 3;
/// Longest ping interval of routes.
pub const MAX_ROUTE_PING_INTERVAL: Duration = Duration::from_secs(30);
/// Pause of leaf node remotes, and their connect and INFO times.
pub const DEFAULT_LEAFNODE_TIME: Duration = Duration::from_secs(1);
/// JetStream API requests waiting.
pub const DEFAULT_REQUEST_QUEUE_LIMIT: i64 = 10_000;
/// Concurrent file operations.
pub const DEFAULT_CONCURRENT_IO: i64 = 4096;
/// Platform register of a trusted platform module.
pub const DEFAULT_TPM_PCR: i64 = 22;

/// Time to authenticate: longer with TLS, whose handshake comes before.
fn auth_timeout(tls: Option<&TlsOptions>) -> f64 {
    tls.map_or(DEFAULT_AUTH_TIMEOUT, |tls| tls.timeout + 1.0)
}

fn or_default<T: PartialEq + Default + Copy>(value: &mut T, default: T) {
    if *value == T::default() {
        *value = default;
    }
}

fn or_any_host(host: &mut String) {
    if host.is_empty() {
        *host = DEFAULT_HOST.to_owned();
    }
}

fn tls_default(tls: &mut Option<TlsOptions>) {
    if let Some(tls) = tls {
        or_default(&mut tls.timeout, DEFAULT_TLS_TIMEOUT);
    }
}

impl Default for Options {
    /// A server without file and flags.
    fn default() -> Self {
        let mut options = Options::unset();
        options.apply_defaults();
        options
    }
}

impl Options {
    /// Nothing configured, no defaults yet.
    pub(crate) fn unset() -> Self {
        Options {
            config_file: None,
            config_digest: String::new(),
            host: String::new(),
            port: 0,
            server_name: None,
            client_advertise: None,
            server_tags: Vec::new(),
            server_metadata: BTreeMap::new(),
            feature_flags: BTreeMap::new(),
            max_connections: 0,
            max_subscriptions: 0,
            max_sub_tokens: 0,
            max_control_line: 0,
            max_payload: 0,
            max_pending: 0,
            write_deadline: Duration::ZERO,
            write_timeout: WriteTimeout::Default,
            ping_interval: Duration::ZERO,
            ping_max: 0,
            max_closed_clients: 0,
            max_traced_msg_len: 0,
            no_fast_producer_stall: false,
            no_header_support: false,
            disable_sublist_cache: false,
            proxy_protocol: false,
            allow_non_tls: false,
            lame_duck_duration: Duration::ZERO,
            lame_duck_grace_period: Duration::ZERO,
            connect_error_reports: 0,
            reconnect_error_reports: 0,
            default_sentinel: None,
            mappings: Vec::new(),
            default_js_domain: None,
            http_host: String::new(),
            http_port: 0,
            https_port: 0,
            http_base_path: String::new(),
            prof_port: 0,
            prof_block_rate: 0,
            pid_file: None,
            ports_file_dir: None,
            debug: false,
            trace: false,
            trace_verbose: false,
            trace_headers: false,
            logtime: true,
            logtime_utc: false,
            log_file: None,
            log_size_limit: 0,
            logfile_max_num: 0,
            syslog: false,
            remote_syslog: None,
            authorization: Authorization::default(),
            no_auth_user: None,
            accounts: Vec::new(),
            system_account: None,
            no_system_account: false,
            operators: None,
            trusted_keys: None,
            resolver: None,
            resolver_tls: None,
            resolver_preload: None,
            resolver_pinned_accounts: None,
            proxies: None,
            tls: None,
            ocsp: None,
            ocsp_cache: None,
            cluster: None,
            gateway: None,
            leafnodes: None,
            websocket: None,
            mqtt: None,
            jetstream_enabled: false,
            jetstream: JetStreamOptions::default(),
            features: Vec::new(),
            mqtt_errors: Vec::new(),
            max_connections_set: false,
        }
    }

    /// Fills in what was left open. Does nothing the second time.
    pub fn apply_defaults(&mut self) {
        or_any_host(&mut self.host);
        if self.http_host.is_empty() {
            self.http_host = self.host.clone();
        }
        or_default(&mut self.port, DEFAULT_PORT);
        if !self.max_connections_set {
            or_default(&mut self.max_connections, DEFAULT_MAX_CONNECTIONS);
        }
        or_default(&mut self.max_control_line, DEFAULT_MAX_CONTROL_LINE);
        or_default(&mut self.max_payload, DEFAULT_MAX_PAYLOAD);
        or_default(&mut self.max_pending, DEFAULT_MAX_PENDING);
        or_default(&mut self.write_deadline, DEFAULT_WRITE_DEADLINE);
        or_default(&mut self.ping_interval, DEFAULT_PING_INTERVAL);
        or_default(&mut self.ping_max, DEFAULT_PING_MAX);
        or_default(&mut self.max_closed_clients, DEFAULT_MAX_CLOSED_CLIENTS);
        or_default(&mut self.lame_duck_duration, DEFAULT_LAME_DUCK_DURATION);
        or_default(
            &mut self.lame_duck_grace_period,
            DEFAULT_LAME_DUCK_GRACE_PERIOD,
        );
        or_default(
            &mut self.connect_error_reports,
            DEFAULT_CONNECT_ERROR_REPORTS,
        );
        or_default(
            &mut self.reconnect_error_reports,
            DEFAULT_RECONNECT_ERROR_REPORTS,
        );
        tls_default(&mut self.tls);
        if self.authorization.timeout == 0.0 {
            self.authorization.timeout = auth_timeout(self.tls.as_ref());
        }
        self.cluster_defaults();
        self.leafnode_defaults();
        self.listener_defaults();
    }

    fn cluster_defaults(&mut self) {
        if let Some(cluster) = &mut self.cluster
            && cluster.port != 0
        {
            or_any_host(&mut cluster.host);
            tls_default(&mut cluster.tls);
            if cluster.authorization.timeout == 0.0 {
                cluster.authorization.timeout = auth_timeout(cluster.tls.as_ref());
            }
            or_default(&mut cluster.pool_size, DEFAULT_POOL_SIZE);
            if cluster.name.is_none() {
                cluster.name = self.gateway.as_ref().and_then(|g| g.name.clone());
            }
            // The system account gets a route of its own.
            let system = self.system_account.as_deref().unwrap_or(SYSTEM_ACCOUNT);
            let routed = cluster.accounts.iter().any(|name| name == system);
            if cluster.pool_size > 0 && !self.no_system_account && !routed {
                cluster.accounts.push(system.to_owned());
            }
            if cluster.compression.mode.is_empty() {
                cluster.compression.mode = "accept".to_owned();
            }
        }
        if let Some(gateway) = &mut self.gateway
            && gateway.port != 0
        {
            or_any_host(&mut gateway.host);
            tls_default(&mut gateway.tls);
            if gateway.authorization.timeout == 0.0 {
                gateway.authorization.timeout = auth_timeout(gateway.tls.as_ref());
            }
        }
    }

    fn leafnode_defaults(&mut self) {
        let Some(leaf) = &mut self.leafnodes else {
            return;
        };
        if leaf.port != 0 {
            or_any_host(&mut leaf.host);
            tls_default(&mut leaf.tls);
            if leaf.authorization.timeout == 0.0 {
                leaf.authorization.timeout = auth_timeout(leaf.tls.as_ref());
            }
        }
        if leaf.compression.mode.is_empty() {
            leaf.compression.mode = "s2_auto".to_owned();
        }
        or_default(&mut leaf.reconnect_interval, DEFAULT_LEAFNODE_TIME);
        for remote in &mut leaf.remotes {
            tls_default(&mut remote.tls);
            if remote.compression.mode.is_empty() {
                remote.compression.mode = "s2_auto".to_owned();
            }
            or_default(&mut remote.first_info_timeout, DEFAULT_LEAFNODE_TIME);
        }
    }

    fn listener_defaults(&mut self) {
        if let Some(websocket) = &mut self.websocket
            && websocket.port != 0
        {
            or_any_host(&mut websocket.host);
        }
        if let Some(mqtt) = &mut self.mqtt
            && mqtt.port != 0
        {
            or_any_host(&mut mqtt.host);
            tls_default(&mut mqtt.tls);
        }
        let js = &mut self.jetstream;
        or_default(&mut js.request_queue_limit, DEFAULT_REQUEST_QUEUE_LIMIT);
        or_default(&mut js.info_queue_limit, js.request_queue_limit);
        or_default(&mut js.max_concurrent_io, DEFAULT_CONCURRENT_IO);
        if self.jetstream.tpm.keys_file.is_some() {
            or_default(&mut self.jetstream.tpm.pcr, DEFAULT_TPM_PCR);
        }
    }
}
