//! Why a text is not a configuration (configuration.md 1.11).

use super::value::{Place, Pos};

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
    /// Either of the two above, with the place where it was met.
    #[error("{}: {error}", Place::from(pos))]
    At {
        /// Where.
        pos: Pos,
        /// What.
        error: Box<LangError>,
    },
    /// The text ends after a key.
    #[error(
        "config is invalid ({at})\n{}: found the end of the file behind a key, expected a value",
        Place::from(at)
    )]
    Incomplete {
        /// The end of the text.
        at: Pos,
    },
    /// A file cannot be read.
    #[error("open {path}: {reason}")]
    Open {
        /// As asked for.
        path: String,
        /// The operating system's words.
        reason: String,
    },
}

impl LangError {
    /// The same error with the place where it was met, unless it has one.
    pub(super) fn at(self, pos: Pos) -> Self {
        match self {
            error @ (Self::Syntax { .. } | Self::Value(_)) => Self::At {
                pos,
                error: Box::new(error),
            },
            error @ (Self::At { .. } | Self::Incomplete { .. } | Self::Open { .. }) => error,
        }
    }

    /// What it means for the file that includes the one it is about.
    pub(super) fn included_as(self, name: &str) -> Self {
        match self {
            Self::At { pos, error } => error.included_as(name).at(pos),
            error => Self::Value(format!("error parsing include file '{name}', {error}")),
        }
    }
}
