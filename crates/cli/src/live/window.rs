//! Counts over the time that has just passed.

use std::time::{Duration, Instant};

/// Parts of the time. What is older than the time by less than one part may
/// still count.
const PARTS: usize = 60;

/// How often something happened in the last so many seconds.
#[derive(Clone, Debug)]
pub struct Window {
    part: Duration,
    counts: [u64; PARTS],
    /// When the newest part began, and where its count is.
    newest: Instant,
    at: usize,
}

impl Window {
    /// Nothing has happened yet.
    pub fn new(span: Duration, now: Instant) -> Self {
        let part = span / u32::try_from(PARTS).unwrap_or(1);
        Self {
            part: part.max(Duration::from_millis(1)),
            counts: [0; PARTS],
            newest: now,
            at: 0,
        }
    }

    /// It happened.
    pub fn add(&mut self, now: Instant) {
        self.move_to(now);
        if let Some(count) = self.counts.get_mut(self.at) {
            *count += 1;
        }
    }

    /// How often it happened up to now.
    pub fn count(&mut self, now: Instant) -> u64 {
        self.move_to(now);
        self.counts.iter().sum()
    }

    fn move_to(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.newest);
        let parts = since.as_nanos() / self.part.as_nanos();
        if parts >= PARTS as u128 {
            self.counts = [0; PARTS];
            self.newest = now;
            return;
        }
        for _ in 0..parts {
            self.at = (self.at + 1) % PARTS;
            if let Some(count) = self.counts.get_mut(self.at) {
                *count = 0;
            }
            self.newest += self.part;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_does_not_count() {
        let start = Instant::now();
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        let mut window = Window::new(Duration::from_secs(60), start);
        window.add(after(0));
        window.add(after(30));
        window.add(after(30));
        assert_eq!(window.count(after(59)), 3);
        assert_eq!(window.count(after(61)), 2);
        assert_eq!(window.count(after(91)), 0);
        window.add(after(1_000));
        assert_eq!(window.count(after(1_000)), 1);
        assert_eq!(window.count(after(5_000)), 0);
    }
}
