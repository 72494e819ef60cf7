//! Key-Value buckets.

use std::time::Instant;

use super::direct::{Getter, key_error};
use super::plan::{Kind, Plan};
use super::publish::{LATE, RETRIES, check_single_ack};
use super::raw::{Answer, Raw, push_publish};
use super::run::{Counter, Sample, Work, run};
use super::service::Requests;
use super::stream::{api_error, ask, prefix};
use crate::failure::Result;
use crate::format::commas;
use crate::jetstream::{Api, ApiError};
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;
use crate::{bail, fail, log};

/// Name of the bucket that is made; others have to be there.
const OWN_BUCKET: &str = "benchbucket";
/// The stream of the bucket is there with another configuration.
const IN_USE: i64 = 10058;
/// Time for which a bucket knows duplicates, in nanoseconds.
const DUPLICATES: i64 = 120_000_000_000;
/// Most values of a key that a bucket keeps, as far as the flag goes.
const MAX_HISTORY: u64 = u8::MAX as u64;

/// Key of message `number`: in turn, or one of some at random.
fn key(number: u64, random: u64) -> u64 {
    if random > 0 {
        fastrand::u64(0..random)
    } else {
        number
    }
}

/// How many keys are used at random; 0 is all in turn.
fn random_keys(matches: &Matches) -> u64 {
    matches.int("randomize").max(0).unsigned_abs()
}

/// Puts values.
pub fn kv_put(session: &mut Session) -> Result<()> {
    let kind = Kind {
        label: "JetStream KV putter",
        letter: 'P',
    };
    let m = &session.matches;
    let history = m.uint("history");
    if history > MAX_HISTORY {
        bail!("strconv.ParseUint: parsing \"{history}\": value out of range");
    }
    let mut plan = Plan::read(kind, m)?;
    let bucket = m.text("bucket").unwrap_or_default().to_owned();
    let random = random_keys(m);
    plan.cap_clients();
    plan.note("bucket", bucket.as_str());
    plan.note_sleep();
    plan.note("purge", m.on("purge").to_string());
    log!("{}", plan.headline());
    let api = session
        .jetstream()
        .map_err(|error| error.context("connecting"))?;
    prepare(&api, &session.matches, &plan, &bucket)?;
    let prefix = prefix(session)?;
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let mut raw = Raw::connect(session, &plan)?;
        let count = plan.share(number);
        plan.announce(number, "publishing", count);
        let (plan, prefix, bucket) = (&plan, prefix.as_str(), bucket.as_str());
        let first = plan.offset(number);
        works.push(Work::new(count, move |counter| {
            plan.stagger(number);
            let begun = Instant::now();
            raw.open_inbox()?;
            find(&mut raw, prefix, bucket).map_err(|error| {
                error.context(format!("putting: getting the kv bucket '{bucket}'"))
            })?;
            counter.state("Putting   ");
            let content = plan.content()?;
            raw.check(bucket, &content)
                .map_err(|error| fail!("putting: putting: {error}"))?;
            let latencies = Requests {
                count,
                retries: RETRIES,
                late: LATE,
            }
            .run(
                &mut raw,
                plan,
                counter,
                |out, number, reply| {
                    let subject = format!("$KV.{bucket}.{}", key(first + number, random));
                    push_publish(out, &subject, reply, &[], &content.payload);
                },
                |raw, answer, _| check_single_ack(raw, answer),
            )
            .map_err(|failure| failure.context("putting: putting"))?;
            raw.flush()?;
            Ok(Sample {
                messages: count,
                traffic: raw.messages,
                begun,
                ended: Instant::now(),
                latencies: Some(latencies),
            })
        }));
    }
    run(&plan, works)
}

/// Makes the bucket if it is our own, and empties it if that was asked for.
fn prepare(api: &Api, matches: &Matches, plan: &Plan, bucket: &str) -> Result<()> {
    if matches.on("purge") {
        // A bucket of somebody else would not come back.
        let verb = if bucket == OWN_BUCKET {
            "DELETE"
        } else {
            "PURGE"
        };
        api.request(&format!("STREAM.{verb}.KV_{bucket}"), &Json::Null)
            .map_err(|error| {
                if error.is_stream_not_found() {
                    fail!("nats: bucket not found: {bucket}\n{}", api_error(&error))
                } else {
                    api_error(&error)
                }
            })?;
    }
    if bucket != OWN_BUCKET {
        return Ok(());
    }
    api.request("INFO", &Json::Null)
        .map_err(|error| match error {
            ApiError::NotAvailable(_) => {
                fail!("nats: API error: code=503 err_code=10076 description=jetstream not enabled")
            }
            error => api_error(&error),
        })?;
    let config = Json::object()
        .with("name", format!("KV_{bucket}"))
        .with("description", "nats bench bucket")
        .with("subjects", vec![format!("$KV.{bucket}.>")])
        .with("retention", "limits")
        .with("max_consumers", -1)
        .with("max_msgs", -1)
        .with("max_bytes", plan.max_bytes)
        .with("discard", "new")
        .with("max_age", 0)
        .with("max_msgs_per_subject", matches.uint("history").max(1))
        .with("max_msg_size", -1)
        .with("storage", matches.text("storage").unwrap_or("file"))
        .with("num_replicas", matches.int("replicas"))
        .with("duplicate_window", DUPLICATES)
        .with("deny_delete", true)
        .with("allow_rollup_hdrs", true)
        .with("compression", "none")
        .with("allow_direct", true)
        .with("mirror_direct", false)
        .with("consumer_limits", Json::object());
    api.request(&format!("STREAM.CREATE.KV_{bucket}"), &config)
        .map(|_| ())
        .map_err(|error| match error.err_code() {
            IN_USE => fail!(
                "nats: bucket name already in use: {bucket}\nnats: API error: code=400 err_code={IN_USE} description=stream name already in use"
            ),
            _ => api_error(&error),
        })
}

/// Looks for the bucket.
fn find(raw: &mut Raw, prefix: &str, bucket: &str) -> Result<Json> {
    ask(raw, &format!("{prefix}.STREAM.INFO.KV_{bucket}"), "").map_err(|error| {
        if error.is_stream_not_found() {
            fail!("nats: bucket not found")
        } else {
            api_error(&error)
        }
    })
}

/// Gets values.
pub fn kv_get(session: &mut Session) -> Result<()> {
    let kind = Kind {
        label: "JetStream KV getter",
        letter: 'S',
    };
    let mut plan = Plan::read(kind, &session.matches)?;
    let m = &session.matches;
    let bucket = m.text("bucket").unwrap_or_default().to_owned();
    let random = random_keys(m);
    plan.note("bucket", bucket.as_str());
    plan.note_sleep();
    plan.note("randomize", commas(random));
    log!("{}", plan.headline());
    let prefix = prefix(session)?;
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        // In the words that scripts know, with their mistake.
        let raw = Raw::connect(session, &plan)
            .map_err(|error| error.context(format!("client number {number} cloud not connect")))?;
        let count = plan.share(number);
        plan.announce(number, "trying to get", count);
        let (plan, prefix) = (&plan, prefix.as_str());
        let gets = Gets {
            bucket: bucket.as_str(),
            first: plan.offset(number),
            count,
            random,
        };
        works.push(Work::new(count, move |counter| {
            gets.run(raw, plan, prefix, counter)
        }));
    }
    run(&plan, works)
}

/// What a client gets.
struct Gets<'a> {
    bucket: &'a str,
    first: u64,
    count: u64,
    random: u64,
}

impl Gets<'_> {
    fn run(self, mut raw: Raw, plan: &Plan, prefix: &str, counter: &Counter) -> Result<Sample> {
        let bucket = self.bucket;
        counter.state("Setup     ");
        raw.open_inbox()?;
        let info = find(&mut raw, prefix, bucket)
            .map_err(|error| error.context(format!("finding kv bucket '{bucket}'")))?;
        let getter = Getter::new(prefix, &format!("KV_{bucket}"), info.at("config"));
        counter.state("Getting   ");
        let asked = std::cell::Cell::new(0);
        let begun = Instant::now();
        let latencies = Requests {
            count: self.count,
            retries: 0,
            late: LATE,
        }
        .run(
            &mut raw,
            plan,
            counter,
            |out, number, reply| {
                asked.set(key(self.first + number, self.random));
                getter.by_subject(out, &format!("$KV.{bucket}.{}", asked.get()), reply);
            },
            |raw, answer, number| {
                check(&getter, raw, answer)
                    .map_err(|error| error.context(format!("getting key '{}'", asked.get())))?;
                if raw.payload(answer).is_empty() {
                    log!("Warning: got no value for key '{}'", self.first + number);
                }
                Ok(())
            },
        )?;
        counter.state("Finished  ");
        Ok(Sample {
            messages: self.count,
            traffic: raw.messages,
            begun,
            ended: Instant::now(),
            latencies: Some(latencies),
        })
    }
}

/// Fails unless an answer has a value. Keys that were removed have none.
fn check(getter: &Getter, raw: &Raw, answer: &Answer) -> Result<()> {
    getter
        .check(raw, answer)
        .map_err(|error| key_error(&error))?;
    let headers = raw.headers(answer);
    let removed = [&b"KV-Operation: DEL"[..], b"KV-Operation: PURGE"]
        .iter()
        .any(|mark| headers.windows(mark.len()).any(|part| part == *mark));
    if removed {
        bail!("nats: key not found");
    }
    Ok(())
}
