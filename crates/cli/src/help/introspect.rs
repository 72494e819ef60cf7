//! The model as JSON, for tools that read it (`--fisk-introspect`). What is
//! empty or off is left out, as the original does it.

use super::tags::tags;
use crate::commands::cheat::SHEETS;
use crate::model::{self, Arg, Command, Flag, Kind};
use crate::output::Json;

/// What the tags of commands mean, for language models.
pub const ABOUT_TAGS: &str = "\
With LLMFORMAT=1 in the environment help and output are Markdown.

Tags of commands:

 - scope:user: works for any user
 - scope:system: needs the system account
 - impact:ro: only reads
 - impact:rw: may change or send something
";

/// Commands that are no part of the model: they explain it.
const EXPLAINING: &[&str] = &["help", "cheat"];

/// The whole model.
pub fn model() -> Json {
    let cheats = SHEETS
        .iter()
        .map(|(label, text)| ((*label).to_owned(), Json::from(*text)));
    let commands = model::commands()
        .iter()
        .filter(|command| !EXPLAINING.contains(&command.name));
    Json::object()
        .with("name", model::NAME)
        .with("help", model::ABOUT)
        .with("version", model::VERSION)
        .with("cheats", Json::Object(cheats.collect()))
        .with("cheat_tags", texts(&[model::NAME]))
        .with("llm_extra_info", ABOUT_TAGS)
        .with(
            "commands",
            Json::List(commands.map(|command| self::command(&[command])).collect()),
        )
        .with("flags", flags(model::GLOBAL_FLAGS.iter()))
}

fn texts(texts: &[&str]) -> Json {
    Json::List(texts.iter().map(|text| Json::from(*text)).collect())
}

/// Sets what is on.
fn set_switch(out: &mut Json, key: &str, on: bool) {
    if on {
        out.set(key, true);
    }
}

/// Sets what is not empty.
fn set_text(out: &mut Json, key: &str, text: &str) {
    if !text.is_empty() {
        out.set(key, text);
    }
}

fn set_list(out: &mut Json, key: &str, list: Json) {
    if !list.list("").is_empty() {
        out.set(key, list);
    }
}

fn command(path: &[&'static Command]) -> Json {
    let Some(command) = path.last() else {
        return Json::Null;
    };
    let below = command.commands.iter().map(|below| {
        let mut path = path.to_vec();
        path.push(below);
        self::command(&path)
    });
    let mut out = Json::object().with("name", command.name);
    set_list(&mut out, "aliases", texts(command.aliases));
    out.set("help", command.help);
    set_text(&mut out, "help_long", command.long);
    set_switch(&mut out, "hidden", command.hidden);
    set_list(&mut out, "tags", texts(tags(path)));
    set_list(&mut out, "flags", flags(command.own_flags()));
    let args = command.args.iter().map(arg);
    set_list(&mut out, "args", Json::List(args.collect()));
    set_list(&mut out, "commands", Json::List(below.collect()));
    out
}

fn arg(arg: &Arg) -> Json {
    let mut out = Json::object().with("name", arg.name).with("help", arg.help);
    if let Some(default) = arg.default {
        out.set("default", texts(&[default]));
    }
    set_text(&mut out, "place_holder", arg.value_name);
    set_switch(&mut out, "required", arg.required);
    out.set("cumulative", arg.many);
    out
}

/// Each flag, and behind it the second name that it may have.
fn flags(flags: impl Iterator<Item = &'static Flag>) -> Json {
    let mut out = Vec::new();
    for flag in flags {
        out.push(self::flag(flag));
        if let Some(name) = flag.hidden_alias {
            let help = format!("The same as --{}", flag.name);
            let mut other = self::flag(&flag.hidden());
            other.set("name", name).set("help", help);
            out.push(other);
        }
    }
    Json::List(out)
}

fn flag(flag: &Flag) -> Json {
    let mut out = Json::object()
        .with("name", flag.name)
        .with("help", flag.help);
    if let Some(letter) = flag.short {
        out.set("short", u32::from(letter));
    }
    if let Some(default) = flag.default {
        out.set("default", texts(&[default]));
    }
    set_text(&mut out, "envar", flag.env.unwrap_or_default());
    set_text(&mut out, "place_holder", flag.value_name);
    set_switch(&mut out, "required", flag.required);
    set_switch(&mut out, "hidden", flag.hidden);
    out.set("boolean", flag.kind.is_switch());
    set_switch(&mut out, "negatable", flag.kind == Kind::Negatable);
    out.set("cumulative", flag.list);
    if let (Kind::Choice(words), false) = (flag.kind, flag.list) {
        out.set("completions", texts(words));
    }
    out
}
