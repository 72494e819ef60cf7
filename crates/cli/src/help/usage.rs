//! Usage texts (cli.md 1.2).

use super::walk::{flag_text, signature, usage_line};
use crate::model::{self, Command, Flag};
use crate::output::terminal;

/// Left columns from this length on, or from three eighths of the terminal's
/// width, have their help on the next line.
const NARROWEST: usize = 30;
/// Letters that help has on a line, however narrow the terminal.
const LEAST_ROOM: usize = 20;
/// Blanks before a left column, and between the columns.
const INDENT: usize = 2;
/// Blanks before what belongs to a command in the list of all of them.
const DEEP_INDENT: usize = 4;

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
    let mut out = format!("usage: {} {}\n\n", model::NAME, usage_line(path));
    let command = path.last();
    let abouts = match command {
        Some(command) => [command.help, command.long],
        None => [model::ABOUT, ""],
    };
    for about in abouts.iter().filter(|about| !about.is_empty()) {
        for line in about.lines() {
            // Examples and lists stay as they are.
            if line.starts_with(' ') {
                out.push_str(&format!("{line}\n"));
                continue;
            }
            out.push_str(&format!("{}\n", wrap(line, width).join("\n")));
        }
        out.push('\n');
    }
    if let Some(command) = command {
        let rows = command.args.iter().map(|arg| {
            let name = match arg.value_name {
                "" => format!("<{}>", arg.name),
                name => name.to_owned(),
            };
            let name = if arg.required {
                name
            } else {
                format!("[{name}]")
            };
            (name, arg.help.to_owned())
        });
        block(&mut out, "Args", rows.collect(), width);
    }
    let title = if path.is_empty() {
        "Commands"
    } else {
        "Subcommands"
    };
    block(&mut out, title, command_rows(path), width);
    if let Some(command) = command {
        let flags: Vec<&Flag> = command.own_flags().collect();
        block(&mut out, "Flags", flag_rows(&flags), width);
        if !command.aliases.is_empty() {
            out.push_str(&format!(
                "Command Aliases: {}\n",
                command.aliases.join(", ")
            ));
        }
        out.push('\n');
    }
    match detail {
        Detail::Short => {
            out.push_str("Pass --help to see global flags applicable to this command.\n");
        }
        Detail::Full => {
            let mut flags: Vec<&Flag> = model::PROGRAM_FLAGS.iter().collect();
            flags.extend(model::GLOBAL_FLAGS);
            let groups = path.iter().rev().skip(1).rev();
            flags.extend(groups.flat_map(|group| group.own_flags()));
            block(&mut out, "Global Flags", flag_rows(&flags), width);
            if path.is_empty() {
                out.push_str(EXAMPLES);
            }
        }
    }
    out
}

/// The commands below one, each with its groups.
fn command_rows(path: &[&'static Command]) -> Vec<(String, String)> {
    let below = path
        .last()
        .map_or(model::commands(), |command| command.commands);
    let groups: String = path
        .iter()
        .map(|command| format!("{} ", command.name))
        .collect();
    below
        .iter()
        // Whoever reads this has found it.
        .filter(|command| !command.hidden && command.name != "help")
        .map(|command| (format!("{groups}{}", command.name), command.help.to_owned()))
        .collect()
}

/// All commands with their flags, one below the other.
pub fn everything() -> String {
    let width = terminal::width();
    let mut out = format!(
        "usage: {} {}\n\n{}\n\n",
        model::NAME,
        signature(&[]),
        model::ABOUT
    );
    let flags: Vec<&Flag> = model::PROGRAM_FLAGS
        .iter()
        .chain(model::GLOBAL_FLAGS)
        .collect();
    block(&mut out, "Flags", flag_rows(&flags), width);
    out.push_str("Commands:\n");
    // Help stands before all that it helps with.
    let (help, others): (Vec<_>, Vec<_>) = model::commands()
        .iter()
        .partition(|command| command.name == "help");
    for command in help.into_iter().chain(others) {
        below(&mut out, &mut vec![command], width);
    }
    out
}

fn below(out: &mut String, path: &mut Vec<&'static Command>, width: usize) {
    let Some(command) = path.last().copied().filter(|command| !command.hidden) else {
        return;
    };
    if command.commands.is_empty() {
        let indent = " ".repeat(DEEP_INDENT);
        out.push_str(&format!("{}\n", signature(path)));
        for line in wrap(command.help, width.saturating_sub(DEEP_INDENT)) {
            out.push_str(&format!("{indent}{line}\n"));
        }
        out.push('\n');
        let flags: Vec<&Flag> = command.own_flags().collect();
        columns(out, flag_rows(&flags), DEEP_INDENT, width);
        out.push('\n');
    }
    for child in command.commands {
        path.push(child);
        below(out, path, width);
        path.pop();
    }
}

/// Flags that are shown. Without a letter among them none is indented.
fn flag_rows(flags: &[&Flag]) -> Vec<(String, String)> {
    let has_letters = flags.iter().any(|flag| flag.short.is_some());
    flags
        .iter()
        .filter(|flag| !flag.hidden)
        .map(|flag| {
            let letter = match flag.short {
                Some(letter) => format!("-{letter}, "),
                None if has_letters => "    ".to_owned(),
                None => String::new(),
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
        .collect()
}

/// A title and two columns, and an empty line behind them.
fn block(out: &mut String, title: &str, rows: Vec<(String, String)>, width: usize) {
    if rows.is_empty() {
        return;
    }
    out.push_str(&format!("{title}:\n"));
    columns(out, rows, INDENT, width);
    out.push('\n');
}

/// Two columns behind so many blanks.
fn columns(out: &mut String, rows: Vec<(String, String)>, blanks: usize, width: usize) {
    let limit = NARROWEST.max(width * 3 / 8);
    let lengths = rows.iter().map(|(left, _)| left.chars().count());
    let first = lengths.filter(|length| *length < limit).max().unwrap_or(0);
    let indent = " ".repeat(blanks);
    let gap = " ".repeat(INDENT);
    let offset = " ".repeat(first + INDENT);
    let room = width
        .saturating_sub(first + blanks + INDENT)
        .max(LEAST_ROOM);
    for (left, right) in rows {
        out.push_str(&format!("{indent}{left:<first$}{gap}"));
        if left.chars().count() >= limit {
            out.push_str(&format!("\n{indent}{offset}"));
        }
        let lines = wrap(&right, room);
        out.push_str(&format!("{}\n", lines.join(&format!("\n{indent}{offset}"))));
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
