//! What is listened to.

use crate::jetstream::Api;
use crate::session::Session;

/// A subject with events.
#[derive(Clone, Debug)]
pub struct Source {
    /// What comes there.
    pub what: String,
    /// The subject.
    pub subject: String,
}

/// The subjects that the flags choose.
pub fn chosen(session: &Session, api: &Api) -> Vec<Source> {
    let m = &session.matches;
    let all = m.on("all");
    let mut out = Vec::new();
    let mut add = |what: &str, subject: String| {
        out.push(Source {
            what: what.to_owned(),
            subject,
        })
    };
    if all || m.on("js-advisory") {
        add("Advisories", api.event_subject("ADVISORY.>"));
    }
    if all || m.on("js-metric") {
        add("Metrics", api.event_subject("METRIC.>"));
    }
    if all || m.on("srv-advisory") {
        add(
            "Client Connection events",
            "$SYS.ACCOUNT.*.CONNECT".to_owned(),
        );
        add(
            "Client Disconnection events",
            "$SYS.ACCOUNT.*.DISCONNECT".to_owned(),
        );
        add(
            "Authentication Errors events",
            "$SYS.SERVER.*.CLIENT.AUTH.ERR".to_owned(),
        );
    }
    for subject in m.list("subjects") {
        add("advisories", subject.clone());
    }
    out
}
