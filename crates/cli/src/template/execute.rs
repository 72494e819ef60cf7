//! From a tree to text.

use super::functions;
use super::lexer::{Path, Place};
use super::parser::{Node, Pipeline, Template, Term};
use super::value::Value;

/// Most repetitions in one template: it makes a message, which has a size
/// limit; a typing mistake must not fill the memory.
const MAX_REPETITIONS: i64 = 1_000_000;

/// What a template can use beside the functions that every one has.
pub trait Scope {
    /// Whether there is a function of this name.
    fn knows(&self, name: &str) -> bool;
    /// The value of a function.
    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String>;
    /// The value of a field of the dot: `a`, or `a.b` for a field of that.
    fn field(&self, name: &str) -> Option<Value>;
    /// What errors call the type of such a field, or, for an empty name, of the
    /// dot itself; nothing if they do not tell.
    fn type_of(&self, _name: &str) -> Option<&'static str> {
        None
    }
}

/// Start of the error about the number of arguments of a function.
pub const WRONG_COUNT: &str = "wrong number of args for ";

/// Why a template makes no text.
struct Problem {
    /// The part of the template where it came up, if that is told.
    at: Option<(Place, String)>,
    why: String,
}

impl From<String> for Problem {
    fn from(why: String) -> Self {
        Self { at: None, why }
    }
}

type Outcome<T> = Result<T, Problem>;

/// The text of a template.
pub fn execute(template: &Template, scope: &dyn Scope) -> Result<String, String> {
    let mut run = Run {
        scope,
        variables: Vec::new(),
        dots: Vec::new(),
        out: String::new(),
    };
    let name = &template.name;
    match run.nodes(&template.nodes) {
        Ok(()) => Ok(run.out),
        Err(Problem { at: None, why }) => Err(format!("template: {name}: {why}")),
        Err(Problem {
            at: Some((place, part)),
            why,
        }) => Err(format!(
            "template: {name}:{place}: executing {name:?} at <{part}>: {why}"
        )),
    }
}

struct Run<'a> {
    scope: &'a dyn Scope,
    variables: Vec<(String, Value)>,
    /// Values that `with` and `range` made the dot.
    dots: Vec<Value>,
    out: String,
}

impl Run<'_> {
    fn nodes(&mut self, nodes: &[Node]) -> Outcome<()> {
        let known = self.variables.len();
        for node in nodes {
            self.node(node)?;
        }
        self.variables.truncate(known);
        Ok(())
    }

    fn node(&mut self, node: &Node) -> Outcome<()> {
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Show(pipeline) => {
                let value = self.pipeline(pipeline)?;
                self.out.push_str(&value.to_string());
            }
            Node::Set { name, new, value } => {
                let value = self.pipeline(value)?;
                let known = self
                    .variables
                    .iter_mut()
                    .rev()
                    .find(|(known, _)| known == name);
                match known {
                    Some((_, known)) if !new => *known = value,
                    _ => self.variables.push((name.clone(), value)),
                }
            }
            Node::If {
                with,
                condition,
                then,
                otherwise,
            } => {
                let value = self.pipeline(condition)?;
                if !value.is_true() {
                    return self.nodes(otherwise);
                }
                if *with {
                    self.dots.push(value);
                }
                self.nodes(then)?;
                if *with {
                    self.dots.pop();
                }
            }
            Node::Range {
                name,
                over,
                body,
                otherwise,
            } => {
                let Some(count) = self.pipeline(over)?.as_int() else {
                    return Err("range can only count up to a number".to_owned().into());
                };
                if count > MAX_REPETITIONS {
                    return Err(format!("range over more than {MAX_REPETITIONS}").into());
                }
                if count <= 0 {
                    return self.nodes(otherwise);
                }
                for number in 0..count {
                    self.dots.push(Value::Int(number));
                    let known = self.variables.len();
                    if let Some(name) = name {
                        self.variables.push((name.clone(), Value::Int(number)));
                    }
                    self.nodes(body)?;
                    self.variables.truncate(known);
                    self.dots.pop();
                }
            }
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Outcome<Value> {
        let mut value = None;
        for command in pipeline {
            value = Some(self.command(command, value)?);
        }
        Ok(value.unwrap_or(Value::Nil))
    }

    fn command(&mut self, command: &[Term], before: Option<Value>) -> Outcome<Value> {
        let Some((first, rest)) = command.split_first() else {
            return Ok(Value::Nil);
        };
        let Term::Function(name, place) = first else {
            if !rest.is_empty() || before.is_some() {
                return Err("can't give argument to non-function".to_owned().into());
            }
            return self.term(first);
        };
        let mut args = Vec::with_capacity(rest.len() + 1);
        for term in rest {
            args.push(self.term(term)?);
        }
        args.extend(before);
        let outcome = if self.scope.knows(name) {
            self.scope.call(name, &args)
        } else {
            functions::call(name, &args)
        };
        outcome.map_err(|why| {
            let at = why.starts_with(WRONG_COUNT).then(|| (*place, name.clone()));
            Problem { at, why }
        })
    }

    fn term(&mut self, term: &Term) -> Outcome<Value> {
        match term {
            Term::Value(value) => Ok(value.clone()),
            Term::Function(..) => self.command(std::slice::from_ref(term), None),
            Term::Field(path) => self.field(path),
            Term::Variable(name) => self
                .variables
                .iter()
                .rev()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
                .ok_or_else(|| format!("undefined variable \"${name}\"").into()),
            Term::Nested(pipeline) => self.pipeline(pipeline),
        }
    }

    fn field(&self, path: &Path) -> Outcome<Value> {
        let dot = self.dots.last().filter(|_| !path.of_root);
        let (missing, kind) = match (dot, path.names.first()) {
            (Some(dot), None) => return Ok(dot.clone()),
            (None, None) => return Ok(Value::Nil),
            // No value has fields.
            (Some(dot), Some(first)) => (first, Some(dot.kind())),
            (None, Some(first)) => {
                if let Some(value) = self.scope.field(&path.names.join(".")) {
                    return Ok(value);
                }
                let mut parent = String::new();
                let mut missing = first;
                for name in &path.names {
                    missing = name;
                    let child = match parent.as_str() {
                        "" => name.clone(),
                        parent => format!("{parent}.{name}"),
                    };
                    if self.scope.field(&child).is_none() {
                        break;
                    }
                    parent = child;
                }
                (missing, self.scope.type_of(&parent))
            }
        };
        let kind = kind
            .map(|kind| format!(" in type {kind}"))
            .unwrap_or_default();
        Err(Problem {
            at: Some((path.place, path.to_string())),
            why: format!("can't evaluate field {missing}{kind}"),
        })
    }
}
