//! From the words of the command line to a command and its values.
//!
//! The words are taken apart by `clap`, level by level ([`level`]). What is
//! done here is what the rules of the original tool (cli.md 1.1 and 1.2) ask
//! for beyond it: `@FILE` words ([`expand`]), flags of a group before or after
//! the command, flags that may not be repeated across levels, environment
//! variables of which an empty one counts as not set, whole numbers written as
//! `1e3` ([`check_value`]), and one error at a time with its own text, with
//! help winning over all of them.

mod built_in;
mod level;
mod matches;
mod parser;
mod values;
mod words;

pub use built_in::BuiltIn;
pub use matches::{Matches, split_words};
pub use parser::{Parsed, Problem, command_word, parse};
pub use values::{check_file, check_flag, check_value};
pub use words::expand;

#[cfg(test)]
mod parser_tests;
