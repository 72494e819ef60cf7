//! Runs a check and writes its result.

use std::path::Path;

use super::render::{Format, render};
use super::report::Report;
use crate::context::write_whole;
use crate::failure::{Failure, Result};
use crate::session::Session;

/// A check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its result before anything is known, with the name of what the flags
    /// ask for.
    pub report: fn(&Session) -> Report,
    /// Looks at it.
    pub look: fn(&mut Session, &mut Report) -> Result<()>,
}

/// Runs a check and shows its result; the exit code says how bad it is.
pub fn run(session: &mut Session, check: &Check) -> Result<()> {
    let report = checked(session, check);
    let format = Format::named(session.matches.text("format").unwrap_or_default());
    let namespace = session.matches.text("namespace").unwrap_or_default();
    let text = render(&report, format, namespace);
    match session.matches.filled("outfile") {
        Some(path) => write_whole(Path::new(path), text.as_bytes(), 0o600)?,
        None => print!("{text}"),
    }
    match report.status().code() {
        0 => Ok(()),
        // A scrape that worked is one, whatever it tells.
        _ if format == Format::Prometheus => Ok(()),
        code => Err(Failure::Exit(code)),
    }
}

/// Runs a check; that it fails is a result.
pub fn checked(session: &mut Session, check: &Check) -> Report {
    let mut report = (check.report)(session);
    if let Err(failure) = (check.look)(session, &mut report) {
        report.critical(format!("Check failed: {failure}"));
    }
    report
}
