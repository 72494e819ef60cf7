//! What is shown about a stream (cli.md 4.4).

use crate::commands::assets::shape::{STREAM_INFO, without_envelope};
use crate::format::{
    commas, go_time, human_duration, human_size, is_unset_time, join, local_time, parse_rfc3339,
};
use crate::jetstream::describe;
use crate::output::{Columns, Json};

/// Prints information about a stream, or its state only; as JSON or for
/// people.
pub fn show(info: &Json, state_only: bool, json: bool) {
    if json {
        STREAM_INFO.arranged(&without_envelope(info)).print();
    } else {
        columns(info, state_only).print();
    }
}

fn columns(info: &Json, state_only: bool) -> Columns {
    let name = info.text("config.name");
    let created = local_time(info.text("created"));
    let what = if state_only { "State" } else { "Information" };
    let mut columns = Columns::new(format!("{what} for Stream {name} created {created}"));
    if !state_only {
        configuration(&mut columns, info.at("config"));
    }
    if info.has("cluster") && info.has("cluster.name") {
        columns.section("Cluster Information");
        describe::cluster(&mut columns, info.at("cluster"));
        columns.text("");
    }
    if info.has("mirror") {
        columns.section("Mirror Information");
        origin(&mut columns, info.at("mirror"));
    }
    let sources = info.list("sources");
    if !sources.is_empty() {
        columns.section("Source Information");
        for source in sources {
            origin(&mut columns, source);
            columns.text("");
        }
    }
    state(&mut columns, info);
    columns
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn configuration(columns: &mut Columns, config: &Json) {
    columns.row_filled("Description", config.text("description"));
    columns.row_filled("Subjects", join(&config.texts("subjects")));
    columns.row("Replicas", commas(config.int("num_replicas")));
    if config.on("sealed") {
        columns.row("Sealed", "true");
    }
    columns.row("Storage", capitalised(config.text("storage")));
    match config.text("compression") {
        "" | "none" => {}
        "s2" => {
            columns.row("Compression", "S2 Compression");
        }
        other => {
            columns.row("Compression", other);
        }
    }
    match config.text("persist_mode") {
        "" | "default" => {}
        mode => {
            columns.row("Persistence Mode", capitalised(mode));
        }
    }
    if config.uint("first_seq") > 0 {
        columns.row("First Sequence", commas(config.uint("first_seq")));
    }
    columns.row_filled("Placement Cluster", config.text("placement.cluster"));
    columns.row_filled("Placement Tags", join(&config.texts("placement.tags")));
    options(columns, config);
    limits(columns, config);
    describe::metadata(columns, config.at("metadata"));
    replication(columns, config);
    columns.text("");
}

fn options(columns: &mut Columns, config: &Json) {
    columns.section("Options");
    if !config.text("subject_transform.dest").is_empty() {
        columns.row(
            "Subject Transform",
            transform_text(config.at("subject_transform")),
        );
    }
    if config.has("republish") {
        let label = if config.on("republish.headers_only") {
            "Republishing Headers"
        } else {
            "Republishing"
        };
        columns.row(label, transform_text(config.at("republish")));
    }
    let retention = match config.text("retention") {
        "workqueue" => "WorkQueue".to_owned(),
        other => capitalised(other),
    };
    columns.row("Retention", retention);
    columns.row("Acknowledgments", (!config.on("no_ack")).to_string());
    let discard = if config.on("discard_new_per_subject") {
        "New Per Subject".to_owned()
    } else {
        capitalised(config.text("discard"))
    };
    columns.row("Discard Policy", discard);
    columns.row(
        "Duplicate Window",
        human_duration(config.int("duplicate_window")),
    );
    for (label, key) in [
        ("Direct Get", "allow_direct"),
        ("Mirror Direct Get", "mirror_direct"),
    ] {
        if config.on(key) {
            columns.row(label, "true");
        }
    }
    for (label, value) in [
        ("Allows Atomic Batch Publish", config.on("allow_atomic")),
        ("Allows Fast Batch Publish", config.on("allow_batched")),
        ("Allows Counters", config.on("allow_msg_counter")),
        ("Allows Msg Delete", !config.on("deny_delete")),
        ("Allows Per-Message TTL", config.on("allow_msg_ttl")),
        ("Allows Purge", !config.on("deny_purge")),
        ("Allows Schedules", config.on("allow_msg_schedules")),
    ] {
        columns.row(label, value.to_string());
    }
    if config.on("allow_msg_ttl") && config.int("subject_delete_marker_ttl") > 0 {
        columns.row(
            "Subject Delete Markers TTL",
            human_duration(config.int("subject_delete_marker_ttl")),
        );
    }
    columns.row("Allows Rollups", config.on("allow_rollup_hdrs").to_string());
}

/// `A to B`; without a destination what it matches only.
pub fn transform_text(transform: &Json) -> String {
    let source = match transform.text("src") {
        "" => ">",
        source => source,
    };
    match transform.text("dest") {
        "" => format!("{source} untransformed"),
        destination => format!("{source} to {destination}"),
    }
}

fn limits(columns: &mut Columns, config: &Json) {
    let count = |key: &str| match config.int(key) {
        -1 => "unlimited".to_owned(),
        limit => commas(limit),
    };
    let size = |key: &str| match config.int(key) {
        -1 => "unlimited".to_owned(),
        _ => human_size(config.uint(key)),
    };
    let above_zero = |key: &str, shown: fn(i64) -> String| match config.int(key) {
        limit if limit > 0 => shown(limit),
        _ => "unlimited".to_owned(),
    };
    columns.section("Limits");
    columns.row("Maximum Messages", count("max_msgs"));
    columns.row(
        "Maximum Per Subject",
        above_zero("max_msgs_per_subject", commas),
    );
    columns.row("Maximum Bytes", size("max_bytes"));
    columns.row("Maximum Age", above_zero("max_age", human_duration));
    columns.row("Maximum Message Size", size("max_msg_size"));
    columns.row("Maximum Consumers", count("max_consumers"));
    let inactive = config.int("consumer_limits.inactive_threshold");
    if inactive > 0 {
        columns.row("Consumer Inactive Threshold", human_duration(inactive));
    }
    let pending = config.int("consumer_limits.max_ack_pending");
    if pending > 0 {
        columns.row("Consumer Max Ack Pending", commas(pending));
    }
}

fn replication(columns: &mut Columns, config: &Json) {
    let sources = config.list("sources");
    if !config.has("mirror") && sources.is_empty() {
        return;
    }
    columns.section("Replication");
    if config.has("mirror") {
        columns.row("Mirror", source_text(config.at("mirror")));
    }
    let mut sources: Vec<&Json> = sources.iter().collect();
    sources.sort_by(|a, b| a.text("name").cmp(b.text("name")));
    let sources: Vec<String> = sources.into_iter().map(source_text).collect();
    columns.rows("Sources", &sources);
}

fn source_text(source: &Json) -> String {
    let mut parts = vec![source.text("name").to_owned()];
    if source.uint("opt_start_seq") > 0 {
        parts.push(format!(
            "Start Seq: {}",
            commas(source.uint("opt_start_seq"))
        ));
    }
    let start = source.text("opt_start_time");
    if !start.is_empty() {
        parts.push(format!("Start Time: {}", go_time(start)));
    }
    for (label, path) in [
        ("API Prefix", "external.api"),
        ("Delivery Prefix", "external.deliver"),
    ] {
        let value = source.text(path);
        if !value.is_empty() {
            parts.push(format!("{label}: {value}"));
        }
    }
    if source.has("consumer") {
        let name = source.text("consumer.name");
        parts.push(match source.text("consumer.deliver_subject") {
            "" => format!("Consumer Name: {name}"),
            subject => format!("Consumer Name: {name} ({subject})"),
        });
    }
    parts.join(", ")
}

/// Rows about a mirror's origin or a source, as the server sees it.
fn origin(columns: &mut Columns, source: &Json) {
    columns.row("Stream Name", source.text("name"));
    let transforms: Vec<String> = source
        .list("subject_transforms")
        .iter()
        .map(transform_text)
        .collect();
    match (source.text("filter_subject"), transforms.len()) {
        ("", 0) => {}
        ("", 1) => {
            columns.rows("Subject Filter and Transform", &transforms);
        }
        ("", _) => {
            columns.rows("Subject Filters and Transforms", &transforms);
        }
        (filter, _) => {
            columns.row("Subject Filter", filter);
        }
    }
    columns.row("Lag", commas(source.uint("lag")));
    columns.row("Last Seen", active_text(source));
    if source.has("external") {
        columns.row("Ext. API Prefix", source.text("external.api"));
    }
    columns.row_filled("Ext. Delivery Prefix", source.text("external.deliver"));
    if source.has("error") {
        columns.row("Error", source.text("error.description"));
    }
}

/// How long ago a source was heard of.
pub fn active_text(source: &Json) -> String {
    match source.int("active") {
        active if active > 0 && active < i64::MAX => human_duration(active),
        _ => "never".to_owned(),
    }
}

/// The API level that a stream needs.
pub fn required_level(config: &Json) -> &str {
    match config.at("metadata").key("_nats.req.level").as_text() {
        Some(level) if !level.is_empty() => level,
        _ => "0",
    }
}

/// `0 hosted at level 5`.
pub fn api_level_text(config: &Json) -> String {
    let required = required_level(config);
    match config.at("metadata").key("_nats.level").as_text() {
        Some(level) if !level.is_empty() => format!("{required} hosted at level {level}"),
        _ => required.to_owned(),
    }
}

/// The sequence, and the time if there is one. Servers may say 1970 for none.
fn sequence_text(state: &Json, seq: &str, time: &str) -> String {
    let number = commas(state.uint(seq));
    let is_epoch = |time: &str| parse_rfc3339(time).is_some_and(jiff::Timestamp::is_zero);
    match state.text(time) {
        unset if is_unset_time(unset) || is_epoch(unset) => number,
        time => format!("{number} @ {}", local_time(time)),
    }
}

fn state(columns: &mut Columns, info: &Json) {
    let state = info.at("state");
    let config = info.at("config");
    columns.section("State");
    let metadata = config.at("metadata");
    columns.row_some("Host Version", metadata.key("_nats.ver").as_text());
    if metadata.key("_nats.req.level").as_text().is_some() {
        columns.row("Required API Level", api_level_text(config));
    }
    columns.row("Messages", commas(state.uint("messages")));
    columns.row("Bytes", human_size(state.uint("bytes")));
    let lost = state.list("lost.msgs").len();
    if lost > 0 {
        columns.row("Lost Messages", lost_text(state));
    }
    columns.row(
        "First Sequence",
        sequence_text(state, "first_seq", "first_ts"),
    );
    columns.row("Last Sequence", sequence_text(state, "last_seq", "last_ts"));
    if state.uint("num_deleted") > 0 {
        columns.row("Deleted Messages", commas(state.uint("num_deleted")));
    }
    columns.row("Active Consumers", commas(state.uint("consumer_count")));
    if state.uint("num_subjects") > 0 {
        columns.row("Number of Subjects", commas(state.uint("num_subjects")));
    }
    alternates(columns, info);
}

/// Messages that the server lost, and their size.
pub fn lost_text(state: &Json) -> String {
    format!(
        "{} ({})",
        commas(u64::try_from(state.list("lost.msgs").len()).unwrap_or(u64::MAX)),
        human_size(state.uint("lost.bytes"))
    )
}

fn alternates(columns: &mut Columns, info: &Json) {
    let alternates = info.list("alternates");
    let longest = |key: &str| {
        alternates
            .iter()
            .map(|entry| entry.text(key).chars().count())
            .max()
            .unwrap_or(0)
    };
    let (names, clusters) = (longest("name"), longest("cluster"));
    let lines: Vec<String> = alternates
        .iter()
        .map(|entry| {
            let line = format!(
                "{:>names$}: Cluster: {:>clusters$}",
                entry.text("name"),
                entry.text("cluster")
            );
            match entry.text("domain") {
                "" => line,
                domain => format!("{line} Domain: {domain}"),
            }
        })
        .collect();
    columns.rows("Alternates", &lines);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_not_set_are_left_out() {
        let info = Json::parse(
            br#"{"created":"2026-11-23T08:07:24Z","config":{"name":"S","subjects":["a","b"],"num_replicas":1,"storage":"file",
            "retention":"workqueue","discard":"new","discard_new_per_subject":true,"max_msgs":10,"max_bytes":-1,"duplicate_window":120000000000,
            "metadata":{"k":"v","_nats.level":"5","_nats.req.level":"0"},"mirror":{"name":"O","opt_start_seq":7}},
            "state":{"messages":1000,"bytes":20,"first_seq":1,"first_ts":"0001-01-01T00:00:00Z","last_seq":1000,"consumer_count":2}}"#,
        )
        .unwrap();
        let text = columns(&info, false).render_as(crate::output::columns::Format::Aligned);
        for wanted in [
            "Subjects: a, b\n",
            "Retention: WorkQueue\n",
            "Discard Policy: New Per Subject\n",
            "Duplicate Window: 2m0s\n",
            "Maximum Messages: 10\n",
            "Maximum Bytes: unlimited\n",
            " k: v\n",
            "Mirror: O, Start Seq: 7\n",
            "Required API Level: 0 hosted at level 5\n",
            "Messages: 1,000\n",
            "First Sequence: 1\n",
        ] {
            assert!(text.contains(wanted), "{wanted} is not in {text}");
        }
        for unwanted in ["_nats", "Sealed", "Compression", "Direct Get", "Alternates"] {
            assert!(!text.contains(unwanted), "{unwanted} is in {text}");
        }
    }
}
