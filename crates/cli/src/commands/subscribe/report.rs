//! Counts and graphs instead of messages.

use std::collections::HashMap;
use std::io::{Write, stdout};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::core::is_ignored;
use super::options::{Options, View};
use crate::client::{Connection, MessageRef};
use crate::failure::Result;
use crate::format::{commas, human_size};
use crate::jetstream::Delivered;
use crate::output::graph::Graph;
use crate::output::{Table, terminal};
use crate::{bail, fail};

/// Time between two drawings.
const REDRAW: Duration = Duration::from_secs(1);
/// Subjects that are counted; beyond it the rarest half is forgotten.
const MAX_COUNTED: usize = 100_000;
/// Least size of a terminal for graphs.
const LEAST: usize = 20;
/// Acknowledgements that wait to be sent; of more than that the messages are
/// delivered again.
const MAX_ACKS: usize = 100_000;

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    messages: u64,
    bytes: u64,
}

/// A table of counts that is drawn again and again.
#[derive(Debug)]
pub struct Report {
    counts: HashMap<String, Count>,
    rows: i64,
    next: Instant,
}

impl Report {
    /// Without counts yet, with so many rows; all if that is no count.
    pub fn new(rows: i64) -> Self {
        Self {
            counts: HashMap::new(),
            rows,
            next: Instant::now() + REDRAW,
        }
    }

    /// Counts a message.
    pub fn add(&mut self, key: &str, bytes: usize) {
        let count = match self.counts.get_mut(key) {
            Some(count) => count,
            None => self.counts.entry(key.to_owned()).or_default(),
        };
        count.messages += 1;
        count.bytes += bytes as u64;
        forget_rare(&mut self.counts);
    }

    /// Time until the next drawing.
    pub fn due_in(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// Draws if it is time.
    pub fn draw_if_due(&mut self) -> Result<()> {
        if self.due_in().is_zero() {
            self.next = Instant::now() + REDRAW;
            self.draw()?;
        }
        Ok(())
    }

    /// Draws the table.
    pub fn draw(&self) -> Result<()> {
        terminal::clear_screen();
        table(&self.counts, self.rows).print();
        stdout().flush()?;
        Ok(())
    }
}

/// What the subscriptions have counted.
#[derive(Debug)]
struct Tally {
    report: Report,
    /// Messages of each subscription since the last drawing.
    seconds: Vec<u64>,
    total: u64,
    /// Messages after which nothing is counted any more.
    most: Option<u64>,
    last: Instant,
    acks: Vec<String>,
}

impl Tally {
    fn is_full(&self) -> bool {
        self.most.is_some_and(|most| self.total >= most)
    }

    fn take(&mut self, at: usize, key: &str, message: MessageRef<'_>, acks: bool) {
        self.total += 1;
        self.last = Instant::now();
        self.report.add(key, message.payload.len());
        if let Some(second) = self.seconds.get_mut(at) {
            *second += 1;
        }
        let reply = String::from_utf8_lossy(message.reply);
        if acks && self.acks.len() < MAX_ACKS && Delivered::parse(&reply).is_some() {
            self.acks.push(reply.into_owned());
        }
    }
}

/// Subscriptions whose messages are counted.
#[derive(Debug)]
pub struct Watch {
    tally: Arc<(Mutex<Tally>, Condvar)>,
    graphs: Vec<Graph>,
}

impl Watch {
    /// Subscribes to each subject.
    pub fn start(connection: &Connection, subjects: &[String], options: &Options) -> Result<Self> {
        if options.view == View::Graphs {
            check_size()?;
        }
        let tally = Arc::new((
            Mutex::new(Tally {
                report: Report::new(options.report_rows),
                seconds: vec![0; subjects.len()],
                total: 0,
                most: options.most,
                last: Instant::now(),
                acks: Vec::new(),
            }),
            Condvar::new(),
        ));
        for (at, pattern) in subjects.iter().enumerate() {
            let (tally, ignored) = (Arc::clone(&tally), options.ignored.clone());
            let key = (options.view == View::Subscriptions).then(|| pattern.clone());
            let acks = options.acks;
            connection.subscribe_with(pattern, &options.queue, move |message| {
                let subject = String::from_utf8_lossy(message.subject);
                if is_ignored(&subject, &ignored) {
                    return;
                }
                let (tally, changed) = &*tally;
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                if !tally.is_full() {
                    tally.take(at, key.as_deref().unwrap_or(&subject), message, acks);
                }
                if acks || tally.is_full() {
                    changed.notify_one();
                }
            })?;
        }
        Ok(Self {
            tally,
            graphs: subjects
                .iter()
                .map(|subject| Graph::new(&format!("{subject} / second")))
                .collect(),
        })
    }

    /// Draws once a second until the end.
    pub fn run(mut self, connection: &Connection, options: &Options) -> Result<()> {
        let mut next = Instant::now() + REDRAW;
        loop {
            let (tally, changed) = &*self.tally;
            let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            let wait = next.saturating_duration_since(Instant::now());
            let mut tally = if tally.is_full() || !tally.acks.is_empty() {
                tally
            } else {
                changed
                    .wait_timeout(tally, wait)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            };
            let acks = std::mem::take(&mut tally.acks);
            let ends = tally.is_full()
                || options
                    .wait
                    .is_some_and(|wait| tally.last.elapsed() >= wait);
            if ends || Instant::now() >= next {
                next = Instant::now() + REDRAW;
                if options.view == View::Graphs {
                    for (graph, count) in self.graphs.iter_mut().zip(&mut tally.seconds) {
                        graph.push(std::mem::take(count) as f64);
                    }
                    draw_graphs(&self.graphs)?;
                } else {
                    tally.report.draw()?;
                }
            }
            drop(tally);
            for reply in acks {
                connection.publish(&reply, "", None, b"")?;
            }
            if ends {
                return Ok(());
            }
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

fn table(counts: &HashMap<String, Count>, rows: i64) -> Table {
    let mut sorted: Vec<(&String, &Count)> = counts.iter().collect();
    sorted.sort_by(|a, b| b.1.messages.cmp(&a.1.messages).then_with(|| a.0.cmp(b.0)));
    let title = if rows == 1 {
        "Top Subject Report".to_owned()
    } else {
        format!("Top {rows} Active Subjects Report")
    };
    let shown = usize::try_from(rows)
        .ok()
        .filter(|rows| *rows > 0)
        .unwrap_or(usize::MAX);
    let mut table = Table::new(title, &["Subject", "Message Count", "Bytes"]);
    let mut all = Count::default();
    for (subject, count) in sorted.into_iter().take(shown) {
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

fn check_size() -> Result<()> {
    let Some((columns, rows)) = terminal::size() else {
        bail!("failed to get terminal dimensions: inappropriate ioctl for device");
    };
    if columns < LEAST || rows < LEAST {
        bail!("please increase terminal dimensions");
    }
    Ok(())
}

fn draw_graphs(graphs: &[Graph]) -> Result<()> {
    let (columns, rows) =
        terminal::size().ok_or_else(|| fail!("could not determine screen dimensions"))?;
    terminal::clear_screen();
    let columns = if columns > 15 { columns - 10 } else { columns };
    let rows = if rows > 10 { rows - 6 } else { rows };
    let height = (rows / (graphs.len() + 1)).saturating_sub(1);
    for graph in graphs {
        println!("{}\n", graph.render(columns, height));
    }
    Ok(())
}
