//! JSON schemas of messages and API requests.
//!
//! `schemas.jsonl`, a schema on each line, is published by the NATS project
//! under Apache-2.0.

mod validate;

use std::sync::OnceLock;

use crate::output::Json;

pub use validate::validate;

const SCHEMAS: &str = include_str!("schemas.jsonl");

/// Names with the texts of their schemas, sorted.
fn known() -> &'static [(String, &'static str)] {
    static KNOWN: OnceLock<Vec<(String, &'static str)>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut known: Vec<(String, &'static str)> = SCHEMAS
            .lines()
            .filter_map(|line| {
                let schema = Json::parse(line.as_bytes()).ok()?;
                Some((schema.text("title").to_owned(), line))
            })
            .collect();
        known.sort();
        known
    })
}

/// Names of all schemas, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    known().iter().map(|(name, _)| name.as_str())
}

/// The schema of a name.
pub fn find(name: &str) -> Option<Json> {
    let (_, text) = known().iter().find(|(known, _)| known == name)?;
    Json::parse(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_has_a_name_of_its_own() {
        let names: Vec<&str> = names().collect();
        assert_eq!(names.len(), SCHEMAS.lines().count());
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(find("io.nats.jetstream.api.v1.stream_configuration").is_some());
        assert!(find("nope").is_none());
    }
}
