//! JSON that keeps the order of its keys and is written as Go does.

use super::json_syntax::first_error;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// Keys and values, in order.
    Object(Vec<(String, Json)>),
}

static NULL: Json = Json::Null;

impl Json {
    /// An object without keys.
    pub fn object() -> Self {
        Json::Object(Vec::new())
    }

    /// Reads a JSON text; the error says what is wrong in the words of Go's
    /// library.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text)
            .map_err(|error| first_error(text).unwrap_or_else(|| error.to_string()))
    }

    /// What a value of a typed structure looks like; `Null` if it cannot be
    /// written as JSON.
    pub fn of<T: Serialize>(value: &T) -> Self {
        serde_json::to_vec(value)
            .ok()
            .and_then(|text| Self::parse(&text).ok())
            .unwrap_or_default()
    }

    /// The value at a path of keys with dots between them; `Null` if there is
    /// none. An empty path is the value itself.
    pub fn at(&self, path: &str) -> &Json {
        if path.is_empty() {
            return self;
        }
        path.split('.').fold(self, |value, key| value.key(key))
    }

    /// The value of a key, which may have dots; `Null` if there is none.
    pub fn key(&self, key: &str) -> &Json {
        match self {
            Json::Object(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map_or(&NULL, |(_, value)| value),
            _ => &NULL,
        }
    }

    /// Whether there is something at a path.
    pub fn has(&self, path: &str) -> bool {
        !self.at(path).is_null()
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    /// The text at a path; empty if there is none.
    pub fn text(&self, path: &str) -> &str {
        self.at(path).as_text().unwrap_or_default()
    }

    /// The number at a path; 0 if there is none.
    pub fn int(&self, path: &str) -> i64 {
        self.at(path).as_int().unwrap_or_default()
    }

    /// The count at a path; 0 if there is none.
    pub fn uint(&self, path: &str) -> u64 {
        match self.at(path) {
            Json::Int(number) => u64::try_from(*number).unwrap_or_default(),
            Json::Float(number) => *number as u64,
            _ => 0,
        }
    }

    /// The number at a path; 0 if there is none.
    pub fn float(&self, path: &str) -> f64 {
        match self.at(path) {
            Json::Int(number) => *number as f64,
            Json::Float(number) => *number,
            _ => 0.0,
        }
    }

    /// Whether the value at a path is `true`.
    pub fn on(&self, path: &str) -> bool {
        matches!(self.at(path), Json::Bool(true))
    }

    /// The list at a path; empty if there is none.
    pub fn list(&self, path: &str) -> &[Json] {
        match self.at(path) {
            Json::List(values) => values,
            _ => &[],
        }
    }

    /// The texts in the list at a path.
    pub fn texts(&self, path: &str) -> Vec<String> {
        self.list(path)
            .iter()
            .filter_map(Json::as_text)
            .map(str::to_owned)
            .collect()
    }

    /// The keys and values of the object at a path.
    pub fn entries(&self, path: &str) -> &[(String, Json)] {
        match self.at(path) {
            Json::Object(entries) => entries,
            _ => &[],
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is a whole one that fits.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Json::Int(number) => i64::try_from(*number).ok(),
            Json::Float(number) => Some(*number as i64),
            _ => None,
        }
    }

    /// Sets a key of an object; anything else becomes an object first.
    pub fn set(&mut self, key: &str, value: impl Into<Json>) -> &mut Self {
        let value = value.into();
        if !matches!(self, Json::Object(_)) {
            *self = Json::object();
        }
        if let Json::Object(entries) = self {
            match entries.iter_mut().find(|(name, _)| name == key) {
                Some((_, known)) => *known = value,
                None => entries.push((key.to_owned(), value)),
            }
        }
        self
    }

    /// With a key set.
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.set(key, value);
        self
    }

    /// Removes a key and gives its value.
    pub fn remove(&mut self, key: &str) -> Option<Json> {
        let Json::Object(entries) = self else {
            return None;
        };
        let at = entries.iter().position(|(name, _)| name == key)?;
        Some(entries.remove(at).1)
    }

    /// Changes the value of a key, if there is one.
    pub fn key_mut(&mut self, key: &str) -> Option<&mut Json> {
        match self {
            Json::Object(entries) => entries
                .iter_mut()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// On one line without blanks.
    pub fn compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, None, 0);
        out
    }

    /// With an indentation of two blanks, as `--json` prints it.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, Some("  "), 0);
        out
    }

    /// With another indentation.
    pub fn indented(&self, indent: &str) -> String {
        let mut out = String::new();
        self.write(&mut out, Some(indent), 0);
        out
    }

    /// Prints it as `--json` does.
    pub fn print(&self) {
        println!("{}", self.pretty());
    }

    fn write(&self, out: &mut String, indent: Option<&str>, depth: usize) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Json::Int(number) => out.push_str(&number.to_string()),
            Json::Float(number) => out.push_str(&float(*number)),
            Json::Text(text) => quote(out, text),
            Json::List(values) if values.is_empty() => out.push_str("[]"),
            Json::List(values) => {
                out.push('[');
                for (number, value) in values.iter().enumerate() {
                    if number > 0 {
                        out.push(',');
                    }
                    line(out, indent, depth + 1);
                    value.write(out, indent, depth + 1);
                }
                line(out, indent, depth);
                out.push(']');
            }
            Json::Object(entries) if entries.is_empty() => out.push_str("{}"),
            Json::Object(entries) => {
                out.push('{');
                for (number, (key, value)) in entries.iter().enumerate() {
                    if number > 0 {
                        out.push(',');
                    }
                    line(out, indent, depth + 1);
                    quote(out, key);
                    out.push(':');
                    if indent.is_some() {
                        out.push(' ');
                    }
                    value.write(out, indent, depth + 1);
                }
                line(out, indent, depth);
                out.push('}');
            }
        }
    }
}

fn line(out: &mut String, indent: Option<&str>, depth: usize) {
    if let Some(indent) = indent {
        out.push('\n');
        for _ in 0..depth {
            out.push_str(indent);
        }
    }
}

/// A float as Go writes it: no exponent between 1e-6 and 1e21.
fn float(number: f64) -> String {
    if !number.is_finite() {
        return "null".to_owned();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) => match exponent.strip_prefix('-') {
                // No zero before the digits, other than in texts.
                Some(exponent) => format!("{digits}e-{exponent}"),
                None => format!("{digits}e+{exponent:0>2}"),
            },
            None => text,
        };
    }
    format!("{number}")
}

/// A text in quotes, with everything escaped that Go escapes.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter if u32::from(letter) < 0x20 => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => serializer.serialize_i64(number),
                (_, Ok(number)) => serializer.serialize_u64(number),
                _ => serializer.serialize_f64(*number as f64),
            },
            Json::Float(number) => serializer.serialize_f64(*number),
            Json::Text(text) => serializer.serialize_str(text),
            Json::List(values) => serializer.collect_seq(values),
            Json::Object(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Int(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Int(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Json, A::Error> {
        let mut out = Vec::new();
        while let Some(value) = values.next_element()? {
            out.push(value);
        }
        Ok(Json::List(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut out = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            out.push(entry);
        }
        Ok(Json::Object(out))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

macro_rules! from_numbers {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Json {
            fn from(number: $kind) -> Self {
                Json::Int(number as i128)
            }
        })*
    };
}
from_numbers!(i32, i64, u8, u16, u32, u64, usize);

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Json::Bool(value)
    }
}

impl From<f64> for Json {
    fn from(number: f64) -> Self {
        Json::Float(number)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Json::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Json::Text(text)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(values: Vec<T>) -> Self {
        Json::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Json::Null, Into::into)
    }
}

impl From<&Json> for Json {
    fn from(value: &Json) -> Self {
        value.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order() {
        let text = "{\"z\":1,\"a\":[1.5,null,{}],\"m\":{\"x\":18446744073709551615}}";
        assert_eq!(Json::parse(text.as_bytes()).unwrap().compact(), text);
    }

    #[test]
    fn floats_have_an_exponent_beyond_a_range() {
        for (value, text) in [
            (1e-6, "0.000001"),
            (-1.5e-7, "-1.5e-7"),
            (1e-10, "1e-10"),
            (2e21, "2e+21"),
            (-2.588_888_888_888_888_7e-7, "-2.5888888888888887e-7"),
        ] {
            assert_eq!(Json::parse(text.as_bytes()), Ok(Json::Float(value)));
            assert_eq!(Json::Float(value).compact(), text);
        }
    }

    #[test]
    fn texts_are_escaped_as_go_does() {
        assert_eq!(
            Json::from("a>b&\"\u{1}é").compact(),
            "\"a\\u003eb\\u0026\\\"\\u0001é\""
        );
    }

    #[test]
    fn indentation_is_two_blanks() {
        let value = Json::object()
            .with("a", vec![1, 2])
            .with("b", Json::object());
        assert_eq!(
            value.pretty(),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}"
        );
    }

    #[test]
    fn paths_lead_to_values() {
        let value = Json::parse(br#"{"state":{"messages":3,"name":"x","on":true}}"#).unwrap();
        assert_eq!(value.int("state.messages"), 3);
        assert_eq!(value.text("state.name"), "x");
        assert!(value.on("state.on"));
        assert_eq!(value.text("state.none.deeper"), "");
    }
}
