//! `nats server report cpu` and `mem`.

use super::filter::{Chosen, limit};
use super::repeat::{clear, repeated};
use crate::failure::Result;
use crate::format::{exact_float, human_size_float};
use crate::output::{Json, terminal};
use crate::session::Session;

/// Longest bar.
const WIDTH: usize = 30;
/// Columns of a terminal that are left for other things than bars.
const MARGIN: usize = 30;
/// Shortest room for bars.
const MIN_ROOM: usize = 10;
/// Room for bars without a terminal.
const ROOM: usize = 80;

/// Reports about CPU use.
pub fn cpu(session: &mut Session) -> Result<()> {
    repeated(session, |session, chosen| {
        bars(session, chosen, "CPU Usage", "cpu", exact_float)
    })
}

/// Reports about memory.
pub fn memory(session: &mut Session) -> Result<()> {
    repeated(session, |session, chosen| {
        bars(session, chosen, "Memory Usage", "mem", human_size_float)
    })
}

fn bars(
    session: &Session,
    chosen: &Chosen,
    caption: &str,
    key: &str,
    text: impl Fn(f64) -> String,
) -> Result<()> {
    let answers = chosen.ask("", Json::Null, limit(session)?)?;
    let mut rows: Vec<(String, f64)> = answers
        .iter()
        .map(|answer| {
            (
                answer.json.text("server.name").to_owned(),
                answer.json.float(&format!("statsz.{key}")),
            )
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    // Servers of the same name are one.
    rows.dedup_by(|later, first| later.0 == first.0);
    if session.matches.on("json") {
        rows.iter()
            .fold(Json::object(), |json, (name, value)| {
                json.with(
                    name,
                    if value.fract() == 0.0 {
                        Json::Int(*value as i128)
                    } else {
                        Json::Float(*value)
                    },
                )
            })
            .print();
        return Ok(());
    }
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    let room = terminal::size().map_or(ROOM, |(columns, _)| {
        columns.saturating_sub(MARGIN).max(MIN_ROOM)
    });
    clear(session);
    print!("{caption}\n\n{}", draw(&rows, WIDTH.min(room / 2), text));
    Ok(())
}

/// A bar for each row: none for the least, the whole width for the most.
fn draw(rows: &[(String, f64)], width: usize, text: impl Fn(f64) -> String) -> String {
    let longest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let least = rows.iter().map(|row| row.1).fold(f64::INFINITY, f64::min);
    let most = rows
        .iter()
        .map(|row| row.1)
        .fold(f64::NEG_INFINITY, f64::max);
    let mut out = String::new();
    for (name, value) in rows {
        let blocks = if *value == 0.0 {
            0
        } else if most <= least {
            width
        } else {
            ((value - least) / ((most - least) / width as f64)) as usize
        };
        let bar = match blocks {
            0 => "▏".to_owned(),
            blocks => "█".repeat(blocks),
        };
        let indent = " ".repeat(longest - name.len() + 2);
        out.push_str(&format!("{indent}{name}: {bar} ({})\n", text(*value)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_go_from_the_least_to_the_most() {
        let rows =
            [("a", 1.0), ("b", 2.0), ("long", 3.0)].map(|(name, value)| (name.to_owned(), value));
        let text = draw(&rows, 30, exact_float);
        assert_eq!(
            text,
            format!(
                "     a: ▏ (1)\n     b: {} (2)\n  long: {} (3)\n",
                "█".repeat(15),
                "█".repeat(30)
            )
        );
        assert_eq!(draw(&rows[..1], 4, exact_float), "  a: ████ (1)\n");
        assert_eq!(
            draw(&[("a".to_owned(), 0.0)], 30, exact_float),
            "  a: ▏ (0)\n"
        );
    }
}
