//! `nats server check jetstream`.

use super::report::Report;
use super::run::{Check, run};
use crate::failure::Result;
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
    percent: &'static str,
    unit: &'static str,
    help: &'static str,
    percent_help: &'static str,
    warn: i64,
    critical: i64,
    limit: i64,
    used: u64,
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
    let asked = session
        .jetstream()
        .and_then(|api| Ok((api.request("INFO", &Json::Null)?, api)));
    let (info, api) = match asked {
        Ok(asked) => asked,
        Err(failure) => {
            report.critical(format!("JetStream not available: {failure}"));
            return Ok(());
        }
    };
    let (limits, used) = totals(&info);
    let resources = [
        Resource {
            name: "memory",
            percent: "memory_pct",
            unit: "B",
            help: "Memory used",
            percent_help: "Percentage of memory used",
            warn: memory.0,
            critical: memory.1,
            limit: limits[0],
            used: used[0],
        },
        Resource {
            name: "storage",
            percent: "storage_pct",
            unit: "B",
            help: "Storage used",
            percent_help: "Percentage of storage used",
            warn: storage.0,
            critical: storage.1,
            limit: limits[1],
            used: used[1],
        },
        Resource {
            name: "streams",
            percent: "streams_pct",
            unit: "",
            help: "Streams in use",
            percent_help: "Percentage of streams in use",
            warn: streams.0,
            critical: streams.1,
            limit: limits[2],
            used: used[2],
        },
        Resource {
            name: "consumers",
            percent: "consumers_pct",
            unit: "",
            help: "Consumers in use",
            percent_help: "Percentage of consumers in use",
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
        let found = api.all("STREAM.LIST", "streams", &Json::Null)?;
        replicas(&found, lag, seen, report);
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
        resource.help,
    );
    report.metric_within(
        resource.percent,
        percent,
        (resource.warn.max(0) as f64, resource.critical.max(0) as f64),
        "%",
        resource.percent_help,
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
    if warn < 0 && critical < 0 {
        return;
    }
    let text = format!("{percent}% {}", resource.name);
    if critical >= 0 && percent > critical as f64 {
        report.critical(text);
    } else if warn >= 0 && percent > warn as f64 {
        report.warn(text);
    } else {
        report.ok(text);
    }
}

fn replicas(streams: &[Json], lag: u64, seen: i64, report: &mut Report) {
    let mut counts = [0_u32; 6];
    let [ok, no_leader, missing, lagged, not_seen, failed] = &mut counts;
    for stream in streams {
        let wanted = stream.int("config.num_replicas");
        if wanted <= 1 {
            continue;
        }
        let peers = stream.list("cluster.replicas");
        let mut well = true;
        let mut note = |count: &mut u32, bad: bool| {
            if bad {
                *count += 1;
                well = false;
            }
        };
        note(no_leader, stream.text("cluster.leader").is_empty());
        note(missing, (peers.len() as i64) < wanted - 1);
        note(lagged, peers.iter().any(|peer| peer.uint("lag") > lag));
        note(
            not_seen,
            peers
                .iter()
                .any(|peer| peer.on("offline") || (seen > 0 && peer.int("active") > seen)),
        );
        *(if well { &mut *ok } else { &mut *failed }) += 1;
    }
    let [ok, no_leader, missing, lagged, not_seen, failed] = counts.map(f64::from);
    let over = (0.0, lag as f64);
    report.metric("replicas_ok", ok, "", "Streams with healthy cluster state");
    report.metric(
        "replicas_no_leader",
        no_leader,
        "",
        "Streams with no leader elected",
    );
    report.metric(
        "replicas_missing_replicas",
        missing,
        "",
        "Streams where there are fewer known replicas than configured",
    );
    report.metric_within(
        "replicas_lagged",
        lagged,
        over,
        "",
        "Streams with replicas that are behind more than the configured threshold",
    );
    report.metric_within(
        "replicas_not_seen",
        not_seen,
        (0.0, seen.max(0) as f64 / 1e9),
        "s",
        "Streams with replicas that were not seen for longer than the configured threshold",
    );
    report.metric(
        "replicas_fail",
        failed,
        "",
        "Streams with unhealthy cluster state",
    );
    if failed > 0.0 {
        report.critical(format!("{failed} unhealthy streams"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(used: u64, limit: i64, warn: i64, critical: i64) -> Report {
        let mut report = Report::new("jetstream", "JetStream");
        judge(
            &Resource {
                name: "memory",
                percent: "memory_pct",
                unit: "B",
                help: "",
                percent_help: "",
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
        assert_eq!(resource(75, 100, 75, 90).ok, ["75% memory"]);
        assert_eq!(resource(75, -1, 75, 90).ok, ["0% memory"]);
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
                 {"config":{"num_replicas":3},"cluster":{"replicas":[{"lag":300}]}},{"config":{"num_replicas":1}}]"#,
        )
        .unwrap();
        let mut report = Report::new("jetstream", "JetStream");
        replicas(streams.list(""), 200, 1, &mut report);
        let values: Vec<f64> = report.metrics.iter().map(|metric| metric.value).collect();
        assert_eq!(values, [1.0, 1.0, 1.0, 1.0, 0.0, 1.0]);
        assert_eq!(report.critical, ["1 unhealthy streams"]);
    }
}
