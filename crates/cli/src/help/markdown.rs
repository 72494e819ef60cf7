//! Help in Markdown, of the program or one command (`--help-llm`, or
//! `LLMFORMAT=1`), in the layout of the original.

use std::borrow::Cow;

use super::introspect::ABOUT_TAGS;
use super::tags::tags;
use super::walk::{flag_name, signature, visible_flags};
use crate::model::{self, Arg, Command, Flag, Kind};

/// The help of the command at the end of `path`; of the program if it is empty.
pub fn help(path: &[&'static Command]) -> String {
    let names: String = path
        .iter()
        .map(|command| format!(" {}", command.name))
        .collect();
    let mut out = format!("# {}{names}\n", model::NAME);
    match path.last() {
        Some(command) => push_about(&mut out, command, tags(path)),
        None => out.push_str(&format!("{}\n", model::ABOUT)),
    }
    let call = signature(path);
    out.push_str(&format!("## Usage\n\n```\n{} {call}\n\n```\n", model::NAME));
    if let Some(command) = path.last() {
        push_args(&mut out, command.args);
        push_flags(&mut out, "Flags", &visible_flags(command));
    }
    let title = match path {
        [] => "Commands",
        _ => "Subcommands",
    };
    push_commands(&mut out, title, path);
    if let [groups @ .., _] = path {
        let flags = model::PROGRAM_FLAGS
            .iter()
            .chain(model::GLOBAL_FLAGS)
            .filter(|flag| !flag.hidden)
            .chain(groups.iter().flat_map(|group| visible_flags(group)));
        push_flags(&mut out, "Global Flags", &flags.collect::<Vec<_>>());
    }
    out.push_str(&format!("## Additional Information\n\n{ABOUT_TAGS}\n"));
    out
}

fn push_about(out: &mut String, command: &Command, tags: &[&str]) {
    out.push_str(&format!("{}\n", command.help));
    if !command.long.is_empty() {
        out.push_str(&format!("\n{}\n\n", command.long));
    }
    for (title, words) in [("Tags", tags), ("Aliases", command.aliases)] {
        if !words.is_empty() {
            out.push_str(&format!("**{title}:** {}\n", words.join(", ")));
        }
    }
}

/// A table with a title above it and an empty line below it.
fn push_table(out: &mut String, title: &str, columns: &[&str], rows: Vec<String>) {
    if rows.is_empty() {
        return;
    }
    let lines: Vec<String> = columns
        .iter()
        .map(|column| "-".repeat(column.len() + 2))
        .collect();
    out.push_str(&format!(
        "## {title}\n\n| {} |\n|{}|\n{}\n",
        columns.join(" | "),
        lines.join("|"),
        rows.concat()
    ));
}

fn push_args(out: &mut String, args: &[Arg]) {
    let rows = args.iter().map(|arg| {
        format!(
            "| `{}` | {} | `{}` | {} | {} |\n",
            arg.name,
            cell(arg.help),
            type_of(arg.kind),
            code(arg.default),
            required(arg.required, arg.many)
        )
    });
    let columns = ["Argument", "Description", "Type", "Default", "Required"];
    push_table(out, "Arguments", &columns, rows.collect());
}

fn push_flags(out: &mut String, title: &str, flags: &[&Flag]) {
    let rows = flags.iter().map(|flag| {
        let letter = flag
            .short
            .map(|letter| format!(", `-{letter}`"))
            .unwrap_or_default();
        format!(
            "| `{}`{letter} | {} | `{}` | {} | {} | {} |\n",
            flag_name(flag),
            cell(flag.help),
            type_of(flag.kind),
            code(flag.default),
            required(flag.required, flag.list),
            code(flag.env)
        )
    });
    let columns = [
        "Flag",
        "Description",
        "Type",
        "Default",
        "Required",
        "Env Var",
    ];
    push_table(out, title, &columns, rows.collect());
}

/// The commands below the one at the end of `path`.
fn push_commands(out: &mut String, title: &str, path: &[&'static Command]) {
    let below = path
        .last()
        .map_or(model::commands(), |command| command.commands);
    let mut rows = Vec::new();
    let mut has_tags = false;
    for command in below {
        // Whoever reads this has found help.
        if command.hidden || command.name == "help" {
            continue;
        }
        let path = [path, &[command]].concat();
        let names: Vec<&str> = path.iter().map(|command| command.name).collect();
        let about = command.help.lines().next().unwrap_or_default();
        let mut row = format!("| `{}` | {} |", names.join(" "), cell(about));
        let tags = tags(&path);
        if !tags.is_empty() {
            has_tags = true;
            row.push_str(&format!(" {} |", tags.join(", ")));
        }
        rows.push(format!("{row}\n"));
    }
    let columns = ["Command", "Description", "Tags"];
    let (columns, _) = columns.split_at(if has_tags { 3 } else { 2 });
    push_table(out, title, columns, rows);
}

/// A text as a table's cell takes it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A text in code letters, if there is one.
fn code(text: Option<&str>) -> String {
    text.map(|text| format!("`{}`", cell(text)))
        .unwrap_or_default()
}

fn required(is_required: bool, is_list: bool) -> String {
    let more = if is_list { ", repeatable" } else { "" };
    format!("{}{more}", if is_required { "Yes" } else { "No" })
}

fn type_of(kind: Kind) -> Cow<'static, str> {
    Cow::Borrowed(match kind {
        Kind::Switch | Kind::Negatable => "bool",
        Kind::Text => "string",
        Kind::Int | Kind::Within(..) => "int",
        Kind::Int64 => "int64",
        Kind::Uint => "uint",
        Kind::Duration => "duration",
        Kind::File => "path",
        Kind::Regex => "regexp",
        Kind::Map => "key=value",
        Kind::Url => "url",
        Kind::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| cell(word)).collect();
            return Cow::Owned(format!("enum({})", words.join("\\|")));
        }
    })
}
