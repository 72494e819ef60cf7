//! `nats subscribe` (cli.md 3.3).

mod core;
mod dump;
pub mod model;
mod options;
mod printer;
mod report;
mod stream;

use crate::failure::{Failure, Result};
use crate::session::Session;

/// Shows messages as they arrive.
pub fn subscribe(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let is_named = !matches.args("subjects").is_empty() || matches.filled("stream").is_some();
    if !is_named && !matches.on("inbox") {
        println!("No subjects or --stream flag provided.");
        return Err(Failure::Usage("required argument".to_owned()));
    }
    session.connect()?;
    let options = options::Options::read(&session.matches)?;
    match &options.stream {
        // Graphs are about what goes by, not about what is stored.
        Some(stream) if options.view != options::View::Graphs => {
            stream::subscribe(session, &options, stream)
        }
        _ => core::subscribe(session, &options),
    }
}
