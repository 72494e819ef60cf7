//! The manual page (`--help-man`).

use super::walk::{flag_text, signature, visible_flags};
use crate::model::{self, Command, Flag};

/// The page in troff.
pub fn page() -> String {
    let mut out = format!(".TH {} 1 \"\" \"{}\" \"\"\n", model::NAME, model::VERSION);
    out.push_str(&format!(
        ".SH NAME\n{} \\- {}\n",
        model::NAME,
        escape(model::ABOUT)
    ));
    out.push_str(&format!(
        ".SH SYNOPSIS\n.B {}\n{}\n",
        model::NAME,
        escape(&signature(&[]))
    ));
    out.push_str(".SH OPTIONS\n");
    for flag in model::GLOBAL_FLAGS.iter().filter(|flag| !flag.hidden) {
        push_flag(&mut out, flag);
    }
    out.push_str(".SH COMMANDS\n");
    for command in model::commands() {
        push(&mut out, &mut vec![command]);
    }
    out
}

fn push(out: &mut String, path: &mut Vec<&'static Command>) {
    let Some(command) = path.last().copied().filter(|command| !command.hidden) else {
        return;
    };
    out.push_str(&format!(
        ".SS \"{} {}\"\n",
        model::NAME,
        escape(&signature(path))
    ));
    let about = if command.long.is_empty() {
        command.help
    } else {
        command.long
    };
    out.push_str(&format!("{}\n", escape(about)));
    for flag in visible_flags(command) {
        push_flag(out, flag);
    }
    for child in command.commands {
        path.push(child);
        push(out, path);
        path.pop();
    }
}

fn push_flag(out: &mut String, flag: &Flag) {
    let letter = flag
        .short
        .map(|letter| format!("-{letter}, "))
        .unwrap_or_default();
    let env = flag
        .env
        .map(|name| format!(" (${name})"))
        .unwrap_or_default();
    out.push_str(&format!(
        ".TP\n\\fB{}\\fP\n{}\n",
        escape(&format!("{letter}{}", flag_text(flag))),
        escape(&format!("{}{env}", flag.help))
    ));
}

/// What troff would take for its own.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let lines = text.lines().map(|line| {
        if line.starts_with(['.', '\'']) {
            format!("\\&{line}")
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
