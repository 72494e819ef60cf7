//! `nats server check kv`.

use super::report::{Report, Status};
use super::run::{Check, run};
use crate::commands::kv::{Bucket, Operation};
use crate::failure::Result;
use crate::session::Session;

/// As it is run.
pub const CHECK: Check = Check {
    report: |session| Report::new("kv", session.matches.text("bucket").unwrap_or_default()),
    look: check,
};

/// Checks a bucket.
pub fn kv(session: &mut Session) -> Result<()> {
    run(session, &CHECK)
}

fn check(session: &mut Session, report: &mut Report) -> Result<()> {
    let name = session
        .matches
        .text("bucket")
        .unwrap_or_default()
        .to_owned();
    let key = session.matches.filled("key").map(str::to_owned);
    let warn = session.matches.int("values-warn");
    let critical = session.matches.int("values-critical");
    let api = match session.jetstream() {
        Ok(api) => api,
        Err(failure) => {
            report.critical(format!("connection failed: {failure}"));
            return Ok(());
        }
    };
    let bucket = match Bucket::open(api, &name) {
        Ok(bucket) => bucket,
        Err(failure) if failure.to_string() == "nats: bucket not found" => {
            report.critical(format!("bucket {name} not found"));
            return Ok(());
        }
        Err(failure) => {
            report.critical(format!("could not load bucket: {failure}"));
            return Ok(());
        }
    };
    report.ok(format!("bucket {name}"));
    let values = bucket.info.int("state.messages");
    report.metric_within(
        "values",
        values as f64,
        (warn.max(0) as f64, critical.max(0) as f64),
        "",
        "How many values are stored in the bucket",
    );
    if let Some(key) = key {
        match bucket.latest(&key) {
            Ok(Some(entry)) if matches!(entry.operation, Operation::Put) => {
                report.ok(format!("key {key} found"));
            }
            // What was deleted is not there.
            Ok(_) => report.critical(format!("key {key} not found")),
            Err(failure) => report.critical(format!("key {key} not loaded: {failure}")),
        }
    }
    if warn >= 0 || critical >= 0 {
        report.say(judge(values, warn, critical), format!("{values} values"));
    }
    report.metric(
        "bytes",
        bucket.info.float("state.bytes"),
        "B",
        "Bytes stored in the bucket",
    );
    report.metric("replicas", bucket.info.float("config.num_replicas"), "", "");
    Ok(())
}

/// Few values alarm if the critical threshold is below the other one, many
/// otherwise. Thresholds below zero are none.
fn judge(values: i64, warn: i64, critical: i64) -> Status {
    let few = critical < warn;
    let reached = |limit: i64| {
        limit >= 0
            && if few {
                values <= limit
            } else {
                values >= limit
            }
    };
    if reached(critical) {
        Status::Critical
    } else if reached(warn) {
        Status::Warning
    } else {
        Status::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_alarm_either_way() {
        assert_eq!(judge(5, 5, 10), Status::Warning);
        assert_eq!(judge(10, 5, 10), Status::Critical);
        assert_eq!(judge(11, 10, 5), Status::Ok);
        assert_eq!(judge(5, 10, 5), Status::Critical);
        assert_eq!(judge(5, -1, 4), Status::Critical);
        assert_eq!(judge(5, 5, -1), Status::Warning);
        assert_eq!(judge(6, 5, -1), Status::Ok);
        assert_eq!(judge(5, -1, -1), Status::Ok);
    }
}
