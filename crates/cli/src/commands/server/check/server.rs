//! `nats server check server`.

use super::report::{Report, Status};
use super::run::{Check, run};
use super::threshold::Threshold;
use crate::client::ClientError;
use crate::failure::Result;
use crate::format::{float, human_duration, human_size, local_time, now_nanos, parse_rfc3339};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;
use crate::system::{Expect, System};

/// Where VARZ tells when a certificate expires, and whose it is.
const CERTIFICATES: [(&str, &str); 6] = [
    ("tls_cert_not_after", "server"),
    ("cluster.tls_cert_not_after", "cluster"),
    ("gateway.tls_cert_not_after", "gateway"),
    ("leaf.tls_cert_not_after", "leafnode"),
    ("mqtt.tls_cert_not_after", "mqtt"),
    ("websocket.tls_cert_not_after", "websocket"),
];

/// As it is run.
pub const CHECK: Check = Check {
    report: |session| Report::new("server", session.matches.text("name").unwrap_or_default()),
    look: check,
};

/// Checks a server.
pub fn server(session: &mut Session) -> Result<()> {
    run(session, &CHECK)
}

fn check(session: &mut Session, report: &mut Report) -> Result<()> {
    let name = session.matches.text("name").unwrap_or_default().to_owned();
    let limits = Limits::of(&session.matches);
    let body = Json::object()
        .with("server_name", name.as_str())
        .with("exact_match", true);
    let asked = System::of(session).and_then(|system| {
        let answers = system.ask("$SYS.REQ.SERVER.PING.VARZ", Some(&body), Expect::Count(1))?;
        match answers.into_iter().next() {
            Some(answer) => Ok(answer.json),
            None => Err(ClientError::Timeout.into()),
        }
    });
    match asked {
        Ok(answer) if answer.has("error") => {
            report.critical(format!("varz failed: {}", answer.text("error.description")));
        }
        Ok(answer) => {
            let varz = answer.at("data");
            let found = varz.text("server_name");
            if found == name {
                judge(varz, &limits, now_nanos(), report);
            } else {
                report.critical(format!("result from wrong server {found:?}"));
            }
        }
        Err(failure) => report.critical(format!("varz failed: {failure}")),
    }
    Ok(())
}

#[derive(Clone, Debug)]
struct Limits {
    cpu: Threshold,
    memory: Threshold,
    connections: Threshold,
    subscriptions: Threshold,
    uptime: Threshold,
    certificates: Threshold,
    auth: bool,
    tls: bool,
    jetstream: bool,
}

impl Limits {
    fn of(matches: &Matches) -> Self {
        let numbers = |name: &str| {
            Threshold::new(
                matches.int(&format!("{name}-warn")) as f64,
                matches.int(&format!("{name}-critical")) as f64,
            )
        };
        Self {
            cpu: numbers("cpu"),
            memory: numbers("mem"),
            connections: numbers("conn"),
            subscriptions: numbers("subs"),
            uptime: Threshold::seconds(
                matches.nanos("uptime-warn"),
                matches.nanos("uptime-critical"),
            ),
            certificates: Threshold::seconds(
                matches.nanos("tls-cert-warn"),
                matches.nanos("tls-cert-crit"),
            ),
            auth: matches.on("auth-required"),
            tls: matches.on("tls-required"),
            jetstream: matches.on("js-required"),
        }
    }
}

fn judge(varz: &Json, limits: &Limits, now: i64, report: &mut Report) {
    let required = |report: &mut Report, wanted: bool, is: bool, yes: &str, no: &str| {
        if wanted && is {
            report.ok(yes);
        } else if wanted {
            report.critical(no);
        }
    };
    required(
        report,
        limits.jetstream,
        varz.has("jetstream.config"),
        "JetStream enabled",
        "JetStream not enabled",
    );
    required(
        report,
        limits.tls,
        varz.on("tls_required"),
        "TLS required",
        "TLS not required",
    );
    required(
        report,
        limits.auth,
        varz.on("auth_required"),
        "Authentication required",
        "Authentication not required",
    );
    uptime(varz, limits.uptime, report);
    usual(
        report,
        ("cpu", "CPU", "%", "NATS Server CPU usage in percentage"),
        limits.cpu,
        varz.float("cpu"),
        |value| format!("{value:.2}"),
    );
    usual(
        report,
        ("mem", "Memory", "", "NATS Server memory usage in bytes"),
        limits.memory,
        varz.float("mem"),
        |value| human_size(value as u64),
    );
    either_way(
        report,
        ("connections", "Connections", "Active connections"),
        limits.connections,
        varz.float("connections"),
    );
    either_way(
        report,
        ("subscriptions", "Subscriptions", "Active subscriptions"),
        limits.subscriptions,
        varz.float("subscriptions"),
    );
    certificates(varz, limits.certificates, now, report);
}

fn uptime(varz: &Json, threshold: Threshold, report: &mut Report) {
    let time = |key: &str| parse_rfc3339(varz.text(key)).map(|time| time.as_nanosecond());
    let up = match (time("now"), time("start")) {
        (Some(now), Some(start)) => i64::try_from(now - start).unwrap_or(0).max(0),
        _ => 0,
    };
    let seconds = up as f64 / 1e9;
    report.metric_within(
        "uptime",
        seconds,
        threshold.pair(),
        "s",
        "NATS Server uptime in seconds",
    );
    if threshold.critical > threshold.warn && threshold.warn > 0.0 {
        report.critical("Up invalid thresholds");
        return;
    }
    if threshold.is_set() {
        report.say(
            threshold.at_most(seconds),
            format!("Up {}", human_duration(up)),
        );
    }
}

fn usual(
    report: &mut Report,
    (name, label, unit, help): (&'static str, &str, &'static str, &'static str),
    threshold: Threshold,
    value: f64,
    text: impl Fn(f64) -> String,
) {
    report.metric_within(name, value, threshold.pair(), unit, help);
    if !threshold.is_set() {
        return;
    }
    if threshold.warn > 0.0 && threshold.critical > 0.0 && threshold.critical < threshold.warn {
        report.critical(format!("{label} invalid thresholds"));
        return;
    }
    report.say(
        threshold.at_least(value),
        format!("{label} {}", text(value)),
    );
}

fn either_way(
    report: &mut Report,
    (name, label, help): (&'static str, &str, &'static str),
    threshold: Threshold,
    value: f64,
) {
    report.metric_within(name, value, threshold.pair(), "", help);
    if threshold.is_set() {
        report.say(
            threshold.either_way(value),
            format!("{label} {}", float(value)),
        );
    }
}

fn certificates(varz: &Json, threshold: Threshold, now: i64, report: &mut Report) {
    if !threshold.is_set() {
        return;
    }
    for (path, whose) in CERTIFICATES {
        let Some(end) = parse_rfc3339(varz.text(path)) else {
            continue;
        };
        let left = i64::try_from(end.as_nanosecond() - i128::from(now)).unwrap_or(i64::MAX);
        let at = local_time(varz.text(path));
        if left <= 0 {
            report.critical(format!("{whose} TLS certificate expired (expired_at={at})"));
            continue;
        }
        let text = format!(
            "{whose} TLS certificate expires in {} (expires_at={at})",
            human_duration(left)
        );
        match threshold.at_most(left as f64 / 1e9) {
            Status::Ok => report.ok(text),
            bad => report.say(bad, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_and_measured() {
        let varz = Json::parse(
            br#"{"now":"2026-01-01T00:03:24Z","start":"2026-01-01T00:00:00Z","cpu":1,"mem":2048,"connections":5,"subscriptions":50,
                 "tls_cert_not_after":"2026-01-02T00:00:00Z","cluster":{"tls_cert_not_after":"2025-01-02T00:00:00Z"}}"#,
        )
        .unwrap();
        let none = Threshold::new(0.0, 0.0);
        let limits = Limits {
            cpu: Threshold::new(1.0, 2.0),
            memory: Threshold::new(9.0, 5.0),
            connections: Threshold::new(10.0, 5.0),
            subscriptions: Threshold::new(10.0, 100.0),
            uptime: Threshold::new(300.0, 100.0),
            certificates: Threshold::new(100_000.0, 50_000.0),
            auth: true,
            tls: false,
            jetstream: false,
        };
        let now = parse_rfc3339("2026-01-01T00:00:00Z")
            .unwrap()
            .as_nanosecond();
        let mut report = Report::new("server", "n1");
        judge(&varz, &limits, i64::try_from(now).unwrap(), &mut report);
        assert_eq!(
            report.critical,
            [
                "Authentication not required".to_owned(),
                "Memory invalid thresholds".to_owned(),
                "Connections 5".to_owned(),
                format!(
                    "cluster TLS certificate expired (expired_at={})",
                    local_time("2025-01-02T00:00:00Z")
                ),
            ]
        );
        assert_eq!(
            report.warning[..3],
            ["Up 3m24s", "CPU 1.00", "Subscriptions 50"]
        );
        assert_eq!(report.warning.len(), 4);
        let quiet = Limits {
            cpu: none,
            memory: none,
            connections: none,
            subscriptions: none,
            uptime: none,
            certificates: none,
            auth: false,
            ..limits
        };
        let mut report = Report::new("server", "n1");
        judge(&varz, &quiet, 0, &mut report);
        let names: Vec<&str> = report.metrics.iter().map(|metric| metric.name).collect();
        assert_eq!(
            names,
            ["uptime", "cpu", "mem", "connections", "subscriptions"]
        );
        assert!(report.ok.is_empty() && report.critical.is_empty());
    }
}
