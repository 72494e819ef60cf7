//! Which consumer a command is about.

use crate::commands::assets::{is_valid_name, pick_consumer, pick_stream};
use crate::failure::Result;
use crate::jetstream::Api;
use crate::output::Json;
use crate::session::Session;

/// The JetStream API, for commands that begin with it.
fn api(session: &mut Session) -> Result<Api> {
    session
        .management()
        .map_err(|failure| failure.context("setup failed"))
}

/// The same, for commands that send or receive messages.
pub fn for_messages(session: &mut Session) -> Result<Api> {
    session
        .jetstream()
        .map_err(|failure| failure.context("setup failed"))
}

fn picked_stream(session: &mut Session, api: &Api, exact: bool) -> Result<Json> {
    let name = session.matches.arg("stream").map(str::to_owned);
    let all = session.matches.on("all");
    pick_stream(session, api, name.as_deref(), exact, all)
        .map_err(|failure| failure.context("could not select Stream"))
}

/// The stream that the argument `stream` names, or one picked from a list.
pub fn chosen_stream(session: &mut Session, exact: bool) -> Result<(Api, Json)> {
    let api = api(session)?;
    let info = picked_stream(session, &api, exact)?;
    Ok((api, info))
}

/// Name of the stream for a consumer that the argument `consumer` names. A
/// consumer that is there is enough to know that the stream is.
pub fn stream_for(session: &mut Session, consumer: &str) -> Result<(Api, String)> {
    let api = api(session)?;
    let stream = session.matches.arg("stream").unwrap_or_default().to_owned();
    let consumer = session.matches.arg(consumer).unwrap_or_default();
    if loaded(&api, &stream, consumer).is_some() {
        return Ok((api, stream));
    }
    let info = picked_stream(session, &api, false)?;
    let stream = info.text("config.name").to_owned();
    Ok((api, stream))
}

/// The consumer that the arguments `stream` and `consumer` name, or one
/// picked from lists.
pub fn chosen(session: &mut Session, exact: bool) -> Result<(Api, Json)> {
    let api = api(session)?;
    let stream = session.matches.arg("stream").unwrap_or_default().to_owned();
    let consumer = session
        .matches
        .arg("consumer")
        .unwrap_or_default()
        .to_owned();
    // One request when both are there, as they mostly are.
    if let Some(info) = loaded(&api, &stream, &consumer) {
        return Ok((api, info));
    }
    let stream = picked_stream(session, &api, exact)?;
    let stream = stream.text("config.name");
    let info = pick_consumer(session, &api, stream, Some(&consumer), exact)
        .map_err(|failure| failure.context("could not select Consumer"))?;
    Ok((api, info))
}

/// Information about a consumer, if it can be had.
pub fn loaded(api: &Api, stream: &str, consumer: &str) -> Option<Json> {
    if !is_valid_name(stream) || !is_valid_name(consumer) {
        return None;
    }
    api.consumer_info(stream, consumer).ok()
}
