//! Limits how often the same thing is said.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Most keys remembered. Keys may hold what clients send, so their number
/// must not grow without bound; with more at once, some are said again early.
const KEYS_MAX: usize = 1_024;

/// Remembers when each key was last let through.
#[derive(Default)]
pub(crate) struct Limiter {
    /// Until when each key is held back.
    quiet_until: HashMap<String, Instant>,
}

impl Limiter {
    /// Whether `key` may be said at `now`; if so it is held back for `every`.
    pub(crate) fn admit(&mut self, key: &str, every: Duration, now: Instant) -> bool {
        if let Some(until) = self.quiet_until.get_mut(key) {
            if now < *until {
                return false;
            }
            *until = now + every;
            return true;
        }
        if self.quiet_until.len() >= KEYS_MAX {
            self.quiet_until.retain(|_, until| now < *until);
            if self.quiet_until.len() >= KEYS_MAX {
                self.quiet_until.clear();
            }
        }
        self.quiet_until.insert(key.to_owned(), now + every);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_key_is_let_through_once_a_period() {
        let mut limiter = Limiter::default();
        let start = Instant::now();
        assert!(limiter.admit("a", SECOND, start));
        assert!(!limiter.admit("a", SECOND, start + SECOND / 2));
        assert!(limiter.admit("b", SECOND, start + SECOND / 2));
        assert!(limiter.admit("a", SECOND, start + SECOND));
    }

    #[test]
    fn keys_are_bounded() {
        let mut limiter = Limiter::default();
        let now = Instant::now();
        for n in 0..10 * KEYS_MAX {
            assert!(limiter.admit(&n.to_string(), SECOND, now));
        }
        assert!(limiter.quiet_until.len() <= KEYS_MAX);
    }
}
