//! Events on one line each.

use super::values::{bytes, clock, duration, title_case};
use crate::format::{commas, go_time};
use crate::output::Json;

/// An event on one line; none if its kind is not known.
pub fn line(event: &Json) -> Option<String> {
    let text = |key: &str| event.text(key);
    let stream = text("stream");
    let consumer = format!("{stream} > {}", text("consumer"));
    let peers = event.list("replicas").len();
    let in_sequence = format!(
        "{stream} ({}) > {}",
        event.uint("stream_seq"),
        text("consumer")
    );
    let deliveries = event.uint("deliveries");
    // Nothing, or a value with what stands around it.
    let around = |before: &str, value: &str, after: &str| match value {
        "" => String::new(),
        value => format!("{before}{value}{after}"),
    };
    let client = event.at("client");
    let who = format!(
        "{} cid: {} in account {}",
        around("user: ", client.text("user"), ""),
        client.uint("id"),
        client.text("acc")
    );
    let server = format!(
        "{} ({}){}",
        text("server"),
        text("server_id"),
        around(" in cluster ", text("cluster"), "")
    );
    let in_domain = around("in domain ", text("domain"), " ");
    let what = match text("type").strip_prefix("io.nats.")? {
        "jetstream.metric.v1.consumer_ack" => format!(
            "[JS Ack] {in_sequence} ({}): {deliveries} deliveries in {}",
            event.uint("consumer_seq"),
            event.int("ack_time")
        ),
        "jetstream.advisory.v1.api_audit" => format!(
            "[JS API] {}{}{}",
            text("subject"),
            around(" ", client.text("user"), " @"),
            around(" ", client.text("acc"), "")
        ),
        "jetstream.advisory.v1.api_limit_reached" => format!(
            "[JS API Limit] {} {in_domain}discarded {} messages",
            text("server"),
            commas(event.int("dropped"))
        ),
        "jetstream.advisory.v1.consumer_action" => {
            format!("[Consumer {}] {consumer}", title_case(text("action")))
        }
        "jetstream.advisory.v1.stream_action" => {
            format!("[Stream {}] {stream}", title_case(text("action")))
        }
        "jetstream.advisory.v1.consumer_group_pinned" => format!(
            "[PINNED] Consumer {consumer} pinned client {} for group {}",
            text("pinned_id"),
            text("group")
        ),
        "jetstream.advisory.v1.consumer_group_unpinned" => format!(
            "[UNPINNED] Consumer {consumer} unpinned client for group {}: {}",
            text("group"),
            text("reason")
        ),
        "jetstream.advisory.v1.consumer_leader_elected" => format!(
            "[RAFT] Consumer {consumer} elected {} of {peers} peers",
            text("leader")
        ),
        "jetstream.advisory.v1.consumer_quorum_lost" => {
            format!("[RAFT] Consumer {consumer} lost quorum of {peers} peers")
        }
        "jetstream.advisory.v1.stream_leader_elected" => format!(
            "[RAFT] Stream {stream} elected {} of {peers} peers",
            text("leader")
        ),
        "jetstream.advisory.v1.stream_quorum_lost" => {
            format!("[RAFT] Stream {stream} lost quorum of {peers} peers")
        }
        "jetstream.advisory.v1.domain_leader_elected" => format!(
            "[RAFT] Domain leader elected {} in cluster {} leader of {peers} peers",
            text("leader"),
            text("cluster")
        ),
        "jetstream.advisory.v1.consumer_pause" => {
            let paused = event.on("paused");
            let until = match paused {
                true => format!(" until {}", go_time(text("pause_until"))),
                false => String::new(),
            };
            format!("[Consumer Pause] Consumer: {consumer} Paused: {paused}{until}")
        }
        "jetstream.advisory.v1.max_deliver" => {
            format!("[JS Max Deliveries] {in_sequence}: {deliveries} deliveries")
        }
        "jetstream.advisory.v1.nak" => {
            format!("[JS Delivery NAKed] {in_sequence}: {deliveries} deliveries")
        }
        "jetstream.advisory.v1.terminated" => format!(
            "[JS Delivery Terminated] {in_sequence}: {deliveries} deliveries{}",
            around(": ", text("reason"), "")
        ),
        "jetstream.advisory.v1.snapshot_create" => format!(
            "[Snapshot Create] {stream} {} blocks of {}",
            commas(event.int("blocks")),
            bytes(event, "block_size")
        ),
        "jetstream.advisory.v1.snapshot_complete" => format!(
            "[Snapshot Complete] {stream} started {} ended {}",
            clock(text("start")),
            clock(text("end"))
        ),
        "jetstream.advisory.v1.restore_create" => format!("[Restore Create] {stream}"),
        "jetstream.advisory.v1.restore_complete" => format!(
            "[Restore Complete] {stream} restored {} bytes started {} ended {}",
            bytes(event, "bytes"),
            clock(text("start")),
            clock(text("end"))
        ),
        "jetstream.advisory.v1.server_out_of_space" => {
            format!("[Out of Space] {server} ran out of disk space")
        }
        "jetstream.advisory.v1.server_removed" => format!("[Server Removed] {server} was removed"),
        "jetstream.advisory.v1.stream_batch_abandoned" => format!(
            "[Batch Abandoned]{stream} {in_domain} abandoned batch {}: {}",
            text("batch"),
            text("reason")
        ),
        "server.advisory.v1.client_connect" => format!("[Connection] {who}"),
        "server.advisory.v1.client_disconnect" => {
            format!("[Disconnection] {who}: {}", text("reason"))
        }
        "server.advisory.v1.account_connections" => {
            let data = |key: &str| {
                let data = event.at(key);
                format!("{} / {}", commas(data.int("msgs")), bytes(data, "bytes"))
            };
            format!(
                "[Account] {} Server: {} Connections: {} Leaf Nodes: {} Slow: {} Sent: {} Received: {}",
                text("acc"),
                text("server.name"),
                event.int("conns"),
                event.int("leafnodes"),
                commas(event.int("slow_consumers")),
                data("sent"),
                data("received")
            )
        }
        "server.metric.v1.service_latency" => format!(
            "[Svc Latency] {}requestor {} <-> system {} <- service rtt {} -> service {}",
            around("", text("description"), " "),
            duration(event.at("requestor"), "rtt"),
            duration(event, "system"),
            duration(event.at("responder"), "rtt"),
            duration(event, "service")
        ),
        _ => return None,
    };
    Some(format!("{} {what}", clock(text("timestamp"))))
}
