//! Durations of many operations in little memory.

use std::time::Duration;

/// Steps per power of two: an error of at most 1.6 %.
const STEPS: usize = 64;
/// Powers of two of nanoseconds that are told apart.
const POWERS: usize = 58;

/// Durations that are kept as they are. With more of them the error of a
/// percentile is far below the noise.
const FEW: usize = 4_096;

/// How often each duration was measured.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// All durations, as long as there are few.
    few: Vec<u64>,
    counts: Vec<u64>,
    count: u64,
    sum: f64,
    squares: f64,
    min: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            few: Vec::new(),
            counts: vec![0; STEPS * POWERS],
            count: 0,
            sum: 0.0,
            squares: 0.0,
            min: u64::MAX,
            max: 0,
        }
    }
}

/// Short durations are exact; of longer ones the highest six bits behind the
/// first count.
fn place(nanos: u64) -> usize {
    let power = nanos.max(1).ilog2() as usize;
    if power < 6 {
        return nanos as usize;
    }
    let step = (nanos >> (power - 6)) as usize - STEPS;
    ((power - 5) * STEPS + step).min(STEPS * POWERS - 1)
}

/// The middle of the durations at a place.
fn value(place: usize) -> f64 {
    if place < STEPS {
        return place as f64;
    }
    let shift = place / STEPS - 1;
    let low = ((STEPS + place % STEPS) as u64) << shift;
    low as f64 + ((1u64 << shift) as f64 - 1.0) / 2.0
}

impl Histogram {
    /// Adds a duration in nanoseconds.
    #[inline]
    pub fn add(&mut self, nanos: u64) {
        self.add_many(nanos, 1);
    }

    /// Adds the same duration so many times.
    #[inline]
    pub fn add_many(&mut self, nanos: u64, times: u64) {
        if times == 0 {
            return;
        }
        if let Some(count) = self.counts.get_mut(place(nanos)) {
            *count += times;
        }
        if self.few.len() < FEW {
            let room = FEW - self.few.len();
            let times = usize::try_from(times).unwrap_or(room).min(room);
            self.few.extend(std::iter::repeat_n(nanos, times));
        }
        self.count += times;
        let (nanos_float, times) = (nanos as f64, times as f64);
        self.sum += nanos_float * times;
        self.squares += nanos_float * nanos_float * times;
        self.min = self.min.min(nanos);
        self.max = self.max.max(nanos);
    }

    /// Adds a duration.
    pub fn add_time(&mut self, time: Duration) {
        self.add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds all of another one.
    pub fn merge(&mut self, other: &Histogram) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        let room = FEW - self.few.len();
        self.few.extend(other.few.iter().take(room));
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The shortest, in nanoseconds.
    pub fn min(&self) -> f64 {
        if self.is_empty() {
            0.0
        } else {
            self.min as f64
        }
    }

    /// The longest.
    pub fn max(&self) -> f64 {
        self.max as f64
    }

    /// The average.
    pub fn average(&self) -> f64 {
        if self.is_empty() {
            0.0
        } else {
            self.sum / self.count as f64
        }
    }

    /// The standard deviation.
    pub fn deviation(&self) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        let average = self.average();
        (self.squares / self.count as f64 - average * average)
            .max(0.0)
            .sqrt()
    }

    /// The duration that so many percent do not exceed.
    pub fn percentile(&self, percent: f64) -> f64 {
        if percent >= 100.0 {
            return self.max();
        }
        let wanted = ((percent / 100.0) * self.count as f64).ceil().max(1.0) as u64;
        if wanted >= self.count {
            return self.max();
        }
        if self.few.len() as u64 == self.count {
            let mut all = self.few.clone();
            all.sort_unstable();
            let place = usize::try_from(wanted - 1).unwrap_or(usize::MAX);
            return all.get(place).map_or(self.max(), |nanos| *nanos as f64);
        }
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return value(place).clamp(self.min(), self.max());
            }
        }
        self.max()
    }
}

/// Times of batches that the messages so far have filled or begun: the last
/// one counts of those that end in the same batch, and none of a batch that was
/// passed over.
#[derive(Debug)]
pub struct BatchTimes {
    /// Messages in a batch.
    size: u64,
    times: Vec<Duration>,
}

impl BatchTimes {
    /// None yet, of batches with so many messages.
    pub fn new(size: u64) -> Self {
        Self {
            size,
            times: Vec::new(),
        }
    }

    /// A call took so long, after which there have been `done` messages.
    pub fn set(&mut self, done: u64, time: Duration) {
        let count = usize::try_from(done.div_ceil(self.size)).unwrap_or(usize::MAX);
        if count > self.times.len() {
            self.times.resize(count, Duration::ZERO);
        }
        if let Some(slot) = count
            .checked_sub(1)
            .and_then(|place| self.times.get_mut(place))
        {
            *slot = time;
        }
    }

    /// All of them.
    pub fn histogram(self) -> Histogram {
        let mut all = Histogram::default();
        for time in self.times {
            all.add_time(time);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_that_are_passed_over_take_no_time() {
        let mut times = BatchTimes::new(10);
        let millis = Duration::from_millis;
        times.set(0, millis(9));
        for (done, time) in [(10, 3), (15, 5), (20, 4), (40, 2)] {
            times.set(done, millis(time));
        }
        assert_eq!(times.times, [3, 4, 0, 2].map(millis));
    }

    #[test]
    fn percentiles_are_close() {
        let mut histogram = Histogram::default();
        for nanos in 1..=100_000u64 {
            histogram.add(nanos);
        }
        for percent in [10.0, 50.0, 90.0, 99.0, 99.9] {
            let exact = percent * 1_000.0;
            let off = (histogram.percentile(percent) - exact).abs() / exact;
            assert!(off < 0.016, "{percent}: {}", histogram.percentile(percent));
        }
        assert_eq!((histogram.min(), histogram.max()), (1.0, 100_000.0));
        assert!((histogram.average() - 50_000.5).abs() < 1e-6);
        assert!((histogram.deviation() - 28_867.5).abs() < 1.0);
        assert_eq!(histogram.percentile(100.0), 100_000.0);
    }

    #[test]
    fn percentiles_of_few_are_exact() {
        let mut one = Histogram::default();
        one.add(1_000_003);
        one.add_many(7, 2);
        let mut all = Histogram::default();
        all.add(1_000_001);
        all.merge(&one);
        assert_eq!(all.percentile(50.0), 7.0);
        assert_eq!(all.percentile(51.0), 1_000_001.0);
        assert_eq!(all.percentile(99.0), 1_000_003.0);
        // As many that not all of them are kept.
        all.add_many(7, FEW as u64);
        assert_eq!(all.percentile(50.0), 7.0);
    }

    #[test]
    fn extremes_have_a_place() {
        let mut histogram = Histogram::default();
        histogram.add(0);
        histogram.add(u64::MAX);
        assert_eq!(histogram.percentile(99.0), u64::MAX as f64);
        assert_eq!(histogram.percentile(1.0), 0.0);
        assert_eq!(Histogram::default().percentile(50.0), 0.0);
    }
}
