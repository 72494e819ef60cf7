//! `nats stream graph`.

use std::time::Instant;

use super::info::chosen;
use crate::failure::Result;
use crate::live::{Caption, Counter, charts};
use crate::output::terminal;
use crate::session::Session;

/// Draws what happens to a stream until Ctrl-C.
pub fn graph(session: &mut Session) -> Result<()> {
    terminal::required_size()?;
    let (api, info) = chosen(session, false)?;
    let name = info.text("config.name");
    // The sequence tells what came in, the difference to what is there what went.
    let (mut stored, mut removed) = (Counter::default(), Counter::default());
    let captions = [
        "Messages Stored",
        "Messages Removed / second",
        "Messages Stored / second",
    ];
    charts(
        &format!("Stream Statistics for {name}"),
        captions.map(Caption::plain).to_vec(),
        || {
            let info = api.stream_info(name)?;
            let now = Instant::now();
            let messages = info.float("state.messages");
            let last = info.float("state.last_seq");
            Ok(vec![
                messages,
                removed.at(now, last - messages),
                stored.at(now, last),
            ])
        },
    )
}
