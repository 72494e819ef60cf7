//! `nats service ping`.

use std::io::{Write, stdout};
use std::time::Instant;

use super::discover::subject;
use crate::bail;
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
    let mut found = 0;
    loop {
        let answer = match answers.next_before(deadline) {
            Ok(answer) if answer.is_no_responders() => break,
            Ok(answer) => answer,
            Err(ClientError::Timeout) => break,
            Err(error) => return Err(error.into()),
        };
        let json = Json::parse(&answer.payload).unwrap_or_default();
        let who = format!("{} {}", json.text("name"), json.text("id"));
        let mut out = stdout().lock();
        writeln!(out, "{who:<50} rtt={}", human_span(begun.elapsed()))?;
        out.flush()?;
        found += 1;
    }
    if found == 0 {
        bail!("no service instances found");
    }
    Ok(())
}
