//! Which stream, which consumer: the one named, or one picked from a list.

use crate::failure::Result;
use crate::jetstream::{Api, ApiError};
use crate::output::{Json, terminal};
use crate::session::Session;
use crate::{bail, log};

/// How the names of streams begin that other things are made of.
const INTERNAL: &[&str] = &["KV_", "OBJ_", "MQTT_", "$MQTT_"];

/// Whether a stream belongs to a bucket or to MQTT.
pub fn is_internal(stream: &str) -> bool {
    INTERNAL.iter().any(|prefix| stream.starts_with(prefix))
}

/// Whether a stream or a consumer may have this name.
pub fn is_valid_name(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(|letter: char| {
            letter.is_ascii_whitespace() || matches!(letter, '.' | '*' | '>' | '/' | '\\' | '\0')
        })
}

/// Information about the stream named; without that stream people at a
/// terminal pick one, unless it has to be the one (`exact`).
pub fn pick_stream(
    session: &Session,
    api: &Api,
    name: Option<&str>,
    exact: bool,
    all: bool,
) -> Result<Json> {
    let name = name.unwrap_or_default();
    if is_valid_name(name) {
        match api.stream_info(name) {
            Ok(info) => return Ok(info),
            Err(ApiError::Server { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let names = api.stream_names("")?;
    if names.iter().any(|known| known == name) {
        // It is there, and the server cannot tell about it.
        return Ok(api.stream_info(name)?);
    }
    if !terminal::is_interactive() {
        if !name.is_empty() {
            log!("stream {name:?} not found");
        }
        bail!("cannot pick a Stream without a terminal and no Stream name supplied");
    }
    if exact {
        bail!("unknown stream {name:?}");
    }
    let names: Vec<String> = names
        .into_iter()
        .filter(|name| all || !is_internal(name))
        .collect();
    if names.is_empty() {
        bail!("no Streams are defined");
    }
    let chosen = session.prompt().select("Select a Stream", &names, 0)?;
    let chosen = names.get(chosen).map(String::as_str).unwrap_or_default();
    Ok(api.stream_info(chosen)?)
}

/// Information about the consumer named, as [`pick_stream`].
pub fn pick_consumer(
    session: &Session,
    api: &Api,
    stream: &str,
    name: Option<&str>,
    exact: bool,
) -> Result<Json> {
    let name = name.unwrap_or_default();
    if is_valid_name(name) {
        match api.consumer_info(stream, name) {
            Ok(info) => return Ok(info),
            Err(error) if error.is_consumer_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    if exact {
        bail!("unknown consumer {stream:?} > {name:?}");
    }
    if !terminal::is_interactive() {
        if !name.is_empty() {
            log!("consumer {stream:?} > {name:?} not found");
        }
        bail!("cannot pick a Consumer without a terminal and no Consumer name supplied");
    }
    let names = api.consumer_names(stream)?;
    if names.is_empty() {
        bail!("no Consumers are defined for Stream {stream}");
    }
    let chosen = session.prompt().select("Select a Consumer", &names, 0)?;
    let chosen = names.get(chosen).map(String::as_str).unwrap_or_default();
    Ok(api.consumer_info(stream, chosen)?)
}
