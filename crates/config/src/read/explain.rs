//! The second line of an error: where the value stands, what was found there
//! and what is expected. The first line stays as tools know it.
//!
//! `FILE:LINE:COLUMN: "PATH": found FOUND, expected EXPECTED`

use std::path::Path;

use super::schema::{Inside, Key, TOP};
use super::secrets::looks_secret;
use crate::error::{Invalid, NodeId, Problem};
use crate::go_text::quote;
use crate::lang::{self, Map, Node, Place, Value};
use crate::options::Options;

/// Characters of a string that are shown; the rest is of no help.
const SHOWN_CHARS: usize = 64;
/// Keys of a map that are shown.
const SHOWN_KEYS: usize = 8;
/// Known keys that are listed when one is unknown; of longer blocks only the
/// nearest are named.
const LISTED_KEYS: usize = 24;
/// Known keys that are named for an unknown one.
const NEAREST_KEYS: usize = 3;

/// What stands at a place in the tree.
struct Found<'n> {
    path: String,
    node: &'n Node,
    meaning: Meaning,
}

/// What is known about it.
#[derive(Clone, Copy)]
enum Meaning {
    /// A known key.
    Key(&'static Key),
    /// A key that this block does not have.
    UnknownKey(&'static [Key]),
    /// Within something unknown.
    Nothing,
}

/// A file without any value.
pub(crate) fn empty(path: &Path) -> String {
    format!(
        "{}:1:1: found no option at all, expected at least one, such as \"port: 4222\"",
        path.display()
    )
}

/// Adds the second line.
pub(crate) fn add(problem: &mut Problem, root: &Map) {
    if let Some(id) = problem.node {
        problem.detail = by_id(root, Inside::Block(TOP), id, "").map(|found| line(&found));
    }
}

/// Adds the places of the options that `invalid` is about.
pub(crate) fn add_to_invalid(invalid: &mut Invalid, options: &Options) {
    let Some(path) = &options.config_file else {
        return;
    };
    // The tree is not kept. If the file has gone meanwhile, there are no places.
    let Ok(document) = lang::parse_file(path) else {
        return;
    };
    for path in &invalid.about {
        let found = by_path(&document.root, path);
        invalid.details.extend(found.map(|found| line(&found)));
    }
}

/// Where an option stands in the configuration file; `None` if it does not.
pub(crate) fn place_of(options: &Options, path: &str) -> Option<Place> {
    let document = lang::parse_file(options.config_file.as_ref()?).ok()?;
    by_path(&document.root, path).map(|found| key_place(found.node))
}

fn by_id<'n>(map: &'n Map, inside: Inside, id: NodeId, path: &str) -> Option<Found<'n>> {
    map.iter()
        .find_map(|(name, node)| in_node(node, meaning(inside, name), id, join(path, name)))
}

fn in_node(node: &Node, meaning: Meaning, id: NodeId, path: String) -> Option<Found<'_>> {
    if NodeId::of(node) == id {
        return Some(Found {
            path,
            node,
            meaning,
        });
    }
    match &node.value {
        Value::Map(map) => by_id(map, inside(meaning), id, &path),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| {
            in_node(item, item_meaning(meaning), id, format!("{path}[{at}]"))
        }),
        _ => None,
    }
}

/// What a key means.
fn meaning(inside: Inside, name: &str) -> Meaning {
    match inside {
        Inside::Unknown => Meaning::Nothing,
        Inside::Named(key) => Meaning::Key(key),
        Inside::Block(keys) => {
            let known = |key: &&Key| key.names.iter().any(|n| n.eq_ignore_ascii_case(name));
            match keys.iter().find(known) {
                Some(key) => Meaning::Key(key),
                None => Meaning::UnknownKey(keys),
            }
        }
    }
}

fn inside(meaning: Meaning) -> Inside {
    match meaning {
        Meaning::Key(key) => key.map,
        Meaning::UnknownKey(_) | Meaning::Nothing => Inside::Unknown,
    }
}

fn item_meaning(meaning: Meaning) -> Meaning {
    match meaning {
        Meaning::Key(key) => Meaning::Key(key.items.unwrap_or(key)),
        Meaning::UnknownKey(_) | Meaning::Nothing => Meaning::Nothing,
    }
}

fn join(path: &str, segment: &str) -> String {
    if path.is_empty() {
        segment.to_owned()
    } else {
        format!("{path}.{segment}")
    }
}

/// Finds `block.key` or `block.list[0].key`, whatever names the file uses.
fn by_path<'n>(root: &'n Map, path: &str) -> Option<Found<'n>> {
    let mut map = root;
    let mut inside_of = Inside::Block(TOP);
    let mut shown = String::new();
    let mut segments = path.split('.').peekable();
    while let Some(segment) = segments.next() {
        let (name, index) = match segment.strip_suffix(']').and_then(|s| s.split_once('[')) {
            Some((name, index)) => (name, Some(index.parse::<usize>().ok()?)),
            None => (segment, None),
        };
        let names: &[&str] = match inside_of {
            Inside::Block(keys) => keys.iter().find(|k| k.names.contains(&name))?.names,
            Inside::Named(_) | Inside::Unknown => &[name],
        };
        let written = map
            .iter()
            .filter(|(key, _)| names.iter().any(|n| n.eq_ignore_ascii_case(key)))
            .last();
        let (key, mut node) = written?;
        let mut meaning = meaning(inside_of, key);
        shown = join(&shown, key);
        if let Some(index) = index {
            // One value may stand for a list of one.
            if let Value::Array(items) = &node.value {
                node = items.get(index)?;
                shown = format!("{shown}[{index}]");
                meaning = item_meaning(meaning);
            }
        }
        match &node.value {
            _ if segments.peek().is_none() => {
                return Some(Found {
                    path: shown,
                    node,
                    meaning,
                });
            }
            Value::Map(inner) => map = inner,
            _ => return None,
        }
        inside_of = inside(meaning);
    }
    None
}

fn line(found: &Found<'_>) -> String {
    let path = quote(&found.path);
    match found.meaning {
        Meaning::UnknownKey(keys) => {
            let name = found.path.rsplit('.').next().unwrap_or(&found.path);
            format!(
                "{}: {path}: found an unknown key, expected {}",
                key_place(found.node),
                known(keys, name)
            )
        }
        Meaning::Key(key) => format!(
            "{}: {path}: found {}{}, expected {}",
            found.node.at,
            shown(found.node, key.secret),
            origin(found.node),
            key.expected
        ),
        Meaning::Nothing => format!(
            "{}: {path}: found {}{}, which cannot stand here",
            found.node.at,
            shown(found.node, true),
            origin(found.node)
        ),
    }
}

/// Where the key stands, or the value of a list.
fn key_place(node: &Node) -> Place {
    match node.pos.file.is_empty() {
        true => node.at.clone(),
        false => Place::from(&node.pos),
    }
}

fn origin(node: &Node) -> String {
    match &node.variable {
        None => String::new(),
        Some(variable) => match &variable.defined {
            Some(place) => format!(" (the variable {} of {place})", variable.name),
            None => format!(" (the environment variable {})", variable.name),
        },
    }
}

/// The value in words. Secrets are named by their type only.
fn shown(node: &Node, secret: bool) -> String {
    match &node.value {
        Value::String(text) if secret || looks_secret(text) => "a string (not shown)".to_owned(),
        Value::String(text) if text.is_empty() => "an empty string".to_owned(),
        Value::String(text) => {
            let mut start: String = text.chars().take(SHOWN_CHARS).collect();
            if start.len() < text.len() {
                start.push('…');
            }
            format!("the string {}", quote(&start))
        }
        Value::Integer(_) | Value::Float(_) if secret => "a number (not shown)".to_owned(),
        Value::Integer(_) | Value::Float(_) => format!("the number {}", node.shown()),
        Value::Bool(yes) => format!("the boolean {yes}"),
        Value::DateTime(_) if secret => "a date (not shown)".to_owned(),
        Value::DateTime(text) => format!("the date {text}"),
        Value::Array(items) => match items.len() {
            0 => "an empty list".to_owned(),
            1 => "a list with one value".to_owned(),
            many => format!("a list with {many} values"),
        },
        Value::Map(map) if map.is_empty() => "an empty map".to_owned(),
        Value::Map(map) => {
            let keys: Vec<&str> = map.iter().map(|(key, _)| key).take(SHOWN_KEYS).collect();
            let more = if map.len() > SHOWN_KEYS { ", …" } else { "" };
            format!("a map with {}{more}", keys.join(", "))
        }
    }
}

/// Keys that could have been meant.
fn known(keys: &[Key], wrong: &str) -> String {
    let names = keys.iter().filter_map(|key| key.names.first().copied());
    if keys.len() <= LISTED_KEYS {
        return format!("one of {}", names.collect::<Vec<_>>().join(", "));
    }
    let wrong = wrong.to_lowercase();
    let mut near: Vec<(usize, &str)> = names
        .map(|name| (distance(&wrong, name), name))
        .filter(|(distance, _)| *distance <= 1 + wrong.len() / 3)
        .collect();
    near.sort();
    let near: Vec<&str> = near
        .iter()
        .take(NEAREST_KEYS)
        .map(|(_, name)| *name)
        .collect();
    match near.as_slice() {
        [] => "a known one".to_owned(),
        near => format!("a known one, such as {}", near.join(", ")),
    }
}

/// Number of characters to change, put in or leave out to come from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let change = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
