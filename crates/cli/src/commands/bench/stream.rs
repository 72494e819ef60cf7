//! The stream or bucket that is measured.

use std::time::Duration;

use super::plan::{Plan, Subjects};
use crate::failure::Result;
use crate::format::{SizeRange, parse_size};
use crate::jetstream::Api;
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;
use crate::{bail, fail, log};

/// Time after which the server removes a consumer that is not used any more.
pub const INACTIVE: Duration = Duration::from_secs(10);

/// The stream is there with another configuration.
const IN_USE: i64 = 10058;

/// What kind of batches the stream has to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batches {
    /// None.
    None,
    /// Atomic ones.
    Atomic,
    /// Fast ones.
    Fast,
}

/// Creates and purges the stream, as the flags of publishers say.
pub fn prepare(
    session: &mut Session,
    plan: &mut Plan,
    subjects: &Subjects,
    batches: Batches,
) -> Result<Api> {
    let api = session.jetstream()?;
    let m = &session.matches;
    let name = m.text("stream").unwrap_or_default().to_owned();
    let is_async = m.on("persistasync");
    if is_async && (m.int("replicas") != 1 || batches == Batches::Atomic) {
        bail!(
            "async persist mode is only supported for streams with 1 replica and incompatible with atomic batch publishing"
        );
    }
    plan.note("stream", name.as_str());
    if m.on("create") {
        let config = config(m, &name, subjects, batches)?;
        if let Err(error) = api.request(&format!("STREAM.CREATE.{name}"), &config) {
            let changed = match error.err_code() {
                IN_USE => api.request(&format!("STREAM.UPDATE.{name}"), &config),
                _ => Err(error),
            };
            changed.map_err(|error| {
                fail!("could not create the stream. If you want to delete and re-define the stream use `nats stream delete {name}`: {error}")
            })?;
        }
        plan.note("storage", m.text("storage").unwrap_or_default());
    }
    log!("Using stream: {name}");
    purge(&api, m, &name)?;
    Ok(api)
}

/// Purges the stream if that was asked for.
pub fn purge(api: &Api, matches: &Matches, stream: &str) -> Result<()> {
    if matches.on("purge") {
        log!("Purging the stream");
        api.request(&format!("STREAM.PURGE.{stream}"), &Json::Null)?;
    }
    Ok(())
}

fn config(m: &Matches, name: &str, subjects: &Subjects, batches: Batches) -> Result<Json> {
    let max_bytes = parse_size(m.text("maxbytes").unwrap_or_default(), SizeRange::Bits64)?;
    let mut config = Json::object()
        .with("name", name)
        .with("subjects", vec![subjects.pattern()])
        .with("retention", "limits")
        .with("max_consumers", -1)
        .with("max_msgs", -1)
        .with("max_bytes", max_bytes)
        .with("discard", "old")
        .with("max_age", 0)
        .with("max_msgs_per_subject", -1)
        .with("max_msg_size", -1)
        .with("storage", m.text("storage").unwrap_or("file"))
        .with("num_replicas", m.int("replicas").max(1))
        .with("allow_direct", true);
    if m.on("dedup") {
        config.set("duplicate_window", m.nanos("dedupwindow").unwrap_or(0));
    }
    if m.on("persistasync") {
        config.set("persist_mode", "async");
    }
    match batches {
        Batches::None => {}
        Batches::Atomic => {
            config.set("allow_atomic", true);
        }
        Batches::Fast => {
            config.set("allow_batched", true);
        }
    }
    Ok(config)
}
