//! Functions that every template has.

use std::cmp::Ordering;

use super::execute::WRONG_COUNT;
use super::value::Value;

const NAMES: &[&str] = &[
    "and", "or", "not", "len", "eq", "ne", "lt", "le", "gt", "ge", "print", "println", "printf",
    "html", "js", "urlquery", "slice",
];

/// Whether there is a function of this name.
pub fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The value of a function.
pub fn call(name: &str, args: &[Value]) -> Result<Value, String> {
    let first = args.first();
    let need = |count: usize| {
        if args.len() < count {
            return Err(format!(
                "{WRONG_COUNT}{name}: want at least {count} got {}",
                args.len()
            ));
        }
        Ok(())
    };
    Ok(match name {
        "and" => args
            .iter()
            .find(|value| !value.is_true())
            .or(args.last())
            .cloned()
            .unwrap_or(Value::Nil),
        "or" => args
            .iter()
            .find(|value| value.is_true())
            .or(args.last())
            .cloned()
            .unwrap_or(Value::Nil),
        "not" => Value::Bool(!first.is_some_and(Value::is_true)),
        "len" => match first {
            Some(Value::Text(text)) => Value::Int(text.len() as i64),
            _ => return Err("len of a value without a length".to_owned()),
        },
        "eq" => {
            need(2)?;
            Value::Bool(args.iter().skip(1).any(|other| first == Some(other)))
        }
        "ne" => {
            need(2)?;
            Value::Bool(first != args.get(1))
        }
        "lt" | "le" | "gt" | "ge" => {
            need(2)?;
            let order = match (first, args.get(1)) {
                (Some(a), Some(b)) => a.compare(b),
                _ => None,
            };
            let order = order.ok_or("incompatible types for comparison")?;
            Value::Bool(match name {
                "lt" => order == Ordering::Less,
                "le" => order != Ordering::Greater,
                "gt" => order == Ordering::Greater,
                _ => order != Ordering::Less,
            })
        }
        "print" => Value::Text(join(args, false)),
        "println" => Value::Text(format!("{}\n", join(args, true))),
        "printf" => match first {
            Some(Value::Text(format)) => {
                Value::Text(printf(format, args.get(1..).unwrap_or_default()))
            }
            _ => {
                need(1)?;
                return Err("printf needs a format".to_owned());
            }
        },
        "html" => Value::Text(escape(&join(args, false), html)),
        "js" => Value::Text(escape(&join(args, false), js)),
        "urlquery" => Value::Text(urlquery(&join(args, false))),
        "slice" => slice(args)?,
        _ => return Err(format!("function {name:?} not defined")),
    })
}

/// Texts, with blanks between all, or between those that are no texts.
fn join(args: &[Value], always: bool) -> String {
    let mut out = String::new();
    for (number, value) in args.iter().enumerate() {
        let is_text = |value: Option<&Value>| matches!(value, Some(Value::Text(_)));
        let before = number.checked_sub(1).and_then(|number| args.get(number));
        if number > 0 && (always || !(is_text(before) || is_text(Some(value)))) {
            out.push(' ');
        }
        out.push_str(&value.to_string());
    }
    out
}

fn printf(format: &str, args: &[Value]) -> String {
    let mut out = String::new();
    let mut args = args.iter();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let mut flags = String::new();
        let verb = loop {
            match letters.next() {
                Some(flag) if flag.is_ascii_digit() || matches!(flag, '-' | '+' | '.' | ' ') => {
                    flags.push(flag);
                }
                verb => break verb,
            }
        };
        match verb {
            Some('%') => out.push('%'),
            None => out.push_str("%!(NOVERB)"),
            Some(verb) => match args.next() {
                Some(value) => out.push_str(&pad(&flags, &verb_text(verb, &flags, value))),
                None => out.push_str(&format!("%!{verb}(MISSING)")),
            },
        }
    }
    out
}

fn verb_text(verb: char, flags: &str, value: &Value) -> String {
    let decimals = flags
        .split_once('.')
        .and_then(|(_, decimals)| decimals.parse::<usize>().ok());
    match (verb, value) {
        ('q', value) => format!("{:?}", value.to_string()),
        ('x', Value::Int(number)) => format!("{number:x}"),
        ('X', Value::Int(number)) => format!("{number:X}"),
        ('o', Value::Int(number)) => format!("{number:o}"),
        ('b', Value::Int(number)) => format!("{number:b}"),
        ('f' | 'F', Value::Float(number)) => format!("{number:.*}", decimals.unwrap_or(6)),
        ('s' | 'v' | 'd' | 't' | 'g' | 'e', value) => value.to_string(),
        (verb, value) => format!("%!{verb}({value})"),
    }
}

fn pad(flags: &str, text: &str) -> String {
    let (width, _) = flags.split_once('.').unwrap_or((flags, ""));
    let left = width.contains('-');
    let zero = !left && width.trim_start_matches(['+', ' ']).starts_with('0');
    let digits: String = width.chars().filter(char::is_ascii_digit).collect();
    // Wider than this is a mistake, and would take memory.
    let width = digits.parse::<usize>().unwrap_or(0).min(4_096);
    let missing = width.saturating_sub(text.chars().count());
    if left {
        format!("{text}{}", " ".repeat(missing))
    } else {
        format!("{}{text}", if zero { "0" } else { " " }.repeat(missing))
    }
}

fn escape(text: &str, replace: fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match replace(letter) {
            Some(text) => out.push_str(text),
            None => out.push(letter),
        }
    }
    out
}

fn html(letter: char) -> Option<&'static str> {
    Some(match letter {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&#34;",
        '\'' => "&#39;",
        _ => return None,
    })
}

fn js(letter: char) -> Option<&'static str> {
    Some(match letter {
        '\\' => "\\\\",
        '\'' => "\\'",
        '"' => "\\\"",
        '<' => "\\u003C",
        '>' => "\\u003E",
        '&' => "\\u0026",
        '=' => "\\u003D",
        '\n' => "\\u000A",
        '\r' => "\\u000D",
        '\t' => "\\u0009",
        _ => return None,
    })
}

fn urlquery(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn slice(args: &[Value]) -> Result<Value, String> {
    let Some(Value::Text(text)) = args.first() else {
        return Err("slice of a value that is no text".to_owned());
    };
    let place = |number: usize, default: usize| match args.get(number) {
        None => Ok(default),
        Some(value) => value
            .as_int()
            .and_then(|at| usize::try_from(at).ok())
            .ok_or_else(|| "slice index is no number".to_owned()),
    };
    let (from, to) = (place(1, 0)?, place(2, text.len())?);
    text.get(from..to)
        .map(|part| Value::Text(part.to_owned()))
        .ok_or_else(|| format!("index out of range: {from}:{to}"))
}
