//! Reports of servers, joined to the way of a message.

use std::collections::HashMap;
use std::time::Duration;

use crate::bail;
use crate::client::{ClientError, Subscription};
use crate::failure::Result;
use crate::output::Json;
use crate::system::unpacked;

/// Most servers that are waited for: a message that goes round in circles is
/// stopped by servers, not by this tool.
const MAX_REPORTS: usize = 4_096;

/// What the servers reported.
#[derive(Debug)]
pub struct Trace {
    /// Report of the server that the client is connected to.
    pub root: Json,
    /// Reports of the others, by hop.
    pub hops: HashMap<String, Json>,
}

/// The hop that a report is about; empty for the first one.
fn hop(report: &Json) -> String {
    report
        .at("request.header")
        .key("Nats-Trace-Hop")
        .list("")
        .first()
        .and_then(Json::as_text)
        .unwrap_or_default()
        .to_owned()
}

/// Waits until every server has reported that another one says it has sent the
/// message to.
pub fn collect(answers: &Subscription, timeout: Duration, shown: bool) -> Result<Trace> {
    let mut root = None;
    let mut hops = HashMap::new();
    while hops.len() < MAX_REPORTS {
        if root.as_ref().is_some_and(|root| is_complete(root, &hops)) {
            break;
        }
        let answer = match answers.next(timeout) {
            Ok(answer) => answer,
            Err(ClientError::Timeout) => break,
            Err(error) => return Err(error.into()),
        };
        let Some(payload) = unpacked(&answer) else {
            continue;
        };
        if shown {
            println!(">>> {}", String::from_utf8_lossy(&payload));
        }
        let report = Json::parse(&payload).unwrap_or_default();
        let first = report.list("events").first().cloned().unwrap_or_default();
        if first.text("type") != "in" {
            continue;
        }
        if first.int("kind") == 0 {
            root = Some(report);
        } else {
            hops.insert(hop(&report), report);
        }
    }
    match root {
        Some(root) => Ok(Trace { root, hops }),
        None => bail!("nats: timeout: the server has not reported where the message went"),
    }
}

fn is_complete(report: &Json, hops: &HashMap<String, Json>) -> bool {
    report
        .list("events")
        .iter()
        .all(|event| match event.text("hop") {
            "" => true,
            hop => hops
                .get(hop)
                .is_some_and(|report| is_complete(report, hops)),
        })
}
