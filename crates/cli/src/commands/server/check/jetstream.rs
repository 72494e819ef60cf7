//! `nats server check jetstream`.

use super::report::Report;
use super::run::{Check, run};
use crate::failure::Result;
use crate::format::go_duration;
use crate::jetstream::ApiError;
use crate::output::Json;
use crate::session::Session;

/// As it is run.
pub const CHECK: Check = Check {
    report: |_| Report::new("jetstream", "JetStream"),
    look: check,
};

/// Checks what the account uses of JetStream.
pub fn jetstream(session: &mut Session) -> Result<()> {
    run(session, &CHECK)
}

/// A resource: its name, metric, unit, thresholds in percent, limit, use.
struct Resource {
    name: &'static str,
    unit: &'static str,
    warn: i64,
    critical: i64,
    limit: i64,
    used: u64,
}

impl Resource {
    /// The metric of its share.
    fn percent(&self) -> &'static str {
        match self.name {
            "memory" => "memory_pct",
            "storage" => "storage_pct",
            "streams" => "streams_pct",
            _ => "consumers_pct",
        }
    }
}

fn check(session: &mut Session, report: &mut Report) -> Result<()> {
    let matches = &session.matches;
    let threshold = |name: &str| {
        (
            matches.int(&format!("{name}-warn")),
            matches.int(&format!("{name}-critical")),
        )
    };
    let [memory, storage, streams, consumers] =
        ["mem", "store", "streams", "consumers"].map(threshold);
    let look_at_replicas = matches.on("replicas");
    let lag = matches.uint("replica-lag-critical");
    let seen = matches.nanos("replica-seen-critical").unwrap_or(0);
    let api = match session.management() {
        Ok(api) => api,
        Err(failure) => {
            report.critical(format!("connection failed: {failure}"));
            return Ok(());
        }
    };
    let info = match api.request("INFO", &Json::Null) {
        Ok(info) => info,
        Err(error) => {
            let why = match error {
                ApiError::NotAvailable(_) => "nats: jetstream not enabled".to_owned(),
                other => other.to_string(),
            };
            report.critical(format!("JetStream not available: {why}"));
            report.critical("JetStream not available: invalid account status");
            return Ok(());
        }
    };
    let (limits, used) = totals(&info);
    let resources = [
        Resource {
            name: "memory",
            unit: "B",
            warn: memory.0,
            critical: memory.1,
            limit: limits[0],
            used: used[0],
        },
        Resource {
            name: "storage",
            unit: "B",
            warn: storage.0,
            critical: storage.1,
            limit: limits[1],
            used: used[1],
        },
        Resource {
            name: "streams",
            unit: "",
            warn: streams.0,
            critical: streams.1,
            limit: limits[2],
            used: used[2],
        },
        Resource {
            name: "consumers",
            unit: "",
            warn: consumers.0,
            critical: consumers.1,
            limit: limits[3],
            used: used[3],
        },
    ];
    for resource in &resources {
        judge(resource, report);
    }
    if look_at_replicas {
        match api.all("STREAM.LIST", "streams", &Json::Null) {
            Ok(found) => replicas(&found, lag, seen, report),
            Err(error) => report.critical(format!("JetStream not available: {error}")),
        }
    }
    Ok(())
}

/// Limits (or -1) and use of memory, storage, streams and consumers.
type Totals = ([i64; 4], [u64; 4]);

/// What the account may use and uses: itself, or the sum over its tiers.
fn totals(info: &Json) -> Totals {
    let read = |entry: &Json| -> Totals {
        (
            ["max_memory", "max_storage", "max_streams", "max_consumers"]
                .map(|key| entry.int(&format!("limits.{key}"))),
            ["memory", "storage", "streams", "consumers"].map(|key| entry.uint(key)),
        )
    };
    let tiers = info.entries("tiers");
    if tiers.is_empty() {
        return read(info);
    }
    let mut sum: Totals = Totals::default();
    for (_, tier) in tiers {
        let (limits, used) = read(tier);
        for (sum, limit) in sum.0.iter_mut().zip(limits) {
            // Without a limit in one tier there is none.
            *sum = if *sum < 0 || limit < 0 {
                -1
            } else {
                sum.saturating_add(limit)
            };
        }
        for (sum, used) in sum.1.iter_mut().zip(used) {
            *sum = sum.saturating_add(used);
        }
    }
    sum
}

fn judge(resource: &Resource, report: &mut Report) {
    let percent = if resource.limit > 0 {
        (resource.used as f64 / resource.limit as f64 * 100.0).floor()
    } else {
        0.0
    };
    report.metric(
        resource.name,
        resource.used as f64,
        resource.unit,
        format!("JetStream {} resource usage", resource.name),
    );
    report.metric_within(
        resource.percent(),
        percent,
        (resource.warn.max(0) as f64, resource.critical.max(0) as f64),
        "%",
        format!("JetStream {} resource usage in percent", resource.name),
    );
    let (warn, critical) = (resource.warn, resource.critical);
    if warn != -1 && critical != -1 && warn >= critical {
        report.critical(format!("{}: invalid thresholds", resource.name));
        return;
    }
    if percent > 100.0 {
        report.critical(format!("{}: exceed server limits", resource.name));
        return;
    }
    if warn < 0 || critical < 0 {
        return;
    }
    let text = format!("{percent}% {}", resource.name);
    if percent > critical as f64 {
        report.critical(text);
    } else if percent > warn as f64 {
        report.warn(text);
    }
}

fn replicas(streams: &[Json], lag: u64, seen: i64, report: &mut Report) {
    let [
        mut ok,
        mut no_leader,
        mut missing,
        mut lagged,
        mut not_seen,
        mut failed,
    ] = [0_u32; 6];
    for stream in streams {
        let wanted = stream.int("config.num_replicas");
        let peers = stream.list("cluster.replicas");
        if wanted == 1 {
            ok += 1;
        } else if !stream.has("cluster") {
            failed += 1;
        } else if stream.text("cluster.leader").is_empty() {
            no_leader += 1;
        } else if peers.len() as i64 != wanted.saturating_sub(1) {
            missing += 1;
        } else {
            let before = failed + not_seen + lagged;
            for peer in peers {
                if peer.on("offline") {
                    failed += 1;
                } else if seen > 0 && peer.int("active") > seen {
                    not_seen += 1;
                } else if lag > 0 && peer.uint("lag") > lag {
                    lagged += 1;
                }
            }
            ok += u32::from(failed + not_seen + lagged == before);
        }
    }
    let count = f64::from;
    report.metric(
        "replicas_ok",
        count(ok),
        "",
        "Streams with healthy cluster state",
    );
    report.metric(
        "replicas_no_leader",
        count(no_leader),
        "",
        "Streams with no leader elected",
    );
    report.metric(
        "replicas_missing_replicas",
        count(missing),
        "",
        "Streams where there are fewer known replicas than configured",
    );
    report.metric_within(
        "replicas_lagged",
        count(lagged),
        (0.0, lag as f64),
        "",
        format!("Streams with > {lag} lagged replicas"),
    );
    report.metric_within(
        "replicas_not_seen",
        count(not_seen),
        (0.0, seen as f64 / 1e9),
        "s",
        format!("Streams with replicas seen > {} ago", go_duration(seen)),
    );
    report.metric(
        "replicas_fail",
        count(failed),
        "",
        "Streams unhealthy cluster state",
    );
    let unhealthy = failed + missing + no_leader + not_seen + lagged;
    if unhealthy > 0 {
        report.critical(format!("{unhealthy} unhealthy streams"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::Status;
    use super::*;

    fn resource(used: u64, limit: i64, warn: i64, critical: i64) -> Report {
        let mut report = Report::new("jetstream", "JetStream");
        judge(
            &Resource {
                name: "memory",
                unit: "B",
                warn,
                critical,
                limit,
                used,
            },
            &mut report,
        );
        report
    }

    #[test]
    fn use_is_judged_in_percent() {
        assert_eq!(resource(91, 100, 75, 90).critical, ["91% memory"]);
        assert_eq!(resource(90, 100, 75, 90).warning, ["90% memory"]);
        assert_eq!(resource(75, 100, 75, 90).status(), Status::Ok);
        assert!(resource(75, -1, 75, 90).ok.is_empty());
        assert_eq!(resource(99, 100, -1, 90).status(), Status::Ok);
        assert_eq!(
            resource(120, 100, 75, 90).critical,
            ["memory: exceed server limits"]
        );
        assert_eq!(
            resource(1, 100, 90, 75).critical,
            ["memory: invalid thresholds"]
        );
        assert!(resource(1, 100, -1, -1).ok.is_empty());
    }

    #[test]
    fn tiers_are_added() {
        let info = Json::parse(
            br#"{"tiers":{"R1":{"memory":1,"limits":{"max_memory":10,"max_storage":-1}},"R3":{"memory":2,"limits":{"max_memory":20,"max_storage":5}}}}"#,
        )
        .unwrap();
        let (limits, used) = totals(&info);
        assert_eq!((limits[0], limits[1], used[0]), (30, -1, 3));
    }

    #[test]
    fn streams_without_health_are_counted() {
        let streams = Json::parse(
            br#"[{"config":{"num_replicas":3},"cluster":{"leader":"a","replicas":[{},{}]}},
                 {"config":{"num_replicas":3},"cluster":{"replicas":[{"lag":300}]}},
                 {"config":{"num_replicas":3},"cluster":{"leader":"a","replicas":[{}]}},
                 {"config":{"num_replicas":3},"cluster":{"leader":"a","replicas":[{"lag":300},{"active":2}]}},
                 {"config":{"num_replicas":3},"cluster":{"leader":"a","replicas":[{"offline":true},{}]}},
                 {"config":{"num_replicas":1}}]"#,
        )
        .unwrap();
        let mut report = Report::new("jetstream", "JetStream");
        replicas(streams.list(""), 200, 1, &mut report);
        let values: Vec<f64> = report.metrics.iter().map(|metric| metric.value).collect();
        assert_eq!(values, [2.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(report.critical, ["5 unhealthy streams"]);
    }
}
