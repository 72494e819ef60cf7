//! From text to tokens.

/// A token of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A whole number.
    Int(i128),
    /// Another number.
    Float(f64),
    /// A text.
    Text(String),
    /// A name, or a word such as `and`.
    Name(String),
    /// An operator or a bracket.
    Sign(&'static str),
    /// Nothing more.
    End,
}

impl Token {
    /// As errors of expr name it.
    pub fn text(&self) -> String {
        match self {
            Token::Int(number) => format!("Number(\"{number}\")"),
            Token::Float(number) => format!("Number(\"{number}\")"),
            Token::Text(text) => format!("String({text:?})"),
            Token::Name(name) => format!("Identifier({name:?})"),
            Token::Sign(sign) if "()[]{}".contains(sign) => format!("Bracket({sign:?})"),
            Token::Sign(sign) => format!("Operator({sign:?})"),
            Token::End => "EOF".to_owned(),
        }
    }

    /// As it is written, if it is an operator.
    pub fn plain(&self) -> &str {
        match self {
            Token::Sign(sign) => sign,
            Token::Name(name) => name,
            _ => "",
        }
    }
}

/// What is wrong with an expression, and where.
#[derive(Debug)]
pub struct Mistake {
    what: String,
    /// Offset of its first byte; without one it is about the whole.
    at: Option<usize>,
}

impl Mistake {
    pub fn new(what: impl Into<String>, at: usize) -> Self {
        let what = what.into();
        Self { what, at: Some(at) }
    }

    /// One of the whole expression.
    pub fn of_the_whole(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            at: None,
        }
    }

    /// With line and column, and with a mark below the line: the form of
    /// expr, which people know.
    pub fn in_text(&self, text: &str) -> String {
        let Some(at) = self.at else {
            return self.what.clone();
        };
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count();
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |part| part.chars().count());
        format!(
            "{} ({}:{})\n | {}\n | {}^",
            self.what,
            line + 1,
            column + 1,
            text.split('\n').nth(line).unwrap_or_default(),
            ".".repeat(column)
        )
    }
}

/// Longer ones first.
const SIGNS: &[&str] = &[
    "**", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "..", "(", ")", "[", "]", "{", "}", ",",
    ".", "?", ":", "+", "-", "*", "/", "%", "<", ">", "!", "#", "^", "|", ";", "=", "&",
];

/// Tokens with the offsets at which they begin.
pub fn tokens(text: &str) -> Result<Vec<(Token, usize)>, Mistake> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start();
        let at = text.len() - trimmed.len();
        rest = trimmed;
        if let Some(length) = comment(rest) {
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        let Some(first) = rest.chars().next() else {
            // Expr marks the last letter, not what is behind it.
            let last = text.char_indices().next_back();
            out.push((Token::End, last.map_or(0, |(at, _)| at)));
            return Ok(out);
        };
        let (token, length) = if matches!(first, '\'' | '"' | '`') {
            quoted(rest, first).map_err(|wrong| match wrong {
                Some(escape) => Mistake::new("invalid char escape", at + escape),
                None => Mistake::new("literal not terminated", text.len()),
            })?
        } else if first.is_ascii_digit()
            || first == '.' && rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit())
        {
            number(rest).ok_or_else(|| Mistake::new("bad number syntax", at))?
        } else if first.is_alphabetic() || first == '_' || first == '$' {
            let length = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
                .unwrap_or(rest.len());
            let name = rest.get(..length).unwrap_or_default();
            (Token::Name(name.to_owned()), length)
        } else {
            let sign = SIGNS
                .iter()
                .find(|sign| rest.starts_with(**sign))
                .ok_or_else(|| {
                    Mistake::new(
                        format!(
                            "unrecognized character: U+{:04X} '{first}'",
                            u32::from(first)
                        ),
                        at,
                    )
                })?;
            (Token::Sign(sign), sign.len())
        };
        out.push((token, at));
        rest = rest.get(length..).unwrap_or_default();
    }
}

/// Length of a comment.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let inner = text.strip_prefix("/*")?;
    Some(inner.find("*/")? + 4)
}

/// A text in quotes and the length of both; or, as an error, where it has an
/// escape that is none, or nothing if it does not end.
fn quoted(text: &str, quote: char) -> Result<(Token, usize), Option<usize>> {
    let mut out = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return Ok((Token::Text(out), at + letter.len_utf8()));
        }
        if letter != '\\' || quote == '`' {
            out.push(letter);
            continue;
        }
        let (at, escaped) = letters.next().ok_or(None)?;
        let digits = match escaped {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            let mut code = 0_u32;
            for _ in 0..digits {
                let (at, digit) = letters.next().ok_or(None)?;
                let digit = digit.to_digit(16).ok_or(Some(at))?;
                code = code.wrapping_mul(16).wrapping_add(digit);
            }
            out.push(char::from_u32(code).ok_or(Some(at))?);
            continue;
        }
        out.push(match escaped {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '\'' | '"' | '`' => escaped,
            _ => return Err(Some(at)),
        });
    }
    Err(None)
}

fn number(text: &str) -> Option<(Token, usize)> {
    for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] {
        let Some(digits) = text.strip_prefix(prefix) else {
            continue;
        };
        let length = digits
            .find(|c: char| !c.is_digit(radix) && c != '_')
            .unwrap_or(digits.len());
        let digits = digits.get(..length)?.replace('_', "");
        return Some((
            Token::Int(i128::from_str_radix(&digits, radix).ok()?),
            length + 2,
        ));
    }
    let bytes = text.as_bytes();
    let mut end = 0;
    let mut float = false;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'0'..=b'9' | b'_' => end += 1,
            // `1..3` is a range.
            b'.' if !float && bytes.get(end + 1) != Some(&b'.') => {
                float = true;
                end += 1;
            }
            b'e' | b'E' => {
                float = true;
                end += 1;
                if matches!(bytes.get(end), Some(b'+' | b'-')) {
                    end += 1;
                }
            }
            _ => break,
        }
    }
    let digits = text.get(..end)?.replace('_', "");
    let token = if float {
        Token::Float(digits.parse().ok()?)
    } else {
        Token::Int(digits.parse().ok()?)
    };
    Some((token, end))
}
