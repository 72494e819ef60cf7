//! `nats server consumer-check`.

use super::check::{Asset, Assets, Key, Kind, Shown, check};
use super::gather::ServerAssets;
use super::verdict::Replica;
use crate::failure::Result;
use crate::output::Json;
use crate::output::table::Cell;
use crate::session::Session;

const CONSUMERS: Kind = Kind {
    title: "Consumers",
    columns: &[
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
    ],
    collect,
    cells,
};

/// Compares the replicas of consumers.
pub fn consumer_check(session: &mut Session) -> Result<()> {
    check(session, &CONSUMERS)
}

/// A position: sequences of the stream and of the consumer.
fn position(consumer: &Json, key: &str) -> String {
    let at = consumer.at(key);
    format!("{}, {}", at.uint("stream_seq"), at.uint("consumer_seq"))
}

/// What only the leader knows, such as waiting pulls, is not among these.
fn facts(consumer: &Json) -> Vec<(&'static str, String)> {
    vec![
        ("DELIVERED", position(consumer, "delivered")),
        ("ACK FLOOR", position(consumer, "ack_floor")),
        ("ACK PENDING", consumer.uint("num_ack_pending").to_string()),
    ]
}

fn collect(servers: &[ServerAssets]) -> Assets<'_> {
    let mut assets = Assets::new();
    for server in servers {
        for account in &server.accounts {
            for stream in account.list("stream_detail") {
                for consumer in stream.list("consumer_detail") {
                    let key = Key {
                        account: account.text("id"),
                        stream: stream.text("name"),
                        consumer: consumer.text("name"),
                    };
                    let asset = assets.entry(key).or_insert_with(|| Asset {
                        account_name: account.text("name"),
                        replicas: Vec::new(),
                    });
                    asset.replicas.push(Replica {
                        node: &server.name,
                        node_id: &server.id,
                        asset: consumer,
                        parent: stream,
                        facts: facts(consumer),
                    });
                }
            }
        }
    }
    assets
}

fn cells(shown: &Shown<'_>) -> Vec<Cell> {
    let consumer = shown.replica.asset;
    vec![
        shown.key.consumer.into(),
        shown.key.stream.into(),
        shown.raft_group().into(),
        shown.account_name.into(),
        shown.key.account.into(),
        shown.node().into(),
        position(consumer, "delivered").into(),
        position(consumer, "ack_floor").into(),
        format!(
            "ack pending {}, redelivered {}, waiting {}, pending {}",
            consumer.uint("num_ack_pending"),
            consumer.uint("num_redelivered"),
            consumer.uint("num_waiting"),
            consumer.uint("num_pending")
        )
        .into(),
        shown.status.as_str().into(),
        shown.replica.leader().into(),
        shown.replica.parent.text("cluster.leader").into(),
    ]
}
