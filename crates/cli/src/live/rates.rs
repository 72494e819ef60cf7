//! Rates of what is counted.

use std::time::Instant;

use crate::format::rate;

/// A total that grows, and how fast.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter {
    before: Option<(Instant, f64)>,
    per_second: f64,
}

impl Counter {
    /// Takes the total of a moment; gives the rate since the moment before, 0
    /// for the first one. A total that got smaller was started anew.
    pub fn at(&mut self, now: Instant, total: f64) -> f64 {
        if let Some((then, before)) = self.before {
            let seconds = now.saturating_duration_since(then).as_secs_f64();
            self.per_second = rate((total - before).max(0.0), seconds);
        }
        self.before = Some((now, total));
        self.per_second
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_rate_is_what_came_in_the_time_since_the_last_look() {
        let start = Instant::now();
        let mut counter = Counter::default();
        assert_eq!(counter.at(start, 100.0), 0.0);
        assert_eq!(counter.at(start + Duration::from_secs(2), 110.0), 5.0);
        assert_eq!(counter.at(start + Duration::from_millis(2_500), 110.0), 0.0);
        // Started anew.
        assert_eq!(counter.at(start + Duration::from_secs(4), 3.0), 0.0);
        assert_eq!(counter.at(start + Duration::from_secs(5), 7.0), 4.0);
    }

    #[test]
    fn two_looks_at_once_have_no_rate() {
        let now = Instant::now();
        let mut counter = Counter::default();
        counter.at(now, 1.0);
        assert!(counter.at(now, 5.0).is_finite());
    }
}
