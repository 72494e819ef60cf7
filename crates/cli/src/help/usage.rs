//! Usage texts (cli.md 1.2).

use super::walk::{flag_text, signature, visible_flags};
use crate::model::{self, Command, Flag};
use crate::output::terminal;

/// Left columns wider than this have their help on the next line.
const WIDEST: usize = 30;
/// Blanks before a left column, and between the columns.
const INDENT: usize = 2;

/// How much a usage text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Without the global flags.
    Short,
    /// With everything.
    Full,
}

/// Examples below the list of all commands.
const EXAMPLES: &str = "\
Examples:

  nats context add local --server localhost:4222 --select
  nats sub 'orders.>'                                # in one terminal
  nats pub orders.new '{\"id\": {{Count}}}' --count 3  # in another
  nats stream add ORDERS --subjects 'orders.>' --defaults
  nats kv add CONFIG
  nats cheat                                         # more examples
";

/// Usage of the command at the end of `path`; of the program if it is empty.
pub fn usage(path: &[&'static Command], detail: Detail) -> String {
    let width = terminal::width();
    let mut out = format!("usage: {} {}\n", model::NAME, signature(path));
    let about = path.last().map_or(model::ABOUT, |command| {
        if command.long.is_empty() {
            command.help
        } else {
            command.long
        }
    });
    out.push('\n');
    for line in about.lines() {
        out.push_str(&format!("{}\n", wrap(line, width).join("\n")));
    }
    if let Some(command) = path.last() {
        let rows = command.args.iter().map(|arg| {
            let name = if arg.required {
                format!("<{}>", arg.name)
            } else {
                format!("[<{}>]", arg.name)
            };
            (name, arg.help.to_owned())
        });
        block(&mut out, "Args", rows.collect(), width);
    }
    let commands = path
        .last()
        .map_or(model::commands(), |command| command.commands);
    let rows = commands
        .iter()
        .filter(|command| !command.hidden)
        .map(|command| (command.name.to_owned(), command.help.to_owned()));
    block(
        &mut out,
        if path.is_empty() {
            "Commands"
        } else {
            "Subcommands"
        },
        rows.collect(),
        width,
    );
    if let Some(command) = path.last() {
        block(&mut out, "Flags", flag_rows(&visible_flags(command)), width);
        if !command.aliases.is_empty() {
            out.push_str(&format!(
                "\nCommand Aliases: {}\n",
                command.aliases.join(", ")
            ));
        }
    }
    match detail {
        Detail::Short if path.is_empty() => {
            out.push_str("\nPass --help to see global flags and examples.\n");
        }
        Detail::Short => {
            out.push_str("\nPass --help to see global flags applicable to this command.\n");
        }
        Detail::Full => {
            let mut rows = vec![
                (
                    "  -h, --help".to_owned(),
                    "Show context-sensitive help".to_owned(),
                ),
                (
                    "      --version".to_owned(),
                    "Show application version.".to_owned(),
                ),
            ];
            let global: Vec<&Flag> = model::GLOBAL_FLAGS
                .iter()
                .filter(|flag| !flag.hidden)
                .collect();
            rows.extend(flag_rows(&global));
            for group in path.iter().rev().skip(1).rev() {
                rows.extend(flag_rows(&visible_flags(group)));
            }
            block(&mut out, "Global Flags", rows, width);
            if path.is_empty() {
                out.push_str(&format!("\n{EXAMPLES}"));
            }
        }
    }
    out.push('\n');
    out
}

/// Usage of every command, one below the other.
pub fn everything() -> String {
    let mut out = usage(&[], Detail::Full);
    for command in model::commands() {
        below(&mut out, &mut vec![command]);
    }
    out
}

fn below(out: &mut String, path: &mut Vec<&'static Command>) {
    let Some(command) = path.last().copied().filter(|command| !command.hidden) else {
        return;
    };
    out.push_str(&usage(path, Detail::Short));
    for child in command.commands {
        path.push(child);
        below(out, path);
        path.pop();
    }
}

fn flag_rows(flags: &[&Flag]) -> Vec<(String, String)> {
    flags
        .iter()
        .map(|flag| {
            let letter = match flag.short {
                Some(letter) => format!("-{letter}, "),
                None => "    ".to_owned(),
            };
            let env = flag
                .env
                .map(|name| format!(" (${name})"))
                .unwrap_or_default();
            (
                format!("{letter}{}", flag_text(flag)),
                format!("{}{env}", flag.help),
            )
        })
        .map(|(left, right)| (format!("  {left}").trim_end().to_owned(), right))
        .collect()
}

/// A title and two columns.
fn block(out: &mut String, title: &str, rows: Vec<(String, String)>, width: usize) {
    if rows.is_empty() {
        return;
    }
    out.push_str(&format!("\n{title}:\n"));
    let rows: Vec<(String, String)> = rows
        .into_iter()
        .map(|(left, right)| {
            let left = left.strip_prefix("  ").map_or(left.clone(), str::to_owned);
            (left, right)
        })
        .collect();
    let widest = rows
        .iter()
        .map(|(left, _)| left.chars().count())
        .filter(|length| *length <= WIDEST)
        .max()
        .unwrap_or(0);
    let start = INDENT + widest + INDENT;
    for (left, right) in rows {
        let lines = wrap(&right, width.saturating_sub(start).max(20));
        let mut line = format!("{}{left}", " ".repeat(INDENT));
        let length = line.chars().count();
        if length > INDENT + widest {
            out.push_str(&format!("{line}\n"));
            line = " ".repeat(start);
        } else {
            line.push_str(&" ".repeat(start - length));
        }
        for (number, text) in lines.iter().enumerate() {
            if number > 0 {
                line = " ".repeat(start);
            }
            out.push_str(format!("{line}{text}").trim_end());
            out.push('\n');
        }
    }
}

/// Lines of at most `width` letters.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}
