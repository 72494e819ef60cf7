//! The handle through which everything is logged.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::error::LogError;
use crate::limiter::Limiter;
use crate::line::{Form, Level, Text};
use crate::options::{LogOptions, Sink};
use crate::sink::Open;

/// Scratch memory kept between lines, bytes: most lines fit, and one huge
/// trace line does not stay in memory for ever.
const SCRATCH_KEPT: usize = 16 << 10;

/// Writes log lines; cloning gives another handle to the same log.
///
/// Each line is one write under a lock. Its text is bounded by
/// [`crate::LINE_BYTES_MAX`] and cannot hold a second line.
#[derive(Clone)]
pub struct Logger(Arc<Inner>);

struct Inner {
    debug: AtomicBool,
    trace: AtomicBool,
    /// Lines go somewhere.
    awake: AtomicBool,
    writer: Mutex<Writer>,
    limiter: Mutex<Limiter>,
}

/// Everything a line needs; one line at a time.
struct Writer {
    sink: Open,
    /// The options `sink` was opened with.
    opened: Sink,
    form: Form,
    clock: Clock,
    scratch: Vec<u8>,
}

impl Writer {
    fn write(&mut self, level: Level, text: &str) {
        self.sink
            .write(&mut self.scratch, &self.form, &mut self.clock, level, text);
        if self.scratch.capacity() > SCRATCH_KEPT {
            self.scratch = Vec::new();
        }
    }
}

impl Logger {
    /// Opens the log.
    ///
    /// # Errors
    /// The file cannot be opened, or the syslog daemon cannot be reached.
    pub fn open(options: &LogOptions) -> Result<Self, LogError> {
        let sink = Open::new(&options.sink)?;
        let mut writer = Writer {
            form: sink.form(options),
            sink,
            opened: options.sink.clone(),
            clock: Clock::new(options.utc),
            scratch: Vec::new(),
        };
        writer.settle();
        Ok(Self(Arc::new(Inner {
            debug: AtomicBool::new(options.debug),
            trace: AtomicBool::new(options.trace),
            awake: AtomicBool::new(options.sink != Sink::Nowhere),
            writer: Mutex::new(writer),
            limiter: Mutex::new(Limiter::default()),
        })))
    }

    /// A log that drops every line, for tests and embedding.
    pub fn to_nowhere() -> Self {
        let options = LogOptions::default();
        let sink = Open::Nowhere;
        Self(Arc::new(Inner {
            debug: AtomicBool::new(false),
            trace: AtomicBool::new(false),
            awake: AtomicBool::new(false),
            writer: Mutex::new(Writer {
                form: sink.form(&options),
                sink,
                opened: Sink::Nowhere,
                clock: Clock::new(false),
                scratch: Vec::new(),
            }),
            limiter: Mutex::new(Limiter::default()),
        }))
    }

    /// Takes on new options while running (reload). An unchanged sink stays
    /// open.
    ///
    /// # Errors
    /// The new sink cannot be opened; nothing has changed then.
    pub fn reconfigure(&self, options: &LogOptions) -> Result<(), LogError> {
        let mut writer = self.writer();
        if writer.opened != options.sink {
            writer.sink = Open::new(&options.sink)?;
            writer.opened = options.sink.clone();
        }
        writer.form = writer.sink.form(options);
        writer.clock.set_utc(options.utc);
        writer.settle();
        self.0
            .awake
            .store(options.sink != Sink::Nowhere, Ordering::Relaxed);
        self.0.debug.store(options.debug, Ordering::Relaxed);
        self.0.trace.store(options.trace, Ordering::Relaxed);
        Ok(())
    }

    /// Closes and opens the log file again, after somebody else rotated it
    /// (SIGUSR1), and logs what happened. Returns whether it was re-opened;
    /// `false` also when the log is no file.
    pub fn reopen(&self) -> bool {
        let mut writer = self.writer();
        let Open::File(file) = &mut writer.sink else {
            writer.write(Level::Info, "File log re-open ignored, not a file logger");
            return false;
        };
        match file.reopen() {
            Ok(()) => {
                writer.settle();
                writer.write(Level::Info, "File log re-opened");
                true
            }
            Err(error) => {
                // Lines go on into the file that is open.
                let text = Text::new(format_args!("Unable to re-open the log file: {error}"));
                writer.write(Level::Error, text.as_str());
                false
            }
        }
    }

    /// Whether `[DBG]` lines are written.
    #[inline]
    pub fn debug_enabled(&self) -> bool {
        self.0.debug.load(Ordering::Relaxed)
    }

    /// Whether `[TRC]` lines are written.
    #[inline]
    pub fn trace_enabled(&self) -> bool {
        self.0.trace.load(Ordering::Relaxed)
    }

    /// Writes an `[INF]` line.
    pub fn info(&self, text: fmt::Arguments<'_>) {
        self.write(Level::Info, text);
    }

    /// Writes a `[WRN]` line.
    pub fn warn(&self, text: fmt::Arguments<'_>) {
        self.write(Level::Warn, text);
    }

    /// Writes an `[ERR]` line.
    pub fn error(&self, text: fmt::Arguments<'_>) {
        self.write(Level::Error, text);
    }

    /// Writes a `[DBG]` line if they are enabled.
    pub fn debug(&self, text: fmt::Arguments<'_>) {
        if self.debug_enabled() {
            self.write(Level::Debug, text);
        }
    }

    /// Writes a `[TRC]` line if they are enabled.
    pub fn trace(&self, text: fmt::Arguments<'_>) {
        if self.trace_enabled() {
            self.write(Level::Trace, text);
        }
    }

    /// Writes an `[FTL]` line. Ending the process is the caller's part.
    pub fn fatal(&self, text: fmt::Arguments<'_>) {
        self.write(Level::Fatal, text);
    }

    /// Writes a line of any level.
    pub fn log(&self, level: Level, text: fmt::Arguments<'_>) {
        match level {
            Level::Debug => self.debug(text),
            Level::Trace => self.trace(text),
            Level::Info | Level::Warn | Level::Error | Level::Fatal => self.write(level, text),
        }
    }

    /// Writes an `[INF]` line unless one with the same key was written less
    /// than `every` ago. Returns whether it was written.
    pub fn info_limited(&self, key: &str, every: Duration, text: fmt::Arguments<'_>) -> bool {
        self.limited(Level::Info, key, every, text)
    }

    /// Writes a `[WRN]` line unless one with the same key was written less
    /// than `every` ago. Returns whether it was written.
    pub fn warn_limited(&self, key: &str, every: Duration, text: fmt::Arguments<'_>) -> bool {
        self.limited(Level::Warn, key, every, text)
    }

    /// Writes an `[ERR]` line unless one with the same key was written less
    /// than `every` ago. Returns whether it was written.
    pub fn error_limited(&self, key: &str, every: Duration, text: fmt::Arguments<'_>) -> bool {
        self.limited(Level::Error, key, every, text)
    }

    fn limited(&self, level: Level, key: &str, every: Duration, text: fmt::Arguments<'_>) -> bool {
        let admitted = self
            .0
            .limiter
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .admit(key, every, Instant::now());
        if admitted {
            self.write(level, text);
        }
        admitted
    }

    fn write(&self, level: Level, text: fmt::Arguments<'_>) {
        if !self.0.awake.load(Ordering::Relaxed) {
            return;
        }
        // Rendered before the lock: a `Display` may be slow, or log itself.
        let text = Text::new(text);
        self.writer().write(level, text.as_str());
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.0.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// What a freshly opened sink needs once the form of lines is known.
    fn settle(&mut self) {
        if let Open::File(file) = &mut self.sink {
            file.rotate_if_too_large(&self.form, &mut self.clock);
        }
    }
}

impl fmt::Debug for Logger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logger")
            .field("debug", &self.debug_enabled())
            .field("trace", &self.trace_enabled())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "logger_tests.rs"]
mod tests;
