//! `nats consumer edit`.

use super::add::{check_level, create};
use super::check::SCHEMA;
use super::information::show;
use super::pick::chosen;
use super::{fields, file, settings};
use crate::bail;
use crate::commands::assets::shape::CONSUMER_CONFIG;
use crate::commands::assets::{Decision, decide, go_types, in_editor, without_reserved};
use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;

/// Changes a consumer.
pub fn edit(session: &mut Session) -> Result<()> {
    let (api, info) = chosen(session, session.matches.on("force"))?;
    let (stream, name) = (info.text("stream_name"), info.text("name"));
    if info.text("config.durable_name").is_empty() {
        bail!("only durable consumers can be edited");
    }
    settings::check_sample(&session.matches)?;
    let old = fields::configuration(info.at("config"));
    let new = changed(session, &old).map_err(|failure| {
        failure.context(format!(
            "could not create new configuration for Consumer {name}"
        ))
    })?;
    let (old, new) = (compared(&old), compared(&new));
    if !new.list("backoff").is_empty() && new.int("ack_wait") != old.int("ack_wait") {
        bail!("consumers with backoff policies do not support editing Ack Wait");
    }
    let question = format!("Really edit Consumer {stream} > {name}");
    if decide(session, &CONSUMER_CONFIG, &old, &new, &question)? != Decision::Go {
        return Ok(());
    }
    check_level(session, &new)?;
    let info = create(&api, stream, &new)?;
    show(&info, false, false);
    Ok(())
}

/// A configuration without the server's metadata; what remains may be empty,
/// which is something else than none.
fn compared(config: &Json) -> Json {
    let has_metadata = config.has("metadata");
    let mut config = fields::configuration(&without_reserved(config.clone()));
    if has_metadata && !config.has("metadata") {
        config.set("metadata", Json::object());
    }
    config
}

fn changed(session: &Session, old: &Json) -> Result<Json> {
    let matches = &session.matches;
    if matches.on("interactive") {
        let mut new = in_editor(
            &CONSUMER_CONFIG,
            &go_types::CONSUMER,
            SCHEMA,
            &compared(old),
        )?;
        if !new.has("metadata") {
            // The file has a field for it, even if it is empty.
            new.set("metadata", Json::object());
        }
        return Ok(new);
    }
    if let Some(path) = matches.filled("config") {
        return file::read(path);
    }
    let mut new = old.clone();
    settings::edited(&mut new, matches)?;
    Ok(new)
}
