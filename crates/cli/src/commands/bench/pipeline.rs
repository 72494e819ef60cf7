//! Publishers to a stream with many acknowledgements on the way: single
//! messages, and fast batches.

use std::time::{Duration, Instant};

use super::histogram::Histogram;
use super::publish::{Messages, RETRIES, WRITE_AT, Way, check_ack, start};
use super::raw::{Answer, Raw, push_publish};
use super::run::{Counter, Pace};
use super::service::RETRY_AFTER;
use super::stream::{Batches, api_error};
use crate::client::ClientError;
use crate::failure::{Failure, Result};
use crate::jetstream::ApiError;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// Most messages that wait for their acknowledgement at a time, as with other
/// clients.
const MAX_UNACKED: usize = 4_000;

/// Publishes with as many acknowledgements on the way as a batch has messages.
pub fn in_flight(session: &mut Session) -> Result<()> {
    start(
        session,
        &Way {
            label: "JetStream asynchronous publisher",
            batches: Batches::None,
            refusal: "publishing asynchronously",
            client: |raw, messages, counter| {
                raw.open_inbox()?;
                let mut pace = Pace::new(messages.plan);
                let mut latencies = Histogram::default();
                let mut done = 0;
                while done < messages.count {
                    let size = messages.batch.min(messages.count - done);
                    let batch = Unacked {
                        first: done,
                        size,
                        acked: 0,
                        refused: Vec::new(),
                    };
                    latencies.add_time(batch.publish(raw, messages, counter, &mut pace)?);
                    done += size;
                }
                counter.state("Finished  ");
                Ok(latencies)
            },
        },
    )
}

/// Messages that are published together.
struct Unacked {
    /// Number of the first one.
    first: u64,
    size: u64,
    acked: usize,
    /// Those that no stream has taken.
    refused: Vec<u64>,
}

impl Unacked {
    /// Publishes all of them and waits for their acknowledgements. Gives the
    /// time that took, without pauses.
    fn publish(
        mut self,
        raw: &mut Raw,
        messages: &Messages<'_>,
        counter: &Counter,
        pace: &mut Pace,
    ) -> Result<Duration> {
        counter.state("Publishing");
        let inbox = raw.inbox.clone();
        let mut buffer = Vec::new();
        let mut sent = 0_usize;
        let mut paused = Duration::ZERO;
        let begun = Instant::now();
        for number in 0..self.size {
            let reply = format!("{inbox}.{number}");
            messages.push(&mut buffer, self.first + number, &reply, &[]);
            sent += 1;
            let stalls = sent.saturating_sub(self.acked + self.refused.len()) >= MAX_UNACKED;
            if buffer.len() >= WRITE_AT || stalls || !pace.is_free() {
                raw.write(&buffer)?;
                buffer.clear();
                counter.set(self.first + number + 1);
                paused += pace.wait();
                self.collect(raw, if stalls { sent - MAX_UNACKED / 2 } else { 0 })?;
            }
        }
        raw.write(&buffer)?;
        raw.messages += self.size;
        counter.set(self.first + self.size);
        counter.state("AckWait   ");
        self.collect(raw, sent)?;
        for _ in 0..RETRIES {
            if self.refused.is_empty() {
                break;
            }
            std::thread::sleep(RETRY_AFTER);
            buffer.clear();
            for number in std::mem::take(&mut self.refused) {
                let reply = format!("{inbox}.{number}");
                messages.push(&mut buffer, self.first + number, &reply, &[]);
                raw.messages += 1;
            }
            raw.write(&buffer)?;
            self.collect(raw, sent)?;
        }
        if !self.refused.is_empty() {
            return Err(refusal("nats: no response from stream".into()));
        }
        Ok(begun.elapsed().saturating_sub(paused))
    }

    /// Takes answers until there have been `wanted`, and all that have come.
    fn collect(&mut self, raw: &mut Raw, wanted: usize) -> Result<()> {
        let deadline = Instant::now() + raw.patience();
        loop {
            while let Some(answer) = raw.next_buffered()? {
                self.take(raw, &answer)?;
            }
            let missing = wanted.saturating_sub(self.acked + self.refused.len());
            if missing == 0 {
                return Ok(());
            }
            let answer = raw.next_before(deadline).map_err(|error| match error {
                ClientError::Timeout => fail!("JS PubAsync ack timeout (pending={missing})"),
                // Acknowledgements are lost with the connection.
                error => fail!("JS PubAsync ack timeout (pending={missing}): {error}"),
            })?;
            self.take(raw, &answer)?;
        }
    }

    fn take(&mut self, raw: &Raw, answer: &Answer) -> Result<()> {
        if !raw.is_no_responders(answer) {
            self.acked += 1;
            return check_ack(raw, answer).map_err(refusal);
        }
        let subject = String::from_utf8_lossy(raw.subject(answer));
        let number: Option<u64> = subject
            .rsplit('.')
            .next()
            .and_then(|text| text.parse().ok());
        self.refused
            .extend(number.filter(|number| *number < self.size));
        Ok(())
    }
}

fn refusal(failure: Failure) -> Failure {
    failure.context("async publish acknowledgement is an error")
}

/// What is asked for with a message of a fast batch.
#[derive(Clone, Copy)]
enum Step {
    Start = 0,
    Append = 1,
    End = 3,
    Ping = 4,
}

/// Publishes one fast batch (client-conventions.md 7.2).
pub fn fast(session: &mut Session) -> Result<()> {
    start(
        session,
        &Way {
            label: "JetStream fast batch publisher",
            batches: Batches::Fast,
            refusal: "fast batch publishing: batch message 1 publish failed",
            client: |raw, messages, counter| {
                fast_batch(raw, messages, counter)
                    .map_err(|failure| failure.context("fast batch publishing"))
            },
        },
    )
}

fn fast_batch(raw: &mut Raw, messages: &Messages<'_>, counter: &Counter) -> Result<Histogram> {
    raw.subscribe(&format!("SUB {}.> 1\r\n", raw.inbox))?;
    let mut flow = Flow {
        replies: format!("{}.{}.fail.", raw.inbox, messages.batch),
        subject: String::new(),
        acked: 0,
        every: messages.batch,
        ended: false,
        trouble: None,
    };
    let mut latencies = Histogram::default();
    let mut pace = Pace::new(messages.plan);
    let mut buffer = Vec::new();
    let mut last = Instant::now();
    let mut paused = Duration::ZERO;
    counter.state("Batching  ");
    for seq in 1..=messages.count {
        let step = if seq == 1 { Step::Start } else { Step::Append };
        let reply = flow.reply(seq, step);
        messages.push(&mut buffer, seq - 1, &reply, &[]);
        raw.messages += 1;
        let known = flow.acked;
        let stalls = flow.stalls(seq, messages.outstanding);
        if buffer.len() >= WRITE_AT || seq == 1 || stalls || !pace.is_free() {
            raw.write(&buffer)?;
            buffer.clear();
        }
        if seq == 1 {
            flow.subject = messages.subject(0);
            flow.take_first(raw)?;
        }
        while flow.stalls(seq, messages.outstanding) && !flow.ended {
            flow.take(raw, seq).map_err(|failure| {
                if failure.to_string() == LATE {
                    fail!(
                        "batch message {seq} {LATE}; current ack sequence: {}",
                        flow.acked
                    )
                } else {
                    failure
                }
            })?;
        }
        if flow.ended {
            bail!("{CLOSED}");
        }
        if flow.acked > known {
            latencies.add_time(last.elapsed().saturating_sub(paused));
            last = Instant::now();
            paused = Duration::ZERO;
            counter.set(seq);
        }
        paused += pace.wait();
    }
    counter.set(messages.count);
    counter.state("Committing");
    let end = flow.reply(messages.count + 1, Step::End);
    push_publish(&mut buffer, &flow.subject, &end, &[], b"");
    raw.messages += 1;
    raw.write(&buffer)?;
    while !flow.ended {
        flow.take(raw, messages.count)?;
    }
    latencies.add_time(last.elapsed().saturating_sub(paused));
    counter.state("Finished  ");
    Ok(latencies)
}

/// How far a fast batch is.
struct Flow {
    /// Start of the subjects of its answers.
    replies: String,
    /// Where it is asked how far it is.
    subject: String,
    /// Highest sequence that is known to be stored.
    acked: u64,
    /// Messages between two acknowledgements.
    every: u64,
    /// Whether the batch is at its end.
    ended: bool,
    /// The first thing that went wrong.
    trouble: Option<ApiError>,
}

impl Flow {
    fn reply(&self, seq: u64, step: Step) -> String {
        format!("{}{seq}.{}.$FI", self.replies, step as u8)
    }

    /// Whether an acknowledgement is needed before there may be more.
    fn stalls(&self, seq: u64, outstanding: u64) -> bool {
        self.acked
            .saturating_add(self.every.saturating_mul(outstanding))
            <= seq
    }

    /// Takes the answer to the first message.
    fn take_first(&mut self, raw: &mut Raw) -> Result<()> {
        let answer = raw.next().map_err(|error| match error {
            ClientError::Timeout => fail!("batch message 1 ack timeout"),
            error => error.into(),
        })?;
        if raw.is_no_responders(&answer) {
            bail!("batch message 1 ack timeout: {}", ClientError::NoResponders);
        }
        self.handle(raw, &answer)
            .map_err(|why| fail!("batch message 1 ack error: {why}"))
    }

    /// Takes the next answer. One that does not come is asked for.
    fn take(&mut self, raw: &mut Raw, seq: u64) -> Result<()> {
        let patience = raw.patience();
        raw.set_patience(Some(patience / PINGS))?;
        let mut answer = Err(ClientError::Timeout);
        for left in (0..PINGS).rev() {
            answer = raw.next_before(Instant::now() + patience / PINGS);
            if !matches!(answer, Err(ClientError::Timeout)) || left == 0 {
                break;
            }
            let mut ping = Vec::new();
            let reply = self.reply(seq, Step::Ping);
            push_publish(&mut ping, &self.subject, &reply, &[], b"");
            raw.messages += 1;
            raw.write(&ping)?;
        }
        raw.set_patience(Some(patience))?;
        let answer = answer.map_err(|error| match error {
            ClientError::Timeout => fail!("{LATE}"),
            error => error.into(),
        })?;
        self.handle(raw, &answer)
    }

    fn handle(&mut self, raw: &Raw, answer: &Answer) -> Result<()> {
        let json = Json::parse(raw.payload(answer)).unwrap_or_default();
        match json.text("type") {
            "ack" => {
                self.acked = json.uint("seq").max(self.acked);
                self.every = json.uint("msgs").max(1);
                Ok(())
            }
            "gap" => Ok(()),
            // The end of the batch follows.
            "err" => {
                self.trouble = self.trouble.take().or(ApiError::of(&json));
                Ok(())
            }
            _ => {
                self.ended = true;
                match self.trouble.take().or(ApiError::of(&json)) {
                    Some(error) => Err(fail!("{CLOSED}: {}", api_error(&error))),
                    None => Ok(()),
                }
            }
        }
    }
}

/// What is said about an acknowledgement that does not come.
const LATE: &str = "ack timeout";
/// What is said about a batch that has ended too early.
const CLOSED: &str = "nats: batch publisher closed";
/// Parts of the patience after which it is asked how far a fast batch is.
const PINGS: u32 = 3;
