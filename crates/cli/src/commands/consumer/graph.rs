//! `nats consumer graph`.

use std::time::Instant;

use super::pick::chosen;
use crate::commands::assets::graphs;
use crate::failure::Result;
use crate::format::rate;
use crate::output::terminal;
use crate::session::Session;

/// Draws what happens to a consumer until Ctrl-C.
pub fn graph(session: &mut Session) -> Result<()> {
    terminal::required_size()?;
    let (api, info) = chosen(session, false)?;
    let (stream, name) = (info.text("stream_name"), info.text("name"));
    let mut before: Option<(f64, f64, Instant)> = None;
    graphs(
        &format!("Consumer {stream} > {name}"),
        &[
            "Messages Pending",
            "Messages Waiting for Ack",
            "Messages Acknowledged / second",
            "Messages Delivered / second",
        ],
        || {
            let info = api.consumer_info(stream, name)?;
            let acknowledged = info.float("ack_floor.consumer_seq");
            let delivered = info.float("delivered.consumer_seq");
            let now = Instant::now();
            let rates = before.map_or((0.0, 0.0), |(acks, deliveries, then)| {
                let seconds = (now - then).as_secs_f64();
                (
                    rate((acknowledged - acks).max(0.0), seconds),
                    rate((delivered - deliveries).max(0.0), seconds),
                )
            });
            before = Some((acknowledged, delivered, now));
            Ok(vec![
                info.float("num_pending"),
                info.float("num_ack_pending"),
                rates.0,
                rates.1,
            ])
        },
    )
}
