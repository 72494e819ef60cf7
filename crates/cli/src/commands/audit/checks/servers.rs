//! Checks of servers.

use std::collections::BTreeMap;

use super::{Captured, Check, Outcome, Threshold, Unit};
use crate::commands::audit::examples::Examples;
use crate::failure::Result;
use crate::format::{human_duration, human_size, is_unset_time, parse_rfc3339};

/// Seconds in a day.
const DAY: f64 = 86_400.0;

pub(super) const CHECKS: &[Check] = &[
    Check {
        code: "SERVER_001",
        suite: "server",
        name: "Server Health",
        about: "All servers are healthy",
        thresholds: &[],
        run: health,
    },
    Check {
        code: "SERVER_002",
        suite: "server",
        name: "Server Version",
        about: "All servers have the same version",
        thresholds: &[],
        run: versions,
    },
    Check {
        code: "SERVER_003",
        suite: "server",
        name: "Server CPU Usage",
        about: "No server uses nearly all of its processors",
        thresholds: &[Threshold {
            key: "cpu",
            about: "Mean use of a processor",
            unit: Unit::Percent,
            value: 90.0,
        }],
        run: processors,
    },
    Check {
        code: "SERVER_004",
        suite: "server",
        name: "Server Slow Consumers",
        about: "No server had slow consumers",
        thresholds: &[],
        run: slow_consumers,
    },
    Check {
        code: "SERVER_005",
        suite: "server",
        name: "Server Resources Limits",
        about: "No server is near the limits of its JetStream storage",
        thresholds: &[
            Threshold {
                key: "memory",
                about: "Share of the memory storage in use",
                unit: Unit::Percent,
                value: 90.0,
            },
            Threshold {
                key: "store",
                about: "Share of the file storage in use",
                unit: Unit::Percent,
                value: 90.0,
            },
        ],
        run: storage,
    },
    Check {
        code: "SERVER_006",
        suite: "server",
        name: "Whitespace in JetStream domains",
        about: "No JetStream domain has white space in it",
        thresholds: &[],
        run: domains,
    },
    Check {
        code: "SERVER_007",
        suite: "server",
        name: "Authentication required",
        about: "All servers require clients to log in",
        thresholds: &[],
        run: authentication,
    },
    Check {
        code: "SERVER_008",
        suite: "server",
        name: "TLS Certificate Expiry",
        about: "No certificate of a server ends soon",
        thresholds: &[
            Threshold {
                key: "tls_expire_critical",
                about: "Days before the end at which it is wrong",
                unit: Unit::Count,
                value: 7.0,
            },
            Threshold {
                key: "tls_expire_warning",
                about: "Days before the end at which it should be looked at",
                unit: Unit::Count,
                value: 30.0,
            },
        ],
        run: certificates,
    },
];

fn health(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    for entry in captured.servers("HEALTHZ")? {
        let status = entry.data.text("status");
        if !matches!(status, "ok" | "") {
            examples.add(format!(
                "{}: {} - {status}",
                entry.server,
                entry.data.int("status_code")
            ));
        }
    }
    Ok(Outcome::Warn.unless_empty(examples))
}

fn versions(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in captured.servers("VARZ")? {
        let version = entry.data.text("version").to_owned();
        versions.entry(version).or_default().push(entry.server);
    }
    if versions.len() > 1 {
        for (version, servers) in versions {
            examples.add(format!("{version}: {}", servers.join(", ")));
        }
    }
    Ok(Outcome::Fail.unless_empty(examples))
}

fn processors(check: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    for entry in captured.servers("VARZ")? {
        let cores = entry.data.int("cores").max(1) as f64;
        let mean = entry.data.float("cpu") / cores;
        if mean > check.threshold("cpu") {
            examples.add(format!("{}/{}: {mean:.1}%", entry.cluster, entry.server));
        }
    }
    Ok(Outcome::Fail.unless_empty(examples))
}

fn slow_consumers(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    for entry in captured.servers("VARZ")? {
        let count = entry.data.int("slow_consumers");
        if count > 0 {
            examples.add(format!(
                "{}/{}: {count} slow consumers",
                entry.cluster, entry.server
            ));
        }
    }
    Ok(Outcome::Warn.unless_empty(examples))
}

fn storage(check: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    for entry in captured.servers("JSZ")? {
        for (what, used, limit) in [
            ("memory", "memory", "config.max_memory"),
            ("store", "storage", "config.max_storage"),
        ] {
            let (used, limit) = (entry.data.uint(used), entry.data.uint(limit));
            if limit > 0 && used as f64 > limit as f64 * check.threshold(what) / 100.0 {
                examples.add(format!(
                    "{}: {what} {} of {}",
                    entry.server,
                    human_size(used),
                    human_size(limit)
                ));
            }
        }
    }
    Ok(Outcome::Warn.unless_empty(examples))
}

fn domains(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    for entry in captured.servers("JSZ")? {
        let domain = entry.data.text("config.domain");
        if domain.contains(char::is_whitespace) {
            examples.add(format!(
                "{}/{}: domain {domain:?}",
                entry.cluster, entry.server
            ));
        }
    }
    Ok(Outcome::Warn.unless_empty(examples))
}

fn authentication(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    for entry in captured.servers("VARZ")? {
        if !entry.data.on("auth_required") {
            examples.add(format!("{}: clients need no login", entry.server));
        }
    }
    Ok(Outcome::Warn.unless_empty(examples))
}

fn certificates(check: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    let (mut seen, mut is_wrong) = (false, false);
    for entry in captured.servers("VARZ")? {
        let Some(now) = parse_rfc3339(entry.data.text("now")) else {
            continue;
        };
        for part in ["", "cluster", "gateway", "leaf", "mqtt", "websocket"] {
            let (path, what) = match part {
                "" => ("tls_cert_not_after".to_owned(), "client"),
                part => (format!("{part}.tls_cert_not_after"), part),
            };
            let text = entry.data.text(&path);
            let Some(end) = parse_rfc3339(text).filter(|_| !is_unset_time(text)) else {
                continue;
            };
            seen = true;
            let left = end.as_nanosecond() - now.as_nanosecond();
            let days = left as f64 / 1e9 / DAY;
            let at = format!("{}/{} {what}", entry.cluster, entry.server);
            if left <= 0 {
                examples.add(format!("{at}: the certificate ended at {text}"));
            } else if days <= check.threshold("tls_expire_warning") {
                let left = i64::try_from(left).unwrap_or(i64::MAX);
                examples.add(format!(
                    "{at}: the certificate ends in {} at {text}",
                    human_duration(left)
                ));
            }
            is_wrong |= days <= check.threshold("tls_expire_critical");
        }
    }
    Ok(if !seen {
        Outcome::Skip
    } else if is_wrong {
        Outcome::Fail
    } else {
        Outcome::Warn.unless_empty(examples)
    })
}
