//! `nats server check credential`.

use std::fs;

use super::report::{Report, Status};
use super::run::{Check, run};
use super::threshold::Threshold;
use crate::context::expand_path;
use crate::fail;
use crate::failure::Result;
use crate::format::{human_duration, io_error_at, now_nanos};
use crate::jwt::Claims;
use crate::session::Session;

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// As it is run.
pub const CHECK: Check = Check {
    report: |_| Report::new("credential", "Credential"),
    look: check,
};

/// Checks a credentials file.
pub fn credential(session: &mut Session) -> Result<()> {
    run(session, &CHECK)
}

fn check(session: &mut Session, report: &mut Report) -> Result<()> {
    let matches = &session.matches;
    let path = matches.text("credential").unwrap_or_default();
    let (warn, critical) = (
        matches.nanos("validity-warn").unwrap_or(0),
        matches.nanos("validity-critical").unwrap_or(0),
    );
    let require = matches.on("require-expiry");
    let text = match read(path) {
        Ok(text) => text,
        Err(why) => {
            report.critical(format!("credential not accessible: {why}"));
            return Ok(());
        }
    };
    let token = text
        .lines()
        .map(str::trim)
        .find(|line| line.matches('.').count() == 2)
        .ok_or_else(|| fail!("expected 3 chunks"));
    match token.and_then(Claims::decode) {
        Ok(claims) => judge(
            claims.expires(),
            warn,
            critical,
            require,
            now_nanos(),
            report,
        ),
        Err(failure) => report.critical(format!("invalid credential: {failure}")),
    }
    Ok(())
}

/// The text of a file, or why it cannot be read.
fn read(path: &str) -> std::result::Result<String, String> {
    let expanded = expand_path(path);
    let found = fs::metadata(&expanded).map_err(|error| io_error_at("stat", path, &error))?;
    if found.is_dir() {
        return Err("is a directory".to_owned());
    }
    fs::read_to_string(&expanded).map_err(|error| io_error_at("open", path, &error))
}

/// `end` in seconds since 1970, 0 for never; everything else in nanoseconds.
fn judge(end: i64, warn: i64, critical: i64, require: bool, now: i64, report: &mut Report) {
    let left = end.saturating_sub(now.div_euclid(SECOND)) as f64;
    let threshold = Threshold::seconds(Some(warn), Some(critical));
    report.metric_within(
        "expiry",
        left,
        threshold.pair(),
        "s",
        "Expiry time in seconds",
    );
    if end == 0 {
        if require {
            report.critical("never expires");
        } else {
            report.ok("never expires");
        }
        return;
    }
    match threshold.at_most(left) {
        Status::Critical => {
            report.critical(format!("expires sooner than {}", human_duration(critical)));
        }
        Status::Warning => report.warn(format!("expires sooner than {}", human_duration(warn))),
        Status::Ok if left <= 0.0 => report.critical(format!("expired {}", time(end))),
        Status::Ok => report.ok(format!("expires in {}", time(end))),
    }
}

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map(|time| time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string())
        .unwrap_or_else(|_| seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(end: i64, warn: i64, critical: i64, require: bool) -> (Status, String) {
        let mut report = Report::new("credential", "Credential");
        judge(
            end,
            warn * 1_000_000_000,
            critical * 1_000_000_000,
            require,
            1_000_000_000_000,
            &mut report,
        );
        let text = [&report.critical, &report.warning, &report.ok]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        (report.status(), text)
    }

    #[test]
    fn the_end_is_judged_in_seconds() {
        assert_eq!(
            judged(0, 60, 30, true),
            (Status::Critical, "never expires".into())
        );
        assert_eq!(
            judged(0, 60, 30, false),
            (Status::Ok, "never expires".into())
        );
        assert_eq!(
            judged(1_100, 60, 30, true),
            (
                Status::Ok,
                "expires in 1970-01-01 00:18:20 +0000 UTC".into()
            )
        );
        assert_eq!(
            judged(1_050, 60, 30, true),
            (Status::Warning, "expires sooner than 1m0s".into())
        );
        assert_eq!(
            judged(1_010, 60, 30, true),
            (Status::Critical, "expires sooner than 30.00s".into())
        );
        assert_eq!(judged(900, 0, 0, true).0, Status::Critical);
    }
}
