//! `nats consumer next` and `nats consumer sub`.

use std::io::{Write, stdout};
use std::thread;
use std::time::{Duration, Instant};

use super::information::{ack_text, is_push};
use super::pick::{chosen, for_messages, loaded};
use crate::client::{ClientError, Message};
use crate::failure::{Failure, Result};
use crate::format::{clock, commas, go_duration};
use crate::jetstream::{Api, Delivered};
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail, log};

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
    trace: bool,
}

/// Gets messages of a pull consumer.
pub fn next(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let ack = match (matches.on("term"), matches.on("nak")) {
        (true, nak) if nak || (matches.given("ack") && matches.on("ack")) => {
            bail!("can not both Acknowledge and Terminate message")
        }
        (true, _) => Answer::Term,
        (false, true) => Answer::Nak,
        (false, false) if matches.on("ack") => Answer::Ack,
        (false, false) => Answer::Leave,
    };
    let handling = Handling {
        ack,
        raw: matches.on("raw"),
        wait: matches.duration("wait").unwrap_or_default(),
        trace: session.trace(),
    };
    let count = matches.int("count");
    let stream = matches.required_arg("stream").to_owned();
    let consumer = matches.required_arg("consumer").to_owned();
    let api = for_messages(session)?;
    // A user may be allowed to get messages, and nothing else.
    let info = loaded(&api, &stream, &consumer);
    for _ in 0..count {
        pull(&api, &stream, &consumer, info.as_ref(), handling)?;
    }
    Ok(())
}

/// Why there is no message; for a consumer that is not there, or delivers by
/// itself, that.
fn no_message(
    api: &Api,
    stream: &str,
    consumer: &str,
    info: Option<&Json>,
    why: &dyn std::fmt::Display,
) -> Failure {
    let asked;
    let info = match info {
        Some(info) => info,
        None => match api.consumer_info(stream, consumer) {
            Ok(info) => {
                asked = info;
                &asked
            }
            Err(error) => return fail!("could not load consumer {consumer:?}: {error}"),
        },
    };
    if is_push(info.at("config")) {
        return fail!("consumer {consumer:?} is not a Pull consumer");
    }
    fail!("no message received: {why}")
}

/// Requests a message.
fn pull(
    api: &Api,
    stream: &str,
    consumer: &str,
    info: Option<&Json>,
    handling: Handling,
) -> Result<()> {
    let connection = api.connection()?;
    let inbox = connection.new_inbox();
    let messages = connection.subscribe(&inbox, "")?;
    let subject = api.subject(&format!("CONSUMER.MSG.NEXT.{stream}.{consumer}"));
    let expires = i64::try_from(api.timeout.as_nanos()).unwrap_or(i64::MAX);
    let body = Json::object()
        .with("expires", expires)
        .with("batch", 1)
        .compact();
    if handling.trace {
        log!(">>> {subject}:\n{body}\n");
    }
    connection.publish(&subject, &inbox, None, body.as_bytes())?;
    let failed = |why: &dyn std::fmt::Display| Err(no_message(api, stream, consumer, info, why));
    let deadline = Instant::now() + api.timeout;
    loop {
        let message = match messages.next_before(deadline) {
            Ok(message) => message,
            Err(error) => return failed(&error),
        };
        let about = message.headers.as_ref().map(|head| &*head.description);
        match message.status() {
            0 => return handle(api, &message, handling),
            100 => {}
            404 | 408 => return failed(&ClientError::Timeout),
            503 => return failed(&ClientError::NoResponders),
            _ => return failed(&format!("nats: {}", about.unwrap_or_default())),
        }
    }
}

/// Shows a message and says to the server what becomes of it.
fn handle(api: &Api, message: &Message, handling: Handling) -> Result<()> {
    show(message, handling.raw)?;
    let payload = match handling.ack {
        Answer::Leave => return Ok(()),
        Answer::Ack => "+ACK",
        Answer::Nak => "-NAK",
        Answer::Term => "+TERM",
    };
    let terminated = handling.ack == Answer::Term;
    let mut waited = Duration::ZERO;
    if !handling.wait.is_zero() && !terminated {
        waited = handling.wait.mul_f64(fastrand::f64());
        thread::sleep(waited);
    }
    if handling.trace && !terminated {
        log!(">>> {}: {payload}", message.reply);
    }
    let (doing, done) = match handling.ack {
        Answer::Term => ("Terminate", "Terminated"),
        Answer::Nak => ("Acknowledge", "Negative Acknowledged"),
        Answer::Ack | Answer::Leave => ("Acknowledge", "Acknowledged"),
    };
    let failed = |why: &dyn std::fmt::Display| fail!("could not {doing} message: {why}");
    if message.reply.is_empty() {
        return Err(failed(&"nats: message does not have a reply"));
    }
    let connection = api.connection()?;
    connection
        .publish(&message.reply, "", None, payload.as_bytes())
        .map_err(|error| failed(&error))?;
    connection.flush(api.timeout)?;
    if terminated {
        println!("\n{done} message");
    } else if !handling.raw {
        let delay = match waited {
            Duration::ZERO => String::new(),
            waited => {
                let nanos = i64::try_from(waited.as_nanos()).unwrap_or(i64::MAX);
                format!(" after {} delay", go_duration(nanos))
            }
        };
        println!("\n{done} message{delay}\n");
    }
    Ok(())
}

/// What stands above a message from a stream.
fn origin(message: &Message) -> Option<String> {
    let delivered = Delivered::parse(&message.reply)?;
    Some(format!(
        "[{}] subj: {} / tries: {} / cons seq: {} / str seq: {} / pending: {}",
        clock(),
        message.subject,
        delivered.deliveries,
        delivered.consumer_seq,
        delivered.stream_seq,
        commas(delivered.pending)
    ))
}

/// Headers, each behind so many blanks, and what stands around them.
fn headers(message: &Message, indent: usize) -> String {
    let Some(headers) = message.headers.as_ref().filter(|head| !head.is_empty()) else {
        return String::new();
    };
    let mut out = "\nHeaders:\n\n".to_owned();
    for (key, value) in &headers.entries {
        out.push_str(&format!("{:indent$}{key}: {value}\n", ""));
    }
    out.push_str("\nData:\n");
    out
}

fn show(message: &Message, raw: bool) -> Result<()> {
    let mut out = Vec::new();
    if !raw {
        let about = origin(message).unwrap_or_else(|| match &*message.reply {
            "" => format!("--- subject: {}", message.subject),
            reply => format!("--- subject: {} reply: {reply}", message.subject),
        });
        writeln!(out, "{about}")?;
        let headers = headers(message, 2);
        out.extend_from_slice(headers.as_bytes());
        out.extend_from_slice(if headers.is_empty() { b"\n" } else { b"\n\n" });
    }
    out.extend_from_slice(&message.payload);
    out.push(b'\n');
    print(&out)
}

fn print(text: &[u8]) -> Result<()> {
    let mut stdout = stdout().lock();
    stdout.write_all(text)?;
    stdout.flush()?;
    Ok(())
}

/// Receives what a consumer delivers.
pub fn subscribe(session: &mut Session) -> Result<()> {
    for_messages(session)?;
    let (api, info) = chosen(session, false)?;
    let config = info.at("config");
    let handling = Handling {
        ack: if session.matches.on("ack") && config.text("ack_policy") != "none" {
            Answer::Ack
        } else {
            Answer::Leave
        },
        raw: session.matches.on("raw"),
        wait: Duration::ZERO,
        trace: session.trace(),
    };
    if !is_push(config) {
        let (stream, consumer) = (info.text("stream_name"), info.text("name"));
        return pull(&api, stream, consumer, Some(&info), handling);
    }
    let subject = config.text("deliver_subject");
    if !handling.raw {
        println!(
            "Subscribing to topic {subject} auto acknowledgment: {}\n",
            handling.ack == Answer::Ack
        );
        println!("Consumer Info:\n  Ack Policy: {}", ack_text(config));
        if config.text("ack_policy") != "none" {
            println!("    Ack Wait: {}", go_duration(config.int("ack_wait")));
        }
        println!();
        stdout().flush()?;
    }
    let group = session
        .matches
        .filled("deliver-group")
        .unwrap_or(config.text("deliver_group"));
    let connection = api.connection()?;
    let messages = connection.subscribe(subject, group)?;
    loop {
        let message = messages.wait().map_err(Failure::from)?;
        if message.status() == 100 {
            // A heartbeat, or a question whether we keep up.
            if let Some(stalled) = message.header("Nats-Consumer-Stalled") {
                connection.publish(stalled, "", None, b"")?;
            } else if !message.reply.is_empty() {
                connection.publish(&message.reply, "", None, b"")?;
            }
            continue;
        }
        pushed(&message, handling.raw)?;
        if handling.ack == Answer::Ack && !message.reply.is_empty() {
            connection.publish(&message.reply, "", None, b"")?;
        }
    }
}

/// Shows a message that a push consumer delivered.
fn pushed(message: &Message, raw: bool) -> Result<()> {
    let mut out = Vec::new();
    if !raw {
        let about = origin(message).unwrap_or_else(|| {
            format!("[{}] {} reply: {}", clock(), message.subject, message.reply)
        });
        writeln!(out, "{about}")?;
        out.extend_from_slice(headers(message, 3).as_bytes());
    }
    out.extend_from_slice(&message.payload);
    out.push(b'\n');
    if !raw && !message.payload.ends_with(b"\n") {
        out.push(b'\n');
    }
    print(&out)
}
