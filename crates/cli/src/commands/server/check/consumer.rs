//! `nats server check consumer`.

use super::report::Report;
use super::run::{Check, run};
use crate::failure::Result;
use crate::format::{human_duration, is_unset_time, parse_duration, since};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;

/// As it is run.
pub const CHECK: Check = Check {
    report: |session| {
        let text = |name: &str| session.matches.text(name).unwrap_or_default();
        Report::new(
            "consumer",
            format!("{}_{}", text("stream"), text("consumer")),
        )
    },
    look: check,
};

/// Checks a consumer.
pub fn consumer(session: &mut Session) -> Result<()> {
    run(session, &CHECK)
}

/// When a consumer is not well; what is not above zero is not looked at, but
/// of redeliveries already none can be too many.
#[derive(Clone, Debug)]
struct Limits {
    ack_pending: i64,
    waiting: i64,
    pending: i64,
    redelivered: i64,
    last_delivery: i64,
    last_ack: i64,
    pinned: bool,
}

impl Limits {
    fn of(matches: &Matches) -> Self {
        Self {
            ack_pending: matches.int("outstanding-ack-critical"),
            waiting: matches.int("waiting-critical"),
            pending: matches.int("unprocessed-critical"),
            redelivered: matches.int("redelivery-critical"),
            last_delivery: matches.nanos("last-delivery-critical").unwrap_or(0),
            last_ack: matches.nanos("last-ack-critical").unwrap_or(0),
            pinned: matches.on("pinned"),
        }
    }

    /// What the consumer's own metadata says wins.
    fn take_metadata(&mut self, metadata: &Json) -> Result<()> {
        for (key, value) in metadata.entries("") {
            let Some(name) = key.strip_prefix("io.nats.monitor.") else {
                continue;
            };
            let text = value.as_text().unwrap_or_default();
            let int = || {
                text.parse::<i64>()
                    .map_err(|_| crate::fail!("invalid metadata {key}: {text:?}"))
            };
            let nanos = || parse_duration(text).map_err(|failure| failure.context(key));
            match name {
                "outstanding-ack-critical" => self.ack_pending = int()?,
                "waiting-critical" => self.waiting = int()?,
                "unprocessed-critical" => self.pending = int()?,
                "redelivery-critical" => self.redelivered = int()?,
                "last-delivery-critical" => self.last_delivery = nanos()?,
                "last-ack-critical" => self.last_ack = nanos()?,
                "pinned" => self.pinned = matches!(text, "true" | "1" | "t" | "T" | "TRUE"),
                _ => {}
            }
        }
        Ok(())
    }
}

fn check(session: &mut Session, report: &mut Report) -> Result<()> {
    let text = |name: &str| session.matches.text(name).unwrap_or_default().to_owned();
    let (stream, name) = (text("stream"), text("consumer"));
    let mut limits = Limits::of(&session.matches);
    let api = match session.jetstream() {
        Ok(api) => api,
        Err(failure) => {
            report.critical(format!("connection failed: {failure}"));
            return Ok(());
        }
    };
    let info = match api.consumer_info(&stream, &name) {
        Ok(info) => info,
        Err(error) => {
            report.critical(format!("could not load info: {error}"));
            return Ok(());
        }
    };
    limits.take_metadata(info.at("config.metadata"))?;
    judge(&info, &limits, report);
    Ok(())
}

fn judge(info: &Json, limits: &Limits, report: &mut Report) {
    for (metric, key, help, label, limit) in [
        (
            "ack_pending",
            "num_ack_pending",
            "The number of messages waiting to be Acknowledged",
            "Ack Pending",
            limits.ack_pending,
        ),
        (
            "pull_waiting",
            "num_waiting",
            "The number of waiting Pull requests",
            "Waiting Pulls",
            limits.waiting,
        ),
        (
            "pending",
            "num_pending",
            "The number of messages that have not yet been consumed",
            "Unprocessed Messages",
            limits.pending,
        ),
        (
            "redelivered",
            "num_redelivered",
            "The number of messages currently being redelivered",
            "Redelivered",
            limits.redelivered,
        ),
    ] {
        let value = info.int(key);
        report.metric_within(metric, value as f64, (0.0, limit.max(0) as f64), "", help);
        if limit > 0 {
            let text = format!("{label}: {value}");
            if value >= limit {
                report.critical(text);
            } else {
                report.ok(text);
            }
        }
    }
    for (metric, key, help, never, label, limit) in [
        (
            "last_delivery",
            "delivered.last_active",
            "Seconds since the last message was delivered",
            "No deliveries",
            "Last delivery",
            limits.last_delivery,
        ),
        (
            "last_ack",
            "ack_floor.last_active",
            "Seconds since the last message was acknowledged",
            "No acks",
            "Last ack",
            limits.last_ack,
        ),
    ] {
        if limit <= 0 {
            continue;
        }
        let text = info.text(key);
        let age = if is_unset_time(text) {
            None
        } else {
            since(text)
        };
        report.metric_within(
            metric,
            age.unwrap_or(0) as f64 / 1e9,
            (0.0, limit as f64 / 1e9),
            "s",
            help,
        );
        match age {
            None => report.critical(never),
            Some(age) => {
                let text = format!("{label} {} ago", human_duration(age));
                if age >= limit {
                    report.critical(text);
                } else {
                    report.ok(text);
                }
            }
        }
    }
    pinned(info, limits, report);
}

fn pinned(info: &Json, limits: &Limits, report: &mut Report) {
    if !limits.pinned {
        return;
    }
    if info.text("config.priority_policy") != "pinned_client" {
        report.critical("Not pinned client priority mode");
        return;
    }
    let groups = info.list("config.priority_groups").len();
    let pinned = info
        .list("priority_groups")
        .iter()
        .filter(|group| !group.text("pinned_client_id").is_empty())
        .count();
    report.metric(
        "pinned_groups",
        pinned as f64,
        "",
        "Number of priority groups that have a pinned client",
    );
    report.metric("groups", groups as f64, "", "Number of priority groups");
    if pinned == groups {
        report.ok(format!("{pinned} pinned clients"));
    } else {
        report.critical(format!("{pinned} / {groups} pinned clients"));
    }
}

/// Checks a consumer against what its own metadata says; nothing if that does
/// not ask for it.
pub fn by_metadata(info: &Json) -> Result<Option<Report>> {
    let metadata = info.at("config.metadata");
    if !super::stream::is_watched(metadata) {
        return Ok(None);
    }
    let mut limits = Limits {
        ack_pending: 0,
        waiting: 0,
        pending: 0,
        redelivered: -1,
        last_delivery: 0,
        last_ack: 0,
        pinned: false,
    };
    limits.take_metadata(metadata)?;
    let mut report = Report::new("consumer", info.text("name"));
    judge(info, &limits, &mut report);
    Ok(Some(report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_wins() {
        let mut limits = Limits {
            ack_pending: -1,
            waiting: -1,
            pending: 1,
            redelivered: -1,
            last_delivery: 0,
            last_ack: 0,
            pinned: false,
        };
        let info = Json::parse(
            br#"{"config":{"metadata":{"io.nats.monitor.unprocessed-critical":"9","io.nats.monitor.last-ack-critical":"1s","io.nats.monitor.pinned":"true"}},"num_pending":8}"#,
        )
        .unwrap();
        limits.take_metadata(info.at("config.metadata")).unwrap();
        let mut report = Report::new("consumer", "x");
        judge(&info, &limits, &mut report);
        assert_eq!(
            report.critical,
            ["No acks", "Not pinned client priority mode"]
        );
        assert_eq!(report.ok, ["Unprocessed Messages: 8"]);
    }
}
