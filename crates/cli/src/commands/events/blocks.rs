//! Events as blocks of lines.

use super::values::{bytes, clock, clock_millis, duration, title_case};
use crate::format::{commas, go_time};
use crate::output::Json;

/// Blanks before texts of requests and answers.
const TEXT_INDENT: &str = "          ";

/// A block that is being put together: its labels end in one column.
struct Block {
    out: String,
    width: usize,
}

impl Block {
    fn new(event: &Json, title: &str, width: usize) -> Self {
        let heading = format!(
            "\n[{}] [{}] {title}\n",
            clock(event.text("timestamp")),
            event.text("id")
        );
        Self {
            out: heading,
            width,
        }
    }

    fn line(&mut self, text: &str) -> &mut Self {
        self.out.push_str(text);
        self.out.push('\n');
        self
    }

    fn gap(&mut self) -> &mut Self {
        self.line("")
    }

    /// Labels of the rows that follow end in another column.
    fn width(&mut self, width: usize) -> &mut Self {
        self.width = width;
        self
    }

    fn row(&mut self, label: &str, value: impl std::fmt::Display) -> &mut Self {
        let width = self.width;
        self.line(&format!("{label:>width$}: {value}"))
    }

    /// A row, unless its value is empty.
    fn filled(&mut self, label: &str, value: &str) -> &mut Self {
        if !value.is_empty() {
            self.row(label, value);
        }
        self
    }

    /// Rows with these keys as they are.
    fn rows(&mut self, event: &Json, rows: &[(&str, &str)]) -> &mut Self {
        for (label, key) in rows {
            self.row(label, plain(event, key));
        }
        self
    }

    fn padded(&mut self, text: &str) -> &mut Self {
        for line in text.split('\n') {
            self.line(&format!("{TEXT_INDENT}{line}"));
        }
        self
    }

    fn replicas(&mut self, event: &Json) -> &mut Self {
        self.line("      Replicas:");
        for peer in event.list("replicas") {
            self.gap()
                .width(17)
                .row("Name", peer.text("name"))
                .row("Current", peer.on("current"))
                .row("Active", duration(peer, "active"));
        }
        self.gap().gap()
    }

    fn library(&mut self, client: &Json) -> &mut Self {
        let language = match client.text("lang") {
            "" => "Unknown",
            language => language,
        };
        self.row(
            "Library Version",
            format!("{}  Language: {language}", client.text("ver")),
        )
    }

    /// The client that has asked for something.
    fn asker(&mut self, event: &Json, width: usize, id_width: usize) -> &mut Self {
        let client = event.at("client");
        self.width(width);
        if !client.text("user").is_empty() {
            self.row(
                "User",
                format!("{} Account: {}", client.text("user"), client.text("acc")),
            );
        }
        self.row("Host", client.text("host"))
            .width(id_width)
            .row("ID", client.uint("id"))
            .width(width)
            .filled("Name", client.text("name"))
            .library(client)
    }

    fn server(&mut self, event: &Json) -> &mut Self {
        self.row("Server", event.text("server.name"))
            .filled("Cluster", event.text("server.cluster"))
    }

    /// The client that has come or gone.
    fn client(&mut self, client: &Json, has_tags: bool) -> &mut Self {
        self.gap().line("   Client:").width(19);
        self.row("ID", client.uint("id"))
            .filled("User", client.text("user"))
            .filled("Name", client.text("name"))
            .row("Account", client.text("acc"))
            .library(client)
            .filled("Host", client.text("host"));
        if !client.text("jwt").is_empty() {
            let tags = client.texts("tags").join(",");
            self.row("Issuer Key", client.text("issuer_key"))
                .row("Name Tag", client.text("name_tag"));
            if has_tags || !tags.is_empty() {
                self.row("Tags", tags);
            }
        }
        self.filled("Client Kind", client.text("kind"))
            .filled("Client Type", client.text("client_type"))
    }

    /// One side of a measured request.
    fn side(&mut self, title: &str, client: &Json) -> &mut Self {
        self.gap().line(&format!("   {title}:")).width(12);
        self.row("Account", client.text("acc"))
            .row("RTT", duration(client, "rtt"));
        if !client.text("user").is_empty() {
            self.row("Start", go_time(client.text("start")))
                .row("User", client.text("user"))
                .row("Name", client.text("name"))
                .row("Language", client.text("lang"))
                .row("Version", client.text("ver"));
        }
        if client.uint("id") != 0 {
            self.row("Host", client.text("host"))
                .row("ID", client.uint("id"))
                .row("Server", client.text("server"));
        }
        self
    }
}

/// A value as it is: a text, a number, a truth.
fn plain(event: &Json, key: &str) -> String {
    match event.at(key) {
        Json::Text(text) => text.clone(),
        Json::Null => match key {
            "deliveries" | "stream_seq" | "consumer_seq" | "ack_time" | "dropped" => "0".to_owned(),
            _ => String::new(),
        },
        other => other.compact(),
    }
}

/// An event as a block of lines; none if its kind is not known.
pub fn block(event: &Json) -> Option<String> {
    let kind = event.text("type").strip_prefix("io.nats.")?;
    let consumer = format!("{} > {}", event.text("stream"), event.text("consumer"));
    let begin = |title: &str, width: usize| {
        let mut block = Block::new(event, title, width);
        block.gap();
        block
    };
    let b = match kind {
        "jetstream.metric.v1.consumer_ack" => {
            let mut b = begin("Acknowledgment Sample", 22);
            b.row("Consumer", consumer).rows(
                event,
                &[
                    ("Stream Sequence", "stream_seq"),
                    ("Consumer Sequence", "consumer_seq"),
                    ("Deliveries", "deliveries"),
                    ("Delay", "ack_time"),
                ],
            );
            b
        }
        "jetstream.advisory.v1.api_audit" => api_access(event),
        "jetstream.advisory.v1.api_limit_reached" => {
            let mut b = begin("API Limit Reached", 18);
            b.rows(event, &[("Dropped", "dropped"), ("Domain", "domain")]);
            b
        }
        "jetstream.advisory.v1.consumer_action" => {
            let action = title_case(event.text("action"));
            let mut b = begin(&format!("Consumer {action} Action"), 14);
            b.rows(event, &[("Stream", "stream"), ("Consumer", "consumer")]);
            b
        }
        "jetstream.advisory.v1.stream_action" => {
            let action = title_case(event.text("action"));
            let mut b = begin(&format!("Stream {action} Action"), 14);
            b.row("Stream", event.text("stream"))
                .filled("Template", event.text("template"));
            b
        }
        "jetstream.advisory.v1.consumer_group_pinned" => {
            let mut b = begin("Grouped Consumer Pinned a Client", 14);
            b.rows(
                event,
                &[
                    ("Stream", "stream"),
                    ("Consumer", "consumer"),
                    ("Group", "group"),
                    ("Domain", "domain"),
                    ("Pinned Client", "pinned_id"),
                ],
            );
            b
        }
        "jetstream.advisory.v1.consumer_group_unpinned" => {
            let mut b = begin("Grouped Consumer Un-Pinned a Client", 14);
            b.rows(
                event,
                &[
                    ("Stream", "stream"),
                    ("Consumer", "consumer"),
                    ("Group", "group"),
                    ("Domain", "domain"),
                    ("Reason", "reason"),
                ],
            );
            b
        }
        "jetstream.advisory.v1.consumer_leader_elected" => {
            let mut b = begin("Consumer Leader Election", 14);
            b.rows(
                event,
                &[
                    ("Stream", "stream"),
                    ("Consumer", "consumer"),
                    ("Leader", "leader"),
                ],
            );
            b.replicas(event);
            b
        }
        "jetstream.advisory.v1.consumer_quorum_lost" => {
            let mut b = begin("Consumer Quorum Lost", 14);
            b.rows(event, &[("Stream", "stream"), ("Consumer", "consumer")]);
            b.replicas(event);
            b
        }
        "jetstream.advisory.v1.stream_leader_elected" => {
            let mut b = begin("Stream Leader Election", 14);
            b.rows(event, &[("Stream", "stream"), ("Leader", "leader")]);
            b.replicas(event);
            b
        }
        "jetstream.advisory.v1.stream_quorum_lost" => {
            let mut b = begin("Stream Quorum Lost", 14);
            b.rows(event, &[("Stream", "stream")]);
            b.replicas(event);
            b
        }
        "jetstream.advisory.v1.domain_leader_elected" => {
            let mut b = begin("Domain Leader Election", 14);
            b.rows(event, &[("Leader", "leader"), ("Cluster", "cluster")])
                .filled("Domain", event.text("domain"));
            b.replicas(event);
            b
        }
        "jetstream.advisory.v1.consumer_pause" => {
            let mut b = begin("Consumer Pause", 14);
            b.rows(event, &[("Stream", "stream"), ("Consumer", "consumer")])
                .row("Paused", event.on("paused"));
            if event.on("paused") {
                b.row("Until", go_time(event.text("pause_until")));
            }
            b.filled("Domain", event.text("domain")).gap();
            b
        }
        "jetstream.advisory.v1.max_deliver" => {
            let mut b = begin("Delivery Attempts Exceeded", 18);
            b.row("Consumer", consumer).rows(
                event,
                &[
                    ("Stream Sequence", "stream_seq"),
                    ("Deliveries", "deliveries"),
                ],
            );
            b
        }
        "jetstream.advisory.v1.nak" => {
            let mut b = begin("Delivery NAKed", 18);
            b.row("Consumer", consumer).rows(
                event,
                &[
                    ("Stream Sequence", "stream_seq"),
                    ("Deliveries", "deliveries"),
                    ("Domain", "domain"),
                ],
            );
            b
        }
        "jetstream.advisory.v1.terminated" => {
            let mut b = begin("Delivery Terminated", 18);
            b.row("Consumer", consumer)
                .rows(
                    event,
                    &[
                        ("Stream Sequence", "stream_seq"),
                        ("Deliveries", "deliveries"),
                    ],
                )
                .filled("Reason", event.text("reason"))
                .gap();
            b
        }
        "jetstream.advisory.v1.stream_batch_abandoned" => {
            let mut b = begin("Publish Batch Abandoned", 18);
            b.rows(
                event,
                &[
                    ("Account", "account"),
                    ("Domain", "domain"),
                    ("Stream", "stream"),
                    ("Batch", "batch"),
                    ("Reason", "reason"),
                ],
            );
            b
        }
        "jetstream.advisory.v1.server_out_of_space" | "jetstream.advisory.v1.server_removed" => {
            let (title, label, key) = if kind.ends_with("server_removed") {
                ("Server Removed", "Domain", "domain")
            } else {
                ("Out of Disk Space", "Stream", "stream")
            };
            let mut b = begin(title, 14);
            b.row(
                "Server",
                format!("{} - {}", event.text("server"), event.text("server_id")),
            )
            .row("Cluster", event.text("cluster"))
            .filled(label, event.text(key))
            .gap();
            b
        }
        _ => return snapshot(event, kind).or_else(|| connection(event, kind)),
    };
    Some(b.out)
}

fn api_access(event: &Json) -> Block {
    let mut b = Block::new(event, "JetStream API Access", 12);
    b.gap()
        .rows(event, &[("Server", "server"), ("Subject", "subject")])
        .line("      Client:")
        .asker(event, 26, 26)
        .gap()
        .line("    Request:")
        .gap();
    match event.text("request") {
        "" => b.padded("Empty Request"),
        request => b.padded(request),
    };
    b.gap().line("    Response:").gap();
    b.padded(event.text("response"));
    b
}

/// Backups and their return.
fn snapshot(event: &Json, kind: &str) -> Option<String> {
    let title = match kind {
        "jetstream.advisory.v1.snapshot_create" => "Stream Snapshot Created",
        "jetstream.advisory.v1.snapshot_complete" => "Stream Snapshot Completed",
        "jetstream.advisory.v1.restore_create" => "Stream Restore Created",
        "jetstream.advisory.v1.restore_complete" => "Stream Restore Completed",
        _ => return None,
    };
    let mut b = Block::new(event, title, 14);
    b.gap().row("Stream", event.text("stream"));
    let (start, end) = (
        clock_millis(event.text("start")),
        clock_millis(event.text("end")),
    );
    let mut widths = (26, 26);
    match kind {
        "jetstream.advisory.v1.snapshot_create" => {
            b.row("Blocks", commas(event.int("blocks")))
                .row("Block Size", bytes(event, "block_size"));
            widths = (26, 25);
        }
        "jetstream.advisory.v1.snapshot_complete" => {
            b.line(&format!("\t\tStart: {start}"))
                .width(13)
                .row("End", end);
            widths = (25, 24);
        }
        "jetstream.advisory.v1.restore_complete" => {
            b.row("Start", &start)
                .row("End", end)
                .row("Bytes", bytes(event, "bytes"));
        }
        _ => {}
    }
    b.line("        Client:")
        .asker(event, widths.0, widths.1)
        .gap();
    Some(b.out)
}

/// What servers say about connections.
fn connection(event: &Json, kind: &str) -> Option<String> {
    let mut b = match kind {
        "server.advisory.v1.client_connect" => {
            let mut b = Block::new(event, "Client Connection", 9);
            b.gap().server(event);
            b.client(event.at("client"), true).gap();
            b
        }
        "server.advisory.v1.client_disconnect" => {
            let mut b = Block::new(event, "Client Disconnection", 10);
            b.gap().filled("Reason", event.text("reason")).server(event);
            b.client(event.at("client"), false)
                .gap()
                .line("   Stats:")
                .width(21)
                .row("RTT", duration(event.at("client"), "rtt"));
            for (label, key) in [
                ("Client Received", "received"),
                ("Client Published", "sent"),
            ] {
                let data = event.at(key);
                b.row(
                    label,
                    format!("{} messages ({})", data.int("msgs"), bytes(data, "bytes")),
                );
            }
            b
        }
        "server.advisory.v1.account_connections" => {
            let mut b = Block::new(event, "Account Status", 13);
            b.gap().row("Account", event.text("acc")).server(event);
            b.row("Connections", event.int("conns"))
                .row("Leaf Nodes", event.int("leafnodes"))
                .gap()
                .line("   Stats:")
                .width(20);
            for (label, key) in [("Received", "received"), ("Published", "sent")] {
                let data = event.at(key);
                let (messages, bytes) = (commas(data.int("msgs")), bytes(data, "bytes"));
                b.row(label, format!("{messages} messages ({bytes})"));
            }
            b.row("Slow Consumers", commas(event.int("slow_consumers")));
            b
        }
        "server.metric.v1.service_latency" => latency(event),
        _ => return None,
    };
    Some(std::mem::take(&mut b.out))
}

fn latency(event: &Json) -> Block {
    let error = event.text("description");
    let title = match error {
        "" => "Service Latency".to_owned(),
        error => format!("Service Latency - {error}"),
    };
    let mut b = Block::new(event, &title, 13);
    b.gap()
        .row("Start Time", clock_millis(event.text("start")))
        .filled("Error", error)
        .gap()
        .line("   Latencies:")
        .gap()
        .width(22)
        .row("Request Duration", duration(event, "total"))
        .row("Requestor", duration(event.at("requestor"), "rtt"))
        .row("NATS System", duration(event, "system"))
        .row("Service", duration(event, "service"))
        .side("Requestor", event.at("requestor"))
        .side("Responder", event.at("responder"));
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_a_block_end_in_one_column() {
        let event = Json::parse(br#"{"type":"io.nats.jetstream.advisory.v1.consumer_action","id":"X","timestamp":"2026-11-23T08:09:23.5Z","stream":"EVT","consumer":"C","action":"create"}"#).unwrap();
        assert_eq!(
            block(&event).unwrap(),
            "\n[08:09:23] [X] Consumer Create Action\n\n        Stream: EVT\n      Consumer: C\n"
        );
        assert!(block(&Json::object().with("type", "x")).is_none());
    }
}
