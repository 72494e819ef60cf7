//! Log lines and errors on standard error. What cannot be written there is
//! lost: there is no other place to say so.

use std::fmt::Display;
use std::io::{Write, stderr};

use super::full_screen;

/// Writes `HH:MM:SS text` to standard error; later, if a view fills the
/// terminal.
pub fn line(text: impl Display) {
    if let Some(line) = full_screen::keep(format!("{} {text}", crate::format::clock())) {
        whole_line(&line);
    }
}

/// Writes a line that has its time already.
pub fn whole_line(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

/// Writes `nats: error: text` to standard error.
pub fn error(text: impl Display) {
    let _ = writeln!(stderr(), "nats: error: {text}");
}

/// Writes an error of the command line, which the usage follows.
pub fn usage_error(text: impl Display) {
    let _ = write!(stderr(), "error: {text}\n\n");
}

/// A log line, with a text made as by `format!`.
#[macro_export]
macro_rules! log {
    ($($arg:tt)*) => { $crate::output::log::line(format_args!($($arg)*)) };
}
