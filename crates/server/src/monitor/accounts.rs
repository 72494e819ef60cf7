//! Accounts as the broker reports them: plain data for `/accountz` and
//! `/accstatz`.

use std::time::SystemTime;

use serde::Serialize;

use super::json::is_false;
use super::subsz::InterestStats;

/// Messages and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Messages.
    pub msgs: u64,
    /// Bytes of headers and payloads.
    pub bytes: u64,
}

/// Traffic of an account since the server started, in one direction; closed
/// connections count too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// All of it.
    #[serde(flatten)]
    pub all: Amount,
    /// The part over gateways.
    pub gateways: Amount,
    /// The part over routes.
    pub routes: Amount,
    /// The part over leaf nodes.
    pub leafs: Amount,
}

/// Figures of an account on this server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountRecord {
    /// Its name.
    pub name: String,
    /// Its name tag; the name if it has none.
    pub name_tag: String,
    /// Open client connections, without leaf nodes.
    pub connections: u64,
    /// Open leaf node connections.
    pub leafnodes: u64,
    /// Subscriptions in its interest table, the server's own included.
    pub subscriptions: u64,
    /// From the server to its connections.
    pub sent: Traffic,
    /// From its connections to the server, delivered to anybody or not.
    pub received: Traffic,
    /// Slow consumers found among its connections since the server started.
    pub slow_consumers: u64,
}

impl AccountRecord {
    /// Open connections of any kind.
    pub fn total_connections(&self) -> u64 {
        self.connections + self.leafnodes
    }
}

/// All about an account.
#[derive(Clone, Debug)]
pub struct AccountDetail {
    /// Its figures.
    pub record: AccountRecord,
    /// When it was last changed.
    pub updated: SystemTime,
    /// It is the system account.
    pub is_system: bool,
    /// Its JWT has expired.
    pub expired: bool,
    /// All its imports could be resolved.
    pub complete: bool,
    /// It may use JetStream.
    pub jetstream: bool,
    /// Its subject mappings, as configured.
    pub mappings: Vec<MappingRecord>,
    /// What it exports.
    pub exports: Vec<ExportRecord>,
    /// What it imports, the server's own imports included.
    pub imports: Vec<ImportRecord>,
    /// Figures of its interest table.
    pub stats: InterestStats,
}

/// A subject mapping as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingRecord {
    /// Source subject, may have wildcards.
    pub source: String,
    /// Destinations in the order of the configuration.
    pub destinations: Vec<MappingDestination>,
}

/// A destination of a subject mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MappingDestination {
    /// A transform's destination.
    pub subject: String,
    /// Share of the messages, 0 to 100 per cent.
    pub weight: u32,
    /// Only for servers of the cluster with this name; empty for any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cluster: String,
}

/// What is shared between accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ShareKind {
    /// A stream of messages.
    Stream,
    /// A service that answers requests.
    Service,
}

/// How a service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ResponseType {
    /// One message.
    Singleton,
    /// Several messages.
    Streamed,
    /// One message in parts.
    Chunked,
}

/// Latency measurement of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceLatency {
    /// Which requests are measured.
    pub sampling: Sampling,
    /// Subject of the results.
    pub results: String,
}

/// Which requests are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Sampling {
    /// A share of them, 1 to 100 per cent.
    Percent(u8),
    /// Those whose headers ask for it.
    #[serde(serialize_with = "headers")]
    Headers,
}

fn headers<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("headers")
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportRecord {
    /// Its subject, may have wildcards.
    pub subject: String,
    /// What is exported.
    #[serde(rename = "type")]
    pub kind: ShareKind,
    /// Importing needs an activation.
    #[serde(rename = "token_req", skip_serializing_if = "is_false")]
    pub token_required: bool,
    /// How a service answers; `None` for streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_type: Option<ResponseType>,
    /// Latency measurement of a service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_latency: Option<ServiceLatency>,
    /// Only these accounts may import it; empty is all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approved_accounts: Vec<String>,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportRecord {
    /// The subject in the exporting account.
    pub subject: String,
    /// The exporting account.
    pub account: String,
    /// Old name of `local_subject`; services have both.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub to: String,
    /// The subject in the importing account.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub local_subject: String,
    /// What is imported.
    #[serde(rename = "type")]
    pub kind: ShareKind,
    /// There is no export for it.
    pub invalid: bool,
    /// The exporting account learns who asks.
    pub share: bool,
    /// Requests are measured because of their headers.
    pub tracking: bool,
    /// Latency measurement by the exporting account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<ServiceLatency>,
}
