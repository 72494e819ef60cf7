//! `nats service info`.

use super::discover::one;
use crate::fail;
use crate::failure::Result;
use crate::format::{commas, human_duration, local_time, since};
use crate::jetstream::describe;
use crate::output::{Columns, Json};
use crate::session::Session;

/// Shows a service and its statistics.
pub fn info(session: &mut Session) -> Result<()> {
    let connection = session.connect()?;
    let timeout = session.timeout();
    let name = session.matches.required_arg("service").to_owned();
    let id = session.matches.arg("id").unwrap_or_default().to_owned();
    let filter = session
        .matches
        .filled("endpoint")
        .map(regex::Regex::new)
        .transpose();
    let filter = filter.map_err(|error| fail!("{error}"))?;
    let fits = |endpoint: &Json| {
        filter
            .as_ref()
            .is_none_or(|re| re.is_match(endpoint.text("name")))
    };
    let info = one(&connection, "INFO", &name, &id, timeout)?;
    let stats = one(&connection, "STATS", &name, info.text("id"), timeout)?;
    if session.matches.on("json") {
        Json::object()
            .with("info", info)
            .with("stats", stats)
            .print();
        return Ok(());
    }
    let mut c = Columns::new("Service Information");
    c.row(
        "Service",
        format!("{} ({})", info.text("name"), info.text("id")),
    );
    c.row("Description", info.text("description"));
    c.row("Version", info.text("version"));
    describe::metadata(&mut c, info.at("metadata"));
    c.section("Endpoints");
    for endpoint in info
        .list("endpoints")
        .iter()
        .filter(|endpoint| fits(endpoint))
    {
        c.row("Name", endpoint.text("name"));
        c.row("Subject", endpoint.text("subject"));
        c.row("Queue Group", endpoint.text("queue_group"));
        for (key, value) in endpoint.entries("metadata") {
            c.row(
                "Metadata",
                format!("{key}: {}", value.as_text().unwrap_or_default()),
            );
        }
        c.text("");
    }
    let endpoints: Vec<&Json> = stats
        .list("endpoints")
        .iter()
        .filter(|endpoint| fits(endpoint))
        .collect();
    c.section(format!("Statistics for {} Endpoint(s)", endpoints.len()));
    for endpoint in endpoints {
        c.section(format!("{} Endpoint Statistics", endpoint.text("name")));
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
            c.row("Endpoint Specific Statistics", endpoint.at("data").pretty());
        }
    }
    c.print();
    println!();
    Ok(())
}
