//! Finding services.

use std::time::{Duration, Instant};

use crate::bail;
use crate::client::{ClientError, Connection};
use crate::failure::Result;
use crate::output::Json;

/// Time after an answer within which the next one comes, if there is one.
const GAP: Duration = Duration::from_millis(300);

/// Keys of an INFO answer in the order in which they are printed.
const INFO: [&str; 7] = [
    "name",
    "id",
    "version",
    "metadata",
    "type",
    "description",
    "endpoints",
];
const INFO_ENDPOINT: [&str; 4] = ["name", "subject", "queue_group", "metadata"];
/// The same of a STATS answer.
const STATS: [&str; 7] = [
    "name",
    "id",
    "version",
    "metadata",
    "type",
    "started",
    "endpoints",
];
const STATS_ENDPOINT: [&str; 9] = [
    "name",
    "subject",
    "queue_group",
    "num_requests",
    "num_errors",
    "last_error",
    "processing_time",
    "average_processing_time",
    "data",
];

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

/// How many answers to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The first.
    One,
    /// Until no more come.
    All,
}

/// The answers to a question, sorted; an error if nobody listens. Answers of
/// another kind are left out.
pub fn ask(
    connection: &Connection,
    verb: &str,
    name: &str,
    id: &str,
    wait: Wait,
    timeout: Duration,
) -> Result<Vec<Json>> {
    let inbox = connection.new_inbox();
    let answers = connection.subscribe(&inbox, "")?;
    connection.publish(&subject(verb, name, id), &inbox, None, b"")?;
    let end = Instant::now() + timeout;
    let mut deadline = end;
    let mut found = Vec::new();
    loop {
        match answers.next_before(deadline) {
            Ok(answer) if answer.is_no_responders() => bail!("no service instances found"),
            Ok(answer) => {
                let json = Json::parse(&answer.payload).unwrap_or_default();
                found.extend(shaped(&json, verb));
                if wait == Wait::One {
                    break;
                }
                deadline = end.min(Instant::now() + GAP);
            }
            Err(ClientError::Timeout) => break,
            Err(error) => return Err(error.into()),
        }
    }
    found.sort_by(|a, b| (a.text("name"), a.text("id")).cmp(&(b.text("name"), b.text("id"))));
    Ok(found)
}

/// An answer with its keys in order, if it is of the kind that was asked for.
fn shaped(json: &Json, verb: &str) -> Option<Json> {
    let (kind, keys, of_endpoint): (_, &[&str], &[&str]) = match verb {
        "INFO" => ("info", &INFO, &INFO_ENDPOINT),
        "STATS" => ("stats", &STATS, &STATS_ENDPOINT),
        _ => return Some(json.clone()),
    };
    if json.text("type") != format!("io.nats.micro.v1.{kind}_response") {
        return None;
    }
    let mut out = Json::object();
    for key in keys {
        out.set(key, json.key(key).clone());
    }
    let endpoints = json.list("endpoints").iter().map(|endpoint| {
        let mut out = Json::object();
        for key in of_endpoint {
            if *key != "data" || endpoint.has("data") {
                out.set(key, endpoint.key(key).clone());
            }
        }
        out
    });
    if json.has("endpoints") {
        out.set("endpoints", Json::List(endpoints.collect()));
    }
    Some(out)
}
