//! `nats server consumer-check`.

use super::check::{Checked, drift, group_of, peers, short_account};
use super::gather::ServerAssets;
use super::replica::{Groups, Replica, Replicas, View};
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

const VIEW: View = View {
    title: "Consumers",
    columns: &COLUMNS,
    status,
    row,
};

/// Compares the replicas of consumers.
pub fn consumer_check(session: &mut Session) -> Result<()> {
    let options = Json::object()
        .with("streams", true)
        .with("consumer", true)
        .with("raft", true);
    let checked = Checked::of(session, &options)?;
    VIEW.show(&checked, &groups(&checked.servers));
    Ok(())
}

fn groups(servers: &[ServerAssets]) -> Groups<'_> {
    let mut groups = Groups::default();
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
                    let replica = Replica {
                        server,
                        account,
                        stream,
                        consumer: Some(consumer),
                    };
                    groups.add(group, replica);
                }
            }
        }
    }
    groups
}

/// Sequences of the stream and of the consumer.
fn position(replica: &Replica<'_>, key: &str) -> (u64, u64) {
    let at = replica.asset().at(key);
    (at.uint("stream_seq"), at.uint("consumer_seq"))
}

/// The last sequence of the stream.
fn last(replica: &Replica<'_>) -> u64 {
    replica.stream.uint("state.last_seq")
}

/// How a replica is, and whether something is wrong with it.
fn status(replica: &Replica<'_>, replicas: &Replicas<'_>, group: &str) -> (String, bool) {
    let delivered = position(replica, "delivered");
    let floor = position(replica, "ack_floor");
    let peers = || replicas.values();
    let clustered = replica.asset().has("cluster");
    let wrong = [
        (
            "UNSYNCED:DELIVERED_AHEAD_OF_STREAM_SEQ",
            last(replica) < delivered.0,
        ),
        (
            "UNSYNCED:ACKFLOOR_AHEAD_OF_STREAM_SEQ",
            last(replica) < floor.0,
        ),
        (
            "UNSYNCED:DELIVERED",
            peers().any(|peer| position(peer, "delivered") != delivered),
        ),
        (
            "UNSYNCED:ACK_FLOOR",
            peers().any(|peer| position(peer, "ack_floor") != floor),
        ),
        (
            "NO_CLUSTER",
            peers().any(|peer| !peer.asset().has("cluster")),
        ),
        (
            "NO_CLUSTER_R",
            !clustered && peers().any(|peer| peer.asset().has("cluster")),
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
    replicas: &Replicas<'_>,
    status: String,
) -> Vec<Cell> {
    let account = replica.account.text("name");
    let (stream, name) = (replica.stream.text("name"), replica.asset().text("name"));
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
        let (own, other) = (position(replica, key), position(leader, key));
        (shown(own.0, other.0), shown(own.1, other.1))
    };
    let (delivered, floor) = (pair("delivered"), pair("ack_floor"));
    let progress = match last(replica) {
        0 => "0%".to_owned(),
        last => {
            let share = position(replica, "delivered").0 as f64 / last as f64 * 100.0;
            format!("{share:<3.0}%")
        }
    };
    let first = replica.stream.uint("state.first_seq");
    let last = last(replica);
    let consumer = replica.asset();
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
