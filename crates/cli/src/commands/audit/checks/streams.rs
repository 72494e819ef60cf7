//! Checks of streams and consumers.

use super::captured::{Replica, Stream};
use super::{Captured, Check, Outcome, Threshold, Unit};
use crate::commands::audit::examples::Examples;
use crate::commands::server::check::{Report, consumer_by_metadata, stream_by_metadata};
use crate::failure::Result;
use crate::output::Json;

pub(super) const CHECKS: &[Check] = &[
    Check {
        code: "JETSTREAM_001",
        suite: "jetstream",
        name: "Stream Lagging Replicas",
        about: "All replicas of a stream are keeping up",
        thresholds: &[Threshold {
            key: "last_seq",
            about: "How far a replica may be behind the highest known last sequence",
            unit: Unit::Percent,
            value: 10.0,
        }],
        run: replicas,
    },
    Check {
        code: "JETSTREAM_002",
        suite: "jetstream",
        name: "Stream High Cardinality",
        about: "Streams unique subjects do not exceed a given threshold",
        thresholds: &[Threshold {
            key: "subjects",
            about: "Alerting threshold for unique subjects in a stream",
            unit: Unit::Signed,
            value: 1_000_000.0,
        }],
        run: subjects,
    },
    Check {
        code: "JETSTREAM_003",
        suite: "jetstream",
        name: "Stream Limits",
        about: "Stream usage is below the configured limits",
        thresholds: &[
            Threshold {
                key: "bytes",
                about: "Alert if size near configured limit",
                unit: Unit::Percent,
                value: 90.0,
            },
            Threshold {
                key: "consumers",
                about: "Alert if consumer count near configured limit",
                unit: Unit::Percent,
                value: 90.0,
            },
            Threshold {
                key: "messages",
                about: "Alert if messages near configured limit",
                unit: Unit::Percent,
                value: 90.0,
            },
        ],
        run: limits,
    },
    Check {
        code: "JETSTREAM_004",
        suite: "jetstream",
        name: "Stream Metadata based monitoring",
        about: "Stream health using the 'nats server check stream' metadata",
        thresholds: &[],
        run: watched_streams,
    },
    Check {
        code: "JETSTREAM_005",
        suite: "jetstream",
        name: "Consumer Metadata based monitoring",
        about: "Consumer health using the 'nats server check consumer' metadata",
        thresholds: &[],
        run: watched_consumers,
    },
];

fn replicas(check: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    captured.each_stream(|stream| {
        let last = |replica: &Replica| replica.info.uint("state.last_seq");
        let Some(highest) = stream.replicas.iter().max_by_key(|replica| last(replica)) else {
            return Ok(());
        };
        let most = last(highest);
        let enough = most as f64 * (1.0 - check.threshold("last_seq") / 100.0);
        for replica in &stream.replicas {
            if (last(replica) as f64) < enough {
                examples.add(format!(
                    "{}/{} server {} lastSequence: {} is behind highest lastSequence: {most} on server: {}",
                    stream.account,
                    stream.name,
                    replica.server,
                    last(replica),
                    highest.server
                ));
            }
        }
        Ok(())
    })?;
    Ok(Outcome::Fail.unless_empty(examples))
}

fn subjects(check: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    captured.each_stream(|stream| {
        for replica in &stream.replicas {
            let count = replica.info.uint("state.num_subjects");
            if count as f64 > check.threshold("subjects") {
                examples.add(format!(
                    "{}/{}: {count} subjects",
                    stream.account, stream.name
                ));
            }
        }
        Ok(())
    })?;
    Ok(Outcome::Warn.unless_empty(examples))
}

fn limits(check: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    captured.each_stream(|stream| {
        for replica in &stream.replicas {
            for (what, used, limit) in [
                ("messages", "state.messages", "config.max_msgs"),
                ("bytes", "state.bytes", "config.max_bytes"),
                ("consumers", "state.consumer_count", "config.max_consumers"),
            ] {
                let (used, limit) = (replica.info.int(used), replica.info.int(limit));
                if limit <= 0 {
                    continue;
                }
                let percent = used as f64 * 100.0 / limit as f64;
                if used as f64 > (limit as f64 * check.threshold(what) / 100.0).floor() {
                    examples.add(format!(
                        "stream {} (in {} on {}) using {percent:.1}% of {what} limit ({used}/{limit})",
                        stream.name, stream.account, replica.server
                    ));
                }
            }
        }
        Ok(())
    })?;
    Ok(Outcome::Warn.unless_empty(examples))
}

/// Whether a server speaks for an asset: it leads it, or has it alone.
fn speaks_for(replica: &Replica, asset: &Json) -> bool {
    !asset.has("cluster.leader") || asset.text("cluster.leader") == replica.server
}

/// Adds what a check found; gives whether something was critical.
fn add(examples: &mut Examples, what: &str, stream: &Stream, report: &Report) -> bool {
    let at = format!("{what} in {}", stream.account);
    for text in &report.warning {
        examples.add(format!("WARNING: {at}: {text}"));
    }
    for text in &report.critical {
        examples.add(format!("CRITICAL: {at}: {text}"));
    }
    !report.critical.is_empty()
}

fn watched_streams(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    let mut critical = false;
    captured.each_stream(|stream| {
        for replica in &stream.replicas {
            if !speaks_for(replica, &replica.info) {
                continue;
            }
            if let Some(report) = stream_by_metadata(&replica.info)? {
                let what = format!("stream {}", stream.name);
                critical |= add(examples, &what, &stream, &report);
            }
        }
        Ok(())
    })?;
    Ok(if critical {
        Outcome::Fail
    } else {
        Outcome::Warn.unless_empty(examples)
    })
}

fn watched_consumers(_: &Check, captured: &Captured, examples: &mut Examples) -> Result<Outcome> {
    let mut critical = false;
    captured.each_stream(|stream| {
        for replica in &stream.replicas {
            for consumer in replica.info.list("consumer_detail") {
                if !speaks_for(replica, consumer) {
                    continue;
                }
                if let Some(report) = consumer_by_metadata(consumer)? {
                    let what = format!(
                        "consumer {} in stream {}",
                        consumer.text("name"),
                        stream.name
                    );
                    critical |= add(examples, &what, &stream, &report);
                }
            }
        }
        Ok(())
    })?;
    Ok(if critical {
        Outcome::Fail
    } else {
        Outcome::Warn.unless_empty(examples)
    })
}
