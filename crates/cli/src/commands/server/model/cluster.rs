//! The model of `nats server cluster`.

use crate::commands::server::{balance, cluster};
use crate::model::*;

/// `nats server cluster`.
pub(super) const CLUSTER: Command = Command::new("cluster", "Clusters")
    .aliases(&["r", "raft"])
    .commands(&[CLUSTER_BALANCE, CLUSTER_STEP_DOWN, CLUSTER_PEER_REMOVE]);

/// `nats server cluster balance`.
const CLUSTER_BALANCE: Command = Command::new("balance", "Spread client connections evenly")
    .args(&[optional("duration", "How long to take for it").default("2m")])
    .flags(&[&[
        text("server-name", "Only the server of this name").value_name("NAME"),
        text("cluster", "Only the servers of this cluster").value_name("NAME"),
        duration("idle", "Match what has been idle for this long").value_name("DURATION"),
        text("account", "Only this account"),
        text(
            "subject",
            "Only connections with a subscription that overlaps this subject",
        ),
        text("kind", "Kinds of connections: Client, Leafnode")
            .list()
            .default("Client"),
        switch("force", "Do it without asking").short('f'),
    ]])
    .run(balance::balance);

/// `nats server cluster step-down`.
const CLUSTER_STEP_DOWN: Command = Command::new("step-down", "Let the meta leader step down")
    .aliases(&["stepdown", "sd", "elect", "down", "d"])
    .flags(&[&[
        text("cluster", "Cluster where the new leader should be"),
        text("tags", "Only servers with these tags").list(),
        text("host", "Server that should become the leader"),
        switch("json", "Print JSON").short('j'),
        switch("force", "Do it without asking").short('f'),
    ]])
    .run(cluster::step_down);

/// `nats server cluster peer-remove`.
const CLUSTER_PEER_REMOVE: Command = Command::new(
    "peer-remove",
    "Remove a server from the meta group for good",
)
.aliases(&["rm", "pr"])
.args(&[arg("name", "Its name")])
.flags(&[&[
    switch("force", "Do it without asking").short('f'),
    switch("json", "Print JSON").short('j'),
]])
.run(cluster::peer_remove);
