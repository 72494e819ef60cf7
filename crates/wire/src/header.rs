//! Looking into a message's header block (client-protocol.md 13).
//!
//! The server relays blocks unread; this is for the few places where it acts
//! on a header or makes one.

use memchr::memmem;

/// The line that starts every header block.
pub const VERSION_LINE: &[u8] = b"NATS/1.0\r\n";

/// The value of the first header called `name`.
///
/// The name is compared exactly; it must stand directly after a line end and
/// be followed by `:`. Blanks before the value are skipped; the value ends at
/// the line end.
pub fn find<'a>(block: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let name = name.as_bytes();
    for at in memmem::find_iter(block, name) {
        let follows_line_end = at >= 2 && block.get(at - 2..at) == Some(b"\r\n");
        let rest = block.get(at + name.len()..)?;
        let Some(value) = rest.strip_prefix(b":") else {
            continue;
        };
        if !follows_line_end {
            continue;
        }
        let skipped = value.iter().take_while(|&&b| b == b' ').count();
        let value = value.get(skipped..)?;
        let end = memmem::find(value, b"\r\n")?;
        return value.get(..end);
    }
    None
}

/// Appends the header block of a no-responders reply to a message on `subject`
/// and returns its length (client-protocol.md 12).
pub fn push_no_responders(out: &mut Vec<u8>, subject: &[u8]) {
    out.extend_from_slice(b"NATS/1.0 503\r\nNats-Subject: ");
    out.extend_from_slice(subject);
    out.extend_from_slice(b"\r\n\r\n");
}

/// Length of the block that [`push_no_responders`] writes for a subject of
/// `subject_len` bytes.
pub fn no_responders_len(subject_len: usize) -> usize {
    32 + subject_len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_by_its_exact_name() {
        let block = b"NATS/1.0\r\nX-Key: no\r\nKey:   yes\r\nkey: lower\r\n\r\n";
        assert_eq!(find(block, "Key"), Some(&b"yes"[..]));
        assert_eq!(find(block, "key"), Some(&b"lower"[..]));
        assert_eq!(find(block, "KEY"), None);
        assert_eq!(find(b"garbage", "Key"), None);
        assert_eq!(find(b"NATS/1.0\r\nKey: cut", "Key"), None);
    }

    #[test]
    fn a_no_responders_block_has_the_announced_length() {
        let mut out = Vec::new();
        push_no_responders(&mut out, b"foo.bar");
        assert_eq!(out.len(), no_responders_len(7));
        assert_eq!(out, b"NATS/1.0 503\r\nNats-Subject: foo.bar\r\n\r\n");
    }
}
