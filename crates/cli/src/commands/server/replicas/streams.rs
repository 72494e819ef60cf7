//! `nats server stream-check`.

use super::check::{Asset, Assets, Key, Kind, Shown, check};
use super::gather::ServerAssets;
use super::verdict::Replica;
use crate::failure::Result;
use crate::output::Json;
use crate::output::table::Cell;
use crate::session::Session;

const STREAMS: Kind = Kind {
    title: "Streams",
    columns: &[
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
    ],
    collect,
    cells,
};

/// Compares the replicas of streams.
pub fn stream_check(session: &mut Session) -> Result<()> {
    check(session, &STREAMS)
}

fn facts(stream: &Json) -> Vec<(&'static str, String)> {
    let state = stream.at("state");
    [
        ("MESSAGES", "messages"),
        ("BYTES", "bytes"),
        ("SUBJECTS", "num_subjects"),
        ("DELETED", "num_deleted"),
        ("CONSUMERS", "consumer_count"),
        ("FIRST", "first_seq"),
        ("LAST", "last_seq"),
    ]
    .into_iter()
    .map(|(name, key)| (name, state.uint(key).to_string()))
    .collect()
}

fn collect(servers: &[ServerAssets]) -> Assets<'_> {
    let mut assets = Assets::new();
    for server in servers {
        for account in &server.accounts {
            for stream in account.list("stream_detail") {
                let key = Key {
                    account: account.text("id"),
                    stream: stream.text("name"),
                    consumer: "",
                };
                let asset = assets.entry(key).or_insert_with(|| Asset {
                    account_name: account.text("name"),
                    replicas: Vec::new(),
                });
                asset.replicas.push(Replica {
                    node: &server.name,
                    node_id: &server.id,
                    asset: stream,
                    parent: stream,
                    facts: facts(stream),
                });
            }
        }
    }
    assets
}

fn cells(shown: &Shown<'_>) -> Vec<Cell> {
    let stream = shown.replica.asset;
    let state = stream.at("state");
    vec![
        shown.key.stream.into(),
        shown.raft_group().into(),
        shown.account_name.into(),
        shown.key.account.into(),
        shown.node().into(),
        state.uint("messages").into(),
        state.uint("bytes").into(),
        state.uint("num_subjects").into(),
        state.uint("num_deleted").into(),
        state.uint("consumer_count").into(),
        state.uint("first_seq").into(),
        state.uint("last_seq").into(),
        shown.status.as_str().into(),
        shown.replica.leader().into(),
    ]
}
