//! From a tree to text.

use super::functions;
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
}

/// The text of a template.
pub fn execute(template: &Template, scope: &dyn Scope) -> Result<String, String> {
    let mut run = Run {
        scope,
        variables: Vec::new(),
        dots: Vec::new(),
        out: String::new(),
    };
    run.nodes(&template.nodes)?;
    Ok(run.out)
}

struct Run<'a> {
    scope: &'a dyn Scope,
    variables: Vec<(String, Value)>,
    /// Values that `with` and `range` made the dot.
    dots: Vec<Value>,
    out: String,
}

impl Run<'_> {
    fn nodes(&mut self, nodes: &[Node]) -> Result<(), String> {
        let known = self.variables.len();
        for node in nodes {
            self.node(node)?;
        }
        self.variables.truncate(known);
        Ok(())
    }

    fn node(&mut self, node: &Node) -> Result<(), String> {
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
                    return Err("range can only count up to a number".to_owned());
                };
                if count > MAX_REPETITIONS {
                    return Err(format!("range over more than {MAX_REPETITIONS}"));
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

    fn pipeline(&mut self, pipeline: &Pipeline) -> Result<Value, String> {
        let mut value = None;
        for command in pipeline {
            value = Some(self.command(command, value)?);
        }
        Ok(value.unwrap_or(Value::Nil))
    }

    fn command(&mut self, command: &[Term], before: Option<Value>) -> Result<Value, String> {
        let Some((first, rest)) = command.split_first() else {
            return Ok(Value::Nil);
        };
        let Term::Function(name) = first else {
            if !rest.is_empty() || before.is_some() {
                return Err("can't give argument to non-function".to_owned());
            }
            return self.term(first);
        };
        let mut args = Vec::with_capacity(rest.len() + 1);
        for term in rest {
            args.push(self.term(term)?);
        }
        args.extend(before);
        if self.scope.knows(name) {
            self.scope.call(name, &args)
        } else {
            functions::call(name, &args)
        }
    }

    fn term(&mut self, term: &Term) -> Result<Value, String> {
        match term {
            Term::Value(value) => Ok(value.clone()),
            Term::Function(_) => self.command(std::slice::from_ref(term), None),
            Term::Field(names) => match (names.as_slice(), self.dots.last()) {
                ([], Some(dot)) => Ok(dot.clone()),
                ([], None) => Ok(Value::Nil),
                (names, None) => {
                    let name = names.join(".");
                    self.scope
                        .field(&name)
                        .ok_or_else(|| format!("can't evaluate field {name}"))
                }
                _ => Err(format!("can't evaluate field {}", names.join("."))),
            },
            Term::Variable(name) => self
                .variables
                .iter()
                .rev()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
                .ok_or_else(|| format!("undefined variable \"${name}\"")),
            Term::Nested(pipeline) => self.pipeline(pipeline),
        }
    }
}
