//! The checks.

mod accounts;
mod captured;
mod clusters;
mod leafnodes;
mod meta;
mod servers;
mod streams;

pub use captured::Captured;

use super::examples::Examples;
use crate::failure::Result;
use crate::output::Json;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was found.
    Pass,
    /// Something was found that should be looked at.
    Warn,
    /// Something is wrong.
    Fail,
    /// It was not run, or could not be.
    Skip,
}

impl Outcome {
    /// All of them; the place is the number in JSON.
    pub const ALL: [Outcome; 4] = [Outcome::Pass, Outcome::Warn, Outcome::Fail, Outcome::Skip];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "PASS",
            Outcome::Warn => "WARN",
            Outcome::Fail => "FAIL",
            Outcome::Skip => "SKIP",
        }
    }

    /// Its number in JSON.
    pub fn number(self) -> usize {
        Self::ALL
            .iter()
            .position(|outcome| *outcome == self)
            .unwrap_or_default()
    }

    /// What it means that there are examples.
    fn unless_empty(self, examples: &Examples) -> Self {
        if examples.is_empty() {
            Outcome::Pass
        } else {
            self
        }
    }
}

/// What a threshold counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share in percent.
    Percent,
    /// Something whole.
    Count,
    /// The same, with a sign.
    Signed,
    /// Times as much.
    Factor,
}

impl Unit {
    /// Its name in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Unit::Percent => "%",
            Unit::Count => "uint",
            Unit::Signed => "int",
            Unit::Factor => "",
        }
    }
}

/// A threshold of a check.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// Its key.
    pub key: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// Its value.
    pub value: f64,
}

/// Runs a check.
pub type Run = fn(&Check, &Captured, &mut Examples) -> Result<Outcome>;

/// A check.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its code, such as `SERVER_001`.
    pub code: &'static str,
    /// What it belongs to.
    pub suite: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What holds if it passes.
    pub about: &'static str,
    /// Its thresholds.
    pub thresholds: &'static [Threshold],
    /// What it does.
    pub run: Run,
}

impl Check {
    /// The value of a threshold.
    fn threshold(&self, key: &str) -> f64 {
        self.thresholds
            .iter()
            .find(|threshold| threshold.key == key)
            .map_or(0.0, |threshold| threshold.value)
    }

    /// It in JSON.
    pub fn to_json(self) -> Json {
        let mut thresholds: Vec<&Threshold> = self.thresholds.iter().collect();
        thresholds.sort_by_key(|threshold| threshold.key);
        let mut configuration = Json::object();
        for threshold in thresholds {
            // Whole numbers have no decimals.
            let value = if threshold.value.fract() == 0.0 {
                Json::Int(threshold.value as i128)
            } else {
                Json::Float(threshold.value)
            };
            let entry = Json::object()
                .with("key", threshold.key)
                .with("check", self.code)
                .with("description", threshold.about)
                .with("default", value)
                .with("unit", threshold.unit.word());
            configuration.set(threshold.key, entry);
        }
        Json::object()
            .with("code", self.code)
            .with("suite", self.suite)
            .with("name", self.name)
            .with("description", self.about)
            .with("configuration", configuration)
    }
}

/// All checks, by suite and code.
pub fn all() -> Vec<Check> {
    let mut checks: Vec<Check> = [
        accounts::CHECKS,
        clusters::CHECKS,
        streams::CHECKS,
        leafnodes::CHECKS,
        meta::CHECKS,
        servers::CHECKS,
    ]
    .concat();
    checks.sort_by_key(|check| (check.suite, check.code));
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_are_those_of_the_original() {
        let codes: Vec<&str> = all().iter().map(|check| check.code).collect();
        let mut wanted = vec!["ACCOUNTS_001".to_owned()];
        for (suite, count) in [
            ("CLUSTER", 4),
            ("JETSTREAM", 5),
            ("LEAF", 1),
            ("META", 2),
            ("SERVER", 8),
        ] {
            wanted.extend((1..=count).map(|number| format!("{suite}_{number:03}")));
        }
        assert_eq!(codes, wanted);
    }
}
