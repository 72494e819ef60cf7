//! Validation against JSON Schema, as far as the schemas of NATS use it: they
//! have no references and no conditions.

use crate::format::parse_rfc3339;
use crate::output::Json;

/// Deepest nesting of values and schemas that is looked at.
const MAX_DEPTH: usize = 64;

/// What is wrong with a value; nothing if it fits. Places in it are JSON
/// pointers, which the whole of it has none of.
pub fn validate(schema: &Json, value: &Json) -> Vec<String> {
    check(schema, value, "", 0)
}

/// A problem at a place.
fn at(path: &str, what: &str) -> String {
    if path.is_empty() {
        what.to_owned()
    } else {
        format!("{path}: {what}")
    }
}

/// A text in single quotes.
fn quoted(text: &str) -> String {
    let escaped = format!("{text:?}")
        .replace("\\\"", "\"")
        .replace('\'', "\\'");
    let inner = escaped.get(1..escaped.len().saturating_sub(1));
    format!("'{}'", inner.unwrap_or_default())
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

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Int(number) => Some(*number as f64),
        Json::Float(number) => Some(*number),
        _ => None,
    }
}

/// Problems of a part, below a line for the part if there are several.
fn check_part(schema: &Json, value: &Json, path: &str, depth: usize) -> Vec<String> {
    let mut found = check(schema, value, path, depth);
    if found.len() > 1 {
        found.insert(0, at(path, ""));
    }
    found
}

fn check(schema: &Json, value: &Json, path: &str, depth: usize) -> Vec<String> {
    if depth > MAX_DEPTH {
        return vec![at(path, "nested too deeply")];
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
        // Numbers are told apart by what is wanted only.
        let got = match kind(value) {
            "integer" => "number",
            got => got,
        };
        let what = format!("expected {wanted}, but got {got}");
        return vec![at(path, &what)];
    }
    let mut problems = Vec::new();
    let mut problem = |what: String| problems.push(at(path, &what));
    if schema.has("const") && schema.at("const") != value {
        problem(format!("value must be {}", schema.at("const").compact()));
    }
    if schema.has("enum") && !schema.list("enum").contains(value) {
        let words: Vec<String> = schema.list("enum").iter().map(Json::compact).collect();
        problem(format!("value must be one of {}", words.join(", ")));
    }
    match value {
        Json::Text(text) => check_text(schema, text, &mut problem),
        Json::Int(_) | Json::Float(_) => check_number(schema, value, &mut problem),
        Json::List(values) => {
            if schema.has("items") {
                for (place, value) in values.iter().enumerate() {
                    let below = format!("{path}/{place}");
                    problems.extend(check_part(schema.at("items"), value, &below, depth + 1));
                }
            }
        }
        Json::Object(entries) => problems.extend(check_object(schema, entries, path, depth)),
        Json::Null | Json::Bool(_) => {}
    }
    for part in schema.list("allOf") {
        problems.extend(check_part(part, value, path, depth + 1));
    }
    let choices = schema.list("oneOf");
    if !choices.is_empty() {
        problems.extend(check_choices(choices, value, path, depth));
    }
    problems
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

fn check_text(schema: &Json, text: &str, problem: &mut impl FnMut(String)) {
    if schema.text("format") == "date-time" && parse_rfc3339(text).is_none() {
        problem(format!("{} is not valid 'date-time'", quoted(text)));
    }
    let length = text.chars().count() as u64;
    if schema.has("minLength") && length < schema.uint("minLength") {
        let least = schema.uint("minLength");
        problem(format!("length must be >= {least}, but got {length}"));
    }
    if schema.has("maxLength") && length > schema.uint("maxLength") {
        let most = schema.uint("maxLength");
        problem(format!("length must be <= {most}, but got {length}"));
    }
    if schema.has("pattern") {
        let pattern = schema.text("pattern");
        // A pattern that is none is the schema's fault, not the value's.
        if regex::Regex::new(pattern).is_ok_and(|re| !re.is_match(text)) {
            problem(format!("does not match pattern {}", quoted(pattern)));
        }
    }
}

fn check_number(schema: &Json, value: &Json, problem: &mut impl FnMut(String)) {
    let Some(found) = number(value) else {
        return;
    };
    if let Some(least) = number(schema.at("minimum")).filter(|least| found < *least) {
        problem(format!("must be >= {least} but found {found}"));
    }
    if let Some(most) = number(schema.at("maximum")).filter(|most| found > *most) {
        problem(format!("must be <= {most} but found {found}"));
    }
}

fn check_object(
    schema: &Json,
    entries: &[(String, Json)],
    path: &str,
    depth: usize,
) -> Vec<String> {
    let mut problems = Vec::new();
    let missing: Vec<String> = schema
        .list("required")
        .iter()
        .filter_map(Json::as_text)
        .filter(|wanted| !entries.iter().any(|(key, _)| key == wanted))
        .map(quoted)
        .collect();
    if !missing.is_empty() {
        let what = format!("missing properties: {}", missing.join(", "));
        problems.push(at(path, &what));
    }
    let mut unknown = Vec::new();
    for (key, value) in entries {
        let below = format!("{path}/{key}");
        let property = schema.at("properties").key(key);
        if !property.is_null() {
            problems.extend(check_part(property, value, &below, depth + 1));
            continue;
        }
        let matching = schema
            .entries("patternProperties")
            .iter()
            .find(|(pattern, _)| regex::Regex::new(pattern).is_ok_and(|re| re.is_match(key)));
        if let Some((_, property)) = matching {
            problems.extend(check_part(property, value, &below, depth + 1));
            continue;
        }
        match schema.at("additionalProperties") {
            Json::Bool(false) => unknown.push(quoted(key)),
            more @ Json::Object(_) => problems.extend(check_part(more, value, &below, depth + 1)),
            _ => {}
        }
    }
    if !unknown.is_empty() {
        let what = format!("additionalProperties {} not allowed", unknown.join(", "));
        problems.push(at(path, &what));
    }
    problems
}

fn check_choices(choices: &[Json], value: &Json, path: &str, depth: usize) -> Vec<String> {
    let outcomes: Vec<Vec<String>> = choices
        .iter()
        .map(|choice| check_part(choice, value, path, depth + 1))
        .collect();
    let mut fitting = outcomes
        .iter()
        .enumerate()
        .filter(|(_, found)| found.is_empty())
        .map(|(place, _)| place);
    match (fitting.next(), fitting.next()) {
        (None, _) => outcomes.concat(),
        (Some(_), None) => Vec::new(),
        (Some(first), Some(second)) => {
            let what = format!("valid against schemas at indexes {first} and {second}");
            vec![at(path, &what)]
        }
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
        assert_eq!(problems(schema, "{}"), ["missing properties: 'n'"]);
        assert_eq!(
            problems(schema, r#"{"n":0}"#),
            ["/n: must be >= 1 but found 0"]
        );
        assert_eq!(
            problems(schema, r#"{"n":1.5}"#),
            ["/n: expected integer, but got number"]
        );
        assert_eq!(
            problems(schema, r#"{"n":1,"x":1}"#),
            ["additionalProperties 'x' not allowed"]
        );
        assert_eq!(problems(schema, r#"{"n":1,"s":"b"}"#).len(), 3);
        assert_eq!(
            problems(schema, r#"{"n":1,"t":"x"}"#),
            ["/t: 'x' is not valid 'date-time'"]
        );
        assert_eq!(
            problems(schema, r#"{"n":1,"t":null,"l":[3]}"#),
            ["/l/0: value must be one of 1, 2"]
        );
        assert_eq!(
            problems(schema, r#"{"n":1,"o":"y"}"#),
            [
                "/o: ",
                "/o: value must be \"x\"",
                "/o: expected integer, but got string"
            ]
        );
        assert_eq!(problems(schema, "[]"), ["expected object, but got array"]);
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
