//! Texts made from the model: usage, completion, man page, Markdown,
//! introspection.

pub mod completion;
mod described;
pub mod introspect;
pub mod man;
pub mod markdown;
mod tags;
pub mod usage;
mod walk;

use crate::model::Command;
use crate::output::style;

pub use walk::{find, flag_text, signature, visible_flags};

/// The help of a command, of all if the path is empty: its usage, or Markdown
/// if the environment asks for that.
pub fn text(path: &[&'static Command]) -> String {
    with_detail(path, usage::Detail::Full)
}

/// [`text`] without the global flags.
pub fn short_text(path: &[&'static Command]) -> String {
    with_detail(path, usage::Detail::Short)
}

fn with_detail(path: &[&'static Command], detail: usage::Detail) -> String {
    if style::markdown() {
        markdown::help(path)
    } else {
        usage::usage(path, detail)
    }
}
