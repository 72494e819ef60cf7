//! What an edit would change.

use crate::output::Json;

/// Lines of a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(Vec<String>);

impl Changes {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Text with their heading, and an empty line at its end.
    pub fn text(&self) -> String {
        format!("Differences (-old +new):\n{}\n", self.0.join("\n"))
    }
}

/// Whether a value stands for nothing having been set: servers leave some of
/// these out and add others.
fn is_unset(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Int(number) => *number == 0,
        Json::Float(number) => *number == 0.0,
        Json::Text(text) => text.is_empty(),
        Json::List(values) => values.is_empty(),
        Json::Object(entries) => entries.iter().all(|(_, value)| is_unset(value)),
    }
}

fn same(old: &Json, new: &Json) -> bool {
    old == new || (is_unset(old) && is_unset(new))
}

/// What is different between two configurations.
pub fn differences(old: &Json, new: &Json) -> Changes {
    let mut out = Vec::new();
    compare("", old, new, &mut out);
    Changes(out)
}

fn compare(prefix: &str, old: &Json, new: &Json, out: &mut Vec<String>) {
    let mut keys: Vec<&str> = old
        .entries("")
        .iter()
        .map(|(key, _)| key.as_str())
        .collect();
    for (key, _) in new.entries("") {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    for key in keys {
        let (before, after) = (old.key(key), new.key(key));
        if same(before, after) {
            continue;
        }
        let path = if prefix.is_empty() {
            key.to_owned()
        } else {
            format!("{prefix}.{key}")
        };
        if matches!((before, after), (Json::Object(_), Json::Object(_))) {
            compare(&path, before, after, out);
            continue;
        }
        if !before.is_null() {
            out.push(format!("- {path}: {}", before.compact()));
        }
        if !after.is_null() {
            out.push(format!("+ {path}: {}", after.compact()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(old: &str, new: &str) -> Vec<String> {
        differences(
            &Json::parse(old.as_bytes()).unwrap(),
            &Json::parse(new.as_bytes()).unwrap(),
        )
        .0
    }

    #[test]
    fn only_what_changes_is_shown() {
        assert_eq!(
            between(
                r#"{"a":1,"b":"x","c":{"d":1,"e":2},"g":[1]}"#,
                r#"{"a":1,"b":"y","c":{"d":1,"e":3},"f":true}"#
            ),
            [
                "- b: \"x\"",
                "+ b: \"y\"",
                "- c.e: 2",
                "+ c.e: 3",
                "- g: [1]",
                "+ f: true"
            ]
        );
    }

    #[test]
    fn what_is_unset_equals_what_is_missing() {
        assert_eq!(between(r#"{"a":false,"b":{},"c":0}"#, "{}"), [""; 0]);
        assert_eq!(between("{}", r#"{"a":"","b":{"c":0}}"#), [""; 0]);
    }
}
