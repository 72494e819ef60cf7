//! Bodies and headers of messages: where they come from and how they are
//! shown.

mod body;
mod display;
mod headers;
mod translate;

pub use body::{Bodies, Source, expand_message, expand_reply};
pub use display::{body_text, header_lines, shown_body, with_newline};
pub use headers::parse_headers;
pub use translate::{run as run_command, translate};
