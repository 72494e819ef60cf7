//! `nats consumer add` and `nats consumer copy`.

use std::path::Path;

use super::check::problems;
use super::information::show;
use super::pick::chosen_stream;
use super::{settings, wizard};
use crate::client::unique_id;
use crate::commands::assets::{
    Questions, complete, consumer_config, is_valid_name, read_config, without_reserved,
};
use crate::context::write_whole;
use crate::failure::Result;
use crate::jetstream::Api;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// Creates a consumer, or changes one that exists.
pub fn add(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    if matches.on("validate") || matches.given("output") {
        let config = wanted(session)?;
        return checked_only(&consumer_config(&config), session.matches.filled("output"));
    }
    let (api, stream) = chosen_stream(session, false)?;
    let config = wanted(session)?;
    let info = create(&api, stream.text("config.name"), &config, "")?;
    show(&info, false, false);
    Ok(())
}

/// The configuration from a file, or from flags, questions and defaults.
fn wanted(session: &Session) -> Result<Json> {
    let matches = &session.matches;
    let questions = Questions::new(session.prompt(), matches.on("defaults"));
    let name = matches.arg("consumer").unwrap_or_default().to_owned();
    if let Some(path) = matches.filled("config") {
        let mut config = read_config(path).map_err(|failure| failure.context("invalid input"))?;
        if !name.is_empty() {
            check_name(&name)?;
            let key = if config.text("durable_name").is_empty() {
                "name"
            } else {
                config.set("name", name.as_str());
                "durable_name"
            };
            config.set(key, name.as_str());
        }
        if let Some(target) = matches.filled("target") {
            config.set("deliver_subject", target);
        }
        complete(
            &mut config,
            &[
                ("ack_policy", "none".into()),
                ("deliver_policy", "all".into()),
                ("replay_policy", "instant".into()),
                ("num_replicas", 0.into()),
            ],
        );
        return Ok(config);
    }
    let name = if name.is_empty() && !matches.on("ephemeral") {
        session
            .prompt()
            .text("Consumer name", "", "Without blanks, dots and wildcards")
            .map_err(|failure| failure.context("could not request durable name"))?
            .trim()
            .to_owned()
    } else {
        name
    };
    let mut config = Json::object();
    set_name(&mut config, &name, matches.on("ephemeral"))?;
    settings::apply_fixed(&mut config, matches)?;
    settings::apply(&mut config, matches)?;
    if matches.on("pull") && !config.text("deliver_subject").is_empty() {
        bail!("pull consumers cannot have a delivery target");
    }
    // A pull consumer acknowledges, and has no heartbeats: said before
    // anything is asked.
    if matches.on("pull") {
        settings::check_mode(&config)?;
    }
    wizard::ask(&mut config, matches, &questions)?;
    settings::check_mode(&config)?;
    if !config.has("num_replicas") {
        config.set("num_replicas", 0);
    }
    Ok(config)
}

fn check_name(name: &str) -> Result<()> {
    if !is_valid_name(name) {
        bail!("durable name can not contain '.', '*', '>'");
    }
    Ok(())
}

fn set_name(config: &mut Json, name: &str, ephemeral: bool) -> Result<()> {
    config.remove("durable_name");
    config.remove("name");
    if ephemeral {
        if !name.is_empty() {
            check_name(name)?;
            config.set("name", name);
        }
        return Ok(());
    }
    check_name(name)?;
    config.set("durable_name", name);
    config.set("name", name);
    Ok(())
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
            println!("Configuration is a valid Consumer");
            Ok(())
        }
    }
}

/// Creates a consumer; `action` is empty, or `create` or `update`. Gives the
/// information about it.
pub fn create(api: &Api, stream: &str, config: &Json, action: &str) -> Result<Json> {
    let problems = problems(config);
    if !problems.is_empty() {
        bail!("Consumer creation failed: {}", problems.join(", "));
    }
    let name = match (config.text("name"), config.text("durable_name")) {
        ("", "") => unique_id(),
        ("", durable) => durable.to_owned(),
        (name, _) => name.to_owned(),
    };
    let filter = config.text("filter_subject");
    let mut request = format!("CONSUMER.CREATE.{stream}.{name}");
    if !filter.is_empty() {
        request.push('.');
        request.push_str(filter);
    }
    let mut body = Json::object()
        .with("stream_name", stream)
        .with("config", consumer_config(config));
    if !action.is_empty() {
        body.set("action", action);
    }
    api.request(&request, &body)
        .map_err(|error| fail!("Consumer creation failed: {error}"))
}

/// Creates a consumer with the configuration of another one.
pub fn copy(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let stream = matches.required_arg("stream").to_owned();
    let source = matches.required_arg("source").to_owned();
    let destination = matches.required_arg("destination").to_owned();
    if source == destination {
        bail!("source and destination Consumer names cannot be the same");
    }
    check_name(&destination)?;
    let api = session.jetstream()?;
    let info = api
        .consumer_info(&stream, &source)
        .map_err(|error| fail!("could not load source Consumer: {error}"))?;
    let mut config = without_reserved(info.at("config").clone());
    config.remove("pause_until");
    let matches = &session.matches;
    let ephemeral = matches.on("ephemeral") || config.text("durable_name").is_empty();
    set_name(&mut config, &destination, ephemeral)?;
    settings::apply_fixed(&mut config, matches)?;
    settings::apply(&mut config, matches)?;
    if matches.on("pull") {
        for key in [
            "deliver_subject",
            "deliver_group",
            "flow_control",
            "idle_heartbeat",
        ] {
            config.remove(key);
        }
    }
    settings::check_mode(&config)?;
    let info = create(&api, &stream, &config, "create")?;
    show(&info, false, false);
    Ok(())
}
