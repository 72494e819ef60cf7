//! Parts of streams and consumers in words.

use crate::format::{commas, human_duration, is_unset_time, since};
use crate::output::{Columns, Json};

/// Kind of storage.
pub fn storage(kind: &str) -> &'static str {
    if kind == "memory" { "Memory" } else { "File" }
}

/// Age of a stream's last message, or `never`.
pub fn last_message(info: &Json) -> String {
    let time = info.text("state.last_ts");
    match since(time) {
        Some(age) if !is_unset_time(time) => human_duration(age),
        _ => "never".to_owned(),
    }
}

/// A section with the user's metadata, if there is any.
pub fn metadata(columns: &mut Columns, metadata: &Json) {
    let mut pairs: Vec<(&str, &str)> = metadata
        .entries("")
        .iter()
        .filter(|(key, _)| !key.starts_with("_nats."))
        .map(|(key, value)| (key.as_str(), value.as_text().unwrap_or_default()))
        .collect();
    if pairs.is_empty() {
        return;
    }
    pairs.sort_unstable();
    columns.section("Metadata");
    for (key, value) in pairs {
        columns.row(key, value);
    }
}

/// Rows about the servers that have a stream.
pub fn cluster(columns: &mut Columns, cluster: &Json) {
    group(columns, cluster, "Cluster Group");
}

/// Rows about the servers that have an asset; `label` is that of the Raft
/// group's name.
pub fn group(columns: &mut Columns, cluster: &Json, label: &str) {
    columns.row("Name", cluster.text("name"));
    columns.row_filled(label, cluster.text("raft_group"));
    let leader = cluster.text("leader");
    let since_text = cluster.text("leader_since");
    match since(since_text) {
        Some(age) if !is_unset_time(since_text) => {
            columns.row("Leader", format!("{leader} ({})", human_duration(age)));
        }
        _ => {
            columns.row("Leader", leader);
        }
    }
    for replica in cluster.list("replicas") {
        columns.row("Replica", replica_text(replica));
    }
}

/// A replica: its name, whether it is current, and when it was seen.
pub fn replica_text(replica: &Json) -> String {
    let mut parts = vec![replica.text("name").to_owned()];
    parts.push(
        if replica.on("current") {
            "current"
        } else {
            "outdated"
        }
        .to_owned(),
    );
    if replica.on("offline") {
        parts.push("OFFLINE".to_owned());
    }
    match replica.int("active") {
        active if active > 0 && active < i64::MAX => {
            parts.push(format!("seen {} ago", human_duration(active)));
        }
        _ => parts.push("not seen".to_owned()),
    }
    match replica.uint("lag") {
        0 => {}
        1 => parts.push("1 operation behind".to_owned()),
        lag => parts.push(format!("{} operations behind", commas(lag))),
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_says_how_far_behind_it_is() {
        let text = |json: &str| replica_text(&Json::parse(json.as_bytes()).unwrap());
        assert_eq!(
            text(r#"{"name":"n2","current":true,"active":136000000}"#),
            "n2, current, seen 136ms ago"
        );
        assert_eq!(
            text(r#"{"name":"n2","current":false,"offline":true,"active":0,"lag":1}"#),
            "n2, outdated, OFFLINE, not seen, 1 operation behind"
        );
    }
}
