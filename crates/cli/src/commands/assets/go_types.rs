//! Types of fields in configurations: what Go's library says of a value that
//! is of another one.

use crate::bail;
use crate::failure::Result;
use crate::output::Json;

/// The type of a field, as Go calls it.
#[derive(Clone, Copy, Debug)]
enum Type {
    Text,
    Bool,
    /// A number from a type's least to its largest value.
    Number(&'static str, i128, i128),
    Texts,
    /// One of these words.
    Word(&'static [&'static str]),
}

const INT: Type = Type::Number("int", i64::MIN as i128, i64::MAX as i128);
const INT32: Type = Type::Number("int32", i32::MIN as i128, i32::MAX as i128);
const INT64: Type = Type::Number("int64", i64::MIN as i128, i64::MAX as i128);
const UINT64: Type = Type::Number("uint64", 0, u64::MAX as i128);
const DURATION: Type = Type::Number("time.Duration", i64::MIN as i128, i64::MAX as i128);

/// A structure, and the fields of it that are no structures.
#[derive(Debug)]
pub struct Structure {
    name: &'static str,
    /// What Go calls the information that it may be in.
    information: &'static str,
    fields: &'static [(&'static str, Type)],
}

/// A stream's configuration.
pub const STREAM: Structure = Structure {
    name: "StreamConfig",
    information: "StreamInfo",
    fields: &[
        ("name", Type::Text),
        ("description", Type::Text),
        ("subjects", Type::Texts),
        (
            "retention",
            Type::Word(&["limits", "interest", "workqueue"]),
        ),
        ("max_consumers", INT),
        ("max_msgs_per_subject", INT64),
        ("max_msgs", INT64),
        ("max_bytes", INT64),
        ("max_age", DURATION),
        ("max_msg_size", INT32),
        ("storage", Type::Word(&["memory", "file"])),
        ("discard", Type::Word(&["new", "old"])),
        ("num_replicas", INT),
        ("no_ack", Type::Bool),
        ("duplicate_window", DURATION),
        ("compression", Type::Word(&["none", "s2", ""])),
        ("sealed", Type::Bool),
        ("deny_delete", Type::Bool),
        ("deny_purge", Type::Bool),
        ("allow_rollup_hdrs", Type::Bool),
        ("allow_direct", Type::Bool),
        ("mirror_direct", Type::Bool),
        ("discard_new_per_subject", Type::Bool),
        ("first_seq", UINT64),
        ("allow_msg_ttl", Type::Bool),
        ("subject_delete_marker_ttl", DURATION),
        ("allow_atomic", Type::Bool),
        ("allow_msg_counter", Type::Bool),
        ("allow_msg_schedules", Type::Bool),
        ("allow_batched", Type::Bool),
        ("persist_mode", Type::Word(&["default", "async", ""])),
    ],
};

/// A consumer's configuration; its words are looked at elsewhere.
pub const CONSUMER: Structure = Structure {
    name: "ConsumerConfig",
    information: "ConsumerInfo",
    fields: &[
        ("description", Type::Text),
        ("ack_wait", DURATION),
        ("deliver_subject", Type::Text),
        ("deliver_group", Type::Text),
        ("durable_name", Type::Text),
        ("name", Type::Text),
        ("filter_subject", Type::Text),
        ("filter_subjects", Type::Texts),
        ("flow_control", Type::Bool),
        ("idle_heartbeat", DURATION),
        ("max_ack_pending", INT),
        ("max_deliver", INT),
        ("max_waiting", INT),
        ("opt_start_seq", UINT64),
        ("rate_limit_bps", UINT64),
        ("sample_freq", Type::Text),
        ("headers_only", Type::Bool),
        ("max_batch", INT),
        ("max_expires", DURATION),
        ("max_bytes", INT),
        ("inactive_threshold", DURATION),
        ("num_replicas", INT),
        ("mem_storage", Type::Bool),
        ("priority_groups", Type::Texts),
        ("priority_timeout", DURATION),
        ("direct", Type::Bool),
    ],
};

impl Structure {
    /// Fails for a field that is of another type; the configuration may have
    /// been in the information about its asset. Words come first: what is
    /// none of them ends the reading at once.
    pub fn check(&self, config: &Json, in_information: bool) -> Result<()> {
        self.check_words(config, Json::compact)?;
        for (key, value) in config.entries("") {
            let Some((_, wanted)) = self.known(key) else {
                continue;
            };
            if let Some((found, wanted)) = mismatch(value, *wanted) {
                let name = if in_information {
                    format!("{}.config", self.information)
                } else {
                    self.name.to_owned()
                };
                bail!(
                    "json: cannot unmarshal {found} into Go struct field {name}.{key} of type {wanted}"
                );
            }
        }
        Ok(())
    }

    /// Fails for a word that a field cannot have; `shown` is how the error has
    /// it.
    pub fn check_words(&self, config: &Json, shown: impl Fn(&Json) -> String) -> Result<()> {
        for (key, value) in config.entries("") {
            if let Some((_, Type::Word(words))) = self.known(key)
                && !words.iter().any(|word| value.as_text() == Some(word))
            {
                bail!("can not unmarshal {:?}", shown(value));
            }
        }
        Ok(())
    }

    fn known(&self, key: &str) -> Option<&(&'static str, Type)> {
        self.fields.iter().find(|(name, _)| *name == key)
    }
}

/// What a value is and should be, if those are not the same.
fn mismatch(value: &Json, wanted: Type) -> Option<(String, &'static str)> {
    match (wanted, value) {
        // Nothing leaves a field as it is.
        (_, Json::Null)
        | (Type::Word(_), _)
        | (Type::Text, Json::Text(_))
        | (Type::Bool, Json::Bool(_)) => None,
        (Type::Text, other) => Some((kind(other).to_owned(), "string")),
        (Type::Bool, other) => Some((kind(other).to_owned(), "bool")),
        (Type::Number(_, least, most), Json::Int(number)) if (least..=most).contains(number) => {
            None
        }
        (Type::Number(name, ..), Json::Int(_) | Json::Float(_)) => {
            Some((format!("number {}", value.compact()), name))
        }
        (Type::Number(name, ..), other) => Some((kind(other).to_owned(), name)),
        (Type::Texts, Json::List(values)) => {
            values.iter().find_map(|value| mismatch(value, Type::Text))
        }
        (Type::Texts, other) => Some((kind(other).to_owned(), "[]string")),
    }
}

/// What Go calls a kind of values.
pub fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Int(_) | Json::Float(_) => "number",
        Json::Text(_) => "string",
        Json::List(_) => "array",
        Json::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_those_of_go() {
        for (config, why) in [
            (
                r#"{"max_msgs":"5"}"#,
                "json: cannot unmarshal string into Go struct field StreamConfig.max_msgs of type int64",
            ),
            (
                r#"{"max_age":1.5}"#,
                "json: cannot unmarshal number 1.5 into Go struct field StreamConfig.max_age of type time.Duration",
            ),
            (
                r#"{"max_msg_size":9999999999}"#,
                "json: cannot unmarshal number 9999999999 into Go struct field StreamConfig.max_msg_size of type int32",
            ),
            (
                r#"{"first_seq":-1}"#,
                "json: cannot unmarshal number -1 into Go struct field StreamConfig.first_seq of type uint64",
            ),
            (
                r#"{"name":5}"#,
                "json: cannot unmarshal number into Go struct field StreamConfig.name of type string",
            ),
            (
                r#"{"subjects":"s"}"#,
                "json: cannot unmarshal string into Go struct field StreamConfig.subjects of type []string",
            ),
            (
                r#"{"subjects":[1]}"#,
                "json: cannot unmarshal number into Go struct field StreamConfig.subjects of type string",
            ),
            (
                r#"{"max_age":"1h","storage":"x"}"#,
                r#"can not unmarshal "\"x\"""#,
            ),
        ] {
            let config = Json::parse(config.as_bytes()).unwrap();
            assert_eq!(STREAM.check(&config, false).unwrap_err().to_string(), why);
        }
        let right = br#"{"name":null,"max_age":5,"subjects":["s"],"unknown":{}}"#;
        assert!(STREAM.check(&Json::parse(right).unwrap(), true).is_ok());
    }
}
