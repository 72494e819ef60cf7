//! `nats counter` (cli.md 6.3).

pub mod model;

use crate::client::Headers;
use crate::failure::Result;
use crate::jetstream::{Api, DirectMessage, direct_get, direct_pages};
use crate::output::{Columns, Json};
use crate::session::Session;
use crate::{bail, fail};

/// The stream of a counter, by name or by subject.
fn stream_of(api: &Api, named: &str, subject: &str) -> Result<String> {
    let name = if named.is_empty() {
        match api.stream_names(subject)?.into_iter().next() {
            Some(name) => name,
            None => bail!("no stream found with subject: {subject}"),
        }
    } else {
        named.to_owned()
    };
    let info = api.stream_info(&name)?;
    if !info.on("config.allow_msg_counter") || !info.on("config.allow_direct") {
        bail!("{name:?} is not a valid counter stream");
    }
    Ok(name)
}

fn load(session: &mut Session) -> Result<DirectMessage> {
    let api = session.jetstream()?;
    let subject = session.matches.required_arg("subject").to_owned();
    let named = session
        .matches
        .text("stream")
        .unwrap_or_default()
        .to_owned();
    let stream = stream_of(&api, &named, &subject)?;
    Ok(direct_get(
        &api,
        &stream,
        &Json::object().with("last_by_subj", subject),
    )?)
}

fn value(message: &DirectMessage) -> Result<String> {
    let json = Json::parse(&message.payload).map_err(|_| fail!("invalid value"))?;
    match json.text("val") {
        "" => bail!("invalid value"),
        value => Ok(value.to_owned()),
    }
}

/// Shows the value of a counter.
pub fn get(session: &mut Session) -> Result<()> {
    println!("{}", value(&load(session)?)?);
    Ok(())
}

/// Shows a counter and where it comes from.
pub fn view(session: &mut Session) -> Result<()> {
    let message = load(session)?;
    let mut c = Columns::new(format!("Counter {}", message.subject));
    c.row("Value", value(&message)?);
    c.row(
        "Increment",
        message.headers.get("Nats-Incr").unwrap_or_default(),
    );
    c.row("Subject", message.subject.as_str());
    let sources = message
        .headers
        .get("Nats-Counter-Sources")
        .and_then(|text| Json::parse(text.as_bytes()).ok())
        .unwrap_or_default();
    if sources.entries("").is_empty() {
        c.print();
        println!("\nNo source information found");
        return Ok(());
    }
    c.section("Sources");
    for (stream, subjects) in sources.entries("") {
        for (subject, value) in subjects.entries("") {
            let text = value
                .as_text()
                .map_or_else(|| value.compact(), str::to_owned);
            c.row(&format!("{stream} {subject}"), text);
        }
    }
    c.print();
    println!();
    Ok(())
}

/// Adds to a counter.
pub fn increment(session: &mut Session) -> Result<()> {
    add(session, 1)
}

/// Subtracts from a counter.
pub fn decrement(session: &mut Session) -> Result<()> {
    add(session, -1)
}

/// A counter is larger than any number type: signs and digits are all that is
/// needed.
fn add(session: &mut Session, sign: i8) -> Result<()> {
    let given = session.matches.required_arg("value");
    let (negative, digits) = match given.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, given.strip_prefix('+').unwrap_or(given)),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        bail!("invalid value");
    }
    let minus = negative != (sign < 0);
    let subject = session.matches.required_arg("subject").to_owned();
    let mut headers = Headers::new();
    headers.add(
        "Nats-Incr",
        format!("{}{digits}", if minus { "-" } else { "" }),
    );
    let ack = session
        .jetstream()?
        .publish(&subject, Some(&headers), b"")?;
    match ack.text("val") {
        "" => bail!("{:?} is not a valid counter stream", ack.text("stream")),
        value => println!("{value}"),
    }
    Ok(())
}

/// Lists the counters of a stream.
pub fn list(session: &mut Session) -> Result<()> {
    let api = session.jetstream()?;
    let subject = session
        .matches
        .arg("subject")
        .unwrap_or_default()
        .to_owned();
    let named = session
        .matches
        .text("stream")
        .unwrap_or_default()
        .to_owned();
    if subject.is_empty() && named.is_empty() {
        bail!("no stream or subject specified");
    }
    let stream = stream_of(&api, &named, &subject)?;
    let filter = if subject.is_empty() { ">" } else { &subject };
    let mut found = Vec::new();
    let selector = Json::object().with("multi_last", vec![filter]);
    direct_pages(&api, &stream, &selector, |message| {
        found.push(message.subject);
        true
    })?;
    if found.is_empty() {
        bail!("no counters found");
    }
    found.sort();
    if session.matches.on("json") {
        Json::from(found).print();
    } else {
        for subject in found {
            println!("{subject}");
        }
    }
    Ok(())
}
