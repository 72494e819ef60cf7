//! What is shown about a consumer (cli.md 5.2).

use crate::commands::assets::consumer_info;
use crate::commands::stream::information::api_level_text;
use crate::format::{commas, human_duration, human_size, is_unset_time, join, local_time, since};
use crate::jetstream::describe;
use crate::output::{Columns, Json};

/// Prints information about a consumer, or its state only; as JSON or for
/// people.
pub fn show(info: &Json, state_only: bool, json: bool) {
    if json {
        consumer_info(info).print();
    } else {
        columns(info, state_only).print();
        println!();
    }
}

fn columns(info: &Json, state_only: bool) -> Columns {
    let what = if state_only { "State" } else { "Information" };
    let mut columns = Columns::new(format!(
        "{what} for Consumer {} > {} created {}",
        info.text("stream_name"),
        info.text("name"),
        local_time(info.text("created"))
    ));
    if !state_only {
        configuration(&mut columns, info);
        targets(&mut columns, info.at("config.metadata"));
        describe::metadata(&mut columns, info.at("config.metadata"));
        if !info.text("cluster.name").is_empty() {
            columns.section("Cluster Information");
            describe::group(&mut columns, info.at("cluster"), "Raft Group");
        }
    }
    state(&mut columns, info);
    columns
}

/// Whether it delivers by itself.
pub fn is_push(config: &Json) -> bool {
    !config.text("deliver_subject").is_empty()
}

/// Acknowledgement policy in words.
pub fn ack_text(config: &Json) -> &str {
    match config.text("ack_policy") {
        "none" => "None",
        "all" => "All",
        "explicit" => "Explicit",
        "flow_control" => "Flow Control",
        other => other,
    }
}

fn deliver_text(config: &Json) -> String {
    match config.text("deliver_policy") {
        "all" => "All".to_owned(),
        "last" => "Last".to_owned(),
        "new" => "New".to_owned(),
        "last_per_subject" => "Last Per Subject".to_owned(),
        "by_start_sequence" => {
            format!("From Sequence {}", commas(config.uint("opt_start_seq")))
        }
        "by_start_time" => format!("Since {}", local_time(config.text("opt_start_time"))),
        other => other.to_owned(),
    }
}

fn configuration(columns: &mut Columns, info: &Json) {
    let config = info.at("config");
    columns.section("Configuration");
    columns.row("Name", info.text("name"));
    let durable = config.text("durable_name");
    if durable != info.text("name") {
        columns.row_filled("Durable Name", durable);
    }
    columns.row_filled("Description", config.text("description"));
    if is_push(config) {
        columns.row("Delivery Subject", config.text("deliver_subject"));
    } else {
        columns.row("Pull Mode", "true");
    }
    columns.row_filled("Filter Subject", config.text("filter_subject"));
    columns.row_filled("Filter Subjects", join(&config.texts("filter_subjects")));
    columns.row("Deliver Policy", deliver_text(config));
    columns.row_filled("Deliver Queue Group", config.text("deliver_group"));
    columns.row("Ack Policy", ack_text(config));
    if config.text("ack_policy") != "none" {
        duration(columns, "Ack Wait", config, "ack_wait");
    }
    let replay = match config.text("replay_policy") {
        "original" => "Original",
        _ => "Instant",
    };
    columns.row("Replay Policy", replay);
    count(columns, "Maximum Deliveries", config, "max_deliver");
    let sample = config.text("sample_freq").trim_end_matches('%');
    if !sample.is_empty() {
        columns.row("Sampling Rate", format!("{sample}%"));
    }
    let rate = config.uint("rate_limit_bps");
    if rate > 0 {
        columns.row("Rate Limit", format!("{} / second", human_size(rate / 8)));
    }
    count(columns, "Max Ack Pending", config, "max_ack_pending");
    count(columns, "Max Waiting Pulls", config, "max_waiting");
    duration(columns, "Idle Heartbeat", config, "idle_heartbeat");
    if is_push(config) {
        columns.row("Flow Control", config.on("flow_control").to_string());
    }
    if config.on("headers_only") {
        columns.row("Headers Only", "true");
    }
    duration(columns, "Inactive Threshold", config, "inactive_threshold");
    duration(columns, "Max Pull Expire", config, "max_expires");
    count(columns, "Max Pull Batch", config, "max_batch");
    count(columns, "Max Pull MaxBytes", config, "max_bytes");
    let backoff: Vec<String> = config
        .list("backoff")
        .iter()
        .map(|delay| human_duration(delay.as_int().unwrap_or_default()))
        .collect();
    columns.row_filled("Backoff", join(&backoff));
    count(columns, "Replicas", config, "num_replicas");
    if config.on("mem_storage") {
        columns.row("Memory Storage", "true");
    }
    let pause = config.text("pause_until");
    if !is_unset_time(pause) {
        columns.row("Paused Until Deadline", deadline_text(pause));
    }
    let policy = match config.text("priority_policy") {
        "pinned_client" => "Pinned Client",
        "overflow" => "Overflow",
        "prioritized" => "Prioritized",
        other => other,
    };
    if policy != "none" {
        columns.row_filled("Priority Policy", policy);
    }
    columns.row_filled("Priority Groups", join(&config.texts("priority_groups")));
    duration(columns, "Pinned TTL", config, "priority_timeout");
}

fn duration(columns: &mut Columns, label: &str, config: &Json, key: &str) {
    if config.int(key) > 0 {
        columns.row(label, human_duration(config.int(key)));
    }
}

/// A row about a limit, unless there is none.
fn count(columns: &mut Columns, label: &str, config: &Json, key: &str) {
    if config.int(key) > 0 {
        columns.row(label, commas(config.int(key)));
    }
}

fn deadline_text(time: &str) -> String {
    let left = since(time).unwrap_or_default().saturating_neg();
    let shown = local_time(time);
    if left > 0 {
        format!(
            "{shown} ({} remaining)",
            human_duration(whole_seconds(left))
        )
    } else {
        format!("{shown} (passed)")
    }
}

/// Rounded, so that an hour set a moment ago is an hour.
pub fn whole_seconds(nanos: i64) -> i64 {
    const SECOND: i64 = 1_000_000_000;
    nanos.saturating_add(SECOND / 2) / SECOND * SECOND
}

/// For whom the consumer of a mirror or a source works.
fn targets(columns: &mut Columns, metadata: &Json) {
    for (title, prefix) in [
        ("Mirror Target", "_nats.mirror."),
        ("Source Target", "_nats.src."),
    ] {
        let value = |key: &str| {
            metadata
                .key(&format!("{prefix}{key}"))
                .as_text()
                .unwrap_or_default()
        };
        if value("stream").is_empty() {
            continue;
        }
        columns.section(title);
        columns.row("Stream", value("stream"));
        columns.row_filled("Account", value("acc"));
        columns.row_filled("Domain", value("domain"));
    }
}

fn sequences(at: &Json, label: &str) -> String {
    let text = format!(
        "Consumer sequence: {} Stream sequence: {}",
        commas(at.uint("consumer_seq")),
        commas(at.uint("stream_seq"))
    );
    let last = at.text("last_active");
    match since(last) {
        Some(age) if !is_unset_time(last) => {
            format!("{text} {label}: {} ago", human_duration(age.max(0)))
        }
        _ => text,
    }
}

fn state(columns: &mut Columns, info: &Json) {
    let config = info.at("config");
    columns.section("State");
    let metadata = config.at("metadata");
    columns.row_some("Host Version", metadata.key("_nats.ver").as_text());
    if metadata.key("_nats.req.level").as_text().is_some() {
        columns.row("Required API Level", api_level_text(config));
    }
    columns.row(
        "Last Delivered Message",
        sequences(info.at("delivered"), "Last delivery"),
    );
    if config.text("ack_policy") != "none" {
        columns.row(
            "Acknowledgment Floor",
            sequences(info.at("ack_floor"), "Last Ack"),
        );
        let pending = commas(info.uint("num_ack_pending"));
        let text = match config.int("max_ack_pending") {
            most if most > 0 => format!("{pending} out of maximum {}", commas(most)),
            _ => pending,
        };
        columns.row("Outstanding Acks", text);
        columns.row("Redelivered Messages", commas(info.uint("num_redelivered")));
    }
    columns.row("Unprocessed Messages", commas(info.uint("num_pending")));
    if is_push(config) {
        let group = config.text("deliver_group");
        let interest = match (info.on("push_bound"), group) {
            (true, "") => "Active".to_owned(),
            (true, group) => format!("Active using Queue Group {group}"),
            (false, _) => "No interest".to_owned(),
        };
        columns.row("Active Interest", interest);
    } else {
        let waiting = commas(info.uint("num_waiting"));
        let text = match config.int("max_waiting") {
            most if most > 0 => format!("{waiting} of maximum {}", commas(most)),
            _ => format!("{waiting} of unlimited"),
        };
        columns.row("Waiting Pulls", text);
    }
    if info.on("paused") {
        columns.row(
            "Paused Until",
            paused_text(config.text("pause_until"), info.int("pause_remaining")),
        );
    }
    let groups: Vec<String> = info
        .list("priority_groups")
        .iter()
        .map(group_text)
        .collect();
    columns.rows("Priority Groups", &groups);
}

/// `2026-11-23 09:00:00 (1h0m0s)`.
pub fn paused_text(until: &str, remaining: i64) -> String {
    format!(
        "{} ({})",
        local_time(until),
        human_duration(whole_seconds(remaining))
    )
}

fn group_text(group: &Json) -> String {
    let name = group.text("group");
    let id = group.text("pinned_client_id");
    if id.is_empty() {
        return format!("{name}: No client");
    }
    format!(
        "{name}: pinned {id} at {}",
        local_time(group.text("pinned_ts"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::columns::Format;

    fn text(json: &str) -> String {
        columns(&Json::parse(json.as_bytes()).unwrap(), false).render_as(Format::Aligned)
    }

    #[test]
    fn pull_and_push_consumers_show_what_they_have() {
        let pull = text(
            r#"{"stream_name":"S","name":"C","created":"2026-11-23T08:07:24Z","config":{"durable_name":"C","deliver_policy":"by_start_sequence",
            "opt_start_seq":1000,"ack_policy":"explicit","ack_wait":30000000000,"max_deliver":-1,"max_ack_pending":1000,"max_waiting":512,
            "replay_policy":"instant","backoff":[60000000000,120000000000],"metadata":{"_nats.mirror.stream":"M","_nats.mirror.acc":"A"}},
            "delivered":{"consumer_seq":4,"stream_seq":6},"ack_floor":{"consumer_seq":1,"stream_seq":3},"num_ack_pending":1,"num_waiting":0}"#,
        );
        for wanted in [
            "Information for Consumer S > C created ",
            "Pull Mode: true\n",
            "Deliver Policy: From Sequence 1,000\n",
            "Ack Wait: 30.00s\n",
            "Backoff: 1m0s, 2m0s\n",
            "Mirror Target:\n\n",
            "Account: A\n",
            "Last Delivered Message: Consumer sequence: 4 Stream sequence: 6\n",
            "Outstanding Acks: 1 out of maximum 1,000\n",
            "Waiting Pulls: 0 of maximum 512\n",
        ] {
            assert!(pull.contains(wanted), "{wanted} is not in {pull}");
        }
        let push = text(
            r#"{"stream_name":"S","name":"P","config":{"name":"P","deliver_subject":"d","deliver_group":"g","deliver_policy":"all","ack_policy":"none",
            "replay_policy":"original","rate_limit_bps":8192},"push_bound":true,"priority_groups":[{"group":"g1"}]}"#,
        );
        for wanted in [
            "Delivery Subject: d\n",
            "Rate Limit: 1.0 KiB / second\n",
            "Flow Control: false\n",
            "Active Interest: Active using Queue Group g\n",
            "Priority Groups: g1: No client\n",
        ] {
            assert!(push.contains(wanted), "{wanted} is not in {push}");
        }
        assert!(!push.contains("Outstanding Acks"), "{push}");
    }
}
