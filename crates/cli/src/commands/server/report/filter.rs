//! What all reports have in common: which servers, how many rows.

use crate::failure::Result;
use crate::format::parse_int;
use crate::output::Json;
use crate::session::Session;
use crate::system::{Answer, Expect, NO_RESULTS, Servers};
use crate::{bail, log};

/// The servers that a command line asks for.
fn servers(session: &Session) -> Json {
    let matches = &session.matches;
    let mut body = Json::object();
    for (flag, key) in [("host", "server_name"), ("cluster", "cluster")] {
        if let Some(value) = matches.filled(flag) {
            body.set(key, value);
        }
    }
    let tags = matches.list("tags");
    if !tags.is_empty() {
        let tags = tags.iter().map(|tag| Json::from(tag.as_str()));
        body.set("tags", Json::List(tags.collect()));
    }
    if !body.entries("").is_empty() {
        body.set("exact_match", true);
    }
    body
}

/// Answers of the servers that a command line asks for; `options` are those of
/// the service. Servers that refuse are logged and left out.
pub fn ask(session: &mut Session, service: &str, options: &Json) -> Result<Vec<Answer>> {
    let mut body = servers(session);
    let filtered = !body.entries("").is_empty();
    for (key, value) in options.entries("") {
        body.set(key, value.clone());
    }
    let system = Servers::of(session)?;
    let expect = if filtered {
        Expect::Quiet
    } else {
        system.servers()?
    };
    let subject = if service.is_empty() {
        "$SYS.REQ.SERVER.PING".to_owned()
    } else {
        format!("$SYS.REQ.SERVER.PING.{service}")
    };
    let body = (!body.entries("").is_empty()).then_some(body);
    let mut answers = system.ask(&subject, body.as_ref(), expect)?;
    answers.retain(|answer| {
        let refused = answer.json.has("error");
        if refused {
            log!(
                "{} refused: {}",
                answer.json.text("server.name"),
                answer.json.text("error.description")
            );
        }
        !refused
    });
    if answers.is_empty() {
        bail!("{NO_RESULTS}");
    }
    answers.sort_by(|a, b| {
        let key = |answer: &Answer| {
            (
                answer.json.text("server.cluster").to_owned(),
                answer.json.text("server.name").to_owned(),
            )
        };
        key(a).cmp(&key(b))
    });
    Ok(answers)
}

/// The `LIMIT` of a command line: most rows, the last ones of the sorted list.
pub fn limit(session: &Session) -> Result<usize> {
    let limit = match session.matches.arg("limit") {
        Some(text) => parse_int(text)?,
        None => 0,
    };
    Ok(usize::try_from(limit)
        .ok()
        .filter(|&limit| limit > 0)
        .unwrap_or(usize::MAX))
}

/// Turns rows round if asked to, and leaves those at the end.
pub fn arrange<T>(session: &Session, rows: &mut Vec<T>, most: usize) {
    if session.matches.on("reverse") {
        rows.reverse();
    }
    let surplus = rows.len().saturating_sub(most);
    rows.drain(..surplus);
}
