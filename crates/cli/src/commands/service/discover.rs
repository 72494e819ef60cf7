//! Finding services.

use std::time::{Duration, Instant};

use crate::bail;
use crate::client::{ClientError, Connection};
use crate::failure::Result;
use crate::output::Json;

/// Time after an answer within which the next one comes, if there is one.
const GAP: Duration = Duration::from_millis(300);

/// The subject of a question to all services, those of a name, or one.
pub fn subject(verb: &str, name: &str, id: &str) -> String {
    let mut out = format!("$SRV.{verb}");
    for part in [name, id] {
        if !part.is_empty() {
            out.push('.');
            out.push_str(part);
        }
    }
    out
}

/// All answers to a question, and how long each took; an error if there is
/// none.
pub fn ask(
    connection: &Connection,
    verb: &str,
    name: &str,
    id: &str,
    timeout: Duration,
) -> Result<Vec<(Json, Duration)>> {
    let inbox = connection.new_inbox();
    let answers = connection.subscribe(&inbox, "")?;
    let begun = Instant::now();
    connection.publish(&subject(verb, name, id), &inbox, None, b"")?;
    let end = begun + timeout;
    let mut deadline = end;
    let mut found = Vec::new();
    loop {
        match answers.next_before(deadline) {
            Ok(answer) if answer.is_no_responders() => break,
            Ok(answer) => {
                if let Ok(json) = Json::parse(&answer.payload) {
                    found.push((json, begun.elapsed()));
                }
                deadline = end.min(Instant::now() + GAP);
            }
            Err(ClientError::Timeout) => break,
            Err(error) => return Err(error.into()),
        }
    }
    if found.is_empty() {
        bail!("no service instances found");
    }
    found.sort_by(|(a, _), (b, _)| {
        (a.text("name"), a.text("version"), a.text("id")).cmp(&(
            b.text("name"),
            b.text("version"),
            b.text("id"),
        ))
    });
    Ok(found)
}

/// One instance: that of the id, or the first one.
pub fn one(
    connection: &Connection,
    verb: &str,
    name: &str,
    id: &str,
    timeout: Duration,
) -> Result<Json> {
    let answer = if id.is_empty() {
        ask(connection, verb, name, id, timeout)?
            .into_iter()
            .next()
            .map(|(json, _)| json)
    } else {
        match connection.request(&subject(verb, name, id), None, b"", timeout) {
            Ok(answer) => Json::parse(&answer.payload).ok(),
            Err(ClientError::NoResponders | ClientError::Timeout) => None,
            Err(error) => return Err(error.into()),
        }
    };
    match answer {
        Some(answer) => Ok(answer),
        None => bail!("no service instances found"),
    }
}
