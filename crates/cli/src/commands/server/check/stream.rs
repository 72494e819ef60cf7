//! `nats server check stream`.

use super::report::{Report, Status};
use super::run::{Check, run};
use super::threshold::Threshold;
use crate::fail;
use crate::failure::Result;
use crate::format::{go_duration, parse_duration, parse_uint};
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
            match name {
                "lag-critical" => self.lag = parse_uint(text)?,
                "seen-critical" => self.seen = parse_duration(text)?,
                "min-sources" => self.min_sources = whole(text)?,
                "max-sources" => self.max_sources = whole(text)?,
                "peer-expect" => self.peers = whole(text)?,
                "peer-lag-critical" => self.peer_lag = parse_uint(text)?,
                "peer-seen-critical" => self.peer_seen = parse_duration(text)?,
                "msgs-warn" => self.messages.0 = parse_uint(text)?,
                "msgs-critical" => self.messages.1 = parse_uint(text)?,
                "subjects-warn" => self.subjects.0 = whole(text)?,
                "subjects-critical" => self.subjects.1 = whole(text)?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// A whole number of metadata.
pub fn whole(text: &str) -> Result<i64> {
    text.parse()
        .map_err(|_| fail!("strconv.Atoi: parsing {text:?}: invalid syntax"))
}

fn check(session: &mut Session, report: &mut Report) -> Result<()> {
    let name = session
        .matches
        .text("stream")
        .unwrap_or_default()
        .to_owned();
    let mut limits = Limits::of(&session.matches);
    let api = match session.management() {
        Ok(api) => api,
        Err(failure) => {
            report.critical(format!("could not load info: {failure}"));
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
    match limits.take_metadata(info.at("config.metadata")) {
        Ok(()) => judge(&info, &limits, report),
        Err(failure) => {
            report.critical(format!("could not configure based on metadata: {failure}"))
        }
    }
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
    let is_clustered = info.has("cluster") && info.int("config.num_replicas") > 1;
    if !is_clustered {
        if limits.peers > 0 {
            report.critical("Stream is not clustered");
        }
        return;
    }
    if info.text("cluster.leader").is_empty() {
        report.critical("No leader");
        return;
    }
    let replicas = info.list("cluster.replicas");
    let peers = replicas.len() as i64 + 1;
    if peers != limits.peers {
        report.critical(format!("Expected {} replicas got {peers}", limits.peers));
        return;
    }
    report.ok(format!("{peers} peers"));
    let count = |is: &dyn Fn(&Json) -> bool| replicas.iter().filter(|&peer| is(peer)).count();
    let offline = count(&|peer| peer.on("offline"));
    if offline > 0 {
        report.critical(format!("{offline} replicas offline"));
    }
    if limits.peer_lag > 0 {
        match count(&|peer| peer.uint("lag") > limits.peer_lag) {
            0 => report.ok("replicas are current"),
            lagged => report.critical(format!("{lagged} replicas lagged")),
        }
    }
    if limits.peer_seen > 0 {
        match count(&|peer| peer.int("active") > limits.peer_seen) {
            0 => report.ok("replicas are active"),
            inactive => report.critical(format!("{inactive} replicas inactive")),
        }
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
    if warn <= 0 && critical <= 0 {
        return;
    }
    report.metric_within(
        "subjects",
        count as f64,
        (warn as f64, critical as f64),
        "",
        "Number of subjects stored in the stream",
    );
    // Too many, or too few if fewer are worse.
    let reached = |limit: i64| {
        if warn < critical {
            count >= limit
        } else {
            count <= limit
        }
    };
    let status = if reached(critical) {
        Status::Critical
    } else if reached(warn) {
        Status::Warning
    } else {
        Status::Ok
    };
    report.say(status, format!("{count} subjects"));
}

fn sources(info: &Json, limits: &Limits, report: &mut Report) {
    let sources = info.list("sources");
    let count = sources.len() as i64;
    report.metric_within(
        "sources",
        count as f64,
        (limits.min_sources as f64, limits.max_sources as f64),
        "",
        "Number of sources being consumed by this stream",
    );
    let text = format!("{count} sources");
    if (limits.min_sources > 0 && count < limits.min_sources)
        || (limits.max_sources > 0 && count > limits.max_sources)
    {
        report.critical(text);
    } else {
        report.ok(text);
    }
    if limits.lag == 0 && limits.seen <= 0 {
        return;
    }
    let number = |is: &dyn Fn(&Json) -> bool| sources.iter().filter(|&one| is(one)).count();
    let lagged = number(&|source| limits.lag > 0 && source.uint("lag") >= limits.lag);
    let inactive = number(&|source| limits.seen > 0 && source.int("active") >= limits.seen);
    report.metric(
        "sources_lagged",
        lagged as f64,
        "",
        "Number of sources that are behind more than the configured threshold",
    );
    report.metric(
        "sources_inactive",
        inactive as f64,
        "",
        "Number of sources that are inactive",
    );
    if lagged > 0 {
        report.critical(format!("{lagged} sources are lagged"));
    } else {
        report.ok(format!("{count} sources current"));
    }
    if inactive > 0 {
        report.critical(format!("{inactive} sources are inactive"));
    } else {
        report.ok(format!("{count} sources active"));
    }
}

/// The thresholds are those of sources, too, which a mirror cannot have.
fn mirror(info: &Json, limits: &Limits, report: &mut Report) {
    if (limits.lag == 0 && limits.seen <= 0) || !info.list("sources").is_empty() {
        return;
    }
    if !info.has("config.mirror") {
        report.critical("not mirrored");
        return;
    }
    if !info.has("mirror") {
        report.critical("invalid state");
        return;
    }
    let mirror = info.at("mirror");
    let (lag, active) = (mirror.uint("lag"), mirror.int("active"));
    report.metric_within(
        "lag",
        lag as f64,
        (0.0, limits.lag as f64),
        "",
        "Number of operations this peer is behind its origin",
    );
    report.metric_within(
        "active",
        active as f64 / 1e9,
        (0.0, limits.seen as f64 / 1e9),
        "s",
        "Indicates if this peer is active and catching up if lagged",
    );
    let mut well = true;
    if limits.lag > 0 && lag >= limits.lag {
        report.critical(format!("Mirror Lag {lag}"));
        well = false;
    }
    if limits.seen > 0 && active >= limits.seen {
        report.critical(format!("Mirror Seen {}", go_duration(active)));
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
        assert_eq!(report.critical, ["Expected 0 replicas got 3"]);
        let limits = Limits {
            peers: 3,
            ..Limits::default()
        };
        let report = judged(info, &limits);
        assert_eq!(report.critical, ["1 replicas offline"]);
        assert_eq!(report.ok, ["3 peers", "0 sources"]);
        let limits = Limits {
            peer_lag: 8,
            peer_seen: 10,
            ..limits
        };
        assert_eq!(
            judged(info, &limits).critical,
            [
                "1 replicas offline",
                "1 replicas lagged",
                "1 replicas inactive"
            ]
        );
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
            r#"{"config":{"sources":[{}]},"sources":[{"lag":10,"active":1000000000}]}"#,
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
        assert_eq!(report.critical, ["Mirror Lag 11", "Mirror Seen 2s"]);
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

    #[test]
    fn metadata_has_to_be_numbers() {
        let metadata = Json::object().with("io.nats.monitor.peer-expect", "x");
        let failure = Limits::default().take_metadata(&metadata).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "strconv.Atoi: parsing \"x\": invalid syntax"
        );
    }
}
