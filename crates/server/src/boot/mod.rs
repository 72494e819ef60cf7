//! From the command line to a running server and back.
//!
//! | module | what happens there |
//! | --- | --- |
//! | [`start`] | options → listeners, threads, banner, in the order of the peer |
//! | [`banner`] | the lines of the start |
//! | [`missing`] | options of features that are not built yet |
//! | [`node`] | the running server: signals and the end |
//! | [`reload`] | a changed configuration |
//! | [`lame_duck`] | sending clients away |
//! | [`machine`] | what JetStream may use of the machine |
//! | [`monitor`], [`source`] | the monitoring port |
//! | [`system_service`] | requests in the system account |

mod banner;
mod jetstream;
mod jetstream_source;
mod lame_duck;
mod machine;
mod missing;
mod monitor;
mod node;
mod reload;
mod source;
mod start;
mod system_service;

use std::io::Write;

use midge_config::flags::{self, Command};
use midge_wire::info::VERSION;

/// Exit code of a normal end.
const OK: i32 = 0;
/// Exit code when something is wrong with configuration or system.
const FAILED: i32 = 1;

/// Runs the program; returns its exit code.
pub fn run(args: &[String]) -> i32 {
    match flags::parse(args) {
        Command::Version => {
            say(&format!("nats-server: v{VERSION}\n"));
            OK
        }
        Command::Help => {
            say(&flags::help());
            OK
        }
        Command::HelpTls => {
            say(&flags::help_tls());
            OK
        }
        // Scripts know the peer to end with 0 here (configuration.md 7.1).
        Command::FlagError(text) => {
            complain(&format!("{text}\n"));
            say(&flags::help());
            OK
        }
        Command::Failure(text) => fail(&text),
        Command::Signal { command, pid } => send_signal(&command, pid.as_deref()),
        Command::Run(flags) if flags.test_config => test(&flags),
        Command::Run(flags) => start::start(*flags),
    }
}

/// `-t`: says whether the configuration file is valid.
fn test(flags: &flags::FlagSet) -> i32 {
    let loaded = match midge_config::resolve(flags) {
        Ok(loaded) => loaded,
        Err(error) => return fail(&error.to_string()),
    };
    if !loaded.warnings.is_empty() {
        let text: String = loaded
            .warnings
            .iter()
            .map(|line| format!("{line}\n"))
            .collect();
        return fail(&text);
    }
    let file = loaded
        .options
        .config_file
        .as_deref()
        .unwrap_or(std::path::Path::new(""));
    complain(&format!(
        "nats-server: configuration file {} is valid ({})\n",
        file.display(),
        loaded.digest
    ));
    OK
}

#[cfg(unix)]
fn send_signal(command: &str, pid: Option<&str>) -> i32 {
    let argument = match pid {
        Some(pid) => format!("{command}={pid}"),
        None => command.to_owned(),
    };
    match crate::process::send_signal(&argument) {
        Ok(()) => OK,
        Err(text) => fail(&text),
    }
}

#[cfg(not(unix))]
fn send_signal(_command: &str, _pid: Option<&str>) -> i32 {
    fail("signals to a running server are not available on this system")
}

/// Ends with an error that names the program.
fn fail(text: &str) -> i32 {
    complain(&format!("nats-server: {text}\n"));
    FAILED
}

fn say(text: &str) {
    // A closed pipe is the reader's choice.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn complain(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
