//! Configurations that are checked before they are sent.

use crate::output::Json;

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A whole number that is not below this one.
    Number(i64),
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An object.
    Object,
    /// A list of anything.
    List,
}

impl Shape {
    fn problem(self, value: &Json) -> Option<String> {
        let wanted = match (self, value) {
            (Shape::Bool, Json::Bool(_))
            | (Shape::Text, Json::Text(_))
            | (Shape::Object, Json::Object(_))
            | (Shape::List, Json::List(_)) => return None,
            (Shape::Number(least), Json::Int(number)) => {
                if *number >= i128::from(least) {
                    return None;
                }
                return Some(format!("must be at least {least}"));
            }
            (Shape::Texts, Json::List(values)) => {
                if values.iter().all(|value| value.as_text().is_some()) {
                    return None;
                }
                "must be a list of texts"
            }
            (Shape::Word(words), Json::Text(text)) => {
                if words.contains(&text.as_str()) {
                    return None;
                }
                return Some(format!("must be one of {}", words.join(", ")));
            }
            (Shape::Bool, _) => "must be true or false",
            (Shape::Number(_), _) => "must be a whole number",
            (Shape::Text | Shape::Word(_), _) => "must be a text",
            (Shape::Texts | Shape::List, _) => "must be a list",
            (Shape::Object, _) => "must be an object",
        };
        Some(wanted.to_owned())
    }
}

/// What is wrong with the fields of a configuration: unknown ones, and values
/// that they cannot have.
pub fn field_problems(config: &Json, fields: &[(&str, Shape)]) -> Vec<String> {
    let mut out = Vec::new();
    for (key, value) in config.entries("") {
        match fields.iter().find(|(name, _)| name == key) {
            None => out.push(format!("{key} is not a known setting")),
            Some(_) if value.is_null() => {}
            Some((_, shape)) => {
                if let Some(why) = shape.problem(value) {
                    out.push(format!("{key} {why}"));
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_fields_are_named() {
        let config =
            Json::parse(br#"{"a":1,"b":"x","c":["t"],"d":-2,"e":{},"f":null,"g":[1]}"#).unwrap();
        let problems = field_problems(
            &config,
            &[
                ("a", Shape::Bool),
                ("b", Shape::Word(&["y", "z"])),
                ("c", Shape::Texts),
                ("d", Shape::Number(-1)),
                ("f", Shape::Text),
                ("g", Shape::Texts),
            ],
        );
        assert_eq!(
            problems,
            [
                "a must be true or false",
                "b must be one of y, z",
                "d must be at least -1",
                "e is not a known setting",
                "g must be a list of texts",
            ]
        );
    }
}
