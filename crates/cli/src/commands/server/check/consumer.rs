//! `nats server check consumer`.

use super::report::{Report, Status};
use super::run::{Check, run};
use super::stream::whole;
use crate::failure::Result;
use crate::format::{go_duration, go_time, is_unset_time, parse_duration, since};
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
        // Their defaults only say that there is no threshold.
        let given = |name: &str| {
            if matches.given(name) {
                matches.int(name)
            } else {
                0
            }
        };
        Self {
            ack_pending: given("outstanding-ack-critical"),
            waiting: given("waiting-critical"),
            pending: given("unprocessed-critical"),
            redelivered: given("redelivery-critical"),
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
            match name {
                "outstanding-ack-critical" => self.ack_pending = whole(text)?,
                "waiting-critical" => self.waiting = whole(text)?,
                "unprocessed-critical" => self.pending = whole(text)?,
                "redelivery-critical" => self.redelivered = whole(text)?,
                "last-delivery-critical" => self.last_delivery = parse_duration(text)?,
                "last-ack-critical" => self.last_ack = parse_duration(text)?,
                "pinned" => {
                    self.pinned = matches!(text, "true" | "1" | "t" | "T" | "TRUE" | "True");
                }
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
    let api = match session.management() {
        Ok(api) => api,
        Err(failure) => {
            report.critical(format!("could not load info: {failure}"));
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
    match limits.take_metadata(info.at("config.metadata")) {
        Ok(()) => judge(&info, &limits, report),
        Err(failure) => {
            report.critical(format!("could not configure based on metadata: {failure}"))
        }
    }
    Ok(())
}

/// When something last happened, and how long ago that is; `None` for never.
fn last<'a>(info: &'a Json, key: &str) -> Option<(&'a str, i64)> {
    let text = info.text(key);
    if is_unset_time(text) {
        return None;
    }
    Some((text, since(text)?))
}

fn judge(info: &Json, limits: &Limits, report: &mut Report) {
    let counts = [
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
    ];
    let times = [
        (
            "last_delivery",
            last(info, "delivered.last_active"),
            "Seconds since the last message was delivered",
            ("No deliveries", "Last delivery"),
            limits.last_delivery,
        ),
        (
            "last_ack",
            last(info, "ack_floor.last_active"),
            "Seconds since the last message was acknowledged",
            ("No acks", "Last ack"),
            limits.last_ack,
        ),
    ];
    for (metric, key, help, _, limit) in counts {
        report.metric_within(metric, info.float(key), (0.0, limit as f64), "", help);
    }
    for (metric, last, help, _, limit) in times {
        if let Some((_, age)) = last {
            let critical = limit as f64 / 1e9;
            report.metric_within(metric, age as f64 / 1e9, (0.0, critical), "s", help);
        }
    }
    for (_, key, _, label, limit) in counts {
        if limit > 0 {
            let value = info.int(key);
            let status = if value >= limit {
                Status::Critical
            } else {
                Status::Ok
            };
            report.say(status, format!("{label}: {value}"));
        }
    }
    for (_, last, _, (never, label), limit) in times {
        match last {
            _ if limit <= 0 => {}
            None => report.critical(never),
            Some((_, age)) if age >= limit => {
                report.critical(format!("{label} {} ago", go_duration(age)));
            }
            Some((time, _)) => report.ok(format!("{label} {}", go_time(time))),
        }
    }
    pinned(info, limits, report);
}

fn pinned(info: &Json, limits: &Limits, report: &mut Report) {
    let is_pinning = info.text("config.priority_policy") == "pinned_client";
    let groups = info.list("config.priority_groups").len();
    let states = info.list("priority_groups");
    let pinned = states
        .iter()
        .filter(|group| !group.text("pinned_client_id").is_empty())
        .count();
    if is_pinning {
        report.metric(
            "pinned_groups",
            pinned as f64,
            "",
            "The number of consumers groups with pinned clients",
        );
        report.metric(
            "groups",
            groups as f64,
            "",
            "The total number of consumers groups",
        );
    }
    if !limits.pinned {
        return;
    }
    if !is_pinning || groups == 0 || states.is_empty() {
        report.critical("Not pinned client priority mode");
    } else if pinned == groups {
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
        redelivered: 0,
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
