//! `nats help`.

pub mod model;

use crate::bail;
use crate::failure::Result;
use crate::help::{self, find};
use crate::session::Session;

/// Shows the help of a command.
pub fn show(session: &mut Session) -> Result<()> {
    let words = session.matches.args("command");
    let path = find(words);
    if let Some(word) = words.get(path.len()) {
        bail!("expected command but got \"{word}\"");
    }
    print!("{}", help::short_text(&path));
    Ok(())
}
