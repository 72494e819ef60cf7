//! `nats consumer edit`.

use super::add::create;
use super::information::show;
use super::pick::chosen;
use super::settings;
use crate::bail;
use crate::commands::assets::shape::CONSUMER_CONFIG;
use crate::commands::assets::{
    Decision, consumer_config, decide, in_editor, read_config, without_reserved,
};
use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;

/// Changes a consumer.
pub fn edit(session: &mut Session) -> Result<()> {
    let (api, info) = chosen(session, false)?;
    let (stream, name) = (info.text("stream_name"), info.text("name"));
    if info.text("config.durable_name").is_empty() {
        bail!("only durable consumers can be edited");
    }
    let old = consumer_config(&without_reserved(info.at("config").clone()));
    let new = consumer_config(&changed(session, &old)?);
    let durable = new.text("durable_name");
    if durable != name {
        bail!("consumer names may not be changed");
    }
    let question = format!("Really edit Consumer {stream} > {name}");
    if decide(session, &CONSUMER_CONFIG, &old, &new, &question)? != Decision::Go {
        return Ok(());
    }
    let info = create(&api, stream, &new, "update")?;
    show(&info, false, false);
    Ok(())
}

fn changed(session: &Session, old: &Json) -> Result<Json> {
    let matches = &session.matches;
    if matches.on("interactive") {
        let name = old.text("durable_name");
        return in_editor(old, &format!("Consumer {name}"), &about)
            .map_err(|failure| failure.context(format!("could not edit Consumer {name}")));
    }
    if let Some(path) = matches.filled("config") {
        let mut config = read_config(path).map_err(|failure| failure.context("invalid input"))?;
        if config.text("durable_name").is_empty() && config.text("name").is_empty() {
            config.set("durable_name", old.text("durable_name"));
        }
        return Ok(config);
    }
    let mut new = old.clone();
    settings::apply(&mut new, matches)?;
    if matches.nanos("wait").is_some_and(|wait| wait > 0) && !new.list("backoff").is_empty() {
        bail!("consumers with backoff policies do not support editing Ack Wait");
    }
    if matches.filled("backoff") == Some("none") && !old.list("backoff").is_empty() {
        // It was the first delay, and is the server's default again.
        new.remove("ack_wait");
    }
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
