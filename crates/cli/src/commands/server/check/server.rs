//! `nats server check server`.

use super::report::{Report, Status};
use super::run::{Check, run};
use crate::failure::Result;
use crate::format::{
    go_duration, go_time, human_duration, is_unset_time, parse_rfc3339, saturated, span_between,
};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;

const SUBJECT: &str = "$SYS.REQ.SERVER.PING.VARZ";
/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;
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
    let timeout = session.timeout();
    let requester = match session.requester() {
        Ok(requester) => requester,
        Err(failure) => {
            report.critical(format!("connection failed: {failure}"));
            return Ok(());
        }
    };
    let body = body.compact();
    let answer = match requester.request(SUBJECT, None, body.as_bytes(), timeout) {
        Ok(message) => Json::parse(&message.payload).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match answer {
        Err(why) => report.critical(format!("varz failed: {why}")),
        Ok(answer) if answer.has("error") => report.critical(format!(
            "varz failed: invalid response received: {} ({})",
            answer.text("error.description"),
            answer.int("error.err_code")
        )),
        Ok(answer) if !answer.has("data") => {
            report.critical(format!("varz failed: no data received for {name}"));
        }
        Ok(answer) => {
            let varz = answer.at("data");
            let found = varz.text("server_name");
            if found == name {
                judge(varz, &limits, report);
            } else {
                report.critical(format!("result from wrong server {found:?}"));
            }
        }
    }
    Ok(())
}

/// When a value is a warning, and when critical.
type Limit = (f64, f64);

#[derive(Clone, Debug)]
struct Limits {
    cpu: Limit,
    memory: Limit,
    connections: Limit,
    subscriptions: Limit,
    /// Seconds.
    uptime: Limit,
    /// Nanoseconds.
    certificates: (i64, i64),
    auth: bool,
    tls: bool,
    jetstream: bool,
}

impl Limits {
    fn of(matches: &Matches) -> Self {
        let numbers = |name: &str| {
            (
                matches.int(&format!("{name}-warn")) as f64,
                matches.int(&format!("{name}-critical")) as f64,
            )
        };
        let nanos = |name: &str| matches.nanos(name).unwrap_or(0);
        Self {
            cpu: numbers("cpu"),
            memory: numbers("mem"),
            connections: numbers("conn"),
            subscriptions: numbers("subs"),
            uptime: (
                nanos("uptime-warn") as f64 / 1e9,
                nanos("uptime-critical") as f64 / 1e9,
            ),
            certificates: (nanos("tls-cert-warn"), nanos("tls-cert-crit")),
            auth: matches.on("auth-required"),
            tls: matches.on("tls-required"),
            jetstream: matches.on("js-required"),
        }
    }
}

fn judge(varz: &Json, limits: &Limits, report: &mut Report) {
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
    // What cannot be judged leaves the values out.
    if !certificates(varz, limits.certificates, report) || !uptime(varz, limits.uptime, report) {
        return;
    }
    let values = [
        ("CPU", "cpu", limits.cpu, false),
        ("Memory", "mem", limits.memory, false),
        ("Connections", "connections", limits.connections, true),
        ("Subscriptions", "subscriptions", limits.subscriptions, true),
    ];
    let helps = [
        ("%", "NATS Server CPU usage in percentage"),
        ("", "NATS Server memory usage in bytes"),
        ("", "Active connections"),
        ("", "Active subscriptions"),
    ];
    report.metric_within(
        "uptime",
        up(varz) as f64 / 1e9,
        limits.uptime,
        "s",
        "NATS Server uptime in seconds",
    );
    for ((_, key, limits, _), (unit, help)) in values.into_iter().zip(helps) {
        report.metric_within(key, varz.float(key), limits, unit, help);
    }
    for (label, key, limits, may_invert) in values {
        value(label, varz.float(key), limits, may_invert, report);
    }
}

/// Nanoseconds that the server has been up.
fn up(varz: &Json) -> i64 {
    span_between(varz.text("start"), varz.text("now"))
}

fn uptime(varz: &Json, (warn, critical): Limit, report: &mut Report) -> bool {
    if warn <= 0.0 && critical <= 0.0 {
        return true;
    }
    if critical > warn {
        report.critical("Up invalid thresholds");
        return false;
    }
    let up = up(varz);
    let seconds = up as f64 / 1e9;
    let status = if seconds <= critical {
        Status::Critical
    } else if seconds <= warn {
        Status::Warning
    } else {
        Status::Ok
    };
    report.say(status, format!("Up {}", human_duration(up)));
    true
}

/// Judges a value: too much of it is bad, or too little if fewer are worse and
/// that may be so.
fn value(label: &str, value: f64, (warn, critical): Limit, may_invert: bool, report: &mut Report) {
    if warn == 0.0 && critical == 0.0 {
        return;
    }
    let inverted = critical < warn;
    if inverted && !may_invert {
        report.critical(format!("{label} invalid thresholds"));
        return;
    }
    let reached = |limit: f64| {
        if inverted {
            value <= limit
        } else {
            value >= limit
        }
    };
    let status = if reached(critical) {
        Status::Critical
    } else if reached(warn) {
        Status::Warning
    } else {
        Status::Ok
    };
    report.say(status, format!("{label} {value:.2}"));
}

fn certificates(varz: &Json, (warn, critical): (i64, i64), report: &mut Report) -> bool {
    if warn <= 0 && critical <= 0 {
        return true;
    }
    let known: Vec<(&str, &str)> = CERTIFICATES
        .into_iter()
        .map(|(path, whose)| (varz.text(path), whose))
        .filter(|(end, _)| !is_unset_time(end))
        .collect();
    if known.is_empty() {
        report
            .critical("TLS certificate expiry thresholds configured but no TLS certificates found");
        return false;
    }
    let now = parse_rfc3339(varz.text("now"));
    for (text, whose) in known {
        let (Some(end), Some(now)) = (parse_rfc3339(text), now) else {
            continue;
        };
        let left = saturated(end.as_nanosecond() - now.as_nanosecond()) / SECOND * SECOND;
        let at = go_time(text);
        if left <= 0 {
            report.critical(format!("{whose} TLS certificate expired (expired_at={at})"));
            continue;
        }
        let status = if critical > 0 && left <= critical {
            Status::Critical
        } else if warn > 0 && left <= warn {
            Status::Warning
        } else {
            Status::Ok
        };
        report.say(
            status,
            format!(
                "{whose} TLS certificate expires in {} (expires_at={at})",
                go_duration(left)
            ),
        );
    }
    true
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
        let limits = Limits {
            cpu: (1.0, 2.0),
            memory: (9.0, 5.0),
            connections: (10.0, 5.0),
            subscriptions: (10.0, 100.0),
            uptime: (300.0, 100.0),
            certificates: (100_000 * SECOND, 50_000 * SECOND),
            auth: true,
            tls: false,
            jetstream: false,
        };
        let mut report = Report::new("server", "n1");
        judge(&varz, &limits, &mut report);
        assert_eq!(
            report.critical,
            [
                "Authentication not required",
                "cluster TLS certificate expired (expired_at=2025-01-02 00:00:00 +0000 UTC)",
                "Memory invalid thresholds",
                "Connections 5.00"
            ]
        );
        assert_eq!(
            report.warning,
            [
                "server TLS certificate expires in 23h56m36s (expires_at=2026-01-02 00:00:00 +0000 UTC)",
                "Up 3m24s",
                "CPU 1.00",
                "Subscriptions 50.00"
            ]
        );
        let quiet = Limits {
            cpu: (0.0, 0.0),
            memory: (0.0, 0.0),
            connections: (0.0, 0.0),
            subscriptions: (0.0, 0.0),
            uptime: (0.0, 0.0),
            certificates: (0, 0),
            auth: false,
            ..limits.clone()
        };
        let mut report = Report::new("server", "n1");
        judge(&varz, &quiet, &mut report);
        let names: Vec<&str> = report.metrics.iter().map(|metric| metric.name).collect();
        assert_eq!(
            names,
            ["uptime", "cpu", "mem", "connections", "subscriptions"]
        );
        assert!(report.ok.is_empty() && report.critical.is_empty());
        // Thresholds that contradict each other leave the values out.
        let wrong = Limits {
            uptime: (1.0, 2.0),
            ..quiet
        };
        let mut report = Report::new("server", "n1");
        judge(&varz, &wrong, &mut report);
        assert_eq!(report.critical, ["Up invalid thresholds"]);
        assert!(report.metrics.is_empty());
    }
}
