//! The parser.

use super::{Matches, check_value};
use crate::failure::Failure;
use crate::model::{Command, Flag, GLOBAL_FLAGS, Kind};

/// Flags that the program itself acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// `--help` or `-h`.
    Help,
    /// `--version`.
    Version,
    /// `--help-long`: everything.
    HelpLong,
    /// `--help-compact`.
    HelpCompact,
    /// `--help-man`: a manual page.
    HelpMan,
    /// `--help-llm`: Markdown.
    HelpMarkdown,
    /// `--fisk-introspect`: the model as JSON.
    Introspect,
    /// `--completion-script-bash`.
    ScriptBash,
    /// `--completion-script-zsh`.
    ScriptZsh,
    /// `--completion-script-fish`.
    ScriptFish,
}

const BUILT_INS: &[(&str, BuiltIn)] = &[
    ("help", BuiltIn::Help),
    ("version", BuiltIn::Version),
    ("help-long", BuiltIn::HelpLong),
    ("help-compact", BuiltIn::HelpCompact),
    ("help-man", BuiltIn::HelpMan),
    ("help-llm", BuiltIn::HelpMarkdown),
    ("fisk-introspect", BuiltIn::Introspect),
    ("completion-script-bash", BuiltIn::ScriptBash),
    ("completion-script-zsh", BuiltIn::ScriptZsh),
    ("completion-script-fish", BuiltIn::ScriptFish),
];

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
    let outcome = parser.read(words).and_then(|()| {
        if parser.built_in.is_some() {
            return Ok(());
        }
        parser.check_command()
    });
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
        // Help wins over everything that is wrong behind it.
        Err(_) if parser.built_in.is_some() => Ok(Parsed {
            path: parser.path,
            matches: Matches::default(),
            built_in: parser.built_in,
        }),
        Err(failure) => Err(Problem {
            path: parser.path,
            failure,
        }),
    }
}

struct Parser {
    commands: &'static [Command],
    path: Vec<&'static Command>,
    /// Flags known here: global ones, those of the groups, those of the command.
    flags: Vec<Flag>,
    given: Vec<(Flag, String)>,
    arguments: Vec<String>,
    built_in: Option<BuiltIn>,
}

fn usage(text: impl Into<String>) -> Failure {
    Failure::Usage(text.into())
}

/// Whether a word is a flag: a dash and something that is no number.
fn is_flag(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next() == Some('-')
        && letters
            .next()
            .is_some_and(|letter| !letter.is_ascii_digit() && letter != '.')
}

impl Parser {
    fn read(&mut self, words: &[String]) -> Result<(), Failure> {
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if word == "--" {
                for word in rest.by_ref() {
                    self.word(word)?;
                }
            } else if let Some(long) = word.strip_prefix("--") {
                self.long(long, &mut rest)?;
            } else if is_flag(word) {
                self.letters(word.get(1..).unwrap_or_default(), &mut rest)?;
            } else {
                self.word(word)?;
            }
        }
        Ok(())
    }

    /// The commands that may follow.
    fn next_commands(&self) -> &'static [Command] {
        match self.path.last() {
            Some(command) => command.commands,
            None => self.commands,
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Failure> {
        let commands = self.next_commands();
        if commands.is_empty() {
            self.arguments.push(word.to_owned());
            return Ok(());
        }
        match commands.iter().find(|command| command.is_called(word)) {
            Some(command) => {
                self.path.push(command);
                self.flags.extend(command.own_flags());
                Ok(())
            }
            None => Err(usage(format!(
                "expected command but got \"{word}\", use --help for full help including flags and arguments"
            ))),
        }
    }

    fn long(&mut self, text: &str, rest: &mut std::slice::Iter<'_, String>) -> Result<(), Failure> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        if let Some((_, built_in)) = BUILT_INS.iter().find(|(known, _)| *known == name) {
            self.built_in.get_or_insert(*built_in);
            return Ok(());
        }
        let found = self
            .flags
            .iter()
            .rev()
            .find(|flag| flag.name == name || flag.hidden_alias == Some(name))
            .copied();
        if let Some(flag) = found {
            return self.flag(flag, &format!("--{name}"), value, rest);
        }
        let negated = name.strip_prefix("no-").and_then(|name| {
            self.flags
                .iter()
                .rev()
                .find(|flag| {
                    flag.kind == Kind::Negatable
                        && (flag.name == name || flag.hidden_alias == Some(name))
                })
                .copied()
        });
        match negated {
            Some(flag) => self.keep(flag, "false".to_owned()),
            None => Err(usage(format!("unknown long flag '--{name}'"))),
        }
    }

    fn letters(
        &mut self,
        text: &str,
        rest: &mut std::slice::Iter<'_, String>,
    ) -> Result<(), Failure> {
        let letters = text.char_indices();
        for (at, letter) in letters {
            if letter == 'h' && !self.flags.iter().any(|flag| flag.short == Some('h')) {
                self.built_in.get_or_insert(BuiltIn::Help);
                continue;
            }
            let found = self
                .flags
                .iter()
                .rev()
                .find(|flag| flag.short == Some(letter))
                .copied();
            let Some(flag) = found else {
                return Err(usage(format!("unknown short flag '-{letter}'")));
            };
            if flag.kind.is_switch() {
                self.keep(flag, "true".to_owned())?;
                continue;
            }
            let value = text
                .get(at + letter.len_utf8()..)
                .filter(|value| !value.is_empty());
            let value = value.map(|value| value.strip_prefix('=').unwrap_or(value).to_owned());
            return self.flag(flag, &format!("-{letter}"), value, rest);
        }
        Ok(())
    }

    fn flag(
        &mut self,
        flag: Flag,
        written: &str,
        value: Option<String>,
        rest: &mut std::slice::Iter<'_, String>,
    ) -> Result<(), Failure> {
        if flag.kind.is_switch() {
            return self.keep(flag, value.unwrap_or_else(|| "true".to_owned()));
        }
        let value = match value {
            Some(value) => value,
            None => match rest.as_slice().first() {
                Some(word) if !is_flag(word) => {
                    rest.next();
                    word.clone()
                }
                _ => return Err(usage(format!("expected argument for flag '{written}'"))),
            },
        };
        self.keep(flag, value)
    }

    fn keep(&mut self, flag: Flag, value: String) -> Result<(), Failure> {
        if !flag.list && self.given.iter().any(|(known, _)| known.name == flag.name) {
            return Err(usage(format!("flag '{}' cannot be repeated", flag.name)));
        }
        self.given.push((flag, value));
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
        let mut arguments = std::mem::take(&mut self.arguments).into_iter();
        for arg in args {
            if arg.many {
                for word in arguments.by_ref() {
                    matches.push_arg(arg.name, word);
                }
            } else if let Some(word) = arguments.next() {
                matches.push_arg(arg.name, word);
            }
        }
        if let Some(word) = arguments.next() {
            return Err(usage(format!("unexpected argument {word}")));
        }
        for (flag, value) in std::mem::take(&mut self.given) {
            check_value(&flag, &value)?;
            matches.push_flag(flag.name, value);
        }
        for flag in &self.flags {
            if matches.given(flag.name) {
                continue;
            }
            let value = flag.env.and_then(env).filter(|value| !value.is_empty());
            if let Some(value) = value {
                check_value(flag, &value)?;
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
