//! `nats stream edit`.

use super::add::need_levels;
use super::check::SCHEMA;
use super::info::chosen;
use super::information::show;
use super::settings;
use crate::commands::assets::shape::STREAM_CONFIG;
use crate::commands::assets::{go_types, in_editor, show_changes, without_reserved};
use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// Changes a stream.
pub fn edit(session: &mut Session) -> Result<()> {
    settings::check_sizes(&session.matches)?;
    let force = session.matches.on("force");
    let (api, info) = chosen(session, force)?;
    let name = info.text("config.name").to_owned();
    settings::check_transforms(&session.matches)?;
    let has_metadata = info.has("config.metadata");
    let mut old = STREAM_CONFIG.arranged(&without_reserved(info.at("config").clone()));
    let new = changed(session, &old).map_err(|failure| {
        fail!("could not create new configuration for Stream {name}: {failure}")
    })?;
    let new = STREAM_CONFIG.arranged(&new);
    if has_metadata && !old.has("metadata") {
        // The server's own is left out, and what remains is empty.
        old.set("metadata", Json::object());
    }
    let json = session.matches.on("json");
    if !show_changes(session, &STREAM_CONFIG, &old, &new)? {
        return Ok(());
    }
    warn_about_bucket(session, &name)?;
    if !force
        && !session
            .prompt()
            .confirm_action(&format!("Really edit Stream {name}"))?
    {
        return Ok(());
    }
    need_levels(session, &new)?;
    api.request(&format!("STREAM.UPDATE.{name}"), &new)
        .map_err(|error| fail!("could not edit Stream {name}: {error}"))?;
    let info = api.stream_info(&name)?;
    if !json {
        println!("Stream {name} was updated\n");
    }
    show(&info, false, json);
    Ok(())
}

fn changed(session: &Session, old: &Json) -> Result<Json> {
    let matches = &session.matches;
    if matches.on("interactive") {
        return in_editor(&STREAM_CONFIG, &go_types::STREAM, SCHEMA, old);
    }
    if let Some(path) = matches.filled("config") {
        return settings::from_file(path, old.text("name"));
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
    println!("WARNING: Operating on the underlying stream of a Key-Value bucket is dangerous.\n");
    println!("A bucket needs its stream to be as `nats kv` made it. A change from outside may");
    println!("lose data, or leave a stream that is no bucket any more.\n");
    if !session
        .prompt()
        .confirm("Really operate on the KV stream?", false)?
    {
        bail!("aborting Key-Value store operation");
    }
    Ok(())
}
