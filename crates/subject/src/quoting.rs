//! Subjects as they appear in error texts and logs (client-protocol.md 7.3).

use std::fmt::Write;

/// Puts a byte string into double quotes, with C-like escapes for everything
/// that does not print.
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_character(&mut out, character);
        }
        for byte in chunk.invalid() {
            push_byte(&mut out, *byte);
        }
    }
    out.push('"');
    out
}

fn push_character(out: &mut String, character: char) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        ' '..='~' => out.push(character),
        '\0'..='\x7f' => push_byte(out, character as u8),
        _ if is_printable(character) => out.push(character),
        _ => {
            let code = u32::from(character);
            // Writing to a String cannot fail.
            let _ = if code < 0x1_0000 {
                write!(out, "\\u{code:04x}")
            } else {
                write!(out, "\\U{code:08x}")
            };
        }
    }
}

fn push_byte(out: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\x{byte:02x}");
}

/// Letters, marks, numbers, punctuation and symbols print.
///
/// The standard library has that table but shows it only through
/// `escape_debug`, which leaves printable characters alone; marks only where
/// they do not come first.
fn is_printable(character: char) -> bool {
    let mut buffer = [b'a', 0, 0, 0, 0];
    let len = character.encode_utf8(&mut buffer[1..]).len();
    std::str::from_utf8(&buffer[..=len])
        .is_ok_and(|text| text.escape_debug().nth(1) == Some(character))
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn what_does_not_print_is_escaped() {
        for (bytes, quoted) in [
            (&b"foo.bar"[..], r#""foo.bar""#),
            (b"\xff\x01", r#""\xff\x01""#),
            (b"a\"b\\c", r#""a\"b\\c""#),
            (b"\x07\x08\x0c\n\r\t\x0b", r#""\a\b\f\n\r\t\v""#),
            (b"\x00\x7f", r#""\x00\x7f""#),
            ("é\u{301}€😀\u{fffd}".as_bytes(), "\"é\u{301}€😀\u{fffd}\""),
            (
                "\u{a0}\u{feff}\u{2028}\u{e000}".as_bytes(),
                r#""\u00a0\ufeff\u2028\ue000""#,
            ),
            ("\u{e0001}".as_bytes(), r#""\U000e0001""#),
            (b"\xe2\x82x", r#""\xe2\x82x""#),
            (b"", r#""""#),
        ] {
            assert_eq!(quote(bytes), quoted);
        }
    }
}
