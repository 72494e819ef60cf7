//! Why a transform is refused, in the peer's words (client-protocol.md 14.5).

use thiserror::Error;

/// Why a pair of source and destination is not a transform. The texts are what
/// users of the peer see; ` in ` is followed by the whole destination token.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TransformError {
    /// Source or destination is no subject, the destination has a `*` token,
    /// or only one of them ends in `>`.
    #[error("invalid subject")]
    InvalidSubject,
    /// A destination token of an account mapping is empty or has white space.
    #[error("invalid mapping destination: invalid transform")]
    InvalidDestination,
    /// A destination token of an account mapping follows a `>`.
    #[error("invalid mapping destination: invalid transform in {0}")]
    TokenAfterRest(String),
    /// `{{name(..)}}` with a name that is none of the functions, or without
    /// parentheses.
    #[error("invalid mapping destination: unknown function in {0}")]
    UnknownFunction(String),
    /// An index is larger than the number of `*` tokens of the source.
    #[error("invalid mapping destination: wildcard index out of range in {token}: [{index}]")]
    IndexOutOfRange {
        /// The destination token.
        token: String,
        /// The index, from 1.
        index: i64,
    },
    /// The source has no wildcards to refer to.
    #[error("invalid mapping destination: wildcard index out of range in {0}")]
    NoWildcards(String),
    /// Too few arguments.
    #[error("invalid mapping destination: not enough arguments passed to the function in {0}")]
    NotEnoughArguments(String),
    /// Too many arguments.
    #[error("invalid mapping destination: too many arguments passed to the function in {0}")]
    TooManyArguments(String),
    /// An argument is not an integer, too large, or not a delimiter.
    #[error(
        "invalid mapping destination: function argument is invalid or in the wrong format in {0}"
    )]
    InvalidArgument(String),
    /// Strict: a function other than `wildcard`.
    #[error(
        "invalid mapping destination: the only mapping function allowed for import transforms is {{{{Wildcard()}}}} in {0}"
    )]
    FunctionNotAllowed(String),
    /// Strict: some `*` of the source is not used.
    #[error("invalid mapping destination: not using all of the token wildcard(s) in {0}")]
    UnusedWildcards(String),
}
