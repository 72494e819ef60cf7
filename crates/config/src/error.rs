//! What is wrong with a configuration, as it is printed after `nats-server: `.

use std::fmt;

use crate::lang::{LangError, Node, Pos};

/// One error or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where; some errors have no place.
    pub pos: Option<Pos>,
    /// The text, as tools know it.
    pub text: String,
    /// What was found at which place and what was expected there; a line of its
    /// own, so that the one before stays as tools know it.
    pub detail: Option<String>,
    /// The value that is wrong.
    pub(crate) node: Option<NodeId>,
}

impl Problem {
    /// A problem that has no place in any file.
    pub(crate) fn without_place(text: impl Into<String>) -> Self {
        Self {
            pos: None,
            text: text.into(),
            detail: None,
            node: None,
        }
    }

    /// The line that tools know.
    pub fn headline(&self) -> String {
        match &self.pos {
            Some(pos) => format!("{pos}: {}", self.text),
            None => self.text.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        match &self.detail {
            Some(detail) => write!(f, "\n{detail}"),
            None => Ok(()),
        }
    }
}

/// A value of the tree that is being read, by its place in memory: positions
/// are not unique, as a variable's value stands in several places of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeId(usize);

impl NodeId {
    pub(crate) fn of(node: &Node) -> Self {
        Self(std::ptr::from_ref(node).addr())
    }
}

/// Options that make no sense together. `Display` is what follows
/// `nats-server: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// As tools know it.
    pub text: String,
    /// The options it is about, by their paths (`cluster.name`).
    pub(crate) about: Vec<String>,
    /// Where they stand in the configuration file, and with what values.
    pub details: Vec<String>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        self.details
            .iter()
            .try_for_each(|detail| write!(f, "\n{detail}"))
    }
}

/// Names the options that a text is about.
pub(crate) trait About {
    fn about<S: Into<String>>(self, paths: impl IntoIterator<Item = S>) -> Invalid;
}

impl<T: Into<String>> About for T {
    fn about<S: Into<String>>(self, paths: impl IntoIterator<Item = S>) -> Invalid {
        Invalid {
            text: self.into(),
            about: paths.into_iter().map(Into::into).collect(),
            details: Vec::new(),
        }
    }
}

/// Why there are no options. `Display` is exactly what follows
/// `nats-server: ` on stderr, without the final newline.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// The text is not a configuration.
    #[error(transparent)]
    Language(#[from] LangError),
    /// Options are wrong: all warnings, then all errors, each with a newline
    /// (configuration.md 1.10).
    #[error("{}", lines(.warnings, .errors))]
    Options {
        /// Printed first.
        warnings: Vec<Problem>,
        /// At least one.
        errors: Vec<Problem>,
    },
    /// Flags, or options together, make no sense.
    #[error("{0}")]
    Other(String),
}

impl ConfigError {
    /// The lines that tools know, each with a newline if there may be several.
    pub fn headlines(&self) -> String {
        match self {
            Self::Language(error) => first_line(&error.to_string()),
            Self::Options { warnings, errors } => warnings
                .iter()
                .chain(errors)
                .map(|problem| format!("{}\n", problem.headline()))
                .collect(),
            Self::Other(text) => text.clone(),
        }
    }

    /// What else is known: places, what was found and what was expected.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Language(error) => {
                let text = error.to_string();
                text.lines().skip(1).map(str::to_owned).collect()
            }
            Self::Options { warnings, errors } => warnings
                .iter()
                .chain(errors)
                .filter_map(|problem| problem.detail.clone())
                .collect(),
            Self::Other(_) => Vec::new(),
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn lines(warnings: &[Problem], errors: &[Problem]) -> String {
    use fmt::Write as _;
    let mut out = String::new();
    for problem in warnings.iter().chain(errors) {
        let _ = writeln!(out, "{problem}");
    }
    out
}
