//! `nats stream edit`.

use super::add::said;
use super::info::chosen;
use super::information::show;
use super::settings;
use crate::commands::assets::{
    Decision, decide, in_editor, read_config, stream_config, without_reserved,
};
use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// Changes a stream.
pub fn edit(session: &mut Session) -> Result<()> {
    let force = session.matches.on("force");
    let (api, info) = chosen(session, force)?;
    let name = info.text("config.name").to_owned();
    warn_about_bucket(session, &name)?;
    let old = stream_config(&without_reserved(info.at("config").clone()));
    let new = stream_config(&changed(session, &old)?);
    if new.text("name") != name {
        bail!("stream names may not be changed");
    }
    let question = format!("Really edit Stream {name}");
    let json = session.matches.on("json");
    let info = match decide(session, &old, &new, &question, json)? {
        Decision::Stop => return Ok(()),
        Decision::Same if !json || session.matches.on("dry-run") => return Ok(()),
        Decision::Same => info,
        Decision::Go => {
            let info = api
                .request(&format!("STREAM.UPDATE.{name}"), &new)
                .map_err(|error| fail!("could not edit Stream {name}: {error}"))?;
            said(json, &format!("Stream {name} was updated"));
            info
        }
    };
    show(&info, false, json);
    Ok(())
}

fn changed(session: &Session, old: &Json) -> Result<Json> {
    let matches = &session.matches;
    if matches.given("mirror") || matches.given("source") {
        bail!("cannot edit mirrors, or sources using the CLI, use --config instead");
    }
    if matches.on("interactive") {
        let name = old.text("name");
        return in_editor(old, &format!("Stream {name}"), &about)
            .map_err(|failure| failure.context(format!("could not edit Stream {name}")));
    }
    if let Some(path) = matches.filled("config") {
        let mut config = read_config(path).map_err(|failure| failure.context("invalid input"))?;
        if config.text("name").is_empty() {
            config.set("name", old.text("name"));
        }
        return Ok(config);
    }
    let mut new = old.clone();
    settings::apply(&mut new, matches)?;
    for (flag, key) in [
        ("no-mirror", "mirror"),
        ("no-transform", "subject_transform"),
        ("no-republish", "republish"),
    ] {
        if matches.on(flag) {
            new.remove(key);
        }
    }
    Ok(new)
}

/// Warns before the stream of a bucket is changed, and asks, whatever else
/// was said.
pub fn warn_about_bucket(session: &Session, stream: &str) -> Result<()> {
    if !stream.starts_with("KV_") {
        return Ok(());
    }
    println!("WARNING: {stream} holds a Key-Value bucket.\n");
    println!("A bucket needs its stream to be as `nats kv` made it. A change from outside may");
    println!("lose data, or leave a stream that is no bucket any more.\n");
    if !session
        .prompt()
        .confirm_action("Really operate on the KV stream?")?
    {
        bail!("aborting Key-Value store operation");
    }
    Ok(())
}

/// What the fields mean, for the file that is edited.
fn about(field: &str) -> Option<&'static str> {
    Some(match field {
        "subjects" => "Subjects to listen on",
        "retention" => "When messages may go: limits, interest, workqueue",
        "max_consumers" => "Limits; -1 stands for none",
        "max_age" => "Most age of messages, in nanoseconds; 0 stands for no limit",
        "max_msg_size" => "Most bytes of a message",
        "discard" => "At a limit: drop the oldest (old), or refuse new messages (new)",
        "duplicate_window" => "Time in which message ids are remembered, in nanoseconds",
        "placement" => "Cluster and tags of the servers to be used",
        "republish" => "Stored messages are published again",
        "deny_delete" => "What nobody may do; cannot be taken back",
        "metadata" => "Metadata of yours",
        "consumer_limits" => "Limits for consumers, in nanoseconds and messages",
        _ => return None,
    })
}
