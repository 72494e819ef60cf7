//! The log of a Midge server.
//!
//! One line per event, in the form every NATS tool and test suite reads
//! (configuration.md 8.1):
//!
//! ```text
//! [PID] YYYY/MM/DD hh:mm:ss.uuuuuu [INF] text
//! ```
//!
//! A [`Logger`] is a cheap handle that every thread may hold. It writes to one
//! [`Sink`]: standard error, a file that rotates by size, or a syslog daemon.
//! Whatever goes wrong with the sink later, logging never fails, never blocks
//! for long and never ends the process: [`Logger::open`] and
//! [`Logger::reconfigure`] are the only operations that report errors.
//!
//! - `logger`: the handle, its switches, rate limiting
//! - `options`: what can be configured
//! - `line`: levels, the form of a line, its bounds
//! - `clock`: time stamps
//! - `file`: the log file, rotation, re-opening
//! - `syslog`: local and remote daemons
//! - `remote`: the address of a remote daemon

mod clock;
mod error;
mod file;
mod limiter;
mod line;
mod logger;
mod options;
#[cfg(unix)]
mod remote;
mod sink;
#[cfg(unix)]
mod syslog;

pub mod os_error;

pub use error::LogError;
pub use line::{LINE_BYTES_MAX, Level};
pub use logger::Logger;
pub use options::{LogOptions, Sink};
