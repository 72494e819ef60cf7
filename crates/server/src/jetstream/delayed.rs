//! Answers that wait: those about streams that are offline (jetstream-api.md 4).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use midge_jetstream::error::ApiError;

use super::command::ApiCall;

/// How long they wait: in a cluster another server may know the stream. It is
/// the time of the Go server.
const DELAY: Duration = Duration::from_millis(500);

/// Answers that may wait; more are given at once. As many as requests may wait
/// by default.
const MAX_WAITING: usize = 10_000;

/// Answers in the order in which they are due.
#[derive(Default)]
pub(super) struct Delayed(VecDeque<(Instant, ApiCall, ApiError)>);

impl Delayed {
    /// Lets an answer wait, or gives it back if too many do.
    pub(super) fn push(&mut self, call: ApiCall, error: ApiError) -> Option<(ApiCall, ApiError)> {
        if self.0.len() >= MAX_WAITING {
            return Some((call, error));
        }
        self.0.push_back((Instant::now() + DELAY, call, error));
        None
    }

    /// How long until the first one is due.
    pub(super) fn wait(&self) -> Option<Duration> {
        let (at, ..) = self.0.front()?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    /// The next one that is due.
    pub(super) fn pop(&mut self) -> Option<(ApiCall, ApiError)> {
        if self.wait()? > Duration::ZERO {
            return None;
        }
        let (_, call, error) = self.0.pop_front()?;
        Some((call, error))
    }
}
