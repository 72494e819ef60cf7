//! Errors of the operating system, in the words of the original tool.

use std::fmt::Display;
use std::io;

/// The error alone: `no such file or directory`.
pub fn io_error(error: &io::Error) -> String {
    let text = error.to_string();
    let text = match text.find(" (os error") {
        Some(at) => text.get(..at).unwrap_or(&text),
        None => &text,
    };
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if error.raw_os_error().is_some() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// With what was done, and to which file: `open X: no such file or directory`.
pub fn io_error_at(operation: &str, path: impl Display, error: &io::Error) -> String {
    let operation = match (operation, error.kind()) {
        // It opens, but cannot be read.
        ("open", io::ErrorKind::IsADirectory) => "read",
        (operation, _) => operation,
    };
    format!("{operation} {path}: {}", io_error(error))
}
