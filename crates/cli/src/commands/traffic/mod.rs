//! `nats traffic` (cli.md 10.6): how much goes on inside of a deployment,
//! second by second, by families of subjects.

pub mod model;
mod tables;

use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use crate::client::ClientError;
use crate::failure::Result;
use crate::output::terminal;
use crate::session::Session;
use tables::Tables;

/// Time between two drawings, to which the counts in a row belong.
const REDRAW: Duration = Duration::from_secs(1);

/// Shows the traffic until the end.
pub fn traffic(session: &mut Session) -> Result<()> {
    let connection = session.connect()?;
    let subject = session.matches.arg("subjects").unwrap_or(">");
    let messages = connection.subscribe(subject, "")?;
    connection.flush(session.timeout())?;
    let mut tables = Tables::default();
    let mut next = Instant::now() + REDRAW;
    loop {
        match messages.next_before(next) {
            Ok(message) => tables.count(&message.subject, &message.reply, message.payload.len()),
            Err(ClientError::Timeout) => {}
            Err(error) => return Err(error.into()),
        }
        if Instant::now() < next {
            continue;
        }
        // A machine that slept draws once, not for each second of it.
        next = Instant::now() + REDRAW;
        tables.end_row();
        terminal::clear_screen();
        for table in tables.shown() {
            table.print();
        }
        stdout().flush()?;
    }
}
