//! Which messages a reader wants, by subject.

use midge_subject::{has_wildcard, matches};

/// One subject or one pattern with wildcards.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    text: Box<[u8]>,
    wildcard: bool,
}

impl Pattern {
    /// Takes a valid subject or pattern.
    pub fn new(text: &[u8]) -> Self {
        Self {
            text: text.into(),
            wildcard: has_wildcard(text),
        }
    }

    /// The text.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// Whether it is one subject only.
    #[inline]
    pub fn is_literal(&self) -> bool {
        !self.wildcard
    }

    /// Whether a message on `subject` is meant.
    #[inline]
    pub fn matches(&self, subject: &[u8]) -> bool {
        if self.wildcard {
            matches(subject, &self.text)
        } else {
            *subject == *self.text
        }
    }

    /// The bytes that every matching subject begins with: the tokens before
    /// the first wildcard, with the separator after them.
    pub(crate) fn prefix(&self) -> &[u8] {
        if !self.wildcard {
            return &self.text;
        }
        let mut length = 0;
        for token in midge_subject::tokens(&self.text) {
            if token == b"*" || token == b">" {
                break;
            }
            length += token.len() + 1;
        }
        self.text.get(..length).unwrap_or(&self.text)
    }
}

/// The messages that a reader wants.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Filter {
    /// Every message.
    #[default]
    All,
    /// Those on one subject or pattern.
    One(Pattern),
    /// Those on any of several. A subject may match more than one of them and
    /// counts once all the same.
    Many(Box<[Pattern]>),
}

impl Filter {
    /// A filter for these subjects and patterns. None at all, or `>` among
    /// them, means every message.
    pub fn new<T: AsRef<[u8]>>(patterns: &[T]) -> Self {
        match patterns {
            [] => Self::All,
            _ if patterns.iter().any(|pattern| pattern.as_ref() == b">") => Self::All,
            [one] => Self::One(Pattern::new(one.as_ref())),
            many => Self::Many(
                many.iter()
                    .map(|pattern| Pattern::new(pattern.as_ref()))
                    .collect(),
            ),
        }
    }

    /// A filter for one subject or pattern; `>` and the empty text mean every
    /// message.
    pub fn subject(pattern: &[u8]) -> Self {
        if pattern.is_empty() {
            Self::All
        } else {
            Self::new(&[pattern])
        }
    }

    /// Whether a message on `subject` is wanted.
    #[inline]
    pub fn matches(&self, subject: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::One(pattern) => pattern.matches(subject),
            Self::Many(patterns) => patterns.iter().any(|pattern| pattern.matches(subject)),
        }
    }

    /// Its patterns; none for [`Filter::All`].
    pub fn patterns(&self) -> &[Pattern] {
        match self {
            Self::All => &[],
            Self::One(pattern) => std::slice::from_ref(pattern),
            Self::Many(patterns) => patterns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_knows_what_it_wants() {
        assert_eq!(Filter::new::<&str>(&[]), Filter::All);
        assert_eq!(Filter::new(&["a", ">"]), Filter::All);
        assert!(Filter::subject(b"a.*").matches(b"a.b"));
        assert!(!Filter::subject(b"a.*").matches(b"a.b.c"));
        let many = Filter::new(&["a", "b.>"]);
        assert!(many.matches(b"a") && many.matches(b"b.c.d") && !many.matches(b"b"));
    }

    #[test]
    fn a_prefix_ends_before_the_first_wildcard() {
        for (pattern, prefix) in [
            ("a.b", "a.b"),
            ("a.*", "a."),
            ("a.b.>", "a.b."),
            ("*.a", ""),
            (">", ""),
            ("a*.b.*", "a*.b."),
        ] {
            assert_eq!(Pattern::new(pattern.as_bytes()).prefix(), prefix.as_bytes());
        }
    }
}
