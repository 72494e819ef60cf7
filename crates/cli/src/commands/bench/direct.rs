//! Gets: messages of a stream without a consumer.

use std::time::{Duration, Instant};

use super::histogram::BatchTimes;
use super::plan::{Kind, Plan};
use super::raw::{Answer, Raw, push_publish};
use super::run::{Counter, Sample, Work, run};
use super::service::Requests;
use super::stream::{api_error, ask, check_name, prefix};
use crate::client::{ClientError, Headers};
use crate::failure::Result;
use crate::format::commas;
use crate::jetstream::ApiError;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail, log};

/// Batches in a row without a message after which no more are asked for. One
/// may be lost with its connection; a server that sends none so often would
/// be asked for ever.
const MAX_EMPTY_BATCHES: u64 = 10;

/// How messages of a stream are got, one at a time.
pub struct Getter {
    /// Subject of requests.
    subject: String,
    /// Whether answers are messages, not JSON.
    is_direct: bool,
}

impl Getter {
    /// For a stream with this configuration.
    pub fn new(prefix: &str, stream: &str, config: &Json) -> Self {
        let is_direct = config.on("allow_direct");
        let name = if is_direct {
            "DIRECT.GET"
        } else {
            "STREAM.MSG.GET"
        };
        Self {
            subject: format!("{prefix}.{name}.{stream}"),
            is_direct,
        }
    }

    /// Appends a request for a sequence.
    pub fn by_sequence(&self, out: &mut Vec<u8>, seq: u64, reply: &str) {
        let body = format!("{{\"seq\":{seq}}}");
        push_publish(out, &self.subject, reply, &[], body.as_bytes());
    }

    /// Appends a request for the last message of a subject.
    pub fn by_subject(&self, out: &mut Vec<u8>, subject: &str, reply: &str) {
        if self.is_direct {
            let name = format!("{}.{subject}", self.subject);
            push_publish(out, &name, reply, &[], b"");
        } else {
            let body = Json::object().with("last_by_subj", subject).compact();
            push_publish(out, &self.subject, reply, &[], body.as_bytes());
        }
    }

    /// Fails unless an answer has a message.
    pub fn check(&self, raw: &Raw, answer: &Answer) -> std::result::Result<(), ApiError> {
        if raw.is_no_responders(answer) {
            return Err(ClientError::NoResponders.into());
        }
        if !self.is_direct {
            let answer = Json::parse(raw.payload(answer))
                .map_err(|error| ApiError::Garbled(error.to_string()))?;
            return ApiError::of(&answer).map_or(Ok(()), Err);
        }
        match status(raw, answer) {
            None => Ok(()),
            Some((404, _)) => Err(not_found()),
            Some((code, description)) => Err(ApiError::Server {
                code: code.into(),
                err_code: 0,
                description,
            }),
        }
    }
}

fn not_found() -> ApiError {
    ApiError::Server {
        code: 404,
        err_code: 10037,
        description: "message not found".to_owned(),
    }
}

/// What a direct get says instead of a message.
fn status(raw: &Raw, answer: &Answer) -> Option<(u16, String)> {
    let block = raw.headers(answer);
    if !block.starts_with(b"NATS/1.0 ") {
        return None;
    }
    let headers = Headers::decode(block);
    Some((headers.status, headers.description))
}

fn note(plan: &mut Plan, session: &Session) {
    plan.note("stream", session.matches.text("stream").unwrap_or_default());
    plan.note_sleep();
}

fn client(session: &mut Session, plan: &Plan, number: usize) -> Result<Raw> {
    let raw = Raw::connect(session, plan).map_err(|error| match number {
        // The first one shows whether there is a server.
        0 => error.context("connecting"),
        _ => error.context(format!("client number {number} could not connect")),
    })?;
    plan.announce(number, "expecting", plan.messages);
    Ok(raw)
}

/// One message at a time, by sequence.
pub fn get_sync(session: &mut Session) -> Result<()> {
    let kind = Kind {
        label: "JetStream synchronous getter",
        letter: 'S',
    };
    let mut plan = Plan::read(kind, &session.matches)?;
    note(&mut plan, session);
    log!("{}", plan.headline());
    let stream = session
        .matches
        .text("stream")
        .unwrap_or_default()
        .to_owned();
    let prefix = prefix(session)?;
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let raw = client(session, &plan, number)?;
        let (plan, prefix, stream) = (&plan, prefix.as_str(), stream.as_str());
        // Every getter gets every message.
        works.push(Work::new(plan.messages, move |counter| {
            get_all(raw, plan, prefix, stream, counter)
        }));
    }
    run(&plan, works)
}

fn get_all(
    mut raw: Raw,
    plan: &Plan,
    prefix: &str,
    stream: &str,
    counter: &Counter,
) -> Result<Sample> {
    counter.state("Getting   ");
    raw.open_inbox()?;
    let name = format!("{prefix}.STREAM.INFO.{stream}");
    check_name(stream)
        .and_then(|()| ask(&mut raw, &name, "").map_err(|error| api_error(&error)))
        .map_err(|failure| failure.context(format!("getting stream '{stream}'")))?;
    let info = ask(&mut raw, &name, "").map_err(|error| {
        api_error(&error).context(format!("getting stream info for '{stream}'"))
    })?;
    let getter = Getter::new(prefix, stream, info.at("config"));
    let first = info.uint("state.first_seq");
    let begun = Instant::now();
    let latencies = Requests {
        count: plan.messages,
        retries: 0,
        late: "context deadline exceeded",
    }
    .run(
        &mut raw,
        plan,
        counter,
        |out, number, reply| getter.by_sequence(out, first.saturating_add(number), reply),
        |raw, answer, number| {
            getter.check(raw, answer).map_err(|error| {
                api_error(&error).context(format!(
                    "getting message sequence number {} from the stream",
                    first.saturating_add(number)
                ))
            })
        },
    )?;
    counter.state("Finished  ");
    Ok(Sample {
        messages: plan.messages,
        traffic: raw.messages,
        begun,
        ended: Instant::now(),
        latencies: Some(latencies),
    })
}

/// Batches.
pub fn get_batch(session: &mut Session) -> Result<()> {
    let kind = Kind {
        label: "JetStream batched direct getter",
        letter: 'S',
    };
    let mut plan = Plan::read(kind, &session.matches)?;
    let m = &session.matches;
    let filter = m.text("filter").unwrap_or_default().to_owned();
    let batch = m.int("batch");
    plan.note("batch", commas(batch));
    plan.note("filter", filter.as_str());
    note(&mut plan, session);
    log!("{}", plan.headline());
    let Some(batch) = u64::try_from(batch).ok().filter(|batch| *batch > 0) else {
        bail!("--batch must be >= 1");
    };
    let stream = session.matches.text("stream").unwrap_or_default();
    let subject = format!("DIRECT.GET.{stream}");
    let subject = format!("{}.{subject}", prefix(session)?);
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let raw = client(session, &plan, number)?;
        let batches = Batches {
            number,
            subject: subject.as_str(),
            filter: filter.as_str(),
            size: batch,
            next: 1,
        };
        let plan = &plan;
        // Every getter gets every message.
        works.push(Work::new(plan.messages, move |counter| {
            batches.get_all(raw, plan, counter)
        }));
    }
    run(&plan, works)
}

struct Batches<'a> {
    /// Number of the client.
    number: usize,
    /// Subject of requests.
    subject: &'a str,
    filter: &'a str,
    size: u64,
    /// Sequence from which the next batch begins.
    next: u64,
}

impl Batches<'_> {
    fn get_all(mut self, mut raw: Raw, plan: &Plan, counter: &Counter) -> Result<Sample> {
        counter.state("Getting   ");
        let count = plan.messages;
        let mut times = BatchTimes::new(self.size);
        let mut done = 0;
        let mut empty = 0;
        let begun = Instant::now();
        let mut sid = 0;
        while done < count {
            sid += 1;
            let wanted = self.size.min(count - done);
            let (got, time) = self
                .get(&mut raw, sid, wanted)
                .map_err(|error| error.context("getting message from the stream"))?;
            done += got;
            counter.set(done);
            if got != wanted {
                log!(
                    "[{}] Warning: Got {got} (expected {wanted}) messages in this batch",
                    self.number + 1
                );
                plan.trouble.got_less();
            }
            empty = if got == 0 { empty + 1 } else { 0 };
            if empty == MAX_EMPTY_BATCHES {
                bail!(
                    "getting message from the stream: {empty} batches in a row had no messages, \
                     from sequence {} on, after {done} of {count} messages",
                    self.next
                );
            }
            times.set(done.min(count), time);
            if !plan.sleep.is_zero() {
                std::thread::sleep(plan.sleep);
            }
        }
        let ended = Instant::now();
        counter.state("Finished  ");
        Ok(Sample {
            messages: count,
            traffic: raw.messages,
            begun,
            ended,
            latencies: Some(times.histogram()),
        })
    }

    /// Gets a batch: how many there were, and the time of the call as far as it
    /// does not wait for messages.
    fn get(&mut self, raw: &mut Raw, sid: u64, wanted: u64) -> Result<(u64, Duration)> {
        let body = Json::object()
            .with("seq", self.next)
            .with("next_by_subj", self.filter)
            .with("batch", wanted)
            .compact();
        let begun = Instant::now();
        let inbox = format!("{}.{sid}", raw.inbox);
        let mut out = format!("SUB {inbox} {sid}\r\n").into_bytes();
        push_publish(&mut out, self.subject, &inbox, &[], body.as_bytes());
        raw.messages += 1;
        if let Err(ClientError::Closed) = raw.write(&out) {
            raw.revive()?;
            return Ok((0, begun.elapsed()));
        }
        let time = begun.elapsed();
        let mut got = 0;
        loop {
            let answer = match raw.next() {
                Ok(answer) => answer,
                Err(ClientError::Timeout) => break,
                Err(ClientError::Closed) => {
                    raw.revive()?;
                    return Ok((got, time));
                }
                Err(error) => return Err(error.into()),
            };
            if answer.sid != sid {
                continue;
            }
            match status(raw, &answer) {
                None => {
                    got += 1;
                    let headers = Headers::decode(raw.headers(&answer));
                    let seq = headers.get("Nats-Sequence");
                    let seq: Option<u64> = seq.and_then(|text| text.parse().ok());
                    self.next = seq.unwrap_or(self.next).saturating_add(1);
                }
                Some((204, _)) => break,
                Some((404, _)) => bail!("no messages"),
                Some((503, _)) => bail!("{}", ClientError::NoResponders),
                Some((code, description)) => bail!("nats: {description} ({code})"),
            }
        }
        raw.write(format!("UNSUB {sid}\r\n").as_bytes())?;
        Ok((got, time))
    }
}

/// Why a key has no value.
pub fn key_error(error: &ApiError) -> crate::failure::Failure {
    if error.is_message_not_found() {
        fail!("nats: key not found")
    } else {
        api_error(error)
    }
}
