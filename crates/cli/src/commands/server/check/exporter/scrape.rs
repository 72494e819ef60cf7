//! Running all checks.

use std::sync::{Mutex, PoisonError};
use std::thread;

use super::config::Configured;
use crate::commands::server::check::render::{nagios, prometheus};
use crate::commands::server::check::report::Report;
use crate::commands::server::check::run::checked;
use crate::session::Session;
use crate::{fail, log};

/// Checks that run at the same time: they mostly wait, each for some seconds
/// at most, and a scrape has to end before Prometheus gives up.
const PARALLEL: usize = 16;

/// A check, and the run of it whose connection is kept.
struct Runner {
    check: Configured,
    kept: Option<Session>,
}

/// Runs all checks, one scrape at a time.
pub struct Scraper {
    runners: Mutex<Vec<Runner>>,
    namespace: String,
}

impl Scraper {
    /// For these checks.
    pub fn new(checks: Vec<Configured>, namespace: String) -> Self {
        let runners = checks.into_iter().map(|check| Runner { check, kept: None });
        Self {
            runners: Mutex::new(runners.collect()),
            namespace,
        }
    }

    /// The metrics of now.
    pub fn metrics(&self) -> String {
        let mut runners = self.runners.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reports = Vec::new();
        for some in runners.chunks_mut(PARALLEL) {
            thread::scope(|scope| {
                let running: Vec<_> = some
                    .iter_mut()
                    .map(|runner| {
                        let name = runner.check.name.clone();
                        (name, scope.spawn(|| runner.run()))
                    })
                    .collect();
                reports.extend(running.into_iter().map(|(name, thread)| {
                    thread.join().unwrap_or_else(|_| {
                        // Its own faults are results; this is one of the frame.
                        let mut report = Report::new("exporter", name);
                        report.critical("the check did not end");
                        report
                    })
                }));
            });
        }
        for report in &reports {
            log!("{}", nagios(report).trim_end());
        }
        let reports: Vec<&Report> = reports.iter().collect();
        prometheus(&reports, &self.namespace)
    }
}

impl Runner {
    fn run(&mut self) -> Report {
        let session = match (&self.check.problem, self.kept.take()) {
            (Some(problem), _) => Err(fail!("invalid properties: {problem}")),
            (None, Some(session)) => Ok(session),
            (None, None) => self.check.session(),
        };
        let mut report = match session {
            Ok(mut session) => {
                let report = checked(&mut session, &self.check.check);
                if self.check.keeps_connection {
                    self.kept = Some(session);
                } else {
                    session.disconnect();
                }
                report
            }
            Err(failure) => {
                let mut report = Report::new(self.check.suite(), "");
                report.critical(failure.to_string());
                report
            }
        };
        report.suite = self.check.suite();
        report.name.clone_from(&self.check.name);
        report
    }
}
