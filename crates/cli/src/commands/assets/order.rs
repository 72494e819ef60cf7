//! The order in which `--json` prints keys, whichever the server has.

use crate::output::Json;

const STREAM_CONFIG: &[&str] = &[
    "name",
    "description",
    "subjects",
    "subject_transform",
    "retention",
    "max_consumers",
    "max_msgs_per_subject",
    "max_msgs",
    "max_bytes",
    "max_age",
    "max_msg_size",
    "storage",
    "discard",
    "num_replicas",
    "no_ack",
    "duplicate_window",
    "placement",
    "mirror",
    "sources",
    "compression",
    "first_seq",
    "republish",
    "sealed",
    "deny_delete",
    "deny_purge",
    "allow_rollup_hdrs",
    "allow_direct",
    "mirror_direct",
    "discard_new_per_subject",
    "allow_msg_ttl",
    "subject_delete_marker_ttl",
    "allow_msg_counter",
    "allow_atomic",
    "allow_batched",
    "allow_msg_schedules",
    "persist_mode",
    "metadata",
    "consumer_limits",
];

const STREAM_INFO: &[&str] = &[
    "config",
    "created",
    "state",
    "domain",
    "cluster",
    "mirror",
    "sources",
    "alternates",
    "ts",
];

/// What answers have around the information itself.
const ENVELOPE: &[&str] = &["type", "total", "offset", "limit", "did_create"];

/// The keys in an order, then all others as they came.
fn ordered(value: &Json, order: &[&str]) -> Json {
    let rank = |key: &str| {
        order
            .iter()
            .position(|known| *known == key)
            .unwrap_or(order.len())
    };
    let mut entries = value.entries("").to_vec();
    // Stable: unknown keys stay behind each other.
    entries.sort_by_key(|(key, _)| rank(key));
    Json::Object(entries)
}

/// A stream's configuration.
pub fn stream_config(config: &Json) -> Json {
    ordered(config, STREAM_CONFIG)
}

fn without_envelope(answer: &Json) -> Json {
    let mut out = answer.clone();
    for key in ENVELOPE {
        out.remove(key);
    }
    out
}

/// Information about a stream, from an answer of the server.
pub fn stream_info(answer: &Json) -> Json {
    let mut out = ordered(&without_envelope(answer), STREAM_INFO);
    if let Some(config) = out.key_mut("config") {
        *config = stream_config(config);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys_come_first_and_the_envelope_goes() {
        let answer = Json::parse(
            br#"{"type":"t","total":0,"ts":"x","new":1,"state":{},"config":{"storage":"file","other":1,"name":"S"}}"#,
        )
        .unwrap();
        assert_eq!(
            stream_info(&answer).compact(),
            r#"{"config":{"name":"S","storage":"file","other":1},"state":{},"ts":"x","new":1}"#
        );
    }
}
