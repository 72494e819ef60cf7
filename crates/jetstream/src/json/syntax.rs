//! What is wrong with a body that is not JSON, in the words of the peer's
//! decoder. Only bodies that could not be read are looked at.

/// Nesting above which the peer reads no further.
const DEPTH_MAX: usize = 10_000;
/// Bytes of an escape sequence with a number, as `\u00e9`.
const UNICODE_ESCAPE: usize = 6;

/// The first fault of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends before its value does.
    End,
    /// Something that may not stand there.
    Here {
        /// What, and where in the grammar.
        text: String,
        /// Bytes of the body up to its end.
        offset: usize,
    },
}

/// What may come next.
#[derive(Clone, Copy)]
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Object,
    Array,
}

struct Walk<'a> {
    body: &'a [u8],
    at: usize,
    inside: Vec<Inside>,
}

/// The first fault of a body of values one after the other, if it has one.
pub(super) fn fault(body: &[u8]) -> Option<Fault> {
    let mut walk = Walk {
        body,
        at: 0,
        inside: Vec::new(),
    };
    loop {
        walk.pass_space();
        walk.peek()?;
        if let Err(fault) = walk.value() {
            return Some(fault);
        }
    }
}

/// A character as errors show it. What is no UTF-8 is shown as its first byte.
pub(super) fn shown(bytes: &[u8]) -> String {
    match (first_char(bytes), bytes.first()) {
        (Some('"'), _) => "\"".to_owned(),
        (Some('\u{7}'), _) => r"\a".to_owned(),
        (Some('\u{8}'), _) => r"\b".to_owned(),
        (Some('\u{b}'), _) => r"\v".to_owned(),
        (Some('\u{c}'), _) => r"\f".to_owned(),
        (Some(ascii), _) if ascii.is_ascii() => (ascii as u8).escape_ascii().to_string(),
        (Some(other), _) if other.escape_debug().eq([other]) => other.to_string(),
        (Some(other), _) => match u32::from(other) {
            code @ ..=0xffff => format!(r"\u{code:04x}"),
            code => format!(r"\U{code:08x}"),
        },
        (None, Some(byte)) => format!(r"\x{byte:02x}"),
        (None, None) => String::new(),
    }
}

/// An escape sequence as errors show it: as it is if that can be read.
fn quoted(sequence: &[u8]) -> String {
    let is_plain =
        |char: char| char == '"' || char == '\\' || char == '\'' || char.escape_debug().eq([char]);
    if let Ok(text) = std::str::from_utf8(sequence)
        && text.chars().all(|char| char != '`' && is_plain(char))
    {
        return format!("`{text}`");
    }
    let mut out = "\"".to_owned();
    for chunk in sequence.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '"' => out.push_str("\\\""),
                '\'' => out.push('\''),
                _ => out.push_str(&shown(char.encode_utf8(&mut [0; 4]).as_bytes())),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!(r"\x{byte:02x}"));
        }
    }
    out + "\""
}

fn first_char(bytes: &[u8]) -> Option<char> {
    let chunk = bytes.get(..bytes.len().min(4))?.utf8_chunks().next()?;
    chunk.valid().chars().next()
}

impl Walk<'_> {
    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    fn pass_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The character here is wrong; nothing here is an end that is too early.
    fn wrong(&self, place: &str) -> Fault {
        let rest = self.rest();
        if rest.is_empty() {
            return Fault::End;
        }
        Fault::Here {
            text: format!("invalid character '{}' {place}", shown(rest)),
            offset: self.at + first_char(rest).map_or(1, char::len_utf8),
        }
    }

    fn value(&mut self) -> Result<(), Fault> {
        let mut next = Next::Value;
        loop {
            self.pass_space();
            let byte = self.peek().ok_or(Fault::End)?;
            next = match (next, byte) {
                (Next::KeyOrEnd, b'}') | (Next::ValueOrEnd, b']') => self.close(),
                (Next::Key | Next::KeyOrEnd, b'"') => {
                    self.string()?;
                    Next::Colon
                }
                (Next::Key | Next::KeyOrEnd, _) => {
                    return Err(self.wrong("looking for beginning of object key string"));
                }
                (Next::Colon, b':') => {
                    self.at += 1;
                    Next::Value
                }
                (Next::Colon, _) => return Err(self.wrong("after object key")),
                (Next::CommaOrEnd, _) => self.comma_or_end(byte)?,
                (Next::Value | Next::ValueOrEnd, b'{') => {
                    self.open(Inside::Object)?;
                    Next::KeyOrEnd
                }
                (Next::Value | Next::ValueOrEnd, b'[') => {
                    self.open(Inside::Array)?;
                    Next::ValueOrEnd
                }
                (Next::Value | Next::ValueOrEnd, _) => {
                    self.scalar(byte)?;
                    Next::CommaOrEnd
                }
            };
            if self.inside.is_empty() {
                return Ok(());
            }
        }
    }

    fn open(&mut self, what: Inside) -> Result<(), Fault> {
        self.at += 1;
        if self.inside.len() >= DEPTH_MAX {
            return Err(Fault::Here {
                text: "exceeded max depth".to_owned(),
                offset: self.at,
            });
        }
        self.inside.push(what);
        Ok(())
    }

    fn close(&mut self) -> Next {
        self.at += 1;
        self.inside.pop();
        Next::CommaOrEnd
    }

    fn comma_or_end(&mut self, byte: u8) -> Result<Next, Fault> {
        let is_object = self.inside.last() == Some(&Inside::Object);
        match byte {
            b',' => {
                self.at += 1;
                Ok(if is_object { Next::Key } else { Next::Value })
            }
            b'}' if is_object => Ok(self.close()),
            b']' if !is_object => Ok(self.close()),
            _ if is_object => Err(self.wrong("after object key:value pair")),
            _ => Err(self.wrong("after array element")),
        }
    }

    fn scalar(&mut self, byte: u8) -> Result<(), Fault> {
        match byte {
            b'"' => self.string(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(self.wrong("looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), Fault> {
        for wanted in word.bytes() {
            if self.peek() != Some(wanted) {
                let wanted = char::from(wanted);
                return Err(self.wrong(&format!("in literal {word} (expecting '{wanted}')")));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.wrong("in numeric literal"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            match self.peek().ok_or(Fault::End)? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.escape()?,
                ..0x20 => return Err(self.wrong("in string")),
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let rest = self.rest();
        let (length, is_good) = match rest.get(1).ok_or(Fault::End)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => (2, true),
            b'u' => {
                let number = rest.get(2..rest.len().min(UNICODE_ESCAPE));
                let number = number.unwrap_or_default();
                let is_good = number.iter().all(u8::is_ascii_hexdigit);
                if is_good && rest.len() < UNICODE_ESCAPE {
                    return Err(Fault::End);
                }
                (rest.len().min(UNICODE_ESCAPE), is_good)
            }
            _ => (2, false),
        };
        if !is_good {
            let sequence = quoted(rest.get(..length).unwrap_or_default());
            return Err(Fault::Here {
                text: format!("invalid escape sequence {sequence} in string"),
                offset: self.at + length,
            });
        }
        self.at += length;
        Ok(())
    }
}
