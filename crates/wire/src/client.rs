//! Operations sent by clients: lexing and argument rules
//! (client-protocol.md 2 and 5).
//!
//! [`parse`] looks at the start of a slice and returns one operation, or says
//! that more bytes are needed. It keeps no state: an incomplete operation is
//! parsed again, from its first byte, when more has arrived. The one exception
//! are `PING`, `PONG` and `+OK`, whose ignored rest of the line has no length
//! limit: they are reported as soon as their last letter is there, and the
//! caller skips to the next LF (see [`Parsed::Skip`]).

use memchr::memchr;

use crate::number::{MAX_DIGITS, parse_size};

/// Limits and settings of the connection that the lexer enforces.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of the argument part of a control line.
    pub max_control_line: usize,
    /// Most bytes of a message (header block and payload); `None` is unlimited.
    pub max_payload: Option<usize>,
    /// Whether `HPUB` is allowed on this connection.
    pub headers: bool,
}

/// A `PUB` or `HPUB` with its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// The argument bytes as they arrived, for traces.
    pub args: &'a [u8],
    /// Subject as the client wrote it.
    pub subject: &'a [u8],
    /// Reply subject; empty if there is none.
    pub reply: &'a [u8],
    /// Digits of the header size as written; empty for `PUB`.
    pub header_digits: &'a [u8],
    /// Digits of the total size as written.
    pub size_digits: &'a [u8],
    /// Bytes of `body` that are the header block.
    pub header_len: usize,
    /// Header block and payload.
    pub body: &'a [u8],
    /// The bytes that follow the subject and one blank when the line was
    /// written in the form in which `MSG` and `HMSG` lines are sent (single
    /// blanks, CR LF): `[reply ][hdr-size ]size CRLF body CRLF`. They can be
    /// relayed as they are.
    pub relay: Option<&'a [u8]>,
}

/// One operation of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op<'a> {
    /// `CONNECT` with its JSON text.
    Connect(&'a [u8]),
    /// `PUB` or `HPUB`.
    Publish(Publish<'a>),
    /// `SUB`.
    Subscribe {
        /// The argument bytes as they arrived.
        args: &'a [u8],
        /// Subject pattern.
        subject: &'a [u8],
        /// Queue group; empty for a plain subscription.
        queue: &'a [u8],
        /// Subscription id chosen by the client.
        sid: &'a [u8],
    },
    /// `UNSUB`; `max` is 0 for "now".
    Unsubscribe {
        /// The argument bytes as they arrived.
        args: &'a [u8],
        /// Subscription id.
        sid: &'a [u8],
        /// Number of messages after which the subscription ends; 0 = at once.
        max: u64,
    },
    /// `PING`.
    Ping,
    /// `PONG`.
    Pong,
    /// `+OK`.
    Ok,
    /// `INFO` with its JSON text.
    Info(&'a [u8]),
    /// `-ERR` with its text.
    Err(&'a [u8]),
}

/// What [`parse`] found at the start of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// An operation that used `used` bytes.
    Op {
        /// The operation.
        op: Op<'a>,
        /// Bytes used, line end and payload included.
        used: usize,
    },
    /// An operation is complete but for the ignored rest of its line: skip all
    /// bytes up to and including the next LF (the slice holds none), then act
    /// on it.
    Skip {
        /// The operation to act on at the LF.
        op: SkippedOp,
    },
    /// At least `missing` more bytes are needed.
    Incomplete {
        /// A lower bound of the bytes that are still to come.
        missing: usize,
    },
}

/// An operation whose line may have any length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkippedOp {
    /// `PING`.
    Ping,
    /// `PONG`.
    Pong,
    /// `+OK`.
    Ok,
}

impl SkippedOp {
    /// The operation as [`parse`] reports it when the line came in one piece.
    pub fn op(self) -> Op<'static> {
        match self {
            Self::Ping => Op::Ping,
            Self::Pong => Op::Pong,
            Self::Ok => Op::Ok,
        }
    }
}

/// Input that breaks the protocol; every one of these closes the connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not a verb, or the bytes after a payload were not CR LF.
    #[error("Unknown Protocol Operation")]
    UnknownOperation,
    /// The argument part exceeds `max_control_line`.
    #[error("maximum control line exceeded")]
    ControlLineTooLong,
    /// Wrong number of arguments or a bad size; the text is for the log, the
    /// client is sent nothing.
    #[error("{0}")]
    BadArguments(String),
    /// `HPUB` although headers are not in effect.
    #[error("message headers not supported")]
    HeadersNotSupported,
    /// The message is larger than the connection may send.
    #[error("maximum payload exceeded: {size} vs {limit}")]
    PayloadTooLarge {
        /// Announced size.
        size: usize,
        /// The limit in force.
        limit: usize,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Connect,
    Pub,
    HPub,
    Sub,
    Unsub,
    Ping,
    Pong,
    Info,
    Ok,
    Err,
}

impl Verb {
    /// Verbs by what their first letters can be; lower case for comparison.
    fn candidates(first: u8) -> &'static [(&'static [u8], Verb)] {
        match first | 0x20 {
            b'c' => &[(b"connect", Verb::Connect)],
            b'p' => &[
                (b"pub", Verb::Pub),
                (b"ping", Verb::Ping),
                (b"pong", Verb::Pong),
            ],
            b'h' => &[(b"hpub", Verb::HPub)],
            b's' => &[(b"sub", Verb::Sub)],
            b'u' => &[(b"unsub", Verb::Unsub)],
            b'i' => &[(b"info", Verb::Info)],
            b'+' => &[(b"+ok", Verb::Ok)],
            b'-' => &[(b"-err", Verb::Err)],
            _ => &[],
        }
    }

    /// Whether at least one blank must follow the verb.
    fn needs_blank(self) -> bool {
        matches!(
            self,
            Verb::Pub | Verb::HPub | Verb::Sub | Verb::Unsub | Verb::Err
        )
    }
}

/// Whether `input`, which `verb` begins, starts with it in any letter case.
/// `None` when the input ends too early to tell.
#[inline]
fn starts_with_verb(input: &[u8], verb: &[u8]) -> Option<bool> {
    for (i, &want) in verb.iter().enumerate() {
        match input.get(i) {
            None => return None,
            // `+` and `-` have bit 0x20 set, so folding leaves them alone.
            Some(&got) if (got | 0x20) != want || (got < b'A' && got != want) => {
                return Some(false);
            }
            Some(_) => {}
        }
    }
    Some(true)
}

/// Parses the operation at the start of `input`.
///
/// # Errors
/// [`ParseError`] when the bytes cannot be the start of any operation or break
/// a limit; the connection is to be closed then.
#[inline(always)] // the result is large: it must not be copied around
pub fn parse<'a>(input: &'a [u8], limits: &Limits) -> Result<Parsed<'a>, ParseError> {
    // The publish that fits in one read is nearly all traffic.
    if let Some(publish) = parse_plain_pub(input, limits) {
        return publish;
    }
    parse_any(input, limits)
}

/// Straight path for `PUB subject [reply] size CRLF` in its usual form. `None`
/// sends everything unusual to [`parse_any`], which gives the same answers.
///
/// One pass over the line: every byte that can end a word is at most a blank,
/// and lines are so short that calling a vectorised search costs more.
#[inline(always)]
fn parse_plain_pub<'a>(input: &'a [u8], limits: &Limits) -> Option<Result<Parsed<'a>, ParseError>> {
    const VERB: usize = b"PUB ".len();
    if !input.starts_with(b"PUB ") {
        return None;
    }
    let subject_end = word_end(input, VERB)?;
    if subject_end == VERB || input.get(subject_end) != Some(&b' ') {
        return None;
    }
    let second = subject_end + 1;
    let second_end = word_end(input, second)?;
    let (reply, size_at, size_end) = match input.get(second_end) {
        Some(b'\r') => (&input[..0], second, second_end),
        Some(b' ') if second_end > second => {
            let size_at = second_end + 1;
            (
                input.get(second..second_end)?,
                size_at,
                word_end(input, size_at)?,
            )
        }
        _ => return None,
    };
    if input.get(size_end) != Some(&b'\r') || input.get(size_end + 1) != Some(&b'\n') {
        return None;
    }
    let line_len = size_end - VERB;
    let size_digits = input.get(size_at..size_end)?;
    let size = parse_size(size_digits)?;
    if line_len > limits.max_control_line || limits.max_payload.is_some_and(|max| size > max) {
        return None;
    }
    let body_at = size_end + 2;
    let body_end = body_at + size;
    let used = body_end + 2;
    let (Some(body), Some(end)) = (input.get(body_at..body_end), input.get(body_end..used)) else {
        if input.get(body_end).is_some_and(|&b| b != b'\r') {
            return Some(Err(ParseError::UnknownOperation));
        }
        return Some(Ok(Parsed::Incomplete {
            missing: used - input.len(),
        }));
    };
    if end != b"\r\n" {
        return Some(Err(ParseError::UnknownOperation));
    }
    let publish = Publish {
        args: input.get(VERB..size_end)?,
        subject: input.get(VERB..subject_end)?,
        reply,
        header_digits: &input[..0],
        size_digits,
        header_len: 0,
        body,
        relay: input.get(second..used),
    };
    Some(Ok(Parsed::Op {
        op: Op::Publish(publish),
        used,
    }))
}

/// The start of a publish's line up to and including the blank behind the
/// subject, if the line was written in the plain form; what
/// [`parse_on_subject`] takes as `start`.
#[inline(always)]
pub fn line_start<'a>(publish: &Publish<'a>, line: &'a [u8]) -> &'a [u8] {
    if publish.relay.is_some() && publish.header_digits.is_empty() {
        line.get(..b"PUB ".len() + publish.subject.len() + 1)
            .filter(|start| start.starts_with(b"PUB "))
            .unwrap_or_default()
    } else {
        &[]
    }
}

/// Parses a plain `PUB` without a reply on the subject of an earlier one, whose
/// line began with `start`; gives what [`parse`] would give. `None` if the input
/// is anything else, or anything that [`parse`] would not accept: publishers
/// stay on a subject, and comparing a few bytes is less work than splitting the
/// line again.
#[inline(always)]
pub fn parse_on_subject<'a>(
    input: &'a [u8],
    start: &[u8],
    limits: &Limits,
) -> Option<(Publish<'a>, usize)> {
    const VERB: usize = b"PUB ".len();
    if start.is_empty() || !input.starts_with(start) {
        return None;
    }
    let size_at = start.len();
    let mut size = 0;
    let mut at = size_at;
    loop {
        let digit = input.get(at)?.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        size = size * 10 + usize::from(digit);
        at += 1;
        if at - size_at > MAX_DIGITS {
            return None;
        }
    }
    let body_at = at + 2;
    let body_end = body_at + size;
    let used = body_end + 2;
    let sound = at > size_at
        && input.get(at..body_at) == Some(b"\r\n")
        && input.get(body_end..used) == Some(b"\r\n")
        && at - VERB <= limits.max_control_line
        && limits.max_payload.is_none_or(|max| size <= max);
    if !sound {
        return None;
    }
    let publish = Publish {
        args: input.get(VERB..at)?,
        subject: input.get(VERB..size_at - 1)?,
        reply: &[],
        header_digits: &[],
        size_digits: input.get(size_at..at)?,
        header_len: 0,
        body: input.get(body_at..body_end)?,
        relay: input.get(size_at..used),
    };
    Some((publish, used))
}

/// Where the word that begins at `at` ends: at the next byte that is a blank or
/// a control byte. `None` when the input ends first.
///
/// Eight bytes at a time: a byte is at most a blank if subtracting 0x21 borrows
/// and its high bit is clear. Borrows only reach higher bytes, so the lowest
/// hit is right.
#[inline(always)]
fn word_end(input: &[u8], at: usize) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    const ABOVE_BLANK: u64 = ONES * (b' ' as u64 + 1);
    let mut at = at;
    while let Some(bytes) = input.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*bytes);
        let hits = word.wrapping_sub(ABOVE_BLANK) & !word & HIGH;
        if hits != 0 {
            return Some(at + (hits.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = input.get(at..)?.iter().position(|&byte| byte <= b' ')?;
    Some(at + rest)
}

fn parse_any<'a>(input: &'a [u8], limits: &Limits) -> Result<Parsed<'a>, ParseError> {
    let Some(&first) = input.first() else {
        return Ok(Parsed::Incomplete { missing: 1 });
    };
    let mut undecided = false;
    for &(text, verb) in Verb::candidates(first) {
        match starts_with_verb(input, text) {
            Some(true) => return parse_verb(verb, text.len(), input, limits),
            Some(false) => {}
            None => undecided = true,
        }
    }
    if undecided {
        Ok(Parsed::Incomplete { missing: 1 })
    } else {
        Err(ParseError::UnknownOperation)
    }
}

fn parse_verb<'a>(
    verb: Verb,
    verb_len: usize,
    input: &'a [u8],
    limits: &Limits,
) -> Result<Parsed<'a>, ParseError> {
    let rest = input.get(verb_len..).unwrap_or_default();
    if let Verb::Ping | Verb::Pong | Verb::Ok = verb {
        let op = match verb {
            Verb::Ping => SkippedOp::Ping,
            Verb::Pong => SkippedOp::Pong,
            _ => SkippedOp::Ok,
        };
        return Ok(match memchr(b'\n', rest) {
            Some(at) => Parsed::Op {
                op: op.op(),
                used: verb_len + at + 1,
            },
            None => Parsed::Skip { op },
        });
    }
    let blanks = rest.iter().take_while(|&&b| is_blank(b)).count();
    if verb.needs_blank() && blanks == 0 {
        return match rest.first() {
            None => Ok(Parsed::Incomplete { missing: 1 }),
            Some(_) => Err(ParseError::UnknownOperation),
        };
    }
    // Blanks before the arguments are not counted, yet not endless either: they
    // are kept until the line is complete. It must not matter whether it is.
    if blanks > limits.max_control_line {
        return Err(ParseError::ControlLineTooLong);
    }
    let args_and_more = rest.get(blanks..).unwrap_or_default();
    let Some(lf) = memchr(b'\n', args_and_more) else {
        // A CR at the very end is the start of the line end.
        let args = args_and_more.strip_suffix(b"\r").unwrap_or(args_and_more);
        if args.len() > limits.max_control_line {
            return Err(ParseError::ControlLineTooLong);
        }
        return Ok(Parsed::Incomplete { missing: 1 });
    };
    let line = args_and_more.get(..lf).unwrap_or_default();
    let args = line.strip_suffix(b"\r").unwrap_or(line);
    if args.len() > limits.max_control_line {
        return Err(ParseError::ControlLineTooLong);
    }
    let line_end = verb_len + blanks + lf + 1;
    let op = match verb {
        Verb::Connect => Op::Connect(args),
        Verb::Info => Op::Info(args),
        Verb::Err => Op::Err(args),
        Verb::Sub => parse_sub(args)?,
        Verb::Unsub => parse_unsub(args)?,
        Verb::Pub | Verb::HPub => {
            let has_cr = line.len() != args.len();
            let single_blank = blanks == 1 && rest.first() == Some(&b' ');
            let canonical = has_cr && single_blank;
            return parse_publish(verb == Verb::HPub, args, line_end, canonical, input, limits);
        }
        Verb::Ping | Verb::Pong | Verb::Ok => return Err(ParseError::UnknownOperation),
    };
    Ok(Parsed::Op { op, used: line_end })
}

#[inline]
fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Splits `args` at runs of separators into at most `N` words; returns the
/// words and how many there really are.
fn words<const N: usize>(args: &[u8], separates: impl Fn(u8) -> bool) -> ([&[u8]; N], usize) {
    let mut found = [&args[..0]; N];
    let mut count = 0;
    for word in args
        .split(|&b| separates(b))
        .filter(|word| !word.is_empty())
    {
        if let Some(slot) = found.get_mut(count) {
            *slot = word;
        }
        count += 1;
    }
    (found, count)
}

fn bad_arguments(what: &str, args: &[u8]) -> ParseError {
    ParseError::BadArguments(format!("{what}: \"{}\"", String::from_utf8_lossy(args)))
}

fn parse_sub(args: &[u8]) -> Result<Op<'_>, ParseError> {
    let (words, count) = words::<3>(args, |b| is_blank(b) || b == b'\r');
    let [first, second, third] = words;
    match count {
        2 => Ok(Op::Subscribe {
            args,
            subject: first,
            queue: &args[..0],
            sid: second,
        }),
        3 => Ok(Op::Subscribe {
            args,
            subject: first,
            queue: second,
            sid: third,
        }),
        _ => Err(bad_arguments("processSub Parse Error", args)),
    }
}

fn parse_unsub(args: &[u8]) -> Result<Op<'_>, ParseError> {
    let (words, count) = words::<2>(args, |b| is_blank(b) || b == b'\r');
    let [sid, max] = words;
    match count {
        1 => Ok(Op::Unsubscribe { args, sid, max: 0 }),
        // A count that is not a number means "now" (client-protocol.md 5.4).
        2 => Ok(Op::Unsubscribe {
            args,
            sid,
            max: parse_size(max).unwrap_or(0) as u64,
        }),
        _ => Err(bad_arguments("processUnsub Parse Error", args)),
    }
}

fn parse_publish<'a>(
    with_headers: bool,
    args: &'a [u8],
    line_end: usize,
    canonical: bool,
    input: &'a [u8],
    limits: &Limits,
) -> Result<Parsed<'a>, ParseError> {
    let verb = if with_headers {
        "processHeaderPub"
    } else {
        "processPub"
    };
    if with_headers && !limits.headers {
        return Err(ParseError::HeadersNotSupported);
    }
    let none = &args[..0];
    let (words, count) = words::<4>(args, is_blank);
    let (subject, reply, header_digits, size_digits) = match (with_headers, count, words) {
        (false, 2, [subject, size, ..]) => (subject, none, none, size),
        (false, 3, [subject, reply, size, _]) => (subject, reply, none, size),
        (true, 3, [subject, header, size, _]) => (subject, none, header, size),
        (true, 4, [subject, reply, header, size]) => (subject, reply, header, size),
        _ => return Err(bad_arguments(&format!("{verb} Parse Error"), args)),
    };
    let header_len = if with_headers {
        parse_size(header_digits)
            .ok_or_else(|| bad_arguments(&format!("{verb} Bad or Missing Header Size"), args))?
    } else {
        0
    };
    let size = parse_size(size_digits).ok_or_else(|| {
        let what = if with_headers { "Total Size" } else { "Size" };
        bad_arguments(&format!("{verb} Bad or Missing {what}"), args)
    })?;
    if header_len > size {
        let what = format!("{verb} Header Size larger then TotalSize");
        return Err(bad_arguments(&what, args));
    }
    if let Some(limit) = limits.max_payload
        && size > limit
    {
        return Err(ParseError::PayloadTooLarge { size, limit });
    }
    let body_end = line_end + size;
    let Some(body) = input.get(line_end..body_end) else {
        return Ok(Parsed::Incomplete {
            missing: body_end + 2 - input.len(),
        });
    };
    match (input.get(body_end), input.get(body_end + 1)) {
        (Some(b'\r'), Some(b'\n')) => {}
        (Some(b'\r') | None, None) => {
            return Ok(Parsed::Incomplete {
                missing: body_end + 2 - input.len(),
            });
        }
        _ => return Err(ParseError::UnknownOperation),
    }
    let words_len = subject.len() + reply.len() + header_digits.len() + size_digits.len();
    let single_blanks = args.len() == words_len + count - 1 && !args.contains(&b'\t');
    let relay = if canonical && single_blanks {
        input.get(line_end - 2 - args.len() + subject.len() + 1..body_end + 2)
    } else {
        None
    };
    let publish = Publish {
        args,
        subject,
        reply,
        header_digits,
        size_digits,
        header_len,
        body,
        relay,
    };
    Ok(Parsed::Op {
        op: Op::Publish(publish),
        used: body_end + 2,
    })
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
