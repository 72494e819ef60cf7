//! What expressions of `find` can name.

use crate::output::Json;

/// Fields whose names in expressions differ from their words in JSON.
const RENAMED: &[(&str, &str)] = &[
    ("max_msgs_per_subject", "MaxMsgsPer"),
    ("num_replicas", "Replicas"),
    ("duplicate_window", "Duplicates"),
    ("first_seq", "FirstSeq"),
    ("allow_rollup_hdrs", "RollupAllowed"),
    ("discard_new_per_subject", "DiscardNewPer"),
    ("allow_msg_ttl", "AllowMsgTTL"),
    ("subject_delete_marker_ttl", "SubjectDeleteMarkerTTL"),
    ("messages", "Msgs"),
    ("first_ts", "FirstTime"),
    ("last_ts", "LastTime"),
    ("consumer_count", "Consumers"),
    ("ts", "TimeStamp"),
    ("durable_name", "Durable"),
    ("idle_heartbeat", "Heartbeat"),
    ("backoff", "BackOff"),
    ("rate_limit_bps", "RateLimit"),
    ("sample_freq", "SampleFrequency"),
    ("max_batch", "MaxRequestBatch"),
    ("max_expires", "MaxRequestExpires"),
    ("mem_storage", "MemoryStorage"),
    ("priority_timeout", "PinnedTTL"),
    ("stream_name", "Stream"),
    ("num_ack_pending", "NumAckPending"),
    ("consumer_seq", "Consumer"),
    ("stream_seq", "Stream"),
    ("last_active", "Last"),
    ("republish", "RePublish"),
];

fn field_name(key: &str) -> String {
    if let Some((_, name)) = RENAMED.iter().find(|(known, _)| *known == key) {
        return (*name).to_owned();
    }
    key.split('_')
        .map(|word| {
            let mut letters = word.chars();
            match letters.next() {
                Some(first) => first.to_uppercase().chain(letters).collect(),
                None => String::new(),
            }
        })
        .collect()
}

/// A value with its fields named as in the original's own structures.
fn structure(value: &Json) -> Json {
    match value {
        Json::Object(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| {
                    let value = if key == "metadata" {
                        value.clone()
                    } else {
                        structure(value)
                    };
                    (field_name(key), value)
                })
                .collect(),
        ),
        Json::List(values) => Json::List(values.iter().map(structure).collect()),
        other => other.clone(),
    }
}

/// The variables about an asset: `config`, `state` and `info` with the fields
/// of the JSON, and `Info` with those of the original's structures.
pub fn variables(info: &Json) -> Json {
    let state = match info.at("state") {
        Json::Null => info,
        state => state,
    };
    Json::object()
        .with("config", info.at("config").clone())
        .with("state", state.clone())
        .with("info", info.clone())
        .with("Info", structure(info))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression;

    #[test]
    fn fields_have_both_names() {
        let info = Json::parse(
            br#"{"config":{"name":"S","num_replicas":3,"metadata":{"a_b":"1"}},"state":{"messages":5,"num_deleted":1}}"#,
        )
        .unwrap();
        for text in [
            "state.messages == 5",
            "info.config.num_replicas == 3",
            "Info.Config.Replicas == 3",
            "Info.State.Msgs == 5 and Info.State.NumDeleted == 1",
            "Info.Config.Metadata['a_b'] == '1'",
        ] {
            let expression = Expression::parse(text).unwrap();
            assert!(expression.holds(&variables(&info)).unwrap(), "{text}");
        }
    }
}
