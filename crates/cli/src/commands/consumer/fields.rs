//! Consumers in JSON: which fields there are, in which order, and which of
//! them stand there without a value.

use crate::commands::assets::shape::{CONSUMER_CONFIG, NO_TIME, without_envelope};
use crate::output::Json;

/// Whether a field without a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Empty {
    /// It is left out.
    Out,
    /// It is written with this text.
    Text(&'static str),
    /// It is written as 0.
    Zero,
}

use Empty::{Out, Text, Zero};

const INFO: &[(&str, Empty)] = &[
    ("stream_name", Text("")),
    ("name", Text("")),
    ("config", Out),
    ("created", Text(NO_TIME)),
    ("delivered", Out),
    ("ack_floor", Out),
    ("num_ack_pending", Zero),
    ("num_redelivered", Zero),
    ("num_waiting", Zero),
    ("num_pending", Zero),
    ("cluster", Out),
    ("push_bound", Out),
    ("paused", Out),
    ("pause_remaining", Out),
    ("ts", Text(NO_TIME)),
    ("priority_groups", Out),
];

const GROUP: &[(&str, Empty)] = &[
    ("group", Text("")),
    ("pinned_client_id", Out),
    ("pinned_ts", Text(NO_TIME)),
];

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Text(text) => text.is_empty(),
        Json::List(values) => values.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        value => value.as_int() == Some(0) || matches!(value, Json::Bool(false)),
    }
}

/// The known fields in their order, then all others as they came.
fn arranged(value: &Json, fields: &[(&str, Empty)]) -> Json {
    let mut out = Json::object();
    for (key, empty) in fields {
        match (value.key(key), empty) {
            (found, Out) if is_empty(found) => {}
            (found, Text(text)) if is_empty(found) => {
                out.set(key, *text);
            }
            (found, Zero) if is_empty(found) => {
                out.set(key, 0);
            }
            (found, _) => {
                out.set(key, found.clone());
            }
        }
    }
    for (key, found) in value.entries("") {
        if !fields.iter().any(|(known, _)| known == key) {
            out.set(key, found.clone());
        }
    }
    out
}

/// A consumer's configuration as it is shown, written to files and sent.
pub fn configuration(config: &Json) -> Json {
    CONSUMER_CONFIG.arranged(config)
}

/// Information about a consumer as it is shown, from an answer of the server.
pub fn information(answer: &Json) -> Json {
    let mut info = without_envelope(answer);
    if let Some(config) = info.key_mut("config") {
        *config = configuration(config);
    }
    if let Some(Json::List(groups)) = info.key_mut("priority_groups") {
        for group in groups {
            *group = arranged(group, GROUP);
        }
    }
    arranged(&info, INFO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_fields_are_there_without_a_value() {
        let config = Json::parse(
            br#"{"new":1,"name":"C","max_deliver":0,"backoff":[],"priority_policy":"none","durable_name":"C","description":"d"}"#,
        )
        .unwrap();
        assert_eq!(
            configuration(&config).compact(),
            r#"{"description":"d","ack_policy":"none","deliver_policy":"all","durable_name":"C","name":"C","replay_policy":"instant","num_replicas":0,"pause_until":"0001-01-01T00:00:00Z","new":1}"#
        );
    }

    #[test]
    fn information_has_no_envelope() {
        let answer = Json::parse(
            br#"{"type":"t","ts":"x","num_waiting":1,"config":{},"stream_name":"S","priority_groups":[{"group":"g"}]}"#,
        )
        .unwrap();
        let info = information(&answer);
        let keys: Vec<&str> = info.entries("").iter().map(|(key, _)| &**key).collect();
        assert_eq!(
            keys,
            [
                "stream_name",
                "name",
                "config",
                "created",
                "num_ack_pending",
                "num_redelivered",
                "num_waiting",
                "num_pending",
                "ts",
                "priority_groups"
            ]
        );
        assert_eq!(
            info.at("priority_groups").compact(),
            r#"[{"group":"g","pinned_ts":"0001-01-01T00:00:00Z"}]"#
        );
    }
}
