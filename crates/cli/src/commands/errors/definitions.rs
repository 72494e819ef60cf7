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
        Err(error) => Err(fail!("error definitions cannot be read: {error}")),
    }
}

/// What is wrong with definitions.
pub fn problems(entries: &[Json]) -> Vec<String> {
    let mut out = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let name = entry.text("constant");
        let number = entry.int("error_code");
        if name.is_empty() {
            out.push(format!("error {number} has no constant"));
        }
        if entry.text("description").is_empty() {
            out.push(format!("error {number} has no description"));
        }
        if entry.int("code") < 100 || number <= 0 {
            out.push(format!("error {name} has no valid code"));
        }
        for other in entries.iter().skip(at + 1) {
            if other.int("error_code") == number {
                out.push(format!("error code {number} is there twice"));
            }
            if other.text("constant") == name {
                out.push(format!("constant {name} is there twice"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_definitions_are_in_order() {
        let entries = parse(BUILT_IN).unwrap();
        assert!(entries.len() > 150);
        assert_eq!(problems(&entries), Vec::<String>::new());
    }
}
