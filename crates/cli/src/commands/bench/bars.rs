//! Progress bars of the clients.

use std::io::{Write, stdout};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::format::go_duration;
use crate::output::terminal;

/// Time between two drawings of the bars.
const REDRAW: Duration = Duration::from_millis(100);
/// Columns of a bar without a terminal, and the fewest with one.
const WIDTH: usize = 80;
const LEAST_WIDTH: usize = 10;
/// Columns beside a bar: state, time and percentage.
const BESIDE: usize = 30;

/// What a client shows of its work while it goes on.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    done: Arc<AtomicU64>,
    state: Arc<Mutex<&'static str>>,
}

impl Counter {
    /// So many messages are done.
    pub fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    /// What the client does.
    pub fn state(&self, state: &'static str) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

struct Bar<'a> {
    counter: &'a Counter,
    total: u64,
    begun: Option<Instant>,
    seen: u64,
    elapsed: Option<Duration>,
}

impl Bar<'_> {
    fn line(&mut self, width: usize) -> String {
        let done = self.counter.done.load(Ordering::Relaxed).min(self.total);
        if done > self.seen {
            self.seen = done;
            let begun = *self.begun.get_or_insert_with(Instant::now);
            self.elapsed = Some(begun.elapsed());
        }
        let state = *self
            .counter
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        line(state, self.elapsed, done, self.total, width)
    }
}

/// `STATE TIME BAR PERCENT`; without a state it begins with the time.
fn line(state: &str, elapsed: Option<Duration>, done: u64, total: u64, width: usize) -> String {
    let share = match total {
        0 => 1.0,
        total => done as f64 / total as f64,
    };
    let full = ((width as f64 * share) as usize).min(width);
    let mut cells = vec![b'='; full];
    cells.resize(width, b'-');
    if full > 0 && full < width {
        cells[full - 1] = b'>';
    }
    if let [first, .., last] = cells.as_mut_slice() {
        (*first, *last) = (b'[', b']');
    }
    let time = elapsed.map_or_else(
        || "---".to_owned(),
        |elapsed| {
            let seconds = i64::try_from(elapsed.as_secs()).unwrap_or(0);
            go_duration(seconds.saturating_mul(1_000_000_000))
        },
    );
    let space = if state.is_empty() { "" } else { " " };
    format!(
        "{state}{space}{time:>5} {} {:3.0}%",
        String::from_utf8_lossy(&cells),
        share * 100.0
    )
}

/// Draws the bars until it hears whether all went well. They stay as they are
/// at the end then.
pub fn draw(counters: &[Counter], totals: &[u64], ended: &Receiver<bool>) {
    let columns = terminal::size().map(|(columns, _)| columns);
    let width = columns.map_or(WIDTH, |columns| {
        columns.saturating_sub(BESIDE).max(LEAST_WIDTH)
    });
    let mut bars: Vec<Bar<'_>> = counters
        .iter()
        .zip(totals)
        .map(|(counter, total)| Bar {
            counter,
            total: *total,
            begun: None,
            seen: 0,
            elapsed: None,
        })
        .collect();
    let mut drawn = 0;
    loop {
        let last = match ended.recv_timeout(REDRAW) {
            Err(RecvTimeoutError::Timeout) => false,
            Ok(true) => true,
            Ok(false) | Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut frame = "\x1b[1A\x1b[2K".repeat(drawn);
        drawn = 0;
        for bar in &mut bars {
            let line = bar.line(width);
            drawn += columns.map_or(1, |columns| line.len().div_ceil(columns.max(1)));
            frame.push_str(&line);
            frame.push('\n');
        }
        let mut out = stdout().lock();
        // Bars are no reason to fail.
        let _ = out.write_all(frame.as_bytes()).and_then(|()| out.flush());
        if last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_has_state_time_and_percentage() {
        let none = line("", None, 0, 100, 12);
        assert_eq!(none, "  --- [----------]   0%");
        let second = Some(Duration::from_millis(1_900));
        assert_eq!(
            line("Publishing", second, 50, 100, 12),
            "Publishing    1s [====>-----]  50%"
        );
        assert_eq!(
            line("Finished  ", Some(Duration::ZERO), 7, 7, 12),
            "Finished      0s [==========] 100%"
        );
        assert_eq!(
            line("Getting   ", Some(Duration::from_secs(61)), 0, 0, 10),
            "Getting     1m1s [========] 100%"
        );
    }
}
