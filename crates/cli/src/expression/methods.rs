//! Methods of times and durations.

use jiff::ZonedDateTime;
use jiff::tz::TimeZone;

use super::arithmetic::{between, moved};
use super::evaluate::conversion;
use super::value::Value;

/// A method, named after itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Year,
    Month,
    Day,
    YearDay,
    Weekday,
    Hour,
    Minute,
    Second,
    Nanosecond,
    Unix,
    UnixMilli,
    IsZero,
    Utc,
    Before,
    After,
    Equal,
    Sub,
    Add,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    Abs,
    String,
    /// None of these.
    Unknown,
}

/// Methods of times and durations that this tool does not have.
pub const ELSEWHERE: &[&str] = &[
    "AddDate",
    "Compare",
    "Date",
    "Format",
    "GoString",
    "ISOWeek",
    "In",
    "IsDST",
    "Local",
    "Location",
    "Round",
    "Truncate",
    "UnixMicro",
    "UnixNano",
    "Zone",
];

const NAMES: [(&str, Method); 26] = [
    ("Year", Method::Year),
    ("Month", Method::Month),
    ("Day", Method::Day),
    ("YearDay", Method::YearDay),
    ("Weekday", Method::Weekday),
    ("Hour", Method::Hour),
    ("Minute", Method::Minute),
    ("Second", Method::Second),
    ("Nanosecond", Method::Nanosecond),
    ("Unix", Method::Unix),
    ("UnixMilli", Method::UnixMilli),
    ("IsZero", Method::IsZero),
    ("UTC", Method::Utc),
    ("Before", Method::Before),
    ("After", Method::After),
    ("Equal", Method::Equal),
    ("Sub", Method::Sub),
    ("Add", Method::Add),
    ("Hours", Method::Hours),
    ("Minutes", Method::Minutes),
    ("Seconds", Method::Seconds),
    ("Milliseconds", Method::Milliseconds),
    ("Microseconds", Method::Microseconds),
    ("Nanoseconds", Method::Nanoseconds),
    ("Abs", Method::Abs),
    ("String", Method::String),
];

/// The method of a name.
pub fn named(name: &str) -> Method {
    let found = NAMES.iter().find(|(known, _)| *known == name);
    found.map_or(Method::Unknown, |(_, method)| *method)
}

impl Method {
    /// Fewest and most arguments.
    pub fn arguments(self) -> (usize, usize) {
        match self {
            Method::Before | Method::After | Method::Equal | Method::Sub | Method::Add => (1, 1),
            Method::Unknown => (0, usize::MAX),
            _ => (0, 0),
        }
    }

    /// Whether times have it.
    pub fn is_of_times(self) -> bool {
        self != Method::Unknown && (!self.is_of_durations() || self == Method::String)
    }

    /// Whether durations have it.
    pub fn is_of_durations(self) -> bool {
        matches!(
            self,
            Method::Hours
                | Method::Minutes
                | Method::Seconds
                | Method::Milliseconds
                | Method::Microseconds
                | Method::Nanoseconds
                | Method::Abs
                | Method::String
        )
    }
}

/// The value of a call.
pub fn call(of: &Value, method: Method, name: &str, arguments: &[Value]) -> Result<Value, String> {
    match of {
        Value::Duration(nanos) if method.is_of_durations() => Ok(of_duration(*nanos, method)),
        Value::Month(_) | Value::Weekday(_) if method == Method::String => {
            Ok(Value::Text(of.text()))
        }
        Value::Absent("*time.Time") if method.is_of_times() => Err(format!(
            "value method time.Time.{name} called using nil *Time pointer"
        )),
        Value::List(_) => Err("invalid operation: int(string)".to_owned()),
        Value::Map(_) => Err(format!(
            "invalid operation: cannot call non-function of type {}",
            of.entry(name).unwrap_or(&Value::Nil).type_name()
        )),
        _ => match of.as_time() {
            Some((at, zone)) if method.is_of_times() => {
                let shown = at.to_zoned_datetime(TimeZone::fixed(zone));
                of_time(of, &shown, method, arguments.first().unwrap_or(&Value::Nil))
            }
            _ if of.as_text().is_some() => Err("invalid operation: int(string)".to_owned()),
            _ => Err(format!("cannot fetch {name} from {}", of.type_name())),
        },
    }
}

fn of_duration(nanos: i64, method: Method) -> Value {
    let parts = |size: i64| Value::Float(nanos as f64 / size as f64);
    match method {
        Method::Hours => parts(3_600_000_000_000),
        Method::Minutes => parts(60_000_000_000),
        Method::Seconds => parts(1_000_000_000),
        Method::Milliseconds => Value::Int(i128::from(nanos / 1_000_000)),
        Method::Microseconds => Value::Int(i128::from(nanos / 1_000)),
        Method::Abs => Value::Duration(nanos.saturating_abs()),
        Method::String => Value::Text(Value::Duration(nanos).text()),
        _ => Value::Int(i128::from(nanos)),
    }
}

fn of_time(
    of: &Value,
    shown: &ZonedDateTime,
    method: Method,
    argument: &Value,
) -> Result<Value, String> {
    let number = |value: i128| Ok(Value::Int(value));
    let at = shown.timestamp();
    let other = || {
        let other = argument.as_time().map(|(at, _)| at);
        other.ok_or_else(|| conversion(argument, "time.Time"))
    };
    match method {
        Method::Year => number(shown.year().into()),
        Method::Month => Ok(Value::Month(shown.month().unsigned_abs())),
        Method::Day => number(shown.day().into()),
        Method::YearDay => number(shown.day_of_year().into()),
        Method::Weekday => Ok(Value::Weekday(
            shown.weekday().to_sunday_zero_offset().unsigned_abs(),
        )),
        Method::Hour => number(shown.hour().into()),
        Method::Minute => number(shown.minute().into()),
        Method::Second => number(shown.second().into()),
        Method::Nanosecond => number(shown.subsec_nanosecond().into()),
        Method::Unix => number(at.as_nanosecond().div_euclid(1_000_000_000)),
        Method::UnixMilli => number(at.as_nanosecond().div_euclid(1_000_000)),
        Method::IsZero => Ok(Value::Bool(
            shown.year() == 1 && shown.day_of_year() == 1 && at.as_nanosecond() % DAY == 0,
        )),
        Method::Utc => Ok(Value::Time(at, jiff::tz::Offset::UTC)),
        Method::Before => Ok(Value::Bool(at < other()?)),
        Method::After => Ok(Value::Bool(at > other()?)),
        Method::Equal => Ok(Value::Bool(at == other()?)),
        Method::Sub => between(of, argument).ok_or_else(|| conversion(argument, "time.Time")),
        Method::Add => match argument {
            Value::Duration(nanos) => moved(of, i128::from(*nanos)),
            other => Err(conversion(other, "time.Duration")),
        },
        _ => Ok(Value::Text(
            of.as_time()
                .map(|(at, zone)| Value::Time(at, zone).text())
                .unwrap_or_default(),
        )),
    }
}

const DAY: i128 = 86_400_000_000_000;
