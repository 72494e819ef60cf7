//! Clients at work.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

pub use super::bars::Counter;
use super::bars::draw;
use super::histogram::Histogram;
use super::plan::Plan;
use super::report;
use crate::failure::{Failure, Result};
use crate::log;

/// What a client has measured.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Messages.
    pub messages: u64,
    /// Messages in and out of the connection.
    pub traffic: u64,
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

/// What a client does.
type Act<'a> = Box<dyn FnOnce(&Counter) -> Result<Sample> + Send + 'a>;

/// A client's work.
pub struct Work<'a> {
    /// Messages that it has to do with.
    pub count: u64,
    /// Does it.
    pub act: Act<'a>,
}

impl<'a> Work<'a> {
    /// Work with so many messages.
    pub fn new(count: u64, act: impl FnOnce(&Counter) -> Result<Sample> + Send + 'a) -> Self {
        Self {
            count,
            act: Box::new(act),
        }
    }
}

/// Runs the clients and reports what they have measured.
pub fn run(plan: &Plan, works: Vec<Work<'_>>) -> Result<()> {
    let counters: Vec<Counter> = works.iter().map(|_| Counter::default()).collect();
    let totals: Vec<u64> = works.iter().map(|work| work.count).collect();
    let (end, ended) = channel();
    let outcomes: Vec<Result<Sample>> = thread::scope(|scope| {
        let handles: Vec<_> = works
            .into_iter()
            .zip(&counters)
            .map(|(work, counter)| scope.spawn(move || (work.act)(counter)))
            .collect();
        let bars = (plan.progress && !counters.is_empty())
            .then(|| scope.spawn(|| draw(&counters, &totals, &{ ended })));
        let outcomes: Vec<Result<Sample>> = handles
            .into_iter()
            .map(|handle| {
                handle
                    .join()
                    .unwrap_or_else(|_| Err("the client crashed".into()))
            })
            .collect();
        // Nobody listens without bars, and they are no reason to fail.
        let _ = end.send(outcomes.iter().all(Result::is_ok));
        if let Some(bars) = bars {
            let _ = bars.join();
        }
        outcomes
    });
    let mut samples = Vec::new();
    let mut first: Option<Failure> = None;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(sample) => samples.push(sample),
            Err(failure) => {
                if !matches!(failure, Failure::Exit(_)) {
                    log!("{} from client {number}: {failure}", plan.failing);
                }
                first.get_or_insert(failure);
            }
        }
    }
    match first {
        Some(failure) => Err(failure),
        None => report(plan, &samples),
    }
}

fn report(plan: &Plan, samples: &[Sample]) -> Result<()> {
    plan.trouble.warn();
    print!("{}", report::text(plan, samples));
    if let Some(path) = &plan.csv {
        report::write_csv(path, plan, samples)?;
        println!("Saved metric data in csv file {path}");
    }
    Ok(())
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

    /// Waits until the next message is due; gives the time that was meant to
    /// pass.
    pub fn wait(&mut self) -> Duration {
        let mut paused = Duration::ZERO;
        if !self.sleep.is_zero() {
            thread::sleep(self.sleep);
            paused += self.sleep;
        }
        if let Some(interval) = self.interval {
            self.next += interval;
            let left = self.next.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                thread::sleep(left);
                paused += left;
            }
        }
        paused
    }
}
