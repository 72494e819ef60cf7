//! Core NATS: publishers and subscribers.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::histogram::Histogram;
use super::plan::{Plan, Subjects};
use super::raw::{header_block, push_publish};
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
    timeout: std::time::Duration,
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
    let mut last = begun;
    for number in 0..count {
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
        if buffer.len() >= WRITE_AT || !pace.is_free() {
            connection.write_operations(&buffer)?;
            buffer.clear();
            counter.set(number + 1);
        }
        let now = Instant::now();
        latencies.add((now - last).as_nanos() as u64);
        last = now;
        if !pace.is_free() {
            pace.wait();
            last = Instant::now();
        }
    }
    connection.write_operations(&buffer)?;
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

/// Least patience for the last flush: the server may have megabytes to handle.
const FLUSH: std::time::Duration = std::time::Duration::from_secs(60);

/// Receives.
pub fn subscribe(session: &mut Session) -> Result<()> {
    let plan = Plan::read("Core NATS subscriber", &session.matches)?;
    let subjects = Subjects::read(&session.matches, plan.messages);
    log!("{}", plan.headline());
    let timeout = session.timeout();
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let connection = session.connect_another()?;
        // Every subscriber gets every message.
        let count = plan.messages;
        log!(
            "[{}] Starting {}, expecting {} messages",
            number + 1,
            plan.label,
            commas(count)
        );
        let receiver = Receiver::start(&connection, &subjects.pattern(), count)?;
        connection.flush(timeout)?;
        works.push(Box::new(move |counter| receiver.wait(&connection, counter)));
    }
    run(&plan, 'S', works)
}

/// Counts what arrives.
struct Receiver {
    state: Arc<(Mutex<Received>, Condvar)>,
    count: u64,
}

#[derive(Default)]
struct Received {
    messages: u64,
    bytes: u64,
    begun: Option<Instant>,
    ended: Option<Instant>,
}

impl Receiver {
    fn start(connection: &Connection, subject: &str, count: u64) -> Result<Self> {
        let state: Arc<(Mutex<Received>, Condvar)> = Arc::default();
        let shared = Arc::clone(&state);
        connection.subscribe_with(subject, "", move |message| {
            let mut received = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
            if received.begun.is_none() {
                received.begun = Some(Instant::now());
            }
            received.messages += 1;
            received.bytes += message.payload.len() as u64;
            if received.messages == count {
                received.ended = Some(Instant::now());
                shared.1.notify_all();
            }
        })?;
        Ok(Self { state, count })
    }

    fn wait(self, connection: &Connection, counter: &Counter) -> Result<Sample> {
        let mut received = self.state.0.lock().unwrap_or_else(PoisonError::into_inner);
        while received.ended.is_none() {
            counter.set(received.messages);
            received = self
                .state
                .1
                .wait_timeout(received, std::time::Duration::from_millis(100))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if let Some(error) = connection.take_error() {
                return Err(error.into());
            }
        }
        counter.set(self.count);
        let now = Instant::now();
        Ok(Sample {
            messages: self.count,
            traffic: self.count,
            bytes: received.bytes,
            begun: received.begun.unwrap_or(now),
            ended: received.ended.unwrap_or(now),
            latencies: None,
        })
    }
}
