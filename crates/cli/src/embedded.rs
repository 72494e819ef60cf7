//! The server inside this program, for `nats server run`.
//!
//! It runs in a process of its own, so that its end, and signals for it, are
//! not those of the tool: the tool starts its own executable with
//! [`ARGUMENT`] as first word, and all words behind it are the server's, as
//! those of the program `nats-server`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::Result;

/// First word of a run that is the server. No command or flag of the tool can
/// have this name.
const ARGUMENT: &str = "--midge-embedded-server";

/// Runs the server if the words ask for it; gives its exit code.
pub fn run_if_asked(mut words: impl Iterator<Item = OsString>) -> Option<i32> {
    if words.next()? != ARGUMENT {
        return None;
    }
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    Some(midge_server::boot::run(&words))
}

/// Path of this program, and the command that starts it as a server.
pub fn command() -> Result<(PathBuf, Command)> {
    let path = std::env::current_exe()?;
    let mut command = Command::new(&path);
    command.arg(ARGUMENT);
    Ok((path, command))
}
