//! Progress bars on standard output (cli.md 1.9).

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::format::{go_duration, human_size, rate};

/// Redraws per second.
const FRAMES: u8 = 10;

/// What a bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Bytes in thousands: `65.54KB`.
    DecimalBytes,
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
                Unit::DecimalBytes => "{decimal_bytes} / {decimal_total_bytes}",
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
    ///
    /// What goes on after the whole is done is not counted.
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
    let amount = |amount: u64| match unit {
        Unit::Count => scaled(amount),
        Unit::Bytes => human_size(amount),
        Unit::DecimalBytes => format!("{}B", scaled(amount)),
    };
    let time = go_duration(to_millis(nanos));
    // The clock is not fine enough for less.
    if span <= Duration::from_micros(1) {
        return format!("{} in {time}", amount(done));
    }
    let per_second = rate(done as f64, span.as_secs_f64());
    format!(
        "{} in {time}; {}/s",
        amount(done),
        amount(per_second as u64)
    )
}

/// Rounded to whole milliseconds.
fn to_millis(nanos: i64) -> i64 {
    const MILLI: i64 = 1_000_000;
    (nanos + MILLI / 2) / MILLI * MILLI
}

/// A number with two decimals and a letter for thousands, millions, ...
fn scaled(number: u64) -> String {
    for (scale, letter) in [
        (1_000_000_000_000_000, 'Q'),
        (1_000_000_000_000, 'T'),
        (1_000_000_000, 'B'),
        (1_000_000, 'M'),
        (1_000, 'K'),
    ] {
        if number >= scale {
            return format!("{:.2}{letter}", number as f64 / scale as f64);
        }
    }
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_has_amount_time_and_rate() {
        let span = Duration::from_millis(3);
        assert_eq!(summary(Unit::Bytes, 266, span), "266 B in 3ms; 87 KiB/s");
        assert_eq!(summary(Unit::Count, 3_000, span), "3.00K in 3ms; 1.00M/s");
    }
}
