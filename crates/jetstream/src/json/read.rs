//! Reading requests: field names in any case, unknown fields refused if
//! strict, errors in the words of the peer's decoder.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thiserror::Error;

use super::syntax::{Fault, fault, shown};
use crate::text::Timestamp;

/// Nesting of a request above which it is not read on. What the API knows
/// nests five deep.
const MAX_VALUES: usize = 16;

/// Why a body is not what the endpoint reads. Shown after `invalid JSON: `.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct JsonError(pub String);

/// Whether fields that nobody knows are an error (`jetstream { strict }`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// They are.
    Strict,
    /// They are ignored.
    Lenient,
}

/// Where in a request a value stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    name: &'a str,
    strictness: Strictness,
}

impl<'a> Place<'a> {
    /// The whole request; `name` is the name of its type.
    pub fn root(name: &'a str, strictness: Strictness) -> Self {
        Self {
            parent: None,
            name,
            strictness,
        }
    }

    /// A field of the object that stands here.
    pub fn field<'b>(&'b self, name: &'b str) -> Place<'b> {
        Place {
            parent: Some(self),
            name,
            strictness: self.strictness,
        }
    }

    /// The object that `value` is; nothing for `null`.
    ///
    /// # Errors
    /// If it is something else.
    pub fn object<'v>(
        &self,
        value: &'v Value,
        kind: &str,
    ) -> Result<Option<&'v Map<String, Value>>, JsonError> {
        match value {
            Value::Null => Ok(None),
            Value::Object(fields) => Ok(Some(fields)),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                // Of a whole request its own name is told, not whose fields it has.
                let kind = self.parent.map_or(self.name, |_| kind);
                Err(self.mismatch(value, &format!("server.{kind}")))
            }
        }
    }

    fn mismatch(&self, value: &Value, kind: &str) -> JsonError {
        let what = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Number(number) if kind.contains("int") || kind == "time.Duration" => {
                format!("number {number}")
            }
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) => "object".to_owned(),
        };
        JsonError(match self.parent {
            None => format!("json: cannot unmarshal {what} into Go value of type {kind}"),
            Some(_) => format!(
                "json: cannot unmarshal {what} into Go struct field {} of type {kind}",
                self.path()
            ),
        })
    }

    fn path(&self) -> String {
        match self.parent {
            None => self.name.to_owned(),
            Some(parent) => format!("{}.{}", parent.path(), self.name),
        }
    }
}

/// Reads a body: one JSON value, or several that overlay each other. With fields
/// that nobody knows it is one value only.
///
/// # Errors
/// If it is not JSON, or not what `target` reads.
pub fn parse<T: ReadJson>(
    body: &[u8],
    name: &str,
    strictness: Strictness,
    target: &mut T,
) -> Result<(), JsonError> {
    // Strings may hold what is no Unicode: it is replaced.
    if let Cow::Owned(text) = String::from_utf8_lossy(body)
        && fault(body).is_none()
    {
        return parse(text.as_bytes(), name, strictness, target);
    }
    let strictly = parse_values(body, name, Strictness::Strict, target);
    match strictness {
        Strictness::Strict => strictly,
        Strictness::Lenient if strictly.is_ok() => Ok(()),
        Strictness::Lenient => {
            check_single(body)?;
            parse_values(body, name, Strictness::Lenient, target)
        }
    }
}

/// Fails if something follows the first value.
fn check_single(body: &[u8]) -> Result<(), JsonError> {
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    let rest = match values.next() {
        Some(Ok(_)) => body.get(values.byte_offset()..).unwrap_or_default(),
        Some(Err(_)) | None => return Ok(()),
    };
    match rest.trim_ascii_start() {
        [] => Ok(()),
        rest => Err(JsonError(format!(
            "invalid character '{}' after top-level value",
            shown(rest)
        ))),
    }
}

fn parse_values<T: ReadJson>(
    body: &[u8],
    name: &str,
    strictness: Strictness,
    target: &mut T,
) -> Result<(), JsonError> {
    let at = Place::root(name, strictness);
    let values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    let mut count = 0;
    for value in values {
        let value = value.map_err(|error| syntax_error(body, &error, strictness))?;
        count += 1;
        target.read(&value, &at)?;
        if count >= MAX_VALUES {
            break;
        }
    }
    if count == 0 {
        return Err(JsonError(match strictness {
            Strictness::Strict => "EOF".to_owned(),
            Strictness::Lenient => "unexpected end of JSON input".to_owned(),
        }));
    }
    Ok(())
}

fn syntax_error(body: &[u8], error: &serde_json::Error, strictness: Strictness) -> JsonError {
    let is_strict = strictness == Strictness::Strict;
    JsonError(match fault(body) {
        Some(Fault::End) if is_strict => "unexpected EOF".to_owned(),
        Some(Fault::End) => "unexpected end of JSON input".to_owned(),
        Some(Fault::Here { text, offset }) if is_strict => format!("{text} at offset {offset}"),
        Some(Fault::Here { text, .. }) => text,
        // It is JSON, but more than is read: too deep, too large a number, no
        // Unicode.
        None => error.to_string(),
    })
}

/// A field name as it is compared: case does not matter.
pub fn field_name(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(key.to_ascii_lowercase())
    } else {
        Cow::Borrowed(key)
    }
}

/// What a field that nobody knows means.
///
/// # Errors
/// If the reading is strict.
pub fn unknown_field(at: &Place<'_>) -> Result<(), JsonError> {
    match at.strictness {
        Strictness::Strict => Err(JsonError(format!("json: unknown field \"{}\"", at.name))),
        Strictness::Lenient => Ok(()),
    }
}

/// A value that can be read from a request. `null` leaves it as it is.
pub trait ReadJson {
    /// Takes over what `value` says.
    ///
    /// # Errors
    /// If it is of another type.
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError>;
}

impl ReadJson for bool {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        match value {
            Value::Null => Ok(()),
            Value::Bool(flag) => {
                *self = *flag;
                Ok(())
            }
            _ => Err(at.mismatch(value, "bool")),
        }
    }
}

impl ReadJson for String {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        match value {
            Value::Null => Ok(()),
            Value::String(text) => {
                self.clone_from(text);
                Ok(())
            }
            _ => Err(at.mismatch(value, "string")),
        }
    }
}

/// Fields that hold nanoseconds.
const DURATIONS: [&str; 10] = [
    "max_age",
    "duplicate_window",
    "subject_delete_marker_ttl",
    "inactive_threshold",
    "ack_wait",
    "backoff",
    "max_expires",
    "idle_heartbeat",
    "priority_timeout",
    "expires",
];

/// The name of an integer's type in errors, where the peer's differs from ours.
fn integer_type<'a>(field: &str, width: &'a str) -> &'a str {
    if DURATIONS.contains(&field) {
        return "time.Duration";
    }
    match field {
        "max_consumers" | "num_replicas" | "max_deliver" | "max_waiting" | "max_ack_pending"
        | "max_batch" | "offset" | "batch" => "int",
        _ => width,
    }
}

/// The name of a list's type in errors.
fn list_type(field: &str) -> &'static str {
    match field {
        "sources" => "[]*server.StreamSource",
        "subject_transforms" => "[]server.SubjectTransformConfig",
        "backoff" => "[]time.Duration",
        _ => "[]string",
    }
}

macro_rules! read_integer {
    ($($type:ty: $convert:ident, $name:literal;)*) => {$(
        impl ReadJson for $type {
            fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
                if value.is_null() {
                    return Ok(());
                }
                match value.$convert().and_then(|number| <$type>::try_from(number).ok()) {
                    Some(number) => {
                        *self = number;
                        Ok(())
                    }
                    None => Err(at.mismatch(value, integer_type(at.name, $name))),
                }
            }
        }
    )*};
}

read_integer! {
    i64: as_i64, "int64";
    i32: as_i64, "int32";
    u64: as_u64, "uint64";
}

impl ReadJson for Option<Timestamp> {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        match value {
            Value::Null => Ok(()),
            Value::String(text) => {
                *self = Timestamp::parse(text).map_err(|error| JsonError(error.to_string()))?;
                Ok(())
            }
            _ => Err(at.mismatch(value, "time.Time")),
        }
    }
}

impl<T: ReadJson + Default> ReadJson for Vec<T> {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        match value {
            Value::Null => {
                self.clear();
                Ok(())
            }
            Value::Array(values) => {
                self.clear();
                for value in values {
                    let mut element = T::default();
                    element.read(value, at)?;
                    self.push(element);
                }
                Ok(())
            }
            _ => Err(at.mismatch(value, list_type(at.name))),
        }
    }
}

impl ReadJson for BTreeMap<String, String> {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        match value {
            Value::Null => {
                self.clear();
                Ok(())
            }
            Value::Object(fields) => {
                for (key, value) in fields {
                    let mut text = String::new();
                    text.read(value, &at.field(key))?;
                    self.insert(key.clone(), text);
                }
                Ok(())
            }
            _ => Err(at.mismatch(value, "map[string]string")),
        }
    }
}

/// An object that is absent until it is named.
pub(crate) fn read_optional<T: ReadJson + Default>(
    target: &mut Option<T>,
    value: &Value,
    at: &Place<'_>,
) -> Result<(), JsonError> {
    if value.is_null() {
        *target = None;
        return Ok(());
    }
    target.get_or_insert_with(T::default).read(value, at)
}

macro_rules! read_optional_object {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::json::ReadJson for Option<$type> {
            fn read(
                &mut self,
                value: &serde_json::Value,
                at: &$crate::json::Place<'_>,
            ) -> Result<(), $crate::json::JsonError> {
                $crate::json::read_optional(self, value, at)
            }
        }
    )*};
}
pub(crate) use read_optional_object;
