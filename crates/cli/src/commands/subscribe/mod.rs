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
    let options = options::Options::read(session)?;
    if options.stream_mode {
        return stream::subscribe(session, &options);
    }
    if options.subjects.is_empty() && !options.inbox {
        println!("No subjects or --stream flag provided.\n");
        return Err(Failure::Usage("required argument".to_owned()));
    }
    core::subscribe(session, &options)
}
