//! Core NATS: publishers and subscribers.

use std::time::{Duration, Instant};

use super::histogram::Histogram;
use super::plan::{Plan, Subjects};
use super::raw::{Raw, header_block, push_publish};
use super::run::{Counter, Pace, Sample, Work, run};
use crate::client::Connection;
use crate::failure::Result;
use crate::format::commas;
use crate::log;
use crate::session::Session;

/// Output that is gathered before it is written.
const WRITE_AT: usize = 64 * 1024;

/// Publishes.
pub fn publish(session: &mut Session) -> Result<()> {
    let plan = Plan::read("Core NATS publisher", &session.matches)?;
    let subjects = Subjects::read(&session.matches, plan.messages);
    log!("{}", plan.headline());
    let timeout = session.timeout();
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let connection = session.connect_another()?;
        let count = plan.share(number);
        log!(
            "[{}] Starting {}, publishing {} messages",
            number + 1,
            plan.label,
            commas(count)
        );
        let (plan, subjects) = (&plan, &subjects);
        works.push(Box::new(move |counter| {
            publish_all(&connection, plan, subjects, count, counter, timeout)
        }));
    }
    run(&plan, 'P', works)
}

fn publish_all(
    connection: &Connection,
    plan: &Plan,
    subjects: &Subjects,
    count: u64,
    counter: &Counter,
    timeout: Duration,
) -> Result<Sample> {
    let headers = header_block(&plan.headers);
    let mut latencies = Histogram::default();
    let mut pace = Pace::new(plan);
    let single = subjects.is_single().then(|| {
        let mut message = Vec::new();
        push_publish(&mut message, &subjects.at(0), "", &headers, &plan.payload);
        message
    });
    let mut buffer = Vec::with_capacity(WRITE_AT + plan.payload.len() + 512);
    let begun = Instant::now();
    let mut number = 0;
    while number < count {
        let first = number;
        let start = Instant::now();
        while number < count {
            match &single {
                Some(message) => buffer.extend_from_slice(message),
                None => push_publish(
                    &mut buffer,
                    &subjects.at(number),
                    "",
                    &headers,
                    &plan.payload,
                ),
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
    if let Some(error) = connection.take_error() {
        return Err(error.into());
    }
    counter.set(count);
    Ok(Sample {
        messages: count,
        traffic: count,
        bytes: count * plan.payload.len() as u64,
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
    let plan = Plan::read("Core NATS subscriber", &session.matches)?;
    let subjects = Subjects::read(&session.matches, plan.messages);
    log!("{}", plan.headline());
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        // Every subscriber gets every message.
        let count = plan.messages;
        log!(
            "[{}] Starting {}, expecting {} messages",
            number + 1,
            plan.label,
            commas(count)
        );
        let mut raw = Raw::connect(session)?;
        raw.write(format!("SUB {} 1\r\nPING\r\n", subjects.pattern()).as_bytes())?;
        raw.wait_for_pong()?;
        works.push(Box::new(move |counter| receive_all(raw, count, counter)));
    }
    run(&plan, 'S', works)
}

/// Counts what arrives.
fn receive_all(mut raw: Raw, count: u64, counter: &Counter) -> Result<Sample> {
    raw.set_patience(None)?;
    let (mut messages, mut bytes) = (0, 0);
    let mut begun = None;
    loop {
        while messages < count {
            let Some(message) = raw.next_buffered()? else {
                break;
            };
            messages += 1;
            bytes += raw.payload(&message).len() as u64;
        }
        if messages > 0 {
            begun.get_or_insert_with(Instant::now);
        }
        counter.set(messages);
        if messages == count {
            break;
        }
        raw.fill()?;
    }
    let ended = Instant::now();
    Ok(Sample {
        messages,
        traffic: messages,
        bytes,
        begun: begun.unwrap_or(ended),
        ended,
        latencies: None,
    })
}
