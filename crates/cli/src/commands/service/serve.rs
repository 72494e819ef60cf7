//! `nats service serve`: a service to try things with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::announce::{Description, Service};
use crate::bail;
use crate::client::{Connection, Headers, Message};
use crate::failure::Result;
use crate::format::local_time_of;
use crate::log;
use crate::model::VERSION;
use crate::output::{Columns, Json};
use crate::session::Session;

/// Queue group of the endpoint.
const QUEUE: &str = "q";

/// Answers requests with what they bring.
pub fn serve(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("name").to_owned();
    let connection = session.connect()?;
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
    if name.is_empty() || !name.bytes().all(fits) {
        bail!(
            "validation: service name: name should not be empty and should consist of alphanumerical characters, dashes and underscores"
        );
    }
    let subject = format!("{name}.echo");
    let payload = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&payload);
    let service = Service::new(Description {
        endpoint: "echo",
        name: &name,
        version: "1.0.0",
        description: &format!("NATS CLI Demo Service ({name})"),
        metadata: Json::object()
            .with("_nats.client.created.library", "natscli")
            .with("_nats.client.created.version", VERSION),
        subject: &subject,
        queue: QUEUE,
        data: Some(Arc::new(move || {
            Json::object().with("total_payload", counted.load(Ordering::Relaxed))
        })),
    });
    service.announce(&connection)?;
    let requests = connection.subscribe(&subject, QUEUE)?;
    connection.flush(session.timeout())?;
    let given = session.matches.map("header");
    let mut c = Columns::new(format!(
        "NATS CLI Service {name} handler {} waiting for requests on {}",
        std::process::id(),
        connection.url()
    ));
    c.section("Listening Subjects");
    c.row(&subject, "Echo Service");
    if !given.is_empty() {
        c.section("Custom Response Headers");
        c.pairs(&given);
    }
    c.section("Requests Log");
    c.print();
    loop {
        let request = requests.wait()?;
        let begun = Instant::now();
        let size = u64::try_from(request.payload.len()).unwrap_or(u64::MAX);
        payload.fetch_add(size, Ordering::Relaxed);
        log!("Handling request on subject {}", request.subject);
        if !request.reply.is_empty() {
            let headers = answer_headers(&connection, &given, &request);
            connection.publish(&request.reply, "", Some(&headers), &request.payload)?;
        }
        service.requests.fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        service.nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

/// Headers of an answer, sorted: where it comes from, those of the command
/// line, those of the request.
fn answer_headers(
    connection: &Connection,
    given: &[(String, String)],
    request: &Message,
) -> Headers {
    let mut headers = Headers::new();
    headers.add("ConnectedUrl", connection.url());
    headers.add("Handler", std::process::id().to_string());
    headers.add("Subject", request.subject.as_str());
    headers.add("Timestamp", local_time_of(jiff::Timestamp::now()));
    let cluster = connection.info().cluster;
    if !cluster.is_empty() {
        headers.add("ConnectedCluster", cluster);
    }
    for (key, value) in given {
        headers.add(key.as_str(), value.as_str());
    }
    for (key, value) in request.headers.iter().flat_map(|headers| &headers.entries) {
        headers.add(key.as_str(), value.as_str());
    }
    headers.entries.sort_by(|a, b| a.0.cmp(&b.0));
    headers
}
