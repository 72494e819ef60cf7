//! `nats consumer rm`, `reset`, `pause`, `resume` and `unpin`.

use super::information::{pause_end, show, whole_seconds};
use super::pick::chosen;
use super::settings::until;
use crate::bail;
use crate::failure::Result;
use crate::format::{local_now, local_time};
use crate::output::Json;
use crate::session::Session;

/// How long consumers are paused if nothing else is said.
const DEFAULT_PAUSE: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// Removes a consumer.
pub fn remove(session: &mut Session) -> Result<()> {
    if session.matches.on("force") {
        let matches = &session.matches;
        let stream = matches.arg("stream").unwrap_or_default().to_owned();
        let consumer = matches.arg("consumer").unwrap_or_default().to_owned();
        if stream.is_empty() || consumer.is_empty() {
            bail!("--force requires a stream and consumer name");
        }
        let api = session
            .management()
            .map_err(|failure| failure.context("setup failed"))?;
        api.request(&format!("CONSUMER.DELETE.{stream}.{consumer}"), &Json::Null)?;
        return Ok(());
    }
    let (api, info) = chosen(session, false)?;
    let (stream, consumer) = (info.text("stream_name"), info.text("name"));
    if session
        .prompt()
        .confirm_action(&format!("Really delete Consumer {stream} > {consumer}"))?
    {
        api.request(&format!("CONSUMER.DELETE.{stream}.{consumer}"), &Json::Null)?;
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
        0 => Json::object(),
        seq => Json::object().with("seq", seq),
    };
    let info = api.request(&format!("CONSUMER.RESET.{stream}.{consumer}"), &body)?;
    show(&info, true, false);
    Ok(())
}

/// Pauses a consumer.
pub fn pause(session: &mut Session) -> Result<()> {
    let force = session.matches.on("force");
    let given = session.matches.arg("until").unwrap_or_default().to_owned();
    let (api, info) = chosen(session, force)?;
    session.need_api_level(1, "pausing Consumers requires NATS Server 2.11")?;
    let (stream, consumer) = (info.text("stream_name"), info.text("name"));
    let given = if given.is_empty() {
        let then = local_now().checked_add(DEFAULT_PAUSE).map_or_else(
            |_| String::new(),
            |then| then.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        );
        session.prompt().needed_text(
            "Pause until (time or duration)",
            &then,
            "YYYY-MM-DD HH:MM:SS in UTC, or a duration such as 1h",
        )?
    } else {
        given
    };
    let until = until(&given)?;
    let question = format!(
        "Really pause Consumer {stream} > {consumer} until {}",
        local_time(&until)
    );
    if !confirmed(session, &question)? {
        return Ok(());
    }
    let answer = api.request_at_level(
        &format!("CONSUMER.PAUSE.{stream}.{consumer}"),
        &Json::object().with("pause_until", until.as_str()),
        1,
    )?;
    if !answer.on("paused") {
        bail!("pause request failed, perhaps due to a time in the past");
    }
    println!(
        "Paused {stream} > {consumer} until {} ({})",
        local_time(answer.text("pause_until")),
        whole_seconds(answer.int("pause_remaining"))
    );
    Ok(())
}

/// Ends a pause.
pub fn resume(session: &mut Session) -> Result<()> {
    let force = session.matches.on("force");
    let (api, info) = chosen(session, force)?;
    session.need_api_level(1, "resuming Consumers requires NATS Server 2.11")?;
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
    let answer = api.request(&format!("CONSUMER.PAUSE.{stream}.{consumer}"), &Json::Null)?;
    if answer.on("paused") {
        bail!("pause request failed for an unknown reason");
    }
    println!(
        "Consumer {stream} > {consumer} was resumed while previously paused until {}",
        local_time(&pause_end(&info))
    );
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
    let pinned: Vec<&Json> = info
        .list("priority_groups")
        .iter()
        .filter(|group| !group.text("pinned_client_id").is_empty())
        .collect();
    if pinned.is_empty() {
        bail!("no priority groups have pinned clients");
    }
    let group = if group.is_empty() {
        let names: Vec<String> = pinned
            .iter()
            .map(|group| group.text("group").to_owned())
            .collect();
        let chosen = session.prompt().select("Select a Group", &names, 0)?;
        names.get(chosen).cloned().unwrap_or_default()
    } else {
        group
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
    )?;
    let client = pinned
        .iter()
        .find(|pinned| pinned.text("group") == group)
        .map_or("", |pinned| pinned.text("pinned_client_id"));
    println!("Unpinned client {client} from Priority Group {stream} > {consumer} > {group}");
    Ok(())
}
