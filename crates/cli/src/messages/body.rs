//! Bodies: an argument, or standard input.

use std::io::{BufRead, IsTerminal, Read, StdinLock, stdin};

use crate::failure::Result;
use crate::log;
use crate::output::terminal;
use crate::parse::Matches;
use crate::template::{MessageScope, expand};

/// Bodies of messages, one after the other.
#[derive(Debug)]
pub enum Bodies {
    /// A single one.
    One(Option<Vec<u8>>),
    /// The lines of standard input, without their ends.
    Lines(StdinLock<'static>),
}

/// Where bodies come from.
#[derive(Clone, Debug)]
pub struct Source {
    given: Option<String>,
    line_by_line: bool,
    forced: bool,
}

impl Source {
    /// As the flags `--send-on` and `--force-stdin` and an argument say.
    pub fn new(matches: &Matches, argument: &str) -> Self {
        Self {
            given: matches.arg(argument).map(str::to_owned),
            line_by_line: matches.text("send-on") == Some("newline"),
            forced: matches.on("force-stdin"),
        }
    }

    /// Whether each line is a message.
    pub fn is_line_by_line(&self) -> bool {
        self.line_by_line
    }

    /// Whether standard input is read. Not so when it is a terminal while the
    /// output goes elsewhere: nobody would type there.
    pub fn is_stdin(&self) -> bool {
        self.given.is_none()
            && (!stdin().is_terminal() || terminal::is_interactive() || self.forced)
    }

    /// The bodies; `told` says that they are being read.
    pub fn open(&self, told: bool) -> Result<Bodies> {
        if !self.is_stdin() {
            let body = self.given.clone().unwrap_or_default();
            return Ok(Bodies::One(Some(body.into_bytes())));
        }
        if told {
            log!("Reading payload from STDIN");
        }
        if self.line_by_line {
            return Ok(Bodies::Lines(stdin().lock()));
        }
        let mut body = Vec::new();
        stdin().lock().read_to_end(&mut body)?;
        Ok(Bodies::One(Some(body)))
    }
}

impl Bodies {
    /// The next body.
    pub fn take(&mut self) -> Result<Option<Vec<u8>>> {
        match self {
            Bodies::One(body) => Ok(body.take()),
            Bodies::Lines(input) => {
                let mut line = Vec::new();
                if input.read_until(b'\n', &mut line)? == 0 {
                    return Ok(None);
                }
                for end in *b"\n\r" {
                    if line.last() == Some(&end) {
                        line.pop();
                    }
                }
                Ok(Some(line))
            }
        }
    }
}

/// Subject and body with their templates expanded; what cannot be parsed stays
/// as it is, with a log line.
pub fn expand_message(subject: &str, body: &[u8], scope: &MessageScope) -> (String, Vec<u8>) {
    let body = expand_body(body, scope);
    let subject = expand(subject, scope).unwrap_or_else(|why| {
        log!("Could not parse subject template: {why}");
        subject.to_owned()
    });
    (subject, body)
}

/// A body with its template expanded; as it is if that fails, with a log line.
fn expand_body(body: &[u8], scope: &MessageScope) -> Vec<u8> {
    let expanded = match std::str::from_utf8(body) {
        Ok(text) => expand(text, scope).map(String::into_bytes),
        Err(_) => expand(&as_characters(body), scope).map(|text| as_bytes(&text)),
    };
    or_as_it_is(expanded, body)
}

/// The answer to a request that a template makes; as it is if that fails, with
/// a log line.
pub fn expand_reply(body: &str, request: &[u8], count: u64) -> Vec<u8> {
    let scope = |request: String| MessageScope {
        count,
        request: Some(request).filter(|request| !request.is_empty()),
    };
    let expanded = match std::str::from_utf8(request) {
        Ok(request) => expand(body, &scope(request.to_owned())).map(String::into_bytes),
        Err(_) => expand(
            &as_characters(body.as_bytes()),
            &scope(as_characters(request)),
        )
        .map(|text| as_bytes(&text)),
    };
    or_as_it_is(expanded, body.as_bytes())
}

fn or_as_it_is(expanded: std::result::Result<Vec<u8>, String>, body: &[u8]) -> Vec<u8> {
    expanded.unwrap_or_else(|why| {
        log!("Could not parse body template: {why}");
        body.to_vec()
    })
}

/// What is no text as a text for templates: a character for each byte.
fn as_characters(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Undoes [`as_characters`].
fn as_bytes(text: &str) -> Vec<u8> {
    text.chars()
        .flat_map(|letter| match u8::try_from(u32::from(letter)) {
            Ok(byte) => vec![byte],
            // It came from a template.
            Err(_) => letter.to_string().into_bytes(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_keep_what_is_no_text() {
        let scope = MessageScope {
            count: 7,
            request: None,
        };
        assert_eq!(expand_body(b"\xff{{Count}}", &scope), b"\xff7");
        assert_eq!(
            expand_reply("\u{e9} {{Request}}", b"a\xff", 0),
            b"\xc3\xa9 a\xff"
        );
        assert_eq!(expand_reply("{{.Request}}", b"", 0), b"");
    }
}
