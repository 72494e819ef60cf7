//! Lines published as one atomic batch.

use super::{Draft, Ready};
use crate::bail;
use crate::client::{Connection, Message, unique_id};
use crate::failure::{Failure, Result};
use crate::format::commas;
use crate::jetstream::{Api, ApiError};
use crate::log;
use crate::messages::Bodies;
use crate::output::Json;
use crate::session::Session;

/// API level of servers that know atomic batches.
const API_LEVEL: i64 = 2;
/// Messages of a batch: far more than servers take (1,000 unless told
/// otherwise), as all of them are kept until the last line is read.
const MAX_MESSAGES: usize = 1_000_000;

/// Publishes the lines of standard input: all of them are stored, or none.
pub fn publish(session: &mut Session, draft: &Draft, mut bodies: Bodies) -> Result<()> {
    let api = session.jetstream()?;
    session.need_api_level(
        API_LEVEL,
        "Atomic Batch Publishing requires NATS Server 2.12",
    )?;
    let quiet = session.matches.on("quiet");
    let mut messages = Vec::new();
    while let Some(body) = bodies.take()? {
        if let Err(why) = collect(draft, &body, quiet, &mut messages) {
            log!("Could not publish message: {why}");
        }
        if messages.len() > MAX_MESSAGES {
            bail!(
                "an atomic batch has at most {} messages",
                commas(MAX_MESSAGES as u64)
            );
        }
    }
    if messages.is_empty() {
        bail!("no messages to publish in atomic batch");
    }
    check_stream(&api, &draft.subject)?;
    let ack = send(&api.connection()?, api.timeout, messages)?;
    if !quiet {
        log!("{}", written(&ack));
    }
    Ok(())
}

fn collect(draft: &Draft, body: &[u8], quiet: bool, messages: &mut Vec<Ready>) -> Result<()> {
    for number in 1..=draft.count {
        let message = draft.message(body, number)?;
        if !quiet {
            log!(
                "Adding {} bytes to batch on subject {:?}",
                message.body.len(),
                message.subject
            );
        }
        messages.push(message);
    }
    Ok(())
}

/// Batches are off by default; says which stream refuses them.
fn check_stream(api: &Api, subject: &str) -> Result<()> {
    let Some(stream) = api
        .stream_names(subject)
        .map_err(|error| error.in_full())?
        .into_iter()
        .next()
    else {
        return Err(ApiError::stream_not_found().in_full().into());
    };
    let info = api.stream_info(&stream).map_err(|error| error.in_full())?;
    if !info.on("config.allow_atomic") {
        bail!("atomic publishing is not allowed for stream {stream} with subject {subject}");
    }
    Ok(())
}

fn send(
    connection: &Connection,
    timeout: std::time::Duration,
    messages: Vec<Ready>,
) -> Result<Json> {
    let batch = unique_id();
    let last = messages.len();
    let mut ack = Json::Null;
    for (number, mut message) in (1..).zip(messages) {
        message.headers.set("Nats-Batch-Id", batch.as_str());
        message
            .headers
            .set("Nats-Batch-Sequence", number.to_string());
        let commits = number == last;
        if commits {
            message.headers.set("Nats-Batch-Commit", "1");
        }
        let Ready {
            subject,
            headers,
            body,
        } = &message;
        // The first answer tells whether the stream takes the batch at all.
        if number > 1 && !commits {
            connection.publish_later(subject, "", Some(headers), body)?;
            continue;
        }
        let answer = connection
            .request(subject, Some(headers), body, timeout)
            .map_err(|error| {
                if commits {
                    Failure::from(error)
                } else {
                    Failure::from(error).context(format!("batch message {number} ack failed"))
                }
            })?;
        if commits || !answer.payload.is_empty() {
            ack = parsed(&answer)?;
        }
    }
    Ok(ack)
}

fn parsed(answer: &Message) -> Result<Json> {
    let ack = Json::parse(&answer.payload)
        .map_err(|_| crate::fail!("invalid ack response: {}", answer.text()))?;
    match ApiError::of(&ack) {
        Some(error) => Err(error.in_full().into()),
        None => Ok(ack),
    }
}

/// What the last acknowledgement says.
fn written(ack: &Json) -> String {
    let mut text = format!(
        "Wrote batch ID: {} Messages: {} Sequence: {}",
        ack.text("batch"),
        commas(ack.uint("count")),
        commas(ack.uint("seq"))
    );
    super::add_details(&mut text, ack);
    text
}
