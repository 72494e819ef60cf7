//! `nats consumer edit`.

use super::add::{check_level, create};
use super::check::SCHEMA;
use super::information::show;
use super::pick::chosen;
use super::{fields, file, settings};
use crate::bail;
use crate::commands::assets::shape::CONSUMER_CONFIG;
use crate::commands::assets::{Decision, decide, in_editor, without_reserved};
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
    let old = fields::configuration(&without_reserved(info.at("config").clone()));
    let new = changed(session, &old).map_err(|failure| {
        failure.context(format!(
            "could not create new configuration for Consumer {name}"
        ))
    })?;
    let new = fields::configuration(&without_reserved(new));
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

fn changed(session: &Session, old: &Json) -> Result<Json> {
    let matches = &session.matches;
    if matches.on("interactive") {
        return in_editor(&CONSUMER_CONFIG, SCHEMA, old);
    }
    if let Some(path) = matches.filled("config") {
        return file::read(path);
    }
    let mut new = old.clone();
    settings::edited(&mut new, matches)?;
    Ok(new)
}
