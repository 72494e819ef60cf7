//! From text to pieces: plain text, and actions split into words.

use std::fmt;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text that stays as it is.
    Text(String),
    /// An action and the line it begins on.
    Action(Vec<Word>, usize),
}

/// Line, from 1 on, and bytes before it on that line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// The place of what follows a text.
    fn behind(before: &str) -> Self {
        Self {
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().len(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A field of the dot.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The names; none for the dot itself.
    pub names: Vec<String>,
    /// Whether it begins with `$`: the dot of the whole template.
    pub of_root: bool,
    /// Where errors say that it stands: that is what follows the first word,
    /// which `$` is, too.
    pub place: Place,
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = if self.of_root { "$" } else { "" };
        write!(f, "{root}.{}", self.names.join("."))
    }
}

/// A word of an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// `name`: a function or a keyword, and where it stands.
    Name(String, Place),
    /// `.A.B`: a field; empty is the dot itself.
    Field(Path),
    /// `$x`.
    Variable(String),
    /// A text in quotes.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// `|`.
    Pipe,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `:=`.
    Declare,
    /// `=`.
    Assign,
    /// `,`.
    Comma,
}

/// Splits a template; an error has the line before its text.
pub fn split(text: &str) -> Result<Vec<Piece>, (usize, String)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut line = 1;
    let mut trim_next = false;
    while let Some(at) = rest.find("{{") {
        let (before, after) = rest.split_at(at);
        let after = after.get(2..).unwrap_or_default();
        let trims_left = after.starts_with("- ") || after.starts_with("-\n");
        push_text(&mut pieces, before, trim_next, trims_left);
        line += before.matches('\n').count();
        let body = if trims_left {
            after.get(1..).unwrap_or_default()
        } else {
            after
        };
        let end = end_of_action(body).ok_or_else(|| (line, "unclosed action".to_owned()))?;
        let (action, after) = body.split_at(end);
        rest = after.get(2..).unwrap_or_default();
        let lines = action.matches('\n').count();
        trim_next = action.ends_with(" -") || action.ends_with("\n-");
        let action = if trim_next {
            action.get(..action.len() - 1).unwrap_or_default()
        } else {
            action
        };
        let action = action.trim_start();
        let before = text.len() - body.len() + (body.len() - body.trim_start().len());
        let place = |at: usize| Place::behind(text.get(..before + at).unwrap_or_default());
        let action = action.trim_end();
        if !(action.starts_with("/*") && action.ends_with("*/")) {
            let words = words(action, place).map_err(|why| (line, why))?;
            pieces.push(Piece::Action(words, line));
        }
        line += lines;
    }
    push_text(&mut pieces, rest, trim_next, false);
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str, trim_start: bool, trim_end: bool) {
    let text = if trim_start { text.trim_start() } else { text };
    let text = if trim_end { text.trim_end() } else { text };
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// Where `}}` ends an action: not within quotes.
fn end_of_action(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match quote {
            Some(open) => {
                if escaped {
                    escaped = false;
                } else if letter == '\\' && open != '`' {
                    escaped = true;
                } else if letter == open {
                    quote = None;
                }
            }
            None if matches!(letter, '"' | '`' | '\'') => quote = Some(letter),
            None if text.get(at..).is_some_and(|rest| rest.starts_with("}}")) => return Some(at),
            None => {}
        }
    }
    None
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The words of an action; `place` tells where a byte of it stands.
fn words(text: &str, place: impl Fn(usize) -> Place) -> Result<Vec<Word>, String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let (word, used) = match first {
            letter if letter.is_whitespace() => {
                rest = rest.trim_start();
                continue;
            }
            '|' => (Word::Pipe, 1),
            '(' => (Word::Open, 1),
            ')' => (Word::Close, 1),
            ',' => (Word::Comma, 1),
            '=' => (Word::Assign, 1),
            ':' if rest.starts_with(":=") => (Word::Declare, 2),
            '"' => quoted(rest)?,
            '\'' => character(rest)?,
            '`' => {
                let end = rest
                    .get(1..)
                    .and_then(|tail| tail.find('`'))
                    .ok_or("unterminated raw quoted string")?;
                (
                    Word::Text(rest.get(1..=end).unwrap_or_default().to_owned()),
                    end + 2,
                )
            }
            '.' if !rest
                .get(1..)
                .unwrap_or_default()
                .starts_with(|c: char| c.is_ascii_digit()) =>
            {
                let (path, end) = path(rest, at, &place);
                (Word::Field(path), end)
            }
            '$' => {
                let tail = rest.get(1..).unwrap_or_default();
                let end = tail.find(|c: char| !is_name(c)).unwrap_or(tail.len());
                if end == 0 && tail.starts_with('.') {
                    let (path, end) = path(tail, at + 1, &place);
                    let of_root = Path {
                        of_root: true,
                        place: place(at + 1),
                        ..path
                    };
                    (Word::Field(of_root), end + 1)
                } else {
                    (
                        Word::Variable(tail.get(..end).unwrap_or_default().to_owned()),
                        end + 1,
                    )
                }
            }
            letter if letter.is_ascii_digit() || matches!(letter, '+' | '-' | '.') => {
                let end = rest
                    .find(|c: char| !is_name(c) && !matches!(c, '.' | '+' | '-'))
                    .unwrap_or(rest.len());
                let digits = rest.get(..end).unwrap_or_default();
                let number = match digits.parse::<i64>() {
                    Ok(number) => Word::Int(number),
                    Err(_) => Word::Float(
                        digits
                            .parse()
                            .map_err(|_| format!("bad number syntax: {digits:?}"))?,
                    ),
                };
                (number, end)
            }
            letter if is_name(letter) => {
                let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
                let name = rest.get(..end).unwrap_or_default().to_owned();
                (Word::Name(name, place(at)), end)
            }
            letter => {
                return Err(format!(
                    "unexpected unrecognized character in action: {letter:?}"
                ));
            }
        };
        out.push(word);
        rest = rest.get(used..).unwrap_or_default();
    }
    Ok(out)
}

/// The field that a text begins with, and the bytes it takes; `at` is where the
/// text begins in its action.
fn path(text: &str, at: usize, place: &impl Fn(usize) -> Place) -> (Path, usize) {
    let end = text
        .find(|c: char| !is_name(c) && c != '.')
        .unwrap_or(text.len());
    let names = text.get(..end).unwrap_or_default();
    let second = names.match_indices('.').nth(1).map(|(at, _)| at);
    let path = Path {
        names: names
            .split('.')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        of_root: false,
        place: place(at + second.unwrap_or_default()),
    };
    (path, end)
}

/// A text with escapes, and the bytes it takes.
fn quoted(text: &str) -> Result<(Word, usize), String> {
    let mut out = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((Word::Text(out), at + 1)),
            '\\' => match letters.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, other)) => out.push(other),
                None => break,
            },
            letter => out.push(letter),
        }
    }
    Err("unterminated quoted string".to_owned())
}

fn character(text: &str) -> Result<(Word, usize), String> {
    let mut letters = text.chars().skip(1);
    match (letters.next(), letters.next()) {
        (Some(letter), Some('\'')) if letter != '\\' => Ok((
            Word::Int(i64::from(u32::from(letter))),
            letter.len_utf8() + 2,
        )),
        _ => Err("malformed character constant".to_owned()),
    }
}
