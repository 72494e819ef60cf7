//! Commands and their arguments.

use super::{Flag, Kind};
use crate::failure::Result;
use crate::session::Session;

/// What a command does.
pub type Run = fn(&mut Session) -> Result<()>;

/// A command, or a group of commands.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// The word it is called by.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// One sentence about it.
    pub help: &'static str,
    /// More about it, shown in its own help; empty if there is no more to say.
    pub long: &'static str,
    /// Whether lists of commands leave it out.
    pub hidden: bool,
    /// Its arguments, in order.
    pub args: &'static [Arg],
    /// Its flags, as sets that several commands may share. Those of a group
    /// belong to every command below it.
    pub flags: &'static [&'static [Flag]],
    /// The commands of a group; empty for a command.
    pub commands: &'static [Command],
    /// What it does; nothing for a group.
    pub run: Option<Run>,
}

impl Command {
    /// A command without arguments and flags.
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            help,
            long: "",
            hidden: false,
            args: &[],
            flags: &[],
            commands: &[],
            run: None,
        }
    }

    /// With other words for it.
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// With a longer explanation.
    pub const fn long(mut self, long: &'static str) -> Self {
        self.long = long;
        self
    }

    /// Left out of lists.
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// With arguments.
    pub const fn args(mut self, args: &'static [Arg]) -> Self {
        self.args = args;
        self
    }

    /// With sets of flags.
    pub const fn flags(mut self, flags: &'static [&'static [Flag]]) -> Self {
        self.flags = flags;
        self
    }

    /// With commands below it.
    pub const fn commands(mut self, commands: &'static [Command]) -> Self {
        self.commands = commands;
        self
    }

    /// With what it does.
    pub const fn run(mut self, run: Run) -> Self {
        self.run = Some(run);
        self
    }

    /// Whether it is called by `word`.
    pub fn is_called(&self, word: &str) -> bool {
        self.name == word || self.aliases.contains(&word)
    }

    /// Its own flags, without those of the groups above.
    pub fn own_flags(&self) -> impl Iterator<Item = &'static Flag> {
        self.flags.iter().flat_map(|set| set.iter())
    }
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    /// Its name.
    pub name: &'static str,
    /// One sentence about it.
    pub help: &'static str,
    /// Whether the command cannot do without.
    pub required: bool,
    /// Whether it takes all words that are left.
    pub many: bool,
    /// Its value if not given.
    pub default: Option<&'static str>,
    /// What help texts show for it; its name if empty.
    pub value_name: &'static str,
    /// What its words are.
    pub kind: Kind,
}

/// An argument that must be given.
pub const fn arg(name: &'static str, help: &'static str) -> Arg {
    Arg {
        name,
        help,
        required: true,
        many: false,
        default: None,
        value_name: "",
        kind: Kind::Text,
    }
}

/// An argument that may be left out.
pub const fn optional(name: &'static str, help: &'static str) -> Arg {
    Arg {
        required: false,
        ..arg(name, help)
    }
}

impl Arg {
    /// With something else than its name for help texts.
    pub const fn value_name(mut self, name: &'static str) -> Self {
        self.value_name = name;
        self
    }

    /// Takes all words that are left.
    pub const fn many(mut self) -> Self {
        self.many = true;
        self
    }

    /// With a value for when it is left out.
    pub const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// Words are paths of files that exist.
    pub const fn file(mut self) -> Self {
        self.kind = Kind::File;
        self
    }

    /// One of these words.
    pub const fn choice(mut self, words: &'static [&'static str]) -> Self {
        self.kind = Kind::Choice(words);
        self
    }
}
