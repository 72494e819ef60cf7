//! Expressions of `--expression` and `--filter`: the part of the expr language
//! (<https://expr-lang.org>) that people use to choose by fields.
//!
//! Literals (numbers, texts, lists, `true`, `false`, `nil`), fields with dots
//! and brackets, arithmetic, comparisons, `in`, `contains`, `startsWith`,
//! `endsWith`, `matches`, `not`/`!`, `and`/`&&`, `or`/`||`, `?:`, `??`, ranges,
//! and the functions in [`functions`]. Times in RFC 3339 compare like times,
//! as their texts do in UTC.

mod evaluate;
mod functions;
mod lexer;
mod parser;

use crate::fail;
use crate::failure::Result;
use crate::output::Json;

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Expression {
    root: parser::Node,
}

impl Expression {
    /// Parses an expression.
    pub fn parse(text: &str) -> Result<Self> {
        parser::parse(text)
            .map(|root| Self { root })
            .map_err(|why| fail!("invalid expression: {why}"))
    }

    /// Whether it holds for these variables. A field that is not there is
    /// `nil`; anything but `true` and `false` as the result is an error.
    pub fn holds(&self, variables: &Json) -> Result<bool> {
        match evaluate::evaluate(&self.root, variables)
            .map_err(|why| fail!("expression failed: {why}"))?
        {
            Json::Bool(value) => Ok(value),
            other => Err(fail!(
                "expression failed: the result is {} and not true or false",
                evaluate::kind(&other)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(expression: &str) -> Result<bool> {
        let variables = Json::parse(
            br#"{"state":{"messages":5,"subjects":null},"config":{"name":"ORDERS","subjects":["a.>","b"],"num_replicas":3,"metadata":{"io.x":"1"}},
            "created":"2026-11-23T08:00:00Z"}"#,
        )
        .unwrap();
        Expression::parse(expression)?.holds(&variables)
    }

    #[test]
    fn fields_are_compared() {
        for expression in [
            "state.messages > 0",
            "state.messages == 5 and config.num_replicas != 1",
            "config.name == 'ORDERS' && !(state.messages < 5)",
            "not (config.name == \"X\") or false",
            "config.name matches '^ORD'",
            "config.name contains 'DER' and config.name startsWith 'O' and config.name endsWith 'S'",
            "config.num_replicas in [1, 3]",
            "config.num_replicas in 1..3",
            "config.num_replicas not in [5]",
            "'io.x' in config.metadata",
            "config.metadata['io.x'] == '1'",
            "config['name'] == 'ORDERS'",
            "config.subjects[0] == 'a.>'",
            "config.subjects[-1] == 'b'",
            "len(config.subjects) == 2",
            "any(config.subjects, # startsWith 'a')",
            "all(config.subjects, {len(#) > 0})",
            "filter(config.subjects, # == 'b')[0] == 'b'",
            "count(config.subjects, # == 'b') == 1",
            "lower(config.name) == 'orders'",
            "config.nothing == nil",
            "config?.nothing?.more == nil",
            "(config.nothing ?? 7) == 7",
            "state.messages % 2 == 1 and state.messages / 2 == 2.5",
            "2 + 3 * 4 == 14 and (2 + 3) * 4 == 20 and 2 ** 3 ** 1 == 8 and -2 < 0",
            "state.messages > 1_000 ? false : true",
            "0x10 == 16 and 1e3 == 1000 and .5 < 1",
            "created > '2026-01-01T00:00:00Z'",
            "'a' + 'b' == \"ab\" and `raw\\n` != \"raw\\n\"",
        ] {
            assert!(holds(expression).unwrap(), "{expression}");
        }
    }

    #[test]
    fn mistakes_are_explained() {
        for (expression, wanted) in [
            (
                "state.messages >",
                "invalid expression: unexpected end at 17",
            ),
            (
                "state.messages ! 1",
                "invalid expression: unexpected ! at 16",
            ),
            ("'open", "invalid expression: text without an end at 1"),
            ("1 + 'a' == 2", "expression failed: number + text"),
            (
                "state.messages",
                "expression failed: the result is a number and not true or false",
            ),
            ("nope(1)", "invalid expression: there is no function nope"),
            (
                "config.name matches '('",
                "expression failed: invalid pattern",
            ),
        ] {
            let text = holds(expression).unwrap_err().to_string();
            assert!(text.starts_with(wanted), "{expression}: {text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}true{}", "(".repeat(10_000), ")".repeat(10_000));
        assert_eq!(
            Expression::parse(&deep).unwrap_err().to_string(),
            "invalid expression: it is nested too deeply"
        );
        assert!(Expression::parse(&"!".repeat(10_000)).is_err());
        assert!(Expression::parse(&format!("1{}", "+1".repeat(100_000))).is_err());
    }
}
