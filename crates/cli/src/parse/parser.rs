//! The walk down the tree of commands, level by level.

use super::built_in::BuiltIn;
use super::level::{Given, Level, is_flag};
use super::{Matches, check_flag, check_value};
use crate::failure::Failure;
use crate::model::{Command, Flag, GLOBAL_FLAGS};

/// A command line that was understood.
#[derive(Debug)]
pub struct Parsed {
    /// The command and the groups it is in, from the top.
    pub path: Vec<&'static Command>,
    /// Values of its flags and arguments.
    pub matches: Matches,
    /// What the program itself is to do instead.
    pub built_in: Option<BuiltIn>,
}

/// A command line that was not understood.
#[derive(Debug)]
pub struct Problem {
    /// The command reached, and the groups it is in.
    pub path: Vec<&'static Command>,
    /// What is wrong.
    pub failure: Failure,
}

/// Understands `words` as a call of one of `commands`; `env` looks up
/// environment variables.
pub fn parse(
    commands: &'static [Command],
    words: &[String],
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Parsed, Problem> {
    let mut parser = Parser {
        commands,
        path: Vec::new(),
        flags: GLOBAL_FLAGS.to_vec(),
        given: Vec::new(),
        arguments: Vec::new(),
        built_in: None,
    };
    let outcome = parser.read(words.to_vec());
    // Help wins over values that are wrong or missing, but not over words that
    // are; everything else that the program itself does wins over both.
    let outcome = match parser.built_in {
        Some(BuiltIn::Help) => outcome,
        Some(_) => Ok(()),
        None => outcome.and_then(|()| parser.check_command()),
    };
    let outcome = outcome.and_then(|()| match parser.built_in {
        Some(_) => Ok(Matches::default()),
        None => parser.matches(env),
    });
    match outcome {
        Ok(matches) => Ok(Parsed {
            path: parser.path,
            matches,
            built_in: parser.built_in,
        }),
        Err(failure) => Err(Problem {
            path: parser.path,
            failure,
        }),
    }
}

/// Place of the word that names the first command, behind the global flags and
/// their values.
pub fn command_word(words: &[String]) -> Option<usize> {
    let (_, rest) = Level::new(&[], GLOBAL_FLAGS).take(words).next?;
    words.len().checked_sub(rest.len() + 1)
}

struct Parser {
    commands: &'static [Command],
    path: Vec<&'static Command>,
    /// Flags known here: global ones, those of the groups, those of the command.
    flags: Vec<Flag>,
    given: Vec<(Flag, String)>,
    arguments: Vec<(&'static str, String)>,
    built_in: Option<BuiltIn>,
}

fn usage(text: impl Into<String>) -> Failure {
    Failure::Usage(text.into())
}

impl Parser {
    fn read(&mut self, words: Vec<String>) -> Result<(), Failure> {
        let mut words = words;
        loop {
            let taken = Level::new(&self.path, &self.flags).take(&words);
            for given in taken.given {
                match given {
                    Given::Flag(flag, value) => self.given.push((flag, value)),
                    Given::Missing(flag) => {
                        return Err(usage(format!(
                            "expected argument for flag '{}'",
                            written(&flag, &words)
                        )));
                    }
                    Given::BuiltIn(built_in) => {
                        self.built_in.get_or_insert(built_in);
                    }
                }
            }
            if let Some(flag) = taken.unknown {
                // `-q--` has a dash for a letter, `--=` no name.
                let is_long = flag.starts_with("--")
                    && (flag.len() > 2 || words.iter().any(|word| word.starts_with("--=")));
                let length = if is_long { "long" } else { "short" };
                return Err(usage(format!("unknown {length} flag '{flag}'")));
            }
            self.arguments = taken.arguments;
            if let Some(word) = taken.surplus {
                return Err(usage(format!("unexpected argument {word}")));
            }
            let Some((word, rest)) = taken.next else {
                return Ok(());
            };
            self.go(&word)?;
            words = rest;
        }
    }

    /// The commands that may follow.
    fn next_commands(&self) -> &'static [Command] {
        match self.path.last() {
            Some(command) => command.commands,
            None => self.commands,
        }
    }

    fn go(&mut self, word: &str) -> Result<(), Failure> {
        let next = self.next_commands();
        let Some(command) = next.iter().find(|command| command.is_called(word)) else {
            return Err(usage(format!(
                "expected command but got \"{word}\", use --help for full help including flags and arguments"
            )));
        };
        self.path.push(command);
        self.flags.extend(command.own_flags());
        Ok(())
    }

    fn check_command(&self) -> Result<(), Failure> {
        if self.path.is_empty() || self.next_commands().is_empty() {
            return Ok(());
        }
        Err(usage(
            "a subcommand from the list below is required, use --help for full help including flags and arguments",
        ))
    }

    fn matches(&mut self, env: &dyn Fn(&str) -> Option<String>) -> Result<Matches, Failure> {
        let args = self
            .path
            .last()
            .map(|command| command.args)
            .unwrap_or_default();
        let mut matches = Matches::new(self.flags.clone(), args);
        for (name, word) in std::mem::take(&mut self.arguments) {
            if let Some(arg) = args.iter().find(|arg| arg.name == name) {
                check_value(arg.kind, &word)?;
            }
            matches.push_arg(name, word);
        }
        for (flag, value) in std::mem::take(&mut self.given) {
            if !flag.list && matches.given(flag.name) {
                return Err(usage(format!("flag '{}' cannot be repeated", flag.name)));
            }
            check_flag(&flag, &value)?;
            matches.push_flag(flag.name, value);
        }
        for flag in &self.flags {
            if matches.given(flag.name) {
                continue;
            }
            let value = flag.env.and_then(env).filter(|value| !value.is_empty());
            if let Some(value) = value {
                check_flag(flag, &value)?;
                matches.push_flag(flag.name, value);
            }
        }
        let missing: Vec<String> = self
            .flags
            .iter()
            .filter(|flag| flag.required && !matches.given(flag.name))
            .map(|flag| format!("--{}", flag.name))
            .collect();
        match missing.as_slice() {
            [] => {}
            [one] => return Err(usage(format!("required flag {one} not provided"))),
            many => {
                return Err(usage(format!(
                    "required flags {} not provided",
                    many.join(", ")
                )));
            }
        }
        if let Some(arg) = args
            .iter()
            .find(|arg| arg.required && matches.args(arg.name).is_empty())
        {
            return Err(usage(format!(
                "required argument '{}' not provided",
                arg.name
            )));
        }
        Ok(matches)
    }
}

/// How a flag that lacks its value was written: `clap` tells its name only.
/// The first word that ends with it and has no value behind it is the one.
fn written(flag: &Flag, words: &[String]) -> String {
    let is_long = |name: &str| flag.name == name || flag.hidden_alias == Some(name);
    for (at, word) in words.iter().enumerate() {
        if words.get(at + 1).is_some_and(|next| !is_flag(next)) {
            continue;
        }
        match word.strip_prefix("--") {
            Some(name) if is_long(name) => return word.clone(),
            Some(_) => {}
            None if is_flag(word) => match flag.short {
                Some(letter) if word.ends_with(letter) => return format!("-{letter}"),
                _ => {}
            },
            None => {}
        }
    }
    format!("--{}", flag.name)
}
