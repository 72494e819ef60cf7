//! Which consumer a command is about.

use crate::commands::assets::{pick_consumer, pick_stream};
use crate::failure::Result;
use crate::jetstream::Api;
use crate::output::Json;
use crate::session::Session;

/// The stream that the argument `stream` names, or one picked from a list.
pub fn chosen_stream(session: &mut Session, exact: bool) -> Result<(Api, Json)> {
    let api = session.jetstream()?;
    let name = session.matches.arg("stream").map(str::to_owned);
    let all = session.matches.on("all");
    let info = pick_stream(session, &api, name.as_deref(), exact, all)
        .map_err(|failure| failure.context("could not select Stream"))?;
    Ok((api, info))
}

/// The consumer that the arguments `stream` and `consumer` name, or one
/// picked from lists.
pub fn chosen(session: &mut Session, exact: bool) -> Result<(Api, Json)> {
    let api = session.jetstream()?;
    let stream = session.matches.arg("stream").unwrap_or_default().to_owned();
    let consumer = session
        .matches
        .arg("consumer")
        .unwrap_or_default()
        .to_owned();
    // One request when both are there, as they mostly are.
    if let Some(info) = at_once(&api, &stream, &consumer)? {
        return Ok((api, info));
    }
    let (api, stream) = chosen_stream(session, exact)?;
    let stream = stream.text("config.name");
    let info = pick_consumer(session, &api, stream, Some(&consumer), exact)
        .map_err(|failure| failure.context("could not select Consumer"))?;
    Ok((api, info))
}

fn at_once(api: &Api, stream: &str, consumer: &str) -> Result<Option<Json>> {
    use crate::commands::assets::is_valid_name;
    if !is_valid_name(stream) || !is_valid_name(consumer) {
        return Ok(None);
    }
    match api.consumer_info(stream, consumer) {
        Ok(info) => Ok(Some(info)),
        Err(error) if error.is_stream_not_found() || error.is_consumer_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
