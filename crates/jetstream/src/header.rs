//! Header blocks of published messages: what a stream acts on, and what it
//! changes before it stores one (jetstream-streams.md 3.1, 3.3, 3.7).

use memchr::memmem;
use midge_wire::header::VERSION_LINE;

use crate::text::parse_duration;
use crate::units::NANOS_PER_SECOND;

/// Largest header block that is stored, in bytes.
pub const MAX_HEADER: usize = 65_535;

const LINE_END: &[u8] = b"\r\n";

/// The headers of a publish that mean something to a stream. The first of a
/// name counts; an empty value is as none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublishHeaders<'a> {
    /// `Nats-Msg-Id`
    pub msg_id: Option<&'a [u8]>,
    /// `Nats-Expected-Stream`
    pub expected_stream: Option<&'a [u8]>,
    /// `Nats-Expected-Last-Sequence`
    pub expected_last: Option<&'a [u8]>,
    /// `Nats-Expected-Last-Msg-Id`
    pub expected_last_id: Option<&'a [u8]>,
    /// `Nats-Expected-Last-Subject-Sequence`
    pub expected_subject_last: Option<&'a [u8]>,
    /// `Nats-Expected-Last-Subject-Sequence-Subject`
    pub expected_subject: Option<&'a [u8]>,
    /// `Nats-Rollup`
    pub rollup: Option<&'a [u8]>,
    /// `Nats-TTL`
    pub ttl: Option<&'a [u8]>,
    /// `Nats-Incr`
    pub increment: Option<&'a [u8]>,
    /// `Nats-Batch-Id`
    pub batch_id: Option<&'a [u8]>,
    /// `Nats-Stream-Source`
    pub source: Option<&'a [u8]>,
    /// `Nats-Schedule`
    pub schedule: Option<&'a [u8]>,
    /// `Nats-Scheduler`
    pub scheduler: Option<&'a [u8]>,
    /// `Nats-Schedule-Next`
    pub schedule_next: Option<&'a [u8]>,
    /// Whether the block has something that is not stored as it is.
    pub needs_rewrite: bool,
}

impl<'a> PublishHeaders<'a> {
    /// Looks through a block. What is no header line is passed over.
    pub fn scan(block: &'a [u8]) -> Self {
        let mut found = Self::default();
        if block.is_empty() {
            return found;
        }
        let Some(first_end) = memmem::find(block, LINE_END) else {
            return found;
        };
        found.needs_rewrite = first_end + LINE_END.len() != VERSION_LINE.len();
        let mut rest = block.get(first_end + LINE_END.len()..).unwrap_or_default();
        while let Some(end) = memmem::find(rest, LINE_END) {
            let (line, after) = rest.split_at(end);
            rest = after.get(LINE_END.len()..).unwrap_or_default();
            if let Some(name_and_value) = line.strip_prefix(b"Nats-") {
                found.take(name_and_value);
            }
        }
        found
    }

    fn take(&mut self, line: &'a [u8]) {
        let Some(colon) = memchr::memchr(b':', line) else {
            return;
        };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii_start_blanks();
        let place = match name {
            b"Msg-Id" => &mut self.msg_id,
            b"Expected-Stream" => &mut self.expected_stream,
            b"Expected-Last-Sequence" => &mut self.expected_last,
            b"Expected-Last-Msg-Id" => &mut self.expected_last_id,
            b"Expected-Last-Subject-Sequence" => &mut self.expected_subject_last,
            b"Expected-Last-Subject-Sequence-Subject" => &mut self.expected_subject,
            b"Rollup" => &mut self.rollup,
            b"TTL" => &mut self.ttl,
            b"Incr" => &mut self.increment,
            b"Batch-Id" => &mut self.batch_id,
            b"Stream-Source" => &mut self.source,
            b"Request-Info" | b"Trace-Dest" => {
                self.needs_rewrite = true;
                return;
            }
            b"Schedule" => &mut self.schedule,
            b"Scheduler" => &mut self.scheduler,
            b"Schedule-Next" => &mut self.schedule_next,
            _ => return,
        };
        if place.is_none() && !value.is_empty() {
            *place = Some(value);
        }
    }

    /// Whether there is an expectation of any kind.
    pub fn expects(&self) -> bool {
        self.expected_stream.is_some()
            || self.expected_last.is_some()
            || self.expected_last_id.is_some()
            || self.expected_subject_last.is_some()
            || self.expected_subject.is_some()
    }
}

trait TrimBlanks {
    fn trim_ascii_start_blanks(&self) -> &Self;
}

impl TrimBlanks for [u8] {
    fn trim_ascii_start_blanks(&self) -> &Self {
        let blanks = self.iter().take_while(|&&byte| byte == b' ').count();
        self.get(blanks..).unwrap_or_default()
    }
}

/// Reads a decimal value: digits only. Anything else is a number that never
/// matches, `None`.
pub fn decimal(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, &byte| {
        if !byte.is_ascii_digit() {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
    })
}

/// How long a message lives by `Nats-TTL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// For ever, also beyond `max_age`.
    Never,
    /// So many seconds, at least 1.
    Seconds(u64),
}

impl Ttl {
    /// Reads the value of the header; `None` if it is invalid.
    pub fn parse(value: &[u8]) -> Option<Self> {
        if value.eq_ignore_ascii_case(b"never") {
            return Some(Self::Never);
        }
        let seconds = match decimal(value) {
            Some(seconds) => seconds,
            None => {
                let nanos = parse_duration(std::str::from_utf8(value).ok()?)?;
                u64::try_from(nanos / NANOS_PER_SECOND).ok()?
            }
        };
        (seconds >= 1).then_some(Self::Seconds(seconds))
    }

    /// When a message of time `at` expires.
    pub fn expires(self, at: midge_store::Nanos) -> Option<midge_store::Nanos> {
        match self {
            Self::Never => None,
            Self::Seconds(seconds) => {
                let nanos = i64::try_from(seconds)
                    .unwrap_or(i64::MAX)
                    .saturating_mul(NANOS_PER_SECOND);
                Some(crate::units::after(at, nanos))
            }
        }
    }
}

/// Appends what is stored of a published block to `out`: without a status,
/// without `Nats-Request-Info`, with `Nats-Trace-Dest` disarmed. Nothing if no
/// header is left.
pub fn rewrite(block: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(VERSION_LINE);
    let first = memmem::find(block, LINE_END).map_or(block.len(), |end| end + LINE_END.len());
    for line in lines(block.get(first..).unwrap_or_default()) {
        if line.starts_with(b"Nats-Request-Info:") {
            continue;
        }
        if line.starts_with(b"Nats-Trace-Dest:") {
            out.extend_from_slice(b"Nats-Trace-Dest: trace disabled");
        } else {
            out.extend_from_slice(line);
        }
        out.extend_from_slice(LINE_END);
    }
    if out.len() == start + VERSION_LINE.len() {
        out.truncate(start);
    } else {
        out.extend_from_slice(LINE_END);
    }
}

fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = block;
    std::iter::from_fn(move || {
        let end = memmem::find(rest, LINE_END)?;
        let (line, after) = rest.split_at(end);
        rest = after.get(LINE_END.len()..).unwrap_or_default();
        Some(line)
    })
    .take_while(|line| !line.is_empty())
}

/// Appends a block to `out` with every header `name` taken out and one added
/// at the end.
pub fn replace(block: &[u8], name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(VERSION_LINE);
    let first = memmem::find(block, LINE_END).map_or(block.len(), |end| end + LINE_END.len());
    for line in lines(block.get(first..).unwrap_or_default()) {
        let is_it = line
            .strip_prefix(name)
            .is_some_and(|rest| rest.first() == Some(&b':'));
        if !is_it {
            out.extend_from_slice(line);
            out.extend_from_slice(LINE_END);
        }
    }
    push_line(out, name, value);
    out.extend_from_slice(LINE_END);
}

/// Appends a stored block without its closing empty line, so that lines can
/// be added: the version line if there is no block.
pub fn open(block: &[u8], out: &mut Vec<u8>) {
    match block.strip_suffix(b"\r\n\r\n") {
        Some(lines) => {
            out.extend_from_slice(lines);
            out.extend_from_slice(LINE_END);
        }
        None => out.extend_from_slice(VERSION_LINE),
    }
}

/// Appends `name: value` and a line end.
pub fn push_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(LINE_END);
}

/// Appends `name: number` and a line end.
pub fn push_number(out: &mut Vec<u8>, name: &[u8], value: u64) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    crate::number::push(out, value);
    out.extend_from_slice(LINE_END);
}

/// The value of `Nats-Required-Api-Level`, if the request may be served: the
/// header is absent or empty, or an integer not above this server's level.
pub fn level_is_supported(block: &[u8]) -> bool {
    match midge_wire::header::find(block, "Nats-Required-Api-Level") {
        None | Some(b"") => true,
        Some(value) => std::str::from_utf8(value)
            .ok()
            .and_then(|value| value.parse::<i64>().ok())
            .is_some_and(|level| level <= i64::from(crate::config::metadata::API_LEVEL)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_044_045_names_are_exact_and_the_first_counts() {
        let block = b"NATS/1.0\r\nnats-msg-id: x\r\nNats-Msg-Id:  a \r\nNats-Msg-Id: b\r\nNats-TTL: \r\n\r\n";
        let found = PublishHeaders::scan(block);
        assert_eq!(found.msg_id, Some(&b"a "[..]));
        assert_eq!(found.ttl, None);
        assert!(!found.needs_rewrite);
    }

    #[test]
    fn streams_043_a_status_is_not_stored() {
        let mut out = Vec::new();
        rewrite(b"NATS/1.0 503 foo\r\nA: b\r\n\r\n", &mut out);
        assert_eq!(out, b"NATS/1.0\r\nA: b\r\n\r\n");
        out.clear();
        rewrite(b"NATS/1.0 503\r\n\r\n", &mut out);
        assert_eq!(out, b"");
        assert!(PublishHeaders::scan(b"NATS/1.0 503\r\n\r\n").needs_rewrite);
        out.clear();
        rewrite(
            b"NATS/1.0\r\nNats-Request-Info: {}\r\nNats-Trace-Dest: x\r\n\r\n",
            &mut out,
        );
        assert_eq!(out, b"NATS/1.0\r\nNats-Trace-Dest: trace disabled\r\n\r\n");
    }

    #[test]
    fn streams_072_spellings_of_ttl() {
        for (text, ttl) in [
            ("60", Some(Ttl::Seconds(60))),
            ("1s", Some(Ttl::Seconds(1))),
            ("1m30s", Some(Ttl::Seconds(90))),
            ("1.5h", Some(Ttl::Seconds(5400))),
            ("Never", Some(Ttl::Never)),
            ("0", None),
            ("0s", None),
            ("500ms", None),
            ("-1", None),
            ("x", None),
        ] {
            assert_eq!(Ttl::parse(text.as_bytes()), ttl, "{text}");
        }
    }

    #[test]
    fn a_header_is_replaced_at_the_end() {
        let mut out = Vec::new();
        replace(
            b"NATS/1.0\r\nNats-TTL: 1\r\nA: b\r\n\r\n",
            b"Nats-TTL",
            b"5",
            &mut out,
        );
        assert_eq!(out, b"NATS/1.0\r\nA: b\r\nNats-TTL: 5\r\n\r\n");
    }
}
