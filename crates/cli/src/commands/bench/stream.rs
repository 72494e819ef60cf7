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

/// Creates and purges the stream, as the flags of publishers say.
pub fn prepare(
    session: &mut Session,
    plan: &mut Plan,
    subjects: &Subjects,
    atomic: bool,
) -> Result<Api> {
    let api = session.jetstream()?;
    let m = &session.matches;
    let name = m.text("stream").unwrap_or_default().to_owned();
    let is_async = m.on("persistasync");
    if is_async && (m.int("replicas") != 1 || atomic) {
        bail!(
            "async persist mode is only supported for streams with 1 replica and incompatible with atomic batch publishing"
        );
    }
    plan.note("stream", name.as_str());
    if m.on("create") {
        let config = config(m, &name, subjects)?;
        if api
            .request(&format!("STREAM.CREATE.{name}"), &config)
            .is_err()
        {
            api.request(&format!("STREAM.UPDATE.{name}"), &config).map_err(|error| {
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

fn config(m: &Matches, name: &str, subjects: &Subjects) -> Result<Json> {
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
    for (flag, field) in [
        ("batch", "allow_atomic"),
        ("max-outstanding-acks", "allow_batched"),
    ] {
        // Only the kind of batch that the command publishes.
        let declared = m.declared_flags().iter().any(|known| known.name == flag);
        config.set(field, declared);
    }
    Ok(config)
}
