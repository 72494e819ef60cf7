//! `$NAME` values: earlier keys, then the environment (configuration.md 1.8).

use std::path::PathBuf;
use std::sync::Arc;

use super::error::LangError;
use super::limits::{MAX_VARIABLE_BYTES, MAX_VARIABLE_DEPTH};
use super::parser::Parser;
use super::source::Includes;
use super::value::{Node, Place, Pos, Value, Variable};

/// A bcrypt hash of this kind needs no quotes: it is text, not a variable.
const BCRYPT: &str = "2a$";

/// The key an environment value is parsed under.
const ENV_KEY: &str = "pk";

impl Parser<'_, '_> {
    /// The value `$name` stands for.
    pub(super) fn variable(&mut self, name: &str, pos: Pos) -> Result<Node, LangError> {
        if name.starts_with(BCRYPT) {
            return Ok(self.node(Value::String(format!("${name}")), pos));
        }
        if let Some(found) = self.open.iter_mut().rev().find_map(|map| map.get_mut(name)) {
            found.used = true;
            let size = found.value.size();
            self.includes.copied = self.includes.copied.saturating_add(size.bytes);
            if self.includes.copied > MAX_VARIABLE_BYTES {
                return Err(LangError::Value(format!(
                    "variable reference for '{name}' on line {}: variables stand for more than \
                     {MAX_VARIABLE_BYTES} bytes",
                    self.cursor.line()
                )));
            }
            let value = found.value.clone();
            let defined = Some(found.at.clone());
            self.check_depth(self.depth + size.depth)?;
            return Ok(self.taken_from(name, defined, value, pos));
        }
        let line = self.cursor.line();
        let Ok(text) = std::env::var(name) else {
            return Err(LangError::Value(format!(
                "variable reference for '{name}' on line {line} can not be found"
            )));
        };
        match self.environment(name, &text, &pos) {
            Ok(value) => Ok(self.taken_from(name, None, value, pos)),
            Err(error) => Err(LangError::Value(format!(
                "variable reference for '{name}' on line {line} could not be parsed: {error}"
            ))),
        }
    }

    fn taken_from(&self, name: &str, defined: Option<Place>, value: Value, pos: Pos) -> Node {
        let mut node = self.node(value, pos);
        node.variable = Some(Box::new(Variable {
            name: name.to_owned(),
            defined,
        }));
        node
    }

    fn environment(&mut self, name: &str, text: &str, pos: &Pos) -> Result<Value, LangError> {
        if self.resolving.iter().any(|outer| outer == name)
            || self.resolving.len() >= MAX_VARIABLE_DEPTH
        {
            return Err(LangError::Value(format!(
                "variable reference cycle for '{name}'"
            )));
        }
        let text = format!("{ENV_KEY}={text}");
        let mut includes = Includes::default();
        includes.copied = self.includes.copied;
        let mut parser =
            Parser::new(&text, Arc::from(""), PathBuf::new(), &mut includes).at_depth(self.depth);
        parser.within = Some(self.within.clone().unwrap_or_else(|| Place::from(pos)));
        parser.resolving = self.resolving.clone();
        parser.resolving.push(name.to_owned());
        let root = parser.run()?;
        self.includes.copied = includes.copied.saturating_add(text.len());
        Ok(root
            .get(ENV_KEY)
            .map_or_else(|| Value::String(String::new()), |node| node.value.clone()))
    }
}
