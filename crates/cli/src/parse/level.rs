//! One level of a command line, as a command of `clap`.
//!
//! `clap` takes the words apart. A level knows the flags that were declared on
//! the way to it; at a group it leaves the next word, and everything behind
//! it, for the level below. So only the commands on the way are put together,
//! and flags of a group may stand before or after the command.

use std::collections::HashSet;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg as ClapArg, ArgAction, ArgMatches, Command as ClapCommand};

use super::built_in::{BUILT_INS, BuiltIn};
use crate::model::{Arg, Command, Flag, Kind, NAME};

/// Value of a flag that was given without one. No word of a command line has
/// a zero byte.
const MISSING: &str = "\0";
/// Id of the words that are too many.
const SURPLUS: &str = "<surplus>";

/// Something that was given, in the order of the command line.
#[derive(Clone, Debug)]
pub enum Given {
    /// A flag with its value.
    Flag(Flag, String),
    /// A flag that lacks its value.
    Missing(Flag),
    /// A flag of the program itself.
    BuiltIn(BuiltIn),
}

/// What one level took from the words.
#[derive(Debug, Default)]
pub struct Taken {
    /// Flags.
    pub given: Vec<Given>,
    /// Arguments by name, if the level is the last.
    pub arguments: Vec<(&'static str, String)>,
    /// The first word that is one too many.
    pub surplus: Option<String>,
    /// The next command, and the words behind it.
    pub next: Option<(String, Vec<String>)>,
    /// The flag, as it was written, that nobody declared.
    pub unknown: Option<String>,
}

/// What an id of the level stands for.
enum Meaning {
    Flag(Flag),
    Off(Flag),
    BuiltIn(BuiltIn),
}

/// One level: `clap`'s view of it, and what its ids mean.
pub struct Level {
    command: ClapCommand,
    meanings: Vec<(String, Meaning)>,
    arguments: &'static [Arg],
}

impl Level {
    /// The level at the end of `path`, where these flags are known.
    pub fn new(path: &[&'static Command], flags: &[Flag]) -> Self {
        let last = path.last();
        let mut level = Self {
            command: ClapCommand::new(NAME)
                .no_binary_name(true)
                .disable_help_flag(true)
                .disable_version_flag(true)
                .disable_help_subcommand(true),
            meanings: Vec::new(),
            arguments: last.map(|command| command.args).unwrap_or_default(),
        };
        level.add_flags(flags);
        match last {
            Some(command) if command.commands.is_empty() => level.add_arguments(),
            _ => {
                level.command = level
                    .command
                    .allow_external_subcommands(true)
                    .external_subcommand_value_parser(ValueParser::string());
            }
        }
        level
    }

    fn add(&mut self, arg: ClapArg, meaning: Meaning) {
        self.meanings.push((arg.get_id().to_string(), meaning));
        let command = std::mem::take(&mut self.command);
        self.command = command.arg(arg);
    }

    fn add_flags(&mut self, flags: &[Flag]) {
        let own_h = flags.iter().any(|flag| flag.short == Some('h'));
        // Each name goes to one flag: to the program's, then to the lowest.
        let mut names: HashSet<String> = HashSet::new();
        for (name, built_in) in BUILT_INS {
            names.insert((*name).to_owned());
            let arg = switch(name, name);
            let is_help = *built_in == BuiltIn::Help && !own_h;
            let arg = if is_help { arg.short('h') } else { arg };
            self.add(arg, Meaning::BuiltIn(*built_in));
        }
        for flag in flags.iter().rev() {
            if !names.insert(flag.name.to_owned()) {
                continue;
            }
            let mut arg = if flag.kind.is_switch() {
                switch(flag.name, flag.name)
            } else {
                ClapArg::new(flag.name)
                    .long(flag.name)
                    .action(ArgAction::Append)
                    .num_args(0..=1)
                    .default_missing_value(MISSING)
            };
            if let Some(letter) = flag.short {
                arg = arg.short(letter);
            }
            let alias = flag
                .hidden_alias
                .filter(|alias| flags.iter().all(|other| other.name != *alias));
            if let Some(alias) = alias {
                arg = arg.alias(alias);
            }
            self.add(arg, Meaning::Flag(*flag));
        }
        for flag in flags.iter().filter(|flag| flag.kind == Kind::Negatable) {
            let name = format!("no-{}", flag.name);
            if !names.insert(name.clone()) {
                continue;
            }
            let mut arg = switch(&name, &name);
            if let Some(alias) = flag.hidden_alias {
                arg = arg.alias(format!("no-{alias}"));
            }
            self.add(arg, Meaning::Off(*flag));
        }
    }

    fn add_arguments(&mut self) {
        let mut command = std::mem::take(&mut self.command);
        for arg in self.arguments {
            let positional = ClapArg::new(argument_id(arg));
            command = command.arg(if arg.many {
                positional.num_args(1..).action(ArgAction::Append)
            } else {
                positional
            });
        }
        if self.arguments.iter().all(|arg| !arg.many) {
            let surplus = ClapArg::new(SURPLUS).num_args(1..);
            command = command.arg(surplus.action(ArgAction::Append));
        }
        self.command = command;
    }

    /// Takes from `words` what belongs to this level.
    pub fn take(&self, words: &[String]) -> Taken {
        match self.command.clone().try_get_matches_from(words) {
            Ok(matches) => self.read(&matches, words),
            Err(error) => {
                // What stands before the mistake counts: it may be `--help`.
                let lenient = self.command.clone().ignore_errors(true);
                let mut taken = lenient
                    .try_get_matches_from(words)
                    .map(|matches| self.read(&matches, words))
                    .unwrap_or_default();
                taken.unknown = Some(unknown(&error));
                taken
            }
        }
    }

    fn read(&self, matches: &ArgMatches, words: &[String]) -> Taken {
        let mut given: Vec<(usize, Given)> = Vec::new();
        for (id, meaning) in &self.meanings {
            let places = matches.indices_of(id).into_iter().flatten();
            for (place, value) in places.zip(values(matches, id)) {
                let what = match meaning {
                    Meaning::Flag(flag) if value == MISSING => Given::Missing(*flag),
                    Meaning::Flag(flag) => Given::Flag(*flag, value),
                    Meaning::Off(flag) => Given::Flag(*flag, "false".to_owned()),
                    Meaning::BuiltIn(built_in) => Given::BuiltIn(*built_in),
                };
                given.push((place, what));
            }
        }
        given.sort_by_key(|(place, _)| *place);
        let mut taken = Taken {
            given: given.into_iter().map(|(_, what)| what).collect(),
            ..Taken::default()
        };
        if let Some((name, below)) = matches.subcommand() {
            let behind: Vec<String> = values(below, "");
            let before = words.len().saturating_sub(behind.len() + 2);
            let mut rest = Vec::new();
            // No flag has `--` as its value: it ends the flags below as well.
            if words.len() >= behind.len() + 2 && words.get(before).is_some_and(|word| word == "--")
            {
                rest.push("--".to_owned());
            }
            rest.extend(behind);
            taken.next = Some((name.to_owned(), rest));
        }
        for arg in self.arguments {
            let words = values(matches, &argument_id(arg));
            taken
                .arguments
                .extend(words.into_iter().map(|word| (arg.name, word)));
        }
        taken.surplus = values(matches, SURPLUS).into_iter().next();
        taken
    }
}

/// A flag without a value, except as in `--json=false`; `-rj` are two.
fn switch(id: &str, long: &str) -> ClapArg {
    ClapArg::new(id.to_owned())
        .long(long.to_owned())
        .action(ArgAction::Append)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
}

/// Id of an argument, which may have the name of a flag.
fn argument_id(arg: &Arg) -> String {
    format!("<{}>", arg.name)
}

/// All values of an id; none if the level has no such id.
fn values(matches: &ArgMatches, id: &str) -> Vec<String> {
    match matches.try_get_many::<String>(id) {
        Ok(Some(values)) => values.cloned().collect(),
        Ok(None) | Err(_) => Vec::new(),
    }
}

/// The flag that `clap` does not know.
fn unknown(error: &clap::Error) -> String {
    debug_assert_eq!(error.kind(), ErrorKind::UnknownArgument, "{error:?}");
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) => flag.clone(),
        _ => error.to_string(),
    }
}

/// Whether a word is a flag: a dash and something behind it.
pub fn is_flag(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-')
}
