//! JetStream: consumers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::client::Client;
use crate::jetstream::{Control, Counter, Deliveries, Delivery, Until};
use crate::load::{per_unit, timed};
use crate::load_js::{create_stream, feed};
use crate::server::Server;
use crate::workload::Measurement;

/// Messages a pull request asks for.
const BATCH: u64 = 500;

/// The same in the work queue, where many clients ask.
const QUEUE_BATCH: u64 = 100;

/// Deliveries unacked at most in the work queue: more than its clients have, as
/// acks are on their way when the next request comes.
const QUEUE_PENDING: u64 = 10_000;

/// Where consumers' clients listen.
const INBOX: &str = "_INBOX.pull";

/// A stream with `count` messages.
fn filled_stream(server: &Server, options: Value, count: u64) -> Result<Control> {
    let mut control = Control::connect(server)?;
    create_stream(&mut control, "BENCH", options)?;
    let mut counter = Counter::connect(server)?;
    counter.publish(&mut feed("BENCH")?, Until::Count(count))?;
    Ok(control)
}

fn create_consumer(control: &mut Control, options: Value) -> Result<()> {
    let mut config = json!({ "name": "C", "durable_name": "C", "deliver_policy": "all" });
    if let (Some(config), Value::Object(options)) = (config.as_object_mut(), options) {
        config.extend(options);
    }
    let body = json!({ "stream_name": "BENCH", "config": config });
    control.request("CONSUMER.CREATE.BENCH.C", &body)?;
    Ok(())
}

/// A pull request for `batch` messages.
fn pull_request(consumer: &str, inbox: &str, batch: u64, options: &str) -> Vec<u8> {
    let body = format!("{{\"batch\":{batch}{options}}}");
    let head = format!(
        "PUB $JS.API.CONSUMER.MSG.NEXT.BENCH.{consumer} {inbox} {}",
        body.len()
    );
    format!("{head}\r\n{body}\r\n").into_bytes()
}

/// Lets what pull clients commonly say be said: how long a request lives.
pub const EXPIRES: &str = ",\"expires\":30000000000";

/// The requests of one client: so many messages asked for, `ahead` requests
/// outstanding.
pub struct Requests {
    bytes: Vec<u8>,
    asked: u64,
    ahead: u64,
    count: u64,
}

impl Requests {
    fn new(ahead: u64, count: u64) -> Self {
        Self::of("C", INBOX, ahead, count, EXPIRES)
    }

    /// Requests to `consumer` with answers to `inbox`.
    pub fn of(consumer: &str, inbox: &str, ahead: u64, count: u64, options: &str) -> Self {
        Self {
            bytes: pull_request(consumer, inbox, BATCH, options),
            asked: 0,
            ahead,
            count,
        }
    }

    /// Messages asked for so far.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// The next request, if it is time for it.
    pub fn next(&mut self, received: u64) -> Option<&[u8]> {
        let due = self.asked < self.count && self.asked - received <= (self.ahead - 1) * BATCH;
        due.then(|| {
            self.asked += BATCH;
            self.bytes.as_slice()
        })
    }
}

/// So many messages, rounded up to whole requests.
pub fn whole_batches(count: u64) -> u64 {
    count.div_ceil(BATCH) * BATCH
}

/// A pull consumer without acks.
pub fn pull(server: &Server, ahead: u64, count: u64) -> Result<Measurement> {
    let count = whole_batches(count);
    let mut control = filled_stream(server, json!({}), count)?;
    create_consumer(&mut control, json!({ "ack_policy": "none" }))?;
    let mut counter = Counter::subscribed(server, INBOX)?;
    let mut requests = Requests::new(ahead, count);
    let spent = timed(server, || {
        let mut received = 0;
        while received < count {
            while let Some(request) = requests.next(received) {
                counter.send(request)?;
            }
            received += counter.count().context("deliveries")?;
        }
        Ok(())
    })?;
    Ok(per_unit(count, spent))
}

/// A pull consumer that acks each message; the end is when the server has
/// taken all acks.
pub fn pull_and_ack(server: &Server, ahead: u64, count: u64) -> Result<Measurement> {
    let count = whole_batches(count);
    let mut control = filled_stream(server, json!({}), count)?;
    create_consumer(&mut control, json!({ "ack_policy": "explicit" }))?;
    let mut client = subscribed(server, INBOX)?;
    let mut requests = Requests::new(ahead, count);
    let mut deliveries = Deliveries::new();
    let spent = timed(server, || {
        let mut received = 0;
        let mut out = Vec::new();
        while received < count {
            while let Some(request) = requests.next(received) {
                out.extend_from_slice(request);
            }
            if !out.is_empty() {
                client.send(&out)?;
                out.clear();
            }
            deliveries.read(&mut client.stream).context("deliveries")?;
            while let Some(delivery) = deliveries.next()? {
                match delivery {
                    Delivery::Message(reply) => {
                        ack(&mut out, reply);
                        received += 1;
                    }
                    Delivery::Ping => out.extend_from_slice(b"PONG\r\n"),
                    Delivery::Status => bail!("a request ended early"),
                }
            }
        }
        client.send(&out)?;
        control.wait("CONSUMER.INFO.BENCH.C", |info| {
            info["ack_floor"]["stream_seq"] == count
        })
    })?;
    Ok(per_unit(count, spent))
}

fn subscribed(server: &Server, inbox: &str) -> Result<Client> {
    let mut client = Client::connect(server, false)?;
    client.send(format!("SUB {inbox} 1\r\n").as_bytes())?;
    client.synchronise()?;
    Ok(client)
}

fn ack(out: &mut Vec<u8>, reply: &[u8]) {
    out.extend_from_slice(b"PUB ");
    out.extend_from_slice(reply);
    out.extend_from_slice(b" 4\r\n+ACK\r\n");
}

/// A push consumer without acks and without flow control.
pub fn push(server: &Server, count: u64) -> Result<Measurement> {
    let mut control = filled_stream(server, json!({}), count)?;
    let mut counter = Counter::subscribed(server, "_INBOX.push")?;
    let spent = timed(server, || {
        let options = json!({ "ack_policy": "none", "deliver_subject": "_INBOX.push" });
        create_consumer(&mut control, options)?;
        let mut received = 0;
        while received < count {
            received += counter
                .count()
                .with_context(|| format!("deliveries after {received} of {count}"))?;
        }
        Ok(())
    })?;
    Ok(per_unit(count, spent))
}

/// Clients that empty a work queue through one consumer.
pub fn work_queue(server: &Server, clients: usize, count: u64) -> Result<Measurement> {
    let mut control = filled_stream(server, json!({ "retention": "workqueue" }), count)?;
    let options = json!({ "ack_policy": "explicit", "max_ack_pending": QUEUE_PENDING });
    create_consumer(&mut control, options)?;
    let mut workers = Vec::new();
    for number in 0..clients {
        let inbox = format!("{INBOX}.{number}");
        let client = subscribed(server, &inbox)?;
        workers.push((
            client,
            pull_request("C", &inbox, QUEUE_BATCH, ",\"no_wait\":true"),
        ));
    }
    let received = AtomicU64::new(0);
    let spent = timed(server, || {
        std::thread::scope(|scope| -> Result<()> {
            let threads: Vec<_> = workers
                .iter_mut()
                .map(|(client, request)| scope.spawn(|| work(client, request, &received, count)))
                .collect();
            for thread in threads {
                thread
                    .join()
                    .map_err(|_| anyhow::anyhow!("a worker panicked"))??;
            }
            Ok(())
        })?;
        control.wait("STREAM.INFO.BENCH", |info| info["state"]["messages"] == 0)
    })?;
    Ok(per_unit(count, spent))
}

/// One client of the work queue: fetch, ack, until all have `count` together.
fn work(client: &mut Client, request: &[u8], received: &AtomicU64, count: u64) -> Result<()> {
    let mut deliveries = Deliveries::new();
    let mut out = Vec::new();
    let patience = Instant::now() + crate::jetstream::PATIENCE;
    while received.load(Ordering::Relaxed) < count {
        if Instant::now() > patience {
            bail!("the work queue is not empty yet");
        }
        out.extend_from_slice(request);
        client.send(&out)?;
        out.clear();
        let (mut batch, mut ended) = (0, false);
        while batch < QUEUE_BATCH && !ended {
            deliveries.read(&mut client.stream).context("deliveries")?;
            while let Some(delivery) = deliveries.next()? {
                match delivery {
                    Delivery::Message(reply) => {
                        ack(&mut out, reply);
                        batch += 1;
                    }
                    Delivery::Ping => out.extend_from_slice(b"PONG\r\n"),
                    Delivery::Status => ended = true,
                }
            }
        }
        received.fetch_add(batch, Ordering::Relaxed);
    }
    client.send(&out)
}
