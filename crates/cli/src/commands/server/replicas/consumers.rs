//! `nats server consumer-check`.

use std::collections::BTreeMap;

use super::check::{Checked, drift, group_of, peers, short_account};
use super::gather::ServerAssets;
use crate::failure::Result;
use crate::output::Json;
use crate::output::table::Cell;
use crate::session::Session;

const COLUMNS: [&str; 13] = [
    "Consumer",
    "Stream",
    "Raft",
    "Account",
    "Account ID",
    "Node",
    "Delivered (S,C)",
    "ACK Floor (S,C)",
    "Counters",
    "Status",
    "Leader",
    "Stream Cluster Leader",
    "Peers",
];

/// A consumer on a server.
struct Replica<'a> {
    server: &'a ServerAssets,
    account: &'a Json,
    stream: &'a Json,
    consumer: &'a Json,
}

impl Replica<'_> {
    fn leader(&self) -> &str {
        self.consumer.text("cluster.leader")
    }

    fn leads(&self) -> bool {
        self.leader() == self.server.name
    }

    /// Sequences of the stream and of the consumer.
    fn position(&self, key: &str) -> (u64, u64) {
        let at = self.consumer.at(key);
        (at.uint("stream_seq"), at.uint("consumer_seq"))
    }

    fn last(&self) -> u64 {
        self.stream.uint("state.last_seq")
    }
}

/// Replicas by the account's name, the group, the stream and the consumer if
/// it has no group, and the server.
type Groups<'a> = BTreeMap<(&'a str, &'a str, (&'a str, &'a str)), BTreeMap<&'a str, Replica<'a>>>;

/// Compares the replicas of consumers.
pub fn consumer_check(session: &mut Session) -> Result<()> {
    let options = Json::object()
        .with("streams", true)
        .with("consumer", true)
        .with("raft", true);
    let checked = Checked::of(session, &options)?;
    let groups = groups(&checked.servers);
    let count: usize = groups.values().map(BTreeMap::len).sum();
    checked.note(format!("Consumers: {count}"));
    let mut table = checked.table("Consumers", &COLUMNS);
    let mut before = ("", "");
    for ((account, group, _), replicas) in &groups {
        for replica in replicas.values() {
            let name = replica.consumer.text("name");
            if !checked.takes(replica.stream.text("name"), name, group) {
                continue;
            }
            let (status, differs) = status(replica, replicas, group);
            if checked.unsynced_only() && !differs {
                continue;
            }
            if before != (*account, name) {
                table.separator();
            }
            before = (*account, name);
            table.row(row(&checked, group, replica, replicas, status));
        }
    }
    checked.print(&table);
    Ok(())
}

fn groups(servers: &[ServerAssets]) -> Groups<'_> {
    let mut groups = Groups::new();
    for server in servers {
        for account in &server.accounts {
            for stream in account.list("stream_detail") {
                for consumer in stream.list("consumer_detail") {
                    let name = consumer.text("name");
                    let own = stream
                        .list("consumer_raft_groups")
                        .iter()
                        .find(|group| group.text("name") == name)
                        .map_or("", |group| group.text("raft_group"));
                    let group = group_of(own, consumer.at("cluster"));
                    let alone = if group.is_empty() {
                        (stream.text("name"), name)
                    } else {
                        ("", "")
                    };
                    let replica = Replica {
                        server,
                        account,
                        stream,
                        consumer,
                    };
                    groups
                        .entry((account.text("name"), group, alone))
                        .or_default()
                        .insert(&server.name, replica);
                }
            }
        }
    }
    groups
}

/// How a replica is, and whether something is wrong with it.
fn status(
    replica: &Replica<'_>,
    replicas: &BTreeMap<&str, Replica<'_>>,
    group: &str,
) -> (String, bool) {
    let delivered = replica.position("delivered");
    let floor = replica.position("ack_floor");
    let peers = || replicas.values();
    let clustered = replica.consumer.has("cluster");
    let wrong = [
        (
            "UNSYNCED:DELIVERED_AHEAD_OF_STREAM_SEQ",
            replica.last() < delivered.0,
        ),
        (
            "UNSYNCED:ACKFLOOR_AHEAD_OF_STREAM_SEQ",
            replica.last() < floor.0,
        ),
        (
            "UNSYNCED:DELIVERED",
            peers().any(|peer| peer.position("delivered") != delivered),
        ),
        (
            "UNSYNCED:ACK_FLOOR",
            peers().any(|peer| peer.position("ack_floor") != floor),
        ),
        (
            "NO_CLUSTER",
            peers().any(|peer| !peer.consumer.has("cluster")),
        ),
        (
            "NO_CLUSTER_R",
            !clustered && peers().any(|peer| peer.consumer.has("cluster")),
        ),
        (
            "MULTILEADER",
            peers().any(|peer| {
                let known = !peer.leader().is_empty() && !replica.leader().is_empty();
                known && peer.leader() != replica.leader()
            }),
        ),
    ];
    let mut words: Vec<&str> = wrong
        .iter()
        .filter(|(_, is)| *is)
        .map(|(word, _)| *word)
        .collect();
    let mut differs = !words.is_empty();
    if [delivered.0, delivered.1, floor.0, floor.1].contains(&0) {
        words.push("EMPTY");
    }
    let mut text = if words.is_empty() {
        "IN SYNC".to_owned()
    } else {
        words.iter().map(|word| format!("{word},")).collect()
    };
    let stream_leader = replica.stream.text("cluster.leader");
    if clustered && replica.leads() && replica.leader() == stream_leader {
        text.push_str(" / INTERSECT");
    }
    let instead = if !clustered {
        Some("NO_CLUSTER")
    } else if replica.leads() {
        None
    } else if replica.leader().is_empty() {
        Some("LEADERLESS")
    } else {
        group.is_empty().then_some("MISSING_GROUP")
    };
    if let Some(instead) = instead {
        differs |= !clustered;
        instead.clone_into(&mut text);
    }
    (text, differs)
}

fn row(
    checked: &Checked,
    group: &str,
    replica: &Replica<'_>,
    replicas: &BTreeMap<&str, Replica<'_>>,
    status: String,
) -> Vec<Cell> {
    let account = replica.account.text("name");
    let (stream, name) = (replica.stream.text("name"), replica.consumer.text("name"));
    let mark = if replica.leads() { "*" } else { "" };
    let leader = replicas.get(replica.leader()).unwrap_or(replica);
    let shown = |own: u64, other: u64| {
        if checked.unsynced_only() && !replica.leads() {
            drift(own, other)
        } else {
            own.to_string()
        }
    };
    let pair = |key: &str| {
        let (own, other) = (replica.position(key), leader.position(key));
        (shown(own.0, other.0), shown(own.1, other.1))
    };
    let (delivered, floor) = (pair("delivered"), pair("ack_floor"));
    let progress = match replica.last() {
        0 => "0%".to_owned(),
        last => {
            let share = replica.position("delivered").0 as f64 / last as f64 * 100.0;
            format!("{share:<3.0}%")
        }
    };
    let first = replica.stream.uint("state.first_seq");
    let last = replica.last();
    let consumer = replica.consumer;
    vec![
        name.into(),
        stream.into(),
        group.into(),
        short_account(account),
        replica.account.text("id").into(),
        format!("{}{mark}", replica.server.name).into(),
        format!(
            "{} [{first}, {last}] {progress:<3} | {}",
            delivered.0, delivered.1
        )
        .into(),
        format!("{} | {}", floor.0, floor.1).into(),
        format!(
            "(ap:{}, nr:{}, nw:{}, np:{})",
            consumer.uint("num_ack_pending"),
            consumer.uint("num_redelivered"),
            consumer.uint("num_waiting"),
            consumer.uint("num_pending")
        )
        .into(),
        status.into(),
        replica.leader().into(),
        replica.stream.text("cluster.leader").into(),
        peers(consumer.at("cluster")).into(),
        checked
            .health(&replica.server.id, account, stream, name)
            .into(),
    ]
}
