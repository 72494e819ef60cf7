//! Consumers of a stream.

use std::time::{Duration, Instant};

use super::plan::Plan;
use super::run::{Counter, Sample, Work, run};
use super::stream::{INACTIVE, purge};
use crate::bail;
use crate::client::Connection;
use crate::failure::Result;
use crate::format::commas;
use crate::jetstream::{Api, Pull, Reader, Start};
use crate::log;
use crate::output::Json;
use crate::session::Session;

/// Messages between two updates of the progress.
const SHOW_EVERY: u64 = 256;

/// Takes messages one by one and counts them.
pub fn receive(
    count: u64,
    sleep: Duration,
    counter: &Counter,
    mut next: impl FnMut() -> Result<Option<usize>>,
) -> Result<Sample> {
    let mut begun = None;
    let (mut done, mut bytes) = (0, 0);
    while done < count {
        let Some(size) = next()? else {
            bail!(
                "nats: timeout: {} of {} messages were received",
                commas(done),
                commas(count)
            );
        };
        begun.get_or_insert_with(Instant::now);
        done += 1;
        bytes += size as u64;
        if done % SHOW_EVERY == 0 {
            counter.set(done);
        }
        if !sleep.is_zero() {
            std::thread::sleep(sleep);
        }
    }
    counter.set(done);
    let ended = Instant::now();
    Ok(Sample {
        messages: done,
        traffic: done,
        bytes,
        begun: begun.unwrap_or(ended),
        ended,
        latencies: None,
    })
}

/// With an ordered consumer for each client.
pub fn ordered(session: &mut Session) -> Result<()> {
    let mut plan = Plan::read("JetStream ordered ephemeral consumer", &session.matches)?;
    let stream = session
        .matches
        .text("stream")
        .unwrap_or_default()
        .to_owned();
    let filters = session.matches.split_list("filter");
    plan.note("stream", stream.as_str());
    purge(&session.jetstream()?, &session.matches, &stream)?;
    log!("{}", plan.headline());
    log!("Using stream: {stream}");
    let timeout = session.timeout();
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let connection = session.connect_another()?;
        let api = session.jetstream_with(connection)?;
        // Every ordered consumer gets every message.
        let count = plan.messages;
        log!(
            "[{}] Starting {}, expecting {} messages",
            number + 1,
            plan.label,
            commas(count)
        );
        let (stream, filters, sleep) = (stream.as_str(), filters.as_slice(), plan.sleep);
        works.push(Box::new(move |counter| {
            let mut reader = Reader::new(&api, stream, filters, Start::All, false)?;
            receive(count, sleep, counter, || {
                Ok(reader
                    .next(timeout)?
                    .map(|(message, _)| message.payload.len()))
            })
        }));
    }
    run(&plan, 'S', works)
}

/// With a durable consumer that all clients share, by callback.
pub fn consume(session: &mut Session) -> Result<()> {
    durable(session, "JetStream durable consumer (callback)")
}

/// With a durable consumer that all clients share, batch by batch.
pub fn fetch(session: &mut Session) -> Result<()> {
    durable(session, "JetStream durable consumer (fetch)")
}

fn durable(session: &mut Session, label: &'static str) -> Result<()> {
    let mut plan = Plan::read(label, &session.matches)?;
    let m = &session.matches;
    let stream = m.text("stream").unwrap_or_default().to_owned();
    let consumer = m.text("consumer").unwrap_or_default().to_owned();
    let batch = usize::try_from(m.int("batch").max(1)).unwrap_or(1);
    let acks = m.text("acks").unwrap_or("explicit").to_owned();
    let double = m.on("doubleack");
    let filters = m.split_list("filter");
    plan.note("stream", stream.as_str());
    plan.note("consumer", consumer.as_str());
    plan.note("acks", acks.as_str());
    plan.note("batch", commas(batch as u64));
    let api = session.jetstream()?;
    purge(&api, &session.matches, &stream)?;
    let info = create(
        &api,
        &stream,
        &consumer,
        &acks,
        batch * plan.clients,
        &filters,
    )?;
    if info.uint("num_pending") < plan.messages && !session.matches.on("purge") {
        log!(
            "WARNING: at least one of the clients will wait: the consumer has {} messages",
            commas(info.uint("num_pending"))
        );
    }
    log!("{}", plan.headline());
    log!("Using stream: {stream}");
    let timeout = session.timeout();
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let connection = session.connect_another()?;
        let api = session.jetstream_with(connection)?;
        let count = plan.share(number);
        log!(
            "[{}] Starting {label}, expecting {} messages",
            number + 1,
            commas(count)
        );
        let (stream, consumer, acks, sleep) = (
            stream.as_str(),
            consumer.as_str(),
            acks.as_str(),
            plan.sleep,
        );
        works.push(Box::new(move |counter| {
            let mut acker = Acker {
                connection: api.connection.clone(),
                kind: acks,
                double,
                timeout,
                open: 0,
            };
            let mut pull = Pull::new(
                &api,
                stream,
                consumer,
                batch.min(usize::try_from(count).unwrap_or(batch)),
            )?;
            let sample = receive(count, sleep, counter, || match pull.next(timeout)? {
                Some((message, _)) => {
                    acker.ack(&message.reply, batch)?;
                    Ok(Some(message.payload.len()))
                }
                None => Ok(None),
            })?;
            acker.connection.flush(timeout)?;
            Ok(sample)
        }));
    }
    run(&plan, 'S', works)
}

fn create(
    api: &Api,
    stream: &str,
    consumer: &str,
    acks: &str,
    pending: usize,
    filters: &[String],
) -> Result<Json> {
    let mut config = Json::object()
        .with("durable_name", consumer)
        .with("deliver_policy", "all")
        .with("ack_policy", acks)
        .with("replay_policy", "instant")
        .with(
            "inactive_threshold",
            i64::try_from(INACTIVE.as_nanos()).unwrap_or(i64::MAX),
        );
    if acks != "none" {
        config.set("max_ack_pending", pending);
    }
    if !filters.is_empty() {
        config.set("filter_subjects", filters.to_vec());
    }
    let request = Json::object()
        .with("stream_name", stream)
        .with("config", config);
    Ok(api.request(
        &format!("CONSUMER.DURABLE.CREATE.{stream}.{consumer}"),
        &request,
    )?)
}

/// Acknowledges in the way that was asked for.
struct Acker<'a> {
    connection: Connection,
    kind: &'a str,
    double: bool,
    timeout: Duration,
    /// Messages since the last write.
    open: usize,
}

impl Acker<'_> {
    fn ack(&mut self, reply: &str, batch: usize) -> Result<()> {
        match self.kind {
            "none" => return Ok(()),
            // One acknowledgement covers all before it.
            "all" => {
                self.open += 1;
                if self.open < batch.div_ceil(2) {
                    return Ok(());
                }
                self.open = 0;
            }
            _ => {}
        }
        if self.double {
            self.connection
                .request(reply, None, b"+ACK", self.timeout)?;
        } else if self.kind == "all" {
            self.connection.publish(reply, "", None, b"+ACK")?;
        } else {
            self.connection.publish_later(reply, "", None, b"+ACK")?;
            self.open += 1;
            // Before the consumer runs out of messages it may deliver.
            if self.open >= batch.div_ceil(4) {
                self.open = 0;
                self.connection.write_operations(&[])?;
            }
        }
        Ok(())
    }
}
