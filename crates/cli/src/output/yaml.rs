//! YAML, for files that people edit.

use yaml_rust2::{Yaml, YamlLoader};

use super::json::Json;
use crate::fail;
use crate::failure::Result;

/// Reads the first document of a text.
pub fn parse(text: &str) -> Result<Json> {
    let documents = YamlLoader::load_from_str(text).map_err(|error| fail!("yaml: {error}"))?;
    Ok(documents.first().map(from_yaml).unwrap_or_default())
}

fn from_yaml(value: &Yaml) -> Json {
    match value {
        Yaml::Real(text) => text
            .parse()
            .map_or_else(|_| Json::Text(text.clone()), Json::Float),
        Yaml::Integer(number) => Json::Int((*number).into()),
        Yaml::String(text) => Json::Text(text.clone()),
        Yaml::Boolean(value) => Json::Bool(*value),
        Yaml::Array(values) => Json::List(values.iter().map(from_yaml).collect()),
        Yaml::Hash(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key_text(key), from_yaml(value)))
                .collect(),
        ),
        Yaml::Alias(_) | Yaml::Null | Yaml::BadValue => Json::Null,
    }
}

fn key_text(key: &Yaml) -> String {
    match key {
        Yaml::Integer(number) => number.to_string(),
        Yaml::Boolean(value) => value.to_string(),
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        _ => String::new(),
    }
}

/// Writes a value in block style; `comment` gives a line to stand before a
/// key of the top level.
pub fn write(value: &Json, comment: &dyn Fn(&str) -> Option<&'static str>) -> String {
    let mut out = String::new();
    for (key, value) in value.entries("") {
        if let Some(comment) = comment(key) {
            out.push_str(&format!("\n# {comment}\n"));
        }
        out.push_str(&format!("{}:", scalar_text(key)));
        push(&mut out, value, 0);
    }
    out
}

fn push(out: &mut String, value: &Json, depth: usize) {
    let indent = "  ".repeat(depth + 1);
    match value {
        Json::List(values) if !values.is_empty() => {
            out.push('\n');
            for value in values {
                out.push_str(&format!("{indent}-"));
                push(out, value, depth + 1);
            }
        }
        Json::Object(entries) if !entries.is_empty() => {
            out.push('\n');
            for (key, value) in entries {
                out.push_str(&format!("{indent}{}:", scalar_text(key)));
                push(out, value, depth + 1);
            }
        }
        Json::Text(text) => out.push_str(&format!(" {}\n", quoted(text))),
        scalar => out.push_str(&format!(" {}\n", scalar.compact())),
    }
}

fn scalar_text(key: &str) -> String {
    let plain = key.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && key
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&key);
    if plain { key.to_owned() } else { quoted(key) }
}

/// In quotes, so that nothing is taken for a number or a date. JSON's quotes
/// are YAML's, too.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let value = Json::parse(
            br#"{"name":"a: b","url":"","on":true,"list":["x>","2"],"deep":{"k":{"n":1}},"rows":[{"a":1,"b":"2"}],"none":null,"empty":[]}"#,
        )
        .unwrap();
        let text = write(&value, &|key| (key == "url").then_some("Servers"));
        assert!(text.contains("\n# Servers\nurl: \"\"\n"), "{text}");
        assert_eq!(parse(&text).unwrap(), value, "{text}");
    }

    #[test]
    fn a_wrong_text_is_an_error() {
        assert!(parse("a: [").is_err());
    }
}
