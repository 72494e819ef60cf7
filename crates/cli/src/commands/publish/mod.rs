//! `nats publish` (cli.md 3.2).

mod atomic;
pub mod model;
mod schedule;

use std::thread;
use std::time::{Duration, Instant};

use crate::bail;
use crate::client::{Connection, Headers};
use crate::failure::Result;
use crate::format::commas;
use crate::interrupt;
use crate::jetstream::ApiError;
use crate::log;
use crate::messages::{Source, expand_message, parse_headers};
use crate::output::Json;
use crate::output::progress::{Progress, Unit};
use crate::parse::Matches;
use crate::session::Session;
use crate::template::MessageScope;

/// Repetitions above which a progress bar stands for the log lines.
const LOGGED: u64 = 20;

/// Publishes messages.
pub fn publish(session: &mut Session) -> Result<()> {
    interrupt::cancels()?;
    let connection = session.connect()?;
    let source = Source::new(&session.matches, "body");
    let logs = !session.matches.on("quiet");
    if source.is_stdin() && logs {
        log!("Reading payload from STDIN");
    }
    let schedule = schedule::headers(&session.matches)?;
    let draft = Draft::new(&session.matches, schedule.clone().unwrap_or_default());
    if session.matches.on("atomic") {
        if schedule.is_some() {
            bail!("atomic batch publishing does not support schedules");
        }
        if !source.is_stdin() || !source.is_line_by_line() {
            bail!("atomic batch publishing requires JetStream and STDIN with --send-on=newline");
        }
        return atomic::publish(session, &draft, source.open(false)?);
    }
    let shows_bar = draft.count > LOGGED;
    let sender = Sender {
        jetstream: session.matches.on("jetstream") || schedule.is_some(),
        sleep: session
            .matches
            .duration("sleep")
            .filter(|_| draft.count > 1),
        logs: logs && !shows_bar,
        trace: session.trace(),
        timeout: session.timeout(),
        connection,
        draft,
    };
    let mut bar = Progress::new(shows_bar, "Publishing", Unit::Count, sender.draft.count);
    let mut bodies = source.open(false)?;
    // Of several bodies the first has a bar.
    let mut rest = Progress::new(false, "", Unit::Count, 0);
    let mut shown = Some(&mut bar);
    while let Some(body) = bodies.take()? {
        match sender.send_all(&body, shown.take().unwrap_or(&mut rest)) {
            Ok(()) => {}
            // What comes from a pipe goes on with the next line.
            Err(why) if sender.jetstream && source.is_line_by_line() => {
                log!("Could not publish message: {why}");
            }
            Err(failure) => {
                bar.abandon();
                return Err(failure);
            }
        }
    }
    bar.finish();
    Ok(())
}

/// What messages are made from.
struct Draft {
    subject: String,
    reply: String,
    /// Times that each body is published.
    count: u64,
    given_headers: Vec<String>,
    schedule: Headers,
    templates: bool,
}

/// A message to publish.
struct Ready {
    subject: String,
    headers: Headers,
    body: Vec<u8>,
}

impl Draft {
    fn new(matches: &Matches, schedule: Headers) -> Self {
        Self {
            subject: matches.required_arg("subject").to_owned(),
            reply: matches.text("reply").unwrap_or_default().to_owned(),
            count: matches.int("count").max(1).unsigned_abs(),
            given_headers: matches.list("header").to_vec(),
            schedule,
            templates: matches.on("templates"),
        }
    }

    /// The message of this number, counted from 1 for each body.
    fn message(&self, body: &[u8], number: u64) -> Result<Ready> {
        let scope = MessageScope {
            count: number,
            request: None,
        };
        let (subject, body) = if self.templates {
            expand_message(&self.subject, body, &scope)
        } else {
            (self.subject.clone(), body.to_vec())
        };
        let mut headers = parse_headers(&self.given_headers, &scope)?;
        for (key, value) in &self.schedule.entries {
            headers.set(key.as_str(), value.as_str());
        }
        Ok(Ready {
            subject,
            headers,
            body,
        })
    }
}

struct Sender {
    connection: Connection,
    draft: Draft,
    jetstream: bool,
    sleep: Option<Duration>,
    logs: bool,
    trace: bool,
    timeout: Duration,
}

impl Sender {
    fn send_all(&self, body: &[u8], bar: &mut Progress) -> Result<()> {
        for number in 1..=self.draft.count {
            let begun = Instant::now();
            let message = self.draft.message(body, number)?;
            if self.jetstream {
                self.store(&message)?;
                if let Some(pause) = self.sleep {
                    // The answer has taken a part of it.
                    thread::sleep(pause.saturating_sub(begun.elapsed()));
                }
            } else {
                self.send(&message)?;
            }
            bar.add(1);
        }
        Ok(())
    }

    fn send(&self, message: &Ready) -> Result<()> {
        self.connection.publish(
            &message.subject,
            &self.draft.reply,
            Some(&message.headers),
            &message.body,
        )?;
        self.connection.flush(self.timeout)?;
        if let Some(error) = self.connection.take_error() {
            return Err(error.into());
        }
        if let Some(pause) = self.sleep {
            thread::sleep(pause);
        }
        self.told(message);
        Ok(())
    }

    fn told(&self, message: &Ready) {
        if self.logs {
            let length = message.body.len();
            log!("Published {length} bytes to {:?}", message.subject);
        }
    }

    /// Publishes and waits until a stream has stored the message.
    fn store(&self, message: &Ready) -> Result<()> {
        self.told(message);
        let answer = self.connection.request(
            &message.subject,
            Some(&message.headers),
            &message.body,
            self.timeout,
        )?;
        let ack = Json::parse(&answer.payload)
            .map_err(|_| crate::fail!("invalid ack response: {}", answer.text()))?;
        if let Some(error) = ApiError::of(&ack) {
            return Err(error.into());
        }
        // Who answers need not be a stream.
        if ack.text("stream").is_empty() {
            bail!("invalid ack response: {}", answer.text());
        }
        if self.trace {
            println!("<<< {}", answer.text());
        }
        if self.logs {
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
        commas(ack.uint("seq"))
    );
    add_details(&mut text, ack);
    text
}

/// What only some acknowledgements have.
fn add_details(text: &mut String, ack: &Json) {
    if !ack.text("domain").is_empty() {
        text.push_str(&format!(" Domain: {:?}", ack.text("domain")));
    }
    if ack.on("duplicate") {
        text.push_str(" Duplicate: true");
    }
    if !ack.text("val").is_empty() {
        text.push_str(&format!(" Counter Value: {}", ack.text("val")));
    }
}
