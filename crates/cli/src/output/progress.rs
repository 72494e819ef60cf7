//! Progress bars on standard output (cli.md 1.9).

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::format::{commas, human_duration, human_size, human_size_float, rate};

/// Redraws per second.
const FRAMES: u8 = 10;

/// What a bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
}

/// A progress bar. Without a terminal only its last line is printed.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    unit: Unit,
    done: u64,
    begun: Instant,
}

impl Progress {
    /// A bar that ends at `total`; nothing at all unless `shown`.
    pub fn new(shown: bool, label: &str, unit: Unit, total: u64) -> Self {
        let bar = shown.then(|| {
            let bar = ProgressBar::with_draw_target(
                Some(total),
                ProgressDrawTarget::stdout_with_hz(FRAMES),
            );
            let counters = match unit {
                Unit::Count => "{human_pos} / {human_len}",
                Unit::Bytes => "{binary_bytes} / {binary_total_bytes}",
            };
            let template = format!("{{msg}} [{{bar:40}}] {counters} {{percent}}%");
            if let Ok(style) = ProgressStyle::with_template(&template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_message(label.to_owned());
            bar
        });
        Self {
            bar,
            unit,
            done: 0,
            begun: Instant::now(),
        }
    }

    /// Goes on by `count`.
    pub fn add(&mut self, count: u64) {
        self.done += count;
        if let Some(bar) = &self.bar {
            bar.inc(count);
        }
    }

    /// Goes to `done`.
    pub fn set(&mut self, done: u64) {
        self.done = done;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    /// Takes the bar away and prints ` done! [266 B in 3ms; 82 KiB/s]`.
    pub fn finish(self) {
        let Some(bar) = &self.bar else {
            return;
        };
        bar.finish_and_clear();
        println!(
            " done! [{}]",
            summary(self.unit, self.done, self.begun.elapsed())
        );
    }

    /// Takes the bar away without a word, as something failed.
    pub fn abandon(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn summary(unit: Unit, done: u64, span: Duration) -> String {
    let nanos = i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    let per_second = rate(done as f64, span.as_secs_f64());
    let time = human_duration(nanos);
    match unit {
        Unit::Count => format!(
            "{} in {time}; {}/s",
            commas(done),
            commas(per_second as u64)
        ),
        Unit::Bytes => format!(
            "{} in {time}; {}/s",
            human_size(done),
            human_size_float(per_second)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_has_amount_time_and_rate() {
        let span = Duration::from_millis(3);
        assert_eq!(summary(Unit::Bytes, 266, span), "266 B in 3ms; 87 KiB/s");
        assert_eq!(
            summary(Unit::Count, 3_000, span),
            "3,000 in 3ms; 1,000,000/s"
        );
    }
}
