//! `nats stream graph`.

use std::time::Instant;

use super::info::chosen;
use crate::commands::assets::graphs;
use crate::failure::Result;
use crate::format::rate;
use crate::output::terminal;
use crate::session::Session;

/// Draws what happens to a stream until Ctrl-C.
pub fn graph(session: &mut Session) -> Result<()> {
    terminal::required_size()?;
    let (api, info) = chosen(session, false)?;
    let name = info.text("config.name");
    let mut before: Option<(f64, f64, Instant)> = None;
    graphs(
        &format!("Stream {name}"),
        &[
            "Messages Stored",
            "Messages Removed / second",
            "Messages Stored / second",
        ],
        || {
            let info = api.stream_info(name)?;
            let messages = info.float("state.messages");
            let last = info.float("state.last_seq");
            let now = Instant::now();
            let (added, removed) = match before {
                None => (0.0, 0.0),
                Some((stored, seq, then)) => {
                    let seconds = (now - then).as_secs_f64();
                    let added = (last - seq).max(0.0);
                    let removed = (stored + added - messages).max(0.0);
                    (rate(added, seconds), rate(removed, seconds))
                }
            };
            before = Some((messages, last, now));
            Ok(vec![messages, removed, added])
        },
    )
}
