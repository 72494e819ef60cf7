//! `nats service stats`.

use super::discover::{Wait, ask};
use crate::failure::Result;
use crate::format::{commas, human_duration};
use crate::output::{Json, Table};
use crate::session::Session;

/// Shows statistics of all instances of a service.
pub fn stats(session: &mut Session) -> Result<()> {
    let connection = session.connect()?;
    let name = session.matches.required_arg("service").to_owned();
    let id = session.matches.arg("id").unwrap_or_default().to_owned();
    let timeout = session.timeout();
    let found = ask(&connection, "STATS", &name, &id, Wait::All, timeout)?;
    if found.is_empty() {
        println!("No responses received");
        return Ok(());
    }
    if session.matches.on("json") {
        Json::List(found).print();
        return Ok(());
    }
    let mut table = Table::new(
        format!("{name} Service Statistics"),
        &[
            "ID",
            "Endpoint",
            "Requests",
            "Queue Group",
            "Errors",
            "Processing Time",
            "Average Time",
        ],
    );
    let (mut requests, mut errors, mut nanos) = (0, 0, 0);
    for json in &found {
        for (number, endpoint) in json.list("endpoints").iter().enumerate() {
            requests = endpoint.uint("num_requests").saturating_add(requests);
            errors = endpoint.uint("num_errors").saturating_add(errors);
            nanos = endpoint.int("processing_time").saturating_add(nanos);
            table.row(vec![
                if number == 0 { json.text("id") } else { "" }.into(),
                endpoint.text("name").into(),
                commas(endpoint.uint("num_requests")).into(),
                endpoint.text("queue_group").into(),
                commas(endpoint.uint("num_errors")).into(),
                human_duration(endpoint.int("processing_time")).into(),
                human_duration(endpoint.int("average_processing_time")).into(),
            ]);
        }
    }
    let average = i64::try_from(requests.saturating_add(errors))
        .ok()
        .and_then(|count| nanos.checked_div(count))
        .unwrap_or(0);
    table.footer(vec![
        "".into(),
        "".into(),
        commas(requests).into(),
        "".into(),
        commas(errors).into(),
        human_duration(nanos).into(),
        human_duration(average).into(),
    ]);
    table.print();
    Ok(())
}
