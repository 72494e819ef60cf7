//! Problems found while reading options, collected so that one run shows all.

use super::secrets::redacted;
use crate::error::{NodeId, Problem};
use crate::go_text;
use crate::lang::{Map, Node, Pos, Value};
use crate::options::{Feature, FeatureKind};

/// A value of the wrong type, or another reason to leave a map.
pub(crate) type Cast<T> = Result<T, Problem>;

/// Errors, warnings and the features met.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub errors: Vec<Problem>,
    pub warnings: Vec<Problem>,
    pub features: Vec<Feature>,
}

impl Report {
    /// An error at the place of `node`.
    pub fn error(&mut self, node: &Node, text: impl Into<String>) {
        self.errors.push(problem(node, text));
    }

    /// An error about `node` whose first line names no place, as tools know it.
    pub fn error_without_place(&mut self, node: Option<NodeId>, text: impl Into<String>) {
        self.errors.push(Problem {
            node,
            ..Problem::without_place(text)
        });
    }

    /// A warning at the place of `node`.
    pub fn warn(&mut self, node: &Node, text: impl Into<String>) {
        self.warnings.push(problem(node, text));
    }

    /// A warning in the form of configuration.md 1.10, last but one paragraph.
    pub fn warn_use(&mut self, node: &Node, field: &str, reason: &str) {
        self.warn(
            node,
            format!("invalid use of field {}: {reason}", go_text::quote(field)),
        );
    }

    /// A key nobody knows, unless a variable uses it.
    pub fn unknown(&mut self, node: &Node, key: &str) {
        self.unknown_as(node, || format!("unknown field {}", go_text::quote(key)));
    }

    /// Same with the words of the block.
    pub fn unknown_as(&mut self, node: &Node, text: impl FnOnce() -> String) {
        if !node.used {
            self.error(node, text());
        }
    }

    /// Takes a value, or notes why there is none.
    pub fn take<T>(&mut self, value: Cast<T>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(problem) => {
                self.errors.push(problem);
                None
            }
        }
    }

    /// Notes that `key` asks for a feature.
    pub fn feature(&mut self, kind: FeatureKind, key: &str, pos: &Pos) {
        self.features.push(Feature {
            kind,
            key: key.to_owned(),
            pos: Some(pos.clone()),
        });
    }
}

/// A problem at the place of `node`.
pub(crate) fn problem(node: &Node, text: impl Into<String>) -> Problem {
    Problem {
        pos: Some(node.pos.clone()),
        node: Some(NodeId::of(node)),
        ..Problem::without_place(text)
    }
}

/// A problem with `node` whose first line names no place, as tools know it.
pub(crate) fn unplaced(node: &Node, text: impl Into<String>) -> Problem {
    Problem {
        pos: None,
        ..problem(node, text)
    }
}

/// The same problem as tools know it: at the place of another value.
pub(crate) fn shown_at(problem: Problem, place: &Node) -> Problem {
    Problem {
        pos: Some(place.pos.clone()),
        ..problem
    }
}

/// A list of texts or a problem, for keys that take one or many.
pub(crate) enum Texts<'n> {
    One(&'n str),
    Many(&'n [Node]),
}

impl Node {
    fn wrong_type<T>(&self, wanted: &str) -> Cast<T> {
        Err(problem(
            self,
            format!(
                "interface conversion: interface {{}} is {}, not {wanted}",
                self.value.type_name()
            ),
        ))
    }

    pub(crate) fn text(&self) -> Cast<&str> {
        match &self.value {
            Value::String(text) => Ok(text),
            _ => self.wrong_type("string"),
        }
    }

    /// A text; the empty one counts as not given.
    pub(crate) fn some_text(&self) -> Cast<Option<String>> {
        let text = self.text()?;
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    pub(crate) fn int(&self) -> Cast<i64> {
        match self.value {
            Value::Integer(number) => Ok(number),
            _ => self.wrong_type("int64"),
        }
    }

    /// A port number; out of range values are refused where they are used.
    pub(crate) fn port(&self) -> Cast<i32> {
        let number = self.int()?;
        i32::try_from(number).map_err(|_| problem(self, format!("invalid port {number}")))
    }

    pub(crate) fn boolean(&self) -> Cast<bool> {
        match self.value {
            Value::Bool(yes) => Ok(yes),
            _ => self.wrong_type("bool"),
        }
    }

    pub(crate) fn items(&self) -> Cast<&[Node]> {
        match &self.value {
            Value::Array(items) => Ok(items),
            _ => self.wrong_type("[]interface {}"),
        }
    }

    pub(crate) fn map(&self) -> Cast<&Map> {
        match &self.value {
            Value::Map(map) => Ok(map),
            _ => self.wrong_type("map[string]interface {}"),
        }
    }

    /// One text or a list of nodes; `None` is neither.
    pub(crate) fn texts(&self) -> Option<Texts<'_>> {
        match &self.value {
            Value::String(text) => Some(Texts::One(text)),
            Value::Array(items) => Some(Texts::Many(items)),
            _ => None,
        }
    }

    /// The value as error texts show it.
    pub(crate) fn shown(&self) -> String {
        match &self.value {
            Value::String(text) => redacted(text).into_owned(),
            Value::DateTime(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => go_text::float_v(*number),
            Value::Bool(yes) => yes.to_string(),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(Node::shown).collect();
                go_text::list(&items)
            }
            Value::Map(map) => {
                let mut items: Vec<String> = map
                    .iter()
                    .map(|(key, node)| format!("{key}:{}", node.shown_at_key(key)))
                    .collect();
                items.sort();
                format!("map{}", go_text::list(&items))
            }
        }
    }
}
