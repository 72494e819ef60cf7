//! `nats server check message`.

use std::num::IntErrorKind;

use regex::bytes::Regex;

use super::report::{Report, Status};
use super::run::{Check, run};
use super::threshold::Threshold;
use crate::failure::Result;
use crate::format::{go_duration, now_nanos, parse_rfc3339, saturated};
use crate::jetstream::DirectMessage;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// Ages are shown in steps of this, in nanoseconds.
const STEP: i64 = 1_000_000;

/// As it is run.
pub const CHECK: Check = Check {
    report: |_| Report::new("message", "Stream Message"),
    look: check,
};

/// Checks the newest message of a subject.
pub fn message(session: &mut Session) -> Result<()> {
    run(session, &CHECK)
}

fn check(session: &mut Session, report: &mut Report) -> Result<()> {
    let text = |name: &str| session.matches.text(name).unwrap_or_default().to_owned();
    let (stream, subject, pattern) = (text("stream"), text("subject"), text("content"));
    let age_limit = Threshold::seconds(
        session.matches.nanos("age-warn"),
        session.matches.nanos("age-critical"),
    );
    let in_body = session.matches.on("body-timestamp");
    let is_literal = |token: &str| {
        !token.is_empty() && token != "*" && token != ">" && !token.contains(char::is_whitespace)
    };
    if !subject.split('.').all(is_literal) {
        bail!("invalid subject {subject:?}");
    }
    let content = Regex::new(&pattern)
        .map_err(|_| fail!("invalid content: {}", crate::format::explain(&pattern)))?;
    let api = match session.management() {
        Ok(api) => api,
        Err(failure) => {
            report.critical(format!("could not load info: {failure}"));
            return Ok(());
        }
    };
    let message = match api.message(
        &stream,
        &Json::object().with("last_by_subj", subject.as_str()),
    ) {
        Ok(message) => message,
        Err(error) if error.is_message_not_found() => {
            report.critical("no message found");
            return Ok(());
        }
        Err(error) => {
            report.critical(format!("msg load failed: {error}"));
            return Ok(());
        }
    };
    let stored = match stored(&message, in_body) {
        Ok(stored) => stored,
        Err(why) => {
            report.critical(why);
            return Ok(());
        }
    };
    let age = now_nanos().saturating_sub(stored);
    let rounded = age.saturating_add(STEP / 2) / STEP * STEP;
    report.metric_within(
        "age",
        rounded as f64 / 1e9,
        age_limit.pair(),
        "s",
        "The age of the message",
    );
    report.metric(
        "size",
        message.payload.len() as f64,
        "B",
        "The size of the message",
    );
    let mut well = true;
    let status = age_limit.above(age as f64 / 1e9);
    if status != Status::Ok {
        report.say(status, format!("{} old", go_duration(rounded)));
        well = false;
    }
    if !content.is_match(&message.payload) {
        report.critical(format!("does not match regex: {pattern}"));
        well = false;
    }
    if well {
        report.ok(format!("Valid message on {stream} > {subject}"));
    }
    Ok(())
}

/// When a message was stored, or what its body says instead: in nanoseconds
/// since 1970.
fn stored(message: &DirectMessage, in_body: bool) -> std::result::Result<i64, String> {
    if !in_body {
        let time = parse_rfc3339(&message.time)
            .ok_or_else(|| format!("the time {:?} cannot be read", message.time))?;
        return Ok(saturated(time.as_nanosecond()));
    }
    let body = String::from_utf8_lossy(&message.payload);
    match body.trim().parse::<i64>() {
        Ok(seconds) => Ok(seconds.saturating_mul(1_000_000_000)),
        Err(error) => {
            let why = match error.kind() {
                IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
                _ => "invalid syntax",
            };
            Err(format!(
                "invalid timestamp body: strconv.ParseInt: parsing {:?}: {why}",
                body.trim()
            ))
        }
    }
}
