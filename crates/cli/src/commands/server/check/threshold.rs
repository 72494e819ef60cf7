//! Thresholds.

use super::report::Status;

/// From when on a value is a warning, and from when on critical.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Warning.
    pub warn: f64,
    /// Critical.
    pub critical: f64,
}

impl Threshold {
    /// Of two numbers.
    pub fn new(warn: f64, critical: f64) -> Self {
        Self { warn, critical }
    }

    /// Of two times in nanoseconds; in seconds.
    pub fn seconds(warn: Option<i64>, critical: Option<i64>) -> Self {
        let seconds = |nanos: Option<i64>| nanos.unwrap_or(0) as f64 / 1e9;
        Self::new(seconds(warn), seconds(critical))
    }

    /// Both as they stand in metrics.
    pub fn pair(self) -> (f64, f64) {
        (self.warn.max(0.0), self.critical.max(0.0))
    }

    /// Whether one of them is set.
    pub fn is_set(self) -> bool {
        self.warn > 0.0 || self.critical > 0.0
    }

    /// How bad a value is that should be small; thresholds that are not above
    /// zero do not count.
    pub fn at_least(self, value: f64) -> Status {
        self.judge(|limit| value >= limit)
    }

    /// As [`Threshold::at_least`], but the threshold itself is still well.
    pub fn above(self, value: f64) -> Status {
        self.judge(|limit| value > limit)
    }

    /// How bad a value is that should be large.
    pub fn at_most(self, value: f64) -> Status {
        self.judge(|limit| value <= limit)
    }

    fn judge(self, reached: impl Fn(f64) -> bool) -> Status {
        if self.critical > 0.0 && reached(self.critical) {
            Status::Critical
        } else if self.warn > 0.0 && reached(self.warn) {
            Status::Warning
        } else {
            Status::Ok
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_judged() {
        let usual = Threshold::new(5.0, 10.0);
        assert_eq!(usual.at_least(4.9), Status::Ok);
        assert_eq!(usual.at_least(5.0), Status::Warning);
        assert_eq!(usual.above(10.0), Status::Warning);
        assert_eq!(usual.at_least(10.0), Status::Critical);
        assert_eq!(usual.at_most(11.0), Status::Ok);
        assert_eq!(Threshold::new(0.0, -1.0).at_least(7.0), Status::Ok);
    }
}
