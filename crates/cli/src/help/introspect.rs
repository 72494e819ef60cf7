//! The model as JSON, for tools that read it (`--fisk-introspect`).

use crate::model::{self, Arg, Command, Flag, Kind};
use crate::output::Json;

/// The whole model.
pub fn model() -> Json {
    Json::object()
        .with("name", model::NAME)
        .with("help", model::ABOUT)
        .with("version", model::VERSION)
        .with("author", "")
        .with("cheats", Json::Null)
        .with(
            "flags",
            Json::List(model::GLOBAL_FLAGS.iter().map(flag).collect()),
        )
        .with(
            "commands",
            Json::List(model::commands().iter().map(command).collect()),
        )
}

fn texts(texts: &[&str]) -> Json {
    Json::List(texts.iter().map(|text| Json::from(*text)).collect())
}

fn command(command: &Command) -> Json {
    Json::object()
        .with("name", command.name)
        .with("aliases", texts(command.aliases))
        .with("help", command.help)
        .with("help_long", command.long)
        .with("hidden", command.hidden)
        .with("tags", Json::List(Vec::new()))
        .with("args", Json::List(command.args.iter().map(arg).collect()))
        .with("flags", Json::List(command.own_flags().map(flag).collect()))
        .with(
            "commands",
            Json::List(command.commands.iter().map(self::command).collect()),
        )
}

fn arg(arg: &Arg) -> Json {
    Json::object()
        .with("name", arg.name)
        .with("help", arg.help)
        .with(
            "default",
            Json::List(arg.default.map(Json::from).into_iter().collect()),
        )
        .with("required", arg.required)
        .with("cumulative", arg.many)
}

fn flag(flag: &Flag) -> Json {
    let mut completions = Vec::new();
    if let Kind::Choice(words) = flag.kind {
        completions.extend(words.iter().map(|word| Json::from(*word)));
    }
    let mut out = Json::object()
        .with("name", flag.name)
        .with("help", flag.help);
    if let Some(letter) = flag.short {
        out.set("short", u32::from(letter));
    }
    out.set(
        "default",
        Json::List(flag.default.map(Json::from).into_iter().collect()),
    );
    out.set("envar", flag.env.unwrap_or_default());
    out.set("place_holder", flag.value_name);
    out.set("required", flag.required);
    out.set("hidden", flag.hidden);
    out.set("boolean", flag.kind.is_switch());
    out.set("negatable", flag.kind == Kind::Negatable);
    out.set("cumulative", flag.list);
    out.set("completions", Json::List(completions));
    out
}
