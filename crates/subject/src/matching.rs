//! Patterns against subjects and against each other.
//!
//! Patterns are taken to be valid (`is_valid_subscription_subject`). Three
//! questions are asked of them, and they differ in what a wildcard on the
//! other side means:
//!
//! | function | the other side is | its wildcard tokens are |
//! | --- | --- | --- |
//! | [`matches`] | one published subject | plain text |
//! | [`covers`] | a pattern, taken as the set of its subjects | sets, all of which must be covered |
//! | [`overlaps`] | a pattern, taken as the set of its subjects | sets, one common subject is enough |

use crate::rules::{ANY_TOKEN, REST, SEPARATOR, has_empty_token, split_first, tokens};

/// Whether a message published on `literal` reaches a subscription on
/// `pattern`.
///
/// Wildcard tokens in `literal` are plain text (client-protocol.md 8.3): `>`
/// published reaches `>` and `*`. A subject with an empty token reaches
/// nothing.
pub fn matches(literal: &[u8], pattern: &[u8]) -> bool {
    let (mut literal, mut pattern) = (literal, pattern);
    loop {
        // Both are at the beginning of a token.
        match pattern {
            [b'>'] => return !has_empty_token(literal),
            [b'*'] | [b'*', SEPARATOR, ..] => {
                let (token, _) = split_first(literal);
                if token.is_empty() {
                    return false;
                }
                literal = &literal[token.len()..];
                pattern = &pattern[1..];
            }
            _ => {
                let mut same = 0;
                for (&want, &have) in pattern.iter().zip(literal) {
                    if want != have || want == SEPARATOR {
                        break;
                    }
                    same += 1;
                }
                if same == 0 {
                    return false;
                }
                pattern = &pattern[same..];
                literal = &literal[same..];
            }
        }
        match (pattern, literal) {
            ([], []) => return true,
            ([SEPARATOR, pattern_rest @ ..], [SEPARATOR, literal_rest @ ..]) => {
                pattern = pattern_rest;
                literal = literal_rest;
            }
            _ => return false,
        }
    }
}

/// Whether every subject that `subject` stands for is matched by `pattern`.
///
/// `subject` may be a pattern itself: `foo.*` covers `foo.*` and `foo.bar` but
/// not `foo.>`, which has longer subjects; `>` covers everything. For a
/// subject without wildcards this is [`matches`].
pub fn covers(pattern: &[u8], subject: &[u8]) -> bool {
    let mut pattern = tokens(pattern);
    let mut subject = tokens(subject);
    loop {
        match (pattern.next(), subject.remaining()) {
            (None, None) => return true,
            (Some(want), Some(rest)) => {
                if want == REST && pattern.remaining().is_none() {
                    return !has_empty_token(rest);
                }
                let Some(have) = subject.next() else {
                    return false;
                };
                let have_rest = have == REST && subject.remaining().is_none();
                if have.is_empty() || have_rest || (want != have && want != ANY_TOKEN) {
                    return false;
                }
            }
            (None, Some(_)) | (Some(_), None) => return false,
        }
    }
}

/// Whether some subject is matched by both patterns.
pub fn overlaps(a: &[u8], b: &[u8]) -> bool {
    let mut a = tokens(a);
    let mut b = tokens(b);
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(left), Some(right)) => {
                if left.is_empty() || right.is_empty() {
                    return false;
                }
                if left == REST || right == REST {
                    return true;
                }
                if left != right && left != ANY_TOKEN && right != ANY_TOKEN {
                    return false;
                }
            }
            (None, Some(_)) | (Some(_), None) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_subjects_match_token_by_token() {
        let check = |literal: &str, pattern: &str| matches(literal.as_bytes(), pattern.as_bytes());
        for (literal, pattern) in [
            ("foo", "foo"),
            ("foo", "*"),
            ("foo", ">"),
            ("foo.bar", "foo.*"),
            ("foo.bar", "*.bar"),
            ("foo.bar.baz", "foo.>"),
            ("foo.*", "foo.*"),
            ("foo.*", "*.*"),
            ("foo.*", "foo.>"),
            (">", ">"),
            (">", "*"),
            ("a.>", "a.*"),
            ("foo*", "foo*"),
        ] {
            assert!(check(literal, pattern), "{literal} {pattern}");
        }
        for (literal, pattern) in [
            ("foo", "foo.>"),
            ("foo.bar", "foo"),
            ("foo", "foo.bar"),
            ("foo.*", "foo.bar"),
            ("foobar", "foo*"),
            ("Foo", "foo"),
            ("", ">"),
            ("", "*"),
            ("a..b", "a.>"),
            ("a..b", "a.*.b"),
            ("a.", "a.*"),
            (".a", "*.a"),
            ("a.b.", "a.>"),
        ] {
            assert!(!check(literal, pattern), "{literal} {pattern}");
        }
    }

    #[test]
    fn covering_is_about_sets() {
        let check = |a: &str, b: &str| covers(a.as_bytes(), b.as_bytes());
        for (pattern, subject) in [
            ("foo.*", "foo.*"),
            ("foo.>", "foo.*"),
            ("foo.>", "foo.>"),
            ("foo.>", "foo.*.>"),
            (">", ">"),
            (">", "*"),
            ("*", "a"),
            ("*.*", "a.*"),
        ] {
            assert!(check(pattern, subject), "{pattern} {subject}");
        }
        for (pattern, subject) in [
            ("foo.*", "foo.>"),
            ("*", ">"),
            ("foo.bar", "foo.*"),
            ("foo.*.>", "foo.>"),
            ("a.b", "a.>"),
            (">", "a..b"),
        ] {
            assert!(!check(pattern, subject), "{pattern} {subject}");
        }
    }

    #[test]
    fn overlapping_needs_one_common_subject() {
        let check = |a: &str, b: &str| {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            assert_eq!(overlaps(a, b), overlaps(b, a));
            overlaps(a, b)
        };
        for (a, b) in [
            ("foo.*", "*.bar"),
            ("foo.>", "*.*.baz"),
            (">", "a"),
            ("a.*.c", "a.b.>"),
            ("x", "x"),
        ] {
            assert!(check(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("foo.*", "foo"),
            ("foo.>", "foo"),
            ("a.*.c", "a.*.d"),
            ("a.b", "a.c"),
            ("*.>", "a"),
        ] {
            assert!(!check(a, b), "{a} {b}");
        }
    }
}
