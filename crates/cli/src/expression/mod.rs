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

use self::lexer::Mistake;
use crate::fail;
use crate::failure::Result;
use crate::output::Json;

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Expression {
    root: parser::Node,
    text: String,
    /// Its variables, each with its offset.
    names: Vec<(String, usize)>,
}

impl Expression {
    /// Parses an expression.
    pub fn parse(text: &str) -> Result<Self> {
        parser::parse(text)
            .map(|(root, names)| Self {
                root,
                text: text.to_owned(),
                names,
            })
            .map_err(|why| fail!("{}", why.in_text(text)))
    }

    /// Whether it holds for these variables: another one is an error. A field
    /// that is not there is `nil`; anything but `true` and `false` as the
    /// result is an error.
    pub fn holds(&self, variables: &Json) -> Result<bool> {
        let Json::Object(known) = variables else {
            return self.holds_in_part(variables);
        };
        for (name, at) in &self.names {
            if !known.iter().any(|(other, _)| other == name) {
                let mistake = Mistake::new(format!("unknown name {name}"), *at);
                return Err(fail!("{}", mistake.in_text(&self.text)));
            }
        }
        self.holds_in_part(variables)
    }

    /// As [`Self::holds`], but variables that are not there are `nil`.
    pub fn holds_in_part(&self, variables: &Json) -> Result<bool> {
        match evaluate::evaluate(&self.root, variables).map_err(|why| fail!("{why}"))? {
            Json::Bool(value) => Ok(value),
            other => Err(fail!(
                "expected bool, but got {}",
                evaluate::type_name(&other)
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
                "unexpected token EOF (1:16)\n | state.messages >\n | ...............^",
            ),
            (
                "state.messages ! 1",
                "unexpected token Operator(\"!\") (1:16)\n | state.messages ! 1\n | ...............^",
            ),
            (
                "true or nope == 1",
                "unknown name nope (1:9)\n | true or nope == 1\n | ........^",
            ),
            ("'open", "literal not terminated (1:6)\n | 'open\n | .....^"),
            ("1 + 'a' == 2", "invalid operation: int + string"),
            ("state.messages", "expected bool, but got int"),
            ("nope(1)", "unknown name nope (1:1)\n | nope(1)\n | ^"),
            (
                "config.name matches '('",
                "error parsing regexp: missing closing ): `(`",
            ),
        ] {
            let text = holds(expression).unwrap_err().to_string();
            assert!(text.starts_with(wanted), "{expression}: {text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}true{}", "(".repeat(10_000), ")".repeat(10_000));
        let why = Expression::parse(&deep).unwrap_err().to_string();
        assert!(why.starts_with("it is nested too deeply (1:101)"), "{why}");
        assert!(Expression::parse(&"!".repeat(10_000)).is_err());
        assert!(Expression::parse(&format!("1{}", "+1".repeat(100_000))).is_err());
    }
}
