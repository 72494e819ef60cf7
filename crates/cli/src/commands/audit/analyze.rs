//! `nats audit analyze`.

use std::path::Path;

use jiff::Timestamp;

use super::checks::{self, Captured, Outcome};
use super::examples::Examples;
use super::report::Report;
use crate::archive::Archive;
use crate::context::write_whole;
use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail, log};

/// Checks an archive, or shows what was found before.
pub fn analyze(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let most = usize::try_from(matches.uint("max-examples")).unwrap_or(usize::MAX);
    if let Some(path) = matches.filled("load") {
        let text = std::fs::read(path)
            .map_err(|error| fail!("{}", crate::format::io_error_at("open", path, &error)))?;
        let report = Json::parse(&text)
            .map_err(|error| error.to_string())
            .and_then(|json| Report::read(&json))
            .map_err(|why| fail!("{path} is no report of an audit: {why}"))?;
        return show(session, &report, path, most);
    }
    let save = matches.filled("save");
    if let Some(path) = save
        && !matches.on("force")
        && Path::new(path).exists()
    {
        bail!("result file {path:?} already exist, use --force to overwrite");
    }
    let Some(path) = matches.arg("archive") else {
        bail!("archive path is required");
    };
    let captured = Captured {
        archive: Archive::open(path)
            .map_err(|failure| failure.context("failed to open archive"))?,
        verbose: matches.on("verbose") || session.trace(),
    };
    let report = run(&captured, matches.list("skip"), most);
    show(session, &report, path, most)?;
    if let Some(path) = save {
        write_whole(Path::new(path), report.to_json().pretty().as_bytes(), 0o644)?;
    }
    Ok(())
}

/// Runs all checks but those that are to be skipped.
fn run(captured: &Captured, skip: &[String], most: usize) -> Report {
    let mut report = Report::new(Timestamp::now(), captured.archive.metadata(), skip.to_vec());
    for check in checks::all() {
        let mut examples = Examples::new(most);
        let skipped = skip
            .iter()
            .any(|code| code.eq_ignore_ascii_case(check.code));
        let (outcome, error) = if skipped {
            (Outcome::Skip, String::new())
        } else {
            match (check.run)(&check, captured, &mut examples) {
                Ok(outcome) => (outcome, String::new()),
                Err(failure) => (Outcome::Skip, failure.to_string()),
            }
        };
        if captured.verbose {
            log!("{} ended with {}", check.code, outcome.word());
        }
        report.add(check.to_json(), outcome, examples, error);
    }
    report
}

fn show(session: &Session, report: &Report, path: &str, most: usize) -> Result<()> {
    if session.matches.on("json") {
        println!("{}", report.to_json().indented("   "));
    } else if session.matches.on("markdown") {
        print!("{}", report.markdown(most));
    } else {
        report.print(path, most);
    }
    Ok(())
}
