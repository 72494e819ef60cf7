//! What is wrong with a configuration, as it is printed after `nats-server: `.

use std::fmt;

use crate::lang::{LangError, Pos};

/// One error or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where; some errors have no place.
    pub pos: Option<Pos>,
    /// The text.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pos {
            Some(pos) => write!(f, "{pos}: {}", self.text),
            None => f.write_str(&self.text),
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

fn lines(warnings: &[Problem], errors: &[Problem]) -> String {
    use fmt::Write as _;
    let mut out = String::new();
    for problem in warnings.iter().chain(errors) {
        let _ = writeln!(out, "{problem}");
    }
    out
}
