//! `nats consumer edit`.

use super::add::{check_level, create};
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
        return in_editor(old, &format!("Consumer {}", old.text("name")), &about);
    }
    if let Some(path) = matches.filled("config") {
        return file::read(path);
    }
    let mut new = old.clone();
    settings::edited(&mut new, matches)?;
    Ok(new)
}

/// What the fields mean, for the file that is edited.
fn about(field: &str) -> Option<&'static str> {
    Some(match field {
        "ack_policy" => "Cannot be changed, as are deliver_policy and replay_policy",
        "ack_wait" => "Time to wait for an acknowledgement, in nanoseconds",
        "filter_subject" => "Only messages on this subject",
        "filter_subjects" => "Only messages on these subjects",
        "max_ack_pending" => "Most messages without acknowledgement; -1 stands for no limit",
        "max_deliver" => "Most deliveries of a message; -1 stands for no limit",
        "backoff" => "Delays before messages are delivered again, in nanoseconds",
        "sample_freq" => "Percentage of acknowledgements that are sampled",
        "inactive_threshold" => "Removed after this time without use, in nanoseconds",
        "metadata" => "Metadata of yours",
        _ => return None,
    })
}
