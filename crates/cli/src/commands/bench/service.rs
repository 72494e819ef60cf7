//! Requests and responses.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::histogram::Histogram;
use super::plan::{Kind, Plan};
use super::raw::{Answer, Raw, header_block, push_publish};
use super::run::{Counter, Pace, Sample, Work, run};
use crate::client::ClientError;
use crate::commands::service::{Description, Service};
use crate::failure::{Failure, Result};
use crate::output::Json;
use crate::session::Session;
use crate::{bail, log};

/// Messages between two updates of the progress.
const SHOW_EVERY: u64 = 256;
/// Name of the service.
const NAME: &str = "nats-bench-service";
/// Queue group of its endpoint.
const QUEUE: &str = "q";
/// Name of its endpoint.
const ENDPOINT: &str = "default";
/// What it answers.
const ANSWER: &[u8] = b"ok";
/// Number of the subscription to requests, and of the first one to questions
/// about the service.
const REQUESTS: u64 = 1;
const FIRST_QUESTION: usize = 2;
/// Time before a request that nobody answers is sent again.
pub const RETRY_AFTER: Duration = Duration::from_millis(250);

/// Sends requests, one after the other.
pub fn request(session: &mut Session) -> Result<()> {
    let kind = Kind {
        label: "Core NATS service requester",
        letter: 'P',
    };
    let mut plan = Plan::read(kind, &session.matches)?;
    let subject = session.matches.required_arg("subject").to_owned();
    plan.cap_clients();
    plan.note("subject", subject.as_str());
    plan.note_sleep();
    log!("{}", plan.headline());
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let raw = Raw::connect(session, &plan)
            .map_err(|error| error.context(format!("client number {number} failed to connect")))?;
        let count = plan.share(number);
        plan.announce(number, "requesting", count);
        let (plan, subject) = (&plan, subject.as_str());
        works.push(Work::new(count, move |counter| {
            plan.stagger(number);
            counter.state("Requesting");
            request_all(raw, plan, subject, count, counter)
                .map_err(|failure| failure.context("requesting"))
        }));
    }
    run(&plan, works)
}

fn request_all(
    mut raw: Raw,
    plan: &Plan,
    subject: &str,
    count: u64,
    counter: &Counter,
) -> Result<Sample> {
    let content = plan.content()?;
    let within = |failure: Failure| failure.context("requesting");
    raw.check(subject, &content)
        .map_err(|error| within(error.into()))?;
    let headers = header_block(&content.headers);
    let begun = Instant::now();
    let latencies = Requests {
        count,
        retries: 0,
        late: "nats: timeout",
    }
    .run(
        &mut raw,
        plan,
        counter,
        |out, _, reply| push_publish(out, subject, reply, &headers, &content.payload),
        |raw, answer, _| check_answer(raw, answer),
    )
    .map_err(within)?;
    raw.flush()?;
    counter.state("Finished  ");
    Ok(Sample {
        messages: count,
        traffic: raw.messages,
        begun,
        ended: Instant::now(),
        latencies: Some(latencies),
    })
}

/// What answers a request may also be one that says what went wrong.
fn check_answer(raw: &Raw, answer: &Answer) -> Result<()> {
    if raw.is_no_responders(answer) {
        bail!("{}", ClientError::NoResponders);
    }
    let payload = raw.payload(answer);
    let is_bad = matches!(payload.first(), None | Some(b'-'))
        || payload.windows(b"error".len()).any(|part| part == b"error");
    if is_bad {
        log!(
            "Request did not receive a good reply: {:?}",
            String::from_utf8_lossy(payload)
        );
        return Err(Failure::Exit(1));
    }
    Ok(())
}

/// Requests one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Requests {
    /// How many.
    pub count: u64,
    /// How often one is sent again that nobody answers.
    pub retries: u32,
    /// What is said about an answer that does not come in time.
    pub late: &'static str,
}

impl Requests {
    /// Sends them and takes their times: `build` writes a request, `check`
    /// looks at its answer.
    pub fn run(
        self,
        raw: &mut Raw,
        plan: &Plan,
        counter: &Counter,
        mut build: impl FnMut(&mut Vec<u8>, u64, &str),
        mut check: impl FnMut(&Raw, &Answer, u64) -> Result<()>,
    ) -> Result<Histogram> {
        raw.open_inbox()?;
        let reply = raw.reply.clone();
        let mut latencies = Histogram::default();
        let mut pace = Pace::new(plan);
        let mut buffer = Vec::new();
        for number in 0..self.count {
            buffer.clear();
            build(&mut buffer, number, &reply);
            let mut retries = self.retries;
            let sent = Instant::now();
            let answer = loop {
                let answer = match raw.exchange(&buffer) {
                    Ok(answer) => answer,
                    // Nobody knows whether it arrived.
                    Err(ClientError::Closed) => {
                        raw.revive()?;
                        continue;
                    }
                    Err(ClientError::Timeout) => bail!("{}", self.late),
                    Err(error) => return Err(error.into()),
                };
                if retries == 0 || !raw.is_no_responders(&answer) {
                    break answer;
                }
                retries -= 1;
                std::thread::sleep(RETRY_AFTER);
            };
            latencies.add(nanos(sent.elapsed()));
            check(raw, &answer, number)?;
            if number % SHOW_EVERY == 0 {
                counter.set(number + 1);
            }
            pace.wait();
        }
        counter.set(self.count);
        Ok(latencies)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Answers requests until Ctrl-C.
pub fn serve(session: &mut Session) -> Result<()> {
    let kind = Kind {
        label: "Core NATS service server",
        letter: '?',
    };
    let mut plan = Plan::read(kind, &session.matches)?;
    // Nobody knows when it will be done.
    plan.progress = false;
    let subject = session.matches.required_arg("subject").to_owned();
    plan.note("subject", subject.as_str());
    plan.note_sleep();
    log!("{}", plan.headline());
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let raw = Raw::connect(session, &plan)
            .map_err(|error| error.context(format!("client number {number} failed to connect")))?;
        log!(
            "[{}] Starting {}, hit control-c to stop",
            number + 1,
            kind.label
        );
        let (sleep, subject) = (plan.sleep, subject.as_str());
        works.push(Work::new(0, move |_| serve_all(raw, sleep, subject)));
    }
    run(&plan, works)
}

/// Answers requests, and questions about the service.
fn serve_all(mut raw: Raw, sleep: Duration, subject: &str) -> Result<Sample> {
    let service = Service::new(Description {
        name: NAME,
        version: "1.0.0",
        description: "",
        endpoint: ENDPOINT,
        subject,
        queue: QUEUE,
        metadata: Json::object(),
        data: None,
    });
    if subject.is_empty() || subject.contains([' ', '\t', '\r', '\n']) {
        bail!("adding the service: {}", ClientError::BadSubject);
    }
    let mut subscriptions = format!("SUB {subject} {QUEUE} {REQUESTS}\r\n");
    for (place, question) in service.subjects().enumerate() {
        subscriptions.push_str(&format!("SUB {question} {}\r\n", place + FIRST_QUESTION));
    }
    raw.subscribe(&subscriptions)?;
    raw.set_patience(None)?;
    let mut out = Vec::new();
    loop {
        match serve_some(&mut raw, &service, sleep, &mut out) {
            Err(ClientError::Closed) => raw.revive()?,
            other => other?,
        }
    }
}

/// Answers what comes with the next read.
fn serve_some(
    raw: &mut Raw,
    service: &Service,
    sleep: Duration,
    out: &mut Vec<u8>,
) -> std::result::Result<(), ClientError> {
    raw.fill()?;
    out.clear();
    let begun = Instant::now();
    let mut requests = 0;
    while let Some(request) = raw.next_buffered()? {
        let reply = String::from_utf8_lossy(raw.reply(&request)).into_owned();
        if request.sid == REQUESTS {
            requests += 1;
            if !sleep.is_zero() {
                raw.write(out)?;
                out.clear();
                std::thread::sleep(sleep);
            }
        }
        if reply.is_empty() {
            continue;
        }
        if request.sid == REQUESTS {
            push_publish(out, &reply, "", &[], ANSWER);
            continue;
        }
        let place = usize::try_from(request.sid).unwrap_or(0);
        if let Some(answer) = service.answer(place.wrapping_sub(FIRST_QUESTION)) {
            push_publish(out, &reply, "", &[], answer.as_bytes());
        }
    }
    raw.write(out)?;
    if requests > 0 {
        let time = nanos(begun.elapsed());
        service.requests.fetch_add(requests, Ordering::Relaxed);
        service.nanos.fetch_add(time, Ordering::Relaxed);
    }
    Ok(())
}
