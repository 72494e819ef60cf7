//! Log lines on standard error.

use std::fmt::Display;

/// Writes `HH:MM:SS text` to standard error.
pub fn line(text: impl Display) {
    eprintln!("{} {text}", crate::format::clock());
}

/// A log line, with a text made as by `format!`.
#[macro_export]
macro_rules! log {
    ($($arg:tt)*) => { $crate::output::log::line(format_args!($($arg)*)) };
}
