//! The error codes of servers.
//!
//! `errors.json` is published by the NATS project under Apache-2.0.

use std::path::Path;

use crate::fail;
use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;

const BUILT_IN: &[u8] = include_bytes!("errors.json");

/// The definitions in the file that was named, or those of this program.
pub fn load(session: &Session) -> Result<Vec<Json>> {
    match session.matches.filled("errors") {
        Some(path) => read(Path::new(path)),
        None => parse(BUILT_IN),
    }
}

/// The definitions in a file.
pub fn read(path: &Path) -> Result<Vec<Json>> {
    let text = std::fs::read(path).map_err(|error| {
        fail!(
            "{}",
            crate::format::io_error_at("open", path.display(), &error)
        )
    })?;
    parse(&text)
}

fn parse(text: &[u8]) -> Result<Vec<Json>> {
    match Json::parse(text) {
        Ok(Json::List(entries)) => Ok(entries),
        Ok(_) => Err(fail!("error definitions are a list of objects")),
        Err(error) => Err(error.into()),
    }
}

/// A code as the command line has it.
pub fn error_code(text: &str) -> Result<i64> {
    match text.parse::<u64>() {
        Ok(code) if code <= u64::from(u16::MAX) => Ok(i64::try_from(code).unwrap_or(i64::MAX)),
        Ok(_) => Err(fail!(
            "strconv.ParseUint: parsing {text:?}: value out of range"
        )),
        Err(_) => Err(fail!("strconv.ParseUint: parsing {text:?}: invalid syntax")),
    }
}

/// Lowest code that definitions may have.
const LOWEST: i64 = 1000;

/// What is wrong with a definition.
pub fn problems(entry: &Json) -> Vec<&'static str> {
    let (description, constant) = (entry.text("description"), entry.text("constant"));
    let inner = description
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let is_token = inner.is_some_and(|inner| !inner.is_empty() && !inner.contains('}'));
    let count = |letter: char| description.matches(letter).count();
    [
        (
            is_token && entry.text("comment").is_empty(),
            "token only descriptions requires a comment",
        ),
        (
            entry.int("error_code") < LOWEST,
            "error codes may not be below 10000",
        ),
        (entry.int("code") == 0, "code is require"),
        (constant.is_empty(), "constant is required"),
        (description.is_empty(), "description is required"),
        (count('{') != count('}'), "unmatched number of { and }"),
        (
            description.contains('{') && !constant.ends_with('F'),
            "constants for errors with tokens must end in F like JSStreamMsgDeleteFailedF",
        ),
    ]
    .into_iter()
    .filter_map(|(wrong, what)| wrong.then_some(what))
    .collect()
}

/// A definition with all of its keys, in their order.
pub fn whole(entry: &Json) -> Json {
    let mut out = Json::object();
    for key in [
        "constant",
        "code",
        "error_code",
        "description",
        "comment",
        "help",
        "url",
        "deprecates",
    ] {
        if key.ends_with("code") {
            out.set(key, entry.int(key));
        } else {
            out.set(key, entry.text(key));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_definitions_are_valid() {
        let entries = parse(BUILT_IN).unwrap();
        assert!(entries.len() > 150);
        for entry in entries {
            // Some were named by the server before there was that rule.
            let mut problems = problems(&entry);
            problems.retain(|problem| !problem.contains("must end in F"));
            assert_eq!(problems, Vec::<&str>::new(), "{}", entry.compact());
        }
    }
}
