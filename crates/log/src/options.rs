//! What can be configured about the log (configuration.md 2.3, 8.1).

use std::path::PathBuf;

/// Where the lines go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sink {
    /// Standard error; levels are coloured when it is a terminal.
    #[default]
    Stderr,
    /// A file, appended to; created with mode 0640.
    File {
        /// The file as configured; also the start of the names of backups.
        path: PathBuf,
        /// Bytes above which the file is rotated; 0 never rotates.
        size_limit: u64,
        /// Most files kept, the live one included; 0 keeps all.
        max_files: usize,
    },
    /// The local syslog daemon. On Windows, which has none, standard error.
    Syslog,
    /// A syslog daemon at `udp://host:port`, `tcp://host:port` or
    /// `unix:///path`. On Windows, standard error.
    RemoteSyslog(String),
    /// Nowhere: for tests and embedding.
    Nowhere,
}

/// How to log. The default is what a server without any option does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// Where the lines go.
    pub sink: Sink,
    /// Lines carry the date and time (`logtime`).
    pub time: bool,
    /// Times are UTC instead of local (`logtime_utc`).
    pub utc: bool,
    /// `[DBG]` lines are written.
    pub debug: bool,
    /// `[TRC]` lines are written.
    pub trace: bool,
    /// Lines start with the process id in brackets.
    pub pid: bool,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            sink: Sink::Stderr,
            time: true,
            utc: false,
            debug: false,
            trace: false,
            pid: true,
        }
    }
}
