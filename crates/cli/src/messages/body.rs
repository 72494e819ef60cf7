//! Bodies: an argument, or standard input.

use std::io::{BufRead, Read, StdinLock, stdin};

use crate::failure::Result;
use crate::log;
use crate::template::{MessageScope, expand};

/// Bodies of messages, one after the other.
#[derive(Debug)]
pub enum Bodies {
    /// A single one.
    One(Option<Vec<u8>>),
    /// The lines of standard input, without their ends.
    Lines(StdinLock<'static>),
}

impl Bodies {
    /// The body given as an argument; without one standard input, as a whole
    /// or line by line. `told` says that it is being read.
    pub fn new(given: Option<&str>, line_by_line: bool, told: bool) -> Result<Self> {
        if let Some(body) = given {
            return Ok(Bodies::One(Some(body.as_bytes().to_vec())));
        }
        if told {
            log!("Reading payload from STDIN");
        }
        if line_by_line {
            return Ok(Bodies::Lines(stdin().lock()));
        }
        let mut body = Vec::new();
        stdin().lock().read_to_end(&mut body)?;
        Ok(Bodies::One(Some(body)))
    }

    /// The next body.
    pub fn take(&mut self) -> Result<Option<Vec<u8>>> {
        match self {
            Bodies::One(body) => Ok(body.take()),
            Bodies::Lines(input) => {
                let mut line = Vec::new();
                if input.read_until(b'\n', &mut line)? == 0 {
                    return Ok(None);
                }
                while line
                    .last()
                    .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
                {
                    line.pop();
                }
                Ok(Some(line))
            }
        }
    }
}

/// A body with its template expanded; as it is if that fails, with a log line.
pub fn expand_body(body: &[u8], scope: &MessageScope) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(body) else {
        return body.to_vec();
    };
    match expand("body", text, scope) {
        Ok(text) => text.into_bytes(),
        Err(why) => {
            log!("Could not parse body template: {why}");
            body.to_vec()
        }
    }
}

/// A subject with its template expanded; as it is if that fails, with a log
/// line.
pub fn expand_subject(subject: &str, scope: &MessageScope) -> String {
    expand("subject", subject, scope).unwrap_or_else(|why| {
        log!("Could not parse subject template: {why}");
        subject.to_owned()
    })
}
