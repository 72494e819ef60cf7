//! Functions of expressions.

use super::evaluate::{Scope, kind, less, same};
use super::parser::Node;
use crate::format::{now_nanos, parse_duration, parse_rfc3339, rfc3339};
use crate::output::Json;

/// A function, named after itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Len,
    Lower,
    Upper,
    Trim,
    Split,
    Join,
    Abs,
    Int,
    Float,
    String,
    Min,
    Max,
    Sum,
    Keys,
    Values,
    First,
    Last,
    Now,
    Date,
    Duration,
    All,
    Any,
    One,
    None,
    Filter,
    Map,
    Count,
}

/// The function of a name.
pub fn named(name: &str) -> Option<Function> {
    Some(match name {
        "len" => Function::Len,
        "lower" => Function::Lower,
        "upper" => Function::Upper,
        "trim" => Function::Trim,
        "split" => Function::Split,
        "join" => Function::Join,
        "abs" => Function::Abs,
        "int" => Function::Int,
        "float" => Function::Float,
        "string" => Function::String,
        "min" => Function::Min,
        "max" => Function::Max,
        "sum" => Function::Sum,
        "keys" => Function::Keys,
        "values" => Function::Values,
        "first" => Function::First,
        "last" => Function::Last,
        "now" => Function::Now,
        "date" => Function::Date,
        "duration" => Function::Duration,
        "all" => Function::All,
        "any" => Function::Any,
        "one" => Function::One,
        "none" => Function::None,
        "filter" => Function::Filter,
        "map" => Function::Map,
        "count" => Function::Count,
        _ => return None,
    })
}

impl Function {
    /// Fewest and most arguments.
    pub fn arguments(self) -> (usize, usize) {
        match self {
            Function::Now => (0, 0),
            Function::Min | Function::Max => (1, usize::MAX),
            Function::Split | Function::Join | Function::Count => (1, 2),
            function if function.has_predicate() => (2, 2),
            _ => (1, 1),
        }
    }

    /// Whether its second argument is asked about each element.
    pub fn has_predicate(self) -> bool {
        matches!(
            self,
            Function::All
                | Function::Any
                | Function::One
                | Function::None
                | Function::Filter
                | Function::Map
                | Function::Count
        )
    }
}

fn text<'a>(values: &'a [Json], at: usize, default: &'a str) -> &'a str {
    values.get(at).and_then(Json::as_text).unwrap_or(default)
}

/// The value of a call.
pub fn call(function: Function, arguments: &[Node], scope: &Scope<'_>) -> Result<Json, String> {
    let first = match arguments.first() {
        Some(node) => scope.evaluate(node)?,
        None => Json::Null,
    };
    if function.has_predicate() {
        return over_elements(function, &first, arguments.get(1), scope);
    }
    let mut values = vec![first];
    for node in arguments.iter().skip(1) {
        values.push(scope.evaluate(node)?);
    }
    plain(function, &values)
}

fn over_elements(
    function: Function,
    of: &Json,
    predicate: Option<&Node>,
    scope: &Scope<'_>,
) -> Result<Json, String> {
    let elements: Vec<Json> = match of {
        Json::List(values) => values.clone(),
        Json::Object(entries) => entries.iter().map(|(_, value)| value.clone()).collect(),
        Json::Null => Vec::new(),
        other => return Err(format!("{} has no elements", kind(other))),
    };
    let mut found = Vec::new();
    for element in &elements {
        let value = match predicate {
            Some(node) => scope.with(element).evaluate(node)?,
            None => element.clone(),
        };
        match (function, value) {
            (Function::Map, value) => found.push(value),
            (_, Json::Bool(true)) => found.push(element.clone()),
            (_, Json::Bool(false)) => {}
            (_, other) => return Err(format!("a predicate gave {}", kind(&other))),
        }
    }
    Ok(match function {
        Function::All => Json::Bool(found.len() == elements.len()),
        Function::Any => Json::Bool(!found.is_empty()),
        Function::One => Json::Bool(found.len() == 1),
        Function::None => Json::Bool(found.is_empty()),
        Function::Count => Json::from(found.len()),
        _ => Json::List(found),
    })
}

fn plain(function: Function, values: &[Json]) -> Result<Json, String> {
    let first = values.first().cloned().unwrap_or_default();
    let wrong = || Err(format!("{function:?} of {}", kind(&first)).to_lowercase());
    Ok(match (function, &first) {
        (Function::Len, Json::Text(text)) => Json::from(text.chars().count()),
        (Function::Len, Json::List(values)) => Json::from(values.len()),
        (Function::Len, Json::Object(entries)) => Json::from(entries.len()),
        (Function::Len, Json::Null) => Json::Int(0),
        (Function::Lower, Json::Text(text)) => Json::Text(text.to_lowercase()),
        (Function::Upper, Json::Text(text)) => Json::Text(text.to_uppercase()),
        (Function::Trim, Json::Text(text)) => Json::Text(text.trim().to_owned()),
        (Function::Split, Json::Text(whole)) => {
            Json::List(whole.split(text(values, 1, ",")).map(Json::from).collect())
        }
        (Function::Join, Json::List(parts)) => Json::Text(
            parts
                .iter()
                .filter_map(Json::as_text)
                .collect::<Vec<_>>()
                .join(text(values, 1, "")),
        ),
        (Function::Abs, Json::Int(number)) => Json::Int(number.saturating_abs()),
        (Function::Abs, Json::Float(number)) => Json::Float(number.abs()),
        (Function::Int, Json::Int(number)) => Json::Int(*number),
        (Function::Int, Json::Float(number)) => Json::Int(*number as i128),
        (Function::Int, Json::Text(text)) => Json::Int(
            text.trim()
                .parse()
                .map_err(|_| format!("int of {text:?}"))?,
        ),
        (Function::Float, Json::Int(number)) => Json::Float(*number as f64),
        (Function::Float, Json::Float(number)) => Json::Float(*number),
        (Function::Float, Json::Text(text)) => Json::Float(
            text.trim()
                .parse()
                .map_err(|_| format!("float of {text:?}"))?,
        ),
        (Function::String, Json::Text(text)) => Json::Text(text.clone()),
        (Function::String, other) => Json::Text(other.compact()),
        (Function::Min | Function::Max, Json::List(list)) if values.len() == 1 => {
            extreme(function, list)?
        }
        (Function::Min | Function::Max, _) => extreme(function, values)?,
        (Function::Sum, Json::List(list)) => sum(list)?,
        (Function::Keys, Json::Object(entries)) => Json::List(
            entries
                .iter()
                .map(|(key, _)| Json::from(key.as_str()))
                .collect(),
        ),
        (Function::Values, Json::Object(entries)) => {
            Json::List(entries.iter().map(|(_, value)| value.clone()).collect())
        }
        (Function::First, Json::List(list)) => list.first().cloned().unwrap_or_default(),
        (Function::Last, Json::List(list)) => list.last().cloned().unwrap_or_default(),
        (Function::Now, _) => Json::Text(rfc3339(
            jiff::Timestamp::from_nanosecond(now_nanos().into())
                .map_err(|error| error.to_string())?,
        )),
        (Function::Date, Json::Text(text)) => match parse_rfc3339(text) {
            Some(time) => Json::Text(rfc3339(time)),
            None => return Err(format!("{text:?} is no time")),
        },
        (Function::Duration, Json::Text(text)) => {
            Json::from(parse_duration(text).map_err(|failure| failure.to_string())?)
        }
        _ => return wrong(),
    })
}

fn extreme(function: Function, values: &[Json]) -> Result<Json, String> {
    let mut best: Option<&Json> = None;
    for value in values {
        let better = match best {
            None => true,
            Some(known) if same(value, known) => false,
            Some(known) => less(value, known)? == (function == Function::Min),
        };
        if better {
            best = Some(value);
        }
    }
    Ok(best.cloned().unwrap_or_default())
}

fn sum(values: &[Json]) -> Result<Json, String> {
    let mut whole = 0i128;
    let mut rest = 0f64;
    let mut floats = false;
    for value in values {
        match value {
            Json::Int(number) => whole = whole.saturating_add(*number),
            Json::Float(number) => {
                floats = true;
                rest += number;
            }
            other => return Err(format!("sum of {}", kind(other))),
        }
    }
    Ok(if floats {
        Json::Float(whole as f64 + rest)
    } else {
        Json::Int(whole)
    })
}
