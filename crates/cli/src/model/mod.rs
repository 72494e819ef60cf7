//! What the tool understands, as data: commands, their arguments and flags.
//!
//! The parser, the help texts, shell completion, the man page and the
//! introspection are all made from this.

mod command;
mod flag;
mod root;
mod templates;

pub use command::{Arg, Command, Run, arg, optional};
pub use flag::{
    Flag, Kind, choice, duration, file, int, int64, map, negatable, regex, switch, text, uint, url,
    within,
};
pub use root::{ABOUT, CONNECTION_NAME, GLOBAL_FLAGS, NAME, PROGRAM_FLAGS, VERSION, commands};
pub(crate) use templates::about_templates;

#[cfg(test)]
mod tree_tests;
