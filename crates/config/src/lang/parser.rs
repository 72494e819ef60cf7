//! The structure of a file: keys, maps, arrays, comments (configuration.md 1.1 to 1.4).

use std::path::PathBuf;
use std::sync::Arc;

use super::cursor::Cursor;
use super::error::LangError;
use super::limits::MAX_DEPTH;
use super::source::Includes;
use super::value::{Map, Node, Place, Pos, Value};

/// What encloses the item being read; it decides how a value may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The file's top level.
    Top,
    /// The outer braces of a JSON-like file: their keys are top-level keys.
    Braces,
    /// A `{ … }` value.
    Map,
}

/// A key that is none: a closing brace (or a quote) at the end of the text.
const STRAY: &str = "}";

/// Blanks inside a line.
pub(super) fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// Line ends.
pub(super) fn is_newline(c: char) -> bool {
    c == '\n' || c == '\r'
}

fn is_separator(c: char) -> bool {
    c == '=' || c == ':'
}

/// How an error names the character it met: the end of the text is a NUL.
pub(super) fn shown(c: Option<char>) -> String {
    match c {
        None => "\0".to_owned(),
        Some('\n') => "\\n".to_owned(),
        Some(c) => c.to_string(),
    }
}

/// Reads one text.
pub(super) struct Parser<'t, 'i> {
    pub(super) cursor: Cursor<'t>,
    file: Arc<str>,
    folder: PathBuf,
    pub(super) includes: &'i mut Includes,
    /// The maps being filled, outermost first; variables are looked up here.
    pub(super) open: Vec<Map>,
    /// Nesting of maps and arrays, including files counted in.
    pub(super) depth: usize,
    /// Environment variables being resolved, outermost first.
    pub(super) resolving: Vec<String>,
    /// Where the environment variable that is being read is used.
    pub(super) within: Option<Place>,
}

impl<'t, 'i> Parser<'t, 'i> {
    pub(super) fn new(
        text: &'t str,
        file: Arc<str>,
        folder: PathBuf,
        includes: &'i mut Includes,
    ) -> Self {
        Parser {
            cursor: Cursor::new(text),
            file,
            folder,
            includes,
            open: vec![Map::default()],
            depth: 0,
            resolving: Vec::new(),
            within: None,
        }
    }

    /// For a text whose values will stand inside of others.
    pub(super) fn at_depth(mut self, depth: usize) -> Self {
        self.depth = depth;
        self
    }

    /// Reads the text to its end.
    pub(super) fn run(mut self) -> Result<Map, LangError> {
        match self.top() {
            Ok(()) => Ok(self.open.pop().unwrap_or_default()),
            // A text that is no file is part of one, which says where.
            Err(error) if self.file.is_empty() => Err(error),
            Err(error) => Err(error.at(self.pos())),
        }
    }

    pub(super) fn fail<T>(&self, text: impl Into<String>) -> Result<T, LangError> {
        Err(LangError::Syntax {
            line: self.cursor.line(),
            text: text.into(),
        })
    }

    /// Fails at the next character, which counts as read: after a newline the
    /// error is one of the following line.
    pub(super) fn fail_after<T>(&mut self, text: impl Into<String>) -> Result<T, LangError> {
        self.cursor.next();
        self.fail(text)
    }

    pub(super) fn pos(&self) -> Pos {
        Pos {
            file: self.file.clone(),
            line: self.cursor.line(),
            col: self.cursor.column(),
        }
    }

    /// White space and line ends of any kind.
    fn skip_space(&mut self) {
        self.cursor.skip_while(|c| is_newline(c) || is_space(c));
    }

    /// Takes a comment if one starts here. A lone `/` starts none.
    fn comment(&mut self) -> bool {
        if self.cursor.peek() == Some('#') || self.cursor.looking_at("//") {
            self.cursor.skip_while(|c| !is_newline(c));
            return true;
        }
        false
    }

    /// What may stand between a value and what ends it.
    fn skip_blank_and_comments(&mut self) {
        loop {
            self.cursor.skip_while(is_blank);
            if !self.comment() {
                return;
            }
        }
    }

    /// Same at top level, where a lone slash has no meaning either.
    fn skip_to_top_value_end(&mut self) {
        loop {
            self.skip_blank_and_comments();
            if self.cursor.peek() != Some('/') {
                return;
            }
            self.cursor.next();
        }
    }

    fn top(&mut self) -> Result<(), LangError> {
        loop {
            self.skip_space();
            if self.comment() {
                continue;
            }
            match self.cursor.peek() {
                None => return Ok(()),
                Some('{') => {
                    self.cursor.next();
                    self.braces()?;
                }
                Some(_) => {
                    self.item(Scope::Top)?;
                    self.top_value_end()?;
                }
            }
        }
    }

    /// A key with its value, or an include.
    fn item(&mut self, scope: Scope) -> Result<(), LangError> {
        match self.cursor.peek() {
            Some(c) if is_separator(c) => {
                let dot = if scope == Scope::Map { "." } else { "" };
                return self.fail(format!("Unexpected key separator '{c}'{dot}"));
            }
            Some('/') if scope != Scope::Map => {
                // Not a comment, and a key cannot start so.
                return self.fail("Unexpected EOF.");
            }
            _ => {}
        }
        let (key, pos) = match self.cursor.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted_key(quote, scope)?,
            _ => {
                let pos = self.pos();
                let key = self.bare_key(scope)?;
                if key.eq_ignore_ascii_case("include")
                    && self.cursor.peek().is_some_and(is_space_or_newline)
                {
                    return self.include();
                }
                (key, pos)
            }
        };
        self.skip_space();
        match self.cursor.peek() {
            Some(c) if is_separator(c) => {
                self.cursor.next();
            }
            // A stray closing brace at the end is not a key.
            None if scope != Scope::Map && key == STRAY => return Ok(()),
            None if scope != Scope::Map => return Err(LangError::Incomplete { at: self.pos() }),
            _ => {}
        }
        let node = self.value_of_key(scope, pos)?;
        if let Some(map) = self.open.last_mut() {
            map.insert(key, node);
        }
        Ok(())
    }

    fn bare_key(&mut self, scope: Scope) -> Result<String, LangError> {
        let start = self.cursor.offset();
        self.cursor
            .skip_while(|c| !is_space_or_newline(c) && !is_separator(c));
        if self.cursor.at_end() && scope == Scope::Map {
            return self.fail("Unexpected EOF processing map key.");
        }
        Ok(self.cursor.since(start).to_owned())
    }

    fn quoted_key(&mut self, quote: char, scope: Scope) -> Result<(String, Pos), LangError> {
        self.cursor.next();
        let pos = self.pos();
        let start = self.cursor.offset();
        if self.cursor.at_end() && scope != Scope::Map {
            // A quote as the last character of the text opens nothing.
            return Ok((STRAY.to_owned(), pos));
        }
        self.cursor.skip_while(|c| c != quote);
        if self.cursor.at_end() {
            return self.fail(match (scope, quote) {
                (Scope::Map, '"') => "Unexpected EOF processing double quoted map key.",
                (Scope::Map, _) => "Unexpected EOF processing quoted map key.",
                _ => "Unexpected EOF.",
            });
        }
        let key = self.cursor.since(start).to_owned();
        self.cursor.next();
        Ok((key, pos))
    }

    fn value_of_key(&mut self, scope: Scope, pos: Pos) -> Result<Node, LangError> {
        if scope == Scope::Map {
            self.skip_space();
            match self.cursor.peek() {
                Some(',') => return self.fail("Unexpected map value terminator \",\"."),
                // The reference loses this key or the map's own; no file can mean that.
                Some('}') => return self.fail("Unexpected map terminator \"}\" without a value."),
                _ => {}
            }
        } else {
            self.cursor.skip_while(is_blank);
            if self.cursor.peek().is_some_and(is_newline) {
                return self.fail_after("Expected value but found new line");
            }
        }
        let mut node = self.value()?;
        node.pos = pos;
        Ok(node)
    }

    /// A value of any kind; maps and arrays get the position after their end.
    fn value(&mut self) -> Result<Node, LangError> {
        let at = self.place();
        let mut node = self.value_without_place()?;
        node.at = at;
        Ok(node)
    }

    fn value_without_place(&mut self) -> Result<Node, LangError> {
        let pos = self.pos();
        match self.cursor.peek() {
            Some('[') => {
                self.cursor.next();
                self.deeper()?;
                let items = self.array()?;
                self.depth -= 1;
                Ok(self.node(Value::Array(items), self.pos()))
            }
            Some('{') => {
                self.cursor.next();
                self.deeper()?;
                self.open.push(Map::default());
                self.map()?;
                self.depth -= 1;
                let map = self.open.pop().unwrap_or_default();
                Ok(self.node(Value::Map(map), self.pos()))
            }
            _ => self.scalar(pos),
        }
    }

    pub(super) fn node(&self, value: Value, pos: Pos) -> Node {
        Node {
            value,
            pos,
            at: Place::default(),
            variable: None,
            used: false,
        }
    }

    /// Where the next character stands. What an environment variable holds
    /// stands where the variable is used.
    fn place(&self) -> Place {
        match &self.within {
            Some(place) => place.clone(),
            None => Place::from(&self.pos()),
        }
    }

    fn deeper(&mut self) -> Result<(), LangError> {
        self.depth += 1;
        self.check_depth(self.depth)
    }

    pub(super) fn check_depth(&self, depth: usize) -> Result<(), LangError> {
        if depth > MAX_DEPTH {
            return self.fail(format!(
                "Maps and arrays are nested deeper than {MAX_DEPTH} levels."
            ));
        }
        Ok(())
    }

    fn top_value_end(&mut self) -> Result<(), LangError> {
        self.skip_to_top_value_end();
        match self.cursor.peek() {
            None => Ok(()),
            Some('}' | ',' | ';' | '\n' | '\r') => {
                self.cursor.next();
                Ok(())
            }
            other => self.fail(format!(
                "Expected a top-level value to end with a new line, comment or EOF, but got '{}' instead.",
                shown(other)
            )),
        }
    }

    /// The JSON-like outer braces, after `{`.
    fn braces(&mut self) -> Result<(), LangError> {
        loop {
            self.skip_space();
            if self.comment() {
                continue;
            }
            match self.cursor.peek() {
                None => return Ok(()),
                Some('}') => {
                    self.cursor.next();
                    return Ok(());
                }
                Some('{') => {
                    self.cursor.next();
                    self.deeper()?;
                    self.braces()?;
                    self.depth -= 1;
                    if self.inner_braces_end()? {
                        return Ok(());
                    }
                }
                Some(_) => {
                    self.item(Scope::Braces)?;
                    if self.braces_value_end()? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// After braces within braces. `true`: the outer closing brace was taken.
    fn inner_braces_end(&mut self) -> Result<bool, LangError> {
        self.skip_blank_and_comments();
        match self.cursor.peek() {
            Some('}') => {
                self.cursor.next();
                Ok(true)
            }
            Some(',' | ';' | '\n' | '\r') => {
                self.cursor.next();
                Ok(false)
            }
            other => self.fail(format!(
                "Expected a block-level to end with a '}}', but got '{}' instead.",
                shown(other)
            )),
        }
    }

    /// `true`: the closing brace was taken.
    fn braces_value_end(&mut self) -> Result<bool, LangError> {
        self.skip_to_top_value_end();
        match self.cursor.peek() {
            Some('}') => {
                self.cursor.next();
                Ok(true)
            }
            Some(',' | ';' | '\n' | '\r') => {
                self.cursor.next();
                Ok(false)
            }
            other => self.fail(format!(
                "Expected a block-level value to end with a new line, comment or EOF, but got '{}' instead.",
                shown(other)
            )),
        }
    }

    /// The items of a map value, after `{`, with its `}`.
    fn map(&mut self) -> Result<(), LangError> {
        loop {
            self.skip_space();
            if self.comment() {
                continue;
            }
            match self.cursor.peek() {
                None => return self.fail("Unexpected EOF processing map."),
                Some(']') => return self.fail("Unexpected array end ']' processing map."),
                Some('}') => {
                    self.cursor.next();
                    return Ok(());
                }
                Some(_) => {
                    self.item(Scope::Map)?;
                    if self.map_value_end()? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// `true`: the closing brace was taken.
    fn map_value_end(&mut self) -> Result<bool, LangError> {
        self.skip_blank_and_comments();
        match self.cursor.peek() {
            Some('}') => {
                self.cursor.next();
                Ok(true)
            }
            Some(',' | ';' | '/' | '\n' | '\r') => {
                self.cursor.next();
                Ok(false)
            }
            other => self.fail(format!(
                "Expected a map value terminator \",\" or a map terminator \"}}\", but got '{}' instead.",
                shown(other)
            )),
        }
    }

    /// The elements of an array, after `[`, with its `]`.
    fn array(&mut self) -> Result<Vec<Node>, LangError> {
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.comment() {
                continue;
            }
            match self.cursor.peek() {
                Some(']') => {
                    self.cursor.next();
                    return Ok(items);
                }
                Some(',' | '/') => return self.fail("Unexpected array value terminator ','."),
                _ => {
                    items.push(self.value()?);
                    if self.array_value_end()? {
                        return Ok(items);
                    }
                }
            }
        }
    }

    /// `true`: the closing bracket was taken.
    fn array_value_end(&mut self) -> Result<bool, LangError> {
        self.skip_blank_and_comments();
        match self.cursor.peek() {
            Some(']') => {
                self.cursor.next();
                Ok(true)
            }
            Some(',' | '/' | '\n' | '\r') => {
                self.cursor.next();
                Ok(false)
            }
            other => self.fail(format!(
                "Expected an array value terminator \",\" or an array terminator \"]\", but got '{}' instead.",
                shown(other)
            )),
        }
    }

    /// `include PATH`, after the keyword: the included keys join the current map.
    fn include(&mut self) -> Result<(), LangError> {
        self.cursor.skip_while(is_blank);
        let name = match self.cursor.peek() {
            Some(quote @ ('"' | '\'')) => {
                self.cursor.next();
                let start = self.cursor.offset();
                self.cursor.skip_while(|c| c != quote);
                if self.cursor.at_end() {
                    return self.fail(if quote == '"' {
                        "Unexpected EOF in double quoted include"
                    } else {
                        "Unexpected EOF in quoted include"
                    });
                }
                let name = self.cursor.since(start).to_owned();
                self.cursor.next();
                name
            }
            first => {
                let wrong = match first {
                    Some('[') => Some("start of an array"),
                    Some('{') => Some("start of a map"),
                    Some('(') => Some("start of a block"),
                    Some('0'..='9' | '-') => Some("start of a number"),
                    Some('\\') => Some("escape sequence"),
                    Some('\n' | '\r') => Some("new line"),
                    _ => None,
                };
                if let Some(wrong) = wrong {
                    return self.fail_after(format!("Expected include value but found {wrong}"));
                }
                let start = self.cursor.offset();
                self.cursor
                    .skip_while(|c| !is_newline(c) && !is_blank(c) && c != ';' && c != '}');
                self.cursor.since(start).to_owned()
            }
        };
        // Always relative to the including file, even with a leading slash.
        let path = crate::go_text::join_path(&self.folder, &name);
        let included = self.includes.read(&path, self.depth);
        let included = included.map_err(|error| error.included_as(&name))?;
        if let Some(map) = self.open.last_mut() {
            for (key, node) in included.into_entries() {
                map.insert(key, node);
            }
        }
        Ok(())
    }
}

/// White space of any script, except line ends.
fn is_space(c: char) -> bool {
    c.is_whitespace() && !is_newline(c)
}

fn is_space_or_newline(c: char) -> bool {
    is_space(c) || is_newline(c)
}
