//! `nats service info`.

use super::discover::{Wait, ask};
use crate::failure::Result;
use crate::format::{commas, human_duration, local_time, since};
use crate::output::{Columns, Json};
use crate::session::Session;
use crate::{bail, fail};

/// Shows a service and its statistics.
pub fn info(session: &mut Session) -> Result<()> {
    let connection = session.connect()?;
    let timeout = session.timeout();
    let name = session.matches.required_arg("service").to_owned();
    let id = session.matches.arg("id").unwrap_or_default().to_owned();
    let filter = session
        .matches
        .filled("endpoint")
        .map(crate::format::pattern)
        .transpose();
    let filter = filter.map_err(|error| fail!("{error}"))?;
    let fits = |endpoint: &&Json| {
        filter
            .as_ref()
            .is_none_or(|re| re.is_match(endpoint.text("name")))
    };
    let as_json = session.matches.on("json");
    let found = ask(&connection, "INFO", &name, &id, Wait::One, timeout)?;
    let Some(mut info) = found.into_iter().next() else {
        println!("{}", if as_json { "{}" } else { "No results received" });
        return Ok(());
    };
    let (name, id) = (info.text("name").to_owned(), info.text("id").to_owned());
    let found = ask(&connection, "STATS", &name, &id, Wait::One, timeout)?;
    let Some(mut stats) = found.into_iter().next() else {
        bail!("no statistics received for {name} > {id}");
    };
    if as_json {
        for json in [&mut info, &mut stats] {
            if filter.is_some() {
                let endpoints = json.list("endpoints").iter().filter(fits).cloned();
                json.set("endpoints", Json::List(endpoints.collect()));
            }
        }
        Json::object()
            .with("info", info)
            .with("stats", stats)
            .print();
        return Ok(());
    }
    let mut c = Columns::new("Service Information");
    c.row("Service", format!("{name} ({id})"));
    c.row("Description", info.text("description"));
    c.row("Version", info.text("version"));
    metadata(&mut c, &info);
    c.section("Endpoints:");
    c.indent(2);
    for endpoint in info.list("endpoints").iter().filter(fits) {
        c.text("");
        c.row("Name", endpoint.text("name"));
        c.row("Subject", endpoint.text("subject"));
        c.row_filled("Queue Group", endpoint.text("queue_group"));
        metadata(&mut c, endpoint);
    }
    c.indent(0);
    let endpoints = stats.list("endpoints");
    c.section(format!("Statistics for {} Endpoint(s)", endpoints.len()));
    for endpoint in endpoints.iter().filter(fits) {
        c.indent(2);
        statistics(&mut c, &stats, endpoint);
        c.indent(0);
    }
    c.print();
    Ok(())
}

/// Rows about the metadata of a service or endpoint, the keys in one column.
fn metadata(c: &mut Columns, of: &Json) {
    let mut entries: Vec<(&str, &str)> = of
        .entries("metadata")
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_text().unwrap_or_default()))
        .collect();
    entries.sort_unstable();
    let longest = entries.iter().map(|(key, _)| key.chars().count()).max();
    let width = longest.unwrap_or_default();
    let lines: Vec<String> = entries
        .iter()
        .map(|(key, value)| format!("{key:>width$}: {value}"))
        .collect();
    c.rows("Metadata", &lines);
}

fn statistics(c: &mut Columns, stats: &Json, endpoint: &Json) {
    let name = match endpoint.text("name") {
        "" => "default",
        name => name,
    };
    c.section(format!("{name} Endpoint Statistics"));
    let requests = commas(endpoint.uint("num_requests"));
    c.row(
        "Requests",
        format!("{requests} in group {:?}", endpoint.text("queue_group")),
    );
    c.row(
        "Processing Time",
        format!(
            "{} (average {})",
            human_duration(endpoint.int("processing_time")),
            human_duration(endpoint.int("average_processing_time"))
        ),
    );
    let started = stats.text("started");
    let age = since(started).map(human_duration).unwrap_or_default();
    c.row("Started", format!("{} ({age} ago)", local_time(started)));
    c.row("Errors", commas(endpoint.uint("num_errors")));
    c.row_filled("Last Error", endpoint.text("last_error"));
    if endpoint.has("data") {
        c.section("Endpoint Specific Statistics");
        let data = endpoint.at("data").indented("    ");
        c.text(format!(" {}", data.replace('\n', "\n    ")));
    }
}
