//! `nats server stream-check`.

use super::check::{Checked, drift, group_of, peers, short_account};
use super::gather::ServerAssets;
use super::replica::{Groups, Replica, Replicas, View};
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

const VIEW: View = View {
    title: "Streams",
    columns: &COLUMNS,
    status,
    row,
};

/// Compares the replicas of streams.
pub fn stream_check(session: &mut Session) -> Result<()> {
    let options = Json::object().with("streams", true).with("raft", true);
    let checked = Checked::of(session, &options)?;
    VIEW.show(&checked, &groups(&checked.servers));
    Ok(())
}

fn groups(servers: &[ServerAssets]) -> Groups<'_> {
    let mut groups = Groups::default();
    for server in servers {
        for account in &server.accounts {
            for stream in account.list("stream_detail") {
                let group = group_of(stream.text("stream_raft_group"), stream.at("cluster"));
                let replica = Replica {
                    server,
                    account,
                    stream,
                    consumer: None,
                };
                groups.add(group, replica);
            }
        }
    }
    groups
}

fn state(replica: &Replica<'_>, key: &str) -> u64 {
    replica.stream.at("state").uint(key)
}

/// How a replica is, and whether it differs from another.
fn status(replica: &Replica<'_>, replicas: &Replicas<'_>, group: &str) -> (String, bool) {
    let mut status = "IN SYNC";
    for peer in replicas.values() {
        let differs = |key: &str| state(peer, key) != state(replica, key);
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
    if replica.leads() {
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
    (status.to_owned(), differs)
}

fn row(
    checked: &Checked,
    group: &str,
    replica: &Replica<'_>,
    replicas: &Replicas<'_>,
    status: String,
) -> Vec<Cell> {
    let (name, account) = (replica.stream.text("name"), replica.account.text("name"));
    let leads = replica.leads();
    let mut cells: Vec<Cell> = vec![
        name.into(),
        group.into(),
        short_account(account),
        replica.account.text("id").into(),
        format!("{}{}", replica.server.name, if leads { "*" } else { "" }).into(),
    ];
    let leader = replicas.get(replica.leader()).unwrap_or(replica);
    cells.extend(NUMBERS.map(|key| {
        if checked.unsynced_only() && !leads {
            Cell::from(drift(state(replica, key), state(leader, key)))
        } else {
            state(replica, key).into()
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
