//! The command line (configuration.md 7).
//!
//! [`parse`] turns arguments into a [`Command`]. Flags are `-name` or `--name`
//! alike, values follow or come after `=`, and parsing stops at the first word
//! that is no flag.

mod apply;
mod help;
mod redact;
mod set;

pub(crate) use apply::{Scope, apply};
pub use help::{help, help_tls};
pub use redact::redacted;
pub use set::FlagSet;

use set::{FLAGS, Kind};

use crate::go_text::quote;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Print the version on stdout, exit 0.
    Version,
    /// Print [`help`] on stdout, exit 0.
    Help,
    /// Print [`help_tls`] on stdout, exit 0.
    HelpTls,
    /// Send a signal to a running server.
    Signal {
        /// `stop`, `quit`, `term`, `reopen`, `reload`, `ldm`, or something unknown
        /// (which is an error after the process was found).
        command: String,
        /// Number, number prefix with `*`, or a file; `None` looks for processes.
        pid: Option<String>,
    },
    /// Run the server, or check its file if [`FlagSet::test_config`].
    Run(Box<FlagSet>),
    /// Print this on stderr, then [`help`] on stdout, exit 0.
    FlagError(String),
    /// Print `nats-server: ` and this on stderr, exit 1.
    Failure(String),
}

/// Reads the arguments, without the program's name.
pub fn parse<A: AsRef<str>>(args: &[A]) -> Command {
    let mut flags = FlagSet::default();
    let rest = match flags.read(args) {
        Ok(rest) => rest,
        Err(text) => return Command::FlagError(text),
    };
    if flags.version {
        return Command::Version;
    }
    if flags.help {
        return Command::Help;
    }
    if flags.help_tls {
        return Command::HelpTls;
    }
    if let Some(word) = rest {
        return match word.to_lowercase().as_str() {
            "version" => Command::Version,
            "help" => Command::Help,
            _ => Command::Failure(format!("unrecognized command: {}", quote(word))),
        };
    }
    if let Some(signal) = flags.signal.as_deref().filter(|s| !s.is_empty()) {
        return signal_command(signal);
    }
    let config = flags.config.as_ref();
    if flags.test_config && config.is_none_or(|path| path.as_os_str().is_empty()) {
        return Command::Failure(
            "must specify [-c, --config] option to check configuration file syntax".to_owned(),
        );
    }
    Command::Run(Box::new(flags))
}

fn signal_command(text: &str) -> Command {
    let parts: Vec<&str> = text.split('=').collect();
    match parts.as_slice() {
        [command] => Command::Signal {
            command: (*command).to_owned(),
            pid: None,
        },
        [command, pid] => Command::Signal {
            command: (*command).to_owned(),
            pid: Some((*pid).to_owned()),
        },
        _ => Command::Failure(format!(
            "invalid signal parameters: {}",
            crate::go_text::list(&parts[2..])
        )),
    }
}

impl FlagSet {
    /// Takes flags until one word is none; that word is returned.
    fn read<'a, A: AsRef<str>>(&mut self, args: &'a [A]) -> Result<Option<&'a str>, String> {
        let mut args = args.iter().map(AsRef::as_ref);
        while let Some(arg) = args.next() {
            let name = match arg.strip_prefix('-') {
                None | Some("") => return Ok(Some(arg)),
                Some("-") => return Ok(args.next()),
                Some(rest) => rest.strip_prefix('-').unwrap_or(rest),
            };
            if name.is_empty() || name.starts_with(['-', '=']) {
                return Err(format!("bad flag syntax: {arg}"));
            }
            let (name, mut value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (name, None),
            };
            let Some((_, kind)) = FLAGS.iter().find(|(known, _)| *known == name) else {
                return Err(format!("flag provided but not defined: -{name}"));
            };
            if let Kind::Switch(set) = kind {
                let yes = match value {
                    None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => true,
                    Some("0" | "f" | "F" | "false" | "FALSE" | "False") => false,
                    Some(other) => {
                        return Err(format!(
                            "invalid boolean value {} for -{name}: parse error",
                            quote(other)
                        ));
                    }
                };
                set(self, yes);
                continue;
            }
            if value.is_none() {
                value = args.next();
            }
            let Some(value) = value else {
                return Err(format!("flag needs an argument: -{name}"));
            };
            match kind {
                Kind::Text(set) => set(self, value),
                Kind::Number(set) => match number(value) {
                    Ok(number) => set(self, number),
                    Err(reason) => {
                        return Err(format!(
                            "invalid value {} for flag -{name}: {reason}",
                            quote(value)
                        ));
                    }
                },
                Kind::Switch(_) => {}
            }
        }
        Ok(None)
    }
}

/// Decimal, or `0x`, `0o`, `0b`, `0` prefixed; `_` may separate digits then.
fn number(text: &str) -> Result<i64, &'static str> {
    const SYNTAX: &str = "parse error";
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, body, prefixed) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..], true),
        [b'0', b'o', ..] => (8, &lower[2..], true),
        [b'0', b'b', ..] => (2, &lower[2..], true),
        [b'0', _, ..] => (8, &lower[1..], true),
        _ => (10, lower.as_str(), false),
    };
    let separated = body.ends_with('_')
        || body.contains("__")
        || (!prefixed && body.starts_with('_'))
        || (!prefixed && body.contains('_'));
    if separated {
        return Err(SYNTAX);
    }
    let body = body.replace('_', "");
    if body.is_empty() || !body.chars().all(|c| c.is_digit(radix)) {
        return Err(SYNTAX);
    }
    let sign = if negative { "-" } else { "" };
    i64::from_str_radix(&format!("{sign}{body}"), radix).map_err(|_| "value out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> FlagSet {
        match parse(args) {
            Command::Run(flags) => *flags,
            other => panic!("{other:?}"),
        }
    }

    /// Conformance 49, 50.
    #[test]
    fn version_and_help_come_before_everything() {
        for args in [
            &["-v", "-t"][..],
            &["--version"],
            &["version"],
            &["-p", "1", "VERSION"],
        ] {
            assert_eq!(parse(args), Command::Version);
        }
        for args in [&["-h"][..], &["-help"], &["help"], &["-h", "foo"]] {
            assert_eq!(parse(args), Command::Help);
        }
        assert_eq!(parse(&["--help_tls"]), Command::HelpTls);
    }

    /// Conformance 51, 52, 53.
    #[test]
    fn wrong_flags_are_named() {
        for (args, text) in [
            (&["-x"][..], "flag provided but not defined: -x"),
            (&["---x"], "bad flag syntax: ---x"),
            (
                &["-p", "abc"],
                "invalid value \"abc\" for flag -p: parse error",
            ),
            (
                &["-p", "99999999999999999999"],
                "invalid value \"99999999999999999999\" for flag -p: value out of range",
            ),
            (&["-p"], "flag needs an argument: -p"),
            (
                &["-D=maybe"],
                "invalid boolean value \"maybe\" for -D: parse error",
            ),
        ] {
            assert_eq!(parse(args), Command::FlagError(text.to_owned()));
        }
        for (args, text) in [
            (&["foo"][..], "unrecognized command: \"foo\""),
            (&["-D", "false"], "unrecognized command: \"false\""),
            (&["--", "-v"], "unrecognized command: \"-v\""),
            (
                &["-t"],
                "must specify [-c, --config] option to check configuration file syntax",
            ),
            (&["-sl", "a=b=c"], "invalid signal parameters: [c]"),
        ] {
            assert_eq!(parse(args), Command::Failure(text.to_owned()));
        }
    }

    #[test]
    fn one_dash_or_two_with_or_without_equals_sign() {
        for args in [
            &["-p", "0x10", "-user", "u", "-sd=/d"][..],
            &["--port=16", "--user=u", "--store_dir", "/d"],
        ] {
            let flags = run(args);
            assert_eq!(flags.port, Some(16));
            assert_eq!(flags.user.as_deref(), Some("u"));
            assert_eq!(flags.store_dir.as_deref(), Some("/d"));
        }
        assert_eq!(run(&["-p", "-1"]).port, Some(-1));
    }

    #[test]
    fn signals_are_split_from_their_process() {
        assert_eq!(
            parse(&["--signal", "ldm=12"]),
            Command::Signal {
                command: "ldm".to_owned(),
                pid: Some("12".to_owned())
            }
        );
    }
}
