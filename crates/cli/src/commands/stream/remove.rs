//! `nats stream rm`, `purge`, `rmm` and `seal`: what cannot be undone.

use super::add::{check_name, said};
use super::edit::warn_about_bucket;
use super::info::chosen;
use super::information::show;
use crate::failure::Result;
use crate::format::{commas, parse_uint};
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// Removes a stream.
pub fn remove(session: &mut Session) -> Result<()> {
    if session.matches.on("force") {
        let name = session.matches.arg("stream").unwrap_or_default().to_owned();
        if name.is_empty() {
            bail!("--force requires a stream name");
        }
        check_name(&name)?;
        let api = session.jetstream()?;
        api.request(&format!("STREAM.DELETE.{name}"), &Json::Null)?;
        return Ok(());
    }
    let (api, info) = chosen(session, false)?;
    let name = info.text("config.name");
    if session
        .prompt()
        .confirm_action(&format!("Really delete Stream {name}"))?
    {
        api.request(&format!("STREAM.DELETE.{name}"), &Json::Null)
            .map_err(|error| fail!("could not remove Stream: {error}"))?;
    }
    Ok(())
}

/// Removes messages.
pub fn purge(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let (seq, keep) = (matches.uint("seq"), matches.uint("keep"));
    if seq > 0 && keep > 0 {
        bail!("sequence and keep cannot be combined when purging");
    }
    let mut body = Json::object();
    if seq > 0 {
        body.set("seq", seq);
    }
    if keep > 0 {
        body.set("keep", keep);
    }
    if let Some(subject) = matches.filled("subject") {
        body.set("filter", subject);
    }
    let (force, json) = (matches.on("force"), matches.on("json"));
    let (api, info) = chosen(session, force)?;
    let name = info.text("config.name");
    warn_about_bucket(session, name)?;
    if !force
        && !session
            .prompt()
            .confirm_action(&format!("Really purge Stream {name}"))?
    {
        return Ok(());
    }
    let answer = api
        .request(&format!("STREAM.PURGE.{name}"), &body)
        .map_err(|error| fail!("could not purge Stream: {error}"))?;
    said(
        json,
        &format!(
            "Purged {} messages from {name}",
            commas(answer.uint("purged"))
        ),
    );
    show(&api.stream_info(name)?, true, json);
    Ok(())
}

/// Removes one message and what it leaves on the disk.
pub fn remove_message(session: &mut Session) -> Result<()> {
    let force = session.matches.on("force");
    let id = session.matches.arg("id").map(str::to_owned);
    let (api, info) = chosen(session, force)?;
    let name = info.text("config.name");
    warn_about_bucket(session, name)?;
    let seq = sequence(session, id.as_deref(), "Message Sequence to remove")?;
    if force
        || session
            .prompt()
            .confirm_action(&format!("Really remove message {seq} from Stream {name}"))?
    {
        api.request(
            &format!("STREAM.MSG.DELETE.{name}"),
            &Json::object().with("seq", seq),
        )
        .map_err(|error| fail!("could not remove message {seq} from {name}: {error}"))?;
    }
    Ok(())
}

/// The sequence given, or asked for.
pub fn sequence(session: &Session, given: Option<&str>, question: &str) -> Result<u64> {
    let text = match given {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => session
            .prompt()
            .text(question, "", "")
            .map_err(|failure| failure.context("invalid input"))?,
    };
    match parse_uint(text.trim()) {
        Ok(seq) if seq > 0 => Ok(seq),
        _ => bail!("invalid message sequence {text:?}"),
    }
}

/// Makes a stream read-only for good.
pub fn seal(session: &mut Session) -> Result<()> {
    let force = session.matches.on("force");
    let (api, info) = chosen(session, force)?;
    let name = info.text("config.name");
    if !force
        && !session.prompt().confirm_action(&format!(
            "Really seal Stream {name}, sealed streams can not be unsealed or modified"
        ))?
    {
        return Ok(());
    }
    let config =
        crate::commands::assets::without_reserved(info.at("config").clone()).with("sealed", true);
    let info = api
        .request(&format!("STREAM.UPDATE.{name}"), &config)
        .map_err(|error| fail!("could not seal Stream: {error}"))?;
    show(&info, false, false);
    Ok(())
}
