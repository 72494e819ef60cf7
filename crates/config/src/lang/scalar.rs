//! Strings, numbers, booleans, dates (configuration.md 1.5 to 1.7).

use super::error::LangError;
use super::parser::{Parser, is_blank, is_newline, shown};
use super::value::{Node, Pos, Value};

/// Where an unquoted string ends.
fn ends_string(c: char) -> bool {
    is_newline(c) || is_blank(c) || matches!(c, ';' | ',' | ']' | '}')
}

/// What may follow a number at once. A `]` is missing here: the reference reads
/// `1]` as text, and files that work there must mean the same here
/// (configuration.md 1.11, note).
fn ends_number(c: Option<char>) -> bool {
    match c {
        None => true,
        Some(c) => is_newline(c) || is_blank(c) || matches!(c, ';' | ',' | '}'),
    }
}

fn is_suffix_start(c: char) -> bool {
    matches!(c.to_ascii_lowercase(), 'k' | 'm' | 'g' | 't' | 'p' | 'e')
}

fn is_suffix(c: char) -> bool {
    is_suffix_start(c) || matches!(c, 'i' | 'I' | 'b' | 'B')
}

/// Factor of a size suffix in lower case (configuration.md 1.6).
fn suffix_factor(suffix: &str) -> Option<i64> {
    let mut letters = suffix.chars();
    let power = match letters.next()? {
        'k' => 1,
        'm' => 2,
        'g' => 3,
        't' => 4,
        'p' => 5,
        'e' => 6,
        _ => return None,
    };
    let base: i64 = match letters.as_str() {
        "" => 1000,
        "b" | "i" | "ib" => 1024,
        _ => return None,
    };
    Some(base.pow(power))
}

impl Parser<'_, '_> {
    /// Anything that is not a map or an array.
    pub(super) fn scalar(&mut self, pos: Pos) -> Result<Node, LangError> {
        match self.cursor.peek() {
            Some('"') => {
                self.open_quote()?;
                let pos = self.pos();
                let text = self.double_quoted()?;
                Ok(self.node(Value::String(text), pos))
            }
            Some('\'') => {
                self.open_quote()?;
                let pos = self.pos();
                let text = self.single_quoted()?;
                Ok(self.node(Value::String(text), pos))
            }
            Some('(') => {
                self.cursor.next();
                let pos = self.pos();
                let text = self.block()?;
                Ok(self.node(Value::String(text), pos))
            }
            Some('-') => self.negative(pos),
            Some('.') => self.fail("Floats must start with a digit"),
            Some('0'..='9') => self.number_like(pos),
            _ => self.unquoted(pos),
        }
    }

    /// Takes the quote; one that ends the text opens no string.
    fn open_quote(&mut self) -> Result<(), LangError> {
        self.cursor.next();
        if self.cursor.at_end() {
            return Err(LangError::Incomplete { at: self.pos() });
        }
        Ok(())
    }

    fn single_quoted(&mut self) -> Result<String, LangError> {
        let start = self.cursor.offset();
        self.cursor.skip_while(|c| c != '\'');
        if self.cursor.at_end() {
            return self.fail("Unexpected EOF.");
        }
        let text = self.cursor.since(start).to_owned();
        self.cursor.next();
        Ok(text)
    }

    fn double_quoted(&mut self) -> Result<String, LangError> {
        let mut text = Vec::new();
        loop {
            match self.cursor.peek() {
                None => return self.fail("Unexpected EOF."),
                Some('"') => {
                    self.cursor.next();
                    return Ok(String::from_utf8_lossy(&text).into_owned());
                }
                Some('\\') => self.escape(&mut text)?,
                Some(c) => {
                    self.cursor.next();
                    push_char(&mut text, c);
                }
            }
        }
    }

    /// Text between `(` and a `)` alone on its line, with both newlines.
    fn block(&mut self) -> Result<String, LangError> {
        let start = self.cursor.offset();
        let mut after_newline = false;
        loop {
            let c = self.cursor.peek();
            match c {
                None => return self.fail("Unexpected EOF processing block."),
                Some(')') if after_newline => {
                    let text = self.cursor.since(start);
                    self.cursor.next();
                    match self.cursor.peek() {
                        Some(c) if is_newline(c) => return Ok(text.to_owned()),
                        // Without a last newline the reference keeps the bracket.
                        None => return Ok(self.cursor.since(start).to_owned()),
                        Some(_) => {}
                    }
                    after_newline = false;
                }
                Some(c) => {
                    self.cursor.next();
                    after_newline = is_newline(c);
                }
            }
        }
    }

    /// Takes a `\` and what follows.
    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), LangError> {
        self.cursor.next();
        let c = self.cursor.peek();
        let byte = match c {
            Some('t') => b'\t',
            Some('n') => b'\n',
            Some('r') => b'\r',
            Some('"') => b'"',
            Some('\\') => b'\\',
            Some('x') => {
                self.cursor.next();
                return self.hex_escape(text);
            }
            other => {
                return self.fail_after(format!(
                    "Invalid escape character '{}'. Only the following escape characters are allowed: \\xXX, \\t, \\n, \\r, \\\", \\\\.",
                    shown(other)
                ));
            }
        };
        self.cursor.next();
        text.push(byte);
        Ok(())
    }

    fn hex_escape(&mut self, text: &mut Vec<u8>) -> Result<(), LangError> {
        let start = self.cursor.offset();
        self.cursor.next();
        self.cursor.next();
        let digits = self.cursor.since(start);
        match u8::from_str_radix(digits, 16) {
            Ok(byte) if digits.len() == 2 && !digits.starts_with('+') => {
                text.push(byte);
                Ok(())
            }
            _ => self.fail(format!(
                "Expected two hexadecimal digits after '\\x', but got '{digits}'"
            )),
        }
    }

    /// A bare word: text, a boolean or a variable.
    fn unquoted(&mut self, pos: Pos) -> Result<Node, LangError> {
        self.word(Vec::new(), pos)
    }

    /// Reads a bare word on, `text` being what was already taken of it.
    fn word(&mut self, mut text: Vec<u8>, pos: Pos) -> Result<Node, LangError> {
        // Escapes and a closing single quote make it plain text.
        let mut plain = false;
        loop {
            match self.cursor.peek() {
                Some('\\') => {
                    self.escape(&mut text)?;
                    plain = true;
                }
                Some('\'') => {
                    self.cursor.next();
                    plain = true;
                    break;
                }
                Some(c) if !ends_string(c) => {
                    self.cursor.next();
                    push_char(&mut text, c);
                }
                _ => break,
            }
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        if !plain {
            if let Some(yes) = boolean(&text) {
                return Ok(self.node(Value::Bool(yes), pos));
            }
            if let Some(name) = text.strip_prefix('$') {
                return self.variable(name, pos);
            }
        }
        Ok(self.node(Value::String(text), pos))
    }

    fn negative(&mut self, pos: Pos) -> Result<Node, LangError> {
        let start = self.cursor.offset();
        self.cursor.next();
        match self.cursor.peek() {
            Some('0'..='9') => {}
            Some('.') => return self.fail("Floats must start with a digit, not '.'."),
            other => {
                return self.fail_after(format!("Expected a digit but got '{}'.", shown(other)));
            }
        }
        self.cursor.skip_while(|c| c.is_ascii_digit());
        match self.cursor.peek() {
            Some('.') => self.float(start, pos),
            Some(c) if is_suffix_start(c) => self.suffixed(start, pos),
            _ => self.integer(start, pos),
        }
    }

    /// Something that begins with a digit: number, date, address or word.
    fn number_like(&mut self, pos: Pos) -> Result<Node, LangError> {
        let start = self.cursor.offset();
        self.cursor.skip_while(|c| c.is_ascii_digit());
        match self.cursor.peek() {
            Some('-') if self.cursor.since(start).len() == 4 => self.date(start, pos),
            Some('-') => self.fail("All ISO8601 dates must be in full Zulu form."),
            Some('.') => self.float(start, pos),
            Some(c) if is_suffix_start(c) => self.suffixed(start, pos),
            c if ends_number(c) => self.integer(start, pos),
            _ => self.word_from(start, pos),
        }
    }

    /// The digits turned out to begin a word. The character that showed it
    /// belongs to the word, whatever it is.
    fn word_from(&mut self, start: usize, pos: Pos) -> Result<Node, LangError> {
        self.cursor.next();
        let text = self.cursor.since(start).as_bytes().to_vec();
        self.word(text, pos)
    }

    fn suffixed(&mut self, start: usize, pos: Pos) -> Result<Node, LangError> {
        self.cursor.skip_while(is_suffix);
        if ends_number(self.cursor.peek()) {
            return self.integer(start, pos);
        }
        let text = self.cursor.since(start).as_bytes().to_vec();
        self.word(text, pos)
    }

    fn integer(&mut self, start: usize, pos: Pos) -> Result<Node, LangError> {
        let text = self.cursor.since(start);
        let split = text
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(text.len());
        let (digits, suffix) = text.split_at(split);
        let out_of_range = || LangError::Value(format!("integer '{text}' is out of the range"));
        let number: i64 = digits.parse().map_err(|_| out_of_range())?;
        if suffix.is_empty() {
            return Ok(self.node(Value::Integer(number), pos));
        }
        // The reference drops such a value without a word; nobody can mean that.
        let Some(factor) = suffix_factor(&suffix.to_ascii_lowercase()) else {
            return self.fail(format!("Unknown size suffix '{suffix}' in '{text}'."));
        };
        let number = number.checked_mul(factor).ok_or_else(out_of_range)?;
        Ok(self.node(Value::Integer(number), pos))
    }

    /// At the point of a number.
    fn float(&mut self, start: usize, pos: Pos) -> Result<Node, LangError> {
        self.cursor.next();
        let c = self.cursor.peek();
        if !c.is_some_and(|c| c.is_ascii_digit()) {
            return self.fail_after(format!(
                "Floats must have a digit after the '.', but got '{}' instead.",
                shown(c)
            ));
        }
        self.cursor.skip_while(|c| c.is_ascii_digit());
        if self.cursor.peek() == Some('.') {
            return self.address(start, pos);
        }
        let text = self.cursor.since(start);
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(self.node(Value::Float(number), pos)),
            _ => Err(LangError::Value(format!(
                "float '{text}' is out of the range"
            ))),
        }
    }

    /// Three or more dotted groups: an IP address, perhaps with a port.
    fn address(&mut self, start: usize, pos: Pos) -> Result<Node, LangError> {
        self.cursor
            .skip_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':' | '-'));
        let text = self.cursor.since(start).to_owned();
        Ok(self.node(Value::String(text), pos))
    }

    /// After four digits, at the `-`.
    fn date(&mut self, start: usize, pos: Pos) -> Result<Node, LangError> {
        const FORM: &[u8] = b"-00-00T00:00:00Z";
        for &want in FORM {
            let c = self.cursor.peek();
            let fits = match want {
                b'0' => c.is_some_and(|c| c.is_ascii_digit()),
                want => c == Some(char::from(want)),
            };
            if !fits {
                let what = if want == b'0' {
                    "digit".to_owned()
                } else {
                    format!("'{}'", char::from(want))
                };
                return self.fail_after(format!(
                    "Expected {what} in ISO8601 datetime, but found '{}' instead.",
                    shown(c)
                ));
            }
            self.cursor.next();
        }
        let text = self.cursor.since(start);
        if !is_date(text) {
            return Err(LangError::Value(format!(
                "expected Zulu formatted DateTime, but got '{text}'"
            )));
        }
        Ok(self.node(Value::DateTime(text.to_owned()), pos))
    }
}

fn push_char(text: &mut Vec<u8>, c: char) {
    let mut buffer = [0; 4];
    text.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// `YYYY-MM-DDThh:mm:ssZ` with every part in its range.
fn is_date(text: &str) -> bool {
    let part = |from: usize, to: usize| text[from..to].parse::<u32>().unwrap_or(u32::MAX);
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day) && part(11, 13) < 24 && part(14, 16) < 60 && part(17, 19) < 60
}
