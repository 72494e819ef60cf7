//! `nats consumer next` and `nats consumer sub`.

use std::io::{Write, stdout};
use std::thread;
use std::time::{Duration, Instant};

use super::information::{ack_text, is_push};
use super::pick::chosen;
use crate::client::{ClientError, Message, Subscription};
use crate::failure::{Failure, Result};
use crate::format::{clock, human_duration, human_span};
use crate::jetstream::{Api, Delivered};
use crate::messages::with_newline;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// Time that the answer to a request may come later than the request ends on
/// the server.
const GRACE: Duration = Duration::from_secs(1);

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Nothing.
    Leave,
    /// Acknowledged.
    Ack,
    /// Refused for now.
    Nak,
    /// Given up.
    Term,
}

/// How messages are shown and what becomes of them.
#[derive(Clone, Copy, Debug)]
struct Handling {
    ack: Answer,
    raw: bool,
    /// Longest pause before the acknowledgement.
    wait: Duration,
}

/// Gets messages of a pull consumer.
pub fn next(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let ack = match (matches.on("term"), matches.on("nak")) {
        (true, _) if matches.given("ack") && matches.on("ack") => {
            bail!("can not both Acknowledge and Terminate message")
        }
        (true, true) => bail!("can not both refuse and Terminate message"),
        (true, false) => Answer::Term,
        (false, true) => Answer::Nak,
        (false, false) if matches.on("ack") => Answer::Ack,
        (false, false) => Answer::Leave,
    };
    let handling = Handling {
        ack,
        raw: matches.on("raw"),
        wait: matches.duration("wait").unwrap_or_default(),
    };
    let count = matches.int("count").max(1);
    let stream = matches.required_arg("stream").to_owned();
    let consumer = matches.required_arg("consumer").to_owned();
    let api = session.jetstream()?;
    let info = api
        .consumer_info(&stream, &consumer)
        .map_err(|error| fail!("could not load consumer {consumer:?}: {error}"))?;
    if is_push(info.at("config")) {
        bail!("consumer {consumer:?} is not a Pull consumer");
    }
    pull(&api, &info, handling, count)
}

/// Requests messages one at a time.
fn pull(api: &Api, info: &Json, handling: Handling, count: i64) -> Result<()> {
    let inbox = api.connection.new_inbox();
    let messages = api.connection.subscribe(&inbox, "")?;
    let subject = api.subject(&format!(
        "CONSUMER.MSG.NEXT.{}.{}",
        info.text("stream_name"),
        info.text("name")
    ));
    for _ in 0..count {
        let expires = i64::try_from(api.timeout.as_nanos()).unwrap_or(i64::MAX);
        let body = Json::object().with("expires", expires).with("batch", 1);
        api.connection
            .publish(&subject, &inbox, None, body.compact().as_bytes())?;
        let message = one(&messages, api.timeout + GRACE)?;
        handle(api, &message, handling)?;
    }
    Ok(())
}

/// The next message; an error if its request ends without one.
fn one(messages: &Subscription, patience: Duration) -> Result<Message> {
    let none = |why: &dyn std::fmt::Display| fail!("no message received: {why}");
    let deadline = Instant::now() + patience;
    loop {
        let message = messages
            .next_before(deadline)
            .map_err(|error| none(&error))?;
        let text = || {
            message
                .headers
                .as_ref()
                .map(|headers| headers.description.clone())
                .unwrap_or_default()
        };
        match message.status() {
            0 => return Ok(message),
            100 => {}
            404 | 408 => return Err(none(&ClientError::Timeout)),
            503 => return Err(none(&ClientError::NoResponders)),
            _ => return Err(none(&format!("nats: {}", text()))),
        }
    }
}

/// Shows a message and says to the server what becomes of it.
fn handle(api: &Api, message: &Message, handling: Handling) -> Result<()> {
    show(message, handling.raw)?;
    let payload: &[u8] = match handling.ack {
        Answer::Leave => return Ok(()),
        Answer::Ack => b"+ACK",
        Answer::Nak => b"-NAK",
        Answer::Term => b"+TERM",
    };
    let mut waited = Duration::ZERO;
    if !handling.wait.is_zero() {
        waited = handling.wait.mul_f64(fastrand::f64());
        thread::sleep(waited);
    }
    // Its confirmation shows that the server has taken it.
    match api
        .connection
        .request(&message.reply, None, payload, api.timeout)
    {
        // Consumers that are not acknowledged do not listen.
        Ok(_) | Err(ClientError::NoResponders) => {}
        Err(error) => return Err(fail!("could not acknowledge message: {error}")),
    }
    if handling.raw {
        return Ok(());
    }
    match handling.ack {
        Answer::Leave => {}
        Answer::Ack if waited.is_zero() => println!("\nAcknowledged message\n"),
        Answer::Ack => println!(
            "\nAcknowledged message after {} delay\n",
            human_span(waited)
        ),
        Answer::Nak => println!("\nNegative Acknowledged message\n"),
        Answer::Term => println!("\nTerminated message\n"),
    }
    Ok(())
}

fn show(message: &Message, raw: bool) -> Result<()> {
    let mut out = Vec::new();
    if raw {
        out.extend_from_slice(&message.payload);
        out.push(b'\n');
    } else {
        let about = match Delivered::parse(&message.reply) {
            Some(delivered) => format!(
                "[{}] subj: {} / tries: {} / cons seq: {} / str seq: {} / pending: {}",
                clock(),
                message.subject,
                delivered.deliveries,
                delivered.consumer_seq,
                delivered.stream_seq,
                delivered.pending
            ),
            None => format!(
                "[{}] subj: {} reply: {}",
                clock(),
                message.subject,
                message.reply
            ),
        };
        writeln!(out, "{about}")?;
        if let Some(headers) = message
            .headers
            .as_ref()
            .filter(|headers| !headers.is_empty())
        {
            writeln!(out, "\nHeaders:\n")?;
            for (key, value) in &headers.entries {
                writeln!(out, "  {key}: {value}")?;
            }
            writeln!(out, "\nData:\n")?;
        }
        writeln!(out)?;
        out.extend_from_slice(&with_newline(&message.payload));
    }
    let mut stdout = stdout().lock();
    stdout.write_all(&out)?;
    stdout.flush()?;
    Ok(())
}

/// Receives what a consumer delivers.
pub fn subscribe(session: &mut Session) -> Result<()> {
    let (api, info) = chosen(session, false)?;
    let config = info.at("config");
    let acknowledges = session.matches.on("ack");
    let raw = session.matches.on("raw");
    let handling = Handling {
        ack: if acknowledges && config.text("ack_policy") != "none" {
            Answer::Ack
        } else {
            Answer::Leave
        },
        raw,
        wait: Duration::ZERO,
    };
    if !is_push(config) {
        return pull(&api, &info, handling, 1);
    }
    let subject = config.text("deliver_subject");
    if !raw {
        println!(
            "Subscribing to topic {subject} auto acknowledgment: {}\n",
            handling.ack == Answer::Ack
        );
        println!("Consumer Info:\n  Ack Policy: {}", ack_text(config));
        if config.text("ack_policy") != "none" {
            println!("    Ack Wait: {}", human_duration(config.int("ack_wait")));
        }
        println!();
        stdout().flush()?;
    }
    let group = session
        .matches
        .filled("deliver-group")
        .unwrap_or(config.text("deliver_group"));
    let messages = api.connection.subscribe(subject, group)?;
    loop {
        let message = messages.wait().map_err(Failure::from)?;
        if message.status() == 100 {
            // A heartbeat, or a question whether we keep up.
            if !message.reply.is_empty() {
                api.connection.publish(&message.reply, "", None, b"")?;
            } else if let Some(stalled) = message.header("Nats-Consumer-Stalled") {
                api.connection.publish(stalled, "", None, b"")?;
            }
            continue;
        }
        handle(&api, &message, handling)?;
    }
}
