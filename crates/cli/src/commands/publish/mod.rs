//! `nats publish` (cli.md 3.2).

mod atomic;
pub mod model;
mod schedule;

use std::thread;
use std::time::Duration;

use crate::bail;
use crate::client::{Connection, Headers};
use crate::failure::Result;
use crate::interrupt;
use crate::jetstream::ApiError;
use crate::log;
use crate::messages::{Bodies, expand_body, expand_subject, parse_headers};
use crate::output::Json;
use crate::output::progress::{Progress, Unit};
use crate::session::Session;
use crate::template::MessageScope;

/// Repetitions above which a progress bar stands for the log lines.
const LOGGED: u64 = 20;

/// Publishes messages.
pub fn publish(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let count = matches.int("count").max(1).unsigned_abs();
    let sleep = matches.duration("sleep").filter(|_| count > 1);
    let line_by_line = matches.text("send-on") == Some("newline");
    let body = matches.arg("body").map(str::to_owned);
    let schedule = schedule::headers(matches)?;
    if matches.on("atomic") {
        if body.is_some() || !line_by_line {
            bail!("atomic batch publishing requires JetStream and STDIN with --send-on=newline");
        }
        if schedule.is_some() {
            bail!("atomic batch publishing does not support schedules");
        }
        return atomic::publish(session);
    }
    let jetstream = matches.on("jetstream") || schedule.is_some();
    let quiet = matches.on("quiet");
    interrupt::cancels()?;
    let connection = session.connect()?;
    let sender = Sender {
        connection,
        subject: session.matches.required_arg("subject").to_owned(),
        reply: session.matches.text("reply").unwrap_or_default().to_owned(),
        given_headers: session.matches.list("header").to_vec(),
        schedule: schedule.unwrap_or_default(),
        templates: session.matches.on("templates"),
        jetstream,
        timeout: session.timeout(),
    };
    let mut bodies = Bodies::new(body.as_deref(), line_by_line, !quiet)?;
    let mut number = 0;
    while let Some(body) = bodies.take()? {
        let shows_bar = count > LOGGED && !quiet;
        let mut bar = Progress::new(shows_bar, "Publishing", Unit::Count, count);
        for _ in 0..count {
            number += 1;
            if let Err(failure) = sender.send(&body, number, !quiet && !shows_bar) {
                bar.abandon();
                return Err(failure);
            }
            bar.add(1);
            if let Some(pause) = sleep {
                thread::sleep(pause);
            }
        }
        bar.finish();
    }
    Ok(())
}

struct Sender {
    connection: Connection,
    subject: String,
    reply: String,
    given_headers: Vec<String>,
    schedule: Headers,
    templates: bool,
    jetstream: bool,
    timeout: Duration,
}

impl Sender {
    fn send(&self, body: &[u8], count: u64, logs: bool) -> Result<()> {
        let scope = MessageScope {
            count,
            request: None,
        };
        let mut headers = parse_headers(&self.given_headers, &scope)?;
        headers
            .entries
            .extend(self.schedule.entries.iter().cloned());
        let (subject, body) = if self.templates {
            (
                expand_subject(&self.subject, &scope),
                expand_body(body, &scope),
            )
        } else {
            (self.subject.clone(), body.to_vec())
        };
        if self.jetstream {
            return self.store(&subject, &headers, &body, logs);
        }
        self.connection
            .publish(&subject, &self.reply, Some(&headers), &body)?;
        self.connection.flush(self.timeout)?;
        if let Some(error) = self.connection.take_error() {
            return Err(error.into());
        }
        if logs {
            log!("Published {} bytes to {subject:?}", body.len());
        }
        Ok(())
    }

    /// Publishes and waits until a stream has stored the message.
    fn store(&self, subject: &str, headers: &Headers, body: &[u8], logs: bool) -> Result<()> {
        let answer = self
            .connection
            .request(subject, Some(headers), body, self.timeout)?;
        if logs {
            log!("Published {} bytes to {subject:?}", body.len());
        }
        let ack = Json::parse(&answer.payload)
            .map_err(|_| crate::fail!("invalid ack response: {}", answer.text()))?;
        if let Some(error) = ApiError::of(&ack) {
            return Err(error.into());
        }
        if logs {
            log!("{}", stored(&ack));
        }
        Ok(())
    }
}

/// What an acknowledgement says.
fn stored(ack: &Json) -> String {
    let mut text = format!(
        "Stored in Stream: {} Sequence: {}",
        ack.text("stream"),
        ack.uint("seq")
    );
    if ack.has("domain") {
        text.push_str(&format!(" Domain: {:?}", ack.text("domain")));
    }
    if ack.on("duplicate") {
        text.push_str(" Duplicate: true");
    }
    if ack.has("val") {
        text.push_str(&format!(" Counter Value: {}", ack.text("val")));
    }
    text
}
