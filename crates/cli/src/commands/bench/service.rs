//! Requests and responses.

use std::time::Instant;

use super::histogram::Histogram;
use super::plan::Plan;
use super::raw::{Raw, header_block, push_publish};
use super::run::{Counter, Pace, Sample, Work, run};
use crate::bail;
use crate::client::unique_id;
use crate::commands::service::{About, Service};
use crate::failure::Result;
use crate::format::commas;
use crate::log;
use crate::output::Json;
use crate::session::Session;

/// Messages between two updates of the progress.
const SHOW_EVERY: u64 = 256;
/// Name of the service.
const NAME: &str = "nats-bench-service";
/// Queue group of its endpoint.
const QUEUE: &str = "q";

/// Sends requests, one after the other.
pub fn request(session: &mut Session) -> Result<()> {
    let plan = Plan::read("Core NATS service requester", &session.matches)?;
    let subject = session.matches.required_arg("subject").to_owned();
    log!("{}", plan.headline());
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let raw = Raw::connect(session)?;
        let count = plan.share(number);
        log!(
            "[{}] Starting {}, requesting {} messages",
            number + 1,
            plan.label,
            commas(count)
        );
        let (plan, subject) = (&plan, subject.as_str());
        works.push(Box::new(move |counter| {
            let headers = header_block(&plan.headers);
            let build = |out: &mut Vec<u8>, _: u64, inbox: &str| {
                push_publish(out, subject, inbox, &headers, &plan.payload);
            };
            requests(raw, plan, count, counter, build, |raw, answer| {
                if raw.is_no_responders(answer) {
                    bail!("nats: no responders available for request");
                }
                Ok(raw.payload(answer).len())
            })
        }));
    }
    run(&plan, 'P', works)
}

/// Requests one after the other: `build` writes them, `check` looks at the
/// answers and gives the bytes that count.
pub fn requests(
    mut raw: Raw,
    plan: &Plan,
    count: u64,
    counter: &Counter,
    build: impl Fn(&mut Vec<u8>, u64, &str),
    check: impl Fn(&Raw, &super::raw::Answer) -> Result<usize>,
) -> Result<Sample> {
    let inbox = format!("_INBOX.{}", unique_id());
    raw.write(format!("SUB {inbox} 1\r\n").as_bytes())?;
    let mut latencies = Histogram::default();
    let mut pace = Pace::new(plan);
    let mut buffer = Vec::new();
    let mut bytes = 0;
    let begun = Instant::now();
    for number in 0..count {
        buffer.clear();
        build(&mut buffer, number, &inbox);
        let sent = Instant::now();
        raw.write(&buffer)?;
        let answer = raw.next()?;
        latencies.add(sent.elapsed().as_nanos() as u64);
        bytes += check(&raw, &answer)? as u64;
        if number % SHOW_EVERY == 0 {
            counter.set(number);
        }
        pace.wait();
    }
    let ended = Instant::now();
    counter.set(count);
    Ok(Sample {
        messages: count,
        traffic: count + raw.messages,
        bytes,
        begun,
        ended,
        latencies: Some(latencies),
    })
}

/// Answers requests until Ctrl-C, or until as many as were asked for.
pub fn serve(session: &mut Session) -> Result<()> {
    let plan = Plan::read("Core NATS service server", &session.matches)?;
    let subject = session.matches.required_arg("subject").to_owned();
    log!("{}", plan.headline());
    let endless = !session.matches.given("msgs");
    let mut services = Vec::new();
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let connection = session.connect_another()?;
        services.push(Service::announce(
            &connection,
            About {
                name: NAME,
                version: "1.0.0",
                description: "",
                metadata: Json::object(),
                subject: &subject,
                queue: QUEUE,
                data: None,
            },
        )?);
        let raw = Raw::connect(session)?;
        let count = plan.share(number);
        if endless {
            log!(
                "[{}] Starting {}, hit control-c to stop",
                number + 1,
                plan.label
            );
        } else {
            log!(
                "[{}] Starting {}, expecting {} messages",
                number + 1,
                plan.label,
                commas(count)
            );
        }
        let (plan, subject) = (&plan, subject.as_str());
        let most = if endless { u64::MAX } else { count };
        works.push(Box::new(move |counter| {
            serve_all(raw, plan, subject, most, counter)
        }));
    }
    run(&plan, 'S', works)
}

fn serve_all(
    mut raw: Raw,
    plan: &Plan,
    subject: &str,
    most: u64,
    counter: &Counter,
) -> Result<Sample> {
    raw.set_patience(None)?;
    raw.write(format!("SUB {subject} {QUEUE} 1\r\n").as_bytes())?;
    let headers = header_block(&plan.headers);
    let mut out = Vec::new();
    let (mut done, mut bytes) = (0, 0);
    let mut begun = None;
    while done < most {
        raw.fill()?;
        begun.get_or_insert_with(Instant::now);
        out.clear();
        while let Some(request) = raw.next_buffered()? {
            let reply = String::from_utf8_lossy(raw.reply(&request)).into_owned();
            bytes += raw.payload(&request).len() as u64;
            if !reply.is_empty() {
                push_publish(&mut out, &reply, "", &headers, &plan.payload);
            }
            done += 1;
            if !plan.sleep.is_zero() {
                std::thread::sleep(plan.sleep);
            }
            if done == most {
                break;
            }
        }
        raw.write(&out)?;
        counter.set(done);
    }
    let ended = Instant::now();
    Ok(Sample {
        messages: done,
        traffic: done * 2,
        bytes,
        begun: begun.unwrap_or(ended),
        ended,
        latencies: None,
    })
}
