//! `nats help`.

pub mod model;

use crate::failure::{Failure, Result};
use crate::help::{self, find};
use crate::session::Session;

/// Shows the help of a command.
pub fn show(session: &mut Session) -> Result<()> {
    let words = session.matches.args("command");
    let path = find(words);
    if let Some(word) = words.get(path.len()) {
        return Err(Failure::Usage(format!(
            "expected command but got \"{word}\", use --help for full help including flags and arguments"
        )));
    }
    print!("{}", help::text(&path));
    Ok(())
}
