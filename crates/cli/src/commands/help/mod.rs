//! `nats help`.

pub mod model;

use crate::failure::{Failure, Result};
use crate::help::{find, usage};
use crate::session::Session;

/// Shows the usage of a command.
pub fn help(session: &mut Session) -> Result<()> {
    let words = session.matches.args("command");
    let path = find(words);
    if let Some(word) = words.get(path.len()) {
        return Err(Failure::Usage(format!(
            "expected command but got \"{word}\", use --help for full help including flags and arguments"
        )));
    }
    print!("{}", usage::usage(&path, usage::Detail::Full));
    Ok(())
}
