//! `nats stream add` and `nats stream copy`.

use std::path::Path;

use super::check::{SCHEMA, problems};
use super::information::show;
use super::{settings, wizard};
use crate::commands::assets::shape::STREAM_CONFIG;
use crate::commands::assets::{Questions, is_valid_name, without_reserved};
use crate::context::write_whole;
use crate::failure::Result;
use crate::jetstream::Api;
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;
use crate::{bail, fail};

/// API level of servers with atomic batches and counters.
const BATCH_LEVEL: i64 = 2;

/// Creates a stream.
pub fn add(session: &mut Session) -> Result<()> {
    settings::check_sizes(&session.matches)?;
    let offline = session.matches.on("validate") || session.matches.given("output");
    session.context()?;
    // What is not created needs no server, unless one has a say.
    let api = match session.management() {
        Ok(api) => Some(api),
        Err(_) if offline => None,
        Err(failure) => return Err(failure.context("could not create Stream")),
    };
    let config = STREAM_CONFIG.arranged(&wanted(session, api.as_ref())?);
    let matches = session.matches.clone();
    if offline {
        return checked_only(&config, matches.on("validate"), matches.filled("output"));
    }
    let Some(api) = api else {
        return Ok(());
    };
    let info = create(session, &api, &config)?;
    println!("Stream {} was created\n", config.text("name"));
    show(&info, false, matches.on("json"));
    Ok(())
}

/// The configuration from a file, or from flags, questions and defaults.
fn wanted(session: &Session, api: Option<&Api>) -> Result<Json> {
    let matches = &session.matches;
    let name = matches.arg("stream").unwrap_or_default();
    if let Some(path) = matches.filled("config") {
        let config =
            settings::from_file(path, name).map_err(|failure| failure.context("invalid input"))?;
        let mut config = without_reserved(config);
        override_file(&mut config, matches);
        return Ok(config);
    }
    let questions = Questions::new(session.prompt(), matches.on("defaults"));
    // An account that does not say has no such rule.
    wizard::ask(matches, &questions, || {
        api.is_some_and(|api| size_required(api).unwrap_or(false))
    })
}

/// The few flags that win over a configuration from a file.
fn override_file(config: &mut Json, matches: &Matches) {
    // As they are: a list in one flag is one subject, which no server takes.
    let subjects = matches.list("subjects");
    if !subjects.is_empty() {
        let subjects = subjects.iter().cloned().map(Json::Text).collect();
        config.set("subjects", Json::List(subjects));
    }
    settings::placement(config, matches);
    if let Some(description) = matches.filled("description") {
        config.set("description", description);
    }
    if matches.int("replicas") > 0 {
        config.set("num_replicas", matches.int("replicas"));
    }
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
fn checked_only(config: &Json, validate: bool, output: Option<&str>) -> Result<()> {
    let mut problems = problems(config);
    if config
        .texts("subjects")
        .iter()
        .any(|subject| subject == ">")
        && !config.on("no_ack")
    {
        problems = vec!["subjects cannot be '>' when acknowledgement is enabled".to_owned()];
    }
    if validate {
        println!("{}\n", config.pretty());
    }
    if !problems.is_empty() {
        bail!("Validation Failed: {}", problems.join("\n\t"));
    }
    match output.filter(|_| !validate) {
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

/// Fails unless the server knows what a configuration asks for.
pub fn need_levels(session: &mut Session, config: &Json) -> Result<()> {
    for (key, what) in [
        ("allow_atomic", "Atomic Batch Publishing"),
        ("allow_msg_counter", "Distributed Counters"),
    ] {
        if config.on(key) {
            session.need_api_level(BATCH_LEVEL, &format!("{what} requires NATS Server 2.12"))?;
        }
    }
    Ok(())
}

/// Creates a stream; gives the information about it.
fn create(session: &mut Session, api: &Api, config: &Json) -> Result<Json> {
    let name = config.text("name");
    need_levels(session, config)?;
    check_name(name)
        .and_then(|()| {
            let problems = problems(config);
            if !problems.is_empty() {
                bail!("configuration validation failed: {}", problems.join(", "));
            }
            Ok(api.request(&format!("STREAM.CREATE.{name}"), config)?)
        })
        .map_err(|failure| failure.context("could not create Stream"))
}

/// Creates a stream with the configuration of another one.
pub fn copy(session: &mut Session) -> Result<()> {
    settings::check_sizes(&session.matches)?;
    let source = session.matches.required_arg("source").to_owned();
    let destination = session.matches.required_arg("destination").to_owned();
    if source == destination {
        bail!("source and destination Stream names cannot be the same");
    }
    let (api, info) = super::info::chosen_by(session, Some(&source), false)?;
    settings::check_transforms(&session.matches)?;
    // The server's own metadata comes again from the server.
    let mut config = without_reserved(info.at("config").clone());
    settings::apply(&mut config, &session.matches)
        .map_err(|failure| fail!("could not copy Stream {source}: {failure}"))?;
    settings::apply_fixed(&mut config, &session.matches);
    config.set("name", destination.as_str());
    let info = create(session, &api, &STREAM_CONFIG.arranged(&config))?;
    let json = session.matches.on("json");
    if !json {
        println!("Stream {destination} was created\n");
    }
    show(&info, false, json);
    Ok(())
}
