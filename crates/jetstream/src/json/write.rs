//! Writing replies: like the peer's encoder, with `<`, `>`, `&` and the two
//! Unicode line ends escaped.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

struct EscapeMarkup;

impl Formatter for EscapeMarkup {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let Some(escaped) = from.chars().next() else {
                break;
            };
            write!(writer, "\\u{:04x}", u32::from(escaped))?;
            rest = from.get(escaped.len_utf8()..).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Appends `value` as JSON.
///
/// Our own types serialize without errors; if one does not, what stands in
/// `out` ends in the middle of the value.
pub fn push_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let mut serializer = Serializer::with_formatter(&mut *out, EscapeMarkup);
    let written = value.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "{written:?}");
}

/// `value` as JSON.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    push_json(&mut out, value);
    out
}

/// Appends a JSON string.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    push_json(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(to_json("s1.>"), br#""s1.\u003e""#);
        assert_eq!(to_json("a\"b<&\u{2028}"), br#""a\"b\u003c\u0026\u2028""#);
        assert_eq!(to_json("\u{fc}"), "\"\u{fc}\"".as_bytes());
    }
}
