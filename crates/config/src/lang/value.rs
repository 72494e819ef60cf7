//! The tree a configuration file is read into.

use std::fmt;
use std::sync::Arc;

/// Where a value stands: for the value of a key the place of the key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Pos {
    /// The file as it was named, joined to the including file's folder. Empty
    /// when the text did not come from a file.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Offset in bytes: from 0 on the first line, from 1 on later ones.
    pub col: u32,
}

impl fmt::Display for Pos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.col)
    }
}

/// Where a value itself begins, as editors count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// As in [`Pos::file`].
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Byte of the line, from 1 on every line.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl From<&Pos> for Place {
    fn from(pos: &Pos) -> Self {
        Self {
            file: pos.file.clone(),
            line: pos.line,
            column: pos.col + u32::from(pos.line <= 1),
        }
    }
}

/// What a value was taken from in place of being written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Where its value begins; `None` for an environment variable.
    pub defined: Option<Place>,
}

/// A value of the configuration language.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text. Bytes that are not UTF-8 have been replaced by U+FFFD.
    String(String),
    /// A number without fraction, size suffix applied.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// `true yes on` / `false no off`.
    Bool(bool),
    /// A Zulu date-time, `YYYY-MM-DDThh:mm:ssZ`, as written.
    DateTime(String),
    /// `[ … ]`.
    Array(Vec<Node>),
    /// `{ … }`.
    Map(Map),
}

/// How large a value is with everything in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// About what a copy costs, bytes.
    pub(super) bytes: usize,
    /// Nesting of maps and arrays, levels; 0 for other values.
    pub(super) depth: usize,
}

impl Size {
    fn with(self, key: &str, node: &Node) -> Self {
        let inner = node.value.size();
        Self {
            // A key is in the map's index as well.
            bytes: self.bytes + 2 * key.len() + inner.bytes,
            depth: self.depth.max(inner.depth + 1),
        }
    }
}

impl Value {
    /// Looks at the whole value.
    pub(super) fn size(&self) -> Size {
        let plain = Size {
            bytes: size_of::<Node>(),
            depth: 0,
        };
        let nested = Size { depth: 1, ..plain };
        match self {
            Value::String(text) | Value::DateTime(text) => Size {
                bytes: plain.bytes + text.len(),
                ..plain
            },
            Value::Integer(_) | Value::Float(_) | Value::Bool(_) => plain,
            Value::Array(items) => items.iter().fold(nested, |size, item| size.with("", item)),
            Value::Map(map) => map
                .iter()
                .fold(nested, |size, (key, node)| size.with(key, node)),
        }
    }

    /// The name tools know this type by in type errors (configuration.md 1.10).
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::String(_) => "string",
            Value::Integer(_) => "int64",
            Value::Float(_) => "float64",
            Value::Bool(_) => "bool",
            Value::DateTime(_) => "time.Time",
            Value::Array(_) => "[]interface {}",
            Value::Map(_) => "map[string]interface {}",
        }
    }
}

/// A value with its position.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it, or its key, stands.
    pub pos: Pos,
    /// Where the value, or the reference to a variable, begins.
    pub at: Place,
    /// The variable it was taken from.
    pub variable: Option<Box<Variable>>,
    /// A variable refers to this value: its key is exempt from the check for unknown fields (configuration.md 1.8).
    pub used: bool,
}

/// Equal values are equal wherever they stand.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// The keys of a map in the order of their first appearance. A repeated key
/// replaces the earlier value (configuration.md 1.4).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Map {
    entries: Vec<(String, Node)>,
    index: std::collections::HashMap<String, usize>,
}

impl Map {
    /// The value of `key`, spelled exactly so.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.index.get(key).map(|&at| &self.entries[at].1)
    }

    /// Same, to mark it used.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let at = *self.index.get(key)?;
        self.entries.get_mut(at).map(|entry| &mut entry.1)
    }

    /// Sets `key`; the last one wins.
    pub fn insert(&mut self, key: String, node: Node) {
        match self.index.get(&key) {
            Some(&at) => self.entries[at].1 = node,
            None => {
                self.index.insert(key.clone(), self.entries.len());
                self.entries.push((key, node));
            }
        }
    }

    /// The last value with one of these keys in any case.
    pub fn get_any_case(&self, names: &[&str]) -> Option<&Node> {
        let known = |key: &str| names.iter().any(|name| name.eq_ignore_ascii_case(key));
        let mut entries = self.entries.iter().rev();
        entries.find(|(key, _)| known(key)).map(|(_, node)| node)
    }

    /// Keys and values in file order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.entries.iter().map(|(key, node)| (key.as_str(), node))
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// No keys at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn into_entries(self) -> Vec<(String, Node)> {
        self.entries
    }
}
