//! Completion of words in shells (cli.md 1.10).
//!
//! bash, zsh and fish ask the program what may follow: the sheet fixes that
//! for the first two, and `clap_complete`'s script for fish knows neither a
//! third level of commands nor the names of contexts. The scripts for the
//! other shells are written by `clap_complete`.

use clap_complete::{Generator, generate, shells};

use super::described::program;
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
    local depth=0 kind name about rest
    while IFS=$'\t' read -r kind name about rest; do
        case $kind in
            D) depth=$name ;;
            C) names+=("${name//:/\\:}:${about}") ;;
            F) names+=("--${name}:${about}") ;;
            A) ;;
        esac
    done < <(nats --completion-zsh-menu "${(@)words[2,CURRENT]}")
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

/// Prints records for zsh: depth, commands, flags, arguments.
pub fn print_zsh_menu(words: &[String]) {
    let typed = words.last().map_or("", String::as_str);
    let path = reached(words);
    println!("D\t{}", path.len());
    if typed.starts_with('-') {
        for flag in flags(&path) {
            println!("F\t{}\t{}", flag.name, flag.help);
        }
        return;
    }
    let commands = path
        .last()
        .map_or(model::commands(), |command| command.commands);
    for command in commands.iter().filter(|command| !command.hidden) {
        println!("C\t{}\t{}", command.name, command.help);
    }
    for arg in path.last().map(|command| command.args).unwrap_or_default() {
        println!("A\t{}\t{}", arg.name, arg.help);
    }
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
