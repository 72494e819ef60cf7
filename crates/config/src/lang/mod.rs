//! The configuration language: text in, a tree of values with positions out
//! (configuration.md 1).
//!
//! The tree knows nothing of options; [`crate::read`] gives keys their meaning.

mod cursor;
mod digest;
mod error;
pub mod limits;
mod parser;
mod scalar;
mod source;
mod value;
mod variable;

#[cfg(test)]
mod tests;

pub use digest::digest;
pub use error::LangError;
pub use source::{Document, parse_file, parse_str};
pub use value::{Map, Node, Place, Pos, Value, Variable};
