//! `/ipqueuesz`: queues between threads (monitoring-events.md 3.10).

use std::collections::BTreeMap;

use serde::Serialize;

use super::params::{self, ParamError};
use super::query::Query;
use super::source::Source;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueuesOptions {
    /// Empty queues too.
    pub all: bool,
    /// Only queues whose name contains this.
    pub filter: String,
}

impl QueuesOptions {
    /// Reads the query parameters.
    pub(crate) fn from_query(query: &Query) -> Result<Self, ParamError> {
        Ok(Self {
            all: params::boolean(query, "all")?,
            filter: params::text(query, "queues"),
        })
    }
}

/// A queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QueueState {
    /// What waits in it.
    pub pending: u64,
}

/// The queues by their names.
pub fn build(options: &QueuesOptions, source: &dyn Source) -> BTreeMap<String, QueueState> {
    let wanted = |(name, pending): &(String, u64)| {
        (options.all || *pending > 0) && name.contains(&options.filter)
    };
    let queues = source.queues().into_iter().filter(wanted);
    queues
        .map(|(name, pending)| (name, QueueState { pending }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::super::json;
    use super::*;

    fn asked(query: &str) -> QueuesOptions {
        QueuesOptions::from_query(&Query::parse(query)).expect("good parameters")
    }

    #[test]
    fn empty_queues_are_shown_on_request() {
        let source = Fake {
            queues: vec![("one".to_owned(), 0), ("two".to_owned(), 3)],
            ..Fake::default()
        };
        let names = |query| -> Vec<String> { build(&asked(query), &source).into_keys().collect() };
        assert_eq!(names(""), ["two"]);
        assert_eq!(names("all=1"), ["one", "two"]);
        assert_eq!(names("all=1&queues=on"), ["one"]);
        assert_eq!(names("queues=on"), Vec::<String>::new());
        let text = json::pretty_wide(&build(&asked(""), &source));
        assert_eq!(
            String::from_utf8_lossy(&text),
            "{\n   \"two\": {\n      \"pending\": 3\n   }\n}"
        );
        assert!(QueuesOptions::from_query(&Query::parse("all=x")).is_err());
    }
}
