//! Keeping secrets out of logs (client-protocol.md 22.4).

/// Keys of a `CONNECT` whose values are not shown. A key that merely starts
/// with one of the first two counts as well.
const PREFIXES: [&str; 2] = ["pass", "auth_token"];
/// Keys that count only as a whole. `jwt` is not on the peer's list; a JWT
/// together with its nonce signature is enough to replay nothing, yet a bearer
/// token is a secret.
const WHOLE: [&str; 4] = ["sig", "proxy_sig", "nkey", "jwt"];

/// The JSON text of a `CONNECT` with secrets replaced by `[REDACTED]`.
///
/// Works on the text, not on the parsed object, so that a trace shows what the
/// client really sent, well-formed or not.
pub(crate) fn connect_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(quote) = rest.find('"') {
        let (before, from_quote) = rest.split_at(quote);
        shown.push_str(before);
        let (text, after) = split_string(from_quote);
        shown.push_str(text);
        let key = text.trim_matches('"').to_ascii_lowercase();
        let value = after.trim_start();
        rest = after;
        if !is_secret(&key) || !value.starts_with(':') {
            continue;
        }
        let value = value.get(1..).unwrap_or_default();
        let blanks = value.len() - value.trim_start().len();
        let value = value.trim_start();
        let left = if value.starts_with('"') {
            split_string(value).1
        } else {
            value
                .get(value.find([',', '}']).unwrap_or(value.len())..)
                .unwrap_or_default()
        };
        shown.push(':');
        shown.extend(std::iter::repeat_n(' ', blanks));
        shown.push_str("\"[REDACTED]\"");
        rest = left;
    }
    shown.push_str(rest);
    shown
}

fn is_secret(key: &str) -> bool {
    WHOLE.contains(&key) || PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

/// Splits text that starts with a quote after the closing one.
fn split_string(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return text.split_at(at + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    // client-protocol 115
    #[test]
    fn secrets_are_replaced_and_the_rest_stays() {
        let json = r#"{"user":"u","pass":"s\"x","auth_token": "t","sig":"s","nkey":"U","n":1}"#;
        let shown = r#"{"user":"u","pass":"[REDACTED]","auth_token": "[REDACTED]","sig":"[REDACTED]","nkey":"[REDACTED]","n":1}"#;
        assert_eq!(connect_json(json), shown);
        assert_eq!(
            connect_json(r#"{"PASSword":12}"#),
            r#"{"PASSword":"[REDACTED]"}"#
        );
        assert_eq!(
            connect_json(r#"{"pass":"unfinished"#),
            r#"{"pass":"[REDACTED]""#
        );
        assert_eq!(connect_json("{"), "{");
        assert_eq!(connect_json(r#"{"name":"pass"}"#), r#"{"name":"pass"}"#);
    }
}
