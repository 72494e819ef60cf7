//! Checks of servers.

use super::{Captured, Check, Outcome, Threshold, Unit};
use crate::commands::audit::examples::Examples;
use crate::failure::Result;
use crate::format::{go_duration, go_time, human_size, is_unset_time, parse_rfc3339};

/// Seconds in a day.
const DAY: f64 = 86_400.0;
/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

pub(super) const CHECKS: &[Check] = &[
    Check {
        code: "SERVER_001",
        suite: "server",
        name: "Server Health",
        about: "All known nodes are healthy",
        thresholds: &[],
        run: health,
    },
    Check {
        code: "SERVER_002",
        suite: "server",
        name: "Server Version",
        about: "All known nodes are running the same software version",
        thresholds: &[],
        run: versions,
    },
    Check {
        code: "SERVER_003",
        suite: "server",
        name: "Server CPU Usage",
        about: "CPU usage for all known nodes is below a given threshold",
        thresholds: &[Threshold {
            key: "cpu",
            about: "CPU Limit Threshold",
            unit: Unit::Percent,
            value: 90.0,
        }],
        run: processors,
    },
    Check {
        code: "SERVER_004",
        suite: "server",
        name: "Server Slow Consumers",
        about: "No node is reporting slow consumers",
        thresholds: &[],
        run: slow_consumers,
    },
    Check {
        code: "SERVER_005",
        suite: "server",
        name: "Server Resources Limits",
        about: "Resources are below a given threshold compared to the configured limit",
        thresholds: &[
            Threshold {
                key: "memory",
                about: "Threshold for memory usage",
                unit: Unit::Percent,
                value: 90.0,
            },
            Threshold {
                key: "store",
                about: "Threshold for store usage",
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
        about: "No JetStream server is configured with whitespace in its domain",
        thresholds: &[],
        run: domains,
    },
    Check {
        code: "SERVER_007",
        suite: "server",
        name: "Authentication required",
        about: "Each server requires authentication",
        thresholds: &[],
        run: authentication,
    },
    Check {
        code: "SERVER_008",
        suite: "server",
        name: "TLS Certificate Expiry",
        about: "TLS certificates are valid and not expiring soon",
        thresholds: &[
            Threshold {
                key: "tls_expire_critical",
                about: "Certificate expiry critical threshold in days",
                unit: Unit::Count,
                value: 7.0,
            },
            Threshold {
                key: "tls_expire_warning",
                about: "Certificate expiry warning threshold in days",
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
    // The first server of each version.
    let mut versions: Vec<(String, String)> = Vec::new();
    for entry in captured.servers("VARZ")? {
        let version = entry.data.text("version");
        if !versions.iter().any(|(_, known)| known == version) {
            versions.push((entry.server, version.to_owned()));
        }
    }
    if versions.is_empty() {
        return Ok(Outcome::Skip);
    }
    if versions.len() > 1 {
        for (server, version) in versions {
            examples.add(format!("{server} - {version}"));
        }
    }
    Ok(Outcome::Fail.unless_empty(examples))
}

fn processors(check: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    for entry in captured.servers("VARZ")? {
        let cores = entry.data.int("cores").max(1) as f64;
        let mean = entry.data.float("cpu") / cores;
        if mean > check.threshold("cpu") {
            examples.add(format!("{} - {}: {mean:.1}%", entry.cluster, entry.server));
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
                    "{} {what} usage: {} of {}",
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
                "Cluster {} Server {} Domain {domain}",
                entry.cluster, entry.server
            ));
        }
    }
    Ok(Outcome::Warn.unless_empty(examples))
}

fn authentication(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    for entry in captured.servers("VARZ")? {
        if !entry.data.on("auth_required") {
            examples.add(format!("{}: authentication not required", entry.server));
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
                "" => ("tls_cert_not_after".to_owned(), "server"),
                "leaf" => ("leaf.tls_cert_not_after".to_owned(), "leafnode"),
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
                examples.add(format!(
                    "{at} TLS certificate expired (expired_at={})",
                    go_time(text)
                ));
            } else if days <= check.threshold("tls_expire_warning") {
                let left = i64::try_from(left).unwrap_or(i64::MAX);
                examples.add(format!(
                    "{at} TLS certificate expires in {} (expires_at={})",
                    go_duration(left - left % SECOND),
                    go_time(text)
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
