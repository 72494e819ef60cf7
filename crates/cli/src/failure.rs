//! Why a run of the tool fails.

use std::fmt;

/// Exit code when nobody reads the output any more: what shells have for a
/// program that a closed pipe killed, as it does with others. Nothing is said.
pub const PIPE_CLOSED: i32 = 128 + 13;

/// Result of what can end the run.
pub type Result<T> = std::result::Result<T, Failure>;

/// The end of a run without success.
#[derive(Debug)]
pub enum Failure {
    /// Shown as `nats: error: TEXT`; exit code 1.
    Error(String),
    /// The command line is wrong: `error: TEXT`, the usage, exit code 1.
    Usage(String),
    /// Everything has been said; only the exit code is left.
    Exit(i32),
}

impl Failure {
    /// The text with `what: ` before it.
    pub fn context(self, what: impl fmt::Display) -> Self {
        match self {
            Failure::Error(text) => Failure::Error(format!("{what}: {text}")),
            other @ (Failure::Usage(_) | Failure::Exit(_)) => other,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error(text) | Failure::Usage(text) => f.write_str(text),
            Failure::Exit(code) => write!(f, "exit code {code}"),
        }
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Failure::Error(text)
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Failure::Error(text.to_owned())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Failure::Exit(PIPE_CLOSED);
        }
        Failure::Error(crate::format::io_error(&error))
    }
}

/// A failure with a text made as by `format!`.
#[macro_export]
macro_rules! fail {
    ($($arg:tt)*) => { $crate::failure::Failure::Error(format!($($arg)*)) };
}

/// `Err` with a text made as by `format!`, returned.
#[macro_export]
macro_rules! bail {
    ($($arg:tt)*) => { return Err($crate::fail!($($arg)*)) };
}
