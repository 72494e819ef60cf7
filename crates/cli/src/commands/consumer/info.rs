//! `nats consumer info`, `state` and `ls`.

use super::information::{age, show};
use super::pick::{chosen, chosen_stream};
use crate::commands::assets::Unavailable;
use crate::fail;
use crate::failure::Result;
use crate::format::{human_duration, local_time};
use crate::jetstream::{Api, ApiError};
use crate::output::{Json, Table};
use crate::session::Session;

fn show_chosen(session: &mut Session, state_only: bool) -> Result<()> {
    let exact = session.matches.on("no-select");
    let (_, info) = chosen(session, exact)?;
    show(&info, state_only, session.matches.on("json"));
    Ok(())
}

/// Shows a consumer.
pub fn info(session: &mut Session) -> Result<()> {
    show_chosen(session, false)
}

/// Shows the state of a consumer.
pub fn state(session: &mut Session) -> Result<()> {
    show_chosen(session, true)
}

/// All consumers of a stream by name, and what the server cannot tell about.
pub fn load(api: &Api, stream: &str) -> std::result::Result<(Vec<Json>, Unavailable), ApiError> {
    let mut found = Vec::new();
    let mut rest = Unavailable::default();
    api.pages(&format!("CONSUMER.LIST.{stream}"), &Json::Null, |page| {
        found.extend_from_slice(page.list("consumers"));
        rest.take(page);
        page.list("consumers").len()
    })?;
    found.sort_by(|a, b| a.text("name").cmp(b.text("name")));
    Ok((found, rest))
}

/// Lists consumers.
pub fn list(session: &mut Session) -> Result<()> {
    let exact = session.matches.on("no-select");
    let (api, stream) = chosen_stream(session, exact)?;
    let stream = stream.text("config.name");
    let matches = &session.matches;
    let names = api
        .consumer_names(stream)
        .map_err(|error| fail!("could not load Consumers: {error}"))?;
    if matches.on("json") {
        match names.as_slice() {
            [] => Json::Null.print(),
            _ => Json::List(names.into_iter().map(Json::Text).collect()).print(),
        }
        return Ok(());
    }
    if matches.on("names") {
        for name in names {
            println!("{name}");
        }
        return Ok(());
    }
    if names.is_empty() {
        println!("No Consumers defined");
        return Ok(());
    }
    let (consumers, rest) = load(&api, stream)?;
    table(&consumers).print();
    rest.print("Consumers");
    println!();
    Ok(())
}

fn table(consumers: &[Json]) -> Table {
    let mut table = Table::new(
        "Consumers",
        &[
            "Name",
            "Description",
            "Created",
            "Ack Pending",
            "Unprocessed",
            "Last Delivery",
        ],
    );
    for info in consumers {
        let last = match age(info, info.text("delivered.last_active")) {
            Some(age) => human_duration(age),
            // Longer ago than a duration can say.
            None => "never".to_owned(),
        };
        table.row(vec![
            info.text("name").into(),
            info.text("config.description").into(),
            local_time(info.text("created")).into(),
            info.uint("num_ack_pending").into(),
            info.uint("num_pending").into(),
            last.into(),
        ]);
    }
    table
}
