//! Looking again before going to sleep.
//!
//! Putting a thread to sleep and waking it costs several microseconds, on both
//! sides: the sender's system call does the waking. A shard whose events come
//! in short intervals therefore looks a few times more before it sleeps. It
//! gives the processor away between two looks, and it stops doing so as soon
//! as an interval was too long to be worth it: an idle server sleeps. Nor does
//! it look again after a turn with much input: nobody waits for the answer to
//! a single message then, and a sleep is shared by many.

use std::time::Duration;

/// Longest time spent looking. On a virtual machine one request and its answer
/// took 43 µs with it and 98 µs without, at the same processor time; 50 µs won
/// another 3 µs only.
pub(crate) const MAX_SPIN: Duration = Duration::from_micros(25);

/// A sleep no longer than this could have been spared: it includes the time
/// that waking takes.
const SHORT_SLEEP: Duration = Duration::from_micros(60);

/// Bytes of input in one turn from which looking again is not worth it: a
/// stream of messages, where 25 µs of looking are a third of the work.
const LARGE_TURN: usize = 16 * 1024;

/// Whether looking again is worth it, learnt from the last sleep and turn.
#[derive(Debug, Default)]
pub(crate) struct Spin {
    short_sleeps: bool,
    large_turn: bool,
}

impl Spin {
    /// Whether to look again before the next sleep.
    pub(crate) fn pays(&self) -> bool {
        self.short_sleeps && !self.large_turn
    }

    /// Notes how long the thread has slept.
    pub(crate) fn slept(&mut self, time: Duration) {
        self.short_sleeps = time <= SHORT_SLEEP;
    }

    /// Notes how many bytes of input the turn had.
    pub(crate) fn worked(&mut self, bytes: usize) {
        self.large_turn = bytes >= LARGE_TURN;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_sleeps_are_worth_looking_again() {
        let mut spin = Spin::default();
        assert!(!spin.pays());
        spin.slept(Duration::from_micros(30));
        assert!(spin.pays());
        spin.slept(Duration::from_millis(1));
        assert!(!spin.pays());
    }

    #[test]
    fn a_stream_of_input_is_not_worth_looking_again() {
        let mut spin = Spin::default();
        spin.slept(Duration::from_micros(30));
        spin.worked(LARGE_TURN);
        assert!(!spin.pays());
        spin.worked(100);
        assert!(spin.pays());
    }
}
