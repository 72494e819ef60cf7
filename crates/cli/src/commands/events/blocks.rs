//! Events in words.

use crate::format::{local_time, parse_rfc3339};
use crate::output::{Columns, Json};

/// Schema of an event without its version's start: `jetstream.advisory.v1.…`.
fn kind(event: &Json) -> &str {
    event
        .text("type")
        .strip_prefix("io.nats.")
        .unwrap_or_default()
}

/// Title of an event.
fn title(event: &Json) -> Option<String> {
    let asset = match kind(event) {
        kind if kind.contains(".stream_action") => "Stream",
        kind if kind.contains(".consumer_action") => "Consumer",
        _ => "",
    };
    if !asset.is_empty() {
        let action = match event.text("action") {
            "create" => "Create",
            "delete" => "Delete",
            "modify" => "Modify",
            other => return Some(format!("{asset} {other}")),
        };
        return Some(format!("{asset} {action}"));
    }
    Some(
        match kind(event) {
            "server.advisory.v1.client_connect" => "Client Connection",
            "server.advisory.v1.client_disconnect" => "Client Disconnection",
            "server.advisory.v1.account_connections" => "Account Connections",
            "server.metric.v1.service_latency" => "Service Latency",
            "jetstream.metric.v1.consumer_ack" => "Consumer Acknowledgement",
            "jetstream.advisory.v1.api_audit" => "JetStream API Access",
            "jetstream.advisory.v1.api_limit_reached" => "JetStream API Limit Reached",
            "jetstream.advisory.v1.max_deliver" => "Maximum Delivery Attempts",
            "jetstream.advisory.v1.nak" => "Negative Acknowledgement",
            "jetstream.advisory.v1.terminated" => "Message Terminated",
            "jetstream.advisory.v1.consumer_pause" => "Consumer Pause",
            "jetstream.advisory.v1.consumer_group_pinned" => "Consumer Group Pinned",
            "jetstream.advisory.v1.consumer_group_unpinned" => "Consumer Group Unpinned",
            "jetstream.advisory.v1.consumer_leader_elected" => "Consumer Leader Elected",
            "jetstream.advisory.v1.consumer_quorum_lost" => "Consumer Quorum Lost",
            "jetstream.advisory.v1.stream_leader_elected" => "Stream Leader Elected",
            "jetstream.advisory.v1.stream_quorum_lost" => "Stream Quorum Lost",
            "jetstream.advisory.v1.stream_batch_abandoned" => "Stream Batch Abandoned",
            "jetstream.advisory.v1.domain_leader_elected" => "JetStream Domain Leader Elected",
            "jetstream.advisory.v1.snapshot_create" => "Snapshot Create",
            "jetstream.advisory.v1.snapshot_complete" => "Snapshot Complete",
            "jetstream.advisory.v1.restore_create" => "Restore Create",
            "jetstream.advisory.v1.restore_complete" => "Restore Complete",
            "jetstream.advisory.v1.server_out_of_space" => "Server Out of Space",
            "jetstream.advisory.v1.server_removed" => "Server Removed",
            _ => return None,
        }
        .to_owned(),
    )
}

fn clock(event: &Json) -> String {
    let time = local_time(event.text("timestamp"));
    time.split(' ').nth(1).unwrap_or(&time).to_owned()
}

/// A label out of a key: `num_pending` becomes `Num Pending`.
fn label(key: &str) -> String {
    let words = key.split('_').map(|word| match word {
        "id" => "ID".to_owned(),
        "jwt" => "JWT".to_owned(),
        "rtt" => "RTT".to_owned(),
        "seq" => "Sequence".to_owned(),
        "msgs" => "Messages".to_owned(),
        word => {
            let mut letters = word.chars();
            match letters.next() {
                Some(first) => first.to_uppercase().chain(letters).collect(),
                None => String::new(),
            }
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn text(value: &Json) -> String {
    match value {
        Json::Text(text) if parse_rfc3339(text).is_some() => local_time(text),
        Json::Text(text) => text.clone(),
        Json::List(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.compact(),
    }
}

/// Keys that the heading has, or that say nothing to people.
const HEADING: &[&str] = &["type", "id", "timestamp"];

/// An event as a block of lines.
pub fn block(event: &Json) -> Option<String> {
    let title = title(event)?;
    let mut c = Columns::new(format!("[{}] [{}] {title}", clock(event), event.text("id")));
    let mut sections: Vec<(&str, &Json)> = Vec::new();
    for (key, value) in event.entries("") {
        if HEADING.contains(&key.as_str()) {
            continue;
        }
        match value {
            Json::Object(_) if key == "server" => {
                c.row("Server", value.text("name"));
                c.row_filled("Cluster", value.text("cluster"));
            }
            Json::Object(_) => sections.push((key, value)),
            value => {
                c.row(&label(key), text(value));
            }
        }
    }
    for (key, value) in sections {
        c.section(label(key));
        for (key, value) in value.entries("") {
            match value {
                Json::Object(entries) => {
                    for (inner, value) in entries {
                        c.row(&format!("{} {}", label(key), label(inner)), text(value));
                    }
                }
                value => {
                    c.row(&label(key), text(value));
                }
            }
        }
    }
    Some(c.render())
}

/// An event on one line.
pub fn line(event: &Json) -> Option<String> {
    let title = title(event)?;
    let (head, rest) = match kind(event) {
        "jetstream.advisory.v1.api_audit" => {
            let client = event.at("client");
            let user = match (client.text("user"), client.text("name")) {
                ("", name) => name,
                (user, _) => user,
            };
            let subject = event.text("subject");
            (
                "JS API".to_owned(),
                format!("{subject} {user} @ {}", client.text("acc")),
            )
        }
        kind if kind.starts_with("server.advisory.v1.client") => {
            let client = event.at("client");
            let user = client.text("user");
            let what = if event.has("reason") {
                format!(" reason: {}", event.text("reason"))
            } else {
                String::new()
            };
            (
                title,
                format!(
                    "{user} cid: {} account: {}{what}",
                    client.int("id"),
                    client.text("acc")
                ),
            )
        }
        _ => {
            let mut rest = event.text("stream").to_owned();
            if event.has("consumer") {
                rest.push_str(&format!(" > {}", event.text("consumer")));
            }
            if event.has("stream_seq") {
                rest.push_str(&format!(" seq: {}", event.uint("stream_seq")));
            }
            if event.has("leader") {
                rest.push_str(&format!(" leader: {}", event.text("leader")));
            }
            (title, rest)
        }
    };
    Some(format!("{} [{head}] {}", clock(event), rest.trim()))
}

/// An event in the form of CloudEvents 1.0.
pub fn cloud_event(event: &Json) -> Json {
    Json::object()
        .with("type", event.text("type"))
        .with("time", event.text("timestamp"))
        .with("id", event.text("id"))
        .with("source", "urn:nats:jetstream")
        .with(
            "dataschema",
            format!("https://nats.io/schemas/{}", event.text("type")),
        )
        .with("specversion", "1.0")
        .with("subject", "advisory")
        .with("data", event)
}

/// Something else.
pub fn unknown(subject: &str, event: &Json, text: &str) -> String {
    let raw = if event.is_null() {
        text.to_owned()
    } else {
        event.pretty()
    };
    format!("Event error: unknown event schema on subject {subject}\n\n{raw}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_a_title_and_rows() {
        let event = Json::parse(br#"{"type":"io.nats.jetstream.advisory.v1.stream_action","id":"X","timestamp":"2026-11-23T08:09:23Z","stream":"EVT","action":"create"}"#).unwrap();
        let block = block(&event).unwrap();
        assert!(block.contains("] [X] Stream Create\n\n"), "{block}");
        assert!(block.contains("  Stream: EVT\n"), "{block}");
        assert!(line(&event).unwrap().ends_with("[Stream Create] EVT"));
        assert_eq!(cloud_event(&event).text("specversion"), "1.0");
        assert!(self::block(&Json::object().with("type", "x")).is_none());
    }
}
