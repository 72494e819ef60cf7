//! `nats stream add` and `nats stream copy`.

use std::path::Path;

use super::check::{SCHEMA, problems};
use super::information::show;
use super::{settings, wizard};
use crate::commands::assets::{
    Questions, complete, is_valid_name, read_config, stream_config, without_reserved,
};
use crate::context::write_whole;
use crate::failure::Result;
use crate::jetstream::Api;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail, log};

/// Creates a stream.
pub fn add(session: &mut Session) -> Result<()> {
    let config = stream_config(&wanted(session)?);
    let matches = &session.matches;
    if matches.on("validate") || matches.given("output") {
        return checked_only(&config, matches.filled("output"));
    }
    let api = session.jetstream()?;
    create(session, &api, &config)
}

/// The configuration from a file, or from flags, questions and defaults.
fn wanted(session: &mut Session) -> Result<Json> {
    let questions = Questions::new(session.prompt(), session.matches.on("defaults"));
    let name = session.matches.arg("stream").map(str::to_owned);
    if let Some(path) = session.matches.filled("config") {
        let mut config = read_config(path).map_err(|failure| failure.context("invalid input"))?;
        override_file(&mut config, session)?;
        if let Some(name) = name {
            config.set("name", name);
        }
        if config.text("name").is_empty() {
            let name = questions.needed("Stream Name", "")?;
            config.set("name", name.trim());
        }
        complete_all(&mut config);
        return Ok(config);
    }
    let name = match name {
        Some(name) if !name.is_empty() => name,
        _ => questions
            .needed("Stream Name", "Without blanks, dots and wildcards")?
            .trim()
            .to_owned(),
    };
    // Before anything is asked in vain.
    check_name(&name)?;
    let mut config = Json::object().with("name", name);
    settings::apply_fixed(&mut config, &session.matches)?;
    settings::apply(&mut config, &session.matches)?;
    config.set("allow_direct", session.matches.on("allow-direct"));
    let offline = session.matches.on("validate") || session.matches.given("output");
    let matches = session.matches.clone();
    wizard::ask(&mut config, &matches, &questions, || {
        // Without a server there are no account settings to look at.
        if offline {
            Ok(false)
        } else {
            size_required(&session.jetstream()?)
        }
    })?;
    complete_all(&mut config);
    Ok(config)
}

/// Sets the fields that are always written.
fn complete_all(config: &mut Json) {
    complete(
        config,
        &[
            ("retention", "limits".into()),
            ("max_consumers", (-1).into()),
            ("max_msgs_per_subject", (-1).into()),
            ("max_msgs", (-1).into()),
            ("max_bytes", (-1).into()),
            ("max_age", 0.into()),
            ("max_msg_size", (-1).into()),
            ("storage", "file".into()),
            ("discard", "old".into()),
            ("num_replicas", 1.into()),
            ("sealed", false.into()),
            ("deny_delete", false.into()),
            ("deny_purge", false.into()),
            ("allow_rollup_hdrs", false.into()),
            ("allow_direct", false.into()),
            ("mirror_direct", false.into()),
            ("consumer_limits", Json::object()),
        ],
    );
}

/// The few flags that win over a configuration from a file.
fn override_file(config: &mut Json, session: &Session) -> Result<()> {
    let matches = &session.matches;
    if matches.given("subjects") {
        let subjects = matches.split_list("subjects");
        config.set(
            "subjects",
            Json::List(subjects.into_iter().map(Json::Text).collect()),
        );
    }
    settings::placement(config, matches);
    if let Some(description) = matches.filled("description") {
        config.set("description", description);
    }
    if matches.given("replicas") {
        config.set("num_replicas", settings::replicas(matches.int("replicas"))?);
    }
    Ok(())
}

/// Whether the account insists on a limit for the bytes of its streams.
fn size_required(api: &Api) -> Result<bool> {
    let account = api.request("INFO", &Json::Null)?;
    let tiers = account.entries("tiers");
    Ok(account.on("limits.max_bytes_required")
        || tiers
            .iter()
            .any(|(_, tier)| tier.on("limits.max_bytes_required")))
}

/// `--validate` and `--output`: nothing is created.
fn checked_only(config: &Json, output: Option<&str>) -> Result<()> {
    let problems = problems(config);
    if output.is_none() {
        println!("{}\n", config.pretty());
    }
    if !problems.is_empty() {
        bail!("Validation Failed: {}", problems.join("\n\t"));
    }
    match output {
        Some(path) => write_whole(Path::new(path), config.pretty().as_bytes(), 0o600),
        None => {
            println!("Configuration is a valid Stream matching {SCHEMA}");
            Ok(())
        }
    }
}

/// Fails if a stream cannot have this name.
pub fn check_name(name: &str) -> Result<()> {
    if !is_valid_name(name) {
        bail!("{name:?} is not a valid stream name");
    }
    Ok(())
}

/// Creates a stream and shows it.
fn create(session: &Session, api: &Api, config: &Json) -> Result<()> {
    let name = config.text("name");
    check_name(name)?;
    let problems = problems(config);
    if !problems.is_empty() {
        bail!("configuration validation failed: {}", problems.join(", "));
    }
    let info = api
        .request(&format!("STREAM.CREATE.{name}"), config)
        .map_err(|error| fail!("could not create Stream: {error}"))?;
    let json = session.matches.on("json");
    said(json, &format!("Stream {name} was created"));
    show(&info, false, json);
    Ok(())
}

/// Says what was done: before the information for people, and in the log
/// beside JSON.
pub fn said(json: bool, text: &str) {
    if json {
        log!("{text}");
    } else {
        println!("{text}\n");
    }
}

/// Creates a stream with the configuration of another one.
pub fn copy(session: &mut Session) -> Result<()> {
    let source = session.matches.required_arg("source").to_owned();
    let destination = session.matches.required_arg("destination").to_owned();
    if source == destination {
        bail!("source and destination Stream names cannot be the same");
    }
    check_name(&source)?;
    check_name(&destination)?;
    let api = session.jetstream()?;
    let info = api
        .stream_info(&source)
        .map_err(|error| fail!("could not request Stream {source} configuration: {error}"))?;
    let mut config = without_reserved(info.at("config").clone());
    config.set("name", destination);
    if session.matches.given("mirror") && !session.matches.given("subjects") {
        // A mirror has no subjects of its own.
        config.remove("subjects");
    }
    settings::apply_fixed(&mut config, &session.matches)?;
    settings::apply(&mut config, &session.matches)?;
    create(session, &api, &stream_config(&config))
}
