//! `nats stream get` and `nats stream view`.

use std::io::{Write, stdout};
use std::time::Duration;

use super::info::{chosen, connect_for_messages};
use super::remove::sequence_arg;
use crate::client::Message;
use crate::commands::assets::shape::STORED_MESSAGE;
use crate::commands::assets::{print_body, print_headers};
use crate::failure::Result;
use crate::format::{go_time, human_duration, local_time_of, now_nanos, parse_int, since};
use crate::jetstream::{ApiError, Delivered, DirectMessage, Reader, Start};
use crate::messages::with_newline;
use crate::output::{Json, terminal};
use crate::session::Session;
use crate::{bail, fail, log};

/// Most messages on a page of `view`.
const MAX_PAGE: usize = 25;

/// Headers that say how a message was delivered, which is shown above it.
const DELIVERY_HEADERS: &[&str] = &[
    "Nats-Subject",
    "Nats-Stream",
    "Nats-Sequence",
    "Nats-Time-Stamp",
    "Nats-Num-Pending",
    "Nats-Last-Sequence",
];

/// Shows one stored message.
pub fn get(session: &mut Session) -> Result<()> {
    let given = sequence_arg(session)?;
    connect_for_messages(session)?;
    let (api, info) = chosen(session, false)?;
    let name = info.text("config.name");
    let matches = &session.matches;
    let mut subject = matches.filled("last-for").unwrap_or_default().to_owned();
    let seq = match given {
        Some(seq) => Some(seq),
        None if !subject.is_empty() => None,
        None => {
            let seq = asked_sequence(session)?;
            if seq == -1 {
                subject = session
                    .prompt()
                    .text("Subject to retrieve last message for", "", "")
                    .map_err(|failure| failure.context("invalid subject"))?;
            }
            Some(seq).filter(|seq| *seq > -1)
        }
    };
    let selector = match seq {
        Some(0) => Json::object(),
        Some(seq) => Json::object().with("seq", seq),
        None if subject.is_empty() => bail!("no ID or subject specified"),
        None => Json::object().with("last_by_subj", subject),
    };
    let failed = |error: ApiError| {
        let seq = seq.unwrap_or(-1);
        fail!("could not retrieve {name}#{seq}: {error}")
    };
    if matches.on("json") {
        let answer = api
            .request(&format!("STREAM.MSG.GET.{name}"), &selector)
            .map_err(failed)?;
        STORED_MESSAGE.arranged(answer.at("message")).print();
        return Ok(());
    }
    let message = api.message(name, &selector).map_err(failed)?;
    show(&message, name, matches.filled("translate"))
}

/// A sequence from somebody at a terminal; -1 stands for none.
fn asked_sequence(session: &Session) -> Result<i64> {
    let text = session
        .prompt()
        .text("Message Sequence to retrieve", "-1", "")
        .map_err(|failure| failure.context("invalid input"))?;
    parse_int(text.trim()).map_err(|failure| failure.context("invalid number"))
}

fn show(message: &DirectMessage, stream: &str, translate: Option<&str>) -> Result<()> {
    println!(
        "Item: {stream}#{} received {} ({}) on Subject {}\n",
        message.seq,
        go_time(&message.time),
        human_duration(since(&message.time).unwrap_or_default().max(0)),
        message.subject
    );
    if !message.headers.is_empty() {
        println!("Headers:");
        print_headers(&message.headers);
    }
    print_body(translate, &message.payload, &message.subject, stream)
}

/// Pages through messages at a terminal.
pub fn view(session: &mut Session) -> Result<()> {
    let size = parse_int(session.matches.arg("size").unwrap_or("10"))?;
    if !terminal::is_interactive() {
        bail!("interactive stream paging requires a valid terminal");
    }
    let mut size = match usize::try_from(size) {
        Ok(size) if size > 0 => size,
        _ => bail!("invalid page size"),
    };
    if size > MAX_PAGE {
        log!("Page size is limited to {MAX_PAGE}, setting to {MAX_PAGE}...");
        size = MAX_PAGE;
    }
    connect_for_messages(session)?;
    let (api, info) = chosen(session, false)?;
    let name = info.text("config.name");
    let matches = &session.matches;
    let filters: Vec<String> = matches
        .filled("subject")
        .map(str::to_owned)
        .into_iter()
        .collect();
    let mut reader = Reader::new(&api, name, &filters, start(session)?, false)
        .map_err(|error| fail!("could not read Stream {name}: {error}"))?;
    if reader.pending == 0 {
        log!("Reached apparent end of data");
        return Ok(());
    }
    let patience = session.timeout();
    loop {
        for _ in 0..size {
            let left = match reader.next(patience)? {
                Some((message, delivered)) => {
                    print_one(session, &message, &delivered)?;
                    delivered.pending
                }
                None => 0,
            };
            if left == 0 {
                log!("Reached apparent end of data");
                return Ok(());
            }
        }
        if !session.prompt().confirm("Next Page?", true)? {
            return Ok(());
        }
    }
}

fn start(session: &Session) -> Result<Start> {
    let matches = &session.matches;
    let id = matches.int("id");
    if id > 0 {
        return Ok(Start::Sequence(id.unsigned_abs()));
    }
    match matches.duration("since") {
        Some(span) if span > Duration::ZERO => {
            let span = i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
            let nanos = now_nanos().saturating_sub(span).max(0);
            let time =
                jiff::Timestamp::from_nanosecond(nanos.into()).map_err(|error| fail!("{error}"))?;
            Ok(Start::Time(crate::format::rfc3339(time)))
        }
        _ => Ok(Start::All),
    }
}

fn print_one(session: &Session, message: &Message, delivered: &Delivered) -> Result<()> {
    let matches = &session.matches;
    if matches.on("raw") {
        stdout().lock().write_all(&with_newline(&message.payload))?;
        return Ok(());
    }
    let time = jiff::Timestamp::from_nanosecond(delivered.nanos.into())
        .map(local_time_of)
        .unwrap_or_default();
    println!(
        "[{}] Subject: {} Received: {time}",
        delivered.stream_seq, message.subject
    );
    if let Some(headers) = message
        .headers
        .as_ref()
        .filter(|headers| !headers.is_empty())
    {
        println!();
        for (key, value) in &headers.entries {
            if DELIVERY_HEADERS.contains(&key.as_str()) {
                continue;
            }
            // The parts of an origin are separated by a character that nobody sees.
            let value = match key.as_str() {
                "Nats-Stream-Source" => value.replace('\u{c}', "\u{240a}"),
                _ => value.clone(),
            };
            println!("  {key}: {value}");
        }
    }
    print_body(
        matches.filled("translate"),
        &message.payload,
        &message.subject,
        &delivered.stream,
    )
}
