//! What the process uses of the machine, for monitoring and events
//! (`mem`, `cpu` and `cores` of monitoring-events.md 3.1).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The span over which processor use is measured.
const SPAN: Duration = Duration::from_secs(1);

/// What the process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Resident memory, bytes; 0 where the system does not tell. On macOS the
    /// largest it has been.
    pub memory: u64,
    /// Processor use over about the last second, percent with one decimal;
    /// 100 is one core fully used.
    pub cpu: f64,
}

/// Processors the process may run on.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Measures processor use between two points in time.
pub struct UsageMeter {
    state: Mutex<State>,
}

struct State {
    /// When the last point was taken.
    at: Instant,
    /// Processor time used until then.
    used: Duration,
    /// Percent between the last two points.
    percent: f64,
}

impl UsageMeter {
    /// A meter whose first span begins now.
    pub fn new() -> Self {
        Self {
            state: Mutex::new(State {
                at: Instant::now(),
                used: processor_time(),
                percent: 0.0,
            }),
        }
    }

    /// Takes a point; call it about once a second. Points less than a second
    /// apart are left out, so that any number of callers do no harm.
    pub fn tick(&self) {
        self.advance(Instant::now(), processor_time());
    }

    /// What the process uses now.
    pub fn usage(&self) -> Usage {
        Usage {
            memory: resident_memory(),
            cpu: self.advance(Instant::now(), processor_time()),
        }
    }

    fn advance(&self, now: Instant, used: Duration) -> f64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let span = now.saturating_duration_since(state.at);
        if span >= SPAN {
            let share = used.saturating_sub(state.used).as_secs_f64() / span.as_secs_f64();
            *state = State {
                at: now,
                used,
                percent: (share * 1_000.0).round() / 10.0,
            };
        }
        state.percent
    }
}

impl Default for UsageMeter {
    fn default() -> Self {
        Self::new()
    }
}

/// User and system time of all threads.
#[cfg(unix)]
fn processor_time() -> Duration {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeVal;

    fn duration(time: TimeVal) -> Duration {
        Duration::from_secs(u64::try_from(time.tv_sec()).unwrap_or(0))
            + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or(0))
    }
    getrusage(UsageWho::RUSAGE_SELF).map_or(Duration::ZERO, |usage| {
        duration(usage.user_time()) + duration(usage.system_time())
    })
}

#[cfg(not(unix))]
fn processor_time() -> Duration {
    Duration::ZERO
}

#[cfg(target_os = "linux")]
fn resident_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    resident_kib(&status).unwrap_or(0) * 1_024
}

/// `VmRSS:     1234 kB`
#[cfg(target_os = "linux")]
fn resident_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(all(unix, not(target_os = "linux")))]
fn resident_memory() -> u64 {
    use nix::sys::resource::{UsageWho, getrusage};

    /// The unit of `ru_maxrss`, bytes.
    const UNIT: u64 = if cfg!(target_vendor = "apple") {
        1
    } else {
        1_024
    };
    getrusage(UsageWho::RUSAGE_SELF)
        .ok()
        .and_then(|usage| u64::try_from(usage.max_rss()).ok())
        .unwrap_or(0)
        .saturating_mul(UNIT)
}

#[cfg(not(unix))]
fn resident_memory() -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_use_is_the_share_of_the_last_span() {
        let meter = UsageMeter::new();
        let (start, used) = {
            let state = meter.state.lock().unwrap();
            (state.at, state.used)
        };
        let at = |ms, used_ms| {
            meter.advance(
                start + Duration::from_millis(ms),
                used + Duration::from_millis(used_ms),
            )
        };
        assert_eq!(at(500, 500), 0.0);
        assert_eq!(at(1_000, 505), 50.5);
        assert_eq!(at(1_999, 9_000), 50.5);
        assert_eq!(at(2_000, 2_505), 200.0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn resident_memory_is_read() {
        assert_eq!(
            resident_kib("VmPeak: 1 kB\nVmRSS:\t   1234 kB\n"),
            Some(1_234)
        );
        assert!(resident_memory() > 100_000);
        assert!(cores() > 0);
    }
}
