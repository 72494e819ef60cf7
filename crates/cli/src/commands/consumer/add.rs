//! `nats consumer add` and `nats consumer copy`.

use std::path::Path;

use super::check::{needed_level, problems};
use super::fields;
use super::information::show;
use super::pick::stream_for;
use super::{file, settings, wizard};
use crate::commands::assets::{is_checked, is_valid_name, without_reserved};
use crate::context::write_whole;
use crate::failure::Result;
use crate::jetstream::Api;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// Letters of the names that consumers without one are given.
const NAME_LETTERS: usize = 8;

/// Creates a consumer, or changes one that exists.
pub fn add(session: &mut Session) -> Result<()> {
    let (api, stream) = stream_for(session, "consumer")?;
    let config = match session.matches.filled("config") {
        Some(path) => from_file(session, path)?,
        None => wizard::configuration(session)?,
    };
    let config = fields::configuration(&without_reserved(config));
    let matches = &session.matches;
    if matches.on("validate") || matches.filled("output").is_some() {
        return checked_only(&config, matches.on("validate"), matches.text("output"));
    }
    check_level(session, &config)?;
    let info = create(&api, &stream, &config)
        .map_err(|failure| failure.context("Consumer creation failed"))?;
    show(&info, false, false);
    Ok(())
}

/// The configuration in a file, with the name and the target of the command
/// line where it has others.
fn from_file(session: &Session, path: &str) -> Result<Json> {
    let mut config = file::read(path)?;
    let name = session.matches.arg("consumer").unwrap_or_default();
    if !name.is_empty() && !config.text("durable_name").is_empty() {
        config.set("durable_name", name);
    }
    if let Some(target) = session.matches.filled("target")
        && !config.text("deliver_subject").is_empty()
    {
        config.set("deliver_subject", target);
    }
    Ok(config)
}

/// `--validate` and `--output`: nothing is created.
fn checked_only(config: &Json, shown: bool, output: Option<&str>) -> Result<()> {
    let problems = problems(config);
    if shown {
        // What is not checked is not shown, either.
        let text = if is_checked() {
            config.pretty()
        } else {
            String::new()
        };
        println!("{text}\n");
    }
    if !problems.is_empty() {
        bail!("Validation Failed: {}", problems.join("\n\t"));
    }
    if shown {
        println!("Configuration is a valid Consumer");
        return Ok(());
    }
    let path = output.unwrap_or_default();
    write_whole(Path::new(path), config.pretty().as_bytes(), 0o600)
}

/// Fails if servers are too old for what a configuration asks for.
pub fn check_level(session: &mut Session, config: &Json) -> Result<()> {
    if settings::is_paused(config) {
        session.need_api_level(1, "pausing consumers requires NATS Server 2.11")?;
    }
    match config.text("priority_policy") {
        "" if config.list("priority_groups").is_empty() => Ok(()),
        "pinned_client" => {
            session.need_api_level(2, "Prioritized Consumer Groups requires NATS Server 2.12")
        }
        _ => session.need_api_level(1, "Consumer Groups requires NATS Server 2.11"),
    }
}

/// Creates a consumer, or changes the one of that name. Gives the information
/// about it.
pub fn create(api: &Api, stream: &str, config: &Json) -> Result<Json> {
    let mut config = fields::configuration(config);
    let name = match (config.text("durable_name"), config.text("name")) {
        ("", "") => new_name(),
        ("", name) => name.to_owned(),
        (durable, _) => durable.to_owned(),
    };
    if !is_valid_name(&name) {
        bail!("{name:?} is not a valid consumer name");
    }
    config.set("name", name.as_str());
    let filter = config.text("filter_subject");
    let mut request = format!("CONSUMER.CREATE.{stream}.{name}");
    if !filter.is_empty() {
        request.push('.');
        request.push_str(filter);
    }
    let level = needed_level(&config);
    let body = Json::object()
        .with("stream_name", stream)
        .with("config", fields::configuration(&config))
        .with("action", "");
    Ok(api.request_at_level(&request, &body, level)?)
}

fn new_name() -> String {
    (0..NAME_LETTERS)
        .map(|_| fastrand::alphanumeric())
        .collect()
}

/// Creates a consumer with the configuration of another one.
pub fn copy(session: &mut Session) -> Result<()> {
    let (api, stream) = stream_for(session, "source")?;
    let matches = &session.matches;
    let source = matches.required_arg("source");
    let destination = matches.required_arg("destination");
    let info = api
        .consumer_info(&stream, source)
        .map_err(|error| fail!("could not load source Consumer: {error}"))?;
    let mut config = info.at("config").clone();
    settings::copied(&mut config, matches)?;
    if matches.on("ephemeral") {
        config.remove("durable_name");
        config.set("name", destination);
    } else {
        config.set("durable_name", destination);
    }
    let info = create(&api, &stream, &config)
        .map_err(|failure| failure.context("Consumer creation failed"))?;
    if !session.matches.on("ephemeral") {
        show(&info, false, false);
    }
    Ok(())
}
