//! `nats consumer info`, `state` and `ls`.

use super::information::show;
use super::pick::{chosen, chosen_stream};
use crate::commands::stream::Streams;
use crate::failure::Result;
use crate::format::{human_duration, is_unset_time, local_time, since};
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
pub fn load(api: &Api, stream: &str) -> std::result::Result<(Vec<Json>, Streams), ApiError> {
    let mut found = Vec::new();
    let mut rest = Streams::default();
    api.pages(&format!("CONSUMER.LIST.{stream}"), &Json::Null, |page| {
        found.extend_from_slice(page.list("consumers"));
        rest.take_unavailable(page);
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
    if matches.on("json") || matches.on("names") {
        let names = api.consumer_names(stream)?;
        if matches.on("json") {
            Json::List(names.into_iter().map(Json::Text).collect()).print();
        } else {
            for name in names {
                println!("{name}");
            }
        }
        return Ok(());
    }
    let (consumers, rest) = load(&api, stream)?;
    if consumers.is_empty() {
        println!("No Consumers defined");
    } else {
        table(&consumers).print();
    }
    rest.print_unavailable("Consumers");
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
        let last = info.text("delivered.last_active");
        let last = match since(last) {
            Some(age) if !is_unset_time(last) => human_duration(age.max(0)),
            _ => "never".to_owned(),
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
