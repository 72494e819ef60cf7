//! Key-Value buckets.

use super::plan::Plan;
use super::raw::{Raw, header_block, push_publish};
use super::run::{Work, run};
use super::service::requests;
use crate::failure::Result;
use crate::format::{SizeRange, commas, parse_size};
use crate::jetstream::ApiError;
use crate::log;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail};

/// Key of message `number`: in turn, or one of some at random.
fn key(number: u64, start: u64, random: u64) -> u64 {
    if random > 0 {
        fastrand::u64(0..random)
    } else {
        start + number
    }
}

/// Puts values.
pub fn kv_put(session: &mut Session) -> Result<()> {
    let mut plan = Plan::read("JetStream KV putter", &session.matches)?;
    let m = &session.matches;
    let bucket = m.text("bucket").unwrap_or_default().to_owned();
    let random = m.int("randomize").max(0).unsigned_abs();
    let max_bytes = parse_size(m.text("maxbytes").unwrap_or_default(), SizeRange::Bits64)?;
    plan.note("bucket", bucket.as_str());
    let config = Json::object()
        .with("name", format!("KV_{bucket}"))
        .with("subjects", vec![format!("$KV.{bucket}.>")])
        .with("retention", "limits")
        .with("max_bytes", max_bytes)
        .with("discard", "new")
        .with("max_msgs_per_subject", m.uint("history").max(1))
        .with("storage", m.text("storage").unwrap_or("file"))
        .with("num_replicas", m.int("replicas").max(1))
        .with("deny_delete", true)
        .with("allow_rollup_hdrs", true)
        .with("allow_direct", true);
    let api = session.jetstream()?;
    match api.request(&format!("STREAM.CREATE.KV_{bucket}"), &config) {
        Ok(_) => {}
        // It is there with other settings: it is used as it is.
        Err(error) if error.err_code() == 10058 => {}
        Err(error) => return Err(error.into()),
    }
    if session.matches.on("purge") {
        api.request(&format!("STREAM.PURGE.KV_{bucket}"), &Json::Null)?;
    }
    log!("{}", plan.headline());
    let mut works: Vec<Work<'_>> = Vec::new();
    let mut start = 0;
    for number in 0..plan.clients {
        let raw = Raw::connect(session)?;
        let count = plan.share(number);
        log!(
            "[{}] Starting {}, publishing {} messages",
            number + 1,
            plan.label,
            commas(count)
        );
        let (plan, bucket, from) = (&plan, bucket.as_str(), start);
        start += count;
        works.push(Box::new(move |counter| {
            let headers = header_block(&plan.headers);
            let build = |out: &mut Vec<u8>, number: u64, inbox: &str| {
                let subject = format!("$KV.{bucket}.{}", key(number, from, random));
                push_publish(out, &subject, inbox, &headers, &plan.payload);
            };
            requests(raw, plan, count, counter, build, |raw, answer| {
                if raw.is_no_responders(answer) {
                    bail!("nats: no responders available for request");
                }
                let payload = raw.payload(answer);
                if !payload.starts_with(b"{\"stream\":") {
                    let ack = Json::parse(payload).map_err(|_| fail!("invalid ack response"))?;
                    if let Some(error) = ApiError::of(&ack) {
                        return Err(error.into());
                    }
                }
                Ok(plan.payload.len())
            })
        }));
    }
    run(&plan, 'P', works)
}

/// Gets values.
pub fn kv_get(session: &mut Session) -> Result<()> {
    let mut plan = Plan::read("JetStream KV getter", &session.matches)?;
    let bucket = session
        .matches
        .text("bucket")
        .unwrap_or_default()
        .to_owned();
    let random = session.matches.int("randomize").max(0).unsigned_abs();
    plan.note("bucket", bucket.as_str());
    let prefix = session
        .jetstream()?
        .subject(&format!("DIRECT.GET.KV_{bucket}.$KV.{bucket}"));
    log!("{}", plan.headline());
    let mut works: Vec<Work<'_>> = Vec::new();
    let mut start = 0;
    for number in 0..plan.clients {
        let raw = Raw::connect(session)?;
        let count = plan.share(number);
        log!(
            "[{}] Starting {}, trying to get {} messages",
            number + 1,
            plan.label,
            commas(count)
        );
        let (plan, prefix, from) = (&plan, prefix.as_str(), start);
        start += count;
        works.push(Box::new(move |counter| {
            let build = |out: &mut Vec<u8>, number: u64, inbox: &str| {
                push_publish(
                    out,
                    &format!("{prefix}.{}", key(number, from, random)),
                    inbox,
                    &[],
                    b"",
                );
            };
            requests(raw, plan, count, counter, build, |raw, answer| {
                if raw.headers(answer).starts_with(b"NATS/1.0 ") {
                    bail!("nats: key not found");
                }
                Ok(raw.payload(answer).len())
            })
        }));
    }
    run(&plan, 'S', works)
}
