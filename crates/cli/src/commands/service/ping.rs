//! `nats service ping`.

use std::io::{Write, stdout};
use std::time::Instant;

use super::discover::subject;
use crate::client::ClientError;
use crate::failure::Result;
use crate::format::human_span;
use crate::output::Json;
use crate::session::Session;

/// Pings services until the timeout.
pub fn ping(session: &mut Session) -> Result<()> {
    let connection = session.connect()?;
    let name = session
        .matches
        .arg("service")
        .unwrap_or_default()
        .to_owned();
    let inbox = connection.new_inbox();
    let answers = connection.subscribe(&inbox, "")?;
    let begun = Instant::now();
    connection.publish(&subject("PING", &name, ""), &inbox, None, b"")?;
    let deadline = begun + session.timeout();
    loop {
        let answer = match answers.next_before(deadline) {
            Ok(answer) => answer,
            Err(ClientError::Timeout) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let json = Json::parse(&answer.payload).unwrap_or_default();
        if json.text("type") != "io.nats.micro.v1.ping_response" {
            continue;
        }
        let who = format!("{} {}", json.text("name"), json.text("id"));
        let mut out = stdout().lock();
        writeln!(out, "{who:<50} rtt={}", human_span(begun.elapsed()))?;
        out.flush()?;
    }
}
