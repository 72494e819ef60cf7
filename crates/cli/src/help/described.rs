//! The model as commands of `clap`, for what `clap`'s own crates write:
//! manual pages and completion scripts. Nothing is parsed with these.

use clap::builder::{PossibleValuesParser, Resettable};
use clap::{Arg as ClapArg, ArgAction, Command as ClapCommand, ValueHint};

use crate::model::{self, Arg, Command, Flag, Kind};

/// Names of the groups above and of the command, with something between.
fn joined(path: &[&Command], between: &str) -> String {
    let mut out = model::NAME.to_owned();
    for command in path {
        out.push_str(between);
        out.push_str(command.name);
    }
    out
}

/// The program, with all commands below it. Global flags stand at the top
/// only, and aliases are not shown: scripts would have megabytes.
pub fn program() -> ClapCommand {
    let commands = model::commands().iter();
    root().subcommands(commands.map(|command| with_children(&[command])))
}

/// The program alone, and the names of what is below it.
fn root() -> ClapCommand {
    bare(model::NAME.to_owned())
        .version(model::VERSION)
        .about(model::ABOUT)
        .arg(
            ClapArg::new("<help>")
                .short('h')
                .long("help")
                .action(ArgAction::SetTrue)
                .help("Show context-sensitive help"),
        )
        .arg(
            ClapArg::new("<version>")
                .long("version")
                .action(ArgAction::SetTrue)
                .help("Show application version"),
        )
        .args(flags(model::GLOBAL_FLAGS.iter(), false))
}

fn bare(name: String) -> ClapCommand {
    ClapCommand::new(name)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
}

/// The command at the end of `path` by itself: with its own flags, and the
/// names of the commands below it. The program if the path is empty.
pub fn alone(path: &[&'static Command]) -> ClapCommand {
    let (out, below) = match path.last() {
        Some(command) => (described(path, false), command.commands),
        None => (root(), model::commands()),
    };
    let below = below.iter().filter(|command| !command.hidden);
    out.bin_name(joined(path, " "))
        .display_name(joined(path, "-"))
        .subcommands(below.map(|command| bare(command.name.to_owned()).about(command.help)))
}

/// A command, with all commands below it. Flags of a group belong to those
/// as well.
fn with_children(path: &[&'static Command]) -> ClapCommand {
    let below = path
        .last()
        .map(|command| command.commands)
        .unwrap_or_default();
    let below = below.iter().map(|command| {
        let mut path = path.to_vec();
        path.push(command);
        with_children(&path)
    });
    described(path, true).subcommands(below)
}

fn described(path: &[&'static Command], global: bool) -> ClapCommand {
    let Some(command) = path.last() else {
        return root();
    };
    let is_group = !command.commands.is_empty();
    // Of commands that share a word the first is called by it.
    let beside = path
        .iter()
        .rev()
        .nth(1)
        .map_or(model::commands(), |group| group.commands);
    let aliases = command.aliases.iter().copied().filter(|alias| {
        let called = beside.iter().find(|other| other.is_called(alias));
        called.is_some_and(|other| other.name == command.name)
    });
    let out = bare(command.name.to_owned())
        .about(command.help)
        .aliases(aliases)
        .hide(command.hidden)
        .subcommand_required(is_group)
        .args(flags(command.own_flags(), global && is_group))
        .args(command.args.iter().map(argument));
    let out = if command.aliases.is_empty() {
        out
    } else {
        out.after_help(format!("Command aliases: {}", command.aliases.join(", ")))
    };
    if command.long.is_empty() {
        out
    } else {
        out.long_about(command.long)
    }
}

fn argument(arg: &Arg) -> ClapArg {
    let out = ClapArg::new(format!("<{}>", arg.name))
        .value_name(arg.name)
        .help(arg.help)
        .required(arg.required);
    if arg.many {
        out.num_args(1..).action(ArgAction::Append)
    } else {
        out
    }
}

/// Flags that lists show, each negatable one with its opposite.
fn flags<'a>(flags: impl Iterator<Item = &'a Flag>, global: bool) -> impl Iterator<Item = ClapArg> {
    flags.filter(|flag| !flag.hidden).flat_map(move |flag| {
        let opposite = (flag.kind == Kind::Negatable).then(|| {
            let name = format!("no-{}", flag.name);
            ClapArg::new(name.clone())
                .long(name)
                .action(ArgAction::SetTrue)
                .help(format!("The opposite of --{}", flag.name))
        });
        std::iter::once(self::flag(flag))
            .chain(opposite)
            .map(move |arg| arg.global(global))
    })
}

fn flag(flag: &Flag) -> ClapArg {
    let out = ClapArg::new(flag.name)
        .long(flag.name)
        .required(flag.required);
    let out = match flag.short {
        Some(letter) => out.short(letter),
        None => out,
    };
    let out = match flag.env {
        Some(name) => out.help(format!("{} (${name})", flag.help)),
        None => out.help(flag.help),
    };
    if flag.kind.is_switch() {
        return out.action(ArgAction::SetTrue);
    }
    let out = match flag.kind {
        Kind::Choice(words) => out.value_parser(PossibleValuesParser::new(words.iter().copied())),
        Kind::File => out.value_hint(ValueHint::FilePath),
        Kind::Url => out.value_hint(ValueHint::Url),
        _ => out,
    };
    let value_name = if flag.value_name.is_empty() {
        flag.name.to_uppercase().replace('-', "_")
    } else {
        flag.value_name.to_owned()
    };
    out.value_name(value_name)
        .default_value(Resettable::from(flag.default.map(Into::into)))
        .action(if flag.list {
            ArgAction::Append
        } else {
            ArgAction::Set
        })
}
