//! Flags.

/// What a flag's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No value: given or not.
    Switch,
    /// As `Switch`, and `--no-NAME` says the opposite.
    Negatable,
    /// Any text.
    Text,
    /// A whole number, which may be written as a float.
    Int,
    /// A whole number in digits.
    Int64,
    /// A whole number in digits, between two others or one of them.
    Within(i64, i64),
    /// A whole number that is not negative.
    Uint,
    /// A duration such as `1d12h`.
    Duration,
    /// Path of a file that exists.
    File,
    /// A regular expression.
    Regex,
    /// `KEY=VALUE` or `KEY:VALUE`, repeatable.
    Map,
    /// A URL.
    Url,
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl Kind {
    /// Whether it takes no value.
    pub fn is_switch(self) -> bool {
        matches!(self, Kind::Switch | Kind::Negatable)
    }
}

/// A flag.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// Its long name, without the dashes.
    pub name: &'static str,
    /// A second long name that lists leave out.
    pub hidden_alias: Option<&'static str>,
    /// Its letter.
    pub short: Option<char>,
    /// One sentence about it.
    pub help: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Name of the value in help texts; the flag's own name if empty.
    pub value_name: &'static str,
    /// Value if it is not given; `true` for a switch that is on by default.
    pub default: Option<&'static str>,
    /// Environment variable that gives its value.
    pub env: Option<&'static str>,
    /// Whether it may be given more than once.
    pub list: bool,
    /// Whether the command cannot do without.
    pub required: bool,
    /// Whether lists leave it out.
    pub hidden: bool,
}

const fn flag(name: &'static str, kind: Kind, help: &'static str) -> Flag {
    Flag {
        name,
        hidden_alias: None,
        short: None,
        help,
        kind,
        value_name: "",
        default: None,
        env: None,
        list: false,
        required: false,
        hidden: false,
    }
}

/// A flag without a value.
pub const fn switch(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Switch, help)
}

/// A flag without a value that `--no-NAME` switches off.
pub const fn negatable(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Negatable, help)
}

/// A flag with a text.
pub const fn text(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Text, help)
}

/// A flag with a whole number.
pub const fn int(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Int, help)
}

/// A flag with a whole number in digits.
pub const fn int64(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Int64, help)
}

/// A flag with a whole number from `least` to `most`.
pub const fn within(name: &'static str, least: i64, most: i64, help: &'static str) -> Flag {
    flag(name, Kind::Within(least, most), help)
}

/// A flag with a whole number that is not negative.
pub const fn uint(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Uint, help)
}

/// A flag with a duration.
pub const fn duration(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Duration, help)
}

/// A flag with the path of a file that exists.
pub const fn file(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::File, help)
}

/// A flag with a regular expression.
pub const fn regex(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Regex, help)
}

/// A repeatable flag with a key and a value.
pub const fn map(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Map, help).list()
}

/// A flag with a URL.
pub const fn url(name: &'static str, help: &'static str) -> Flag {
    flag(name, Kind::Url, help)
}

/// A flag with one of some words.
pub const fn choice(
    name: &'static str,
    words: &'static [&'static str],
    help: &'static str,
) -> Flag {
    flag(name, Kind::Choice(words), help)
}

impl Flag {
    /// With a letter.
    pub const fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }

    /// With a second long name that lists leave out.
    pub const fn hidden_alias(mut self, name: &'static str) -> Self {
        self.hidden_alias = Some(name);
        self
    }

    /// With a name of the value for help texts.
    pub const fn value_name(mut self, name: &'static str) -> Self {
        self.value_name = name;
        self
    }

    /// With a value for when it is not given.
    pub const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// A switch that is on by default.
    pub const fn on(self) -> Self {
        self.default("true")
    }

    /// With an environment variable.
    pub const fn env(mut self, name: &'static str) -> Self {
        self.env = Some(name);
        self
    }

    /// Repeatable.
    pub const fn list(mut self) -> Self {
        self.list = true;
        self
    }

    /// The command cannot do without it.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Left out of lists.
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}
