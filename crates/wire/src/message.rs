//! Lines that the server sends to clients (client-protocol.md 6).

use crate::number::push_decimal;

/// `PING` line.
pub const PING: &[u8] = b"PING\r\n";
/// `PONG` line.
pub const PONG: &[u8] = b"PONG\r\n";
/// `+OK` line.
pub const OK: &[u8] = b"+OK\r\n";

/// Appends `HMSG <subject> <sid> `; the same bytes without the first are the
/// start of a `MSG`.
pub fn push_head(out: &mut Vec<u8>, subject: &[u8], sid: &[u8]) {
    out.extend_from_slice(b"HMSG ");
    out.extend_from_slice(subject);
    out.push(b' ');
    out.extend_from_slice(sid);
    out.push(b' ');
}

/// The head for a message with or without headers, out of the bytes made by
/// [`push_head`].
#[inline]
pub fn head_for(head: &[u8], headers: bool) -> &[u8] {
    if headers {
        head
    } else {
        head.get(1..).unwrap_or_default()
    }
}

/// Appends what follows the head of a `MSG`: `[reply ]size CRLF payload CRLF`.
pub fn push_msg_tail(out: &mut Vec<u8>, reply: &[u8], payload: &[u8]) {
    if !reply.is_empty() {
        out.extend_from_slice(reply);
        out.push(b' ');
    }
    push_decimal(out, payload.len() as u64);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

/// Appends an error line; `text` goes between the single quotes.
pub fn push_err(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(b"-ERR '");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"'\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_head_serves_both_forms() {
        let mut head = Vec::new();
        push_head(&mut head, b"foo", b"7");
        assert_eq!(head_for(&head, true), b"HMSG foo 7 ");
        assert_eq!(head_for(&head, false), b"MSG foo 7 ");
    }

    #[test]
    fn a_tail_carries_the_reply_only_if_there_is_one() {
        let mut out = Vec::new();
        push_msg_tail(&mut out, b"", b"hi");
        push_msg_tail(&mut out, b"r", b"");
        assert_eq!(out, b"2\r\nhi\r\nr 0\r\n\r\n");
    }
}
