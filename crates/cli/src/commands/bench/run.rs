//! Clients at work.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::histogram::Histogram;
use super::plan::Plan;
use super::report;
use crate::failure::{Failure, Result};
use crate::log;

/// Time between two drawings of the bars.
const REDRAW: Duration = Duration::from_millis(100);

/// What a client has measured.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Messages.
    pub messages: u64,
    /// Messages in and out of the connection.
    pub traffic: u64,
    /// Payload bytes.
    pub bytes: u64,
    /// From when.
    pub begun: Instant,
    /// Until when.
    pub ended: Instant,
    /// Durations of operations, if they are of interest.
    pub latencies: Option<Histogram>,
}

impl Sample {
    /// Length of the measurement in seconds.
    pub fn seconds(&self) -> f64 {
        (self.ended - self.begun).as_secs_f64()
    }
}

/// What a client shows of its work while it goes on.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    done: Arc<AtomicU64>,
}

impl Counter {
    /// So many messages are done.
    pub fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }
}

/// A client's work: its number, its messages, its counter.
pub type Work<'a> = Box<dyn FnOnce(&Counter) -> Result<Sample> + Send + 'a>;

/// Runs the clients and reports what they have measured.
pub fn run(plan: &Plan, letter: char, works: Vec<Work<'_>>) -> Result<()> {
    let counters: Vec<Counter> = works.iter().map(|_| Counter::default()).collect();
    let done = AtomicBool::new(false);
    let outcomes: Vec<Result<Sample>> = thread::scope(|scope| {
        let handles: Vec<_> = works
            .into_iter()
            .zip(&counters)
            .map(|(work, counter)| scope.spawn(move || work(counter)))
            .collect();
        let bars = (plan.progress && std::io::stdout().is_terminal())
            .then(|| scope.spawn(|| draw(plan, &counters, &done)));
        let outcomes = handles
            .into_iter()
            .map(|handle| {
                handle
                    .join()
                    .unwrap_or_else(|_| Err("the client crashed".into()))
            })
            .collect();
        done.store(true, Ordering::Release);
        if let Some(bars) = bars {
            // Bars are no reason to fail.
            let _ = bars.join();
        }
        outcomes
    });
    let mut samples = Vec::new();
    let mut failed = false;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(sample) => samples.push(sample),
            Err(failure) => {
                log!("Error from client {}: {failure}", number + 1);
                failed = true;
            }
        }
    }
    if failed {
        return Err(Failure::Exit(1));
    }
    print!("{}", report::text(plan.label, &samples));
    if let Some(path) = &plan.csv {
        report::write_csv(path, letter, &samples)?;
        println!("Saved metric data in csv file {path}");
    }
    Ok(())
}

fn draw(plan: &Plan, counters: &[Counter], done: &AtomicBool) {
    let all = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
    let style = ProgressStyle::with_template("{msg} [{bar:40}] {percent}% {per_sec}");
    let bars: Vec<ProgressBar> = (0..counters.len())
        .map(|number| {
            let bar = all.add(ProgressBar::new(plan.share(number)));
            if let Ok(style) = &style {
                bar.set_style(style.clone().progress_chars("=> "));
            }
            bar.set_message(format!("[{}]", number + 1));
            bar
        })
        .collect();
    while !done.load(Ordering::Acquire) {
        for (bar, counter) in bars.iter().zip(counters) {
            bar.set_position(counter.done.load(Ordering::Relaxed));
        }
        thread::sleep(REDRAW);
    }
    for (bar, counter) in bars.iter().zip(counters) {
        bar.set_position(counter.done.load(Ordering::Relaxed));
        bar.abandon();
    }
}

/// Keeps a client at its rate.
#[derive(Debug)]
pub struct Pace {
    interval: Option<Duration>,
    sleep: Duration,
    next: Instant,
}

impl Pace {
    /// By the plan.
    pub fn new(plan: &Plan) -> Self {
        Self {
            interval: plan.interval(),
            sleep: plan.sleep,
            next: Instant::now(),
        }
    }

    /// Whether nothing slows the client down.
    pub fn is_free(&self) -> bool {
        self.interval.is_none() && self.sleep.is_zero()
    }

    /// Waits until the next message is due.
    pub fn wait(&mut self) {
        if !self.sleep.is_zero() {
            thread::sleep(self.sleep);
        }
        if let Some(interval) = self.interval {
            self.next += interval;
            let left = self.next.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                thread::sleep(left);
            }
        }
    }
}
