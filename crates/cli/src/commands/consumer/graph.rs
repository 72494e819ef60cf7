//! `nats consumer graph`.

use std::time::Instant;

use super::pick::chosen;
use crate::failure::Result;
use crate::live::{Caption, Counter, charts};
use crate::output::terminal;
use crate::session::Session;

/// Draws what happens to a consumer until Ctrl-C.
pub fn graph(session: &mut Session) -> Result<()> {
    terminal::required_size()?;
    let (api, info) = chosen(session, false)?;
    let (stream, name) = (info.text("stream_name"), info.text("name"));
    let (mut acknowledged, mut delivered) = (Counter::default(), Counter::default());
    let captions = [
        "Messages Pending",
        "Messages Waiting for Ack",
        "Messages Acknowledged / second",
        "Messages Delivered / second",
    ];
    charts(
        &format!("Consumer Statistics for {stream} > {name}"),
        captions.map(Caption::plain).to_vec(),
        || {
            let info = api.consumer_info(stream, name)?;
            let now = Instant::now();
            Ok(vec![
                info.float("num_pending"),
                info.float("num_ack_pending"),
                acknowledged.at(now, info.float("ack_floor.consumer_seq")),
                delivered.at(now, info.float("delivered.consumer_seq")),
            ])
        },
    )
}
