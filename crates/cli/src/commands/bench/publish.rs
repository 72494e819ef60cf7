//! Publishers to a stream: what they have in common, and those that send one
//! message or one atomic batch at a time.

use std::time::{Duration, Instant};

use super::histogram::Histogram;
use super::plan::{Content, Kind, Plan, Subjects};
use super::raw::{Answer, Raw, header_block, push_publish};
use super::run::{Counter, Pace, Sample, Work, run};
use super::service::Requests;
use super::stream::{Batches, api_error, prepare};
use crate::failure::{Failure, Result};
use crate::format::{commas, now_nanos};
use crate::jetstream::ApiError;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail, log};

/// Output that is gathered before it is written.
pub const WRITE_AT: usize = 64 * 1024;
/// How often a message is sent again that no stream takes: there may be none
/// for a moment.
pub const RETRIES: u32 = 2;
/// What is said about an acknowledgement that does not come in time.
pub const LATE: &str = "context deadline exceeded";
/// Most messages in a fast batch between two acknowledgements.
const MAX_FLOW: i64 = u16::MAX as i64;

/// What a client publishes.
pub struct Messages<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Number of messages.
    pub count: u64,
    /// Messages in a batch.
    pub batch: u64,
    /// Batches that wait for acknowledgements at most.
    pub outstanding: u64,
    /// What tells this client's batches and message ids from others.
    pub id: String,
    subjects: Subjects,
    content: Content,
    /// Header block of messages without more headers.
    block: Vec<u8>,
    /// Number of the first message if they have ids.
    first_id: Option<u64>,
}

impl Messages<'_> {
    /// Appends a message.
    pub fn push(&self, out: &mut Vec<u8>, number: u64, reply: &str, more: &[(&str, &str)]) {
        let subject = self.subjects.at(number);
        let payload = &self.content.payload;
        if self.first_id.is_none() && more.is_empty() {
            push_publish(out, &subject, reply, &self.block, payload);
            return;
        }
        let mut headers = self.content.headers.clone();
        if let Some(first) = self.first_id {
            headers.set("Nats-Msg-Id", format!("{}-{}", self.id, first + number));
        }
        for (key, value) in more {
            headers.set(key, *value);
        }
        headers.entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        push_publish(out, &subject, reply, &header_block(&headers), payload);
    }

    /// Subject of message `number`.
    pub fn subject(&self, number: u64) -> String {
        self.subjects.at(number)
    }

    /// What was measured.
    pub fn sample(&self, raw: &Raw, begun: Instant, latencies: Histogram) -> Sample {
        Sample {
            messages: self.count,
            traffic: raw.messages,
            begun,
            ended: Instant::now(),
            latencies: Some(latencies),
        }
    }
}

/// Fails unless an answer says that the message is stored. `nats: ` stands
/// before an error of the server twice, but for messages on their way.
pub fn check_ack(raw: &Raw, answer: &Answer) -> Result<()> {
    if raw.is_no_responders(answer) {
        bail!("nats: no response from stream");
    }
    let payload = raw.payload(answer);
    // The usual answer needs no look into its JSON.
    if payload.starts_with(b"{\"stream\":") && !payload.starts_with(b"{\"stream\":\"\"") {
        return Ok(());
    }
    let ack = Json::parse(payload).map_err(|_| {
        fail!(
            "nats: invalid jetstream publish response: {}",
            String::from_utf8_lossy(payload)
        )
    })?;
    match ApiError::of(&ack) {
        Some(error) => Err(api_error(&error)),
        None if ack.text("stream").is_empty() => bail!("nats: invalid jetstream publish response"),
        None => Ok(()),
    }
}

/// [`check_ack`] of a message that was waited for.
pub fn check_single_ack(raw: &Raw, answer: &Answer) -> Result<()> {
    check_ack(raw, answer).map_err(|failure| match failure {
        Failure::Error(text) if text.starts_with("nats: API error") => fail!("nats: {text}"),
        other => other,
    })
}

/// A way of publishing.
pub struct Way {
    /// What the results call it.
    pub label: &'static str,
    /// What the messages are for the stream.
    pub batches: Batches,
    /// What stands before an error of the first message.
    pub refusal: &'static str,
    /// What a client does.
    pub client: fn(&mut Raw, &Messages<'_>, &Counter) -> Result<Histogram>,
}

/// Runs clients that publish.
pub fn start(session: &mut Session, way: &Way) -> Result<()> {
    let kind = Kind {
        label: way.label,
        letter: 'P',
    };
    let m = &session.matches;
    let has = |name: &str| m.declared_flags().iter().any(|flag| flag.name == name);
    let number = |name: &str| if has(name) { m.int(name) } else { 0 };
    let outstanding = number("max-outstanding-acks");
    if way.batches == Batches::Fast {
        if outstanding == 0 {
            bail!("--max-outstanding-acks must be >= 1");
        }
        if outstanding > i64::from(u16::MAX) {
            bail!("strconv.ParseUint: parsing \"{outstanding}\": value out of range");
        }
    }
    let mut batch = number("batch");
    let mut plan = Plan::read(kind, m)?;
    plan.failing = "Fatal error";
    plan.cap_clients();
    if m.on("persistasync") && m.int("replicas") != 1 && way.batches == Batches::Atomic {
        bail!(
            "async persist mode is only supported for streams with 1 replica and incompatible with atomic batch publishing"
        );
    }
    let subjects = Subjects::read(m);
    note(&mut plan, session, &subjects, batch);
    log!("{}", plan.headline());
    if has_batches(session) && batch <= 0 {
        bail!("--batch must be >= 1");
    }
    if way.batches == Batches::Fast && batch > MAX_FLOW {
        log!(
            "WARNING: --batch {batch} exceeds the fast publisher flow window maximum of {MAX_FLOW}; capping at {MAX_FLOW}"
        );
        batch = MAX_FLOW;
    }
    prepare(session, &plan, &subjects, way.batches)?;
    let run_id = format!("{:x}", now_nanos() / 1_000_000);
    let ids = session.matches.on("dedup");
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let mut raw = Raw::connect(session, &plan)?;
        let count = plan.share(number);
        plan.announce(number, "publishing", count);
        let (plan, id) = (&plan, format!("{run_id}-{number}"));
        let subjects = subjects.beginning_at(plan.offset(number));
        works.push(Work::new(count, move |counter| {
            plan.stagger(number);
            let publish = || -> Result<Sample> {
                let content = plan.content()?;
                raw.check(&subjects.at(0), &content)
                    .map_err(|error| fail!("{}: {error}", way.refusal))?;
                let messages = Messages {
                    plan,
                    count,
                    batch: batch.unsigned_abs(),
                    outstanding: outstanding.unsigned_abs(),
                    id,
                    subjects,
                    block: header_block(&content.headers),
                    content,
                    first_id: ids.then(|| plan.offset(number)),
                };
                let begun = Instant::now();
                let latencies = (way.client)(&mut raw, &messages, counter)?;
                raw.flush()?;
                Ok(messages.sample(&raw, begun, latencies))
            };
            publish().map_err(|failure| failure.context("publishing"))
        }));
    }
    run(&plan, works)
}

fn has_batches(session: &Session) -> bool {
    session
        .matches
        .declared_flags()
        .iter()
        .any(|flag| flag.name == "batch")
}

/// What the first log line says.
fn note(plan: &mut Plan, session: &Session, subjects: &Subjects, batch: i64) {
    let m = &session.matches;
    subjects.note(plan, m);
    plan.note("batch", commas(batch));
    plan.note("stream", m.text("stream").unwrap_or_default());
    plan.note_sleep();
    plan.note("purge", m.on("purge").to_string());
    if m.on("create") {
        let window = m.nanos("dedupwindow").unwrap_or(0);
        plan.note("storage", m.text("storage").unwrap_or_default());
        plan.note("max-bytes", commas(plan.max_bytes));
        plan.note("replicas", commas(m.int("replicas")));
        plan.note("deduplication", m.on("dedup").to_string());
        plan.note("dedup-window", crate::format::human_duration(window));
    }
}

/// Publishes and waits for each acknowledgement.
pub fn sync(session: &mut Session) -> Result<()> {
    start(
        session,
        &Way {
            label: "JetStream synchronous publisher",
            batches: Batches::None,
            refusal: "publishing synchronously",
            client: |raw, messages, counter| {
                counter.state("Publishing");
                let requests = Requests {
                    count: messages.count,
                    retries: RETRIES,
                    late: LATE,
                };
                requests
                    .run(
                        raw,
                        messages.plan,
                        counter,
                        |out, number, reply| messages.push(out, number, reply, &[]),
                        |raw, answer, _| check_single_ack(raw, answer),
                    )
                    .map_err(|failure| failure.context("publishing synchronously"))
            },
        },
    )
}

/// Publishes atomic batches.
pub fn atomic(session: &mut Session) -> Result<()> {
    start(
        session,
        &Way {
            label: "JetStream atomic batch publisher",
            batches: Batches::Atomic,
            refusal: "publishing",
            client: atomic_batches,
        },
    )
}

fn atomic_batches(raw: &mut Raw, messages: &Messages<'_>, counter: &Counter) -> Result<Histogram> {
    raw.open_inbox()?;
    let mut latencies = Histogram::default();
    let mut pace = Pace::new(messages.plan);
    let mut buffer = Vec::new();
    let mut done = 0;
    while done < messages.count {
        counter.state("Batching  ");
        let size = messages.batch.min(messages.count - done);
        let mut paused = Duration::ZERO;
        let begun = Instant::now();
        for place in 1..=size {
            let sequence = place.to_string();
            let mut more = vec![
                ("Nats-Batch-Id", messages.id.as_str()),
                ("Nats-Batch-Sequence", sequence.as_str()),
            ];
            let number = done + place - 1;
            if place == size {
                counter.state("Committing");
                more.push(("Nats-Batch-Commit", "1"));
                raw.write(&buffer)?;
                buffer.clear();
                messages.push(&mut buffer, number, &raw.reply, &more);
                commit(raw, &buffer)
                    .map_err(|failure| failure.context("publishing with batch commit"))?;
                buffer.clear();
            } else {
                messages.push(&mut buffer, number, "", &more);
                if buffer.len() >= WRITE_AT || !pace.is_free() {
                    raw.write(&buffer)?;
                    buffer.clear();
                }
            }
            raw.messages += 1;
            counter.set(number + 1);
            paused += pace.wait();
        }
        latencies.add_time(begun.elapsed().saturating_sub(paused));
        done += size;
    }
    counter.state("Finished  ");
    Ok(latencies)
}

/// Sends the last message of a batch and waits for its acknowledgement.
fn commit(raw: &mut Raw, message: &[u8]) -> Result<()> {
    for left in (0..=RETRIES).rev() {
        raw.write(message)?;
        let answer = raw.next().map_err(late)?;
        if left == 0 || !raw.is_no_responders(&answer) {
            return check_single_ack(raw, &answer);
        }
        std::thread::sleep(super::service::RETRY_AFTER);
    }
    Ok(())
}

fn late(error: crate::client::ClientError) -> Failure {
    match error {
        crate::client::ClientError::Timeout => fail!("{LATE}"),
        error => error.into(),
    }
}
