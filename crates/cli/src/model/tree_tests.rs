//! The tree against that of the original, in `tests/data/commands.json`.

use std::collections::BTreeMap;

use super::{CONNECTION_NAME, Command, Flag, GLOBAL_FLAGS, Kind, commands};
use crate::output::Json;

/// Commands that the original does not have.
const OURS: &[&str] = &["server run"];

fn data() -> Json {
    Json::parse(include_bytes!("../../tests/data/commands.json")).unwrap()
}

fn all(prefix: &str, commands: &[Command], out: &mut BTreeMap<String, Command>) {
    for command in commands {
        let path = format!("{prefix}{}", command.name);
        all(&format!("{path} "), command.commands, out);
        out.insert(path, *command);
    }
}

/// A flag in the form of the data.
fn described(flag: &Flag) -> Json {
    let kind = match flag.kind {
        Kind::Switch | Kind::Negatable => "switch",
        Kind::Text => "text",
        Kind::Int | Kind::Int64 | Kind::Within(..) => "int",
        Kind::Uint => "uint",
        Kind::Duration => "duration",
        Kind::File => "file",
        Kind::Regex => "regex",
        Kind::Map => "map",
        Kind::Url => "url",
        Kind::Choice(_) => "choice",
    };
    let mut out = Json::object().with("name", flag.name);
    if let Some(letter) = flag.short {
        out.set("short", letter.to_string());
    }
    out.set("kind", kind);
    if let Kind::Choice(words) = flag.kind {
        out.set(
            "values",
            Json::List(words.iter().map(|word| Json::from(*word)).collect()),
        );
    }
    for (key, set) in [
        ("repeated", flag.list),
        ("required", flag.required),
        ("hidden", flag.hidden),
        ("negatable", flag.kind == Kind::Negatable),
    ] {
        if set {
            out.set(key, true);
        }
    }
    let value_name = Some(flag.value_name).filter(|name| !name.is_empty());
    for (key, text) in [
        ("value_name", value_name),
        ("default", flag.default),
        ("env", flag.env),
        ("hidden_alias", flag.hidden_alias),
    ] {
        if let Some(text) = text {
            out.set(key, text);
        }
    }
    out
}

/// The same entries in two lists, in the same order; keys in any.
fn assert_same(what: &str, ours: &[Json], theirs: &[Json]) {
    let sorted = |entry: &Json| {
        let mut entries = entry.entries("").to_vec();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Json::Object(entries).compact()
    };
    let ours: Vec<String> = ours.iter().map(sorted).collect();
    let theirs: Vec<String> = theirs.iter().map(sorted).collect();
    let missing: Vec<&String> = theirs
        .iter()
        .filter(|entry| !ours.contains(entry))
        .collect();
    let surplus: Vec<&String> = ours
        .iter()
        .filter(|entry| !theirs.contains(entry))
        .collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "{what}: missing {missing:?}, surplus {surplus:?}"
    );
    assert_eq!(ours, theirs, "{what}: order");
}

#[test]
fn commands_arguments_and_flags_are_those_of_the_original() {
    let mut ours = BTreeMap::new();
    all("", commands(), &mut ours);
    let data = data();
    let mut known = Vec::new();
    for entry in data.list("commands") {
        let path = entry.texts("path").join(" ");
        let command = ours
            .get(&path)
            .unwrap_or_else(|| panic!("no command {path}"));
        assert_eq!(command.aliases, entry.texts("aliases"), "aliases of {path}");
        assert_eq!(command.hidden, entry.on("hidden"), "hidden {path}");
        assert_eq!(
            !command.commands.is_empty(),
            entry.on("group"),
            "group {path}"
        );
        let args: Vec<Json> = command
            .args
            .iter()
            .map(|arg| {
                let mut out = Json::object().with("name", arg.name);
                for (key, set) in [("required", arg.required), ("repeated", arg.many)] {
                    if set {
                        out.set(key, true);
                    }
                }
                if let Some(default) = arg.default {
                    out.set("default", default);
                }
                if !arg.value_name.is_empty() {
                    out.set("value_name", arg.value_name);
                }
                out
            })
            .collect();
        assert_same(&format!("arguments of {path}"), &args, entry.list("args"));
        let flags: Vec<Json> = command.own_flags().map(described).collect();
        assert_same(&path, &flags, entry.list("flags"));
        known.push(path);
    }
    let more: Vec<&String> = ours
        .keys()
        .filter(|path| !known.contains(path) && !OURS.contains(&path.as_str()))
        .collect();
    assert!(
        more.is_empty(),
        "commands that the original does not have: {more:?}"
    );
}

#[test]
fn every_command_does_something() {
    let mut ours = BTreeMap::new();
    all("", commands(), &mut ours);
    for (path, command) in ours {
        assert_eq!(command.run.is_some(), command.commands.is_empty(), "{path}");
    }
}

#[test]
fn global_flags_are_those_of_the_original() {
    let ours: Vec<Json> = GLOBAL_FLAGS.iter().map(described).collect();
    let theirs: Vec<Json> = data()
        .list("global")
        .iter()
        .map(|entry| {
            let mut entry = entry.clone();
            if entry.text("name") == "connection-name" {
                // The default has the version in it.
                entry.set("default", CONNECTION_NAME);
            }
            entry
        })
        .collect();
    assert_same("global flags", &ours, &theirs);
}

#[test]
fn names_are_unique_on_the_way_to_each_command() {
    fn check(commands: &[Command], above: &[Flag]) {
        let mut words = Vec::new();
        for command in commands {
            for word in std::iter::once(&command.name).chain(command.aliases) {
                // `auth account i` is `info` and `imports` in the original; the first counts.
                assert!(!words.contains(word) || *word == "i", "{word} twice");
                words.push(word);
            }
            let mut flags = above.to_vec();
            flags.extend(command.own_flags());
            for (at, flag) in flags.iter().enumerate() {
                for other in flags.get(at + 1..).unwrap_or_default() {
                    assert!(
                        flag.name != other.name,
                        "{}: --{} twice",
                        command.name,
                        flag.name
                    );
                    assert!(
                        flag.short.is_none() || flag.short != other.short,
                        "{}: -{:?} twice",
                        command.name,
                        flag.short
                    );
                }
            }
            check(command.commands, &flags);
        }
    }
    check(commands(), GLOBAL_FLAGS);
}
