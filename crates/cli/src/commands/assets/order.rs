//! The order in which `--json` prints keys, whichever the server has.

use crate::output::Json;

const CONSUMER_CONFIG: &[&str] = &[
    "ack_policy",
    "ack_wait",
    "deliver_policy",
    "deliver_subject",
    "deliver_group",
    "durable_name",
    "name",
    "description",
    "filter_subject",
    "filter_subjects",
    "flow_control",
    "idle_heartbeat",
    "max_ack_pending",
    "max_deliver",
    "backoff",
    "max_waiting",
    "opt_start_seq",
    "opt_start_time",
    "rate_limit_bps",
    "replay_policy",
    "sample_freq",
    "headers_only",
    "max_batch",
    "max_expires",
    "max_bytes",
    "inactive_threshold",
    "num_replicas",
    "mem_storage",
    "metadata",
    "pause_until",
    "priority_groups",
    "priority_policy",
    "priority_timeout",
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

/// A consumer's configuration.
pub fn consumer_config(config: &Json) -> Json {
    ordered(config, CONSUMER_CONFIG)
}

fn without_envelope(answer: &Json) -> Json {
    let mut out = answer.clone();
    for key in ENVELOPE {
        out.remove(key);
    }
    out
}

/// Information about a consumer, from an answer of the server.
pub fn consumer_info(answer: &Json) -> Json {
    let mut out = without_envelope(answer);
    if let Some(config) = out.key_mut("config") {
        *config = consumer_config(config);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys_come_first_and_the_envelope_goes() {
        let answer = Json::parse(
            br#"{"type":"t","total":0,"ts":"x","config":{"num_replicas":1,"other":1,"name":"C"}}"#,
        )
        .unwrap();
        assert_eq!(
            consumer_info(&answer).compact(),
            r#"{"ts":"x","config":{"name":"C","num_replicas":1,"other":1}}"#
        );
    }
}
