//! Counts and graphs instead of messages.

use std::collections::HashMap;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use super::core::{is_ignored, matches_subject};
use super::options::Options;
use crate::client::{ClientError, Connection};
use crate::failure::Result;
use crate::format::{commas, human_size};
use crate::output::graph::Graph;
use crate::output::{Table, terminal};
use crate::{bail, fail};

/// Time between two drawings.
const REDRAW: Duration = Duration::from_secs(1);
/// Subjects that are counted; beyond it the rarest half is forgotten.
const MAX_COUNTED: usize = 100_000;
/// Least size of a terminal for graphs.
const LEAST: usize = 20;

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    messages: u64,
    bytes: u64,
}

/// Draws once a second until the end.
pub fn run(connection: &Connection, subjects: &[String], options: &Options) -> Result<()> {
    if options.graph {
        check_size()?;
    }
    let messages = connection.subscribe_all(subjects, &options.queue)?;
    let mut counts: HashMap<String, Count> = HashMap::new();
    let mut seconds: Vec<u64> = vec![0; subjects.len()];
    let mut graphs: Vec<Graph> = subjects
        .iter()
        .map(|subject| Graph::new(&format!("{subject} / second")))
        .collect();
    let mut next = Instant::now() + REDRAW;
    let mut total = 0;
    let mut quiet_since = Instant::now();
    loop {
        match messages.next_before(next) {
            Ok(message) if is_ignored(&message, &options.ignored) => {}
            Ok(message) => {
                total += 1;
                quiet_since = Instant::now();
                for (subject, count) in subjects.iter().zip(&mut seconds) {
                    if matches_subject(subject, &message.subject) {
                        *count += 1;
                    }
                }
                let keys: Vec<&String> = if options.report_subscriptions {
                    subjects
                        .iter()
                        .filter(|pattern| matches_subject(pattern, &message.subject))
                        .collect()
                } else {
                    vec![&message.subject]
                };
                for key in keys {
                    let count = counts.entry(key.clone()).or_default();
                    count.messages += 1;
                    count.bytes += message.payload.len() as u64;
                }
                forget_rare(&mut counts);
            }
            Err(ClientError::Timeout) => {}
            Err(error) => return Err(error.into()),
        }
        let ends = options.most.is_some_and(|most| total >= most)
            || options
                .wait
                .is_some_and(|wait| quiet_since.elapsed() >= wait);
        if ends || Instant::now() >= next {
            next = Instant::now() + REDRAW;
            if options.graph {
                for (graph, count) in graphs.iter_mut().zip(&mut seconds) {
                    graph.push(std::mem::take(count) as f64);
                }
                draw_graphs(&graphs)?;
            } else {
                terminal::clear_screen();
                table(&counts, options.report_rows).print();
            }
            stdout().flush()?;
        }
        if ends {
            return Ok(());
        }
    }
}

fn forget_rare(counts: &mut HashMap<String, Count>) {
    if counts.len() > MAX_COUNTED {
        let mut sizes: Vec<u64> = counts.values().map(|count| count.messages).collect();
        sizes.sort_unstable();
        let middle = sizes.get(sizes.len() / 2).copied().unwrap_or(0);
        counts.retain(|_, count| count.messages > middle);
    }
}

fn table(counts: &HashMap<String, Count>, rows: usize) -> Table {
    let mut sorted: Vec<(&String, &Count)> = counts.iter().collect();
    sorted.sort_by(|a, b| b.1.messages.cmp(&a.1.messages).then_with(|| a.0.cmp(b.0)));
    let title = if rows == 1 {
        "Top Subject Report".to_owned()
    } else {
        format!("Top {rows} Active Subjects Report")
    };
    let mut table = Table::new(title, &["Subject", "Message Count", "Bytes"]);
    let mut all = Count::default();
    for (subject, count) in sorted.into_iter().take(rows) {
        all.messages += count.messages;
        all.bytes += count.bytes;
        table.row(vec![
            subject.into(),
            commas(count.messages).into(),
            human_size(count.bytes).into(),
        ]);
    }
    table.footer(vec![
        "Totals".into(),
        commas(all.messages).into(),
        human_size(all.bytes).into(),
    ]);
    table
}

fn check_size() -> Result<(usize, usize)> {
    let (columns, rows) = terminal::required_size()?;
    if columns < LEAST || rows < LEAST {
        bail!("please increase terminal dimensions");
    }
    Ok((columns, rows))
}

fn draw_graphs(graphs: &[Graph]) -> Result<()> {
    let (columns, rows) =
        terminal::size().ok_or_else(|| fail!("could not determine screen dimensions"))?;
    terminal::clear_screen();
    let height = (rows / graphs.len().max(1)).saturating_sub(3).max(1);
    for graph in graphs {
        println!("{}\n", graph.render(columns, height));
    }
    Ok(())
}
