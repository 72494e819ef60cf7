//! `nats events` (cli.md 9.1).

mod blocks;
pub mod model;
mod sources;

use std::io::{Write, stdout};

use crate::bail;
use crate::client::Message;
use crate::fail;
use crate::failure::Result;
use crate::jetstream::{Delivered, Reader, Start};
use crate::output::Json;
use crate::session::Session;

/// How events are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Block,
    Line,
    Json,
    CloudEvent,
}

/// A wait that has no end.
const ENDLESS: std::time::Duration = std::time::Duration::from_secs(86_400);

/// Shows events as they happen.
pub fn events(session: &mut Session) -> Result<()> {
    let m = &session.matches;
    let form = if m.on("json") {
        Form::Json
    } else if m.on("cloudevent") {
        Form::CloudEvent
    } else if m.on("short") {
        Form::Line
    } else {
        Form::Block
    };
    let pattern = m.text("filter").unwrap_or(".").to_lowercase();
    let filter = regex::Regex::new(&pattern)
        .map_err(|_| fail!("error parsing regexp: invalid expression: `{pattern}`"))?;
    if let Some(stream) = m.filled("stream").map(str::to_owned) {
        let specific = m.on("all") || m.on("js-metric") || m.on("js-advisory");
        if specific || !m.list("subjects").is_empty() {
            bail!("cannot specify both Stream and specific advisories or extra subjects");
        }
        return from_stream(session, &stream, form, &filter);
    }
    let api = session.jetstream()?;
    let sources = sources::chosen(session, &api)?;
    let subjects: Vec<String> = sources
        .iter()
        .map(|source| source.subject.clone())
        .collect();
    let messages = api.connection.subscribe_all(&subjects, "")?;
    api.connection.flush(session.timeout())?;
    if form == Form::Block || form == Form::Line {
        for source in &sources {
            println!("Listening for {} on {}", source.what, source.subject);
        }
        println!();
        stdout().flush()?;
    }
    loop {
        show(&messages.wait()?, form, &filter)?;
    }
}

/// Events that a stream has kept.
fn from_stream(
    session: &mut Session,
    stream: &str,
    form: Form,
    filter: &regex::Regex,
) -> Result<()> {
    let api = session.jetstream()?;
    let start = match session.matches.nanos("since") {
        Some(nanos) => {
            let at = i128::from(crate::format::now_nanos()) - i128::from(nanos);
            let time =
                jiff::Timestamp::from_nanosecond(at).map_err(|error| fail!("--since: {error}"))?;
            Start::Time(time.to_string())
        }
        None => Start::New,
    };
    let mut reader = Reader::new(&api, stream, &[], start, false)?;
    loop {
        let next: Option<(Message, Delivered)> = reader.next(ENDLESS)?;
        if let Some((message, _)) = next {
            show(&message, form, filter)?;
        }
    }
}

fn show(message: &Message, form: Form, filter: &regex::Regex) -> Result<()> {
    let text = message.text();
    if !filter.is_match(&text.to_lowercase()) {
        return Ok(());
    }
    let mut out = stdout().lock();
    let event = Json::parse(&message.payload).unwrap_or_default();
    match form {
        Form::Json => writeln!(out, "{text}")?,
        Form::CloudEvent => writeln!(out, "{}", blocks::cloud_event(&event).pretty())?,
        Form::Line => match blocks::line(&event) {
            Some(line) => writeln!(out, "{line}")?,
            None => writeln!(out, "{}", blocks::unknown(&message.subject, &event, &text))?,
        },
        Form::Block => match blocks::block(&event) {
            Some(block) => writeln!(out, "{block}")?,
            None => writeln!(out, "{}", blocks::unknown(&message.subject, &event, &text))?,
        },
    }
    out.flush()?;
    Ok(())
}
