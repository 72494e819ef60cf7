//! Texts in quotes, as Go's `%q` writes them.

/// In double quotes, with what cannot be printed as escapes.
pub fn quoted(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in text.utf8_chunks() {
        for letter in chunk.valid().chars() {
            push(&mut out, letter);
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

fn push(out: &mut String, letter: char) {
    let escape = match letter {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\x0b' => "\\v",
        '\x0c' => "\\f",
        ' ' => " ",
        letter if letter.is_control() || letter.is_whitespace() => {
            let code = u32::from(letter);
            out.push_str(&if code < 0x80 {
                format!("\\x{code:02x}")
            } else {
                format!("\\u{code:04x}")
            });
            return;
        }
        letter => return out.push(letter),
    };
    out.push_str(escape);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_printed_is_escaped() {
        assert_eq!(quoted(b"a \"b\"\n\x01\xff"), r#""a \"b\"\n\x01\xff""#);
        assert_eq!(quoted("é\u{a0}\u{85}".as_bytes()), r#""é\u00a0\u0085""#);
    }
}
