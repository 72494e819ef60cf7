//! What a check found.

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All is well.
    Ok,
    /// Someone should look.
    Warning,
    /// Someone should look now.
    Critical,
}

impl Status {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "OK",
            Status::Warning => "WARNING",
            Status::Critical => "CRITICAL",
        }
    }

    /// Exit code that monitoring systems expect.
    pub fn code(self) -> i32 {
        match self {
            Status::Ok => 0,
            Status::Warning => 1,
            Status::Critical => 2,
        }
    }
}

/// A measured value.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// The value.
    pub value: f64,
    /// From when on it is a warning; 0 for never.
    pub warning: f64,
    /// From when on it is critical; 0 for never.
    pub critical: f64,
    /// Unit: `s`, `B`, `%` or none.
    pub unit: &'static str,
    /// One sentence about it.
    pub help: String,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Kind of check.
    pub suite: &'static str,
    /// What was checked.
    pub name: String,
    /// What is critical.
    pub critical: Vec<String>,
    /// What is worth a warning.
    pub warning: Vec<String>,
    /// What is well.
    pub ok: Vec<String>,
    /// What was measured.
    pub metrics: Vec<Metric>,
}

impl Report {
    /// Nothing found yet.
    pub fn new(suite: &'static str, name: impl Into<String>) -> Self {
        Self {
            suite,
            name: name.into(),
            ..Self::default()
        }
    }

    /// How bad it is.
    pub fn status(&self) -> Status {
        if !self.critical.is_empty() {
            Status::Critical
        } else if !self.warning.is_empty() {
            Status::Warning
        } else {
            Status::Ok
        }
    }

    /// Something is critical.
    pub fn critical(&mut self, text: impl Into<String>) {
        self.critical.push(text.into());
    }

    /// Something is worth a warning.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.warning.push(text.into());
    }

    /// Something is well.
    pub fn ok(&mut self, text: impl Into<String>) {
        self.ok.push(text.into());
    }

    /// Adds a text to where it belongs.
    pub fn say(&mut self, status: Status, text: impl Into<String>) {
        match status {
            Status::Ok => self.ok(text),
            Status::Warning => self.warn(text),
            Status::Critical => self.critical(text),
        }
    }

    /// Adds a value without thresholds.
    pub fn metric(
        &mut self,
        name: &'static str,
        value: f64,
        unit: &'static str,
        help: impl Into<String>,
    ) {
        self.metric_within(name, value, (0.0, 0.0), unit, help);
    }

    /// Adds a value; `limits` are when it is a warning, and when critical.
    pub fn metric_within(
        &mut self,
        name: &'static str,
        value: f64,
        limits: (f64, f64),
        unit: &'static str,
        help: impl Into<String>,
    ) {
        self.metrics.push(Metric {
            name,
            value,
            warning: limits.0,
            critical: limits.1,
            unit,
            help: help.into(),
        });
    }
}
