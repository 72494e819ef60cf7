//! `nats server stream-check`.

use std::collections::BTreeMap;

use super::check::{Checked, drift, group_of, peers, short_account};
use super::gather::ServerAssets;
use crate::failure::Result;
use crate::output::Json;
use crate::output::table::Cell;
use crate::session::Session;

const COLUMNS: [&str; 15] = [
    "Stream Replica",
    "Raft",
    "Account",
    "Account ID",
    "Node",
    "Messages",
    "Bytes",
    "Subjects",
    "Deleted",
    "Consumers",
    "First",
    "Last",
    "Status",
    "Leader",
    "Peers",
];
/// Those of them that are numbers of the state.
const NUMBERS: [&str; 7] = [
    "messages",
    "bytes",
    "num_subjects",
    "num_deleted",
    "consumer_count",
    "first_seq",
    "last_seq",
];

/// A stream on a server.
struct Replica<'a> {
    server: &'a ServerAssets,
    account: &'a Json,
    stream: &'a Json,
}

impl Replica<'_> {
    fn leader(&self) -> &str {
        self.stream.text("cluster.leader")
    }

    fn state(&self, key: &str) -> u64 {
        self.stream.at("state").uint(key)
    }
}

/// Replicas by the account's name, the group, the stream if it has no group,
/// and the server.
type Groups<'a> = BTreeMap<(&'a str, &'a str, &'a str), BTreeMap<&'a str, Replica<'a>>>;

/// Compares the replicas of streams.
pub fn stream_check(session: &mut Session) -> Result<()> {
    let options = Json::object().with("streams", true).with("raft", true);
    let checked = Checked::of(session, &options)?;
    let groups = groups(&checked.servers);
    let count: usize = groups.values().map(BTreeMap::len).sum();
    checked.note(format!("Streams: {count}"));
    let mut table = checked.table("Streams", &COLUMNS);
    let mut before = ("", "");
    for ((account, group, _), replicas) in &groups {
        for (node, replica) in replicas {
            let name = replica.stream.text("name");
            if !checked.takes(name, "", group) {
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
            table.row(row(&checked, group, node, replica, replicas, status));
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
                let group = group_of(stream.text("stream_raft_group"), stream.at("cluster"));
                let alone = if group.is_empty() {
                    stream.text("name")
                } else {
                    ""
                };
                let replica = Replica {
                    server,
                    account,
                    stream,
                };
                groups
                    .entry((account.text("name"), group, alone))
                    .or_default()
                    .insert(&server.name, replica);
            }
        }
    }
    groups
}

/// How a replica is, and whether it differs from another.
fn status(
    replica: &Replica<'_>,
    replicas: &BTreeMap<&str, Replica<'_>>,
    group: &str,
) -> (&'static str, bool) {
    let mut status = "IN SYNC";
    for peer in replicas.values() {
        let differs = |key: &str| peer.state(key) != replica.state(key);
        if (differs("messages") && differs("bytes")) || differs("first_seq") || differs("last_seq")
        {
            status = "UNSYNCED";
        }
        let known = !peer.leader().is_empty() && !replica.leader().is_empty();
        if known && peer.leader() != replica.leader() {
            status = "MULTILEADER";
        }
    }
    let differs = status != "IN SYNC";
    if replica.leader() == replica.server.name {
        let others = replica.stream.list("cluster.replicas");
        if others
            .iter()
            .any(|peer| peer.text("name") == replica.leader())
        {
            status = "LEADER_IS_FOLLOWER";
        }
    } else if replica.leader().is_empty() {
        status = "LEADERLESS";
    } else if group.is_empty() {
        status = "MISSING_GROUP";
    }
    (status, differs)
}

fn row(
    checked: &Checked,
    group: &str,
    node: &str,
    replica: &Replica<'_>,
    replicas: &BTreeMap<&str, Replica<'_>>,
    status: &str,
) -> Vec<Cell> {
    let (name, account) = (replica.stream.text("name"), replica.account.text("name"));
    let leads = replica.leader() == node;
    let mut cells: Vec<Cell> = vec![
        name.into(),
        group.into(),
        short_account(account),
        replica.account.text("id").into(),
        format!("{node}{}", if leads { "*" } else { "" }).into(),
    ];
    let leader = replicas.get(replica.leader()).unwrap_or(replica);
    cells.extend(NUMBERS.map(|key| {
        if checked.unsynced_only() && !leads {
            Cell::from(drift(replica.state(key), leader.state(key)))
        } else {
            replica.state(key).into()
        }
    }));
    cells.extend([
        status.into(),
        replica.leader().into(),
        peers(replica.stream.at("cluster")).into(),
        checked.health(&replica.server.id, account, name, "").into(),
    ]);
    cells
}
