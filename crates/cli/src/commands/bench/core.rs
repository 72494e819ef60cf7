//! Core NATS: publishers and subscribers.

use std::time::{Duration, Instant};

use super::histogram::Histogram;
use super::plan::{Content, Kind, Plan, Subjects};
use super::raw::{Raw, header_block, push_publish};
use super::run::{Counter, Pace, Sample, Work, run};
use super::trouble::connect;
use crate::client::{ClientError, Connection};
use crate::failure::{Failure, Result};
use crate::session::Session;
use crate::{fail, log};

/// Output that is gathered before it is written.
const WRITE_AT: usize = 64 * 1024;

/// Publishes.
pub fn publish(session: &mut Session) -> Result<()> {
    let kind = Kind {
        label: "Core NATS publisher",
        letter: 'P',
    };
    let mut plan = Plan::read(kind, &session.matches)?;
    let subjects = Subjects::read(&session.matches);
    plan.cap_clients();
    subjects.note(&mut plan, &session.matches);
    plan.note_sleep();
    log!("{}", plan.headline());
    let timeout = session.timeout();
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let connection = connect(session, &plan)?;
        let count = plan.share(number);
        plan.announce(number, "publishing", count);
        let plan = &plan;
        let subjects = subjects.beginning_at(plan.offset(number));
        works.push(Work::new(count, move |counter| {
            plan.stagger(number);
            counter.state("Publishing");
            let content = plan.content().map_err(within_publishing)?;
            check(&connection, &subjects, &content)
                .map_err(|error| within_publishing(fail!("publishing: {error}")))?;
            publish_all(
                &connection,
                plan,
                &content,
                &subjects,
                count,
                counter,
                timeout,
            )
            .map_err(within_publishing)
        }));
    }
    run(&plan, works)
}

fn within_publishing(failure: Failure) -> Failure {
    failure.context("publishing")
}

/// Fails if the server would not take such messages.
fn check(
    connection: &Connection,
    subjects: &Subjects,
    content: &Content,
) -> std::result::Result<(), ClientError> {
    if subjects.are_invalid() {
        return Err(ClientError::BadSubject);
    }
    let size = header_block(&content.headers).len() + content.payload.len();
    match usize::try_from(connection.info().max_payload) {
        Ok(most) if most > 0 && size > most => Err(ClientError::MaxPayload),
        _ => Ok(()),
    }
}

fn publish_all(
    connection: &Connection,
    plan: &Plan,
    content: &Content,
    subjects: &Subjects,
    count: u64,
    counter: &Counter,
    timeout: Duration,
) -> Result<Sample> {
    let payload = content.payload.as_slice();
    let headers = header_block(&content.headers);
    let mut latencies = Histogram::default();
    let mut pace = Pace::new(plan);
    let single = subjects.is_single().then(|| {
        let mut message = Vec::new();
        push_publish(&mut message, &subjects.at(0), "", &headers, payload);
        message
    });
    let mut buffer = Vec::with_capacity(WRITE_AT + payload.len() + 512);
    let begun = Instant::now();
    let mut number = 0;
    while number < count {
        let first = number;
        let start = Instant::now();
        while number < count {
            match &single {
                Some(message) => buffer.extend_from_slice(message),
                None => push_publish(&mut buffer, &subjects.at(number), "", &headers, payload),
            }
            number += 1;
            if buffer.len() >= WRITE_AT || !pace.is_free() {
                break;
            }
        }
        let filled = Instant::now();
        connection.write_operations(&buffer)?;
        let written = Instant::now();
        buffer.clear();
        counter.set(number);
        // Only one of the messages waits for the write. A look at the clock for
        // each of them would cost more than they do.
        let each = nanos(filled - start) / (number - first);
        latencies.add_many(each, number - first - 1);
        latencies.add(each + nanos(written - filled));
        pace.wait();
    }
    connection.flush(timeout.max(FLUSH))?;
    let ended = Instant::now();
    counter.set(count);
    counter.state("Finished  ");
    Ok(Sample {
        messages: count,
        traffic: count,
        begun,
        ended,
        latencies: Some(latencies),
    })
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Least patience for the last flush: the server may have megabytes to handle.
const FLUSH: Duration = Duration::from_secs(60);

/// Receives.
pub fn subscribe(session: &mut Session) -> Result<()> {
    let kind = Kind {
        label: "Core NATS subscriber",
        letter: 'S',
    };
    let mut plan = Plan::read(kind, &session.matches)?;
    let subject = Subjects::read(&session.matches).pattern();
    plan.note("subject", subject.as_str());
    plan.note(
        "multi-subject",
        session.matches.on("multisubject").to_string(),
    );
    log!("{}", plan.headline());
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let raw = Raw::connect(session, &plan)
            .map_err(|error| error.context(format!("client number {number} failed to connect")))?;
        // Every subscriber gets every message.
        let count = plan.messages;
        plan.announce(number, "expecting", count);
        let subject = subject.as_str();
        works.push(Work::new(count, move |counter| {
            counter.state("Receiving ");
            receive_all(raw, subject, count, counter)
        }));
    }
    run(&plan, works)
}

/// Counts what arrives.
fn receive_all(mut raw: Raw, subject: &str, count: u64, counter: &Counter) -> Result<Sample> {
    listen(&mut raw, subject).map_err(|error| fail!("subscribing to '{subject}': {error}"))?;
    raw.set_patience(None)?;
    let mut messages = 0;
    let mut begun = None;
    loop {
        while messages < count && raw.next_buffered()?.is_some() {
            messages += 1;
        }
        if messages > 0 {
            begun.get_or_insert_with(Instant::now);
        }
        counter.set(messages);
        if messages == count {
            break;
        }
        match raw.fill() {
            Err(ClientError::Closed) => raw.revive()?,
            other => other?,
        }
    }
    let ended = Instant::now();
    counter.state("Finished  ");
    Ok(Sample {
        messages,
        traffic: raw.messages,
        begun: begun.unwrap_or(ended),
        ended,
        latencies: None,
    })
}

fn listen(raw: &mut Raw, subject: &str) -> std::result::Result<(), ClientError> {
    if subject.is_empty() || subject.contains([' ', '\t', '\r', '\n']) {
        return Err(ClientError::BadSubject);
    }
    raw.subscribe(&format!("SUB {subject} 1\r\n"))?;
    raw.flush()
}
