//! What expressions work with: JSON, and what only the original's structures
//! have.

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::format::{go_duration, parse_rfc3339};
use crate::output::Json;

/// A value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `nil`.
    #[default]
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// Entries; those that are not there are `nil`.
    Map(Vec<(String, Value)>),
    /// Fields of a type of the original; others are errors.
    Struct(&'static str, Vec<(String, Value)>),
    /// No value where there could be one of a type of the original.
    Absent(&'static str),
    /// A time, and the zone that it is shown in.
    Time(Timestamp, Offset),
    /// Nanoseconds.
    Duration(i64),
    /// 1 is January.
    Month(u8),
    /// 0 is Sunday.
    Weekday(u8),
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

impl Value {
    /// The type that errors of expr name.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
            Value::List(_) => "[]interface {}",
            Value::Map(_) => "map[string]interface {}",
            Value::Struct(name, _) | Value::Absent(name) => name,
            Value::Time(..) => "time.Time",
            Value::Duration(_) => "time.Duration",
            Value::Month(_) => "time.Month",
            Value::Weekday(_) => "time.Weekday",
        }
    }

    /// Whether there is nothing.
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil | Value::Absent(_))
    }

    /// Its text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is a list of the original that is not there, which has no
    /// elements.
    pub fn is_no_list(&self) -> bool {
        matches!(self, Value::Absent(kind) if kind.starts_with("[]"))
    }

    /// Whether it is a map of the original that is not there, which has no
    /// entries.
    pub fn is_no_map(&self) -> bool {
        matches!(self, Value::Absent(kind) if kind.starts_with("map["))
    }

    /// It as a number that may have decimals.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// The time that it is, or that its text says in RFC 3339.
    pub fn as_time(&self) -> Option<(Timestamp, Offset)> {
        match self {
            Value::Time(at, zone) => Some((*at, *zone)),
            Value::Text(text) => parse_rfc3339(text).map(|at| (at, Offset::UTC)),
            _ => None,
        }
    }

    /// A time of JSON, which is one in RFC 3339.
    pub fn time(json: &Json) -> Value {
        match json.as_text().and_then(parse_rfc3339) {
            Some(at) => Value::Time(at, Offset::UTC),
            None => Value::from(json),
        }
    }

    /// An entry of a map.
    pub fn entry(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Map(entries) | Value::Struct(_, entries) => entries
                .iter()
                .find(|(known, _)| known == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// As `string` gives it.
    pub fn text(&self) -> String {
        match self {
            _ if self.is_no_list() => "[]".to_owned(),
            _ if self.is_no_map() => "map[]".to_owned(),
            Value::Nil | Value::Absent(_) => "<nil>".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::List(values) => {
                let parts: Vec<String> = values.iter().map(Value::text).collect();
                format!("[{}]", parts.join(" "))
            }
            Value::Map(entries) | Value::Struct(_, entries) => {
                let mut parts: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{key}:{}", value.text()))
                    .collect();
                parts.sort();
                format!("map[{}]", parts.join(" "))
            }
            Value::Time(at, zone) => time_text(*at, *zone),
            Value::Duration(nanos) => go_duration(*nanos),
            Value::Month(number) => named(&MONTHS, number.wrapping_sub(1)),
            Value::Weekday(number) => named(&WEEKDAYS, *number),
        }
    }
}

fn named(names: &[&str], at: u8) -> String {
    names
        .get(usize::from(at))
        .map_or_else(|| at.to_string(), |name| (*name).to_owned())
}

fn time_text(at: Timestamp, zone: Offset) -> String {
    let shown = at.to_zoned_datetime(jiff::tz::TimeZone::fixed(zone));
    let text = shown.strftime("%Y-%m-%d %H:%M:%S%.f").to_string();
    if zone == Offset::UTC {
        return format!("{text} +0000 UTC");
    }
    let zone = shown.strftime("%z").to_string();
    format!("{text} {zone} {zone}")
}

impl From<&Json> for Value {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Value::Nil,
            Json::Bool(value) => Value::Bool(*value),
            Json::Int(number) => Value::Int(*number),
            Json::Float(number) => Value::Float(*number),
            Json::Text(text) => Value::Text(text.clone()),
            Json::List(values) => Value::List(values.iter().map(Value::from).collect()),
            Json::Object(entries) => Value::Map(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), Value::from(value)))
                    .collect(),
            ),
        }
    }
}

/// Variables of an expression.
pub fn variables<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let entries = entries.into_iter();
    Value::Map(
        entries
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}
