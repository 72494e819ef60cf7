//! `nats events` (cli.md 9.1).

mod blocks;
mod lines;
pub mod model;
mod sources;
mod values;

use std::io::{Write, stdout};

use crate::bail;
use crate::client::Message;
use crate::fail;
use crate::failure::Result;
use crate::format::explain;
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
    let form = if m.on("cloudevent") {
        Form::CloudEvent
    } else if m.on("json") {
        Form::Json
    } else if m.on("short") {
        Form::Line
    } else {
        Form::Block
    };
    let pattern = m.text("filter").unwrap_or(".").to_owned();
    session
        .connect()
        .map_err(|failure| failure.context("setup failed"))?;
    let m = &session.matches;
    let filter = crate::format::pattern(&lower_case(&pattern)).map_err(|_| {
        let why = explain(&pattern.to_uppercase());
        fail!("invalid body regular expression: {why}")
    })?;
    let specific =
        m.on("all") || m.on("js-metric") || m.on("js-advisory") || !m.list("subjects").is_empty();
    let stream = m.filled("stream").map(str::to_owned);
    match stream {
        Some(_) if specific => {
            bail!("cannot specify both Stream and specific advisories or extra subjects")
        }
        Some(stream) => return from_stream(session, &stream, form, &filter),
        None if !specific && !m.on("srv-advisory") => bail!("no events were chosen"),
        None => {}
    }
    let api = session.jetstream()?;
    let sources = sources::chosen(session, &api);
    let subjects: Vec<String> = sources
        .iter()
        .map(|source| source.subject.clone())
        .collect();
    let messages = api.connection()?.subscribe_all(&subjects, "")?;
    api.connection()?.flush(session.timeout())?;
    if form == Form::Block || form == Form::Line {
        for source in &sources {
            println!("Listening for {} on {}", source.what, source.subject);
        }
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
    let since = session.matches.nanos("since").filter(|nanos| *nanos > 0);
    let mut note = format!("Listening for Events in stream {stream}");
    let start = match since {
        Some(nanos) => {
            let at = i128::from(crate::format::now_nanos()) - i128::from(nanos);
            let time =
                jiff::Timestamp::from_nanosecond(at).map_err(|error| fail!("--since: {error}"))?;
            note.push_str(&format!(" since {}", crate::format::local_time_of(time)));
            Start::Time(time.to_string())
        }
        None => Start::All,
    };
    if form == Form::Block || form == Form::Line {
        println!("{note}");
    }
    let mut reader =
        Reader::new(&api, stream, &[], start, false).map_err(|error| error.in_full())?;
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
    let shown = match (form, Json::parse(&message.payload)) {
        (Form::Json, _) => Some(format!("{text}\n")),
        (_, Err(error)) => {
            return Ok(writeln!(
                out,
                "Event error: parsing failed: {error}\n\n{}",
                padded(&text)
            )?);
        }
        // Only events that are known have this form.
        (Form::CloudEvent, Ok(event)) => {
            lines::line(&event).map(|_| format!("{}\n", values::cloud_event(&event).pretty()))
        }
        (Form::Line, Ok(event)) => lines::line(&event).map(|line| format!("{line}\n")),
        (Form::Block, Ok(event)) => blocks::block(&event),
    };
    match shown {
        Some(shown) => write!(out, "{shown}")?,
        None => {
            let kind = Json::parse(&message.payload).unwrap_or_default();
            let why = match kind.text("type") {
                "" => format!("unknown event schema on subject {}", message.subject),
                kind => format!("event {kind:?} does not implement the Event interface"),
            };
            writeln!(out, "Event error: {why}\n\n{}", padded(&text))?;
        }
    }
    out.flush()?;
    Ok(())
}

/// A regular expression for texts in lower case; what a backslash gives a
/// meaning keeps it.
fn lower_case(pattern: &str) -> String {
    let mut escaped = false;
    let keep = |c: char| {
        let kept = escaped;
        escaped = c == '\\' && !escaped;
        if kept { c } else { c.to_ascii_lowercase() }
    };
    pattern.chars().map(keep).collect()
}

/// With blanks before each line.
fn padded(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| format!("          {line}"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::lower_case;

    #[test]
    fn letters_with_a_meaning_keep_it() {
        assert_eq!(lower_case(r"A\S\\B\.C"), r"a\S\\b\.c");
    }
}
