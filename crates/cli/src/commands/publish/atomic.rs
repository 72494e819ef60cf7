//! Lines published as one atomic batch.

use crate::client::unique_id;
use crate::failure::Result;
use crate::interrupt;
use crate::jetstream::ApiError;
use crate::messages::{Bodies, expand_body, expand_subject, parse_headers};
use crate::output::Json;
use crate::session::Session;
use crate::template::MessageScope;
use crate::{bail, log};

/// API level of servers that know atomic batches.
const API_LEVEL: i64 = 2;

/// Publishes the lines of standard input: all of them are stored, or none.
pub fn publish(session: &mut Session) -> Result<()> {
    interrupt::cancels()?;
    session.need_api_level(
        API_LEVEL,
        "Atomic Batch Publishing requires NATS Server 2.12",
    )?;
    let connection = session.connect()?;
    let timeout = session.timeout();
    let matches = &session.matches;
    let quiet = matches.on("quiet");
    let templates = matches.on("templates");
    let batch = unique_id();
    let mut bodies = Bodies::new(None, true, !quiet)?;
    // One behind, as the last one commits.
    let mut next = bodies.take()?;
    let mut number = 0;
    while let Some(body) = next {
        next = bodies.take()?;
        number += 1;
        let scope = MessageScope {
            count: number,
            request: None,
        };
        let mut headers = parse_headers(matches.list("header"), &scope)?;
        headers.set("Nats-Batch-Id", batch.as_str());
        headers.set("Nats-Batch-Sequence", number.to_string());
        let subject = matches.required_arg("subject");
        let (subject, body) = if templates {
            (expand_subject(subject, &scope), expand_body(&body, &scope))
        } else {
            (subject.to_owned(), body)
        };
        if !quiet {
            log!(
                "Adding {} bytes to batch on subject {subject:?}",
                body.len()
            );
        }
        let commits = next.is_none();
        if commits {
            headers.set("Nats-Batch-Commit", "1");
        }
        // The first answer tells whether the stream takes batches at all.
        if number > 1 && !commits {
            connection.publish_later(&subject, "", Some(&headers), &body)?;
            continue;
        }
        let answer = connection.request(&subject, Some(&headers), &body, timeout)?;
        if answer.payload.is_empty() {
            continue;
        }
        let ack = Json::parse(&answer.payload)
            .map_err(|_| crate::fail!("invalid ack response: {}", answer.text()))?;
        if let Some(error) = ApiError::of(&ack) {
            return Err(explain(&error, &ack, &subject));
        }
        if commits && !quiet {
            log!(
                "Wrote batch ID: {} Messages: {} Sequence: {}",
                ack.text("batch"),
                ack.uint("count"),
                ack.uint("seq")
            );
        }
    }
    if number == 0 {
        bail!("no messages to publish in atomic batch");
    }
    Ok(())
}

/// Batches are off by default; say which stream refuses them.
fn explain(error: &ApiError, ack: &Json, subject: &str) -> crate::failure::Failure {
    const DISABLED: i64 = 10174;
    if error.err_code() == DISABLED {
        return crate::fail!(
            "atomic publishing is not allowed for stream {} with subject {subject}",
            ack.text("stream")
        );
    }
    error.clone().into()
}
