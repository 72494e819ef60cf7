//! What expressions of `find` can name about a consumer (cli.md B.3).

use crate::commands::assets::structures::{CONSUMER, CONSUMER_CONFIG};
use crate::expression::{self, Value};
use crate::format::go_duration;
use crate::output::Json;

/// Fields of the information by their names in expressions. Those of the JSON
/// are there as well.
const STATE: &[(&str, &str)] = &[
    ("stream", "stream_name"),
    ("ackfloor", "ack_floor"),
    ("numackpending", "num_ack_pending"),
    ("numredelivered", "num_redelivered"),
    ("numwaiting", "num_waiting"),
    ("numpending", "num_pending"),
    ("timestamp", "ts"),
];
const SEQUENCES: &[(&str, &str)] = &[
    ("consumer", "consumer_seq"),
    ("stream", "stream_seq"),
    ("last", "last_active"),
];
const GROUP: &[(&str, &str)] = &[
    ("pinnedclientid", "pinned_client_id"),
    ("pinnedts", "pinned_ts"),
];

/// The variables: `config`, `state`, `info` and `Info`.
pub fn variables(info: &Json) -> Value {
    let config = CONSUMER_CONFIG.by_key(info.at("config"));
    let state = state(info, &config);
    expression::variables([
        ("config", config),
        ("state", state.clone()),
        ("info", state),
        ("Info", CONSUMER.by_name(info)),
    ])
}

fn state(info: &Json, config: &Value) -> Value {
    let mut out = renamed(info, STATE);
    out.set("delivered", renamed(info.at("delivered"), SEQUENCES))
        .set("ackfloor", renamed(info.at("ack_floor"), SEQUENCES))
        .set("pushbound", info.on("push_bound"))
        .set("paused", info.on("paused"))
        .set("pauseremaining", go_duration(info.int("pause_remaining")));
    let groups = info.list("priority_groups");
    let groups = groups.iter().map(|group| renamed(group, GROUP)).collect();
    out.set("prioritygroups", Json::List(groups));
    let mut out = Value::from(&out);
    if let Value::Map(entries) = &mut out {
        entries.retain(|(key, _)| key != "config");
        entries.push(("config".to_owned(), config.clone()));
        for (key, value) in entries {
            if matches!(key.as_str(), "created" | "timestamp" | "ts")
                && let Some((at, zone)) = value.as_time()
            {
                *value = Value::Time(at, zone);
            }
        }
    }
    out
}

/// A value with further names for some of its fields.
fn renamed(value: &Json, names: &[(&str, &str)]) -> Json {
    let mut out = match value {
        Json::Object(_) => value.clone(),
        _ => Json::object(),
    };
    for (name, key) in names {
        out.set(name, value.key(key).clone());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression;

    #[test]
    fn fields_have_the_names_of_both_forms() {
        let info = Json::parse(
            br#"{"stream_name":"S","name":"C","num_pending":5,"config":{"ack_wait":30000000000,"max_deliver":-1},
            "delivered":{"consumer_seq":2,"stream_seq":3}}"#,
        )
        .unwrap();
        for text in [
            "config.ack_wait == '30s'",
            "config.headers_only == false and config.max_waiting == 0",
            "config.ack_policy == 'none'",
            "state.numpending == 5 and info.num_pending == 5",
            "info.delivered.consumer == 2",
            "state.stream == 'S' and state.config.max_deliver == -1",
            "Info.NumPending == 5",
        ] {
            let expression = Expression::parse(text).unwrap();
            assert!(expression.holds(&variables(&info)).unwrap(), "{text}");
        }
    }
}
