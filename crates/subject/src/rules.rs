//! What a subject is: tokens, wildcards and the places where stricter rules
//! hold (client-protocol.md 8).
//!
//! A subject is a byte string split at `.` into tokens. Nothing is normalised
//! and nothing has to be UTF-8. `*` and `>` are wildcards only when they are a
//! whole token, and `>` only as the last one.

use memchr::memchr;

/// The byte between two tokens.
pub const SEPARATOR: u8 = b'.';
/// The token that matches exactly one token.
pub const ANY_TOKEN: &[u8] = b"*";
/// The last token that matches one or more tokens.
pub const REST: &[u8] = b">";

/// The tokens of a subject, in order. The empty subject has one empty token.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    rest: Option<&'a [u8]>,
}

/// Splits a subject into its tokens.
#[inline]
pub fn tokens(subject: &[u8]) -> Tokens<'_> {
    Tokens {
        rest: Some(subject),
    }
}

impl<'a> Tokens<'a> {
    /// What has not been handed out yet, separators included; `None` after the
    /// last token.
    #[inline]
    pub fn remaining(&self) -> Option<&'a [u8]> {
        self.rest
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let (token, after) = split_first(rest);
        self.rest = after;
        Some(token)
    }
}

/// The first token, and what follows its separator if there is one.
#[inline]
pub(crate) fn split_first(subject: &[u8]) -> (&[u8], Option<&[u8]>) {
    match position_of_separator(subject) {
        Some(at) => (&subject[..at], Some(&subject[at + 1..])),
        None => (subject, None),
    }
}

/// Tokens are short: a plain loop finds the separator of most of them before
/// a vector search has been set up.
#[inline]
fn position_of_separator(subject: &[u8]) -> Option<usize> {
    const SHORT: usize = 16;
    if subject.len() <= SHORT {
        return subject.iter().position(|&byte| byte == SEPARATOR);
    }
    match subject[..SHORT].iter().position(|&byte| byte == SEPARATOR) {
        Some(at) => Some(at),
        None => memchr(SEPARATOR, &subject[SHORT..]).map(|at| at + SHORT),
    }
}

/// Number of tokens; 1 for the empty subject.
#[inline]
pub fn token_count(subject: &[u8]) -> usize {
    memchr::memchr_iter(SEPARATOR, subject).count() + 1
}

/// Whether any token is a wildcard.
///
/// A `>` token counts wherever it stands, as `SUB` refuses it elsewhere than
/// at the end.
#[inline]
pub fn has_wildcard(subject: &[u8]) -> bool {
    // Nearly all subjects have neither byte.
    memchr::memchr2(b'*', b'>', subject).is_some()
        && tokens(subject).any(|token| token == ANY_TOKEN || token == REST)
}

/// Whether any token is empty; the empty subject has one.
#[inline]
pub fn has_empty_token(subject: &[u8]) -> bool {
    match (subject.first(), subject.last()) {
        (None, _) | (_, None) => true,
        (Some(&first), Some(&last)) => {
            let next = subject.get(1..).unwrap_or_default();
            // Without an early end the compiler compares many bytes at once.
            let double = subject
                .iter()
                .zip(next)
                .fold(false, |double, (&left, &right)| {
                    double | ((left == SEPARATOR) & (right == SEPARATOR))
                });
            first == SEPARATOR || last == SEPARATOR || double
        }
    }
}

/// What `SUB` accepts: no empty token, and `>` only as the last token
/// (client-protocol.md 8.2). Every other byte is literal.
pub fn is_valid_subscription_subject(subject: &[u8]) -> bool {
    let mut rest_seen = false;
    for token in tokens(subject) {
        if token.is_empty() || rest_seen {
            return false;
        }
        rest_seen = token == REST;
    }
    true
}

/// The "valid subject" of configuration, permissions, imports, exports,
/// mappings and JetStream: what `SUB` accepts, without white space
/// (client-protocol.md 8.5).
pub fn is_valid_subject(subject: &[u8]) -> bool {
    !subject.iter().any(|&byte| is_white_space(byte)) && is_valid_subscription_subject(subject)
}

/// A [valid subject](is_valid_subject) without wildcard tokens.
pub fn is_valid_literal(subject: &[u8]) -> bool {
    is_valid_subject(subject) && !has_wildcard(subject)
}

/// What pedantic connections may publish to: every token non-empty and not a
/// wildcard (client-protocol.md 8.4).
pub fn is_publishable(subject: &[u8]) -> bool {
    tokens(subject).all(|token| !token.is_empty() && token != ANY_TOKEN && token != REST)
}

/// Space, tab, line feed, form feed and carriage return. The vertical tab and
/// the spaces beyond ASCII are ordinary bytes of a subject.
#[inline]
pub(crate) fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_split_at_dots() {
        let split = |subject: &'static [u8]| tokens(subject).collect::<Vec<_>>();
        assert_eq!(split(b"a.bc.d"), [b"a".as_slice(), b"bc", b"d"]);
        assert_eq!(split(b""), [b"".as_slice()]);
        assert_eq!(split(b".a."), [b"".as_slice(), b"a", b""]);
        let long = b"0123456789012345678901234.x";
        assert_eq!(split(long), [&long[..25], b"x"]);
        assert_eq!(token_count(b""), 1);
        assert_eq!(token_count(b"a..b"), 3);
    }

    #[test]
    fn a_subscription_needs_full_tokens_and_its_rest_last() {
        for good in [
            "a", "foo.bar", "foo.*", "foo.>", ">", "*", "foo*", "*foo", "foo>", "**", ">>",
            "\u{0}", "é.x",
        ] {
            assert!(is_valid_subscription_subject(good.as_bytes()), "{good}");
        }
        assert!(is_valid_subscription_subject(b"\xff\xfe.\x01"));
        for bad in [
            "",
            ".",
            "foo.",
            ".foo",
            "foo..bar",
            "foo.>.bar",
            ">.a",
            ">.>",
            "foo.>.",
        ] {
            assert!(!is_valid_subscription_subject(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_valid_subject_has_no_white_space() {
        for bad in ["a b", "a\tb", "a\nb", "a\rb", "a\u{c}b", "a..b", ""] {
            assert!(!is_valid_subject(bad.as_bytes()), "{bad:?}");
        }
        for good in ["a\u{b}b", "a\u{a0}b", "a.*.>"] {
            assert!(is_valid_subject(good.as_bytes()), "{good:?}");
        }
        assert!(is_valid_literal(b"foo*.>x"));
        assert!(!is_valid_literal(b"foo.*"));
        assert!(!is_valid_literal(b"foo.>"));
    }

    #[test]
    fn wildcards_are_whole_tokens() {
        assert!(has_wildcard(b"a.*") && has_wildcard(b">") && has_wildcard(b"*.a"));
        assert!(!has_wildcard(b"a*.b>") && !has_wildcard(b"a.**") && !has_wildcard(b""));
    }

    #[test]
    fn pedantic_publishers_name_one_subject() {
        assert!(is_publishable(b"foo.bar") && is_publishable(b"foo*") && is_publishable(b"a.>x"));
        for bad in ["", "foo.*", "foo.>", ">", "a..b", ".a", "a."] {
            assert!(!is_publishable(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn empty_tokens_are_found_anywhere() {
        assert!(
            [&b""[..], b".", b"a.", b".a", b"a..b"]
                .into_iter()
                .all(has_empty_token)
        );
        assert!(![&b"a"[..], b"a.b"].into_iter().any(has_empty_token));
    }
}
