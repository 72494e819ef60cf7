//! A place in the text, with the line and column rules of configuration.md 1.10.

/// Walks over the characters of a text and counts lines.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    /// Offset of the newline before the current line; 0 on the first line, so
    /// that columns count from 0 there and from 1 later.
    line_start: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Cursor {
            text,
            at: 0,
            line: 1,
            line_start: 0,
        }
    }

    /// The next character without taking it; `None` at the end.
    pub(super) fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// Takes the next character.
    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        if c == '\n' {
            self.line += 1;
            self.line_start = self.at;
        }
        self.at += c.len_utf8();
        Some(c)
    }

    /// Takes characters as long as `wanted` says so.
    pub(super) fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.next();
        }
    }

    /// The rest begins with `text`.
    pub(super) fn looking_at(&self, text: &str) -> bool {
        self.text[self.at..].starts_with(text)
    }

    /// Byte offset, to take a slice later.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// Text from `start` to here.
    pub(super) fn since(&self, start: usize) -> &'t str {
        &self.text[start..self.at]
    }

    pub(super) fn line(&self) -> u32 {
        self.line
    }

    pub(super) fn column(&self) -> u32 {
        u32::try_from(self.at - self.line_start).unwrap_or(u32::MAX)
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }
}
