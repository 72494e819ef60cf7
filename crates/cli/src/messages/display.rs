//! How bodies and headers are shown (cli.md 3.3).

use crate::client::Headers;

/// Lines `KEY: VALUE`, each with its end.
pub fn header_lines(headers: &Headers) -> String {
    headers
        .entries
        .iter()
        .map(|(key, value)| format!("{key}: {value}\n"))
        .collect()
}

/// A body with an end of line.
pub fn with_newline(body: &[u8]) -> Vec<u8> {
    let mut out = body.to_vec();
    if !out.ends_with(b"\n") {
        out.push(b'\n');
    }
    out
}

/// A body with the empty lines that follow it.
pub fn body_text(body: &[u8]) -> Vec<u8> {
    if body.is_empty() {
        return b"nil body\n\n\n".to_vec();
    }
    let mut out = body.to_vec();
    let lines: &[u8] = if body.ends_with(b"\n") {
        b"\n"
    } else {
        b"\n\n\n"
    };
    out.extend_from_slice(lines);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lines_depend_on_the_end_of_the_body() {
        assert_eq!(body_text(b"a"), b"a\n\n\n");
        assert_eq!(body_text(b"a\n"), b"a\n\n");
        assert_eq!(body_text(b""), b"nil body\n\n\n");
        assert_eq!(with_newline(b""), b"\n");
    }
}
