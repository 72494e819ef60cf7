//! Operations of a server (client-protocol.md 6): bytes in, operations out.

use memchr::memchr;

use super::{ClientError, MessageRef};

/// Longest control line that is taken: an INFO with the addresses of a large
/// cluster is far below it.
const MAX_LINE: usize = 1 << 20;
/// Largest message that is taken: servers allow at most 64 MiB by default
/// settings of `max_pending`; twice that is no message any more.
const MAX_MESSAGE: usize = 128 << 20;

/// One operation of a server.
#[derive(Clone, Copy, Debug)]
pub enum Op<'a> {
    /// A message for a subscription.
    Message {
        /// Number of the subscription.
        sid: u64,
        /// The message.
        message: MessageRef<'a>,
    },
    /// `INFO` with its JSON text.
    Info(&'a [u8]),
    /// `PING`.
    Ping,
    /// `PONG`.
    Pong,
    /// `+OK`.
    Ok,
    /// `-ERR` with its text, without quotes.
    Err(&'a str),
}

/// What stands at the start of the input.
#[derive(Clone, Copy, Debug)]
pub enum Parsed<'a> {
    /// An operation that used so many bytes.
    Op(Op<'a>, usize),
    /// At least so many bytes are missing.
    Incomplete(usize),
}

fn garbled(line: &[u8]) -> ClientError {
    let shown = line.get(..line.len().min(64)).unwrap_or_default();
    ClientError::Other(format!(
        "nats: protocol error: {}",
        String::from_utf8_lossy(shown)
    ))
}

/// Looks at the start of `input`.
pub fn parse(input: &[u8]) -> Result<Parsed<'_>, ClientError> {
    if let Some(parsed) = plain_message(input) {
        return Ok(parsed);
    }
    let Some(end) = memchr(b'\n', input) else {
        if input.len() > MAX_LINE {
            return Err(garbled(input));
        }
        return Ok(Parsed::Incomplete(1));
    };
    let line = input.get(..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let used = end + 1;
    let op = match line.first() {
        Some(b'M' | b'm') => return message(input, line, used, b"MSG"),
        Some(b'H' | b'h') => return message(input, line, used, b"HMSG"),
        Some(b'P' | b'p') if line.eq_ignore_ascii_case(b"PING") => Op::Ping,
        Some(b'P' | b'p') if line.eq_ignore_ascii_case(b"PONG") => Op::Pong,
        Some(b'+') => Op::Ok,
        Some(b'I' | b'i') => Op::Info(after(line, b"INFO")?),
        Some(b'-') => {
            let text = after(line, b"-ERR")?;
            let text = text.strip_prefix(b"'").unwrap_or(text);
            let text = text.strip_suffix(b"'").unwrap_or(text);
            Op::Err(std::str::from_utf8(text).map_err(|_| garbled(line))?)
        }
        _ => return Err(garbled(line)),
    };
    Ok(Parsed::Op(op, used))
}

/// What stands behind the name of an operation.
fn after<'a>(line: &'a [u8], name: &[u8; 4]) -> Result<&'a [u8], ClientError> {
    match line.split_at_checked(name.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(name) => Ok(rest.trim_ascii()),
        _ => Err(garbled(line)),
    }
}

/// A message as servers write it, without headers, that is there as a whole.
/// Everything else is left to [`message`], which knows all forms and mistakes:
/// receiving is the tool's hot path, and this takes a third of the time.
#[inline]
fn plain_message(input: &[u8]) -> Option<Parsed<'_>> {
    let rest = input.strip_prefix(b"MSG ")?;
    let (subject, rest) = word(rest)?;
    let (sid, rest) = digits(rest)?;
    let rest = rest.strip_prefix(b" ")?;
    let (reply, total, rest) = match digits(rest) {
        Some((total, rest)) if rest.first() == Some(&b'\r') => (&b""[..], total, rest),
        _ => {
            let (reply, rest) = word(rest)?;
            let (total, rest) = digits(rest)?;
            (reply, total, rest)
        }
    };
    let body = rest.strip_prefix(b"\r\n")?;
    let total = usize::try_from(total)
        .ok()
        .filter(|total| *total <= MAX_MESSAGE)?;
    let (payload, end) = body.split_at_checked(total)?;
    if !end.starts_with(b"\r\n") {
        return None;
    }
    let used = input.len() - end.len() + 2;
    let message = MessageRef {
        subject,
        reply,
        headers: &[],
        payload,
    };
    Some(Parsed::Op(Op::Message { sid, message }, used))
}

/// A word that a blank ends, and what follows the blank.
#[inline]
fn word(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = input.iter().position(|byte| *byte <= b' ')?;
    let (word, rest) = input.split_at_checked(end)?;
    let rest = rest.strip_prefix(b" ")?;
    (!word.is_empty()).then_some((word, rest))
}

/// Leading digits as a number, and what follows them.
#[inline]
fn digits(input: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    let mut count = 0;
    // More digits than these could be too many for the number.
    while count < 18
        && let Some(byte @ b'0'..=b'9') = input.get(count)
    {
        value = value * 10 + u64::from(byte - b'0');
        count += 1;
    }
    (count > 0).then_some((value, input.get(count..)?))
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn message<'a>(
    input: &'a [u8],
    line: &'a [u8],
    used: usize,
    name: &[u8],
) -> Result<Parsed<'a>, ClientError> {
    let mut words = [&b""[..]; 6];
    let mut count = 0;
    for word in line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
    {
        *words.get_mut(count).ok_or_else(|| garbled(line))? = word;
        count += 1;
    }
    if !words[0].eq_ignore_ascii_case(name) {
        return Err(garbled(line));
    }
    let with_headers = name == b"HMSG";
    let sizes = if with_headers { 2 } else { 1 };
    // Name, subject, number, [reply,] sizes.
    let reply = match count.checked_sub(3 + sizes) {
        Some(0) => &b""[..],
        Some(1) => words[3],
        _ => return Err(garbled(line)),
    };
    let sid = number(words[2]).ok_or_else(|| garbled(line))?;
    let total = words.get(count - 1).and_then(|word| number(word));
    let total = total
        .filter(|total| *total <= MAX_MESSAGE)
        .ok_or_else(|| garbled(line))?;
    let header_len = if with_headers {
        words
            .get(count - 2)
            .and_then(|word| number(word))
            .filter(|length| *length <= total)
            .ok_or_else(|| garbled(line))?
    } else {
        0
    };
    let all = used + total + 2;
    if input.len() < all {
        return Ok(Parsed::Incomplete(all - input.len()));
    }
    let (body, end) = input
        .get(used..all)
        .unwrap_or_default()
        .split_at_checked(total)
        .ok_or_else(|| garbled(line))?;
    // What comes next would be read at a wrong place.
    if end != b"\r\n" {
        return Err(garbled(line));
    }
    let (headers, payload) = body.split_at(header_len);
    let message = MessageRef {
        subject: words[1],
        reply,
        headers,
        payload,
    };
    Ok(Parsed::Op(
        Op::Message {
            sid: sid as u64,
            message,
        },
        all,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_a_reply_or_not() {
        let Parsed::Op(Op::Message { sid, message }, used) =
            parse(b"MSG foo 9 2\r\nhi\r\nPING").unwrap()
        else {
            panic!("no message")
        };
        assert_eq!(
            (sid, message.payload, message.reply, used),
            (9, &b"hi"[..], &b""[..], 17)
        );
        let Parsed::Op(Op::Message { message, .. }, _) =
            parse(b"HMSG foo 9 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n").unwrap()
        else {
            panic!("no message")
        };
        assert_eq!(
            (message.reply, message.headers.len(), message.payload),
            (&b"r"[..], 12, &b"hi"[..])
        );
    }

    /// The quick way and the long one see the same in everything a server sends.
    #[test]
    fn plain_messages_are_read_as_all_others() {
        let inputs: [&[u8]; 14] = [
            b"MSG foo 9 2\r\nhi\r\nPING\r\n",
            b"MSG foo.bar 123456 0\r\n\r\n",
            b"MSG foo 9 _INBOX.a 2\r\nhi\r\n",
            b"MSG foo 9 12 2\r\nhi\r\n",
            b"MSG foo 9 12r 2\r\nhi\r\n",
            b"MSG foo 9 2\nhi\r\n",
            b"msg foo 9 2\r\nhi\r\n",
            b"MSG  foo  9  2 \r\nhi\r\n",
            b"MSG foo 9 2\r\nhi",
            b"MSG foo 9 2\r\nhix\r\n",
            b"MSG foo 2\r\nhi\r\n",
            b"MSG foo 9 99999999999999999999\r\nhi\r\n",
            b"MSG foo 9 r 2 2\r\nhi\r\n",
            b"HMSG foo 9 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
        ];
        let mut quick = 0;
        for input in inputs {
            let Some(parsed) = plain_message(input) else {
                continue;
            };
            quick += 1;
            let end = memchr(b'\n', input).unwrap();
            let line = input[..end].strip_suffix(b"\r").unwrap();
            let long = message(input, line, end + 1, b"MSG").unwrap();
            assert_eq!(format!("{parsed:?}"), format!("{long:?}"));
        }
        assert_eq!(quick, 5, "messages that are read the quick way");
    }

    #[test]
    fn incomplete_input_says_how_much_is_missing() {
        assert!(matches!(
            parse(b"MSG foo 9 2\r\nh").unwrap(),
            Parsed::Incomplete(3)
        ));
        assert!(matches!(parse(b"MSG fo").unwrap(), Parsed::Incomplete(1)));
    }

    #[test]
    fn errors_lose_their_quotes() {
        let Parsed::Op(Op::Err(text), 7) = parse(b"-ERR 'Stale Connection'\r\n")
            .map(|parsed| match parsed {
                Parsed::Op(op, _) => Parsed::Op(op, 7),
                other => other,
            })
            .unwrap()
        else {
            panic!("no error")
        };
        assert_eq!(text, "Stale Connection");
    }

    #[test]
    fn garbage_is_refused() {
        assert!(parse(b"HELLO\r\n").is_err());
        assert!(parse(b"MSG foo x 2\r\n").is_err());
        assert!(parse(b"HMSG foo 1 9 2\r\n").is_err());
        assert!(parse(b"MSG foo 1 99999999999\r\n").is_err());
        assert!(parse(b"MESS foo 1 2\r\nhi\r\n").is_err());
        assert!(parse(b"MSG foo 1 2\r\nhiya\r\n").is_err());
        assert!(parse(b"INF {}\r\n").is_err());
        assert!(parse(b"-\r\n").is_err());
    }
}
