//! `nats service serve`: a service to try things with.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::announce::{Description, Service};
use crate::bail;
use crate::client::Headers;
use crate::failure::Result;
use crate::log;
use crate::messages::parse_headers;
use crate::session::Session;
use crate::template::MessageScope;

/// Queue group of the endpoint.
const QUEUE: &str = "q";

/// Answers requests with what they bring.
pub fn serve(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("name").to_owned();
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
    if name.is_empty() || !name.bytes().all(fits) {
        bail!("invalid service name {name:?}");
    }
    let connection = session.connect()?;
    let subject = format!("{name}.echo");
    let service = Service::new(Description {
        name: &name,
        version: "1.0.0",
        description: "Answers requests with what they bring",
        endpoint: "echo",
        subject: &subject,
        queue: QUEUE,
    });
    service.announce(&connection)?;
    let requests = connection.subscribe(&subject, QUEUE)?;
    connection.flush(session.timeout())?;
    log!(
        "Service {name} ({}) is listening on {subject:?} in group {QUEUE:?}",
        service.id
    );
    let mut count = 0;
    loop {
        let request = requests.wait()?;
        let begun = Instant::now();
        count += 1;
        let scope = MessageScope {
            count,
            request: Some(request.text()),
        };
        let mut headers: Headers = parse_headers(session.matches.list("header"), &scope)?;
        for (key, value) in request.headers.iter().flat_map(|headers| &headers.entries) {
            headers.add(key.as_str(), value.as_str());
        }
        headers.add("ConnectedUrl", connection.url());
        headers.add("Handler", service.id.as_str());
        headers.add("Subject", request.subject.as_str());
        headers.add("Timestamp", jiff::Timestamp::now().to_string());
        log!("[#{count}] Received on subject {:?}", request.subject);
        if !request.reply.is_empty() {
            connection.publish(&request.reply, "", Some(&headers), &request.payload)?;
        }
        service.requests.fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        service.nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}
