//! The stream that is measured, and how its API is asked over a connection
//! without a reading thread.

use super::plan::{Plan, Subjects};
use super::raw::Raw;
use crate::client::Headers;
use crate::failure::{Failure, Result};
use crate::jetstream::{Api, ApiError, api_prefix};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;
use crate::{bail, fail, log};

/// What a publisher's messages are for the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batches {
    /// Messages of their own.
    None,
    /// Parts of atomic batches.
    Atomic,
    /// Parts of fast batches.
    Fast,
}

/// The configuration of a stream cannot be had.
const INVALID: i64 = 10052;
/// The stream is there with another configuration.
const IN_USE: i64 = 10058;
/// API level of a server that knows streams with all kinds of batches.
const STREAM_LEVEL: &str = "3";

impl Batches {
    /// API level of servers that take such messages, and what is said about
    /// others.
    fn level(self) -> Option<(i64, &'static str)> {
        match self {
            Batches::None => None,
            Batches::Atomic => Some((
                2,
                "Atomic Batch Publishing requires NATS Server 2.12, specify --async for async publishing instead",
            )),
            Batches::Fast => Some((
                4,
                "Fast Batch Publishing requires NATS Server 2.14, specify --async for async publishing instead",
            )),
        }
    }
}

/// An error of the API with its codes, as benchmarks show it.
pub fn api_error(error: &ApiError) -> Failure {
    match error {
        ApiError::Server {
            code,
            err_code,
            description,
        } => fail!("nats: API error: code={code} err_code={err_code} description={description}"),
        other => fail!("{other}"),
    }
}

/// Prefix of requests to the API.
pub fn prefix(session: &mut Session) -> Result<String> {
    let record = &session.context()?.record;
    Ok(api_prefix(
        &record.jetstream_domain,
        &record.jetstream_api_prefix,
    ))
}

/// Asks the API; the inbox of the connection must be open.
pub fn ask(raw: &mut Raw, subject: &str, body: &str) -> std::result::Result<Json, ApiError> {
    let answer = raw.ask(subject, body.as_bytes())?;
    if raw.is_no_responders(&answer) {
        return Err(ApiError::NotAvailable(subject.to_owned()));
    }
    let answer =
        Json::parse(raw.payload(&answer)).map_err(|error| ApiError::Garbled(error.to_string()))?;
    match ApiError::of(&answer) {
        Some(error) => Err(error),
        None => Ok(answer),
    }
}

/// Fails unless that may be the name of a stream.
pub fn check_name(stream: &str) -> Result<()> {
    if stream.is_empty() {
        bail!("nats: stream name is required");
    }
    if stream.contains([' ', '.', '*', '>', '/', '\\', '\t', '\r', '\n']) {
        bail!("nats: invalid stream name: {stream:?}");
    }
    Ok(())
}

/// Looks for the stream.
pub fn look_up(api: &Api, stream: &str) -> Result<Json> {
    check_name(stream)
        .and_then(|()| api.stream_info(stream).map_err(|error| api_error(&error)))
        .map_err(|failure| failure.context(format!("getting stream '{stream}'")))
}

/// Makes the stream if that was asked for, looks for it and purges it, as the
/// flags of publishers say.
pub fn prepare(
    session: &mut Session,
    plan: &Plan,
    subjects: &Subjects,
    batches: Batches,
) -> Result<()> {
    let api = session.jetstream()?;
    let m = &session.matches;
    let stream = m.text("stream").unwrap_or_default();
    if let Some((level, why)) = batches.level() {
        let info = api
            .request("INFO", &Json::Null)
            .map_err(|error| match error {
                ApiError::NotAvailable(_) => fail!("nats: jetstream not enabled"),
                error => error.into(),
            })?;
        if info.int("api.level") < level {
            bail!("{why}");
        }
    }
    if m.on("create") {
        let mut config = config(m, plan, stream, subjects, batches);
        let mut created = create(&api, stream, &config);
        if batches == Batches::None && created.as_ref().is_err_and(is_without_batches) {
            // Such a server still takes single messages.
            config.remove("allow_atomic");
            config.remove("allow_batched");
            created = create(&api, stream, &config);
        }
        created.map_err(|error| {
            fail!("could not create the stream. If you want to delete and re-define the stream use `nats stream delete {stream}`: {error}")
        })?;
    }
    check_name(stream)
        .and_then(|()| api.stream_info(stream).map_err(|error| api_error(&error)))
        .map_err(|failure| failure.context(format!("could not access stream {stream}")))?;
    log!("Using stream: {stream}");
    if m.on("purge") {
        log!("Purging the stream");
        api.request(&format!("STREAM.PURGE.{stream}"), &Json::object())
            .map_err(|error| api_error(&error))?;
    }
    Ok(())
}

/// Purges the stream if that was asked for, as the flags of consumers say.
pub fn purge(session: &mut Session) -> Result<()> {
    if !session.matches.on("purge") {
        return Ok(());
    }
    let api = session.jetstream()?;
    let stream = session.matches.text("stream").unwrap_or_default();
    look_up(&api, stream)?;
    api.request(&format!("STREAM.PURGE.{stream}"), &Json::object())
        .map_err(|error| api_error(&error).context(format!("purging stream '{stream}'")))?;
    Ok(())
}

fn create(api: &Api, stream: &str, config: &Json) -> std::result::Result<(), ApiError> {
    let mut headers = Headers::new();
    headers.add("Nats-Required-Api-Level", STREAM_LEVEL);
    let answer = api.request_raw(
        &format!("STREAM.CREATE.{stream}"),
        Some(&headers),
        config.compact().as_bytes(),
        api.timeout,
    )?;
    let answer =
        Json::parse(&answer.payload).map_err(|error| ApiError::Garbled(error.to_string()))?;
    match ApiError::of(&answer) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Whether a stream may be refused only because its server has no batches.
fn is_without_batches(error: &ApiError) -> bool {
    match error {
        ApiError::Server {
            err_code: INVALID,
            description,
            ..
        } => description.starts_with("allow_") && description.contains("not supported"),
        // It is there, perhaps made by such a server.
        ApiError::Server { err_code, .. } => *err_code == IN_USE,
        _ => false,
    }
}

fn config(m: &Matches, plan: &Plan, stream: &str, subjects: &Subjects, batches: Batches) -> Json {
    let replicas = m.int("replicas");
    let is_async = m.on("persistasync") && replicas == 1 && batches != Batches::Atomic;
    let mut config = Json::object()
        .with("name", stream)
        .with("subjects", vec![subjects.pattern()])
        .with("retention", "limits")
        .with("max_consumers", 0)
        .with("max_msgs_per_subject", 0)
        .with("max_msgs", 0)
        .with("max_bytes", plan.max_bytes)
        .with("max_age", 0)
        .with("storage", m.text("storage").unwrap_or("file"))
        .with("discard", "new")
        .with("num_replicas", replicas)
        .with("duplicate_window", m.nanos("dedupwindow").unwrap_or(0))
        .with("sealed", false)
        .with("deny_delete", false)
        .with("deny_purge", false)
        .with("allow_rollup_hdrs", false)
        .with("allow_direct", true)
        .with("mirror_direct", false)
        .with("consumer_limits", Json::object());
    if is_async {
        config.set("persist_mode", "async");
    } else {
        config.set("allow_atomic", true);
    }
    config.set("allow_batched", true);
    config
}
