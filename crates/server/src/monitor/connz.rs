//! `/connz`: connections (monitoring-events.md 3.2).

use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize};

use super::closed::ClosedRecord;
use super::json::{Local, Rtt, Uptime, Utc, is_false, is_zero};
use super::order::{SortKey, between};
use super::params::{self, ParamError};
use super::query::Query;
use super::records::{ConnQuery, ConnRecord, PeerCert};
use super::source::Source;
use super::subsz::Sub;

/// Entries of a page unless another number is asked for.
pub const LIMIT_DEFAULT: usize = 1_024;

/// Which connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnState {
    /// Open ones (0).
    #[default]
    Open,
    /// Closed ones (1).
    Closed,
    /// Both (2).
    All,
    /// A number that stands for none.
    Nothing,
}

impl<'de> Deserialize<'de> for ConnState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match i64::deserialize(deserializer)? {
            0 => ConnState::Open,
            1 => ConnState::Closed,
            2 => ConnState::All,
            _ => ConnState::Nothing,
        })
    }
}

/// What is asked for, by query parameters or as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConnzOptions {
    /// Order; empty is by connection id.
    pub sort: String,
    /// Include user, account, JWT, tags, certificates.
    pub auth: bool,
    /// List the subjects subscribed to.
    pub subscriptions: bool,
    /// List the subscriptions; wins over the subjects.
    pub subscriptions_detail: bool,
    /// Entries to skip; negative is 0.
    pub offset: i64,
    /// Entries of the page; 0 and less is [`LIMIT_DEFAULT`].
    pub limit: i64,
    /// Only this client; 0 is all.
    pub cid: u64,
    /// Only this MQTT client id; empty is all.
    pub mqtt_client: String,
    /// Which connections.
    pub state: ConnState,
    /// Only this user; empty is all.
    pub user: String,
    /// Only this account; empty is all.
    pub acc: String,
    /// Only open connections with a subscription that overlaps this subject;
    /// empty and `>` are all. Not a query parameter.
    pub filter_subject: String,
}

impl ConnzOptions {
    /// Reads the query parameters, in the order in which their errors count.
    pub(crate) fn from_query(query: &Query) -> Result<Self, ParamError> {
        let sort = params::text(query, "sort");
        let auth = params::boolean(query, "auth")?;
        let subs = params::subs(query)?;
        Ok(Self {
            sort,
            auth,
            subscriptions: subs.subjects,
            subscriptions_detail: subs.details,
            offset: params::int(query, "offset")?,
            limit: params::int(query, "limit")?,
            cid: params::uint64(query, "cid")?,
            state: params::state(query)?,
            user: params::text(query, "user"),
            acc: params::text(query, "acc"),
            mqtt_client: params::text(query, "mqtt_client"),
            filter_subject: String::new(),
        })
    }
}

/// Options that make no sense; the text is the body of the 400 answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnzError {
    /// `sort` is unknown.
    #[error("invalid sorting option: {0}")]
    Sort(String),
    /// `stop` is only known of closed connections.
    #[error("sort by stop only valid on closed connections")]
    SortByStop,
    /// `reason` is only known of closed connections.
    #[error("sort by reason only valid on closed connections")]
    SortByReason,
    /// `filter_subject` needs `acc`.
    #[error("filter by subject only valid with account filtering")]
    FilterWithoutAccount,
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct Connz {
    /// The server's id; empty when `acc` is not known.
    pub server_id: String,
    /// When it was put together.
    pub now: Utc,
    /// Entries on this page.
    pub num_connections: usize,
    /// Connections before all filters but that of the account.
    pub total: usize,
    /// As applied.
    pub offset: usize,
    /// As applied.
    pub limit: usize,
    /// The page; `null` when `acc` is not known.
    pub connections: Option<Vec<Conn>>,
}

/// One connection.
#[derive(Clone, Debug, Serialize)]
pub struct Conn {
    cid: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    kind: &'static str,
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    client_type: &'static str,
    ip: String,
    port: u16,
    start: Local,
    last_activity: Utc,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<Local>,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    rtt: Rtt,
    uptime: Uptime,
    idle: Uptime,
    pending_bytes: u64,
    in_msgs: u64,
    out_msgs: u64,
    in_bytes: u64,
    out_bytes: u64,
    #[serde(skip_serializing_if = "is_zero")]
    stalls: u64,
    subscriptions: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    lang: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    tls_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    tls_cipher_suite: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tls_peer_certs: Vec<PeerCert>,
    #[serde(skip_serializing_if = "is_false")]
    tls_first: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    authorized_user: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    account: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subscriptions_list: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subscriptions_list_detail: Vec<Sub>,
    #[serde(skip_serializing_if = "String::is_empty")]
    jwt: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    issuer_key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name_tag: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    mqtt_client: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<Proxy>,
}

/// The proxy a connection came through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proxy {
    /// Its public key.
    pub key: String,
}

/// Account of connections that name none; never shown.
const GLOBAL_ACCOUNT: &str = "$G";

/// A connection on its way into the answer.
enum Entry {
    Open(Box<ConnRecord>),
    Closed(Arc<ClosedRecord>),
}

impl Entry {
    fn parts(&self) -> (&ConnRecord, Option<&ClosedRecord>) {
        match self {
            Entry::Open(record) => (record, None),
            Entry::Closed(closed) => (&closed.connection, Some(closed)),
        }
    }
}

/// Puts the answer together.
///
/// # Errors
/// The options make no sense.
pub fn build(
    options: &ConnzOptions,
    source: &dyn Source,
    now: SystemTime,
) -> Result<Connz, ConnzError> {
    let sort =
        SortKey::parse(&options.sort).ok_or_else(|| ConnzError::Sort(options.sort.clone()))?;
    match sort {
        SortKey::Stop if options.state != ConnState::Closed => return Err(ConnzError::SortByStop),
        SortKey::Reason if options.state != ConnState::Closed => {
            return Err(ConnzError::SortByReason);
        }
        _ => {}
    }
    if !options.filter_subject.is_empty() && options.acc.is_empty() {
        return Err(ConnzError::FilterWithoutAccount);
    }
    let offset = usize::try_from(options.offset).unwrap_or(0);
    let limit = match usize::try_from(options.limit) {
        _ if options.cid > 0 => 1,
        Ok(limit) if limit > 0 => limit,
        _ => LIMIT_DEFAULT,
    };
    let mut answer = Connz {
        server_id: source.identity().server_id,
        now: Utc(now),
        num_connections: 0,
        total: 0,
        offset,
        limit,
        connections: None,
    };
    if !options.acc.is_empty() && !source.has_account(&options.acc) {
        answer.server_id.clear();
        return Ok(answer);
    }
    let query = ConnQuery {
        account: Some(options.acc.clone()).filter(|name| !name.is_empty()),
        user: options.user.clone(),
        mqtt_client: options.mqtt_client.clone(),
        cid: options.cid,
        filter_subject: Some(options.filter_subject.clone())
            .filter(|subject| subject != ">")
            .unwrap_or_default(),
        auth: options.auth,
        subscriptions: options.subscriptions
            || options.subscriptions_detail
            || !options.filter_subject.is_empty(),
        sort,
        take: offset.saturating_add(limit),
    };
    let mut entries = Vec::new();
    if matches!(options.state, ConnState::Open | ConnState::All) {
        let snapshot = source.connections(&query);
        answer.total += snapshot.total;
        let open = snapshot.connections.into_iter();
        entries.extend(
            open.filter(|c| query.keeps(c))
                .map(|c| Entry::Open(Box::new(c))),
        );
    }
    if matches!(options.state, ConnState::Closed | ConnState::All) {
        let mut closed = source.closed();
        if let Some(account) = &query.account {
            closed.retain(|record| record.connection.account == *account);
        }
        answer.total += closed.len();
        closed.retain(|record| query.keeps_closed(&record.connection));
        entries.extend(closed.into_iter().map(Entry::Closed));
    }
    entries.sort_by(|a, b| sort.compare(a.parts(), b.parts(), now));
    let page: Vec<Conn> = entries
        .into_iter()
        .skip(offset)
        .take(limit)
        .map(|entry| conn(entry, options, now))
        .collect();
    answer.num_connections = page.len();
    answer.connections = Some(page);
    Ok(answer)
}

fn conn(entry: Entry, options: &ConnzOptions, now: SystemTime) -> Conn {
    let (record, end) = match entry {
        Entry::Open(record) => (*record, None),
        Entry::Closed(closed) => (
            closed.connection.clone(),
            Some((closed.stop, closed.reason.clone())),
        ),
    };
    let is_closed = end.is_some();
    let (stop, reason) = match end {
        Some((stop, reason)) => (Some(stop), reason),
        None => (None, String::new()),
    };
    let until = stop.unwrap_or(now);
    let mut conn = Conn {
        cid: record.cid,
        kind: record.kind.kind(),
        client_type: record.kind.client_type(),
        ip: record.ip,
        port: record.port,
        start: Local(record.start),
        last_activity: Utc(record.last_activity),
        stop: stop.map(Local),
        reason,
        rtt: Rtt(record.rtt.unwrap_or_default()),
        uptime: Uptime(between(record.start, until)),
        idle: Uptime(between(record.last_activity, until)),
        pending_bytes: record.pending_bytes,
        in_msgs: record.in_msgs,
        out_msgs: record.out_msgs,
        in_bytes: record.in_bytes,
        out_bytes: record.out_bytes,
        stalls: record.stalls,
        subscriptions: record.subscriptions,
        name: record.name,
        lang: record.lang,
        version: record.version,
        tls_version: String::new(),
        tls_cipher_suite: String::new(),
        tls_peer_certs: Vec::new(),
        tls_first: false,
        authorized_user: String::new(),
        account: String::new(),
        subscriptions_list: Vec::new(),
        subscriptions_list_detail: Vec::new(),
        jwt: String::new(),
        issuer_key: String::new(),
        name_tag: String::new(),
        tags: Vec::new(),
        mqtt_client: record.mqtt_client,
        proxy: record.proxy_key.map(|key| Proxy { key }),
    };
    if let Some(tls) = record.tls {
        conn.tls_version = tls.version;
        conn.tls_cipher_suite = tls.cipher_suite;
        conn.tls_first = tls.first;
        if options.auth {
            conn.tls_peer_certs = tls.peer_certs;
        }
    }
    if options.auth {
        conn.authorized_user = record.authorized_user;
        if record.account != GLOBAL_ACCOUNT {
            conn.account = record.account;
        }
        conn.jwt = record.jwt;
        conn.issuer_key = record.issuer_key;
        conn.name_tag = record.account_tag;
        conn.tags = record.tags;
    }
    if options.subscriptions_detail {
        let subs = record.subs.into_iter();
        conn.subscriptions_list_detail = subs.map(|sub| Sub::new(sub, is_closed)).collect();
    } else if options.subscriptions {
        conn.subscriptions_list = record.subs.into_iter().map(|sub| sub.subject).collect();
    }
    conn
}

#[cfg(test)]
#[path = "connz_tests.rs"]
mod tests;
