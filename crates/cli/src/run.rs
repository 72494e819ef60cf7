//! One run of the program, from its words to its exit code.

use std::ffi::OsString;
use std::io::{ErrorKind, Write};

use crate::client::LIBRARY_THREAD;
use crate::failure::{Failure, PIPE_CLOSED};
use crate::help;
use crate::model::{self, Command};
use crate::output::log;
use crate::parse::{BuiltIn, Parsed, Problem, expand, parse};
use crate::session::Session;

/// Exit code after a mistake of the program itself, as Rust has it.
const PANICKED: i32 = 101;

/// Commands that work whatever the selected context is; some load it later.
const WITHOUT_CONTEXT: &[&str] = &["cheat", "context", "errors", "help", "plugins", "schema"];

/// Asks for what zsh offers; it may stand behind the command.
const ZSH_MENU: &str = "--completion-zsh-menu";

/// [`run`] with words as the system gives them.
pub fn run_given(words: impl Iterator<Item = OsString>) -> i32 {
    // What is sent must be what was written, so that nothing is replaced.
    let words: Result<Vec<String>, OsString> = words.map(OsString::into_string).collect();
    match words {
        Ok(words) => run(words),
        Err(word) => {
            log::error(format_args!(
                "{word:?} is not valid UTF-8: send other bytes from a file or standard input"
            ));
            1
        }
    }
}

/// Does what the words say; gives the exit code.
pub fn run(words: Vec<String>) -> i32 {
    end_on_panics();
    let code = act(words);
    match std::io::stdout().flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            log::error(format_args!("could not write the output: {error}"));
            code.max(1)
        }
        Err(_) => PIPE_CLOSED,
        Ok(()) => code,
    }
}

/// A closed pipe ends the program quietly, as with other tools; output that
/// cannot be written for another reason ends it with that. So does any other
/// panic, on whatever thread; but for the one that a library ends its connection
/// with.
fn end_on_panics() {
    std::panic::set_hook(Box::new(|info| {
        if std::thread::current().name() == Some(LIBRARY_THREAD) {
            return;
        }
        let text = info.to_string();
        if let Some((_, why)) = text.split_once("failed printing to stdout: ") {
            if why.contains("Broken pipe") {
                std::process::exit(PIPE_CLOSED);
            }
            log::error(format_args!("could not write the output: {why}"));
            std::process::exit(1);
        }
        log::error(format_args!("this should not happen: {text}"));
        // Another thread may wait for the one that ends here.
        std::process::exit(PANICKED);
    }));
}

fn act(words: Vec<String>) -> i32 {
    if let Some((first, rest)) = words.split_first()
        && first == "--completion-bash"
    {
        help::completion::print_candidates(rest);
        return 0;
    }
    if words.iter().any(|word| word == ZSH_MENU) {
        let words: Vec<String> = words.into_iter().filter(|word| word != ZSH_MENU).collect();
        help::completion::print_zsh_menu(&words);
        return 0;
    }
    let words = match expand(words) {
        Ok(words) => words,
        Err(failure) => return report(&failure, &[]),
    };
    if let Some(code) = crate::commands::plugins::run_plugin(&words) {
        return code;
    }
    let env = |name: &str| std::env::var(name).ok();
    match parse(model::commands(), &words, &env) {
        Ok(Parsed {
            path,
            built_in: Some(built_in),
            ..
        }) => {
            show(built_in, &path);
            0
        }
        Ok(Parsed {
            path,
            matches,
            built_in: None,
        }) => match path.last() {
            None => {
                print!("{}", help::usage::usage(&path, help::usage::Detail::Short));
                0
            }
            Some(command) => {
                let outcome = run_command(command, Session::new(path.clone(), matches));
                match outcome {
                    Ok(()) => 0,
                    Err(failure) => report(&failure, &path),
                }
            }
        },
        Err(Problem { path, failure }) => report(&failure, &path),
    }
}

fn run_command(command: &Command, mut session: Session) -> Result<(), Failure> {
    session.prepare()?;
    let group = session.path.first().map_or("", |command| command.name);
    if !WITHOUT_CONTEXT.contains(&group) {
        // One that is gone is told before anything else.
        session.context()?;
    }
    match command.run {
        Some(run) => run(&mut session),
        // The parser asks for one of its commands.
        None => Err(crate::fail!(
            "'nats {}' is a group of commands",
            session.path_text()
        )),
    }
}

fn show(built_in: BuiltIn, path: &[&'static Command]) {
    match built_in {
        BuiltIn::Help => print!("{}", help::text(path)),
        BuiltIn::Version => println!("{}", model::VERSION),
        BuiltIn::HelpLong => print!("{}", help::usage::everything()),
        BuiltIn::HelpCompact => {
            print!("{}", help::usage::usage(path, help::usage::Detail::Short));
        }
        BuiltIn::HelpMan => print!("{}", help::man::pages(path)),
        BuiltIn::HelpMarkdown => print!("{}", help::markdown::help(path)),
        BuiltIn::Introspect => println!("{}", help::introspect::model().compact()),
        BuiltIn::ScriptBash => print!("{}", help::completion::BASH),
        BuiltIn::ScriptZsh => print!("{}", help::completion::ZSH),
        BuiltIn::ScriptFish => print!("{}", help::completion::FISH),
        BuiltIn::ScriptElvish => print!("{}", help::completion::elvish()),
        BuiltIn::ScriptPowerShell => print!("{}", help::completion::powershell()),
    }
}

fn report(failure: &Failure, path: &[&'static Command]) -> i32 {
    match failure {
        Failure::Error(text) => {
            log::error(text);
            1
        }
        Failure::Usage(text) => {
            log::usage_error(text);
            print!("{}", help::usage::usage(path, help::usage::Detail::Short));
            1
        }
        Failure::Exit(code) => *code,
    }
}
