//! A made-up broker for tests, filled from captured answers.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::accounts::{AccountDetail, AccountRecord};
use super::closed::ClosedRecord;
use super::endpoint::RequestCounters;
use super::healthz::{Health, HealthProblem, HealthzOptions};
use super::jsz::{JetStreamQuery, JetStreamRecord};
use super::records::{ConnKind, ConnQuery, ConnRecord, ConnSnapshot, ConnTls, PeerCert, SubRecord};
use super::source::{Identity, Source};
use super::subsz::{InterestStats, SubsQuery, SubsSnapshot};
use super::varz::Varz;

/// A broker of fixed content.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) identity: Identity,
    pub(crate) varz: Option<Varz>,
    pub(crate) accounts: Vec<String>,
    pub(crate) system_account: Option<String>,
    pub(crate) records: Vec<AccountRecord>,
    pub(crate) details: Vec<AccountDetail>,
    pub(crate) open: Vec<ConnRecord>,
    pub(crate) closed: Vec<Arc<ClosedRecord>>,
    pub(crate) stats: InterestStats,
    pub(crate) subs: Vec<SubRecord>,
    pub(crate) health: Health,
    pub(crate) problems: Vec<HealthProblem>,
    pub(crate) jetstream: Option<JetStreamRecord>,
    pub(crate) jetstream_queries: Mutex<Vec<JetStreamQuery>>,
    pub(crate) queues: Vec<(String, u64)>,
    pub(crate) requests: RequestCounters,
    pub(crate) queries: Mutex<Vec<ConnQuery>>,
}

impl Source for Fake {
    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    fn varz(&self) -> Varz {
        let zero = || Varz::new(UNIX_EPOCH, UNIX_EPOCH);
        self.varz.clone().unwrap_or_else(zero)
    }

    fn has_account(&self, name: &str) -> bool {
        self.accounts.iter().any(|account| account == name)
    }

    fn account_names(&self) -> Vec<String> {
        self.accounts.clone()
    }

    fn system_account(&self) -> Option<String> {
        self.system_account.clone()
    }

    fn accounts(&self, names: Option<&[String]>) -> Vec<AccountRecord> {
        let mut records = self.records.clone();
        if let Some(names) = names {
            records.retain(|record| names.contains(&record.name));
        }
        records
    }

    fn account(&self, name: &str) -> Option<AccountDetail> {
        let named = |detail: &&AccountDetail| detail.record.name == name;
        self.details.iter().find(named).cloned()
    }

    fn connections(&self, query: &ConnQuery) -> ConnSnapshot {
        self.queries.lock().unwrap().push(query.clone());
        let mut connections = self.open.clone();
        if let Some(account) = &query.account {
            connections.retain(|c| c.account == *account);
        }
        let total = connections.len();
        connections.retain(|c| query.keeps(c));
        query.trim(&mut connections, SystemTime::now());
        ConnSnapshot { total, connections }
    }

    fn closed(&self) -> Vec<Arc<ClosedRecord>> {
        self.closed.clone()
    }

    fn subscriptions(&self, query: &SubsQuery) -> SubsSnapshot {
        if let Some(account) = &query.account
            && !self.has_account(account)
        {
            return SubsSnapshot::default();
        }
        let mut snapshot = SubsSnapshot {
            stats: self.stats,
            ..SubsSnapshot::default()
        };
        if query.details {
            snapshot.subscriptions = self.subs.clone();
            snapshot.subscriptions.retain(|s| query.keeps(&s.subject));
            snapshot.total = snapshot.subscriptions.len();
            query.trim(&mut snapshot.subscriptions);
        }
        snapshot
    }

    fn health(&self) -> Health {
        self.health.clone()
    }

    fn jetstream_problems(&self, _: &HealthzOptions) -> Vec<HealthProblem> {
        self.problems.clone()
    }

    fn jetstream_accounts(&self) -> Vec<String> {
        match &self.jetstream {
            Some(_) => self.accounts.clone(),
            None => Vec::new(),
        }
    }

    fn jetstream(&self, query: &JetStreamQuery) -> Option<JetStreamRecord> {
        self.jetstream_queries.lock().unwrap().push(query.clone());
        self.jetstream.clone()
    }

    fn queues(&self) -> Vec<(String, u64)> {
        self.queues.clone()
    }

    fn requests(&self) -> &RequestCounters {
        &self.requests
    }

    fn memory(&self) -> u64 {
        4_096
    }
}

/// Reads a captured answer: its text without the newline at the end, and its
/// value.
pub(crate) fn sample(text: &str) -> (&str, Value) {
    let text = text.trim_end();
    (text, serde_json::from_str(text).unwrap())
}

/// Reads a captured time.
pub(crate) fn time(value: &Value) -> SystemTime {
    let stamp: jiff::Timestamp = value.as_str().unwrap().parse().unwrap();
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(stamp.as_nanosecond()).unwrap())
}

/// Reads a captured round trip time of one unit.
fn rtt(text: &str) -> Duration {
    let units = [("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
    let (number, nanos) = units
        .iter()
        .find_map(|(unit, nanos)| text.strip_suffix(unit).map(|number| (number, nanos)))
        .unwrap();
    let number: f64 = number.parse().unwrap();
    Duration::from_nanos((number * nanos).round() as u64)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_default()
}

/// Reads a captured subscription.
pub(crate) fn sub(value: &Value) -> SubRecord {
    SubRecord {
        account: text(value, "account"),
        account_tag: text(value, "account_tag"),
        subject: text(value, "subject"),
        queue: text(value, "qgroup"),
        sid: text(value, "sid"),
        msgs: number(value, "msgs"),
        max: number(value, "max"),
        cid: number(value, "cid"),
    }
}

/// Reads a captured connection.
pub(crate) fn conn(value: &Value) -> ConnRecord {
    let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    ConnRecord {
        cid: number(value, "cid"),
        kind: match value["type"].as_str() {
            Some("websocket") => ConnKind::WebSocket,
            Some("mqtt") => ConnKind::Mqtt,
            Some(_) => ConnKind::Nats,
            None => ConnKind::Leafnode,
        },
        ip: text(value, "ip"),
        port: u16::try_from(number(value, "port")).unwrap(),
        start: time(&value["start"]),
        last_activity: time(&value["last_activity"]),
        rtt: Some(rtt(value["rtt"].as_str().unwrap())).filter(|rtt| !rtt.is_zero()),
        pending_bytes: number(value, "pending_bytes"),
        in_msgs: number(value, "in_msgs"),
        out_msgs: number(value, "out_msgs"),
        in_bytes: number(value, "in_bytes"),
        out_bytes: number(value, "out_bytes"),
        stalls: number(value, "stalls"),
        subscriptions: number(value, "subscriptions"),
        name: text(value, "name"),
        lang: text(value, "lang"),
        version: text(value, "version"),
        tls: value["tls_version"].as_str().map(|version| ConnTls {
            version: version.to_owned(),
            cipher_suite: text(value, "tls_cipher_suite"),
            first: value["tls_first"] == true,
            peer_certs: list("tls_peer_certs")
                .iter()
                .map(|cert| PeerCert {
                    subject: text(cert, "subject"),
                    spki_sha256: text(cert, "spki_sha256"),
                    cert_sha256: text(cert, "cert_sha256"),
                })
                .collect(),
        }),
        authorized_user: text(value, "authorized_user"),
        account: value["account"].as_str().unwrap_or("$G").to_owned(),
        account_tag: text(value, "name_tag"),
        jwt: text(value, "jwt"),
        issuer_key: text(value, "issuer_key"),
        tags: list("tags")
            .iter()
            .map(|tag| tag.as_str().unwrap().to_owned())
            .collect(),
        mqtt_client: text(value, "mqtt_client"),
        proxy_key: None,
        subs: list("subscriptions_list_detail").iter().map(sub).collect(),
    }
}

/// A broker with the connections of a captured answer.
pub(crate) fn with_connections(sample: &Value) -> Fake {
    let mut fake = Fake {
        identity: Identity {
            server_id: text(sample, "server_id"),
            server_name: "one".into(),
        },
        accounts: ["$G", "A", "B", "SYS"].map(String::from).to_vec(),
        ..Fake::default()
    };
    for value in sample["connections"].as_array().unwrap() {
        let connection = conn(value);
        match value["reason"].as_str() {
            Some(reason) => fake.closed.push(Arc::new(ClosedRecord {
                connection,
                stop: time(&value["stop"]),
                reason: reason.to_owned(),
            })),
            None => fake.open.push(connection),
        }
    }
    fake
}
