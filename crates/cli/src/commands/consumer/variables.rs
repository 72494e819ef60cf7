//! What expressions of `find` can name about a consumer (cli.md B.3).

use crate::commands::assets;
use crate::format::go_duration;
use crate::output::Json;

/// Fields of a configuration that are there without a value, too.
const TEXTS: &[&str] = &[
    "description",
    "deliver_subject",
    "deliver_group",
    "durable_name",
    "name",
    "filter_subject",
    "sample_freq",
];
const NUMBERS: &[&str] = &[
    "max_ack_pending",
    "max_deliver",
    "max_waiting",
    "opt_start_seq",
    "rate_limit_bps",
    "max_batch",
    "max_bytes",
    "num_replicas",
];
const SWITCHES: &[&str] = &["flow_control", "headers_only", "mem_storage", "direct"];
const LISTS: &[&str] = &["filter_subjects", "priority_groups", "backoff"];
/// Durations, which are texts such as `30s` in expressions.
const DURATIONS: &[&str] = &[
    "ack_wait",
    "idle_heartbeat",
    "max_expires",
    "inactive_threshold",
    "priority_timeout",
];
/// Policies, with the words that stand for "not set".
const POLICIES: &[(&str, &str)] = &[
    ("ack_policy", "none"),
    ("deliver_policy", "all"),
    ("replay_policy", "instant"),
    ("priority_policy", "none"),
];

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
pub fn variables(info: &Json) -> Json {
    let config = configuration(info.at("config"));
    let state = state(info, &config);
    let structure = assets::variables(info);
    Json::object()
        .with("config", config)
        .with("state", state.clone())
        .with("info", state)
        .with("Info", structure.at("Info").clone())
}

fn configuration(config: &Json) -> Json {
    let mut out = config.clone();
    let mut complete = |key: &str, value: Json| {
        if !config.has(key) {
            out.set(key, value);
        }
    };
    for key in TEXTS {
        complete(key, "".into());
    }
    for key in NUMBERS {
        complete(key, 0.into());
    }
    for key in SWITCHES {
        complete(key, false.into());
    }
    for key in LISTS {
        complete(key, Json::List(Vec::new()));
    }
    for (key, word) in POLICIES {
        complete(key, (*word).into());
    }
    complete("metadata", Json::object());
    for key in DURATIONS {
        out.set(key, go_duration(config.int(key)));
    }
    if let Some(Json::List(delays)) = out.key_mut("backoff") {
        for delay in delays {
            *delay = go_duration(delay.as_int().unwrap_or_default()).into();
        }
    }
    out
}

fn state(info: &Json, config: &Json) -> Json {
    let mut out = renamed(info, STATE);
    out.set("config", config.clone())
        .set("delivered", renamed(info.at("delivered"), SEQUENCES))
        .set("ackfloor", renamed(info.at("ack_floor"), SEQUENCES))
        .set("pushbound", info.on("push_bound"))
        .set("paused", info.on("paused"))
        .set("pauseremaining", go_duration(info.int("pause_remaining")));
    let groups = info.list("priority_groups");
    let groups = groups.iter().map(|group| renamed(group, GROUP)).collect();
    out.set("prioritygroups", Json::List(groups));
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
