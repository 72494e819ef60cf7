//! `nats stream ls`.

use super::info::connect;
use crate::commands::assets::{Unavailable, is_internal};
use crate::fail;
use crate::failure::Result;
use crate::format::{commas, human_size, local_time};
use crate::jetstream::{Api, ApiError, describe};
use crate::output::{Json, Table};
use crate::session::Session;

/// All streams of an account, and those that the server cannot tell about.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    /// Information about each one, by name.
    pub found: Vec<Json>,
    /// Those without.
    pub unavailable: Unavailable,
}

impl Streams {
    /// Those with a subject that overlaps `subject`; all if it is empty.
    pub fn load(api: &Api, subject: &str) -> std::result::Result<Self, ApiError> {
        let body = match subject {
            "" => Json::Null,
            subject => Json::object().with("subject", subject),
        };
        let mut out = Self::default();
        api.pages("STREAM.LIST", &body, |page| {
            out.found.extend_from_slice(page.list("streams"));
            out.unavailable.take(page);
            page.list("streams").len()
        })?;
        out.found
            .sort_by(|a, b| a.text("config.name").cmp(b.text("config.name")));
        Ok(out)
    }
}

/// Lists streams.
pub fn list(session: &mut Session) -> Result<()> {
    let api = connect(session)?;
    let matches = &session.matches;
    let subject = matches.filled("subject").unwrap_or_default();
    let shown = |name: &str| matches.on("all") || !is_internal(name);
    if matches.on("names") {
        let names = api.stream_names(subject)?;
        if matches.on("json") {
            print_names(names);
        } else {
            for name in names {
                println!("{name}");
            }
        }
        return Ok(());
    }
    let mut streams =
        Streams::load(&api, subject).map_err(|error| fail!("could not list streams: {error}"))?;
    let before = streams.found.len();
    streams.found.retain(|info| shown(info.text("config.name")));
    if matches.on("json") {
        let names = streams.found.iter().map(|info| info.text("config.name"));
        print_names(names.map(str::to_owned).collect());
        return Ok(());
    }
    if streams.found.is_empty() && streams.unavailable.is_empty() {
        if before > 0 {
            println!("No Streams defined, pass -a to include system streams");
        } else {
            println!("No Streams defined");
        }
        return Ok(());
    }
    let title = match subject {
        "" => "Streams".to_owned(),
        subject => format!("Streams matching {subject}"),
    };
    print_table(title, streams.found.iter());
    streams.unavailable.print("Streams");
    println!();
    Ok(())
}

/// Prints names as JSON; without any `null`.
fn print_names(names: Vec<String>) {
    if names.is_empty() {
        Json::Null.print();
    } else {
        Json::List(names.into_iter().map(Json::Text).collect()).print();
    }
}

/// Prints streams, the smallest first.
pub fn print_table<'a>(title: String, streams: impl Iterator<Item = &'a Json>) {
    let mut streams: Vec<&Json> = streams.collect();
    streams.sort_by_key(|info| info.uint("state.bytes"));
    let mut table = Table::new(
        title,
        &[
            "Name",
            "Description",
            "Created",
            "Messages",
            "Size",
            "Last Message",
        ],
    );
    for info in streams {
        table.row(vec![
            info.text("config.name").into(),
            info.text("config.description").into(),
            local_time(info.text("created")).into(),
            commas(info.uint("state.messages")).into(),
            human_size(info.uint("state.bytes")).into(),
            describe::last_message(info).into(),
        ]);
    }
    table.print();
}
