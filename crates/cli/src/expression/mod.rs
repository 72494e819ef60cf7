//! Expressions of `--expression` and `--filter`: the part of the expr language
//! (<https://expr-lang.org>) that people use to choose by fields.
//!
//! Literals (numbers, texts, lists, `true`, `false`, `nil`), fields with dots
//! and brackets, arithmetic, comparisons, `in`, `contains`, `startsWith`,
//! `endsWith`, `matches`, `not`/`!`, `and`/`&&`, `or`/`||`, `?:`, `??`, ranges,
//! `let`, pipes, the functions in [`functions`], and the methods of times and
//! durations in [`methods`]. Texts in RFC 3339 are times where one is needed.
//! What the language has more is refused by name.

mod arithmetic;
mod evaluate;
mod functions;
mod lexer;
mod methods;
mod parser;
mod tree;
mod types;
mod value;

use self::lexer::Mistake;
pub use self::value::{Value, variables};
use crate::fail;
use crate::failure::{Failure, Result};

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Expression {
    parsed: parser::Parsed,
    text: String,
}

impl Expression {
    /// Parses an expression. What cannot be right whatever its variables are is
    /// an error, too.
    pub fn parse(text: &str) -> Result<Self> {
        let parsed = parser::parse(text)
            .and_then(|parsed| types::check(&parsed.root).map(|()| parsed))
            .map_err(|why| fail!("{}", why.in_text(text)))?;
        Ok(Self {
            parsed,
            text: text.to_owned(),
        })
    }

    /// Whether it holds for these variables: another one is an error.
    pub fn holds(&self, variables: &Value) -> Result<bool> {
        for (name, at) in &self.parsed.names {
            if variables.entry(name).is_none() {
                return Err(self.failure(&Mistake::new(format!("unknown name {name}"), *at)));
            }
        }
        self.holds_in_part(variables)
    }

    /// As [`Self::holds`], but variables that are not there are `nil`.
    pub fn holds_in_part(&self, variables: &Value) -> Result<bool> {
        for (name, at) in &self.parsed.given {
            if variables.entry(name).is_some() {
                return Err(self.failure(&Mistake::new(format!("cannot redeclare {name}"), *at)));
            }
        }
        match evaluate::evaluate(&self.parsed.root, variables).map_err(|why| self.failure(&why))? {
            Value::Bool(value) => Ok(value),
            Value::Nil => Ok(false),
            other => {
                let what = format!("invalid operation: bool({})", other.type_name());
                Err(self.failure(&Mistake::new(what, 0)))
            }
        }
    }

    fn failure(&self, mistake: &Mistake) -> Failure {
        fail!("{}", mistake.in_text(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(expression: &str) -> Result<bool> {
        let variables = crate::output::Json::parse(
            br#"{"state":{"messages":5,"subjects":null},"config":{"name":"ORDERS","subjects":["a.>","b"],"num_replicas":3,"metadata":{"io.x":"1"}},
            "created":"2026-11-23T08:00:00Z"}"#,
        )
        .unwrap();
        Expression::parse(expression)?.holds(&Value::from(&variables))
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
            "let name = config.name; let twice = 2; name == 'ORDERS' and twice == 2",
            "any(config.subjects, {let it = #; it == 'b'})",
            "true and (let x = 1; x == 1)",
            "config.name | lower() == 'orders'",
            "config.subjects | filter(# == 'b') | len() == 1",
            "1 + 2 | abs() == 3",
            "date('2026-01-02T03:04:05+02:00').Hour() == 3",
            "date('2026-01-02').Weekday().String() == 'Friday'",
            "date('2026-01-02').Month() | string() == 'January'",
            "date('2026-01-02').Add(duration('36h')).Day() == 3",
            "date('2026-01-02').Sub(date('2026-01-01')) == duration('24h')",
            "date('2026-01-02 03:04:05').String() == '2026-01-02 03:04:05 +0000 UTC'",
            "date('1970-01-01T00:01:00Z').Unix() == 60 and date('2026-01-02').YearDay() == 2",
            "date('2026-01-02').Before(now()) and !now().Before(date('2026-01-02'))",
            "now() - duration('1h') < now() and now().Year() > 2000",
            "duration('90m').Hours() == 1.5 and duration('1h').Milliseconds() == 3600000",
            "duration('1h').String() == '1h0m0s' and duration('1h') * 2 == duration('2h')",
            "created.Year() == 2026 and created.After(date('2026-01-01'))",
            "'\\x41\\u0042' == 'AB' and 0b11 == 3 and 0o17 == 15",
            "/* all */ true // of it",
            "1 > 2; true",
            "config.subjects[1:] == ['b'] and config.subjects[:-1] == ['a.>'] and config.subjects[5:9] == []",
            "config.name[0:3] == 'ORD' and config.name[:] == 'ORDERS' and config.subjects[1:0] == []",
            "floor(1.5) == 1 and ceil(1.5) == 2 and round(2.5) == 3",
            "indexOf(config.name, 'R') == 1 and lastIndexOf(config.name, 'R') == 4 and indexOf('a', 'b') == -1",
            "replace('aaa', 'a', 'b', 2) == 'bba' and replace('aaa', 'a', '') == ''",
            "findIndex(config.subjects, # == 'b') == 1 and findIndex(config.subjects, # == 'x') == nil",
            "findLast([1, 2], # > 0) == 2 and findLastIndex([1, 1], # == 1) == 1",
            "hasPrefix(config.name, 'O') and trimSuffix(config.name, 'S') == 'ORDER'",
            "config.nothing == nil",
            "config?.nothing?.more == nil",
            "config.nothing?.more.still == nil",
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
            (
                "config.nope.x == 1",
                "cannot fetch x from <nil> (1:13)\n | config.nope.x == 1\n | ............^",
            ),
            (
                "len(config.nope) > 0",
                "invalid argument for len (type <nil>) (1:1)",
            ),
            (
                "config.subjects[5] == 'x'",
                "index out of range: 5 (array length is 2) (1:16)",
            ),
            (
                "config.subjects[-5] == 'x'",
                "index out of range: -3 (array length is 2) (1:16)",
            ),
            (
                "config.name.x == 1",
                "invalid operation: int(string) (1:13)",
            ),
            (
                "config.num_replicas + config.name == 1",
                "invalid operation: int + string (1:21)",
            ),
            (
                "all(config.nope, true)",
                "reflect: call of reflect.Value.Len on zero Value (1:1)",
            ),
            (
                "any(config.subjects, #)",
                "interface conversion: interface {} is string, not bool (1:1)",
            ),
            (
                "1 in config.metadata",
                "reflect.Value.MapIndex: value of type int is not assignable to type string (1:3)",
            ),
            ("date('x') == now()", "invalid date x (1:1)"),
            (
                "duration('1d') == duration('1h')",
                "time: invalid duration \"1d\" (1:1)",
            ),
            ("created.Nope()", "invalid operation: int(string) (1:9)"),
            ("config.nope.Year()", "cannot fetch Year from <nil> (1:13)"),
            ("config.nope[0:1] == []", "cannot slice 0 (1:12)"),
            (
                "config.subjects[config.name:] == []",
                "invalid operation: int(string) (1:16)",
            ),
            (
                "replace('a', 'b')",
                "not enough arguments to call replace (1:1)",
            ),
            // Types that cannot fit, whatever the variables are.
            (
                "1 + 'a' == 2",
                "invalid operation: + (mismatched types int and string) (1:3)",
            ),
            ("len(1) == 1", "invalid argument for len (type int) (1:1)"),
            (
                "1 in 5",
                "invalid operation: in (mismatched types int and int) (1:3)",
            ),
            (
                "lower(config.name) == 1",
                "invalid operation: == (mismatched types string and int) (1:20)",
            ),
            ("now().Nope()", "type time.Time has no method Nope (1:7)"),
            (
                "now().Before(1)",
                "cannot use int as argument (type time.Time) to call Before  (1:14)",
            ),
            (
                "now().Before()",
                "not enough arguments to call Before (1:7)",
            ),
            ("1 in ['a']", "cannot use int as type string in array (1:3)"),
            ("nil", "expected bool, but got unknown"),
            // Names.
            ("let config = 1; true", "cannot redeclare config (1:5)"),
            ("let len = 1; true", "cannot redeclare builtin len (1:5)"),
            (
                "let x = 1; let x = 2; true",
                "cannot redeclare variable x (1:16)",
            ),
            ("let x = 1; y == 1", "unknown name y (1:12)"),
            ("(let x = 1; true) and x", "unknown name x (1:23)"),
            ("config.name | lower", "unexpected token EOF (1:19)"),
            ("config.name | nope()", "unknown name nope (1:15)"),
            (
                "config.nope ?? 1 == 1",
                "Operator (==) and coalesce expressions (??) cannot be mixed",
            ),
            ("'\\q' == 'q'", "invalid char escape (1:3)"),
            // What is not built.
            (
                "reduce(config.subjects, # + #acc) == 'x'",
                "this part of the expression language is not known here: the function reduce (1:1)",
            ),
            (
                "now().Format('2006') == '2026'",
                "this part of the expression language is not known here: the method Format (1:7)",
            ),
            (
                "if true {true} else {false}",
                "this part of the expression language is not known here: `if`",
            ),
            (
                "$env.config == 1",
                "this part of the expression language is not known here: $env (1:1)",
            ),
            ("state.messages", "invalid operation: bool(int) (1:1)"),
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
    fn sides_that_do_not_count_are_not_looked_at() {
        for (expression, wanted) in [
            ("true or config.nope.x", true),
            ("config.nope and true", false),
            ("config.nope", false),
            ("false and config.nope.x == 1", false),
            ("config.nope in config.nope", false),
        ] {
            assert_eq!(holds(expression).unwrap(), wanted, "{expression}");
        }
    }

    #[test]
    fn time_is_bounded() {
        for text in [
            "all(1..100000, all(1..100000, all(1..100000, true)))",
            "all(1..10000, len(1..100000) > 0)",
        ] {
            let why = holds(text).unwrap_err().to_string();
            assert!(why.starts_with("it takes too long (1:"), "{why}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}true{}", "(".repeat(10_000), ")".repeat(10_000));
        let why = Expression::parse(&deep).unwrap_err().to_string();
        assert!(why.starts_with("it is nested too deeply (1:101)"), "{why}");
        // As long as they may be.
        for long in [
            format!("1{} > 0", "+1".repeat(240)),
            format!("1{} == 1", " | abs()".repeat(240)),
            format!("nil{} == nil", "?.a".repeat(240)),
            format!("true{}", " and state.messages == 5".repeat(240)),
            format!("{}true{}", "all([1], ".repeat(60), ")".repeat(60)),
        ] {
            let shown = long.get(..40).unwrap_or(&long);
            assert!(holds(&long).is_ok(), "{shown}: {:?}", holds(&long));
        }
        assert!(Expression::parse(&format!("1{} > 0", "+1".repeat(260))).is_err());
        assert!(Expression::parse(&"!".repeat(10_000)).is_err());
        assert!(Expression::parse(&"let x = 1; ".repeat(10_000)).is_err());
        assert!(Expression::parse(&format!("1{}", "; 1".repeat(10_000))).is_err());
        assert!(Expression::parse(&format!("1{}", " | abs()".repeat(10_000))).is_err());
        assert!(Expression::parse(&format!("1{}", "+1".repeat(100_000))).is_err());
    }
}
