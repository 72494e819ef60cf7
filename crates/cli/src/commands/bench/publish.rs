//! Publishers to a stream: one message at a time, many on the way, atomic and
//! fast batches.

use std::collections::VecDeque;
use std::time::Instant;

use super::histogram::Histogram;
use super::plan::{Plan, Subjects};
use super::raw::{Answer, Raw, header_block, push_publish};
use super::run::{Counter, Pace, Sample, Work, run};
use super::service::requests;
use super::stream::{Batches, prepare};
use crate::client::unique_id;
use crate::failure::Result;
use crate::format::commas;
use crate::jetstream::ApiError;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail, log};

/// How messages are put together.
struct Messages<'a> {
    plan: &'a Plan,
    subjects: &'a Subjects,
    /// Start of the message ids; empty if there are none.
    ids: String,
}

impl Messages<'_> {
    fn push(&self, out: &mut Vec<u8>, number: u64, reply: &str, more: &[(&str, String)]) {
        let subject = self.subjects.at(number);
        if self.ids.is_empty() && more.is_empty() && self.plan.headers.is_empty() {
            push_publish(out, &subject, reply, &[], &self.plan.payload);
            return;
        }
        let mut headers = self.plan.headers.clone();
        if !self.ids.is_empty() {
            headers.add("Nats-Msg-Id", format!("{}-{number}", self.ids));
        }
        for (key, value) in more {
            headers.add(*key, value.as_str());
        }
        push_publish(
            out,
            &subject,
            reply,
            &header_block(&headers),
            &self.plan.payload,
        );
    }
}

/// Fails unless an answer says that the message is stored.
fn check_ack(raw: &Raw, answer: &Answer) -> Result<()> {
    if raw.is_no_responders(answer) {
        bail!("nats: no responders available for request");
    }
    let payload = raw.payload(answer);
    // The usual answer needs no look into its JSON.
    if payload.starts_with(b"{\"stream\":") {
        return Ok(());
    }
    let ack = Json::parse(payload)
        .map_err(|_| fail!("invalid ack response: {}", String::from_utf8_lossy(payload)))?;
    match ApiError::of(&ack) {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

type Client = fn(Raw, &Messages<'_>, u64, &Counter, usize, usize) -> Result<Sample>;

fn start(
    session: &mut Session,
    label: &'static str,
    batches: Batches,
    client: Client,
) -> Result<()> {
    let mut plan = Plan::read(label, &session.matches)?;
    let subjects = Subjects::read(&session.matches, plan.messages);
    let flag = |name: &str| {
        session
            .matches
            .declared_flags()
            .iter()
            .any(|flag| flag.name == name)
    };
    let number = |name: &str| {
        if flag(name) {
            usize::try_from(session.matches.int(name).max(1)).unwrap_or(1)
        } else {
            1
        }
    };
    let (batch, outstanding) = (number("batch"), number("max-outstanding-acks"));
    let ids = session.matches.on("dedup");
    if flag("batch") {
        plan.note("batch", commas(batch as u64));
    }
    prepare(session, &mut plan, &subjects, batches)?;
    log!("{}", plan.headline());
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let raw = Raw::connect(session)?;
        let count = plan.share(number);
        log!(
            "[{}] Starting {label}, publishing {} messages",
            number + 1,
            commas(count)
        );
        let ids = if ids { unique_id() } else { String::new() };
        let messages = Messages {
            plan: &plan,
            subjects: &subjects,
            ids,
        };
        works.push(Box::new(move |counter| {
            client(raw, &messages, count, counter, batch, outstanding)
        }));
    }
    run(&plan, 'P', works)
}

/// Publishes and waits for each acknowledgement.
pub fn sync(session: &mut Session) -> Result<()> {
    start(
        session,
        "JetStream synchronous publisher",
        Batches::None,
        |raw, messages, count, counter, _, _| {
            let build = |out: &mut Vec<u8>, number: u64, inbox: &str| {
                messages.push(out, number, inbox, &[])
            };
            let size = messages.plan.payload.len();
            requests(raw, messages.plan, count, counter, build, |raw, answer| {
                check_ack(raw, answer).map(|()| size)
            })
        },
    )
}

/// Publishes with as many acknowledgements on the way as a batch has messages.
pub fn in_flight(session: &mut Session) -> Result<()> {
    start(
        session,
        "JetStream asynchronous publisher",
        Batches::None,
        |mut raw, messages, count, counter, batch, _| {
            let inbox = format!("_INBOX.{}", unique_id());
            raw.write(format!("SUB {inbox} 1\r\n").as_bytes())?;
            let mut latencies = Histogram::default();
            let mut pace = Pace::new(messages.plan);
            let mut sent: VecDeque<Instant> = VecDeque::with_capacity(batch);
            let mut buffer = Vec::new();
            let (mut number, mut done) = (0, 0);
            let begun = Instant::now();
            while done < count {
                buffer.clear();
                while number < count && sent.len() < batch {
                    messages.push(&mut buffer, number, &inbox, &[]);
                    sent.push_back(Instant::now());
                    number += 1;
                    if !pace.is_free() {
                        break;
                    }
                }
                raw.write(&buffer)?;
                pace.wait();
                // All that has come, one at least unless more is to be sent.
                let must_wait = sent.len() >= batch || number == count;
                let mut next = if must_wait {
                    Some(raw.next()?)
                } else {
                    raw.next_buffered()?
                };
                while let Some(answer) = next {
                    check_ack(&raw, &answer)?;
                    if let Some(at) = sent.pop_front() {
                        latencies.add(at.elapsed().as_nanos() as u64);
                    }
                    done += 1;
                    next = raw.next_buffered()?;
                }
                counter.set(done);
            }
            Ok(sample(&raw, messages.plan, count, begun, latencies))
        },
    )
}

fn sample(raw: &Raw, plan: &Plan, count: u64, begun: Instant, latencies: Histogram) -> Sample {
    Sample {
        messages: count,
        traffic: count + raw.messages,
        bytes: count * plan.payload.len() as u64,
        begun,
        ended: Instant::now(),
        latencies: Some(latencies),
    }
}

/// Publishes atomic batches.
pub fn atomic(session: &mut Session) -> Result<()> {
    start(
        session,
        "JetStream atomic batch publisher",
        Batches::Atomic,
        |mut raw, messages, count, counter, batch, _| {
            let inbox = format!("_INBOX.{}", unique_id());
            raw.write(format!("SUB {inbox} 1\r\n").as_bytes())?;
            let mut latencies = Histogram::default();
            let mut pace = Pace::new(messages.plan);
            let mut buffer = Vec::new();
            let mut done = 0;
            let begun = Instant::now();
            while done < count {
                let size = (batch as u64).min(count - done);
                let id = unique_id();
                buffer.clear();
                for place in 1..=size {
                    let mut more = vec![
                        ("Nats-Batch-Id", id.clone()),
                        ("Nats-Batch-Sequence", place.to_string()),
                    ];
                    let commits = place == size;
                    if commits {
                        more.push(("Nats-Batch-Commit", "1".to_owned()));
                    }
                    let reply = if commits { inbox.as_str() } else { "" };
                    messages.push(&mut buffer, done + place - 1, reply, &more);
                }
                let sent = Instant::now();
                raw.write(&buffer)?;
                let answer = raw.next()?;
                check_ack(&raw, &answer)?;
                latencies.add(sent.elapsed().as_nanos() as u64);
                done += size;
                counter.set(done);
                pace.wait();
            }
            Ok(sample(&raw, messages.plan, count, begun, latencies))
        },
    )
}

/// Publishes one fast batch (client-conventions.md 7.2).
pub fn fast(session: &mut Session) -> Result<()> {
    start(
        session,
        "JetStream fast batch publisher",
        Batches::Fast,
        |mut raw, messages, count, counter, flow, outstanding| {
            let prefix = format!("_INBOX.{}", unique_id());
            raw.write(format!("SUB {prefix}.> 1\r\n").as_bytes())?;
            let mut latencies = Histogram::default();
            let mut pace = Pace::new(messages.plan);
            let mut buffer = Vec::new();
            let mut flow_control = Flow {
                acked: 0,
                every: flow as u64,
                ended: false,
            };
            let begun = Instant::now();
            let mut last = begun;
            for seq in 1..=count {
                // Start, append, or commit with this message.
                let op = if seq == count { 2 } else { u64::from(seq > 1) };
                let reply = format!("{prefix}.{flow}.fail.{seq}.{op}.$FI");
                messages.push(&mut buffer, seq - 1, &reply, &[]);
                let commits = seq == count;
                let stalls = |flow: &Flow| seq - flow.acked >= flow.every * outstanding as u64;
                if buffer.len() >= WRITE_AT
                    || seq == 1
                    || commits
                    || stalls(&flow_control)
                    || !pace.is_free()
                {
                    raw.write(&buffer)?;
                    buffer.clear();
                    pace.wait();
                }
                // The first answer tells how often acknowledgements will come.
                let mut waits = seq == 1;
                while waits
                    || (commits && !flow_control.ended)
                    || (!commits && stalls(&flow_control))
                {
                    flow_control.take(&mut raw)?;
                    latencies.add(last.elapsed().as_nanos() as u64);
                    last = Instant::now();
                    counter.set(flow_control.acked);
                    waits = false;
                }
            }
            counter.set(count);
            Ok(sample(&raw, messages.plan, count, begun, latencies))
        },
    )
}

/// Output that is gathered before it is written.
const WRITE_AT: usize = 64 * 1024;

/// How far a fast batch is.
struct Flow {
    /// Highest sequence that is known to be stored.
    acked: u64,
    /// Messages between two acknowledgements.
    every: u64,
    /// Whether the batch is committed.
    ended: bool,
}

impl Flow {
    /// Takes the next answer.
    fn take(&mut self, raw: &mut Raw) -> Result<()> {
        let answer = raw.next()?;
        if raw.is_no_responders(&answer) {
            bail!("nats: no responders available for request");
        }
        let json = Json::parse(raw.payload(&answer)).unwrap_or_default();
        if let Some(error) = ApiError::of(&json) {
            return Err(error.into());
        }
        match json.text("type") {
            "ack" => {
                self.acked = json.uint("seq").max(self.acked);
                self.every = json.uint("msgs").max(1);
            }
            "gap" => {
                bail!(
                    "messages {} to {} are missing",
                    json.uint("last_seq"),
                    json.uint("seq")
                )
            }
            _ => self.ended = true,
        }
        Ok(())
    }
}
