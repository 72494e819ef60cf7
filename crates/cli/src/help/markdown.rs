//! Help in Markdown: all commands (`--help-llm`), or one (`LLMFORMAT=1`).

use super::walk::{flag_text, signature, visible_flags};
use crate::model::{self, Command, Flag};

/// The page.
pub fn page() -> String {
    let mut out = format!(
        "# {}\n\n{}\n\nVersion: {}\n",
        model::NAME,
        model::ABOUT,
        model::VERSION
    );
    out.push_str("\n## Global flags\n\n");
    for flag in model::GLOBAL_FLAGS.iter().filter(|flag| !flag.hidden) {
        push_flag(&mut out, flag);
    }
    for command in model::commands() {
        push(&mut out, &mut vec![command]);
    }
    out
}

/// The help of one command, of all if there is none.
pub fn help(path: &[&'static Command]) -> String {
    let Some(command) = path.last() else {
        return page();
    };
    let mut out = String::new();
    push_command(&mut out, path, command, "#");
    if !command.commands.is_empty() {
        out.push_str("\n## Commands\n\n");
        for child in command.commands.iter().filter(|child| !child.hidden) {
            out.push_str(&format!("- `{}`: {}\n", child.name, child.help));
        }
    }
    out.push_str("\n## Global flags\n\n");
    for flag in model::GLOBAL_FLAGS.iter().filter(|flag| !flag.hidden) {
        push_flag(&mut out, flag);
    }
    for group in path.iter().take(path.len() - 1) {
        for flag in visible_flags(group) {
            push_flag(&mut out, flag);
        }
    }
    out
}

fn push(out: &mut String, path: &mut Vec<&'static Command>) {
    let Some(command) = path.last().copied().filter(|command| !command.hidden) else {
        return;
    };
    out.push('\n');
    push_command(out, path, command, &"#".repeat(path.len() + 1));
    for child in command.commands {
        path.push(child);
        push(out, path);
        path.pop();
    }
}

fn push_command(out: &mut String, path: &[&'static Command], command: &Command, level: &str) {
    let names: Vec<&str> = path.iter().map(|command| command.name).collect();
    let about = if command.long.is_empty() {
        command.help
    } else {
        command.long
    };
    out.push_str(&format!("{level} {}\n\n{about}\n\n", names.join(" ")));
    out.push_str(&format!("`{} {}`\n", model::NAME, signature(path)));
    if !command.aliases.is_empty() {
        out.push_str(&format!("\nAliases: {}\n", command.aliases.join(", ")));
    }
    if !command.args.is_empty() {
        out.push('\n');
        for arg in command.args {
            out.push_str(&format!("- `{}`: {}\n", arg.name, arg.help));
        }
    }
    let flags = visible_flags(command);
    if !flags.is_empty() {
        out.push('\n');
        for flag in flags {
            push_flag(out, flag);
        }
    }
}

fn push_flag(out: &mut String, flag: &Flag) {
    let letter = flag
        .short
        .map(|letter| format!("-{letter}, "))
        .unwrap_or_default();
    let env = flag
        .env
        .map(|name| format!(" (`${name}`)"))
        .unwrap_or_default();
    out.push_str(&format!(
        "- `{letter}{}`: {}{env}\n",
        flag_text(flag),
        flag.help
    ));
}
