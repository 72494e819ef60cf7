//! Values of expressions.

use regex::Regex;

use super::functions;
use super::parser::{Binary, Node, Unary};
use crate::format::explain;
use crate::output::Json;

/// Longest list that a range makes.
const MAX_RANGE: i128 = 100_000;

/// What names stand for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    variables: &'a Json,
    element: Option<&'a Json>,
}

/// The value of an expression.
pub fn evaluate(node: &Node, variables: &Json) -> Result<Json, String> {
    Scope {
        variables,
        element: None,
    }
    .evaluate(node)
}

/// What a value is, in texts.
pub fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "nil",
        Json::Bool(_) => "a truth value",
        Json::Int(_) | Json::Float(_) => "a number",
        Json::Text(_) => "a text",
        Json::List(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// The type that errors of expr name.
pub fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "<nil>",
        Json::Bool(_) => "bool",
        Json::Int(_) => "int",
        Json::Float(_) => "float64",
        Json::Text(_) => "string",
        Json::List(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    }
}

fn invalid(operator: &str, a: &Json, b: &Json) -> String {
    format!(
        "invalid operation: {} {operator} {}",
        type_name(a),
        type_name(b)
    )
}

/// Whether two values are equal.
pub fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Int(a), Json::Float(b)) => *a as f64 == *b,
        (Json::Float(a), Json::Int(b)) => *a == *b as f64,
        _ => a == b,
    }
}

/// Whether a value is less than another one of its kind.
pub fn less(a: &Json, b: &Json) -> Result<bool, String> {
    match (a, b) {
        (Json::Int(a), Json::Int(b)) => Ok(a < b),
        (Json::Text(a), Json::Text(b)) => Ok(a < b),
        _ => match (float(a), float(b)) {
            (Some(a), Some(b)) => Ok(a < b),
            _ => Err(invalid("<", a, b)),
        },
    }
}

fn float(value: &Json) -> Option<f64> {
    match value {
        Json::Int(number) => Some(*number as f64),
        Json::Float(number) => Some(*number),
        _ => None,
    }
}

fn truth(value: &Json, operator: &str) -> Result<bool, String> {
    match value {
        Json::Bool(value) => Ok(*value),
        other => Err(format!(
            "invalid operation: {operator}({})",
            type_name(other)
        )),
    }
}

impl<'a> Scope<'a> {
    /// The scope of a predicate about an element.
    pub fn with(self, element: &'a Json) -> Self {
        Self {
            element: Some(element),
            ..self
        }
    }

    /// The value of a node.
    pub fn evaluate(&self, node: &Node) -> Result<Json, String> {
        match node {
            Node::Value(value) => Ok(value.clone()),
            Node::List(nodes) => Ok(Json::List(
                nodes
                    .iter()
                    .map(|node| self.evaluate(node))
                    .collect::<Result<_, _>>()?,
            )),
            Node::Object(entries) => Ok(Json::Object(
                entries
                    .iter()
                    .map(|(key, node)| Ok((key.clone(), self.evaluate(node)?)))
                    .collect::<Result<_, String>>()?,
            )),
            Node::Name(name) => Ok(self.variables.key(name).clone()),
            Node::Element => self
                .element
                .cloned()
                .ok_or_else(|| "there is no element outside of a predicate".to_owned()),
            Node::Index(of, index) => index_of(&self.evaluate(of)?, &self.evaluate(index)?),
            Node::Unary(Unary::Not, node) => Ok(Json::Bool(!truth(&self.evaluate(node)?, "!")?)),
            Node::Unary(Unary::Minus, node) => match self.evaluate(node)? {
                Json::Int(number) => Ok(Json::Int(number.saturating_neg())),
                Json::Float(number) => Ok(Json::Float(-number)),
                other => Err(format!("- of {}", kind(&other))),
            },
            Node::Binary(operator, left, right) => self.binary(*operator, left, right),
            Node::Choice(condition, yes, no) => {
                if truth(&self.evaluate(condition)?, "bool")? {
                    self.evaluate(yes)
                } else {
                    self.evaluate(no)
                }
            }
            Node::Call(function, arguments) => functions::call(*function, arguments, self),
        }
    }

    fn binary(&self, operator: Binary, left: &Node, right: &Node) -> Result<Json, String> {
        let a = self.evaluate(left)?;
        // These may not look at their right side.
        match operator {
            Binary::Or if truth(&a, "bool")? => return Ok(Json::Bool(true)),
            Binary::And if !truth(&a, "bool")? => return Ok(Json::Bool(false)),
            Binary::Else if !a.is_null() => return Ok(a),
            _ => {}
        }
        let b = self.evaluate(right)?;
        match operator {
            Binary::Or | Binary::And => Ok(Json::Bool(truth(&b, "bool")?)),
            Binary::Else => Ok(b),
            Binary::Equal => Ok(Json::Bool(same(&a, &b))),
            Binary::Unequal => Ok(Json::Bool(!same(&a, &b))),
            Binary::Less => Ok(Json::Bool(less(&a, &b)?)),
            Binary::GreaterEqual => compared(">=", &a, &b, less(&a, &b).map(|less| !less)),
            Binary::Greater => compared(">", &a, &b, less(&b, &a)),
            Binary::LessEqual => compared("<=", &a, &b, less(&b, &a).map(|less| !less)),
            Binary::In => Ok(Json::Bool(is_in(&a, &b)?)),
            Binary::NotIn => Ok(Json::Bool(!is_in(&a, &b)?)),
            Binary::Contains | Binary::StartsWith | Binary::EndsWith | Binary::Matches => {
                texts(operator, &a, &b).map(Json::Bool)
            }
            Binary::Range => range(&a, &b),
            Binary::Plus
            | Binary::Minus
            | Binary::Times
            | Binary::Divided
            | Binary::Modulo
            | Binary::Power => arithmetic(operator, &a, &b),
        }
    }
}

/// The result of a comparison, whose error names what was written.
fn compared(sign: &str, a: &Json, b: &Json, is: Result<bool, String>) -> Result<Json, String> {
    is.map(Json::Bool).map_err(|_| invalid(sign, a, b))
}

fn index_of(of: &Json, index: &Json) -> Result<Json, String> {
    match (of, index) {
        (Json::Object(_), Json::Text(key)) => Ok(of.key(key).clone()),
        (Json::List(values), Json::Int(at)) => {
            let length = i128::try_from(values.len()).unwrap_or(i128::MAX);
            let at = if *at < 0 { at + length } else { *at };
            Ok(usize::try_from(at)
                .ok()
                .and_then(|at| values.get(at))
                .cloned()
                .unwrap_or_default())
        }
        // A field of something that is not there is not there either.
        (Json::Null, _) => Ok(Json::Null),
        _ => Err(format!("{} has no {}", kind(of), index.compact())),
    }
}

fn is_in(value: &Json, of: &Json) -> Result<bool, String> {
    match of {
        Json::List(values) => Ok(values.iter().any(|known| same(known, value))),
        Json::Object(entries) => match value.as_text() {
            Some(key) => Ok(entries.iter().any(|(known, _)| known == key)),
            None => Ok(false),
        },
        Json::Null => Ok(false),
        other => Err(format!("in {}", kind(other))),
    }
}

fn texts(operator: Binary, a: &Json, b: &Json) -> Result<bool, String> {
    let (Some(text), Some(other)) = (a.as_text(), b.as_text()) else {
        if a.is_null() {
            return Ok(false);
        }
        return Err(format!("{operator:?} of {} and {}", kind(a), kind(b)).to_lowercase());
    };
    Ok(match operator {
        Binary::StartsWith => text.starts_with(other),
        Binary::EndsWith => text.ends_with(other),
        Binary::Matches => Regex::new(other)
            .map_err(|_| explain(other))?
            .is_match(text),
        _ => text.contains(other),
    })
}

fn range(a: &Json, b: &Json) -> Result<Json, String> {
    let (Json::Int(first), Json::Int(last)) = (a, b) else {
        return Err(invalid("..", a, b));
    };
    if last.saturating_sub(*first) > MAX_RANGE {
        return Err(format!("a range of more than {MAX_RANGE} numbers"));
    }
    Ok(Json::List((*first..=*last).map(Json::Int).collect()))
}

fn arithmetic(operator: Binary, a: &Json, b: &Json) -> Result<Json, String> {
    if let (Binary::Plus, Json::Text(a), Json::Text(b)) = (operator, a, b) {
        return Ok(Json::Text(format!("{a}{b}")));
    }
    let sign = match operator {
        Binary::Plus => "+",
        Binary::Minus => "-",
        Binary::Times => "*",
        Binary::Divided => "/",
        Binary::Modulo => "%",
        _ => "**",
    };
    if let (Json::Int(a), Json::Int(b)) = (a, b) {
        let whole = match operator {
            Binary::Plus => Some(a.saturating_add(*b)),
            Binary::Minus => Some(a.saturating_sub(*b)),
            Binary::Times => Some(a.saturating_mul(*b)),
            Binary::Modulo => {
                return a
                    .checked_rem(*b)
                    .map(Json::Int)
                    .ok_or_else(|| "division by zero".to_owned());
            }
            _ => None,
        };
        if let Some(whole) = whole {
            return Ok(Json::Int(whole));
        }
    }
    let (Some(x), Some(y)) = (float(a), float(b)) else {
        return Err(invalid(sign, a, b));
    };
    Ok(Json::Float(match operator {
        Binary::Plus => x + y,
        Binary::Minus => x - y,
        Binary::Times => x * y,
        Binary::Divided => x / y,
        Binary::Modulo => return Err("% of a number that is not whole".to_owned()),
        _ => x.powf(y),
    }))
}
