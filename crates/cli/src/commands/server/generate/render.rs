//! Templates with answers.

use std::fs;
use std::path::Path;

use super::super::run::quoted;
use crate::context::write_whole;
use crate::failure::Result;
use crate::format::io_error_at;
use crate::output::Json;
use crate::template::{Scope, Value, execute, parse};
use crate::{bail, fail};

/// Functions beside those that every template has.
const FUNCTIONS: [&str; 8] = [
    "add", "sub", "mul", "int", "quote", "upper", "lower", "default",
];

/// Answers, for templates.
struct Answers<'a>(&'a Json);

impl Scope for Answers<'_> {
    fn knows(&self, name: &str) -> bool {
        FUNCTIONS.contains(&name)
    }

    fn call(&self, name: &str, args: &[Value]) -> std::result::Result<Value, String> {
        let [first, rest @ ..] = args else {
            return Err(format!("{name} needs a value"));
        };
        let numbers = || {
            let number = |value: &Value| {
                whole(value).ok_or_else(|| format!("{name}: {value} is no whole number"))
            };
            rest.iter()
                .map(number)
                .collect::<std::result::Result<Vec<i64>, String>>()
                .and_then(|rest| Ok((number(first)?, rest)))
        };
        let fold = |with: fn(i64, i64) -> Option<i64>| {
            let (first, rest) = numbers()?;
            rest.into_iter()
                .try_fold(first, with)
                .map(Value::Int)
                .ok_or_else(|| format!("{name}: the result is too large"))
        };
        let text = || first.to_string();
        match name {
            "add" => fold(i64::checked_add),
            "sub" => fold(i64::checked_sub),
            "mul" => fold(i64::checked_mul),
            "int" => Ok(Value::Int(numbers()?.0)),
            "quote" => Ok(Value::Text(quoted(&text()))),
            "upper" => Ok(Value::Text(text().to_uppercase())),
            "lower" => Ok(Value::Text(text().to_lowercase())),
            // `default INSTEAD VALUE`, so that VALUE can come from a pipe.
            "default" => Ok(match rest.first() {
                Some(value) if value.is_true() => value.clone(),
                _ => first.clone(),
            }),
            _ => Err(format!("function {name:?} not defined")),
        }
    }

    fn field(&self, name: &str) -> Option<Value> {
        let mut value = self.0;
        for part in name.split('.') {
            // What was not asked has no parts, but is no mistake.
            if value.is_null() {
                return Some(Value::Nil);
            }
            value = value
                .entries("")
                .iter()
                .find(|(key, _)| key == part)
                .map(|(_, value)| value)?;
        }
        Some(match value {
            Json::Null => Value::Nil,
            Json::Bool(on) => Value::Bool(*on),
            Json::Int(number) => Value::Int(i64::try_from(*number).ok()?),
            Json::Float(number) => Value::Float(*number),
            Json::Text(text) => Value::Text(text.clone()),
            // True, if somebody asks whether it is there.
            Json::List(_) | Json::Object(_) => Value::Bool(true),
        })
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        Value::Nil | Value::Bool(_) | Value::Float(_) => None,
    }
}

/// A template with the answers in it.
pub fn render(name: &str, text: &str, answers: &Json) -> Result<String> {
    let scope = Answers(answers);
    let knows = |function: &str| scope.knows(function) || crate::template::is_known(function);
    let template = parse(name, text, &knows).map_err(|why| fail!("{why}"))?;
    execute(&template, &scope).map_err(|why| fail!("{why}"))
}

/// Writes files to a new directory. Those that are blank are left out.
pub fn write(directory: &Path, files: &[(&str, String)]) -> Result<()> {
    if files.iter().all(|(_, text)| text.trim().is_empty()) {
        bail!("there is nothing to write");
    }
    for (path, text) in files {
        if text.trim().is_empty() {
            continue;
        }
        let path = directory.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .map_err(|error| fail!("{}", io_error_at("mkdir", parent.display(), &error)))?;
        }
        write_whole(&path, text.as_bytes(), 0o644)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> Result<String> {
        let answers = Json::parse(
            br#"{"name":"a\"b","port":"4222","members":2,"js":{"dir":"/d","max":5},"none":null,"off":false}"#,
        )
        .unwrap();
        render("t", text, &answers)
    }

    #[test]
    fn templates_know_the_answers() {
        for (text, expected) in [
            ("{{ .name | quote }}", "\"a\\\"b\""),
            ("{{ .js.dir }} {{ .js.max }}", "/d 5"),
            (
                "{{ add .port 1 }} {{ sub .members 1 }} {{ mul 2 3 4 }}",
                "4223 1 24",
            ),
            (
                "{{ range $i := .members }}n{{ add $i 1 }} {{ end }}",
                "n1 n2 ",
            ),
            ("{{ if .js }}on{{ end }}{{ if .none }}off{{ end }}", "on"),
            ("{{ if .none.dir }}x{{ else }}y{{ end }}", "y"),
            (
                "{{ .none | default \"z\" }}{{ if not .off }}!{{ end }}",
                "z!",
            ),
        ] {
            assert_eq!(rendered(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_in_templates_are_errors() {
        for text in [
            "{{ .nme }}",
            "{{ nothing }}",
            "{{ add .name 1 }}",
            "{{ mul 9223372036854775807 2 }}",
            "{{ if }}",
        ] {
            assert!(rendered(text).is_err(), "{text}");
        }
    }
}
