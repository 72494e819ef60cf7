//! What monitoring is told of a shard's connections and subscriptions.

use std::time::{Duration, Instant, SystemTime};

use midge_store::Nanos;
use midge_wire::close::CloseReason;

use super::Shard;
use super::connection::{Connection, Phase};
use super::subscriptions::Subscription;
use crate::jetstream::audit::ClientInfo;
use crate::monitor::closed::{CLOSED_SUBS_MAX, ClosedRecord};
use crate::monitor::records::PeerCert;
use crate::monitor::subsz::{InterestStats, SubsQuery, SubsSnapshot};
use crate::monitor::{ConnKind, ConnQuery, ConnRecord, ConnSnapshot, ConnTls, SubRecord};
use crate::tls;

/// Time between two measurements of a client's round trip that monitoring may
/// ask for, and the age a connection must have: the first moments of a
/// connection belong to its handshake (client-protocol.md 16).
const RTT_ASK_AFTER: Duration = Duration::from_secs(2);

impl Shard {
    /// The connections a query asks for.
    pub(super) fn connections_for(&mut self, query: &ConnQuery) -> ConnSnapshot {
        let mut snapshot = ConnSnapshot::default();
        let wants_subs = query.subscriptions || !query.filter_subject.is_empty();
        let mut measure = Vec::new();
        for (slot, connection) in &self.connections {
            if connection.closing.is_some() {
                continue;
            }
            let account = self.account_name(connection.account);
            if query
                .account
                .as_ref()
                .is_some_and(|wanted| *wanted != account)
            {
                continue;
            }
            snapshot.total += 1;
            if query.cid != 0 && query.cid != connection.cid {
                continue;
            }
            let record = self.record(
                connection,
                &account,
                query.auth,
                wants_subs.then_some(usize::MAX),
            );
            if query.keeps(&record) {
                snapshot.connections.push(record);
                measure.push(slot as u32);
            }
        }
        query.trim(&mut snapshot.connections, SystemTime::now());
        for slot in measure {
            self.measure_rtt(slot);
        }
        snapshot
    }

    /// Asks a client for its round trip time, for the next request.
    /// What events say of a client.
    pub(super) fn client_of(&self, cid: u64) -> Option<ClientInfo> {
        let slot = self.slot_of(cid)?;
        let connection = self.connections.get(slot as usize)?;
        let user = connection.user.as_ref();
        let start = connection
            .started
            .duration_since(std::time::SystemTime::UNIX_EPOCH)
            .ok()?;
        let start = Nanos(i64::try_from(start.as_nanos()).ok()?);
        let mut text = Vec::new();
        midge_jetstream::text::push_time(&mut text, start);
        Some(ClientInfo {
            start: String::from_utf8(text).ok()?,
            host: connection.client_addr.ip().to_canonical().to_string(),
            id: cid,
            acc: self.account_name(connection.account),
            user: user.map(|user| user.shown.clone()).unwrap_or_default(),
            name: connection.options.name.clone(),
            lang: connection.options.lang.clone(),
            ver: connection.options.version.clone(),
            rtt: connection
                .rtt
                .map_or(0, |rtt| u64::try_from(rtt.as_nanos()).unwrap_or(0)),
            server: self.shared.identity.name.clone(),
            kind: "Client",
            client_type: "nats",
        })
    }

    fn measure_rtt(&mut self, slot: u32) {
        let now = self.now;
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let old_enough = now.saturating_duration_since(connection.started_at) > RTT_ASK_AFTER
            && now.saturating_duration_since(connection.rtt_at) > RTT_ASK_AFTER;
        if connection.phase == Phase::Open
            && connection.first_pong_sent
            && old_enough
            && connection.pings_out == 0
            && !connection.options.lang.is_empty()
        {
            self.send_ping(slot);
        }
    }

    fn account_name(&self, id: u32) -> String {
        let known = self.accounts.get(id as usize).and_then(Option::as_ref);
        known
            .map(|account| account.name.clone())
            .unwrap_or_default()
    }

    /// A connection at this moment; at most `subs` of its subscriptions.
    fn record(
        &self,
        connection: &Connection,
        account: &str,
        auth: bool,
        subs: Option<usize>,
    ) -> ConnRecord {
        let options = &connection.options;
        let subscriptions = connection.subscriptions.iter();
        let listed = subscriptions.filter_map(|&index| self.subscriptions.get(index));
        ConnRecord {
            cid: connection.cid,
            kind: ConnKind::Nats,
            ip: connection.client_addr.ip().to_canonical().to_string(),
            port: connection.client_addr.port(),
            start: connection.started,
            last_activity: wall_clock(connection.last_activity),
            rtt: connection.rtt,
            pending_bytes: connection.output.pending() as u64,
            in_msgs: connection.traffic.in_msgs,
            out_msgs: connection.traffic.out_msgs,
            in_bytes: connection.traffic.in_bytes,
            out_bytes: connection.traffic.out_bytes,
            stalls: connection.stalls,
            subscriptions: connection.subscriptions.len() as u64,
            name: options.name.clone(),
            lang: options.lang.clone(),
            version: options.version.clone(),
            tls: tls_of(connection, auth),
            authorized_user: connection
                .user
                .as_ref()
                .map_or(String::new(), |u| u.shown.clone()),
            account: account.to_owned(),
            account_tag: account.to_owned(),
            jwt: String::new(),
            issuer_key: String::new(),
            tags: Vec::new(),
            mqtt_client: String::new(),
            proxy_key: connection.proxy_key.as_ref().map(|key| key.to_string()),
            subs: listed
                .take(subs.unwrap_or(0))
                .map(|subscription| self.sub_record(subscription, connection.cid, account))
                .collect(),
        }
    }

    fn sub_record(&self, subscription: &Subscription, cid: u64, account: &str) -> SubRecord {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let queue = match subscription.queue {
            0 => None,
            number => {
                let id = self.connections.get(subscription.connection as usize);
                let id = id.map(|connection| connection.account as usize);
                let account = id
                    .and_then(|id| self.accounts.get(id))
                    .and_then(Option::as_ref);
                account.and_then(|account| account.queue_name(number))
            }
        };
        SubRecord {
            account: account.to_owned(),
            account_tag: account.to_owned(),
            subject: text(subscription.subject.as_bytes()),
            queue: queue.map(|name| text(&name)).unwrap_or_default(),
            sid: text(subscription.sid.as_bytes()),
            msgs: subscription.delivered,
            max: subscription.max,
            cid,
        }
    }

    /// The subscriptions a query asks for, and the figures of this shard's
    /// cache.
    pub(super) fn subscriptions_for(&self, query: &SubsQuery) -> SubsSnapshot {
        let (num_cache, max_fanout, total_fanout) = self.cache.figures();
        let matches = self.totals.in_msgs;
        let mut snapshot = SubsSnapshot {
            stats: InterestStats {
                num_cache,
                num_matches: matches,
                cache_hits: matches.saturating_sub(self.cache.misses()),
                max_fanout,
                total_fanout,
                ..InterestStats::default()
            },
            ..SubsSnapshot::default()
        };
        if !query.details {
            return snapshot;
        }
        for (_, connection) in &self.connections {
            let account = self.account_name(connection.account);
            if query
                .account
                .as_ref()
                .is_some_and(|wanted| *wanted != account)
            {
                continue;
            }
            for &index in &connection.subscriptions {
                let Some(subscription) = self.subscriptions.get(index) else {
                    continue;
                };
                if query.keeps(&String::from_utf8_lossy(subscription.subject.as_bytes())) {
                    snapshot.total += 1;
                    let record = self.sub_record(subscription, connection.cid, &account);
                    snapshot.subscriptions.push(record);
                }
            }
        }
        query.trim(&mut snapshot.subscriptions);
        snapshot
    }

    /// Keeps a record of a closed connection for monitoring.
    pub(super) fn record_closed(&self, slot: u32, reason: CloseReason) {
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let account = self.account_name(connection.account);
        self.shared.closed.push(ClosedRecord {
            connection: self.record(connection, &account, true, Some(CLOSED_SUBS_MAX)),
            stop: SystemTime::now(),
            reason: reason.as_str().to_owned(),
        });
    }
}

/// The wall clock's time of a moment.
fn wall_clock(at: Instant) -> SystemTime {
    let ago = Instant::now().saturating_duration_since(at);
    SystemTime::now()
        .checked_sub(ago)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

fn tls_of(connection: &Connection, auth: bool) -> Option<ConnTls> {
    let session = connection.transport.session()?;
    if session.is_handshaking() {
        return None;
    }
    let (version, cipher_suite) = tls::describe(session);
    let certificates = session
        .peer_certificates()
        .filter(|_| auth)
        .unwrap_or_default();
    let peer_certs = certificates.iter().map(|certificate| PeerCert {
        subject: tls::subject(certificate).unwrap_or_default(),
        spki_sha256: tls::public_key_digest(certificate).unwrap_or_default(),
        cert_sha256: tls::hex_sha256(certificate),
    });
    Some(ConnTls {
        version,
        cipher_suite,
        first: connection.tls_first,
        peer_certs: peer_certs.collect(),
    })
}
