//! One difference that a running server can take over.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::go_text::{duration_text, float_v, quoted_list};
use crate::options::{HandshakeFirst, LeafRemote};
use crate::url::Url;

/// What the server must do. `Display` is the log line, several lines separated
/// by newlines, or nothing where the reference logs nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// New INFOs carry it.
    ClientAdvertise(Option<String>),
    /// Protocol trace.
    Trace(bool),
    /// Debug lines.
    Debug(bool),
    /// Trace of the system account.
    TraceVerbose(bool),
    /// Trace of headers only.
    TraceHeaders(bool),
    /// Time in log lines.
    Logtime(bool),
    /// That time in UTC.
    LogtimeUtc(bool),
    /// Surplus clients are closed.
    MaxConnections(i64),
    /// Key users differ.
    NkeyUsers,
    /// Users are looked at; always there.
    Users,
    /// Accounts, imports, exports and mappings are rebuilt; always there.
    Accounts,
    /// Token of clients without credentials.
    DefaultSentinel(Option<String>),
    /// Single user's name.
    Username,
    /// Single user's password.
    Password,
    /// Single token.
    Token,
    /// Time between pings.
    PingInterval(Duration),
    /// Unanswered pings.
    PingMax(i64),
    /// Seconds to authenticate.
    AuthTimeout(f64),
    /// Protocol line, bytes.
    MaxControlLine(i64),
    /// Payload, bytes.
    MaxPayload(i64),
    /// Something in the cluster block besides its routes.
    Cluster {
        /// The new name, if that is among it.
        name: Option<String>,
    },
    /// Compression of accepted leaf nodes: mode and steps as logged.
    LeafCompression(String),
    /// Handshake order of accepted leaf nodes.
    LeafHandshakeFirst(HandshakeFirst),
    /// Certificates of accepted leaf nodes.
    LeafTls,
    /// A leaf node remote.
    LeafRemote {
        /// What identifies it.
        name: String,
        /// What happens.
        change: RemoteChange,
    },
    /// Producers may be held back.
    FastProducerStall(bool),
    /// JetStream starts or stops.
    JetStream(bool),
    /// More memory for streams, bytes.
    JetStreamMaxMemory(i64),
    /// More disk for streams, bytes.
    JetStreamMaxFile(i64),
    /// The `limits` map.
    JetStreamLimits,
    /// Compaction of the meta log.
    MetaCompact,
    /// The account resolver's settings.
    Resolver,
    /// TLS to the account resolver.
    ResolverTls,
    /// Certificates of the gateway block.
    GatewayTls,
    /// Certificates of configured gateways.
    GatewayRemoteTls,
    /// Certificates of the WebSocket listener.
    WebsocketTls,
    /// Certificates of the MQTT listener.
    MqttTls,
    /// MQTT settings; all are logged if one differs.
    Mqtt {
        /// Redelivery time; zero is the default.
        ack_wait: Duration,
        /// Outstanding messages; 0 is the default.
        max_ack_pending: u16,
        /// Replicas of streams.
        stream_replicas: i64,
        /// Consumers in memory.
        consumer_memory_storage: bool,
        /// Time until consumers go; zero keeps them.
        consumer_inactive_threshold: Duration,
    },
    /// Block profiling rate.
    ProfBlockRate(i64),
    /// The new file is written.
    PidFile(Option<PathBuf>),
    /// The ports file moves.
    PortsFileDir(Option<PathBuf>),
    /// The log moves.
    LogFile(Option<PathBuf>),
    /// Local syslog.
    Syslog(bool),
    /// Remote syslog.
    RemoteSyslog(Option<String>),
    /// Routes to dial and routes to close.
    Routes {
        /// New ones.
        added: Vec<Url>,
        /// Gone ones.
        removed: Vec<Url>,
    },
    /// Seconds for the handshake.
    TlsTimeout(f64),
    /// Client TLS is on or off, or its certificates are others.
    Tls(bool),
    /// Connections with other certificates are closed.
    PinnedCerts(Vec<String>),
    /// The handshake comes first.
    HandshakeFirst(HandshakeFirst),
    /// How long it is waited for.
    HandshakeFirstFallback(Duration),
    /// New connections' write deadline.
    WriteDeadline(Duration),
    /// Payload bytes in traces.
    MaxTracedMsgLen(i64),
    /// Log every n-th failed connect.
    ConnectErrorReports(i64),
    /// Log every n-th failed reconnect.
    ReconnectErrorReports(i64),
    /// Server tags.
    Tags,
    /// Server metadata.
    Metadata,
    /// Stapling.
    Ocsp,
    /// Cache of peer answers.
    OcspCache,
    /// Keys of trusted proxies.
    Proxies {
        /// Their clients are closed.
        removed: Vec<String>,
        /// New ones.
        added: Vec<String>,
    },
}

/// What happens to a leaf node remote.
#[derive(Debug, Clone, PartialEq)]
pub enum RemoteChange {
    /// Dial it.
    Added(Box<LeafRemote>),
    /// Close it.
    Removed,
    /// Certificates.
    Tls,
    /// Handshake order.
    HandshakeFirst(HandshakeFirst),
    /// Compression, mode and steps as logged.
    Compression(String),
    /// Close or dial it.
    Disabled(bool),
    /// TLS to its HTTP proxy.
    ProxyTls,
}

/// Sizes as the log shows them, units of 1024.
fn size(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["KB", "MB", "GB", "TB", "PB", "EB"];
    const STEP: f64 = 1024.0;
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / STEP;
    let mut unit = 0;
    while value >= STEP && unit + 1 < UNITS.len() {
        value /= STEP;
        unit += 1;
    }
    format!("{value:.2} {}", UNITS[unit])
}

fn path(path: &Option<PathBuf>) -> String {
    path.as_ref()
        .map(|path| path.display().to_string())
        .unwrap_or_default()
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = |key: &str, value: &dyn fmt::Display| write!(f, "Reloaded: {key} = {value}");
        match self {
            Change::Trace(yes) => set("trace", yes),
            Change::Debug(yes) => set("debug", yes),
            Change::TraceVerbose(yes) => set("trace_verbose", yes),
            Change::TraceHeaders(yes) => set("trace_headers", yes),
            Change::Logtime(yes) => set("logtime", yes),
            Change::LogtimeUtc(yes) => set("logtime_utc", yes),
            Change::MaxConnections(number) => set("max_connections", number),
            Change::PingInterval(span) => set("ping_interval", &duration_text(*span)),
            Change::PingMax(number) => set("ping_max", number),
            Change::AuthTimeout(seconds) => set("authorization timeout", &float_v(*seconds)),
            Change::MaxControlLine(number) => set("max_control_line", number),
            Change::MaxPayload(number) => set("max_payload", number),
            Change::DefaultSentinel(token) => {
                set("default_sentinel", &token.as_deref().unwrap_or_default())
            }
            Change::JetStreamMaxMemory(bytes) => set("JetStream max_mem_store", &size(*bytes)),
            Change::JetStreamMaxFile(bytes) => set("JetStream max_file_store", &size(*bytes)),
            Change::ProfBlockRate(number) => set("prof_block_rate", number),
            // A file that is no longer wanted stays, and nothing is said.
            Change::PidFile(None) => Ok(()),
            Change::PidFile(file) => set("pid_file", &path(file)),
            Change::PortsFileDir(folder) => set("ports_file_dir", &path(folder)),
            Change::LogFile(file) => set("log_file", &path(file)),
            Change::Syslog(yes) => set("syslog", yes),
            Change::RemoteSyslog(address) => {
                set("remote_syslog", &address.as_deref().unwrap_or_default())
            }
            Change::TlsTimeout(seconds) => set("tls timeout", &float_v(*seconds)),
            Change::Tls(yes) => set("tls", if *yes { &"enabled" } else { &"disabled" }),
            Change::WriteDeadline(span) => set("write_deadline", &duration_text(*span)),
            Change::MaxTracedMsgLen(number) => set("max_traced_msg_len", number),
            Change::ConnectErrorReports(number) => set("connect_error_reports", number),
            Change::ReconnectErrorReports(number) => set("reconnect_error_reports", number),
            other => other.sentence(f),
        }
    }
}

impl Change {
    /// Lines that are not `KEY = VALUE`.
    fn sentence(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = match self {
            Change::NkeyUsers => "Reloaded: authorization nkey users",
            Change::Users => "Reloaded: authorization users",
            Change::Accounts | Change::Resolver => "Reloaded: accounts",
            Change::Username => "Reloaded: authorization username",
            Change::Password => "Reloaded: authorization password",
            Change::Token => "Reloaded: authorization token",
            Change::Cluster { .. } => "Reloaded: cluster",
            Change::Routes { .. } => "Reloaded: cluster routes",
            Change::FastProducerStall(true) => "Reloaded: fast producers will be stalled",
            Change::FastProducerStall(false) => "Reloaded: fast producers will not be stalled",
            Change::JetStream(_) => "Reloaded: JetStream",
            Change::JetStreamLimits => "Reloaded: JetStream limits",
            Change::Tags => "Reloaded: tags",
            Change::Metadata => "Reloaded: metadata",
            Change::Ocsp => "Reloaded: OCSP",
            Change::OcspCache => "Reloaded OCSP peer cache",
            Change::ClientAdvertise(address) => {
                let address = address.as_deref().unwrap_or_default();
                return write!(f, "Reload: client_advertise = {address}");
            }
            Change::PinnedCerts(pins) => {
                return write!(f, "Reloaded: {} pinned_certs", pins.len());
            }
            Change::HandshakeFirst(first) => {
                let first = first.enabled();
                return write!(f, "Reloaded: Client TLS handshake first: {first}");
            }
            Change::HandshakeFirstFallback(delay) => {
                let delay = duration_text(*delay);
                return write!(
                    f,
                    "Reloaded: Client TLS handshake first fallback delay: {delay}"
                );
            }
            Change::LeafCompression(mode) => {
                return write!(f, "Reloaded: LeafNode Compression value is: {mode}");
            }
            Change::LeafHandshakeFirst(first) => {
                return write!(
                    f,
                    "Reloaded: LeafNode TLS HandshakeFirst value is: {}\nReloaded: LeafNode TLS HandshakeFirstFallback value is: {}",
                    first.enabled(),
                    duration_text(super::fallback(*first))
                );
            }
            Change::LeafRemote { name, change } => return change.line(name, f),
            Change::Mqtt { .. } => return self.mqtt(f),
            Change::Proxies { removed, added } => return proxies(f, removed, added),
            _ => "",
        };
        f.write_str(fixed)
    }

    fn mqtt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change::Mqtt {
            ack_wait,
            max_ack_pending,
            stream_replicas,
            consumer_memory_storage,
            consumer_inactive_threshold,
        } = self
        else {
            return Ok(());
        };
        writeln!(f, "Reloaded: MQTT ack_wait = {}", duration_text(*ack_wait))?;
        writeln!(f, "Reloaded: MQTT max_ack_pending = {max_ack_pending}")?;
        writeln!(f, "Reloaded: MQTT stream_replicas = {stream_replicas}")?;
        writeln!(f, "Reloaded: MQTT consumer_replicas = 0")?;
        writeln!(
            f,
            "Reloaded: MQTT consumer_memory_storage = {consumer_memory_storage}"
        )?;
        write!(
            f,
            "Reloaded: MQTT consumer_inactive_threshold = {}",
            duration_text(*consumer_inactive_threshold)
        )
    }
}

fn proxies(f: &mut fmt::Formatter<'_>, removed: &[String], added: &[String]) -> fmt::Result {
    let line = |what: &str, keys: &[String]| {
        format!(
            "Reloaded: proxies trusted keys {} were {what}",
            quoted_list(keys)
        )
    };
    let mut lines = Vec::new();
    if !removed.is_empty() {
        lines.push(line("removed", removed));
    }
    if !added.is_empty() {
        lines.push(line("added", added));
    }
    f.write_str(&lines.join("\n"))
}

impl RemoteChange {
    fn line(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = format!("Reloaded: LeafNode Remote {name}");
        match self {
            RemoteChange::Added(_) | RemoteChange::Tls | RemoteChange::ProxyTls => Ok(()),
            RemoteChange::Removed => write!(f, "{start} removed"),
            RemoteChange::HandshakeFirst(first) => {
                write!(
                    f,
                    "{start} TLS HandshakeFirst value is: {}",
                    first.enabled()
                )
            }
            RemoteChange::Compression(mode) => {
                write!(f, "{start} Compression value is: {mode}")
            }
            RemoteChange::Disabled(yes) => write!(f, "{start} Disabled value is: {yes}"),
        }
    }
}
