//! Request lines as clients write them.
//!
//! Browsers and libraries escape what may not stand in a URL; people and
//! scripts do not (`/subsz?subs=1&test=foo.>`), and the peer takes it all. The
//! HTTP library refuses such lines, so they are put right before it reads
//! them.

/// A request line that is refused, with the text of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It has not three parts, or bytes that can be in none.
    Malformed,
    /// It is in a version of HTTP that is not 1.
    Version,
}

impl Refusal {
    /// The whole answer; the connection is closed behind it.
    pub(crate) fn answer(self) -> String {
        let status = match self {
            Refusal::Malformed => "400 Bad Request",
            Refusal::Version => "505 HTTP Version Not Supported: unsupported protocol version",
        };
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Connection: close\r\n\r\n{status}"
        )
    }
}

/// Writes a request line, with its line end, in the form the HTTP library
/// reads: bytes of the target that should be escaped are. At most three bytes
/// for each there was.
///
/// # Errors
/// It is no request line.
pub(crate) fn rewrite(line: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let mut parts = text.splitn(3, |byte| *byte == b' ');
    let (Some(method), Some(target), Some(version)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::Malformed);
    };
    if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) || target.is_empty() {
        return Err(Refusal::Malformed);
    }
    let version = known_version(version)?;
    out.extend_from_slice(method);
    out.push(b' ');
    for &byte in target {
        match byte {
            0..=b' ' | 0x7f => return Err(Refusal::Malformed),
            b'"' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                let digit = |value: u8| DIGITS[usize::from(value & 0xf)];
                out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte)]);
            }
            byte => out.push(byte),
        }
    }
    out.push(b' ');
    out.extend_from_slice(version);
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// The version to speak. Minor versions to come are read as the last one known
/// (RFC 9110, 2.5).
fn known_version(version: &[u8]) -> Result<&'static [u8], Refusal> {
    let (major, minor) = match version {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] => (*major, *minor),
        _ => return Err(Refusal::Malformed),
    };
    match (major, minor) {
        (b'1', b'0') => Ok(b"HTTP/1.0"),
        (b'1', b'1'..=b'9') => Ok(b"HTTP/1.1"),
        (b'0'..=b'9', b'0'..=b'9') => Err(Refusal::Version),
        _ => Err(Refusal::Malformed),
    }
}

/// Whether a method may hold this byte (RFC 9110, 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(line: &[u8]) -> Result<String, Refusal> {
        let mut out = Vec::new();
        rewrite(line, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn only_what_may_not_stand_in_a_target_is_escaped() {
        let same = "GET /a-._~/:@!$&'()*+,;=[]?x=%zz&%20?/ HTTP/1.1\r\n";
        assert_eq!(rewritten(same.as_bytes()).unwrap(), same);
        assert_eq!(
            rewritten(b"GET /subsz?subs=1&test=foo.> HTTP/1.1\r\n").unwrap(),
            "GET /subsz?subs=1&test=foo.%3E HTTP/1.1\r\n"
        );
        assert_eq!(
            rewritten(b"G|T /\"#<>\\^`{|}\x80\xff HTTP/1.0\n").unwrap(),
            "G|T /%22%23%3C%3E%5C%5E%60%7B%7C%7D%80%FF HTTP/1.0\r\n"
        );
    }

    #[test]
    fn later_minor_versions_are_the_last_one_known() {
        assert_eq!(
            rewritten(b"GET / HTTP/1.7\r\n").unwrap(),
            "GET / HTTP/1.1\r\n"
        );
        for other in ["HTTP/2.0", "HTTP/0.9", "HTTP/3.0"] {
            let line = format!("GET / {other}\r\n");
            assert_eq!(rewritten(line.as_bytes()), Err(Refusal::Version));
        }
    }

    #[test]
    fn what_is_no_request_line_is_refused() {
        for line in [
            &b"hello\r\n"[..],
            b"GET /\r\n",
            b"GET  / HTTP/1.1\r\n",
            b"GET /  HTTP/1.1\r\n",
            b"GET / HTTP/1.1 \r\n",
            b"GET / http/1.1\r\n",
            b"GET / HTTP/1.10\r\n",
            b"GET / HTTP/x.1\r\n",
            b"GET /a b HTTP/1.1\r\n",
            b"GET /a\tb HTTP/1.1\r\n",
            b"GET /a\rb HTTP/1.1\r\n",
            b"GET /a\x7fb HTTP/1.1\r\n",
            b"G<T / HTTP/1.1\r\n",
            b" / HTTP/1.1\r\n",
            b"\x16\x03\x01\n",
            b"\n",
        ] {
            assert_eq!(rewritten(line), Err(Refusal::Malformed), "{line:?}");
        }
    }

    #[test]
    fn refusals_say_why() {
        assert_eq!(
            Refusal::Malformed.answer(),
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Connection: close\r\n\r\n400 Bad Request"
        );
    }
}
