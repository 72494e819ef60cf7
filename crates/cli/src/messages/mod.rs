//! Bodies and headers of messages: where they come from and how they are
//! shown.

mod body;
mod display;
mod headers;
mod translate;

pub use body::{Bodies, expand_body, expand_subject};
pub use display::{body_text, header_lines, with_newline};
pub use headers::parse_headers;
pub use translate::{run as run_command, translate};
