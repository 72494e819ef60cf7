//! Validation against JSON Schema, as far as the schemas of NATS use it: they
//! have no references and no conditions.

use crate::format::parse_rfc3339;
use crate::output::Json;

/// Deepest nesting of values and schemas that is looked at.
const MAX_DEPTH: usize = 64;

/// What is wrong with a value; nothing if it fits.
pub fn validate(schema: &Json, value: &Json) -> Vec<String> {
    let mut problems = Vec::new();
    check(schema, value, "(root)", 0, &mut problems);
    problems
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Int(_) => "integer",
        Json::Float(_) => "number",
        Json::Text(_) => "string",
        Json::List(_) => "array",
        Json::Object(_) => "object",
    }
}

fn is_of(value: &Json, wanted: &str) -> bool {
    let kind = kind(value);
    let whole = matches!(value, Json::Float(number) if number.fract() == 0.0);
    kind == wanted || (wanted == "number" && kind == "integer") || (wanted == "integer" && whole)
}

fn below(path: &str, key: &str) -> String {
    if path == "(root)" {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Int(number) => Some(*number as f64),
        Json::Float(number) => Some(*number),
        _ => None,
    }
}

fn check(schema: &Json, value: &Json, path: &str, depth: usize, problems: &mut Vec<String>) {
    if depth > MAX_DEPTH {
        problems.push(format!("{path}: nested too deeply"));
        return;
    }
    if !fits_type(schema, value) {
        let wanted = match schema.at("type") {
            Json::Text(wanted) => wanted.clone(),
            types => types
                .list("")
                .iter()
                .filter_map(Json::as_text)
                .collect::<Vec<_>>()
                .join(" or "),
        };
        problems.push(format!(
            "{path}: expected {wanted}, but got {}",
            kind(value)
        ));
        return;
    }
    if schema.has("const") && schema.at("const") != value {
        problems.push(format!(
            "{path}: value must be {}",
            schema.at("const").compact()
        ));
    }
    if schema.has("enum") && !schema.list("enum").contains(value) {
        let words: Vec<String> = schema.list("enum").iter().map(Json::compact).collect();
        problems.push(format!("{path}: value must be one of {}", words.join(", ")));
    }
    match value {
        Json::Text(text) => check_text(schema, text, path, problems),
        Json::Int(_) | Json::Float(_) => check_number(schema, value, path, problems),
        Json::List(values) => {
            if schema.has("items") {
                for (place, value) in values.iter().enumerate() {
                    check(
                        schema.at("items"),
                        value,
                        &below(path, &place.to_string()),
                        depth + 1,
                        problems,
                    );
                }
            }
        }
        Json::Object(entries) => check_object(schema, entries, path, depth, problems),
        Json::Null | Json::Bool(_) => {}
    }
    for part in schema.list("allOf") {
        check(part, value, path, depth + 1, problems);
    }
    let choices = schema.list("oneOf");
    if !choices.is_empty() {
        check_choices(choices, value, path, depth, problems);
    }
}

fn fits_type(schema: &Json, value: &Json) -> bool {
    match schema.at("type") {
        Json::Text(wanted) => is_of(value, wanted),
        Json::List(wanted) => wanted
            .iter()
            .filter_map(Json::as_text)
            .any(|wanted| is_of(value, wanted)),
        _ => true,
    }
}

fn check_text(schema: &Json, text: &str, path: &str, problems: &mut Vec<String>) {
    let length = text.chars().count() as u64;
    if schema.has("minLength") && length < schema.uint("minLength") {
        problems.push(format!(
            "{path}: length must be >= {}, but got {length}",
            schema.uint("minLength")
        ));
    }
    if schema.has("maxLength") && length > schema.uint("maxLength") {
        problems.push(format!(
            "{path}: length must be <= {}, but got {length}",
            schema.uint("maxLength")
        ));
    }
    if schema.has("pattern") {
        let pattern = schema.text("pattern");
        // A pattern that is none is the schema's fault, not the value's.
        if regex::Regex::new(pattern).is_ok_and(|re| !re.is_match(text)) {
            problems.push(format!("{path}: does not match pattern {pattern:?}"));
        }
    }
    if schema.text("format") == "date-time" && parse_rfc3339(text).is_none() {
        problems.push(format!("{path}: {text:?} is not a valid date-time"));
    }
}

fn check_number(schema: &Json, value: &Json, path: &str, problems: &mut Vec<String>) {
    let Some(found) = number(value) else {
        return;
    };
    if let Some(least) = number(schema.at("minimum")).filter(|least| found < *least) {
        problems.push(format!("{path}: must be >= {least}, but found {found}"));
    }
    if let Some(most) = number(schema.at("maximum")).filter(|most| found > *most) {
        problems.push(format!("{path}: must be <= {most}, but found {found}"));
    }
}

fn check_object(
    schema: &Json,
    entries: &[(String, Json)],
    path: &str,
    depth: usize,
    problems: &mut Vec<String>,
) {
    for wanted in schema.list("required").iter().filter_map(Json::as_text) {
        if !entries.iter().any(|(key, _)| key == wanted) {
            problems.push(format!("{path}: missing property {wanted:?}"));
        }
    }
    for (key, value) in entries {
        let below = below(path, key);
        let property = schema.at("properties").key(key);
        if !property.is_null() {
            check(property, value, &below, depth + 1, problems);
            continue;
        }
        let matching = schema
            .entries("patternProperties")
            .iter()
            .find(|(pattern, _)| regex::Regex::new(pattern).is_ok_and(|re| re.is_match(key)));
        if let Some((_, property)) = matching {
            check(property, value, &below, depth + 1, problems);
            continue;
        }
        match schema.at("additionalProperties") {
            Json::Bool(false) => problems.push(format!("{path}: property {key:?} is not allowed")),
            more @ Json::Object(_) => check(more, value, &below, depth + 1, problems),
            _ => {}
        }
    }
}

fn check_choices(
    choices: &[Json],
    value: &Json,
    path: &str,
    depth: usize,
    problems: &mut Vec<String>,
) {
    let mut outcomes = Vec::new();
    for choice in choices {
        let mut found = Vec::new();
        check(choice, value, path, depth + 1, &mut found);
        outcomes.push(found);
    }
    let fitting = outcomes.iter().filter(|found| found.is_empty()).count();
    match fitting {
        1 => {}
        0 => {
            // The choice that comes closest says what is missing.
            let closest = outcomes
                .into_iter()
                .min_by_key(Vec::len)
                .unwrap_or_default();
            problems.extend(closest);
        }
        _ => problems.push(format!(
            "{path}: fits {fitting} choices, exactly one is allowed"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(schema: &str, value: &str) -> Vec<String> {
        validate(
            &Json::parse(schema.as_bytes()).unwrap(),
            &Json::parse(value.as_bytes()).unwrap(),
        )
    }

    #[test]
    fn each_rule_is_checked() {
        let schema = r#"{"type":"object","required":["n"],"additionalProperties":false,"properties":{
            "n":{"type":"integer","minimum":1,"maximum":9},"s":{"type":"string","pattern":"^a","minLength":2},
            "t":{"type":["string","null"],"format":"date-time"},"l":{"type":"array","items":{"enum":[1,2]}},
            "o":{"oneOf":[{"type":"string","const":"x"},{"type":"integer"}]}}}"#;
        assert_eq!(
            problems(
                schema,
                r#"{"n":1,"s":"ab","t":"2026-01-02T03:04:05Z","l":[1],"o":"x"}"#
            ),
            Vec::<String>::new()
        );
        assert_eq!(problems(schema, "{}"), ["(root): missing property \"n\""]);
        assert_eq!(
            problems(schema, r#"{"n":0}"#),
            ["n: must be >= 1, but found 0"]
        );
        assert_eq!(
            problems(schema, r#"{"n":1.5}"#),
            ["n: expected integer, but got number"]
        );
        assert_eq!(
            problems(schema, r#"{"n":1,"x":1}"#),
            ["(root): property \"x\" is not allowed"]
        );
        assert_eq!(problems(schema, r#"{"n":1,"s":"b"}"#).len(), 2);
        assert_eq!(
            problems(schema, r#"{"n":1,"t":"x"}"#),
            ["t: \"x\" is not a valid date-time"]
        );
        assert_eq!(
            problems(schema, r#"{"n":1,"t":null,"l":[3]}"#),
            ["l.0: value must be one of 1, 2"]
        );
        assert_eq!(
            problems(schema, r#"{"n":1,"o":"y"}"#),
            ["o: value must be \"x\""]
        );
        assert_eq!(
            problems(schema, "[]"),
            ["(root): expected object, but got array"]
        );
    }

    #[test]
    fn a_usual_stream_configuration_is_valid() {
        let schema = super::super::find("io.nats.jetstream.api.v1.stream_configuration").unwrap();
        let value = Json::parse(br#"{"name":"S","subjects":["s.*"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"storage":"file","discard":"old","num_replicas":1,"duplicate_window":120000000000}"#).unwrap();
        assert_eq!(validate(&schema, &value), Vec::<String>::new());
        let bad = value.with("storage", "tape");
        assert!(!validate(&schema, &bad).is_empty());
    }
}
