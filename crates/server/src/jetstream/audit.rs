//! Advisories of the server about the API: the audit of answered requests, and
//! dropped queues (jetstream-api.md 19.3, 19.4).

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use midge_jetstream::text::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::command::ApiCall;
use super::worker::now;
use crate::server::Shared;
use crate::shard::{Control, Mail};

/// Where audits go.
pub(super) const AUDIT_SUBJECT: &[u8] = b"$JS.EVENT.ADVISORY.API";
/// Where dropped queues are told.
pub(super) const LIMIT_SUBJECT: &[u8] = b"$JS.EVENT.ADVISORY.API.LIMIT_REACHED";

const AUDIT_TYPE: &str = "io.nats.jetstream.advisory.v1.api_audit";
const LIMIT_TYPE: &str = "io.nats.jetstream.advisory.v1.api_limit_reached";

/// Characters of an event's id.
const ID_LEN: usize = 22;

/// Wait for a shard to describe a client.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is told of the client that made a request (jetstream-api.md 19.2).
#[derive(Debug, Default, Serialize)]
pub(crate) struct ClientInfo {
    pub(crate) start: String,
    pub(crate) host: String,
    pub(crate) id: u64,
    pub(crate) acc: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) user: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) lang: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) ver: String,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) rtt: u64,
    pub(crate) server: String,
    pub(crate) kind: &'static str,
    pub(crate) client_type: &'static str,
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[derive(Serialize)]
struct Audit<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    timestamp: Timestamp,
    server: &'a str,
    client: &'a RawValue,
    subject: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    request: &'a str,
    response: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
struct LimitReached<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    timestamp: Timestamp,
    server: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
    dropped: usize,
}

fn event_id() -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(ID_LEN)
        .collect()
}

/// Asks the shards to describe the client of a request, first the one it came
/// from: the client may have moved.
pub(super) fn client_json(shared: &Shared, shard: u16, cid: u64) -> Option<Box<RawValue>> {
    let others = (0..shared.all_shards().len() as u16).filter(|&other| other != shard);
    let info = std::iter::once(shard).chain(others).find_map(|shard| {
        let (answer, info) = sync_channel(1);
        let control = Box::new(Control::ClientInfo(cid, answer));
        shared.shard(shard)?.mailbox.send(Mail::Control(control));
        info.recv_timeout(PATIENCE).ok()?
    })?;
    serde_json::value::to_raw_value(&info).ok()
}

/// The audit of an answered request; `None` if nobody asked for it.
pub(super) fn audit(
    call: &ApiCall,
    response: &[u8],
    server: &str,
    domain: &str,
) -> Option<Vec<u8>> {
    let audit = Audit {
        kind: AUDIT_TYPE,
        id: event_id(),
        timestamp: now().into(),
        server,
        client: call.client.as_deref()?,
        subject: &String::from_utf8_lossy(&call.subject),
        request: &String::from_utf8_lossy(&call.body),
        response: &String::from_utf8_lossy(response),
        domain,
    };
    serde_json::to_vec(&audit).ok()
}

/// What is told when a queue was dropped.
pub(super) fn limit_reached(server: &str, domain: &str, dropped: usize) -> Option<Vec<u8>> {
    let event = LimitReached {
        kind: LIMIT_TYPE,
        id: event_id(),
        timestamp: now().into(),
        server,
        domain,
        dropped,
    };
    serde_json::to_vec(&event).ok()
}
