//! Accounts, what they share, and subject mappings (configuration.md 3.5 to 3.7, 5.4).

use std::time::Duration;

/// One entry of `accounts`. Its users are in
/// [`Authorization::users`](super::Authorization::users) with its name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Account {
    /// Name.
    pub name: String,
    /// Public account key.
    pub nkey: Option<String>,
    /// Exports in file order.
    pub exports: Vec<Export>,
    /// Imports in file order.
    pub imports: Vec<Import>,
    /// Subject mappings.
    pub mappings: Vec<Mapping>,
    /// JetStream; `None` is off.
    pub jetstream: Option<AccountJetStream>,
    /// Limits.
    pub limits: AccountLimits,
    /// Message trace destination.
    pub msg_trace: Option<MessageTrace>,
}

/// `limits` of an account; -1 is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountLimits {
    /// Client connections.
    pub max_connections: i64,
    /// Subscriptions.
    pub max_subscriptions: i64,
    /// Payload, bytes.
    pub max_payload: i64,
    /// Leaf node connections.
    pub max_leafnodes: i64,
}

impl Default for AccountLimits {
    fn default() -> Self {
        AccountLimits {
            max_connections: -1,
            max_subscriptions: -1,
            max_payload: -1,
            max_leafnodes: -1,
        }
    }
}

/// `msg_trace`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTrace {
    /// Literal subject.
    pub destination: String,
    /// 1 to 100 per cent.
    pub sampling: u8,
}

/// JetStream limits of an account; -1 is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountJetStream {
    /// Memory storage, bytes.
    pub max_memory: i64,
    /// File storage, bytes.
    pub max_store: i64,
    /// Streams.
    pub max_streams: i64,
    /// Consumers.
    pub max_consumers: i64,
    /// Outstanding acks of a consumer.
    pub max_ack_pending: i64,
    /// Size of one memory stream, bytes.
    pub memory_max_stream_bytes: i64,
    /// Size of one file stream, bytes.
    pub store_max_stream_bytes: i64,
    /// Streams must have a size limit.
    pub max_bytes_required: bool,
    /// Who carries replication traffic.
    pub cluster_traffic: ClusterTraffic,
}

impl Default for AccountJetStream {
    fn default() -> Self {
        AccountJetStream {
            max_memory: -1,
            max_store: -1,
            max_streams: -1,
            max_consumers: -1,
            max_ack_pending: -1,
            memory_max_stream_bytes: -1,
            store_max_stream_bytes: -1,
            max_bytes_required: false,
            cluster_traffic: ClusterTraffic::System,
        }
    }
}

/// `cluster_traffic` of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClusterTraffic {
    /// The system account.
    #[default]
    System,
    /// The account itself.
    Owner,
}

/// One subject mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Source subject, may have wildcards.
    pub source: String,
    /// Destinations in file order.
    pub destinations: Vec<MappingDestination>,
}

/// Where a share of the messages goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingDestination {
    /// Destination, may have transform functions. Never empty.
    pub subject: String,
    /// 0 to 100 per cent.
    pub weight: u8,
    /// Only in this cluster; empty everywhere.
    pub cluster: String,
}

/// One entry of `exports`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// What is exported.
    pub kind: ShareKind,
    /// Subject, may have wildcards.
    pub subject: String,
    /// Accounts that may import; `None` is public.
    pub accounts: Option<Vec<String>>,
    /// 1-based token that must be the importer's name; 0 is off.
    pub account_token_position: u32,
    /// Shape of a service's answers.
    pub response: ResponseType,
    /// How long answers are waited for; `None` takes the default, 2 minutes.
    pub response_threshold: Option<Duration>,
    /// Latency metrics of a service.
    pub latency: Option<Latency>,
    /// Message traces cross a service import.
    pub allow_trace: bool,
}

/// A stream of messages or a service with answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareKind {
    /// Messages flow from exporter to importer.
    Stream,
    /// Requests flow from importer to exporter.
    Service,
}

/// How many messages answer one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResponseType {
    /// One.
    #[default]
    Singleton,
    /// Many, until an empty one.
    Stream,
    /// One in pieces.
    Chunked,
}

/// `latency` of a service export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latency {
    /// Where the metrics go.
    pub subject: String,
    /// 1 to 100 per cent; 0 samples by request header.
    pub sampling: u8,
}

/// One entry of `imports`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// What is imported.
    pub kind: ShareKind,
    /// Exporting account.
    pub account: String,
    /// Subject at the exporter.
    pub subject: String,
    /// Local subject.
    pub to: Option<String>,
    /// Prefix of the local subject (streams only).
    pub prefix: Option<String>,
    /// Tell the service who asks.
    pub share: bool,
    /// Message traces cross a stream import.
    pub allow_trace: bool,
}
