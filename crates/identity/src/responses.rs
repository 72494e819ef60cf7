//! Permission to answer (security.md 5.5).

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Replies recorded between two sweeps.
const SWEEP_AFTER: usize = 4096;

/// Time between two sweeps.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How often and how long a reply subject may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseLimits {
    /// Answers per reply subject; `None` is unlimited.
    pub max: Option<u64>,
    /// Time for answers; `None` is unlimited.
    pub expires: Option<Duration>,
}

impl Default for ResponseLimits {
    fn default() -> Self {
        Self {
            max: Some(1),
            expires: Some(Duration::from_secs(120)),
        }
    }
}

#[derive(Debug)]
struct Reply {
    answers: u64,
    since: Instant,
}

/// The replies one connection may answer.
#[derive(Debug)]
pub struct ResponseTracker {
    limits: ResponseLimits,
    replies: HashMap<Box<[u8]>, Reply>,
    recorded: usize,
    swept: Instant,
}

impl ResponseTracker {
    /// A tracker without replies.
    pub fn new(limits: ResponseLimits, now: Instant) -> Self {
        Self {
            limits,
            replies: HashMap::new(),
            recorded: 0,
            swept: now,
        }
    }

    /// A message with this reply subject was delivered to the connection.
    pub fn record(&mut self, reply: &[u8], now: Instant) {
        self.replies.insert(
            reply.into(),
            Reply {
                answers: 0,
                since: now,
            },
        );
        self.recorded += 1;
        if self.recorded > SWEEP_AFTER || now.duration_since(self.swept) > SWEEP_EVERY {
            let Self {
                replies, limits, ..
            } = self;
            replies.retain(|_, reply| limits.hold(reply, now));
            self.recorded = 0;
            self.swept = now;
        }
    }

    /// Whether the connection may publish to `subject` as an answer; counts it.
    pub fn allow(&mut self, subject: &[u8], now: Instant) -> bool {
        let Some(reply) = self.replies.get_mut(subject) else {
            return false;
        };
        reply.answers += 1;
        let allowed = self.limits.hold(reply, now);
        // After the last answer nothing is left to be remembered.
        if !allowed || self.limits.max.is_some_and(|max| reply.answers >= max) {
            self.replies.remove(subject);
        }
        allowed
    }
}

impl ResponseLimits {
    fn hold(&self, reply: &Reply, now: Instant) -> bool {
        self.max.is_none_or(|max| reply.answers <= max)
            && self
                .expires
                .is_none_or(|time| now.duration_since(reply.since) <= time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // client-protocol 81
    #[test]
    fn a_reply_may_be_answered_once_by_default() {
        let now = Instant::now();
        let mut tracker = ResponseTracker::new(ResponseLimits::default(), now);
        assert!(!tracker.allow(b"r", now));
        tracker.record(b"r", now);
        assert!(tracker.allow(b"r", now));
        assert!(!tracker.allow(b"r", now));
        tracker.record(b"r", now);
        assert!(tracker.allow(b"r", now), "a new request starts anew");
        tracker.record(b"r", now);
        assert!(!tracker.allow(b"r", now + Duration::from_secs(121)));
    }

    #[test]
    fn expired_replies_are_forgotten() {
        let now = Instant::now();
        let limits = ResponseLimits {
            max: None,
            expires: Some(Duration::from_millis(10)),
        };
        let mut tracker = ResponseTracker::new(limits, now);
        for number in 0..100u32 {
            tracker.record(&number.to_be_bytes(), now);
        }
        tracker.record(b"r", now + Duration::from_secs(2));
        assert_eq!(tracker.replies.len(), 1);
        for _ in 0..50 {
            assert!(tracker.allow(b"r", now + Duration::from_secs(2)));
        }
    }

    #[test]
    fn answered_replies_are_forgotten() {
        let now = Instant::now();
        let limits = ResponseLimits {
            max: Some(2),
            expires: None,
        };
        let mut tracker = ResponseTracker::new(limits, now);
        for _ in 0..2 {
            tracker.record(b"r", now);
            assert!(tracker.allow(b"r", now) && tracker.allow(b"r", now));
            assert!(!tracker.allow(b"r", now));
            assert!(tracker.replies.is_empty());
        }
    }
}
