//! What is shown about a consumer (cli.md 5.2).

use super::fields;
use crate::commands::stream::information::api_level_text;
use crate::format::{
    commas, go_duration, go_time, human_duration, human_size, is_unset_time, join, local_time,
    parse_rfc3339, since,
};
use crate::jetstream::describe;
use crate::output::{Columns, Json};

/// Most delays of a backoff policy that are all shown.
const ALL_DELAYS: usize = 15;
/// Delays that are shown of each end of a longer one.
const SOME_DELAYS: usize = 5;

/// Prints information about a consumer, or its state only; as JSON or for
/// people.
pub fn show(info: &Json, state_only: bool, json: bool) {
    if json {
        fields::information(info).print();
    } else {
        columns(info, state_only).print();
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
    }
    cluster(&mut columns, info);
    state(&mut columns, info);
    columns
}

/// Nanoseconds from a time until the server gave the information; `None` if
/// the time is not set.
pub fn age(info: &Json, time: &str) -> Option<i64> {
    if is_unset_time(time) {
        return None;
    }
    let at = info.text("ts");
    match (parse_rfc3339(at), parse_rfc3339(time)) {
        (Some(now), Some(then)) if !is_unset_time(at) => {
            i64::try_from(now.as_nanosecond() - then.as_nanosecond()).ok()
        }
        (_, _) => since(time),
    }
}

/// Whether it delivers by itself.
pub fn is_push(config: &Json) -> bool {
    !config.text("deliver_subject").is_empty()
}

/// Acknowledgement policy in words.
pub fn ack_text(config: &Json) -> &str {
    match config.text("ack_policy") {
        "none" | "" => "None",
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
        "by_start_sequence" => format!("From Sequence {}", config.uint("opt_start_seq")),
        "by_start_time" => format!("Since {}", go_time(config.text("opt_start_time"))),
        other => other.to_owned(),
    }
}

fn delays_text(config: &Json) -> String {
    let delays: Vec<String> = config
        .list("backoff")
        .iter()
        .map(|delay| go_duration(delay.as_int().unwrap_or_default()))
        .collect();
    let count = delays.len();
    match (
        delays.get(..SOME_DELAYS),
        delays.get(count.saturating_sub(SOME_DELAYS)..),
    ) {
        (Some(first), Some(last)) if count > ALL_DELAYS => {
            format!("{}, ..., {} ({count} total)", join(first), join(last))
        }
        (_, _) => join(&delays),
    }
}

fn configuration(columns: &mut Columns, info: &Json) {
    let config = info.at("config");
    columns.section("Configuration");
    columns.row_filled("Name", config.text("name"));
    let durable = config.text("durable_name");
    if durable != config.text("name") {
        columns.row_filled("Durable Name", durable);
    }
    columns.row_filled("Description", config.text("description"));
    if is_push(config) {
        columns.row("Delivery Subject", config.text("deliver_subject"));
    } else {
        columns.row("Pull Mode", "true");
    }
    match config.text("filter_subject") {
        "" => columns.row_filled("Filter Subjects", join(&config.texts("filter_subjects"))),
        filter => columns.row("Filter Subject", filter),
    };
    columns.row("Deliver Policy", deliver_text(config));
    if is_push(config) {
        columns.row_filled("Deliver Queue Group", config.text("deliver_group"));
    }
    columns.row("Ack Policy", ack_text(config));
    if config.text("ack_policy") != "none" {
        columns.row("Ack Wait", human_duration(config.int("ack_wait")));
    }
    let replay = match config.text("replay_policy") {
        "original" => "Original",
        _ => "Instant",
    };
    columns.row("Replay Policy", replay);
    if config.int("max_deliver") != -1 {
        columns.row("Maximum Deliveries", commas(config.int("max_deliver")));
    }
    columns.row_filled("Sampling Rate", config.text("sample_freq"));
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
    if !is_push(config) {
        duration(columns, "Inactive Threshold", config, "inactive_threshold");
    }
    duration(columns, "Max Pull Expire", config, "max_expires");
    count(columns, "Max Pull Batch", config, "max_batch");
    count(columns, "Max Pull MaxBytes", config, "max_bytes");
    columns.row_filled("Backoff", delays_text(config));
    count(columns, "Replicas", config, "num_replicas");
    if config.on("mem_storage") {
        columns.row("Memory Storage", "true");
    }
    let pause = config.text("pause_until");
    if info.on("paused") {
        columns.row("Paused Until Deadline", remaining_text(info, pause));
    } else if !is_unset_time(pause) {
        columns.row(
            "Paused Until Deadline",
            format!("{} (passed)", local_time(pause)),
        );
    }
    let policy = match config.text("priority_policy") {
        "pinned_client" => "Pinned Client",
        "overflow" => "Overflow",
        "prioritized" => "Prioritized",
        "none" | "" => return,
        other => other,
    };
    columns.row("Priority Policy", policy);
    columns.row("Priority Groups", join(&config.texts("priority_groups")));
    if policy == "Pinned Client" {
        columns.row("Pinned TTL", human_duration(config.int("priority_timeout")));
    }
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

/// Rounded to seconds, so that an hour set a moment ago is an hour.
pub fn whole_seconds(nanos: i64) -> String {
    const SECOND: i64 = 1_000_000_000;
    go_duration(nanos.saturating_add(SECOND / 2) / SECOND * SECOND)
}

fn remaining_text(info: &Json, until: &str) -> String {
    format!(
        "{} ({} remaining)",
        local_time(until),
        whole_seconds(info.int("pause_remaining"))
    )
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

/// The servers that have the consumer, in a cluster.
fn cluster(columns: &mut Columns, info: &Json) {
    let cluster = info.at("cluster");
    if cluster.text("name").is_empty() {
        return;
    }
    columns.section("Cluster Information");
    columns.row("Name", cluster.text("name"));
    columns.row_filled("Raft Group", cluster.text("raft_group"));
    let leader = cluster.text("leader");
    let leader = match age(info, cluster.text("leader_since")) {
        Some(age) => format!("{leader} ({})", human_duration(age)),
        None => leader.to_owned(),
    };
    columns.row("Leader", leader);
    for replica in cluster.list("replicas") {
        let current = if replica.on("current") {
            "current"
        } else {
            "outdated"
        };
        let seen = match replica.int("active") {
            0 | i64::MAX => "not seen".to_owned(),
            active => format!("seen {} ago", human_duration(active)),
        };
        columns.row(
            "Replica",
            format!("{}, {current}, {seen}", replica.text("name")),
        );
    }
}

fn sequences(info: &Json, key: &str, label: &str) -> String {
    let at = info.at(key);
    let text = format!(
        "Consumer sequence: {} Stream sequence: {}",
        commas(at.uint("consumer_seq")),
        commas(at.uint("stream_seq"))
    );
    match age(info, at.text("last_active")) {
        Some(age) => format!("{text} {label}: {} ago", human_duration(age)),
        None => text,
    }
}

fn state(columns: &mut Columns, info: &Json) {
    let config = info.at("config");
    columns.section("State");
    let metadata = config.at("metadata");
    let filled = |key: &str| metadata.key(key).as_text().filter(|text| !text.is_empty());
    columns.row_some("Host Version", filled("_nats.ver"));
    if filled("_nats.req.level").is_some() || filled("_nats.level").is_some() {
        columns.row("Required API Level", api_level_text(config));
    }
    columns.row(
        "Last Delivered Message",
        sequences(info, "delivered", "Last delivery"),
    );
    if config.text("ack_policy") != "none" {
        columns.row(
            "Acknowledgment Floor",
            sequences(info, "ack_floor", "Last Ack"),
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
        columns.row("Paused Until", remaining_text(info, &pause_end(info)));
    }
    if config.text("priority_policy") == "pinned_client" {
        groups(columns, info);
    }
}

/// When a pause ends, by the clock of the server.
pub fn pause_end(info: &Json) -> String {
    let end = parse_rfc3339(info.text("ts")).and_then(|now| {
        let left = jiff::SignedDuration::from_nanos(info.int("pause_remaining"));
        now.checked_add(left).ok()
    });
    match end {
        Some(end) => crate::format::rfc3339(end),
        None => info.text("config.pause_until").to_owned(),
    }
}

/// Groups by name, with the clients that they are pinned to.
fn groups(columns: &mut Columns, info: &Json) {
    let mut groups: Vec<(&str, String)> = info
        .list("priority_groups")
        .iter()
        .map(|group| {
            let client = match group.text("pinned_client_id") {
                "" => "No client".to_owned(),
                id => format!("pinned {id} at {}", local_time(group.text("pinned_ts"))),
            };
            (group.text("group"), client)
        })
        .collect();
    groups.sort();
    let width = |name: &str| name.chars().count();
    let longest = groups.iter().map(|(name, _)| width(name)).max();
    let texts: Vec<String> = groups
        .iter()
        .map(|(name, client)| {
            let pad = longest.unwrap_or(0).saturating_sub(width(name));
            format!("{}{name}: {client}", " ".repeat(pad))
        })
        .collect();
    columns.rows("Priority Groups", &texts);
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
            "Deliver Policy: From Sequence 1000\n",
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
            "replay_policy":"original","rate_limit_bps":8192,"priority_policy":"pinned_client"},"push_bound":true,"priority_groups":[{"group":"g1"},{"group":"g"}]}"#,
        );
        for wanted in [
            "Delivery Subject: d\n",
            "Rate Limit: 1.0 KiB / second\n",
            "Flow Control: false\n",
            "Active Interest: Active using Queue Group g\n",
            "Priority Groups:  g: No client\n",
            "                  g1: No client\n",
        ] {
            assert!(push.contains(wanted), "{wanted} is not in {push}");
        }
        assert!(!push.contains("Outstanding Acks"), "{push}");
    }
}
