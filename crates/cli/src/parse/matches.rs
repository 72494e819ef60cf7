//! The values of a parsed command line.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::format::{parse_duration, parse_int, parse_int64};
use crate::model::{Arg, Flag, Kind};

/// Values of flags and arguments.
///
/// Values were checked by the parser, so that the accessors give a value of
/// the right kind for every flag that the command declares.
#[derive(Clone, Default)]
pub struct Matches {
    flags: BTreeMap<&'static str, Vec<String>>,
    args: BTreeMap<&'static str, Vec<String>>,
    declared_flags: Vec<Flag>,
    declared_args: Vec<Arg>,
}

/// What was given, but not its values: passwords are among them.
impl fmt::Debug for Matches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matches")
            .field("flags", &self.flags.keys())
            .field("args", &self.args.keys())
            .finish_non_exhaustive()
    }
}

impl Matches {
    /// No values, for a command with these flags and arguments.
    pub fn new(flags: Vec<Flag>, args: &[Arg]) -> Self {
        Self {
            declared_flags: flags,
            declared_args: args.to_vec(),
            ..Self::default()
        }
    }

    /// Adds a value of a flag.
    pub fn push_flag(&mut self, name: &'static str, value: String) {
        self.flags.entry(name).or_default().push(value);
    }

    /// Adds a value of an argument.
    pub fn push_arg(&mut self, name: &'static str, value: String) {
        self.args.entry(name).or_default().push(value);
    }

    /// The flags that the command knows.
    pub fn declared_flags(&self) -> &[Flag] {
        &self.declared_flags
    }

    /// Whether the command has a flag with this name.
    pub fn declares(&self, name: &str) -> bool {
        self.declared_flags().iter().any(|flag| flag.name == name)
    }

    fn declared(&self, name: &str) -> Option<&Flag> {
        let flag = self
            .declared_flags
            .iter()
            .rev()
            .find(|flag| flag.name == name);
        debug_assert!(flag.is_some(), "the command has no flag --{name}");
        flag
    }

    /// Whether a flag was given, on the command line or by the environment.
    pub fn given(&self, name: &str) -> bool {
        self.declared(name);
        self.flags.contains_key(name)
    }

    /// Value of a flag, or its default.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.flags.get(name).and_then(|values| values.last()) {
            Some(value) => Some(value),
            None => self.declared(name).and_then(|flag| flag.default),
        }
    }

    /// Value of a flag if that is not empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|value| !value.is_empty())
    }

    /// Whether a switch is on.
    pub fn on(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// Whether a switch is on, if it was given.
    pub fn switched(&self, name: &str) -> Option<bool> {
        self.given(name).then(|| self.on(name))
    }

    /// Value of a number flag, or its default.
    pub fn number(&self, name: &str) -> Option<i64> {
        let in_digits = self
            .declared(name)
            .is_some_and(|flag| matches!(flag.kind, Kind::Int64 | Kind::Within(..)));
        let parse = if in_digits { parse_int64 } else { parse_int };
        self.text(name).and_then(|value| parse(value).ok())
    }

    /// Value of a number flag, or its default; 0 without one.
    pub fn int(&self, name: &str) -> i64 {
        self.number(name).unwrap_or_default()
    }

    /// Value of a number flag as a count, or its default; 0 without one.
    pub fn uint(&self, name: &str) -> u64 {
        self.text(name)
            .and_then(|value| crate::format::parse_uint(value).ok())
            .unwrap_or_default()
    }

    /// Value of a duration flag in nanoseconds (it may be negative), or its
    /// default.
    pub fn nanos(&self, name: &str) -> Option<i64> {
        self.text(name).and_then(|value| parse_duration(value).ok())
    }

    /// Value of a duration flag, or its default; negative ones count as 0.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        self.nanos(name)
            .map(|nanos| Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)))
    }

    /// All values of a repeatable flag.
    pub fn list(&self, name: &str) -> &[String] {
        self.declared(name);
        self.flags.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// All values of a repeatable flag, each of which may be a list separated
    /// by commas or blanks.
    pub fn split_list(&self, name: &str) -> Vec<String> {
        split_words(self.list(name))
    }

    /// The same for subjects, where a value that is no list stays as it is,
    /// also an empty one: that is a mistake, which servers refuse.
    pub fn subject_list(&self, name: &str) -> Vec<String> {
        let subjects = |value: &String| match value.contains([',', ' ', '\t', '\n']) {
            true => split_words(std::slice::from_ref(value)),
            false => vec![value.clone()],
        };
        self.list(name).iter().flat_map(subjects).collect()
    }

    /// Keys and values of a map flag, in the order given; of a key given
    /// twice the last value.
    pub fn map(&self, name: &str) -> Vec<(String, String)> {
        let mut out: Vec<(String, String)> = Vec::new();
        for entry in self.list(name) {
            let Some(at) = entry.find(['=', ':']) else {
                continue;
            };
            let (key, value) = entry.split_at(at);
            let value = value.get(1..).unwrap_or_default().to_owned();
            match out.iter_mut().find(|(known, _)| known == key) {
                Some(known) => known.1 = value,
                None => out.push((key.to_owned(), value)),
            }
        }
        out
    }

    /// Value of an argument, or its default.
    pub fn arg(&self, name: &str) -> Option<&str> {
        let declared = self.declared_args.iter().find(|arg| arg.name == name);
        debug_assert!(declared.is_some(), "the command has no argument {name}");
        match self.args.get(name).and_then(|values| values.first()) {
            Some(value) => Some(value),
            None => declared.and_then(|arg| arg.default),
        }
    }

    /// Value of an argument that is required; empty if it is missing.
    pub fn required_arg(&self, name: &str) -> &str {
        self.arg(name).unwrap_or_default()
    }

    /// Value of the flag or argument of this name, whichever the command has;
    /// empty if it has neither, or it was not given.
    pub fn flag_or_arg(&self, name: &str) -> &str {
        if self.declared_flags.iter().any(|flag| flag.name == name) {
            self.text(name).unwrap_or_default()
        } else if self.declared_args.iter().any(|arg| arg.name == name) {
            self.arg(name).unwrap_or_default()
        } else {
            ""
        }
    }

    /// All values of an argument that takes many.
    pub fn args(&self, name: &str) -> &[String] {
        self.args.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The words of texts that are lists separated by commas or blanks.
pub fn split_words(texts: &[String]) -> Vec<String> {
    texts
        .iter()
        .flat_map(|text| text.split([',', ' ', '\t', '\n']))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
