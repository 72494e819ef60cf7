//! Comparing and calculating.

use super::evaluate::{conversion, invalid};
use super::tree::Binary;
use super::value::Value;
use crate::format::saturated;

/// Longest list that a range makes.
const MAX_RANGE: i128 = 100_000;
/// Longest text that is made, in bytes.
pub const MAX_TEXT: usize = 1 << 20;

/// Whether two values are equal.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(a), Value::Float(b)) => *a as f64 == *b,
        (Value::Float(a), Value::Int(b)) => *a == *b as f64,
        (Value::Time(..), _) | (_, Value::Time(..)) => match (a.as_time(), b.as_time()) {
            (Some((a, _)), Some((b, _))) => a == b,
            _ => false,
        },
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ if a.is_nil() && b.is_nil() => true,
        _ => a == b,
    }
}

/// Whether a value is less than another one of its kind. Texts that are times
/// compare with times.
pub fn less(operator: Binary, a: &Value, b: &Value) -> Result<bool, String> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(a < b),
        (Value::Text(a), Value::Text(b)) => Ok(a < b),
        (Value::Duration(a), Value::Duration(b)) => Ok(a < b),
        (Value::Time(..), _) | (_, Value::Time(..)) => match (a.as_time(), b.as_time()) {
            (Some((a, _)), Some((b, _))) => Ok(a < b),
            _ => Err(invalid(operator, a, b)),
        },
        _ => match (a.as_float(), b.as_float()) {
            (Some(a), Some(b)) => Ok(a < b),
            _ => Err(invalid(operator, a, b)),
        },
    }
}

/// The whole numbers from one to another.
pub fn range(a: &Value, b: &Value) -> Result<Value, String> {
    let number = |value: &Value| match value {
        Value::Int(number) => Ok(*number),
        other => Err(format!("invalid operation: int({})", other.type_name())),
    };
    let (first, last) = (number(a)?, number(b)?);
    if last.saturating_sub(first) > MAX_RANGE {
        return Err(format!("a range of more than {MAX_RANGE} numbers"));
    }
    Ok(Value::List((first..=last).map(Value::Int).collect()))
}

/// The result of an operator with numbers, texts, times or durations.
pub fn arithmetic(operator: Binary, a: &Value, b: &Value) -> Result<Value, String> {
    match (operator, a, b) {
        (Binary::Plus, Value::Text(a), Value::Text(b)) => {
            if a.len() + b.len() > MAX_TEXT {
                return Err(format!("a text of more than {MAX_TEXT} bytes"));
            }
            Ok(Value::Text(format!("{a}{b}")))
        }
        (_, Value::Int(a), Value::Int(b)) => whole(operator, *a, *b),
        (Binary::Plus, Value::Time(..), Value::Duration(nanos))
        | (Binary::Minus, Value::Time(..), Value::Duration(nanos)) => {
            let nanos = i128::from(*nanos);
            moved(
                a,
                if operator == Binary::Plus {
                    nanos
                } else {
                    -nanos
                },
            )
        }
        (Binary::Plus, Value::Duration(nanos), Value::Time(..)) => moved(b, i128::from(*nanos)),
        (Binary::Minus, Value::Time(..), _) | (Binary::Minus, _, Value::Time(..)) => {
            between(a, b).ok_or_else(|| invalid(operator, a, b))
        }
        (Binary::Plus, Value::Duration(a), Value::Duration(b)) => {
            Ok(Value::Duration(a.saturating_add(*b)))
        }
        (Binary::Minus, Value::Duration(a), Value::Duration(b)) => {
            Ok(Value::Duration(a.saturating_sub(*b)))
        }
        (Binary::Times, Value::Duration(nanos), Value::Int(number))
        | (Binary::Times, Value::Int(number), Value::Duration(nanos)) => Ok(Value::Duration(
            saturated(i128::from(*nanos).saturating_mul(*number)),
        )),
        (Binary::Times, Value::Duration(nanos), Value::Float(number))
        | (Binary::Times, Value::Float(number), Value::Duration(nanos)) => {
            Ok(Value::Duration((*nanos as f64 * number) as i64))
        }
        _ => floats(operator, a, b),
    }
}

fn whole(operator: Binary, a: i128, b: i128) -> Result<Value, String> {
    Ok(match operator {
        Binary::Plus => Value::Int(a.saturating_add(b)),
        Binary::Minus => Value::Int(a.saturating_sub(b)),
        Binary::Times => Value::Int(a.saturating_mul(b)),
        Binary::Modulo => Value::Int(
            a.checked_rem(b)
                .ok_or("runtime error: integer divide by zero")?,
        ),
        Binary::Divided => Value::Float(a as f64 / b as f64),
        _ => Value::Float((a as f64).powf(b as f64)),
    })
}

fn floats(operator: Binary, a: &Value, b: &Value) -> Result<Value, String> {
    let (Some(x), Some(y)) = (a.as_float(), b.as_float()) else {
        if operator == Binary::Power {
            let wrong = if a.as_float().is_none() { a } else { b };
            return Err(format!("invalid operation: float({})", wrong.type_name()));
        }
        return Err(invalid(operator, a, b));
    };
    Ok(Value::Float(match operator {
        Binary::Plus => x + y,
        Binary::Minus => x - y,
        Binary::Times => x * y,
        Binary::Divided => x / y,
        Binary::Power => x.powf(y),
        _ => return Err(invalid(operator, a, b)),
    }))
}

/// A time that is so many nanoseconds later.
pub fn moved(time: &Value, nanos: i128) -> Result<Value, String> {
    let Some((at, zone)) = time.as_time() else {
        return Err(conversion(time, "time.Time"));
    };
    jiff::Timestamp::from_nanosecond(at.as_nanosecond().saturating_add(nanos))
        .map(|at| Value::Time(at, zone))
        .map_err(|_| "a time out of range".to_owned())
}

/// The duration from `b` to `a`.
pub fn between(a: &Value, b: &Value) -> Option<Value> {
    let ((a, _), (b, _)) = (a.as_time()?, b.as_time()?);
    Some(Value::Duration(saturated(
        a.as_nanosecond() - b.as_nanosecond(),
    )))
}
