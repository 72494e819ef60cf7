//! Where lines end up.

use std::io::{self, IsTerminal as _, Write as _};

use crate::clock::{Clock, Moment};
use crate::error::LogError;
use crate::file::LogFile;
use crate::line::{Form, Level};
use crate::options::{LogOptions, Sink};
#[cfg(unix)]
use crate::syslog::Syslog;

/// An open sink.
pub(crate) enum Open {
    Stderr,
    File(LogFile),
    #[cfg(unix)]
    Syslog(Syslog),
    Nowhere,
}

impl Open {
    /// Opens what the options name.
    pub(crate) fn new(sink: &Sink) -> Result<Self, LogError> {
        Ok(match sink {
            Sink::Stderr => Open::Stderr,
            Sink::File {
                path,
                size_limit,
                max_files,
            } => Open::File(LogFile::open(path, *size_limit, *max_files)?),
            #[cfg(unix)]
            Sink::Syslog => Open::Syslog(Syslog::local()?),
            #[cfg(unix)]
            Sink::RemoteSyslog(url) => Open::Syslog(Syslog::remote(url)?),
            #[cfg(not(unix))]
            Sink::Syslog | Sink::RemoteSyslog(_) => Open::Stderr,
            Sink::Nowhere => Open::Nowhere,
        })
    }

    /// The form of lines for this sink.
    pub(crate) fn form(&self, options: &LogOptions) -> Form {
        Form {
            pid: if options.pid {
                format!("[{}] ", std::process::id())
            } else {
                String::new()
            },
            time: options.time,
            colour: cfg!(not(windows))
                && matches!(self, Open::Stderr)
                && io::stderr().is_terminal(),
        }
    }

    /// Writes a line. Errors are dropped: there is nowhere to report them.
    pub(crate) fn write(
        &mut self,
        scratch: &mut Vec<u8>,
        form: &Form,
        clock: &mut Clock,
        level: Level,
        text: &str,
    ) {
        scratch.clear();
        match self {
            Open::Stderr => {
                form.line(scratch, clock, Moment::now(), level, text);
                let _ = io::stderr().write_all(scratch);
            }
            Open::File(file) => {
                form.line(scratch, clock, Moment::now(), level, text);
                file.write(scratch, form, clock);
            }
            #[cfg(unix)]
            Open::Syslog(syslog) => syslog.write(scratch, clock, level, text),
            Open::Nowhere => {}
        }
    }
}
