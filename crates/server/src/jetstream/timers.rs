//! What a worker does because time has passed: streams' own deadlines, the
//! stores' housekeeping, syncs at an interval.

use std::time::{Duration, Instant};

use midge_store::Nanos;

use super::sync::sync_interval;
use super::worker::{Worker, log_write_error};

/// Time between two rounds of the stores' housekeeping.
pub(super) const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(1);

/// The same while there is more to do: requests come in between.
const MAINTENANCE_PAUSE: Duration = Duration::from_millis(10);

impl Worker {
    /// Does what is due.
    pub(super) fn on_timers(&mut self, now: Nanos) {
        self.tick_due(now);
        let at = Instant::now();
        if at >= self.next_maintenance {
            self.maintain(now);
            if !self.failing.is_empty() {
                self.begin_sync(true);
            }
        }
        if at >= self.next_sync {
            self.next_sync = at + sync_interval(self.jetstream.durability);
            self.begin_sync(true);
        }
    }

    /// Streams whose deadlines have come.
    fn tick_due(&mut self, now: Nanos) {
        while let Some(&(at, number)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.remove(&(at, number));
            if let Some(host) = self.hosts.get_mut(number as usize) {
                host.timer = None;
                host.parts(now, |stream, cx| stream.tick(cx));
            }
            self.mark(number);
        }
    }

    /// A round of housekeeping.
    fn maintain(&mut self, now: Nanos) {
        let mut more = false;
        let mut behind = Vec::new();
        let mut is_full = false;
        for (number, host) in &mut self.hosts {
            match host.stream.maintain(now) {
                Ok(busy) => more |= busy,
                Err(error) => log_write_error(&self.shared, host, &error),
            }
            if host.stream.is_behind() {
                behind.push(number as u32);
            }
            is_full |= host.met_full_disk();
        }
        if is_full && self.jetstream.root.has_space() {
            self.hosts
                .iter_mut()
                .for_each(|(_, host)| host.forget_full_disk());
        }
        for number in behind {
            self.mark(number);
        }
        let pause = if more {
            MAINTENANCE_PAUSE
        } else {
            MAINTENANCE_INTERVAL
        };
        self.next_maintenance = Instant::now() + pause;
    }

    /// Sees to it that a stream is looked at when its next deadline comes.
    pub(super) fn arm(&mut self, number: u32) {
        let Some(host) = self.hosts.get_mut(number as usize) else {
            return;
        };
        let deadline = host.stream.next_deadline();
        if deadline == host.timer {
            return;
        }
        if let Some(at) = host.timer.take() {
            self.timers.remove(&(at, number));
        }
        if let Some(at) = deadline {
            self.timers.insert((at, number));
            host.timer = Some(at);
        }
    }
}
