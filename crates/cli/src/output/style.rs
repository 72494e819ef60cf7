//! Colours and the style of tables.

use std::io::{IsTerminal, stdout};
use std::sync::OnceLock;

/// Whether all output, help among it, is to be Markdown (`LLMFORMAT=1`).
pub fn markdown() -> bool {
    std::env::var("LLMFORMAT").is_ok_and(|value| value == "1")
}

/// The text in bold letters, if standard output shows colours.
pub fn bold(text: &str) -> String {
    if colours() {
        format!("\x1b[1m{text}\x1b[22m")
    } else {
        text.to_owned()
    }
}

/// A colour of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Errors, deletions.
    Red,
    /// Warnings that must be seen.
    BrightRed,
    /// Success.
    Green,
    /// Warnings.
    Yellow,
    /// A table style.
    Blue,
    /// A table style.
    Magenta,
    /// A table style; where a secret is kept.
    Cyan,
}

impl Color {
    fn code(self) -> u8 {
        match self {
            Color::Red => 31,
            Color::BrightRed => 91,
            Color::Green => 32,
            Color::Yellow => 33,
            Color::Blue => 34,
            Color::Magenta => 35,
            Color::Cyan => 36,
        }
    }

    /// The text in this colour, if standard output shows colours.
    pub fn paint(self, text: &str) -> String {
        if colours() {
            format!("\x1b[{}m{text}\x1b[0m", self.code())
        } else {
            text.to_owned()
        }
    }

    /// The colour called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "red" => Color::Red,
            "green" => Color::Green,
            "yellow" => Color::Yellow,
            "blue" => Color::Blue,
            "magenta" => Color::Magenta,
            "cyan" => Color::Cyan,
            _ => return None,
        })
    }
}

/// Whether standard output shows colours: a terminal that is not dumb, and no
/// `NO_COLOR`.
pub fn colours() -> bool {
    static COLOURS: OnceLock<bool> = OnceLock::new();
    *COLOURS.get_or_init(|| {
        stdout().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
    })
}

/// The style that `--colors` or the context chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scheme {
    /// Double lines.
    pub double: bool,
    /// Colour of borders.
    pub color: Option<Color>,
}

static SCHEME: OnceLock<Scheme> = OnceLock::new();

/// Sets the style for the rest of the run; the first call counts.
pub fn set_scheme(name: &str) {
    SCHEME.get_or_init(|| Scheme {
        double: name == "double",
        color: Color::named(name),
    });
}

/// The style in use.
pub fn scheme() -> Scheme {
    SCHEME.get().copied().unwrap_or_default()
}
