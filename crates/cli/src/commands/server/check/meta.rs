//! `nats server check meta`.

use std::time::Duration;

use super::report::Report;
use super::run::{Check, run};
use crate::failure::Result;
use crate::format::go_duration;
use crate::output::Json;
use crate::session::Session;

const SUBJECT: &str = "$SYS.REQ.SERVER.PING.JSZ";
/// Time for the leader to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// As it is run.
pub const CHECK: Check = Check {
    report: |_| Report::new("meta", "JetStream Meta Cluster"),
    look: check,
};

/// Checks the group that leads JetStream.
pub fn meta(session: &mut Session) -> Result<()> {
    run(session, &CHECK)
}

fn check(session: &mut Session, report: &mut Report) -> Result<()> {
    let limits = Limits {
        peers: session.matches.int("expect"),
        lag: session.matches.uint("lag-critical"),
        seen: session.matches.nanos("seen-critical").unwrap_or(0),
    };
    let requester = match session.requester() {
        Ok(requester) => requester,
        Err(failure) => {
            report.critical(format!("connection failed: {failure}"));
            return Ok(());
        }
    };
    let body = Json::object().with("leader_only", true).compact();
    let answer = match requester.request(SUBJECT, None, body.as_bytes(), PATIENCE) {
        Ok(message) => Json::parse(&message.payload),
        Err(error) => {
            report.critical(format!("JSZ API request failed: {error}"));
            return Ok(());
        }
    };
    match answer {
        Err(error) => report.critical(format!("invalid result received: {error}")),
        Ok(answer) if answer.has("error") => report.critical(format!(
            "invalid result received: {} ({})",
            answer.text("error.description"),
            answer.int("error.err_code")
        )),
        Ok(answer) if !answer.has("data") => report.critical("no JSZ response received"),
        Ok(answer) => judge(answer.at("data"), limits, report),
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    peers: i64,
    lag: u64,
    seen: i64,
}

fn judge(data: &Json, limits: Limits, report: &mut Report) {
    if !data.has("meta_cluster") {
        report.critical("no cluster information");
        return;
    }
    let meta = data.at("meta_cluster");
    let leader = meta.text("leader");
    if leader.is_empty() {
        report.critical("No leader");
        return;
    }
    let replicas = meta.list("replicas");
    let peers = replicas.len() as i64 + 1;
    let count = |is: &dyn Fn(&Json) -> bool| replicas.iter().filter(|&peer| is(peer)).count();
    let not_current = count(&|peer| !peer.on("current"));
    let inactive = count(&|peer| limits.seen > 0 && peer.int("active") > limits.seen);
    let offline = count(&|peer| peer.on("offline"));
    let lagged = count(&|peer| limits.lag > 0 && peer.uint("lag") > limits.lag);
    let expected = limits.peers as f64;
    report.metric_within(
        "peers",
        peers as f64,
        (expected, expected),
        "",
        "Configured RAFT peers",
    );
    for (name, value, help) in [
        ("peer_offline", offline, "Offline RAFT peers"),
        (
            "peer_not_current",
            not_current,
            "RAFT peers that are not current",
        ),
        ("peer_inactive", inactive, "Inactive RAFT peers"),
        (
            "peer_lagged",
            lagged,
            "RAFT peers that are lagged more than configured threshold",
        ),
    ] {
        report.metric(name, value as f64, "", help);
    }
    if limits.peers > 0 && peers != limits.peers {
        report.critical(format!("{peers} peers of expected {}", limits.peers));
    }
    if not_current > 0 {
        report.critical(format!("{not_current} not current"));
    }
    if inactive > 0 {
        report.critical(format!(
            "{inactive} inactive more than {}",
            go_duration(limits.seen)
        ));
    }
    if offline > 0 {
        report.critical(format!("{offline} offline"));
    }
    if lagged > 0 {
        report.critical(format!("{lagged} lagged more than {} ops", limits.lag));
    }
    if report.critical.is_empty() {
        report.ok(format!("{peers} peers led by {leader}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_judged() {
        let data = Json::parse(
            br#"{"meta_cluster":{"leader":"n1","replicas":[{"current":true,"active":5,"lag":1},{"current":false,"offline":true,"active":50,"lag":9}]}}"#,
        )
        .unwrap();
        let mut report = Report::new("meta", "m");
        let limits = Limits {
            peers: 2,
            lag: 5,
            seen: 10,
        };
        judge(&data, limits, &mut report);
        assert_eq!(
            report.critical,
            [
                "3 peers of expected 2",
                "1 not current",
                "1 inactive more than 10ns",
                "1 offline",
                "1 lagged more than 5 ops"
            ]
        );
    }
}
