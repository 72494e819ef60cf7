//! Functions of expressions.

use std::borrow::Cow;

use jiff::tz::Offset;

use super::arithmetic::{MAX_TEXT, less, same};
use super::evaluate::{Scope, conversion, invalid};
use super::lexer::Mistake;
use super::tree::{Binary, Node};
use super::value::Value;
use crate::format::{local_now, offset_of, parse_duration, parse_rfc3339};

/// Functions of the language that this tool does not have.
pub const ELSEWHERE: &[&str] = &[
    "bitand",
    "bitnand",
    "bitnot",
    "bitor",
    "bitshl",
    "bitshr",
    "bitushr",
    "bitxor",
    "concat",
    "flatten",
    "fromBase64",
    "fromJSON",
    "fromPairs",
    "get",
    "groupBy",
    "mean",
    "median",
    "reduce",
    "repeat",
    "reverse",
    "sort",
    "sortBy",
    "splitAfter",
    "take",
    "timezone",
    "toBase64",
    "toJSON",
    "toPairs",
    "uniq",
];

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
    Find,
    FindIndex,
    FindLast,
    FindLastIndex,
    Map,
    Count,
    HasPrefix,
    HasSuffix,
    TrimPrefix,
    TrimSuffix,
    Type,
    IndexOf,
    LastIndexOf,
    Replace,
    Floor,
    Ceil,
    Round,
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
        "find" => Function::Find,
        "findIndex" => Function::FindIndex,
        "findLast" => Function::FindLast,
        "findLastIndex" => Function::FindLastIndex,
        "indexOf" => Function::IndexOf,
        "lastIndexOf" => Function::LastIndexOf,
        "replace" => Function::Replace,
        "floor" => Function::Floor,
        "ceil" => Function::Ceil,
        "round" => Function::Round,
        "hasPrefix" => Function::HasPrefix,
        "hasSuffix" => Function::HasSuffix,
        "trimPrefix" => Function::TrimPrefix,
        "trimSuffix" => Function::TrimSuffix,
        "type" => Function::Type,
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
            Function::Join
            | Function::Trim
            | Function::TrimPrefix
            | Function::TrimSuffix
            | Function::Count => (1, 2),
            Function::Split => (2, 2),
            Function::HasPrefix
            | Function::HasSuffix
            | Function::IndexOf
            | Function::LastIndexOf => (2, 2),
            Function::Replace => (3, 4),
            function if function.has_predicate() => (2, 2),
            _ => (1, 1),
        }
    }

    /// Whether errors about the number of arguments name the function.
    pub fn has_words_of_its_own(self) -> bool {
        matches!(
            self,
            Function::Lower
                | Function::Upper
                | Function::Trim
                | Function::TrimPrefix
                | Function::TrimSuffix
                | Function::HasPrefix
                | Function::HasSuffix
                | Function::IndexOf
                | Function::LastIndexOf
                | Function::Replace
                | Function::Split
                | Function::Join
                | Function::String
                | Function::Min
                | Function::Max
                | Function::Duration
        )
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
                | Function::Find
                | Function::FindIndex
                | Function::FindLast
                | Function::FindLastIndex
                | Function::Map
                | Function::Count
        )
    }

    /// Its name.
    pub fn name(self) -> String {
        let mut name = format!("{self:?}");
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        name
    }
}

/// The value of a call.
pub fn call<'a>(
    function: Function,
    arguments: &'a [Node],
    scope: &Scope<'a>,
    at: usize,
) -> Result<Value, Mistake> {
    if function.has_predicate() {
        let of = match arguments.first() {
            Some(node) => scope.evaluate(node)?,
            None => Cow::Owned(Value::Nil),
        };
        return over_elements(function, &of, arguments.get(1), scope, at);
    }
    plain(function, scope.all(arguments)?).map_err(|what| Mistake::new(what, at))
}

/// The kind that errors of Go's reflection name.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "invalid",
        Value::List(_) => "slice",
        Value::Map(_) => "map",
        Value::Struct(..) | Value::Time(..) => "struct",
        Value::Absent(_) => "ptr",
        Value::Duration(_) => "int64",
        Value::Month(_) | Value::Weekday(_) => "int",
        other => other.type_name(),
    }
}

fn elements(of: &Value) -> Result<Cow<'_, [Value]>, String> {
    match of {
        Value::List(values) => Ok(Cow::Borrowed(values)),
        Value::Text(text) => Ok(text.bytes().map(|byte| Value::Int(byte.into())).collect()),
        Value::Map(entries) if entries.is_empty() => Ok(Cow::Borrowed(&[])),
        none if none.is_no_list() || none.is_no_map() => Ok(Cow::Borrowed(&[])),
        Value::Map(_) => Err("reflect: call of reflect.Value.Index on map Value".to_owned()),
        Value::Nil => Err("reflect: call of reflect.Value.Len on zero Value".to_owned()),
        other => Err(format!(
            "reflect: call of reflect.Value.Len on {} Value",
            kind(other)
        )),
    }
}

fn over_elements<'a>(
    function: Function,
    of: &Value,
    predicate: Option<&'a Node>,
    scope: &Scope<'a>,
    at: usize,
) -> Result<Value, Mistake> {
    let elements = elements(of).map_err(|what| Mistake::new(what, at))?;
    let mut found = Vec::new();
    let from_behind = matches!(function, Function::FindLast | Function::FindLastIndex);
    for number in 0..elements.len() {
        let place = if from_behind {
            elements.len() - 1 - number
        } else {
            number
        };
        let Some(element) = elements.get(place) else {
            break;
        };
        let value = match predicate {
            Some(node) => of_element(scope, element, node)?,
            None => element.clone(),
        };
        let fits = match (function, value) {
            (Function::Map, value) => {
                found.push(value);
                continue;
            }
            (_, Value::Bool(fits)) => fits,
            (_, other) => return Err(Mistake::new(conversion(&other, "bool"), at)),
        };
        match function {
            // These are known at once, whatever comes after.
            Function::All if !fits => return Ok(Value::Bool(false)),
            Function::Any if fits => return Ok(Value::Bool(true)),
            Function::None if fits => return Ok(Value::Bool(false)),
            Function::Find | Function::FindLast if fits => return Ok(element.clone()),
            Function::FindIndex | Function::FindLastIndex if fits => {
                return Ok(Value::Int(place as i128));
            }
            _ if fits => found.push(element.clone()),
            _ => {}
        }
    }
    Ok(match function {
        Function::All | Function::None => Value::Bool(true),
        Function::Any => Value::Bool(false),
        Function::One => Value::Bool(found.len() == 1),
        Function::Count => Value::Int(found.len() as i128),
        Function::Find | Function::FindIndex | Function::FindLast | Function::FindLastIndex => {
            Value::Nil
        }
        _ => Value::List(found),
    })
}

fn of_element<'b, 'a: 'b>(
    scope: &Scope<'a>,
    element: &'b Value,
    predicate: &'b Node,
) -> Result<Value, Mistake> {
    Ok(scope.with(element).evaluate(predicate)?.into_owned())
}

/// The text at a place, or the default if there is none.
fn text<'v>(values: &'v [Value], at: usize, default: &'v str) -> Result<&'v str, String> {
    match values.get(at) {
        None => Ok(default),
        Some(Value::Text(text)) => Ok(text),
        Some(other) => Err(conversion(other, "string")),
    }
}

fn plain(function: Function, values: Vec<Value>) -> Result<Value, String> {
    let nothing = Value::Nil;
    let first = values.first().unwrap_or(&nothing);
    let wrong = || {
        Err(format!(
            "invalid argument for {} (type {})",
            function.name(),
            first.type_name()
        ))
    };
    let whole = || text(&values, 0, "");
    let owned = |text: &str| Value::Text(text.to_owned());
    Ok(match function {
        Function::Lower => Value::Text(whole()?.to_lowercase()),
        Function::Upper => Value::Text(whole()?.to_uppercase()),
        Function::Trim => match values.get(1) {
            None => owned(whole()?.trim()),
            Some(_) => {
                let letters = text(&values, 1, "")?;
                owned(whole()?.trim_matches(|letter| letters.contains(letter)))
            }
        },
        Function::TrimPrefix | Function::TrimSuffix => {
            let (whole, part) = (whole()?, text(&values, 1, " ")?);
            let rest = if function == Function::TrimPrefix {
                whole.strip_prefix(part)
            } else {
                whole.strip_suffix(part)
            };
            owned(rest.unwrap_or(whole))
        }
        Function::HasPrefix => Value::Bool(whole()?.starts_with(text(&values, 1, "")?)),
        Function::HasSuffix => Value::Bool(whole()?.ends_with(text(&values, 1, "")?)),
        Function::IndexOf | Function::LastIndexOf => {
            let (whole, part) = (whole()?, text(&values, 1, "")?);
            let found = if function == Function::IndexOf {
                whole.find(part)
            } else {
                whole.rfind(part)
            };
            Value::Int(found.map_or(-1, |at| at as i128))
        }
        Function::Replace => replaced(&values)?,
        Function::Floor | Function::Ceil | Function::Round => match first.as_float() {
            Some(number) => Value::Float(match function {
                Function::Floor => number.floor(),
                Function::Ceil => number.ceil(),
                _ => number.round(),
            }),
            None => return wrong(),
        },
        Function::Split => split(whole()?, text(&values, 1, ",")?),
        Function::Join => match first {
            Value::List(parts) => {
                let between = text(&values, 1, "")?;
                let parts = (0..parts.len()).map(|at| text(parts, at, ""));
                Value::Text(parts.collect::<Result<Vec<_>, _>>()?.join(between))
            }
            none if none.is_no_list() => Value::Text(String::new()),
            _ => return wrong(),
        },
        Function::Min | Function::Max => match first {
            Value::List(list) if values.len() == 1 => extreme(function, list)?,
            _ if values.len() == 1 => first.clone(),
            _ => extreme(function, &values)?,
        },
        Function::Now => {
            let now = local_now();
            Value::Time(now.timestamp(), now.offset())
        }
        Function::Date => date(whole()?)?,
        Function::Duration => duration(whole()?)?,
        Function::String => Value::Text(first.text()),
        Function::Type => owned(match first {
            Value::Nil | Value::Absent(_) => "nil",
            Value::Float(_) => "float",
            Value::List(_) => "array",
            Value::Map(_) => "map",
            Value::Struct(..) => "struct",
            other => other.type_name(),
        }),
        Function::Sum => sum(&elements(first)?)?,
        Function::First | Function::Last => ends(function, first),
        Function::Keys | Function::Values => match first {
            Value::Map(entries) if function == Function::Keys => {
                Value::List(entries.iter().map(|(key, _)| owned(key)).collect())
            }
            Value::Map(entries) => {
                Value::List(entries.iter().map(|(_, value)| value.clone()).collect())
            }
            none if none.is_no_map() => Value::List(Vec::new()),
            other => {
                return Err(format!(
                    "cannot get {} from {}",
                    function.name(),
                    kind(other)
                ));
            }
        },
        Function::Int | Function::Float => return number(function, first),
        Function::Len => match first {
            Value::Text(text) => Value::Int(text.chars().count() as i128),
            Value::List(values) => Value::Int(values.len() as i128),
            Value::Map(entries) => Value::Int(entries.len() as i128),
            none if none.is_no_list() || none.is_no_map() => Value::Int(0),
            _ => return wrong(),
        },
        _ => match first {
            Value::Int(number) => Value::Int(number.saturating_abs()),
            Value::Float(number) => Value::Float(number.abs()),
            Value::Duration(nanos) => Value::Duration(nanos.saturating_abs()),
            _ => return wrong(),
        },
    })
}

fn replaced(values: &[Value]) -> Result<Value, String> {
    let (whole, from, to) = (
        text(values, 0, "")?,
        text(values, 1, "")?,
        text(values, 2, "")?,
    );
    let most = match values.get(3) {
        None => usize::MAX,
        // Below zero: all.
        Some(Value::Int(most)) => usize::try_from(*most).unwrap_or(usize::MAX),
        Some(other) => return Err(conversion(other, "int")),
    };
    let places = whole.matches(from).count().min(most);
    if whole.len() + places * to.len() > MAX_TEXT {
        return Err(format!("a text of more than {MAX_TEXT} bytes"));
    }
    Ok(Value::Text(whole.replacen(from, to, most)))
}

fn split(whole: &str, between: &str) -> Value {
    let parts: Vec<Value> = if between.is_empty() {
        // Its letters, as in Go.
        whole
            .chars()
            .map(|letter| Value::Text(letter.into()))
            .collect()
    } else {
        let parts = whole.split(between);
        parts.map(|part| Value::Text(part.to_owned())).collect()
    };
    Value::List(parts)
}

fn ends(function: Function, of: &Value) -> Value {
    let Ok(elements) = elements(of) else {
        return Value::Nil;
    };
    let found = if function == Function::First {
        elements.first()
    } else {
        elements.last()
    };
    found.cloned().unwrap_or_default()
}

fn number(function: Function, of: &Value) -> Result<Value, String> {
    let name = function.name();
    Ok(match (function, of) {
        (Function::Int, Value::Int(_)) | (Function::Float, Value::Float(_)) => of.clone(),
        (Function::Int, Value::Float(number)) => Value::Int(*number as i128),
        (Function::Int, Value::Duration(nanos)) => Value::Int((*nanos).into()),
        (Function::Int, Value::Month(number) | Value::Weekday(number)) => {
            Value::Int((*number).into())
        }
        (Function::Int, Value::Nil) => {
            return Err("reflect: call of reflect.Value.Type on zero Value".to_owned());
        }
        (Function::Int, Value::Text(text)) => Value::Int(
            text.parse::<i64>()
                .map_err(|_| format!("invalid operation: {name}({text})"))?
                .into(),
        ),
        (_, Value::Int(number)) => Value::Float(*number as f64),
        (_, Value::Duration(nanos)) => Value::Float(*nanos as f64),
        (Function::Float, Value::Text(text)) => Value::Float(
            text.parse()
                .map_err(|_| format!("invalid operation: {name}({text})"))?,
        ),
        _ => return Err(format!("invalid operation: {name}({})", of.type_name())),
    })
}

/// A time, or a day or a time without a zone, which are in UTC.
fn date(text: &str) -> Result<Value, String> {
    let complete = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        19 => format!("{}Z", text.replacen(' ', "T", 1)),
        _ => text.to_owned(),
    };
    let at = parse_rfc3339(&complete).ok_or_else(|| format!("invalid date {text}"))?;
    let zone = offset_of(&complete).unwrap_or(Offset::UTC);
    Ok(Value::Time(at, zone))
}

fn duration(text: &str) -> Result<Value, String> {
    // Only the units of Go, and a number before each of them.
    let is_of_go = text.bytes().any(|byte| byte.is_ascii_digit())
        && text
            .chars()
            .all(|letter| "0123456789.+-hmsuµμn".contains(letter));
    parse_duration(text)
        .ok()
        .filter(|_| is_of_go)
        .map(Value::Duration)
        .ok_or_else(|| format!("time: invalid duration {text:?}"))
}

fn extreme(function: Function, values: &[Value]) -> Result<Value, String> {
    let mut best: Option<&Value> = None;
    for value in values {
        if value.as_float().is_none() {
            return Err(format!(
                "invalid argument for {} (type {})",
                function.name(),
                value.type_name()
            ));
        }
        let better = match best {
            None => true,
            Some(known) if same(value, known) => false,
            Some(known) => less(Binary::Less, value, known)? == (function == Function::Min),
        };
        if better {
            best = Some(value);
        }
    }
    Ok(best.cloned().unwrap_or_default())
}

fn sum(values: &[Value]) -> Result<Value, String> {
    let mut total = Value::Int(0);
    for value in values {
        total = match (value, &total) {
            (Value::Int(number), Value::Int(so_far)) => Value::Int(so_far.saturating_add(*number)),
            _ => match (value.as_float(), total.as_float()) {
                (Some(number), Some(so_far)) => Value::Float(so_far + number),
                _ => return Err(invalid(Binary::Plus, value, &total)),
            },
        };
    }
    Ok(total)
}
