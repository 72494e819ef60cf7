//! Pieces that several texts need.

use crate::model::{self, Arg, Command, Flag, Kind};

/// The command that words lead to, with its groups; as far as they lead.
pub fn find(words: &[String]) -> Vec<&'static Command> {
    let mut path: Vec<&'static Command> = Vec::new();
    for word in words {
        let commands = path
            .last()
            .map_or(model::commands(), |command| command.commands);
        match commands.iter().find(|command| command.is_called(word)) {
            Some(command) => path.push(command),
            None => break,
        }
    }
    path
}

/// What stands for the value of a flag: its name, the default, or the name of
/// the flag.
pub fn value_text(flag: &Flag) -> String {
    match flag.default {
        _ if !flag.value_name.is_empty() => flag.value_name.to_owned(),
        Some(default) if flag.kind == Kind::Text && !flag.list => format!("{default:?}"),
        Some(default) => default.to_owned(),
        None => flag.name.to_uppercase(),
    }
}

/// `--name` or `--[no-]name`.
pub fn flag_name(flag: &Flag) -> String {
    let no = if flag.kind == Kind::Negatable {
        "[no-]"
    } else {
        ""
    };
    format!("--{no}{}", flag.name)
}

/// `--name=VALUE`, without the letter.
pub fn flag_text(flag: &Flag) -> String {
    let name = flag_name(flag);
    if flag.kind.is_switch() {
        return name;
    }
    let value = value_text(flag);
    let more = if flag.list { " ..." } else { "" };
    format!("{name}={value}{more}")
}

/// What a list of commands calls an argument.
fn listed_name(arg: &Arg) -> String {
    match arg.value_name {
        "" => own_name(arg),
        name => name.to_owned(),
    }
}

fn own_name(arg: &Arg) -> String {
    format!("<{}>", arg.name)
}

/// Flags of a command that lists show.
pub fn visible_flags(command: &Command) -> Vec<&'static Flag> {
    command.own_flags().filter(|flag| !flag.hidden).collect()
}

/// What follows the program's name in a call of the command, as lists of
/// commands have it.
pub fn signature(path: &[&'static Command]) -> String {
    call(path, listed_name)
}

/// The same as the first line of a usage has it: with the arguments' own names.
pub fn usage_line(path: &[&'static Command]) -> String {
    call(path, own_name)
}

fn call(path: &[&'static Command], name: fn(&Arg) -> String) -> String {
    let mut out: Vec<String> = path.iter().map(|command| command.name.to_owned()).collect();
    let last = path.last();
    if last.is_none_or(|command| command.own_flags().next().is_some()) {
        out.push("[<flags>]".to_owned());
    }
    match last {
        Some(command) if command.commands.is_empty() => {
            out.extend(command.args.iter().map(|arg| {
                let more = if arg.many { "..." } else { "" };
                let text = format!("{}{more}", name(arg));
                if arg.required {
                    text
                } else {
                    format!("[{text}]")
                }
            }));
        }
        _ => out.push("<command> [<args> ...]".to_owned()),
    }
    out.join(" ")
}
