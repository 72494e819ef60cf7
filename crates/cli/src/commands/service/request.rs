//! `nats service request`.

use super::discover::{Wait, ask};
use crate::bail;
use crate::commands::request::Exchange;
use crate::failure::Result;
use crate::interrupt;
use crate::messages::Source;
use crate::session::Session;

/// Sends requests to an endpoint of a service.
pub fn request(session: &mut Session) -> Result<()> {
    interrupt::cancels()?;
    let connection = session.connect()?;
    let timeout = session.timeout();
    let service = session.matches.required_arg("service").to_owned();
    let endpoint = session.matches.required_arg("endpoint").to_owned();
    let found = ask(&connection, "INFO", &service, "", Wait::One, timeout)?;
    let Some(info) = found.first() else {
        bail!("no instances of service {service:?} found");
    };
    let endpoints = info.list("endpoints");
    if endpoints.is_empty() {
        bail!("service {service:?} has no endpoints");
    }
    let Some(found) = endpoints
        .iter()
        .find(|known| known.text("name") == endpoint)
    else {
        let names: Vec<&str> = endpoints.iter().map(|known| known.text("name")).collect();
        bail!(
            "service {service:?} has no endpoint {endpoint:?} (available: {})",
            names.join(", ")
        );
    };
    let matches = &session.matches;
    let exchange = Exchange {
        connection,
        subject: found.text("subject").to_owned(),
        given_headers: matches.list("header").to_vec(),
        templates: matches.on("templates"),
        raw: matches.on("raw"),
        translate: matches.filled("translate").map(str::to_owned),
        replies: 1,
        gap: std::time::Duration::ZERO,
        timeout,
    };
    exchange.run(&Source::new(matches, "payload"), matches.int("count"))
}
