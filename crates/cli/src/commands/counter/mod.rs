//! `nats counter` (cli.md 6.3).

pub mod model;

use crate::client::Headers;
use crate::failure::Result;
use crate::format::big_commas;
use crate::jetstream::{Api, ApiError, DirectMessage, direct_get, direct_pages};
use crate::output::{Columns, Json};
use crate::session::Session;
use crate::{bail, fail};

/// The stream of a counter, by name or by subject.
fn stream_of(api: &Api, named: &str, subject: &str) -> Result<String> {
    let name = if named.is_empty() {
        let names = api.stream_names(subject).map_err(|why| why.in_full())?;
        match names.into_iter().next() {
            Some(name) => name,
            None => return Err(ApiError::stream_not_found().in_full().into()),
        }
    } else {
        named.to_owned()
    };
    let info = api.stream_info(&name).map_err(|why| why.in_full())?;
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
    let selector = Json::object().with("last_by_subj", subject.as_str());
    direct_get(&api, &stream, &selector).map_err(|why| {
        if why.is_message_not_found() {
            return fail!("counter not initialized for subject: {subject}");
        }
        fail!(
            "failed to get last message for subject {subject}: {}",
            why.in_full()
        )
    })
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
    c.row("Value", big_commas(&value(&message)?));
    let increment = message.headers.get("Nats-Incr").unwrap_or_default();
    c.row("Increment", big_commas(increment));
    c.row("Subject", message.subject.as_str());
    let sources = message
        .headers
        .get("Nats-Counter-Sources")
        .and_then(|text| Json::parse(text.as_bytes()).ok())
        .unwrap_or_default();
    if sources.entries("").is_empty() {
        c.text("No source information found");
    } else {
        c.section("Sources");
    }
    for (stream, subjects) in sources.entries("") {
        add_source(&mut c, stream, subjects.entries(""));
    }
    c.print();
    Ok(())
}

/// What came from a stream, subject by subject.
fn add_source(c: &mut Columns, stream: &str, subjects: &[(String, Json)]) {
    let mut subjects: Vec<&(String, Json)> = subjects.iter().collect();
    subjects.sort_by(|a, b| a.0.cmp(&b.0));
    let width = subjects
        .iter()
        .map(|(subject, _)| subject.chars().count())
        .max()
        .unwrap_or(0);
    let mut label = stream;
    for (subject, value) in subjects {
        let value = value.as_text().unwrap_or_default();
        c.row(label, format!("{subject:>width$}: {value}"));
        label = "";
    }
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
    let api = session.jetstream()?;
    let subject = session.matches.required_arg("subject").to_owned();
    stream_of(&api, "", &subject)?;
    let given = session.matches.required_arg("value");
    let (negative, digits) = match given.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, given.strip_prefix('+').unwrap_or(given)),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        bail!("invalid value");
    }
    let minus = negative != (sign < 0);
    let mut headers = Headers::new();
    headers.add(
        "Nats-Incr",
        format!("{}{digits}", if minus { "-" } else { "" }),
    );
    let ack = api
        .publish(&subject, Some(&headers), b"")
        .map_err(|why| why.in_full())?;
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
