//! Configurations as YAML that people edit: every field with what its schema
//! says about it, spans of time in words.

use crate::bail;
use crate::commands::assets::shape::{Kind, Shape};
use crate::failure::Result;
use crate::format::{go_duration, parse_duration};
use crate::output::{Json, yaml};
use crate::schemas;

/// Blanks by which what is within something is shifted.
const INDENT: usize = 4;
/// How comments of schemas begin at spans of time.
const SPAN_COMMENT: &str = "nanoseconds depicting a duration";

/// A configuration as text; `schema` is the name of its schema.
pub fn write(shape: &Shape, schema: &str, config: &Json) -> String {
    let about = schemas::find(schema).unwrap_or_default();
    let mut out = format!("# Schema: {schema}\n");
    let required = about.texts("required");
    if !required.is_empty() {
        out.push_str(&format!("#\n#   Required Items: {}\n", required.join(", ")));
    }
    push_fields(&mut out, shape, config, &about, 0, Comments::Deep);
    out
}

/// What of a configuration's fields is explained.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comments {
    /// They, and what is in them.
    Deep,
    /// They.
    Flat,
    /// Nothing.
    None,
}

fn push_fields(
    out: &mut String,
    shape: &Shape,
    value: &Json,
    about: &Json,
    indent: usize,
    comments: Comments,
) {
    let space = " ".repeat(indent);
    let inner = match comments {
        Comments::Deep => Comments::Flat,
        Comments::Flat | Comments::None => Comments::None,
    };
    for field in shape.fields {
        let about = about.at("properties").key(field.key);
        if comments != Comments::None {
            push_comment(out, about, &space);
        }
        let found = value.key(field.key);
        out.push_str(&format!("{space}{}:", field.key));
        match (field.kind, found) {
            (Kind::Struct(shape), found) | (Kind::Optional(shape), found @ Json::Object(_)) => {
                out.push('\n');
                push_fields(out, shape, found, about, deeper(indent), inner);
            }
            (Kind::List(shape, _), Json::List(values)) if !values.is_empty() => {
                push_list_head(out, about, indent, comments);
                let space = " ".repeat(indent + INDENT);
                for value in values {
                    out.push_str(&format!("{space}- \n"));
                    let mut item = String::new();
                    let about = about.at("items");
                    push_fields(&mut item, shape, value, about, indent + INDENT + 2, inner);
                    // The mark of an item stands for the empty line above its first field.
                    let head = format!("{}\n", " ".repeat(indent + INDENT + 2));
                    out.push_str(item.strip_prefix(&head).unwrap_or(&item));
                }
            }
            (Kind::Names | Kind::Spans, Json::List(values)) if !values.is_empty() => {
                push_list_head(out, about, indent, comments);
                let space = " ".repeat(indent + INDENT);
                for value in values {
                    let kind = match field.kind {
                        Kind::Spans => Kind::Span,
                        _ => Kind::Text,
                    };
                    out.push_str(&format!("{space}- {}\n", scalar(kind, value)));
                }
            }
            (Kind::Labels, Json::Object(entries)) if !entries.is_empty() => {
                out.push('\n');
                let space = " ".repeat(deeper(indent));
                for (key, value) in entries {
                    let (key, value) = (text(key), scalar(Kind::Text, value));
                    out.push_str(&format!("{space}{key}: {value}\n"));
                }
            }
            (kind, found) => out.push_str(&format!(" {}\n", scalar(kind, found))),
        }
    }
}

/// The next column that things within something stand at.
fn deeper(indent: usize) -> usize {
    (indent / INDENT + 1) * INDENT
}

/// Lists explain themselves again above their first item.
fn push_list_head(out: &mut String, about: &Json, indent: usize, comments: Comments) {
    out.push('\n');
    if comments == Comments::Deep {
        push_comment(out, about, &" ".repeat(indent + INDENT));
    }
}

/// What a schema says about a field, below an empty line.
fn push_comment(out: &mut String, about: &Json, space: &str) {
    if about.is_null() {
        return;
    }
    let description = about.text("description");
    let Some(kind) = about.at("type").as_text() else {
        if !description.is_empty() {
            out.push_str(&format!("{space}# {description}\n"));
        }
        return;
    };
    out.push_str(&format!("{space}\n{space}# {description}\n{space}#\n"));
    let comment = about.text("$comment");
    if comment.contains(SPAN_COMMENT) {
        out.push_str(&format!("{space}#   Type: duration like 10s or 2h1m5s\n"));
        return;
    }
    let limits: Vec<String> = match kind {
        "integer" => vec![("min", "minimum"), ("max", "maximum")],
        "string" => vec![
            ("min length", "minLength"),
            ("max length", "maxLength"),
            ("pattern", "pattern"),
        ],
        "array" => vec![("min items", "minItems")],
        _ => Vec::new(),
    }
    .into_iter()
    .filter_map(|(label, key)| match about.key(key) {
        Json::Null => None,
        Json::Text(text) => Some(format!("{label}: {text}")),
        limit => Some(format!("{label}: {}", limit.compact())),
    })
    .chain(
        about
            .at("items.type")
            .as_text()
            .filter(|items| *items != "object")
            .map(|items| format!("items: {items}")),
    )
    .collect();
    out.push_str(&format!("{space}#   Type: {kind}"));
    if !limits.is_empty() {
        out.push_str(&format!(" ({})", limits.join(", ")));
    }
    out.push('\n');
    if !comment.is_empty() {
        out.push_str(&format!("{space}#   Comment: {comment}\n"));
    }
    let words = about.texts("enum");
    if !words.is_empty() {
        out.push_str(&format!("{space}#   Valid Values: {}\n", words.join(", ")));
    }
}

fn scalar(kind: Kind, value: &Json) -> String {
    let zero = kind.zero();
    let value = if value.is_null() { &zero } else { value };
    match (kind, value) {
        (Kind::Span, value) => go_duration(value.as_int().unwrap_or_default()),
        (Kind::Time | Kind::OptionalTime, Json::Text(time)) => time.clone(),
        (Kind::Names | Kind::Spans | Kind::List(..), _) => "[]".to_owned(),
        (Kind::Labels, _) => "{}".to_owned(),
        (_, Json::Text(value)) => text(value),
        (_, value) => value.compact(),
    }
}

/// A text, in quotes if it needs them.
fn text(value: &str) -> String {
    // Read alone, it would be something else.
    let is_other = !matches!(yaml::parse(value), Ok(Json::Text(read)) if read == value);
    let is_word = |word: &str| value.eq_ignore_ascii_case(word);
    let is_plain = value
        .starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '/' | '.'))
        && !value.contains(": ")
        && !value.contains(" #")
        && !value.ends_with([':', ' '])
        && !value.contains(char::is_control);
    if is_plain
        && !is_other
        && !["yes", "no", "on", "off", "y", "n"]
            .iter()
            .any(|w| is_word(w))
    {
        value.to_owned()
    } else if value.is_empty() || is_plain || value.contains(char::is_control) {
        Json::from(value).compact()
    } else {
        format!("'{}'", value.replace('\'', "''"))
    }
}

/// Reads a text back that [`write`] made.
pub fn read(shape: &Shape, text: &str) -> Result<Json> {
    match yaml::parse(text)? {
        value @ Json::Object(_) => Ok(shape.known(&in_nanoseconds(shape, &value)?)),
        _ => bail!("the configuration is empty"),
    }
}

/// The structure with spans of time as numbers.
fn in_nanoseconds(shape: &Shape, value: &Json) -> Result<Json> {
    let mut out = value.clone();
    for field in shape.fields {
        let found = value.key(field.key);
        let read = match (field.kind, found) {
            (Kind::Span, Json::Text(span)) => Json::from(parse_duration(span)?),
            (Kind::Spans, Json::List(spans)) => Json::List(
                spans
                    .iter()
                    .map(|span| match span.as_text() {
                        Some(span) => parse_duration(span).map(Json::from),
                        None => Ok(span.clone()),
                    })
                    .collect::<Result<_>>()?,
            ),
            (Kind::Struct(shape) | Kind::Optional(shape), Json::Object(_)) => {
                in_nanoseconds(shape, found)?
            }
            (Kind::List(shape, _), Json::List(values)) => Json::List(
                values
                    .iter()
                    .map(|value| in_nanoseconds(shape, value))
                    .collect::<Result<_>>()?,
            ),
            _ => continue,
        };
        out.set(field.key, read);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::shape::STREAM_CONFIG;
    use super::*;

    const SCHEMA: &str = "io.nats.jetstream.api.v1.stream_configuration";

    #[test]
    fn what_was_written_is_read_again() {
        let config = Json::parse(
            br#"{"name":"S","description":"it: is # so","subjects":["a.>","*.b","true",""],"max_age":90000000000,
            "metadata":{"k":"1"},"placement":{"cluster":"c","tags":["t"]},"republish":{"src":">","dest":"r.>"},
            "sources":[{"name":"A","external":{"api":"x","deliver":""}},{"name":"B","opt_start_time":"2026-01-02T03:04:05Z"}],
            "consumer_limits":{"inactive_threshold":1000000000}}"#,
        )
        .unwrap();
        let text = write(&STREAM_CONFIG, SCHEMA, &config);
        assert_eq!(
            read(&STREAM_CONFIG, &text).unwrap().compact(),
            STREAM_CONFIG.known(&config).compact(),
            "{text}"
        );
        for wanted in [
            "\n\n# The storage backend to use for the Stream.\n#\n#   Type: string\n#   Valid Values: file, memory\nstorage: file\n",
            "\n#   Type: duration like 10s or 2h1m5s\nmax_age: 1m30s\n",
            "\nmirror: null\n",
            "\n    \n    # Maximum value for inactive_threshold for consumers",
            "\n    - a.>\n    - '*.b'\n    - \"true\"\n    - \"\"\n",
            "\n    - \n      # Stream name\n      #\n      #   Type: string (min length: 1, pattern: ^[^.*>]+$)\n      name: A\n",
            "\n      external:\n        api: x\n        deliver: \"\"\n",
            "\nmetadata:\n    k: \"1\"\n",
        ] {
            assert!(text.contains(wanted), "{wanted} is not in {text}");
        }
    }

    #[test]
    fn a_text_that_cannot_be_read_is_an_error() {
        assert!(read(&STREAM_CONFIG, "a: [").is_err());
        assert!(read(&STREAM_CONFIG, "max_age: long").is_err());
        assert!(read(&STREAM_CONFIG, "").is_err());
    }
}
