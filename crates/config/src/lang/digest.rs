//! The configuration digest: SHA-256 over a canonical JSON (configuration.md 1.12).

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::value::{Map, Node, Value};

/// `sha256:` and 64 lower-case hex digits for the parsed top level.
pub fn digest(root: &Map) -> String {
    let mut json = String::new();
    write_map(&mut json, root);
    json.push('\n');
    let mut out = String::from("sha256:");
    for byte in Sha256::digest(json.as_bytes()) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn write_map(out: &mut String, map: &Map) {
    let mut entries: Vec<(&str, &Node)> = map.iter().collect();
    entries.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    out.push('{');
    for (at, (key, node)) in entries.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_string(out, key);
        out.push(':');
        write_value(out, &node.value);
    }
    out.push('}');
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::String(text) | Value::DateTime(text) => write_string(out, text),
        Value::Integer(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => out.push_str(&crate::go_text::float_json(*number)),
        Value::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(out, &item.value);
            }
            out.push(']');
        }
        Value::Map(map) => write_map(out, map),
    }
}

/// JSON with the HTML escapes of the reference.
fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
