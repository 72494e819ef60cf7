//! Completion of words in shells (cli.md 1.10).
//!
//! bash, zsh and fish ask the program what may follow: the sheet fixes that
//! for the first two, and `clap_complete`'s script for fish knows neither a
//! third level of commands nor the names of contexts. The scripts for the
//! other shells are written by `clap_complete`.

use clap_complete::{Generator, generate, shells};

use super::described::program;
use super::walk::value_text;
use crate::model::{self, Command, Flag, Kind};
use crate::parse::parse;

/// Script for bash.
pub const BASH: &str = r#"
_nats_bash_autocomplete() {
    local cur opts
    COMPREPLY=()
    cur="${COMP_WORDS[COMP_CWORD]}"
    opts=$( ${COMP_WORDS[0]} --completion-bash "${COMP_WORDS[@]:1:$COMP_CWORD}" )
    COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
    return 0
}
complete -F _nats_bash_autocomplete -o default nats
"#;

/// Script for zsh.
pub const ZSH: &str = r#"#compdef nats

_nats() {
    local -a names
    local kind name second third fourth about rest
    while IFS=$'\t' read -r kind name second third fourth about rest; do
        case $kind in
            C) names+=("${name//:/\\:}:${second}") ;;
            F) [[ $PREFIX == -* ]] && names+=("--${name}:${about//\\:/:}") ;;
        esac
    done < <(nats "${(@)words[2,CURRENT-1]}" --completion-zsh-menu)
    if (( ${#names} )); then
        _describe 'nats' names
    else
        _files
    fi
}

_nats "$@"
"#;

/// Script for fish.
pub const FISH: &str = r#"function __nats_complete
    set -l words (commandline -opc) (commandline -ct)
    nats --completion-bash $words[2..-1]
end
complete -c nats -f -n 'test (count (__nats_complete)) -gt 0' -a '(__nats_complete)'
"#;

/// Script for Elvish.
pub fn elvish() -> String {
    written(shells::Elvish)
}

/// Script for PowerShell.
pub fn powershell() -> String {
    written(shells::PowerShell)
}

fn written(shell: impl Generator) -> String {
    let mut out = Vec::new();
    generate(shell, &mut program(), model::NAME, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The words before the one that is being typed.
fn before(words: &[String]) -> &[String] {
    words.split_last().map_or(&[], |(_, before)| before)
}

fn flags(path: &[&'static Command]) -> Vec<Flag> {
    let mut flags: Vec<Flag> = path
        .iter()
        .flat_map(|command| command.own_flags())
        .copied()
        .collect();
    flags.extend_from_slice(model::GLOBAL_FLAGS);
    flags.retain(|flag| !flag.hidden);
    flags
}

/// The command that the words before the last one lead to, with its groups.
fn reached(words: &[String]) -> Vec<&'static Command> {
    match parse(model::commands(), before(words), &|_| None) {
        Ok(parsed) => parsed.path,
        Err(problem) => problem.path,
    }
}

/// What may stand where the last word is being typed.
pub fn candidates(words: &[String]) -> Vec<String> {
    let typed = words.last().map_or("", String::as_str);
    let path = reached(words);
    let flags = flags(&path);
    if let Some(previous) = before(words).last() {
        let named = flags.iter().find(|flag| match previous.strip_prefix("--") {
            Some(name) => flag.name == name,
            None => flag
                .short
                .is_some_and(|letter| *previous == format!("-{letter}")),
        });
        match named.map(|flag| flag.kind) {
            Some(Kind::Choice(words)) => {
                return words.iter().map(|word| (*word).to_owned()).collect();
            }
            Some(kind) if !kind.is_switch() => return Vec::new(),
            _ => {}
        }
    }
    if typed.starts_with("--") {
        let mut out = vec!["--help".to_owned(), "--version".to_owned()];
        for flag in flags {
            out.push(format!("--{}", flag.name));
            if flag.kind == Kind::Negatable {
                out.push(format!("--no-{}", flag.name));
            }
        }
        return out;
    }
    let is_context = path
        .first()
        .is_some_and(|command| command.name == "context");
    let commands = path
        .last()
        .map_or(model::commands(), |command| command.commands);
    if commands.is_empty() && is_context {
        return crate::context::Store::open()
            .map(|store| store.names())
            .unwrap_or_default();
    }
    commands
        .iter()
        .filter(|command| !command.hidden)
        .map(|command| command.name.to_owned())
        .collect()
}

/// Prints [`candidates`], one a line.
pub fn print_candidates(words: &[String]) {
    for candidate in candidates(words) {
        println!("{candidate}");
    }
}

/// Prints records for zsh, with tabs between their fields: how deep the command
/// is, the commands below it, its flags and the global ones, its arguments.
pub fn print_zsh_menu(words: &[String]) {
    let path = match parse(model::commands(), words, &|_| None) {
        Ok(parsed) => parsed.path,
        Err(problem) => problem.path,
    };
    println!("D\t{}", path.len());
    let commands = path
        .last()
        .map_or(model::commands(), |command| command.commands);
    for command in commands.iter().filter(|command| !command.hidden) {
        println!("C\t{}\t{}", command.name, escaped(command.help));
    }
    let own = path
        .last()
        .into_iter()
        .flat_map(|command| command.own_flags());
    let groups = path.iter().rev().skip(1).rev();
    let flags = own
        .chain(model::PROGRAM_FLAGS)
        .chain(model::GLOBAL_FLAGS)
        .chain(groups.flat_map(|group| group.own_flags()));
    for flag in flags.filter(|flag| !flag.hidden) {
        print_flag(flag);
    }
    for arg in path.last().map(|command| command.args).unwrap_or_default() {
        let need = if arg.required { "required" } else { "optional" };
        println!("A\t{}\t{need}\t{}", arg.name, escaped(arg.help));
    }
}

fn print_flag(flag: &Flag) {
    let letter = flag.short.unwrap_or('_');
    let value = if flag.kind.is_switch() {
        "_".to_owned()
    } else {
        value_text(flag)
    };
    let choices = match flag.kind {
        Kind::Choice(words) => words.join(","),
        _ => String::new(),
    };
    println!(
        "F\t{}\t{letter}\t{value}\t{}\t{}\t{choices}",
        flag.name,
        flag.kind == Kind::Negatable,
        escaped(flag.help)
    );
}

/// With colons as zsh wants them.
fn escaped(text: &str) -> String {
    text.replace(':', "\\:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Vec<String> {
        candidates(
            &words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn commands_flags_and_values_are_offered() {
        assert!(of(&[""]).contains(&"stream".to_owned()));
        assert!(!of(&[""]).contains(&"traffic".to_owned()));
        assert!(of(&["stream", "l"]).contains(&"ls".to_owned()));
        assert!(of(&["-s", "host", "stream", "l"]).contains(&"ls".to_owned()));
        assert!(of(&["s", "ls", "--"]).contains(&"--names".to_owned()));
        assert_eq!(of(&["pub", "--send-on", ""]), ["newline", "eof"]);
    }

    #[test]
    fn other_shells_know_all_commands() {
        for script in [elvish(), powershell()] {
            assert!(script.contains("nats;bench;js;pub;sync"), "third level");
            assert!(script.contains("--no-templates"), "opposites");
        }
    }
}
