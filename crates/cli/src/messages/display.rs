//! How bodies and headers are shown (cli.md 3.3).

use super::translate::translate;
use crate::client::Headers;
use crate::format::quoted;

/// Lines `KEY: VALUE`, each with its end; those of a key stand together.
pub fn header_lines(headers: &Headers) -> String {
    headers
        .grouped()
        .into_iter()
        .flat_map(|(key, values)| values.into_iter().map(move |value| (key, value)))
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

/// A body, piped through `command` if there is one, as it is shown among
/// others: with an end of line, and with the empty lines that part it from the
/// next one if `apart`.
pub fn shown_body(body: &[u8], command: Option<&str>, subject: &str, apart: bool) -> Vec<u8> {
    let Some(command) = command else {
        return match (apart, body.is_empty()) {
            (true, _) => body_text(body),
            (false, true) => b"nil body\n".to_vec(),
            (false, false) => with_newline(body),
        };
    };
    match translate(command, body, subject, "") {
        Ok(body) => {
            let mut out = with_newline(&body);
            if apart {
                let ends: &[u8] = if body.ends_with(b"\n") {
                    b"\n"
                } else {
                    b"\n\n"
                };
                out.extend_from_slice(ends);
            }
            out
        }
        Err((output, why)) => format!(
            "{}\nError while translating msg body: {why}\n\n",
            quoted(&output)
        )
        .into_bytes(),
    }
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
