//! Levels, the form of a line and its bounds.

use std::fmt::{self, Write as _};

use crate::clock::{Clock, Moment};

/// Most bytes of a line's text. A trace line holds a whole payload, which is
/// at most 64 MiB; more than this of it helps nobody and would let one client
/// fill a disk in seconds.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// What a text that was cut ends in.
const CUT: &str = " [truncated]";

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// `[INF]`
    Info,
    /// `[WRN]`
    Warn,
    /// `[ERR]`
    Error,
    /// `[FTL]`: the server is about to end.
    Fatal,
    /// `[DBG]`
    Debug,
    /// `[TRC]`
    Trace,
}

impl Level {
    /// The three letters in the brackets.
    pub fn label(self) -> &'static str {
        match self {
            Level::Info => "INF",
            Level::Warn => "WRN",
            Level::Error => "ERR",
            Level::Fatal => "FTL",
            Level::Debug => "DBG",
            Level::Trace => "TRC",
        }
    }

    /// `[LVL] `.
    fn plain(self) -> &'static str {
        match self {
            Level::Info => "[INF] ",
            Level::Warn => "[WRN] ",
            Level::Error => "[ERR] ",
            Level::Fatal => "[FTL] ",
            Level::Debug => "[DBG] ",
            Level::Trace => "[TRC] ",
        }
    }

    /// `[LVL] ` for a terminal.
    fn coloured(self) -> &'static str {
        match self {
            Level::Info => "[\x1b[32mINF\x1b[0m] ",
            Level::Warn => "[\x1b[0;93mWRN\x1b[0m] ",
            Level::Error => "[\x1b[31mERR\x1b[0m] ",
            Level::Fatal => "[\x1b[31mFTL\x1b[0m] ",
            Level::Debug => "[\x1b[36mDBG\x1b[0m] ",
            Level::Trace => "[\x1b[33mTRC\x1b[0m] ",
        }
    }
}

/// A text that may be written as one line: bounded, and free of characters
/// that could start another line or command a terminal. What clients send ends
/// up in log lines, so it must not be able to forge one.
pub(crate) struct Text {
    text: String,
    cut: bool,
    /// The last character was a newline.
    ends_a_line: bool,
}

impl Text {
    /// Renders `text`.
    pub(crate) fn new(text: fmt::Arguments<'_>) -> Self {
        let mut this = Self {
            text: String::new(),
            cut: false,
            ends_a_line: false,
        };
        // An error is a `Display` that gave up, or the bound: keep what came.
        let _ = this.write_fmt(text);
        if this.cut {
            this.text.push_str(CUT);
        }
        // One newline at the end belongs to the caller's habit, not the text.
        if this.ends_a_line
            && let Some(bare) = this.text.strip_suffix("\\n")
        {
            this.text.truncate(bare.len());
        }
        this
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.cut {
            return Err(fmt::Error);
        }
        if !piece.is_empty() {
            self.ends_a_line = piece.ends_with('\n');
        }
        if piece.len() <= LINE_BYTES_MAX.saturating_sub(self.text.len())
            && !piece.bytes().any(is_control)
        {
            self.text.push_str(piece);
            return Ok(());
        }
        for c in piece.chars() {
            // Four bytes are the most a character or an escape needs.
            if self.text.len() + 4 > LINE_BYTES_MAX {
                self.cut = true;
                self.ends_a_line = false;
                return Err(fmt::Error);
            }
            match c {
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                c if c.is_ascii() && is_control(c as u8) => {
                    let _ = write!(self.text, "\\x{:02x}", c as u32);
                }
                c => self.text.push(c),
            }
        }
        Ok(())
    }
}

/// Control characters other than tab.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// The form of lines on standard error and in files.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// `[PID] `, or empty.
    pub(crate) pid: String,
    /// Lines carry the time.
    pub(crate) time: bool,
    /// Levels are coloured.
    pub(crate) colour: bool,
}

impl Form {
    /// Appends a whole line with its newline.
    pub(crate) fn line(
        &self,
        out: &mut Vec<u8>,
        clock: &mut Clock,
        at: Moment,
        level: Level,
        text: &str,
    ) {
        out.extend_from_slice(self.pid.as_bytes());
        if self.time {
            clock.log_stamp(out, at);
            out.push(b' ');
        }
        let label = if self.colour {
            level.coloured()
        } else {
            level.plain()
        };
        out.extend_from_slice(label.as_bytes());
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    }

    /// Appends a line the log file writes about itself: local time, CRLF.
    pub(crate) fn own_line(
        &self,
        out: &mut Vec<u8>,
        clock: &mut Clock,
        at: Moment,
        level: Level,
        text: &str,
    ) {
        out.extend_from_slice(self.pid.as_bytes());
        if self.time {
            clock.local_log_stamp(out, at);
            out.push(b' ');
        }
        out.extend_from_slice(level.plain().as_bytes());
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    const AT: Moment = Moment {
        seconds: 0,
        nanos: 1_000,
    };

    fn line(form: &Form, level: Level, text: &str) -> String {
        let mut out = Vec::new();
        let mut clock = Clock::in_zone(TimeZone::UTC, true);
        form.line(&mut out, &mut clock, AT, level, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_has_pid_time_level_and_text() {
        let mut form = Form {
            pid: "[7] ".into(),
            time: true,
            colour: false,
        };
        assert_eq!(
            line(&form, Level::Info, "Server is ready"),
            "[7] 1970/01/01 00:00:00.000001 [INF] Server is ready\n"
        );
        form.time = false;
        assert_eq!(line(&form, Level::Trace, "x"), "[7] [TRC] x\n");
        form.colour = true;
        assert_eq!(
            line(&form, Level::Warn, "x"),
            "[7] [\x1b[0;93mWRN\x1b[0m] x\n"
        );
    }

    #[test]
    fn a_text_cannot_forge_a_line() {
        let name = "a\r\n[1] [INF] all fine\x1b[2J\tb";
        assert_eq!(
            Text::new(format_args!("name {name}")).as_str(),
            "name a\\r\\n[1] [INF] all fine\\x1b[2J\tb"
        );
    }

    #[test]
    fn a_final_newline_is_dropped() {
        assert_eq!(Text::new(format_args!("done\n")).as_str(), "done");
        let literal = "\\n";
        assert_eq!(Text::new(format_args!("done{literal}")).as_str(), "done\\n");
    }

    #[test]
    fn a_text_is_bounded() {
        let long = "é".repeat(LINE_BYTES_MAX);
        let text = Text::new(format_args!("{long}{long}"));
        assert!(text.as_str().len() <= LINE_BYTES_MAX + CUT.len());
        assert!(text.as_str().ends_with("é [truncated]"));
    }
}
