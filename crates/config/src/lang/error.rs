//! Why a text is not a configuration (configuration.md 1.11).

use super::value::Pos;

/// The first thing that is wrong with the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LangError {
    /// The text does not follow the grammar.
    #[error("Parse error on line {line}: '{text}'")]
    Syntax {
        /// Line, from 1.
        line: u32,
        /// What was expected.
        text: String,
    },
    /// A number, date, variable or include that reads well but has no value.
    #[error("{0}")]
    Value(String),
    /// The text ends after a key.
    #[error("config is invalid ({0})")]
    Incomplete(Pos),
    /// A file cannot be read.
    #[error("open {path}: {reason}")]
    Open {
        /// As asked for.
        path: String,
        /// The operating system's words.
        reason: String,
    },
}
