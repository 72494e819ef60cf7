//! `nats stream rm`, `purge`, `rmm` and `seal`: what cannot be undone.

use super::add::check_name;
use super::edit::warn_about_bucket;
use super::info::{chosen, connect};
use super::information::show;
use crate::client::ClientError;
use crate::commands::assets::shape::STREAM_CONFIG;
use crate::failure::Result;
use crate::format::parse_int;
use crate::jetstream::ApiError;
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
        let api = connect(session)?;
        check_name(&name)?;
        let result = api.request(&format!("STREAM.DELETE.{name}"), &Json::Null);
        if matches!(result, Err(ApiError::Client(ClientError::Timeout))) {
            println!(
                "Delete failed due to timeout, the stream might not exist or be in an unmanageable state"
            );
        }
        result?;
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
    let force = session.matches.on("force");
    let (api, info) = chosen(session, force)?;
    let name = info.text("config.name");
    if !force
        && !session
            .prompt()
            .confirm_action(&format!("Really purge Stream {name}"))?
    {
        return Ok(());
    }
    warn_about_bucket(session, name)?;
    let matches = &session.matches;
    let (seq, keep) = (matches.uint("seq"), matches.uint("keep"));
    if seq > 0 && keep > 0 {
        bail!("sequence and keep cannot be combined when purging");
    }
    let mut body = Json::object();
    if seq > 0 {
        body.set("seq", seq);
    }
    if let Some(subject) = matches.filled("subject") {
        body.set("filter", subject);
    }
    if keep > 0 {
        body.set("keep", keep);
    }
    let body = if body.entries("").is_empty() {
        Json::Null
    } else {
        body
    };
    let answer = api
        .request(&format!("STREAM.PURGE.{name}"), &body)
        .map_err(|error| fail!("could not purge Stream: {error}"))?;
    println!("Purged {} messages from {name}\n", answer.uint("purged"));
    show(&api.stream_info(name)?, true, matches.on("json"));
    Ok(())
}

/// Removes one message and what it leaves on the disk.
pub fn remove_message(session: &mut Session) -> Result<()> {
    let force = session.matches.on("force");
    let given = sequence_arg(session)?;
    let (api, info) = chosen(session, force)?;
    let name = info.text("config.name");
    let seq = match given {
        Some(seq) => seq,
        None => {
            let text = session
                .prompt()
                .text("Message Sequence to remove", "", "")
                .map_err(|failure| failure.context("invalid input"))?;
            let seq =
                parse_int(text.trim()).map_err(|failure| failure.context("invalid number"))?;
            if seq <= 0 {
                bail!("positive message ID required");
            }
            seq
        }
    };
    warn_about_bucket(session, name)?;
    if force
        || session
            .prompt()
            .confirm_action(&format!("Really remove message {seq} from Stream {name}"))?
    {
        if seq == 0 {
            bail!("sequence number is required");
        }
        let body = Json::object().with("seq", seq);
        api.request(&format!("STREAM.MSG.DELETE.{name}"), &body)?;
    }
    Ok(())
}

/// The sequence that the argument `id` gives, if it is there.
pub fn sequence_arg(session: &Session) -> Result<Option<i64>> {
    match session.matches.arg("id") {
        None | Some("") => Ok(None),
        Some(text) => match text.parse() {
            Ok(-1) => Ok(None),
            Ok(seq) => Ok(Some(seq)),
            Err(_) => bail!("strconv.ParseInt: parsing {text:?}: invalid syntax"),
        },
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
    let config = info.at("config").clone().with("sealed", true);
    api.request(
        &format!("STREAM.UPDATE.{name}"),
        &STREAM_CONFIG.arranged(&config),
    )
    .map_err(|error| fail!("could not seal Stream: {error}"))?;
    show(&api.stream_info(name)?, false, false);
    Ok(())
}
