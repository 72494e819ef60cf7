//! Values of expressions.

use std::borrow::Cow;
use std::cell::Cell;

use regex::Regex;

use super::arithmetic::{arithmetic, less, range, same};
use super::functions;
use super::lexer::Mistake;
use super::methods::{self, Method};
use super::tree::{Binary, Node, Unary, What};
use super::value::Value;
use crate::format::explain;

/// Most nodes that one evaluation looks at, and elements that it makes:
/// predicates in predicates over ranges would take for ever.
const MAX_STEPS: u64 = 5_000_000;
/// Bytes of a new text that count as a step.
const STEP_TEXT: usize = 64;

/// What a `let` names.
#[derive(Debug)]
struct Given<'a> {
    name: &'a str,
    value: Value,
    outer: Option<&'a Given<'a>>,
}

/// What names stand for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    variables: &'a Value,
    element: Option<&'a Value>,
    given: Option<&'a Given<'a>>,
    steps: &'a Cell<u64>,
}

/// Why there is no value.
#[derive(Debug)]
enum Stop {
    Mistake(Mistake),
    /// A chain with `?.` that has no whole.
    Nothing,
}

impl From<Mistake> for Stop {
    fn from(mistake: Mistake) -> Self {
        Stop::Mistake(mistake)
    }
}

type Outcome<'a> = Result<Cow<'a, Value>, Stop>;

/// The value of an expression.
pub fn evaluate(node: &Node, variables: &Value) -> Result<Value, Mistake> {
    let steps = Cell::new(0);
    Scope {
        variables,
        element: None,
        given: None,
        steps: &steps,
    }
    .evaluate(node)
    .map(Cow::into_owned)
}

/// The error of expr about a value that is not of the one type that it needs.
pub fn conversion(value: &Value, wanted: &str) -> String {
    let got = match value {
        Value::Nil => "nil",
        other => other.type_name(),
    };
    format!("interface conversion: interface {{}} is {got}, not {wanted}")
}

fn truth(value: &Value, at: usize) -> Result<bool, Mistake> {
    match value {
        Value::Bool(value) => Ok(*value),
        other => Err(Mistake::new(conversion(other, "bool"), at)),
    }
}

fn owned<'a>(value: Value) -> Outcome<'a> {
    Ok(Cow::Owned(value))
}

impl<'a> Scope<'a> {
    /// The scope of a predicate about an element.
    pub fn with<'b>(&self, element: &'b Value) -> Scope<'b>
    where
        'a: 'b,
    {
        Scope {
            variables: self.variables,
            element: Some(element),
            given: self.given,
            steps: self.steps,
        }
    }

    /// The value of a node.
    pub fn evaluate(&self, node: &'a Node) -> Result<Cow<'a, Value>, Mistake> {
        match self.value(node) {
            Ok(value) => Ok(value),
            Err(Stop::Nothing) => Ok(Cow::Owned(Value::Nil)),
            Err(Stop::Mistake(mistake)) => Err(mistake),
        }
    }

    /// The values of nodes.
    pub fn all(&self, nodes: &'a [Node]) -> Result<Vec<Value>, Mistake> {
        nodes
            .iter()
            .map(|node| self.evaluate(node).map(Cow::into_owned))
            .collect()
    }

    // Each kind of node has its own function: one for all would take a lot of
    // the stack a level.
    fn value(&self, node: &'a Node) -> Outcome<'a> {
        self.count(1, node.at)?;
        match &node.what {
            What::Value(value) => Ok(Cow::Borrowed(value)),
            What::List(nodes) => owned(Value::List(self.all(nodes)?)),
            What::Map(entries) => self.map(entries),
            What::Name(name) => Ok(self.named(name)),
            What::Element => Ok(match self.element {
                Some(element) => Cow::Borrowed(element),
                None => Cow::Owned(Value::Nil),
            }),
            What::Index(of, which) => self.index(of, which, false, node.at),
            What::IndexIfAny(of, which) => self.index(of, which, true, node.at),
            What::Part(of, from, to) => self.part(of, from.as_deref(), to.as_deref(), node.at),
            What::Chain(inner) => Ok(self.evaluate(inner)?),
            What::Unary(operator, inner) => self.unary(*operator, inner, node.at),
            What::Binary(operator, left, right) => {
                Ok(self.binary(*operator, left, right, node.at)?)
            }
            What::Choice(condition, yes, no) => self.choice(condition, yes, no, node.at),
            What::Call(function, arguments) => {
                owned(functions::call(*function, arguments, self, node.at)?)
            }
            What::Method(of, method, name, arguments) => {
                self.method(of, *method, name, arguments, node.at)
            }
            What::Let(name, value, rest) => self.with_name(name, value, rest),
            What::Then(first, second) => {
                self.evaluate(first)?;
                Ok(self.evaluate(second)?)
            }
        }
    }

    fn count(&self, steps: usize, at: usize) -> Result<(), Mistake> {
        self.steps.set(self.steps.get() + steps as u64);
        if self.steps.get() > MAX_STEPS {
            return Err(Mistake::new("it takes too long", at));
        }
        Ok(())
    }

    fn map(&self, entries: &'a [(String, Node)]) -> Outcome<'a> {
        let mut out = Vec::new();
        for (key, node) in entries {
            out.push((key.clone(), self.evaluate(node)?.into_owned()));
        }
        owned(Value::Map(out))
    }

    fn index(&self, of: &'a Node, which: &'a Node, if_any: bool, at: usize) -> Outcome<'a> {
        let of = self.value(of)?;
        if if_any && of.is_nil() {
            return Err(Stop::Nothing);
        }
        let which = self.evaluate(which)?;
        Ok(index_of(of, &which, at)?)
    }

    fn part(
        &self,
        of: &'a Node,
        from: Option<&'a Node>,
        to: Option<&'a Node>,
        at: usize,
    ) -> Outcome<'a> {
        let of = self.value(of)?;
        let length = match &*of {
            Value::List(values) => values.len(),
            Value::Text(text) => text.len(),
            none if none.is_no_list() => return owned(Value::List(Vec::new())),
            other => {
                let what = match from {
                    Some(from) => format!("cannot slice {}", self.evaluate(from)?.text()),
                    None => format!("cannot slice {}", other.type_name()),
                };
                return Err(Mistake::new(what, at).into());
            }
        };
        let end = |node: Option<&'a Node>, default: usize| match node {
            None => Ok(default),
            Some(node) => match &*self.evaluate(node)? {
                Value::Int(wanted) => Ok(cut(*wanted, length)),
                other => Err(Mistake::new(not_an_index(other), at)),
            },
        };
        let (from, to) = (end(from, 0)?, end(to, length)?);
        let range = from.min(to)..to;
        self.count(range.len(), at)?;
        owned(match &*of {
            Value::List(values) => Value::List(values.get(range).unwrap_or_default().to_vec()),
            value => {
                // Bytes, as in Go.
                let bytes = value.as_text().unwrap_or_default().as_bytes();
                let part = bytes.get(range).unwrap_or_default();
                Value::Text(String::from_utf8_lossy(part).into_owned())
            }
        })
    }

    fn unary(&self, operator: Unary, inner: &'a Node, at: usize) -> Outcome<'a> {
        let value = self.evaluate(inner)?;
        owned(match (operator, &*value) {
            (Unary::Not, value) => Value::Bool(!truth(value, at)?),
            (_, Value::Int(number)) => Value::Int(number.saturating_neg()),
            (_, Value::Float(number)) => Value::Float(-number),
            (_, Value::Duration(nanos)) => Value::Duration(nanos.saturating_neg()),
            (_, other) => {
                let what = format!("invalid operation: - {}", other.type_name());
                return Err(Mistake::new(what, at).into());
            }
        })
    }

    fn choice(&self, condition: &'a Node, yes: &'a Node, no: &'a Node, at: usize) -> Outcome<'a> {
        let holds = truth(&*self.evaluate(condition)?, at)?;
        Ok(self.evaluate(if holds { yes } else { no })?)
    }

    fn method(
        &self,
        of: &'a Node,
        method: Method,
        name: &str,
        arguments: &'a [Node],
        at: usize,
    ) -> Outcome<'a> {
        let of = self.value(of)?;
        let arguments = self.all(arguments)?;
        let value = methods::call(&of, method, name, &arguments);
        owned(value.map_err(|what| Mistake::new(what, at))?)
    }

    fn with_name(&self, name: &'a str, value: &'a Node, rest: &'a Node) -> Outcome<'a> {
        let given = Given {
            name,
            value: self.evaluate(value)?.into_owned(),
            outer: self.given,
        };
        let inner = Scope {
            variables: self.variables,
            element: self.element,
            given: Some(&given),
            steps: self.steps,
        };
        owned(inner.evaluate(rest)?.into_owned())
    }

    fn named(&self, name: &str) -> Cow<'a, Value> {
        let mut given = self.given;
        while let Some(known) = given {
            if known.name == name {
                return Cow::Borrowed(&known.value);
            }
            given = known.outer;
        }
        match self.variables.entry(name) {
            Some(value) => Cow::Borrowed(value),
            None => Cow::Owned(Value::Nil),
        }
    }

    fn binary(
        &self,
        operator: Binary,
        left: &'a Node,
        right: &'a Node,
        at: usize,
    ) -> Result<Cow<'a, Value>, Mistake> {
        // Known truths do not count, nor do they ask for the other side's type.
        if let (Binary::And | Binary::Or, What::Value(Value::Bool(known))) = (operator, &right.what)
        {
            let left = self.evaluate(left)?;
            let decides = *known == (operator == Binary::Or);
            return Ok(if decides {
                Cow::Owned(Value::Bool(*known))
            } else {
                left
            });
        }
        let a = self.evaluate(left)?;
        // These may not look at their right side.
        match operator {
            Binary::Or if truth(&a, at)? => return Ok(Cow::Owned(Value::Bool(true))),
            Binary::And if !truth(&a, at)? => return Ok(Cow::Owned(Value::Bool(false))),
            Binary::Else if !a.is_nil() => return Ok(a),
            _ => {}
        }
        let b = self.evaluate(right)?;
        if matches!(operator, Binary::Or | Binary::And | Binary::Else) {
            return Ok(b);
        }
        let value = of_two(operator, &a, &b).map_err(|what| Mistake::new(what, at))?;
        match &value {
            Value::List(values) => self.count(values.len(), at)?,
            Value::Text(text) => self.count(text.len() / STEP_TEXT, at)?,
            _ => {}
        }
        Ok(Cow::Owned(value))
    }
}

fn of_two(operator: Binary, a: &Value, b: &Value) -> Result<Value, String> {
    Ok(match operator {
        Binary::Equal => Value::Bool(same(a, b)),
        Binary::Unequal => Value::Bool(!same(a, b)),
        Binary::Less => Value::Bool(less(operator, a, b)?),
        Binary::GreaterEqual => Value::Bool(!less(operator, a, b)?),
        Binary::Greater => Value::Bool(less(operator, b, a).map_err(|_| invalid(operator, a, b))?),
        Binary::LessEqual => {
            Value::Bool(!less(operator, b, a).map_err(|_| invalid(operator, a, b))?)
        }
        Binary::In => Value::Bool(is_in(a, b)?),
        Binary::NotIn => Value::Bool(!is_in(a, b)?),
        Binary::Contains | Binary::StartsWith | Binary::EndsWith | Binary::Matches => {
            Value::Bool(texts(operator, a, b)?)
        }
        Binary::Range => range(a, b)?,
        _ => arithmetic(operator, a, b)?,
    })
}

/// The error of expr about operands that do not fit.
pub fn invalid(operator: Binary, a: &Value, b: &Value) -> String {
    format!(
        "invalid operation: {} {} {}",
        a.type_name(),
        operator.sign(),
        b.type_name()
    )
}

fn not_an_index(value: &Value) -> String {
    format!("invalid operation: int({})", value.type_name())
}

fn index_of<'a>(of: Cow<'a, Value>, which: &Value, at: usize) -> Result<Cow<'a, Value>, Mistake> {
    let fail = |what: String| Err(Mistake::new(what, at));
    match (&*of, which) {
        (Value::Map(_), Value::Text(key)) => Ok(picked(of, |value| value.entry(key))),
        (Value::Map(_), other) => fail(format!(
            "cannot use {} to get an element from map[string]interface {{}}",
            other.type_name()
        )),
        (Value::Struct(_, fields), Value::Text(key))
            if fields.iter().any(|(known, _)| known == key) =>
        {
            Ok(picked(of, |value| value.entry(key)))
        }
        (Value::List(values), Value::Int(wanted)) => match place(*wanted, values.len()) {
            Ok(found) => Ok(picked(of, |value| match value {
                Value::List(values) => values.get(found),
                _ => None,
            })),
            Err(what) => fail(what),
        },
        (Value::Text(text), Value::Int(wanted)) => match place(*wanted, text.len()) {
            // A byte, as in Go.
            Ok(found) => Ok(Cow::Owned(
                text.as_bytes()
                    .get(found)
                    .map_or(Value::Nil, |byte| Value::Int(i128::from(*byte))),
            )),
            Err(what) => fail(what),
        },
        (none, Value::Int(wanted)) if none.is_no_list() => {
            fail(place(*wanted, 0).err().unwrap_or_default())
        }
        (none, Value::Text(_)) if none.is_no_map() => Ok(Cow::Owned(Value::Nil)),
        (Value::List(_) | Value::Text(_), other) => fail(not_an_index(other)),
        (of, which) => fail(format!(
            "cannot fetch {} from {}",
            which.text(),
            of.type_name()
        )),
    }
}

/// A part of a value, which is not copied unless the value is.
fn picked<'a>(
    of: Cow<'a, Value>,
    pick: impl for<'b> Fn(&'b Value) -> Option<&'b Value>,
) -> Cow<'a, Value> {
    match of {
        Cow::Borrowed(value) => pick(value).map_or(Cow::Owned(Value::Nil), Cow::Borrowed),
        Cow::Owned(value) => Cow::Owned(pick(&value).cloned().unwrap_or_default()),
    }
}

/// The place that an index means, which counts from the end below zero.
fn place(wanted: i128, length: usize) -> Result<usize, String> {
    let at = if wanted < 0 {
        wanted.saturating_add(length as i128)
    } else {
        wanted
    };
    usize::try_from(at)
        .ok()
        .filter(|at| *at < length)
        .ok_or_else(|| format!("index out of range: {at} (array length is {length})"))
}

/// The end of a part: from the end below zero, and never outside.
fn cut(wanted: i128, length: usize) -> usize {
    let at = if wanted < 0 {
        wanted.saturating_add(length as i128)
    } else {
        wanted
    };
    usize::try_from(at.max(0)).map_or(length, |at| at.min(length))
}

fn is_in(value: &Value, of: &Value) -> Result<bool, String> {
    match (of, value) {
        (Value::List(values), _) => Ok(values.iter().any(|known| same(known, value))),
        (Value::Map(entries), Value::Text(key)) => {
            Ok(entries.iter().any(|(known, _)| known == key))
        }
        (Value::Map(_), Value::Nil) | (Value::Nil | Value::Absent(_), _) => Ok(false),
        (Value::Map(_), other) => Err(format!(
            "reflect.Value.MapIndex: value of type {} is not assignable to type string",
            other.type_name()
        )),
        (Value::Struct(_, fields), Value::Text(key)) => {
            Ok(fields.iter().any(|(known, _)| known == key))
        }
        (other, _) => Err(format!(
            "operator \"in\" not defined on {}",
            other.type_name()
        )),
    }
}

fn texts(operator: Binary, a: &Value, b: &Value) -> Result<bool, String> {
    if a.is_nil() || b.is_nil() {
        return Ok(false);
    }
    let text = a.as_text().ok_or_else(|| conversion(a, "string"))?;
    let other = b.as_text().ok_or_else(|| conversion(b, "string"))?;
    Ok(match operator {
        Binary::StartsWith => text.starts_with(other),
        Binary::EndsWith => text.ends_with(other),
        Binary::Matches => Regex::new(other)
            .map_err(|_| explain(other))?
            .is_match(text),
        _ => text.contains(other),
    })
}
