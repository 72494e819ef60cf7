//! Texts made from the model: usage, completion, man page, Markdown,
//! introspection.

pub mod completion;
mod described;
pub mod introspect;
pub mod man;
pub mod markdown;
pub mod usage;
mod walk;

pub use walk::{find, flag_text, signature, visible_flags};
