//! From the words of the command line to a command and its values.
//!
//! The rules are those of the original tool (cli.md 1.1 and 1.2), which no
//! general parser has: `@FILE` words, flags and arguments mixed freely, flags
//! of a group before or after the command, negatable flags, whole numbers
//! written as `1e3`, one error at a time with its own text.

mod matches;
mod parser;
mod values;
mod words;

pub use matches::{Matches, split_words};
pub use parser::{BuiltIn, Parsed, Problem, parse};
pub use values::check_value;
pub use words::expand;

#[cfg(test)]
mod parser_tests;
