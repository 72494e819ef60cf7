//! The structures of the API: which fields they have, in which order, and
//! which of them are written without a value. Documents are shown and sent
//! this way, whatever the order in which they came.

mod consumer;
mod stream;

pub use consumer::CONSUMER_CONFIG;
pub use stream::{SNAPSHOT, STORED_MESSAGE, STREAM_CONFIG, STREAM_INFO};

use crate::output::Json;

/// Go's zero time, which stands for "not set".
pub const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// What answers have around the information itself.
const ENVELOPE: &[&str] = &["type", "total", "offset", "limit", "did_create"];

/// The information in an answer, without what only answers have.
pub fn without_envelope(answer: &Json) -> Json {
    let mut out = answer.clone();
    for key in ENVELOPE {
        out.remove(key);
    }
    out
}

/// A structure.
#[derive(Debug)]
pub struct Shape {
    /// Its name, as differences show it.
    pub name: &'static str,
    /// Its fields, in order.
    pub fields: &'static [Field],
}

/// A field of a structure.
#[derive(Debug)]
pub struct Field {
    /// Its name, as differences show it.
    pub name: &'static str,
    /// Its key in JSON.
    pub key: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it is written without a value.
    pub always: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    Switch,
    /// One of some words, with what people see for each. The first one is that
    /// of a field that is not set.
    Word(&'static [(&'static str, &'static str)]),
    /// A span of time in nanoseconds.
    Span,
    /// Several of them.
    Spans,
    /// A point in time.
    Time,
    /// One that may not be there.
    OptionalTime,
    /// Texts whose order does not matter.
    Names,
    /// Texts by name.
    Labels,
    /// A structure that is always there.
    Struct(&'static Shape),
    /// A structure that may not be there.
    Optional(&'static Shape),
    /// A list of structures; whether its entries are references.
    List(&'static Shape, bool),
    /// Anything else.
    Other,
}

/// A field that is written when it has a value.
const fn filled(name: &'static str, key: &'static str, kind: Kind) -> Field {
    Field {
        name,
        key,
        kind,
        always: false,
    }
}

/// A field that is always written.
const fn always(name: &'static str, key: &'static str, kind: Kind) -> Field {
    Field {
        name,
        key,
        kind,
        always: true,
    }
}

impl Kind {
    /// The value of a field that is not set.
    pub fn zero(self) -> Json {
        match self {
            Kind::Text => "".into(),
            Kind::Number | Kind::Span => 0.into(),
            Kind::Switch => false.into(),
            Kind::Word(words) => words.first().map_or("", |(word, _)| *word).into(),
            Kind::Time => NO_TIME.into(),
            Kind::Struct(shape) => shape.arranged(&Json::Null),
            Kind::Spans
            | Kind::OptionalTime
            | Kind::Names
            | Kind::Labels
            | Kind::Optional(_)
            | Kind::List(..)
            | Kind::Other => Json::Null,
        }
    }

    /// Whether a value is that of a field that is not set.
    pub fn is_unset(self, value: &Json) -> bool {
        match (self, value) {
            (_, Json::Null) => true,
            (Kind::Word(words), Json::Text(text)) => {
                text.is_empty() || words.first().is_some_and(|(word, _)| word == text)
            }
            (_, Json::Text(text)) => text.is_empty(),
            (_, Json::Bool(on)) => !on,
            (_, Json::Int(number)) => *number == 0,
            (_, Json::Float(number)) => *number == 0.0,
            (_, Json::List(values)) => values.is_empty(),
            (Kind::Labels | Kind::Other, Json::Object(entries)) => entries.is_empty(),
            (Kind::Struct(shape), value) => shape
                .fields
                .iter()
                .all(|field| field.kind.is_unset(value.key(field.key))),
            (_, Json::Object(_)) => false,
        }
    }

    fn spelled(self, value: &Json) -> Json {
        match (self, value) {
            (Kind::Struct(shape) | Kind::Optional(shape), Json::Object(_)) => shape.spelled(value),
            (Kind::List(shape, _), Json::List(values)) => {
                let spelled = |value: &Json| match value {
                    Json::Object(_) => shape.spelled(value),
                    other => other.clone(),
                };
                Json::List(values.iter().map(spelled).collect())
            }
            (_, value) => value.clone(),
        }
    }

    fn arranged(self, value: &Json) -> Json {
        match (self, value) {
            (Kind::Struct(shape) | Kind::Optional(shape), Json::Object(_)) => shape.arranged(value),
            (Kind::List(shape, _), Json::List(values)) => {
                Json::List(values.iter().map(|value| shape.arranged(value)).collect())
            }
            (Kind::Labels, Json::Object(entries)) => {
                let mut entries = entries.clone();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                Json::Object(entries)
            }
            (_, value) => value.clone(),
        }
    }
}

impl Shape {
    /// A document with the known fields in their order, then all others as
    /// they came: newer servers have more of them.
    pub fn arranged(&self, value: &Json) -> Json {
        let mut out = self.known(value);
        for (key, found) in value.entries("") {
            if !self.fields.iter().any(|field| field.key == key) {
                out.set(key, found.clone());
            }
        }
        out
    }

    /// A document in which the known fields have their keys; in it upper and
    /// lower case do not matter.
    pub fn spelled(&self, value: &Json) -> Json {
        let mut out = Json::object();
        for (key, value) in value.entries("") {
            let known = self
                .fields
                .iter()
                .find(|field| field.key.eq_ignore_ascii_case(key));
            match known {
                Some(field) => out.set(field.key, field.kind.spelled(value)),
                None => out.set(key, value.clone()),
            };
        }
        out
    }

    /// A document with the known fields only.
    pub fn known(&self, value: &Json) -> Json {
        let mut out = Json::object();
        for field in self.fields {
            let found = value.key(field.key);
            let is_there = matches!((field.kind, found), (Kind::Struct(_), Json::Object(_)));
            if is_there || !field.kind.is_unset(found) {
                out.set(field.key, field.kind.arranged(found));
            } else if field.always {
                out.set(field.key, field.kind.zero());
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_fields_are_there_without_a_value() {
        let config = Json::parse(
            br#"{"new":1,"subjects":["a"],"name":"S","compression":"none","max_msgs":-1,"mirror":{"x":1,"name":"M"},"description":""}"#,
        )
        .unwrap();
        assert_eq!(
            STREAM_CONFIG.arranged(&config).compact(),
            r#"{"name":"S","subjects":["a"],"retention":"limits","max_consumers":0,"max_msgs_per_subject":0,"max_msgs":-1,"max_bytes":0,"max_age":0,"storage":"file","discard":"old","num_replicas":0,"mirror":{"name":"M","x":1},"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"allow_direct":false,"mirror_direct":false,"consumer_limits":{},"new":1}"#
        );
        assert!(!STREAM_CONFIG.known(&config).has("new"));
    }

    #[test]
    fn keys_may_be_in_any_case() {
        let config = Json::parse(
            br#"{"NAME":"S","Max_Msgs":1,"Mirror":{"Opt_Start_Seq":3},"sources":[{"NAME":"a"},1],"Metadata":{"Key":"V"},"Other":1}"#,
        )
        .unwrap();
        assert_eq!(
            STREAM_CONFIG.spelled(&config).compact(),
            r#"{"name":"S","max_msgs":1,"mirror":{"opt_start_seq":3},"sources":[{"name":"a"},1],"metadata":{"Key":"V"},"Other":1}"#
        );
    }
}
