//! Connections and subscriptions as the broker reports them: plain data that
//! shards can hand over.

use std::time::{Duration, SystemTime};

use super::order::SortKey;

/// What kind of connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnKind {
    /// A client over plain NATS (`type` `nats`).
    Nats,
    /// A client over WebSocket.
    WebSocket,
    /// A client over MQTT, with or without WebSocket.
    Mqtt,
    /// A leaf node.
    Leafnode,
}

impl ConnKind {
    /// The member `kind`.
    pub fn kind(self) -> &'static str {
        match self {
            ConnKind::Nats | ConnKind::WebSocket | ConnKind::Mqtt => "Client",
            ConnKind::Leafnode => "Leafnode",
        }
    }

    /// The member `type`; empty for what is no client.
    pub fn client_type(self) -> &'static str {
        match self {
            ConnKind::Nats => "nats",
            ConnKind::WebSocket => "websocket",
            ConnKind::Mqtt => "mqtt",
            ConnKind::Leafnode => "",
        }
    }

    fn is_client(self) -> bool {
        self.kind() == "Client"
    }
}

/// A connection at one moment.
#[derive(Clone, Debug)]
pub struct ConnRecord {
    /// Connection id.
    pub cid: u64,
    /// What kind of connection it is.
    pub kind: ConnKind,
    /// Remote address, without port; the client's own if a proxy told it.
    pub ip: String,
    /// Remote port.
    pub port: u16,
    /// When it was accepted.
    pub start: SystemTime,
    /// Last message or subscription change; pings do not count.
    pub last_activity: SystemTime,
    /// Round trip time; `None` before the first measurement.
    pub rtt: Option<Duration>,
    /// Bytes waiting to be written.
    pub pending_bytes: u64,
    /// Messages from it.
    pub in_msgs: u64,
    /// Messages to it.
    pub out_msgs: u64,
    /// Bytes from it, headers and payload.
    pub in_bytes: u64,
    /// Bytes to it, headers and payload.
    pub out_bytes: u64,
    /// Times a producer had to wait because this connection was behind.
    pub stalls: u64,
    /// How many subscriptions it has.
    pub subscriptions: u64,
    /// `name` of CONNECT; a leaf's is the remote server's name.
    pub name: String,
    /// `lang` of CONNECT.
    pub lang: String,
    /// `version` of CONNECT.
    pub version: String,
    /// TLS, if it has it.
    pub tls: Option<ConnTls>,
    /// Nkey, else user name, else the public key of the user's JWT, else
    /// `[REDACTED]` for a token; empty without authentication.
    pub authorized_user: String,
    /// Name of its account.
    pub account: String,
    /// Name tag of its account; the account's name if it has none.
    pub account_tag: String,
    /// User JWT; empty without one and for bearer tokens.
    pub jwt: String,
    /// Signing key or account that issued the JWT.
    pub issuer_key: String,
    /// Tags of the user.
    pub tags: Vec<String>,
    /// MQTT client id; empty for others.
    pub mqtt_client: String,
    /// Public key of the trusted proxy it came through.
    pub proxy_key: Option<String>,
    /// Its subscriptions, if [`ConnQuery::subscriptions`] asked for them.
    pub subs: Vec<SubRecord>,
}

/// TLS of a connection.
#[derive(Clone, Debug, Default)]
pub struct ConnTls {
    /// `1.0` to `1.3`.
    pub version: String,
    /// IANA name of the cipher suite.
    pub cipher_suite: String,
    /// The handshake came before INFO.
    pub first: bool,
    /// The peer's certificates, as sent.
    pub peer_certs: Vec<PeerCert>,
}

/// A peer's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct PeerCert {
    /// Its subject, `CN=cli,OU=Mon,O=NATS`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// SHA-256 of its public key, hexadecimal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub spki_sha256: String,
    /// SHA-256 of the certificate, hexadecimal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cert_sha256: String,
}

/// A subscription at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubRecord {
    /// Name of its account.
    pub account: String,
    /// Name tag of its account; the account's name if it has none.
    pub account_tag: String,
    /// Subject, with wildcards.
    pub subject: String,
    /// Queue group; empty for none.
    pub queue: String,
    /// Subscription id; of a leaf node its subject (and queue).
    pub sid: String,
    /// Messages delivered.
    pub msgs: u64,
    /// After how many messages it ends; 0 is never.
    pub max: u64,
    /// The connection it belongs to.
    pub cid: u64,
}

/// Which connections are wanted, and what of them.
///
/// Every shard picks with [`ConnQuery::keeps`], counts what it had before
/// that, and may cut its list with [`ConnQuery::trim`], so that a page of a
/// million connections does not copy all of them.
#[derive(Clone, Debug, Default)]
pub struct ConnQuery {
    /// Only connections of this account; `None` is all. The source has to
    /// apply it, because the total counts what is left.
    pub account: Option<String>,
    /// Only this user; empty is all.
    pub user: String,
    /// Only this MQTT client id; empty is all.
    pub mqtt_client: String,
    /// Only this connection; 0 is all.
    pub cid: u64,
    /// Only connections with a subscription that overlaps this subject; empty
    /// is all.
    pub filter_subject: String,
    /// JWT, tags and certificates are wanted; the user and the account are
    /// needed in any case.
    pub auth: bool,
    /// The subscriptions are wanted.
    pub subscriptions: bool,
    /// Order of the list.
    pub sort: SortKey,
    /// Most connections of the list, in that order, that can be on the page.
    pub take: usize,
}

impl ConnQuery {
    /// Whether a connection of the right account is wanted.
    pub fn keeps(&self, connection: &ConnRecord) -> bool {
        self.keeps_closed(connection)
            && (self.filter_subject.is_empty()
                || connection.subs.iter().any(|sub| {
                    midge_subject::overlaps(sub.subject.as_bytes(), self.filter_subject.as_bytes())
                }))
    }

    /// Whether a closed connection of the right account is wanted.
    pub fn keeps_closed(&self, connection: &ConnRecord) -> bool {
        (self.cid == 0 || (self.cid == connection.cid && connection.kind.is_client()))
            && (self.user.is_empty() || self.user == connection.authorized_user)
            && (self.mqtt_client.is_empty() || self.mqtt_client == connection.mqtt_client)
    }

    /// Cuts a list of open connections to what can be on the page.
    pub fn trim(&self, connections: &mut Vec<ConnRecord>, now: SystemTime) {
        if connections.len() > self.take {
            connections.sort_by(|a, b| self.sort.compare((a, None), (b, None), now));
            connections.truncate(self.take);
        }
    }
}

/// The connections a query found.
#[derive(Clone, Debug, Default)]
pub struct ConnSnapshot {
    /// Open connections, of the account if one was asked for, before the other
    /// filters.
    pub total: usize,
    /// Those that pass the filters, in any order; at least the first `take`.
    pub connections: Vec<ConnRecord>,
}
