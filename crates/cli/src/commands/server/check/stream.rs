//! `nats server check stream`.

use super::report::Report;
use super::run::{Check, run};
use super::threshold::Threshold;
use crate::failure::Result;
use crate::format::{human_duration, parse_duration};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;

/// As it is run.
pub const CHECK: Check = Check {
    report: |session| Report::new("stream", session.matches.text("stream").unwrap_or_default()),
    look: check,
};

/// Checks a stream.
pub fn stream(session: &mut Session) -> Result<()> {
    run(session, &CHECK)
}

/// When a stream is not well. What is 0 is not looked at.
#[derive(Clone, Debug, Default, PartialEq)]
struct Limits {
    lag: u64,
    seen: i64,
    min_sources: i64,
    max_sources: i64,
    peers: i64,
    peer_lag: u64,
    peer_seen: i64,
    messages: (u64, u64),
    subjects: (i64, i64),
}

impl Limits {
    fn of(matches: &Matches) -> Self {
        Self {
            lag: matches.uint("lag-critical"),
            seen: matches.nanos("seen-critical").unwrap_or(0),
            min_sources: matches.int("min-sources"),
            max_sources: matches.int("max-sources"),
            peers: matches.int("peer-expect"),
            peer_lag: matches.uint("peer-lag-critical"),
            peer_seen: matches.nanos("peer-seen-critical").unwrap_or(0),
            messages: (matches.uint("msgs-warn"), matches.uint("msgs-critical")),
            subjects: (
                matches.int("subjects-warn"),
                matches.int("subjects-critical"),
            ),
        }
    }

    /// What the stream's own metadata says wins.
    fn take_metadata(&mut self, metadata: &Json) -> Result<()> {
        for (key, value) in metadata.entries("") {
            let Some(name) = key.strip_prefix("io.nats.monitor.") else {
                continue;
            };
            let text = value.as_text().unwrap_or_default();
            let wrong = |_| crate::fail!("invalid metadata {key}: {text:?}");
            let int = || text.parse::<i64>().map_err(wrong);
            let uint = || text.parse::<u64>().map_err(wrong);
            let nanos = || parse_duration(text).map_err(|failure| failure.context(key));
            match name {
                "lag-critical" => self.lag = uint()?,
                "seen-critical" => self.seen = nanos()?,
                "min-sources" => self.min_sources = int()?,
                "max-sources" => self.max_sources = int()?,
                "peer-expect" => self.peers = int()?,
                "peer-lag-critical" => self.peer_lag = uint()?,
                "peer-seen-critical" => self.peer_seen = nanos()?,
                "msgs-warn" => self.messages.0 = uint()?,
                "msgs-critical" => self.messages.1 = uint()?,
                "subjects-warn" => self.subjects.0 = int()?,
                "subjects-critical" => self.subjects.1 = int()?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn check(session: &mut Session, report: &mut Report) -> Result<()> {
    let name = session
        .matches
        .text("stream")
        .unwrap_or_default()
        .to_owned();
    let mut limits = Limits::of(&session.matches);
    let api = match session.jetstream() {
        Ok(api) => api,
        Err(failure) => {
            report.critical(format!("connection failed: {failure}"));
            return Ok(());
        }
    };
    let info = match api.stream_info(&name) {
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
    cluster(info, limits, report);
    messages(info, limits, report);
    subjects(info, limits, report);
    sources(info, limits, report);
    mirror(info, limits, report);
}

fn cluster(info: &Json, limits: &Limits, report: &mut Report) {
    if info.int("config.num_replicas") <= 1 {
        if limits.peers > 1 {
            report.critical("Stream is not clustered");
        }
        return;
    }
    let replicas = info.list("cluster.replicas");
    let has_leader = !info.text("cluster.leader").is_empty();
    if !has_leader {
        report.critical("No leader");
    }
    let peers = replicas.len() as i64 + i64::from(has_leader);
    if peers == limits.peers {
        report.ok(format!("{peers} peers"));
    } else {
        report.critical(format!("Expected {} replicas got {peers}", limits.peers));
    }
    let count = |is: &dyn Fn(&Json) -> bool| replicas.iter().filter(|&peer| is(peer)).count();
    let offline = count(&|peer| peer.on("offline"));
    let lagged = count(&|peer| limits.peer_lag > 0 && peer.uint("lag") > limits.peer_lag);
    let inactive = count(&|peer| limits.peer_seen > 0 && peer.int("active") > limits.peer_seen);
    if offline > 0 {
        report.critical(format!("{offline} replicas offline"));
    }
    if lagged > 0 {
        report.critical(format!("{lagged} replicas lagged"));
    } else {
        report.ok("replicas are current");
    }
    if inactive > 0 {
        report.critical(format!("{inactive} replicas inactive"));
    } else {
        report.ok("replicas are active");
    }
}

fn messages(info: &Json, limits: &Limits, report: &mut Report) {
    let count = info.uint("state.messages");
    let threshold = Threshold::new(limits.messages.0 as f64, limits.messages.1 as f64);
    if threshold.is_set() {
        report.metric_within(
            "messages",
            count as f64,
            threshold.pair(),
            "",
            "Messages stored in the stream",
        );
        report.say(threshold.at_most(count as f64), format!("{count} messages"));
    }
}

fn subjects(info: &Json, limits: &Limits, report: &mut Report) {
    let count = info.int("state.num_subjects");
    let (warn, critical) = limits.subjects;
    let threshold = Threshold::new(warn as f64, critical as f64);
    if !threshold.is_set() {
        return;
    }
    report.metric_within(
        "subjects",
        count as f64,
        threshold.pair(),
        "",
        "Number of subjects stored in the stream",
    );
    let status = if critical > 0 && critical <= warn {
        threshold.at_most(count as f64)
    } else {
        threshold.at_least(count as f64)
    };
    report.say(status, format!("{count} subjects"));
}

fn sources(info: &Json, limits: &Limits, report: &mut Report) {
    let sources = info.list("sources");
    let count = sources.len() as i64;
    report.metric_within(
        "sources",
        count as f64,
        (
            limits.min_sources.max(0) as f64,
            limits.max_sources.max(0) as f64,
        ),
        "",
        "Number of sources being consumed by this stream",
    );
    let text = format!("{count} sources");
    if (limits.min_sources > 0 && count < limits.min_sources)
        || (limits.max_sources > 0 && count > limits.max_sources)
    {
        report.critical(text);
    } else if limits.min_sources > 0 || limits.max_sources > 0 || count > 0 {
        report.ok(text);
    }
    if sources.is_empty() {
        return;
    }
    if limits.lag > 0 {
        let lagged = sources
            .iter()
            .filter(|source| source.uint("lag") > limits.lag)
            .count();
        report.metric(
            "sources_lagged",
            lagged as f64,
            "",
            "Number of sources that are behind more than the configured threshold",
        );
        if lagged > 0 {
            report.critical(format!("{lagged} sources are lagged"));
        } else {
            report.ok(format!("{count} sources current"));
        }
    }
    if limits.seen > 0 {
        let inactive = sources
            .iter()
            .filter(|source| is_inactive(source, limits.seen))
            .count();
        report.metric(
            "sources_inactive",
            inactive as f64,
            "",
            "Number of sources that are inactive",
        );
        if inactive > 0 {
            report.critical(format!("{inactive} sources are inactive"));
        } else {
            report.ok(format!("{count} sources active"));
        }
    }
}

/// Not seen for longer than allowed, or never (-1).
fn is_inactive(source: &Json, most: i64) -> bool {
    let active = source.int("active");
    active < 0 || active > most
}

fn mirror(info: &Json, limits: &Limits, report: &mut Report) {
    if !info.has("config.mirror") {
        // The thresholds are those of sources, too.
        if (limits.lag > 0 || limits.seen > 0) && info.list("config.sources").is_empty() {
            report.critical("not mirrored");
        }
        return;
    }
    let mirror = info.at("mirror");
    let (lag, active) = (mirror.uint("lag"), mirror.int("active"));
    report.metric_within(
        "lag",
        lag as f64,
        (0.0, limits.lag as f64),
        "",
        "Number of operations this mirror is behind its origin",
    );
    report.metric_within(
        "active",
        active.max(0) as f64 / 1e9,
        (0.0, limits.seen.max(0) as f64 / 1e9),
        "s",
        "Indicates if this peer is active and catching up if lagged",
    );
    let mut well = true;
    if limits.lag > 0 && lag > limits.lag {
        report.critical(format!("Mirror Lag {lag}"));
        well = false;
    }
    if limits.seen > 0 && is_inactive(mirror, limits.seen) {
        report.critical(if active < 0 {
            "Mirror Seen never".to_owned()
        } else {
            format!("Mirror Seen {}", human_duration(active))
        });
        well = false;
    }
    if well {
        report.ok(format!("Mirror {}", info.text("config.mirror.name")));
    }
}

/// Whether metadata says that an asset is to be watched.
pub fn is_watched(metadata: &Json) -> bool {
    matches!(
        metadata.key("io.nats.monitor.enabled").as_text(),
        Some("true" | "1" | "t" | "T" | "TRUE" | "True")
    )
}

/// Checks a stream against what its own metadata says; nothing if that does
/// not ask for it.
pub fn by_metadata(info: &Json) -> Result<Option<Report>> {
    let metadata = info.at("config.metadata");
    if !is_watched(metadata) {
        return Ok(None);
    }
    let mut limits = Limits::default();
    limits.take_metadata(metadata)?;
    let mut report = Report::new("stream", info.text("config.name"));
    judge(info, &limits, &mut report);
    Ok(Some(report))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(info: &str, limits: &Limits) -> Report {
        let mut report = Report::new("stream", "S");
        judge(&Json::parse(info.as_bytes()).unwrap(), limits, &mut report);
        report
    }

    #[test]
    fn replicas_are_counted() {
        let info = r#"{"config":{"num_replicas":3},"cluster":{"leader":"a","replicas":[{"active":5,"lag":9},{"offline":true,"active":50}]}}"#;
        let report = judged(info, &Limits::default());
        assert_eq!(
            report.critical,
            ["Expected 0 replicas got 3", "1 replicas offline"]
        );
        let limits = Limits {
            peers: 3,
            peer_lag: 8,
            peer_seen: 10,
            ..Limits::default()
        };
        let report = judged(info, &limits);
        assert_eq!(
            report.critical,
            [
                "1 replicas offline",
                "1 replicas lagged",
                "1 replicas inactive"
            ]
        );
        assert_eq!(report.ok, ["3 peers"]);
    }

    #[test]
    fn sources_and_mirrors_lag() {
        let limits = Limits {
            lag: 10,
            seen: 1_000_000_000,
            min_sources: 2,
            ..Limits::default()
        };
        let report = judged(
            r#"{"config":{"sources":[{}]},"sources":[{"lag":11,"active":-1}]}"#,
            &limits,
        );
        assert_eq!(
            report.critical,
            [
                "1 sources",
                "1 sources are lagged",
                "1 sources are inactive"
            ]
        );
        let report = judged(
            r#"{"config":{"mirror":{"name":"O"}},"mirror":{"lag":11,"active":2000000000}}"#,
            &Limits {
                min_sources: 0,
                ..limits.clone()
            },
        );
        assert_eq!(report.critical, ["Mirror Lag 11", "Mirror Seen 2.00s"]);
        let report = judged("{}", &limits);
        assert_eq!(report.critical, ["0 sources", "not mirrored"]);
    }

    #[test]
    fn few_messages_alarm_and_many_subjects() {
        let info = r#"{"state":{"messages":5,"num_subjects":7}}"#;
        let limits = Limits {
            messages: (10, 5),
            subjects: (7, 9),
            ..Limits::default()
        };
        let report = judged(info, &limits);
        assert_eq!(report.critical, ["5 messages"]);
        assert_eq!(report.warning, ["7 subjects"]);
        let few = Limits {
            subjects: (9, 7),
            ..Limits::default()
        };
        assert_eq!(judged(info, &few).critical, ["7 subjects"]);
    }
}
