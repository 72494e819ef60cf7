//! `nats consumer report`.

use super::info::load;
use super::information::{ack_text, is_push};
use super::pick::chosen_stream;
use crate::commands::assets::{leader_table, replicas_text};
use crate::commands::stream::information::api_level_text;
use crate::failure::Result;
use crate::format::{commas, go_duration, human_duration};
use crate::output::table::Cell;
use crate::output::{Json, Table};
use crate::session::Session;

/// Reports about the consumers of a stream.
pub fn report(session: &mut Session) -> Result<()> {
    let (api, stream) = chosen_stream(session, false)?;
    let name = stream.text("config.name");
    let raw = session.matches.on("raw");
    let (consumers, rest) = load(&api, name)?;
    table(name, stream.at("state"), &consumers, raw).print();
    if session.matches.on("leaders") {
        let clusters = consumers
            .iter()
            .map(|info| info.at("cluster"))
            .filter(|cluster| !cluster.text("leader").is_empty());
        let leaders = leader_table("Consumers", clusters);
        if !leaders.is_empty() {
            leaders.print();
        }
    }
    rest.print("Consumers");
    Ok(())
}

fn table(stream: &str, state: &Json, consumers: &[Json], raw: bool) -> Table {
    let number = commas(state.uint("consumer_count"));
    let messages = state.uint("messages");
    let mut table = Table::new(
        format!("Consumer report for {stream} with {number} consumers"),
        &[
            "Consumer",
            "Mode",
            "Ack Policy",
            "Ack Wait",
            "Ack Pending",
            "Redelivered",
            "Unprocessed",
            "Ack Floor",
            "API Level",
            "Cluster",
        ],
    );
    for info in consumers {
        let config = info.at("config");
        let pending = info.uint("num_pending");
        let unprocessed: Cell = if raw {
            pending.into()
        } else {
            unprocessed_text(pending, messages).into()
        };
        let level = api_level_text(config);
        let count = |value: u64| -> Cell {
            if raw {
                value.into()
            } else {
                commas(value).into()
            }
        };
        table.row(vec![
            info.text("name").into(),
            if is_push(config) { "Push" } else { "Pull" }.into(),
            ack_text(config).into(),
            if raw {
                // A number of nanoseconds, whatever it looks like.
                Cell::Number(go_duration(config.int("ack_wait")))
            } else {
                human_duration(config.int("ack_wait")).into()
            },
            count(info.uint("num_ack_pending")),
            count(info.uint("num_redelivered")),
            unprocessed,
            count(info.uint("ack_floor.stream_seq")),
            level.split(' ').next().unwrap_or_default().into(),
            replicas_text(info.at("cluster")).into(),
        ]);
    }
    table
}

/// `6 / 50%`: so many, and their share of the stream's messages.
fn unprocessed_text(pending: u64, messages: u64) -> String {
    if pending == 0 {
        return "0".to_owned();
    }
    // Of a stream that is empty by now they were all.
    let share = (u128::from(pending) * 100)
        .checked_div(u128::from(messages))
        .map_or(100, |share| share.min(100));
    format!("{} / {share}%", commas(pending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_down_and_at_most_all() {
        assert_eq!(unprocessed_text(0, 5), "0");
        assert_eq!(unprocessed_text(2, 3), "2 / 66%");
        assert_eq!(unprocessed_text(1_000, 7), "1,000 / 100%");
    }
}
