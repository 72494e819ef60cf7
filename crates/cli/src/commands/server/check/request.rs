//! `nats server check request`.

use std::time::{Duration, Instant};

use regex::bytes::Regex;

use super::report::{Report, Status};
use super::run::{Check, run};
use super::threshold::Threshold;
use crate::client::Headers;
use crate::fail;
use crate::failure::Result;
use crate::format::go_duration;
use crate::session::Session;

/// Nanoseconds to which times are rounded.
const STEP: u128 = 1_000_000;

/// As it is run.
pub const CHECK: Check = Check {
    report: |session| {
        Report::new(
            "request",
            session.matches.text("subject").unwrap_or_default(),
        )
    },
    look: check,
};

/// Checks that a service answers.
pub fn request(session: &mut Session) -> Result<()> {
    run(session, &CHECK)
}

fn check(session: &mut Session, report: &mut Report) -> Result<()> {
    let matches = &session.matches;
    let subject = matches.text("subject").unwrap_or_default().to_owned();
    let body = matches.text("payload").unwrap_or_default().to_owned();
    let mut headers = Headers::new();
    for (key, value) in matches.map("headers") {
        headers.add(key, value);
    }
    let wanted = matches.map("match-headers");
    let (warn, critical) = (
        matches.nanos("response-warn"),
        matches.nanos("response-critical"),
    );
    let pattern = match matches.filled("match-payload") {
        Some(text) => Some(
            Regex::new(text)
                .map_err(|_| fail!("invalid match-payload: {}", crate::format::explain(text)))?,
        ),
        None => None,
    };
    let threshold = Threshold::seconds(warn, critical);
    let timeout = session.timeout();
    let connection = match session.connect() {
        Ok(connection) => connection,
        Err(failure) => {
            report.critical(format!("could not load info: {failure}"));
            return Ok(());
        }
    };
    let begun = Instant::now();
    let answer = connection.request(&subject, Some(&headers), body.as_bytes(), timeout);
    let took = begun.elapsed();
    report.metric_within(
        "time",
        rounded(took) as f64 / 1e9,
        threshold.pair(),
        "s",
        "How long the request took",
    );
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            report.critical(format!("could not send request: {error}"));
            return Ok(());
        }
    };
    if pattern.is_some_and(|pattern| !pattern.is_match(&answer.payload)) {
        report.critical("response does not match regexp");
    }
    for (key, value) in wanted {
        let got = answer.header(&key).unwrap_or_default();
        if got != value {
            report.critical(format!("invalid header {key:?} = {got:?}"));
        }
    }
    match threshold.above(took.as_secs_f64()) {
        Status::Ok => {}
        bad => report.say(bad, format!("response took {}", go_duration(rounded(took)))),
    }
    if report.status() == Status::Ok {
        report.ok("Valid response");
    }
    Ok(())
}

/// Nanoseconds, of whole milliseconds.
fn rounded(took: Duration) -> i64 {
    i64::try_from((took.as_nanos() + STEP / 2) / STEP * STEP).unwrap_or(i64::MAX)
}
