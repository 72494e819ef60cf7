//! Direct gets.

use std::time::Instant;

use super::plan::Plan;
use super::raw::{Raw, push_publish};
use super::run::{Sample, Work, run};
use super::service::requests;
use crate::bail;
use crate::failure::Result;
use crate::format::commas;
use crate::jetstream::direct_pages;
use crate::log;
use crate::output::Json;
use crate::session::Session;

/// One message at a time, by sequence.
pub fn get_sync(session: &mut Session) -> Result<()> {
    let mut plan = Plan::read("JetStream synchronous getter", &session.matches)?;
    let stream = session
        .matches
        .text("stream")
        .unwrap_or_default()
        .to_owned();
    plan.note("stream", stream.as_str());
    let api = session.jetstream()?;
    let first = api.stream_info(&stream)?.uint("state.first_seq").max(1);
    let subject = api.subject(&format!("DIRECT.GET.{stream}"));
    log!("{}", plan.headline());
    let mut works: Vec<Work<'_>> = Vec::new();
    let mut start = first;
    for number in 0..plan.clients {
        let raw = Raw::connect(session)?;
        let count = plan.share(number);
        log!(
            "[{}] Starting {}, trying to get {} messages",
            number + 1,
            plan.label,
            commas(count)
        );
        let (plan, subject, from) = (&plan, subject.as_str(), start);
        start += count;
        works.push(Box::new(move |counter| {
            let build = |out: &mut Vec<u8>, number: u64, inbox: &str| {
                let body = format!("{{\"seq\":{}}}", from + number);
                push_publish(out, subject, inbox, &[], body.as_bytes());
            };
            requests(raw, plan, count, counter, build, |raw, answer| {
                if raw.headers(answer).starts_with(b"NATS/1.0 ") {
                    bail!("{}", String::from_utf8_lossy(raw.headers(answer)).trim());
                }
                Ok(raw.payload(answer).len())
            })
        }));
    }
    run(&plan, 'S', works)
}

/// Batches.
pub fn get_batch(session: &mut Session) -> Result<()> {
    let mut plan = Plan::read("JetStream batched direct getter", &session.matches)?;
    let stream = session
        .matches
        .text("stream")
        .unwrap_or_default()
        .to_owned();
    let filter = session.matches.text("filter").unwrap_or(">").to_owned();
    let batch = session.matches.int("batch").max(1);
    plan.note("stream", stream.as_str());
    plan.note("batch", commas(batch));
    log!("{}", plan.headline());
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let connection = session.connect_another()?;
        let api = session.jetstream_with(connection)?;
        // Every getter gets every message.
        let count = plan.messages;
        log!(
            "[{}] Starting {}, trying to get {} messages",
            number + 1,
            plan.label,
            commas(count)
        );
        let (stream, filter) = (stream.as_str(), filter.as_str());
        works.push(Box::new(move |counter| {
            let (mut seq, mut done, mut bytes) = (1, 0, 0);
            let begun = Instant::now();
            while done < count {
                let selector = Json::object()
                    .with("seq", seq)
                    .with("next_by_subj", filter)
                    .with("batch", (batch.unsigned_abs()).min(count - done));
                let found = direct_pages(&api, stream, &selector, |message| {
                    seq = message.seq + 1;
                    bytes += message.payload.len() as u64;
                    true
                })?;
                if found == 0 {
                    bail!("the stream has only {} messages", commas(done));
                }
                done += found as u64;
                counter.set(done);
            }
            Ok(Sample {
                messages: done,
                traffic: done,
                bytes,
                begun,
                ended: Instant::now(),
                latencies: None,
            })
        }));
    }
    run(&plan, 'S', works)
}
