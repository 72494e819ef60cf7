//! Values in a difference: whole ones, and those that did not change, of
//! which less is shown.

use super::layout::{Entry, Mark, Node};
use crate::commands::assets::shape::{Kind, Shape};
use crate::format::{go_duration, go_time};
use crate::output::Json;

/// Entries that are shown of something that did not change.
const SAME_ENTRIES: usize = 4;
/// Entries that are shown of something that came or went.
const WHOLE_ENTRIES: usize = 16;
/// Bytes that are shown of a text that did not change.
const SAME_TEXT: usize = 64;
/// Bytes that are shown of a text that came or went.
const WHOLE_TEXT: usize = 256;

/// A text in quotes; behind backticks if that needs no escapes.
fn quoted(text: &str, most: usize) -> String {
    let mut end = text.len();
    if end > most + 3 {
        end = most;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
    }
    let shown = text.get(..end).unwrap_or_default();
    let escaped = format!("{shown:?}");
    let is_plain = |letter: char| letter != '`' && (letter == '\t' || !letter.is_control());
    let literal = if escaped.len() != shown.len() + 2 && shown.chars().all(is_plain) {
        format!("`{shown}`")
    } else {
        escaped
    };
    let rest = if end < text.len() { "..." } else { "" };
    format!("{literal}{rest}")
}

/// A text as a value that came or went.
pub fn whole_text(text: &str) -> Node {
    Node::line(quoted(text, WHOLE_TEXT))
}

/// Values that are no structures and no lists.
fn plain(kind: Kind, value: &Json, most: usize) -> Node {
    let value = if value.is_null() {
        kind.zero()
    } else {
        value.clone()
    };
    Node::line(match (kind, &value) {
        (Kind::Text, Json::Text(text)) => quoted(text, most),
        (Kind::Word(words), Json::Text(text)) => {
            let text = if text.is_empty() {
                words.first().map_or("", |(word, _)| *word)
            } else {
                text
            };
            let shown = words.iter().find(|(word, _)| *word == text);
            format!("s{:?}", shown.map_or(text, |(_, shown)| *shown))
        }
        (Kind::Span, value) => format!("s{:?}", go_duration(value.as_int().unwrap_or_default())),
        (Kind::Time | Kind::OptionalTime, Json::Text(text)) => format!("s{:?}", go_time(text)),
        (_, Json::Null) => "nil".to_owned(),
        (_, value) => value.compact(),
    })
}

fn limited(mut entries: Vec<Entry>, most: usize) -> Vec<Entry> {
    if entries.len() > most {
        entries.truncate(most);
        entries.push(Entry::ellipsis(""));
    }
    entries
}

/// Texts in their order, or sorted where that does not matter.
pub fn sorted(value: &Json) -> Vec<String> {
    let mut texts = value.texts("");
    texts.sort();
    texts
}

fn texts(texts: &[String], name: &str, most: usize, longest: usize) -> Node {
    let entries = texts
        .iter()
        .map(|text| Entry::new(Mark::Same, "", Node::line(quoted(text, longest))))
        .collect();
    Node::braces(name, limited(entries, most))
}

/// Sorted texts that did not change, or of which there was at most one.
pub fn names(value: &Json, mark: Mark) -> Node {
    let found = sorted(value);
    let (most, longest) = match mark {
        Mark::Same => (SAME_ENTRIES, SAME_TEXT),
        Mark::Removed | Mark::Inserted => (WHOLE_ENTRIES, WHOLE_TEXT),
    };
    let list = if found.is_empty() {
        Node::line("[]string(nil)")
    } else {
        texts(&found, "[]string", most, longest)
    };
    let list = Node::wrapped("Inverse(Sort, ", list, ")");
    match mark {
        Mark::Same => list,
        Mark::Removed | Mark::Inserted => Node::wrapped("[]string(", list, ")"),
    }
}

fn labels(value: &Json, name: &str, most: usize, longest: usize) -> Node {
    let entries = value
        .entries("")
        .iter()
        .map(|(key, text)| {
            let text = quoted(text.as_text().unwrap_or_default(), longest);
            Entry::new(Mark::Same, quoted(key, longest), Node::line(text))
        })
        .collect();
    Node::braces(name, limited(entries, most))
}

/// The fields of a structure that are set.
fn fields(shape: &Shape, value: &Json, most: usize, inner: fn(Kind, &Json) -> Node) -> Vec<Entry> {
    let set = shape
        .fields
        .iter()
        .filter(|field| !field.kind.is_unset(value.key(field.key)))
        .map(|field| {
            Entry::new(
                Mark::Same,
                field.name,
                inner(field.kind, value.key(field.key)),
            )
        })
        .collect();
    limited(set, most)
}

/// A value that did not change.
pub fn same(kind: Kind, value: &Json) -> Node {
    match (kind, value) {
        (Kind::Names, value) => names(value, Mark::Same),
        (Kind::Labels, Json::Object(_)) => labels(value, "", SAME_ENTRIES, SAME_TEXT),
        (Kind::Struct(shape), value) => Node::braces("", fields(shape, value, SAME_ENTRIES, same)),
        (Kind::Optional(shape), Json::Object(_)) => {
            Node::braces("&", fields(shape, value, SAME_ENTRIES, same))
        }
        (Kind::List(shape, by_reference), Json::List(values)) => {
            let entries = values
                .iter()
                .map(|value| Entry::new(Mark::Same, "", same_element(shape, by_reference, value)))
                .collect();
            Node::braces("", limited(entries, SAME_ENTRIES))
        }
        (Kind::Spans, Json::List(values)) => spans("", values),
        (kind, value) => plain(kind, value, SAME_TEXT),
    }
}

/// A value that came or went.
pub fn whole(kind: Kind, value: &Json) -> Node {
    match (kind, value) {
        (Kind::Names, Json::List(_)) => {
            texts(&value.texts(""), "[]string", WHOLE_ENTRIES, WHOLE_TEXT)
        }
        (Kind::Labels, Json::Object(_)) => {
            labels(value, "map[string]string", WHOLE_ENTRIES, WHOLE_TEXT)
        }
        (Kind::Struct(shape), value) => element(shape, value, shape.name),
        (Kind::Optional(shape), Json::Object(_)) => {
            element(shape, value, &format!("&{}", shape.name))
        }
        (Kind::List(shape, by_reference), Json::List(values)) => {
            let sign = if by_reference { "&" } else { "" };
            let entries = values
                .iter()
                .map(|value| Entry::new(Mark::Same, "", element(shape, value, sign)))
                .collect();
            Node::braces(
                &list_type(shape, by_reference),
                limited(entries, WHOLE_ENTRIES),
            )
        }
        (Kind::Spans, Json::List(values)) => spans("[]time.Duration", values),
        (kind, value) => plain(kind, value, WHOLE_TEXT),
    }
}

/// A structure in a list that did not change.
pub fn same_element(shape: &Shape, by_reference: bool, value: &Json) -> Node {
    let sign = if by_reference { "&" } else { "" };
    Node::braces(sign, fields(shape, value, SAME_ENTRIES, same))
}

/// Type of a list of structures.
pub fn list_type(shape: &Shape, by_reference: bool) -> String {
    let star = if by_reference { "*" } else { "" };
    format!("[]{star}{}", shape.name)
}

/// A whole structure behind the name of its type.
pub fn element(shape: &Shape, value: &Json, name: &str) -> Node {
    Node::braces(name, fields(shape, value, WHOLE_ENTRIES, whole))
}

fn spans(name: &str, values: &[Json]) -> Node {
    let entries = values
        .iter()
        .map(|value| Entry::new(Mark::Same, "", plain(Kind::Span, value, 0)))
        .collect();
    Node::braces(name, limited(entries, WHOLE_ENTRIES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_need_as_few_escapes_as_can_be() {
        assert_eq!(quoted("a", 64), "\"a\"");
        assert_eq!(quoted("a\"b", 64), "`a\"b`");
        assert_eq!(quoted("a\"`b", 64), "\"a\\\"`b\"");
        assert_eq!(quoted("12345678", 4), "\"1234\"...");
    }
}
