//! `nats consumer rm`, `reset`, `pause`, `resume` and `unpin`.

use super::information::{paused_text, show};
use super::pick::chosen;
use super::settings::until;
use crate::failure::Result;
use crate::format::{is_unset_time, local_time};
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// Removes a consumer.
pub fn remove(session: &mut Session) -> Result<()> {
    if session.matches.on("force") {
        let matches = &session.matches;
        let stream = matches.arg("stream").unwrap_or_default().to_owned();
        let consumer = matches.arg("consumer").unwrap_or_default().to_owned();
        if stream.is_empty() || consumer.is_empty() {
            bail!("--force requires a stream and consumer name");
        }
        let api = session.jetstream()?;
        api.request(&format!("CONSUMER.DELETE.{stream}.{consumer}"), &Json::Null)?;
        return Ok(());
    }
    let (api, info) = chosen(session, false)?;
    let (stream, consumer) = (info.text("stream_name"), info.text("name"));
    if session
        .prompt()
        .confirm_action(&format!("Really delete Consumer {stream} > {consumer}"))?
    {
        api.request(&format!("CONSUMER.DELETE.{stream}.{consumer}"), &Json::Null)
            .map_err(|error| fail!("could not remove Consumer: {error}"))?;
    }
    Ok(())
}

/// Asks unless `--force` was given.
fn confirmed(session: &Session, question: &str) -> Result<bool> {
    if session.matches.on("force") {
        return Ok(true);
    }
    session.prompt().confirm_action(question)
}

/// Sets a consumer back.
pub fn reset(session: &mut Session) -> Result<()> {
    let force = session.matches.on("force");
    let (api, info) = chosen(session, force)?;
    let (stream, consumer) = (info.text("stream_name"), info.text("name"));
    if !confirmed(session, "Really reset the consumer")? {
        return Ok(());
    }
    let body = match session.matches.uint("sequence") {
        0 => Json::Null,
        seq => Json::object().with("seq", seq),
    };
    let info = api
        .request(&format!("CONSUMER.RESET.{stream}.{consumer}"), &body)
        .map_err(|error| fail!("could not reset Consumer: {error}"))?;
    show(&info, true, false);
    Ok(())
}

/// Pauses a consumer.
pub fn pause(session: &mut Session) -> Result<()> {
    let force = session.matches.on("force");
    let given = session.matches.arg("until").unwrap_or_default().to_owned();
    let (api, info) = chosen(session, force)?;
    let (stream, consumer) = (info.text("stream_name"), info.text("name"));
    let given = if given.is_empty() {
        session
            .prompt()
            .text(
                "Pause until (time or duration)",
                "",
                "YYYY-MM-DD HH:MM:SS in UTC, or a duration such as 1h",
            )
            .map_err(|failure| failure.context("invalid input"))?
    } else {
        given
    };
    let until = until(given.trim())?;
    let question = format!("Really pause the consumer until {}", local_time(&until));
    if !confirmed(session, &question)? {
        return Ok(());
    }
    let answer = api
        .request(
            &format!("CONSUMER.PAUSE.{stream}.{consumer}"),
            &Json::object().with("pause_until", until.as_str()),
        )
        .map_err(|error| fail!("could not pause Consumer: {error}"))?;
    if !answer.on("paused") {
        bail!("consumer failed to pause, perhaps a time in the past was given");
    }
    println!(
        "Paused {stream} > {consumer} until {}",
        paused_text(answer.text("pause_until"), answer.int("pause_remaining"))
    );
    Ok(())
}

/// Ends a pause.
pub fn resume(session: &mut Session) -> Result<()> {
    let force = session.matches.on("force");
    let (api, info) = chosen(session, force)?;
    let (stream, consumer) = (info.text("stream_name"), info.text("name"));
    if !info.on("paused") {
        bail!("consumer is not paused");
    }
    if !confirmed(
        session,
        &format!("Really resume Consumer {stream} > {consumer}"),
    )? {
        return Ok(());
    }
    let answer = api
        .request(&format!("CONSUMER.PAUSE.{stream}.{consumer}"), &Json::Null)
        .map_err(|error| fail!("could not resume Consumer: {error}"))?;
    if answer.on("paused") {
        bail!("consumer failed to resume");
    }
    let until = info.text("config.pause_until");
    if is_unset_time(until) {
        println!("Consumer {stream} > {consumer} was resumed");
    } else {
        println!(
            "Consumer {stream} > {consumer} was resumed while previously paused until {}",
            local_time(until)
        );
    }
    Ok(())
}

/// Frees the place of a pinned client.
pub fn unpin(session: &mut Session) -> Result<()> {
    let force = session.matches.on("force");
    let group = session.matches.arg("group").unwrap_or_default().to_owned();
    let (api, info) = chosen(session, force)?;
    let (stream, consumer) = (info.text("stream_name"), info.text("name"));
    if info.text("config.priority_policy") != "pinned_client" {
        bail!("consumer is not a pinned priority consumer");
    }
    let pinned: Vec<String> = info
        .list("priority_groups")
        .iter()
        .filter(|group| !group.text("pinned_client_id").is_empty())
        .map(|group| group.text("group").to_owned())
        .collect();
    let group = if !group.is_empty() {
        group
    } else if pinned.is_empty() {
        bail!("no priority groups have pinned clients");
    } else if let [only] = pinned.as_slice() {
        only.clone()
    } else {
        let chosen = session.prompt().select("Select a Group", &pinned, 0)?;
        pinned.get(chosen).cloned().unwrap_or_default()
    };
    if !confirmed(
        session,
        &format!("Really unpin client from group {stream} > {consumer} > {group}"),
    )? {
        return Ok(());
    }
    api.request(
        &format!("CONSUMER.UNPIN.{stream}.{consumer}"),
        &Json::object().with("group", group.as_str()),
    )
    .map_err(|error| fail!("could not unpin client: {error}"))?;
    println!("Unpinned client ID from Priority Group {stream} > {consumer} > {group}");
    Ok(())
}
