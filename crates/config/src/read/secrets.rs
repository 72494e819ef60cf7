//! What must not get into an error text, be it in a terminal or in a log.

use std::borrow::Cow;

use crate::lang::{Node, Value};

/// Stands for a secret, as with the Go server.
const REDACTED: &str = "[REDACTED]";

/// Characters of a seed of any kind.
const SEED_CHARS: usize = 58;

/// Keys whose values are secrets wherever they stand.
const SECRET_KEYS: [&str; 12] = [
    "pass",
    "password",
    "token",
    "seed",
    "key",
    "ek",
    "encryption_key",
    "prev_key",
    "prev_ek",
    "prev_encryption_key",
    "encryption_password",
    "srk_password",
];

/// A seed, a token, or a URL with credentials.
pub(crate) fn looks_secret(text: &str) -> bool {
    let seed = text.len() == SEED_CHARS && text.starts_with('S');
    seed || text.starts_with("eyJ") || text.contains('@')
}

/// The text without what looks secret in it.
pub(crate) fn redacted(text: &str) -> Cow<'_, str> {
    if !looks_secret(text) {
        return Cow::Borrowed(text);
    }
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) if !host.contains("://") => {
            Cow::Owned(format!("{scheme}://{REDACTED}@{host}"))
        }
        _ => Cow::Borrowed(REDACTED),
    }
}

impl Node {
    /// The value as error texts show it, where a secret may stand: without any string.
    pub(crate) fn shown_without_strings(&self) -> String {
        match &self.value {
            Value::String(_) => REDACTED.to_owned(),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(Node::shown_without_strings).collect();
                crate::go_text::list(&items)
            }
            Value::Map(_) => format!("map[{REDACTED}]"),
            Value::Integer(_) | Value::Float(_) | Value::Bool(_) | Value::DateTime(_) => {
                self.shown()
            }
        }
    }

    /// The value as error texts show it beneath a key.
    pub(crate) fn shown_at_key(&self, key: &str) -> String {
        if SECRET_KEYS
            .iter()
            .any(|secret| secret.eq_ignore_ascii_case(key))
        {
            REDACTED.to_owned()
        } else {
            self.shown()
        }
    }
}
