//! Consumers of a stream.

use std::time::{Duration, Instant};

use super::histogram::{BatchTimes, Histogram};
use super::plan::{Kind, Plan};
use super::puller::{Pulled, Puller, next_message, request};
use super::run::{Counter, Sample, Work, run};
use super::stream::{api_error, look_up, purge};
use super::trouble::connect;
use crate::bail;
use crate::client::{ClientError, Connection, Message, unique_id};
use crate::failure::Result;
use crate::format::commas;
use crate::jetstream::{Api, Delivered, set_filters};
use crate::log;
use crate::output::Json;
use crate::session::Session;

/// Name of the consumer that is made; others have to be there.
pub const OWN_CONSUMER: &str = "nats-bench";
/// Time after which the server removes a consumer that is not used any more.
const INACTIVE: Duration = Duration::from_secs(10);
/// Messages between two updates of the progress.
const SHOW_EVERY: u64 = 256;
/// Time between two signs of life of a fetch.
const FETCH_HEARTBEAT: Duration = Duration::from_secs(5);

/// Messages that have been taken, and when.
pub struct Taken<'a> {
    counter: &'a Counter,
    sleep: Duration,
    count: u64,
    begun: Option<Instant>,
    /// How many.
    pub done: u64,
}

impl<'a> Taken<'a> {
    /// None of so many.
    pub fn new(plan: &Plan, count: u64, counter: &'a Counter) -> Self {
        Self {
            counter,
            sleep: plan.sleep,
            count,
            begun: None,
            done: 0,
        }
    }

    /// Whether there are more to come.
    pub fn wants_more(&self) -> bool {
        self.done < self.count
    }

    /// Handles one with `ack`. The time begins when the first one is done.
    pub fn take(&mut self, ack: impl FnOnce() -> Result<()>) -> Result<()> {
        if !self.sleep.is_zero() {
            std::thread::sleep(self.sleep);
        }
        ack().map_err(|error| error.context("acknowledging the message"))?;
        self.begun.get_or_insert_with(Instant::now);
        self.done += 1;
        if self.done.is_multiple_of(SHOW_EVERY) {
            self.counter.set(self.done);
        }
        Ok(())
    }

    /// What was measured.
    pub fn sample(self, connection: &Connection, latencies: Option<Histogram>) -> Sample {
        let ended = Instant::now();
        self.counter.set(self.done);
        self.counter.state("Finished  ");
        let stats = connection.stats();
        Sample {
            messages: self.count,
            // The reading thread counts a little later than it delivers.
            traffic: stats.messages_in.max(self.done) + stats.messages_out,
            begun: self.begun.unwrap_or(ended),
            ended,
            latencies,
        }
    }
}

/// How messages are acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Acks {
    /// Whether at all.
    pub any: bool,
    /// Whether the server confirms each one.
    pub double: bool,
    /// Time for that.
    pub timeout: Duration,
}

impl Acks {
    /// Acknowledges a message; without confirmation with the next write.
    pub fn ack(self, connection: &Connection, message: &Message) -> Result<()> {
        if self.any && self.double {
            connection.request(&message.reply, None, b"+ACK", self.timeout)?;
        } else if self.any {
            connection.publish_later(&message.reply, "", None, b"+ACK")?;
        }
        Ok(())
    }
}

/// A client's connection, with the API.
fn client(session: &mut Session, plan: &Plan, number: usize) -> Result<Api> {
    let connection = connect(session, plan)
        .map_err(|error| error.context(format!("client number {number} could not connect")))?;
    session.jetstream_with(connection)
}

fn stream_of(session: &Session) -> String {
    let stream = session.matches.text("stream");
    stream.unwrap_or_default().to_owned()
}

fn note(plan: &mut Plan, session: &Session) {
    plan.note("stream", stream_of(session));
    plan.note_sleep();
    plan.note("purge", session.matches.on("purge").to_string());
    let filters = session.matches.list("filter");
    if !filters.is_empty() {
        plan.note("filter", filters.join(","));
    }
}

/// With an ordered consumer for each client.
pub fn ordered(session: &mut Session) -> Result<()> {
    let kind = Kind {
        label: "JetStream ordered ephemeral consumer",
        letter: 'S',
    };
    let mut plan = Plan::read(kind, &session.matches)?;
    let batch = batch_of(session)?;
    note(&mut plan, session);
    log!("{}", plan.headline());
    purge(session)?;
    let stream = stream_of(session);
    let filters = session.matches.list("filter").to_vec();
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let api = client(session, &plan, number)?;
        // Every ordered consumer gets every message.
        let count = plan.messages;
        plan.announce(number, "expecting", count);
        let (plan, stream, filters) = (&plan, stream.as_str(), filters.as_slice());
        works.push(Work::new(count, move |counter| {
            counter.state("Setup     ");
            look_up(&api, stream)?;
            counter.state("Receiving ");
            let mut order = Order {
                api: &api,
                stream,
                filters,
                name: unique_id(),
                serial: 0,
                next: 1,
                last: 0,
            };
            let mut puller = order.begin(batch)?;
            api.connection()?.flush(api.timeout)?;
            let mut taken = Taken::new(plan, count, counter);
            while taken.wants_more() {
                let followed = match puller.next()? {
                    Pulled::Message(message) => order.follows(&message),
                    Pulled::Gone => false,
                };
                if followed {
                    taken.take(|| Ok(()))?;
                    if taken.wants_more() {
                        puller.handled()?;
                    }
                } else {
                    puller = order.begin(batch)?;
                }
            }
            Ok(taken.sample(&api.connection()?, None))
        }));
    }
    run(&plan, works)
}

/// Order of a stream's messages, over consumers that come and go.
struct Order<'a> {
    api: &'a Api,
    stream: &'a str,
    filters: &'a [String],
    name: String,
    /// Number of the consumer.
    serial: u64,
    /// Sequence of the consumer's next delivery.
    next: u64,
    /// Sequence of the last message.
    last: u64,
}

impl Order<'_> {
    /// Makes a consumer that goes on behind the last message.
    fn begin(&mut self, batch: u64) -> Result<Puller> {
        self.serial += 1;
        self.next = 1;
        let name = format!("{}_{}", self.name, self.serial);
        let mut config = Json::object().with("name", name.as_str());
        if self.last == 0 {
            config.set("deliver_policy", "all");
        } else {
            config.set("deliver_policy", "by_start_sequence");
            config.set("opt_start_seq", self.last.saturating_add(1));
        }
        config.set("ack_policy", "none");
        config.set("replay_policy", "instant");
        config.set("inactive_threshold", nanos(INACTIVE));
        config.set("num_replicas", 1);
        config.set("mem_storage", true);
        set_filters(&mut config, self.filters);
        let request = Json::object()
            .with("stream_name", self.stream)
            .with("config", config)
            .with("action", "");
        self.api
            .request(&format!("CONSUMER.CREATE.{}.{name}", self.stream), &request)
            .map_err(|error| {
                api_error(&error).context("creating the ephemeral ordered consumer")
            })?;
        let subject = self
            .api
            .subject(&format!("CONSUMER.MSG.NEXT.{}.{name}", self.stream));
        Ok(Puller::start(
            &self.api.connection()?,
            subject,
            batch,
            None,
        )?)
    }

    /// Whether no message is missing before this one.
    fn follows(&mut self, message: &Message) -> bool {
        match Delivered::parse(&message.reply) {
            Some(delivered) if delivered.consumer_seq == self.next => {
                self.next += 1;
                self.last = delivered.stream_seq;
                true
            }
            _ => false,
        }
    }
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

fn batch_of(session: &Session) -> Result<u64> {
    match u64::try_from(session.matches.int("batch")) {
        Ok(batch) if batch > 0 => Ok(batch),
        _ => bail!("--batch must be >= 1"),
    }
}

/// With a durable consumer that all clients share, by callback.
pub fn consume(session: &mut Session) -> Result<()> {
    durable(
        session,
        "JetStream durable consumer (callback)",
        |api, subject, batch, taken, acks| {
            taken.counter.state("Consuming");
            let connection = &api.connection()?;
            let mut puller =
                Puller::start(connection, subject.to_owned(), batch, Some(taken.count))?;
            connection.flush(api.timeout)?;
            while taken.wants_more() {
                match puller.next()? {
                    Pulled::Message(message) => {
                        taken.take(|| acks.ack(connection, &message))?;
                        puller.handled()?;
                    }
                    Pulled::Gone => bail!("nats: consumer deleted"),
                }
            }
            connection.write_operations(&[])?;
            Ok(None)
        },
    )
}

/// With a durable consumer that all clients share, batch by batch.
pub fn fetch(session: &mut Session) -> Result<()> {
    durable(
        session,
        "JetStream durable consumer (fetch)",
        |api, subject, batch, taken, acks| {
            taken.counter.state("Fetching");
            api.connection()?.flush(api.timeout)?;
            let mut times = BatchTimes::new(batch);
            while taken.wants_more() {
                let time = fetch_batch(api, subject, batch, taken, acks)?;
                times.set(taken.done, time);
            }
            api.connection()?.write_operations(&[])?;
            Ok(Some(times.histogram()))
        },
    )
}

/// Fetches a batch; gives the time of the call, as far as it does not wait for
/// messages.
fn fetch_batch(
    api: &Api,
    subject: &str,
    batch: u64,
    taken: &mut Taken<'_>,
    acks: Acks,
) -> Result<Duration> {
    let connection = &api.connection()?;
    let wanted = batch.min(taken.count - taken.done);
    let begun = Instant::now();
    let inbox = connection.new_inbox();
    let messages = connection.subscribe(&inbox, "")?;
    request(connection, subject, &inbox, wanted, FETCH_HEARTBEAT)?;
    let time = begun.elapsed();
    let mut left = wanted;
    while left > 0 {
        let patience = 2 * FETCH_HEARTBEAT;
        let Some(message) = next_message(connection, &messages, patience)? else {
            bail!("getting fetched messages: nats: no heartbeat received");
        };
        match message.status() {
            0 => {
                taken.take(|| acks.ack(connection, &message))?;
                left -= 1;
            }
            100 => {}
            // There are none, or not as many in time.
            404 | 408 => break,
            503 => bail!("getting fetched messages: {}", ClientError::NoResponders),
            _ => {
                let why = message.headers.map(|headers| headers.description);
                bail!(
                    "getting fetched messages: nats: {}",
                    why.unwrap_or_default().to_lowercase()
                );
            }
        }
    }
    Ok(time)
}

/// Takes messages of a consumer to which requests go with this subject.
type Take = fn(&Api, &str, u64, &mut Taken<'_>, Acks) -> Result<Option<Histogram>>;

fn durable(session: &mut Session, label: &'static str, take: Take) -> Result<()> {
    let kind = Kind { label, letter: 'S' };
    let mut plan = Plan::read(kind, &session.matches)?;
    let batch = batch_of(session)?;
    let m = &session.matches;
    let stream = stream_of(session);
    let consumer = m.text("consumer").unwrap_or_default().to_owned();
    let policy = m.text("acks").unwrap_or("explicit").to_owned();
    let filters = m.list("filter").to_vec();
    let acks = Acks {
        any: policy != "none",
        double: m.on("doubleack"),
        timeout: session.timeout(),
    };
    plan.note("consumer", consumer.as_str());
    plan.note("acks", policy.as_str());
    plan.note("double-acked", acks.double.to_string());
    plan.note("batch", commas(batch));
    note(&mut plan, session);
    log!("{}", plan.headline());
    purge(session)?;
    let api = session
        .jetstream()
        .map_err(|error| error.context("connecting"))?;
    if consumer == OWN_CONSUMER {
        let pending = batch.saturating_mul(plan.clients as u64);
        create(&api, &stream, &policy, pending, &filters)?;
    }
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let api = client(session, &plan, number)?;
        let count = plan.share(number);
        plan.announce(number, "expecting", count);
        let (plan, stream, consumer) = (&plan, stream.as_str(), consumer.as_str());
        works.push(Work::new(count, move |counter| {
            counter.state("Setup     ");
            look_up(&api, stream)?;
            api.consumer_info(stream, consumer).map_err(|error| {
                api_error(&error).context(format!("getting durable consumer '{consumer}'"))
            })?;
            let subject = api.subject(&format!("CONSUMER.MSG.NEXT.{stream}.{consumer}"));
            let mut taken = Taken::new(plan, count, counter);
            let latencies = take(&api, &subject, batch, &mut taken, acks)?;
            Ok(taken.sample(&api.connection()?, latencies))
        }));
    }
    run(&plan, works)
}

fn create(api: &Api, stream: &str, policy: &str, pending: u64, filters: &[String]) -> Result<()> {
    let mut config = Json::object()
        .with("durable_name", OWN_CONSUMER)
        .with("deliver_policy", "all")
        .with("ack_policy", policy)
        .with("replay_policy", "instant")
        .with("max_ack_pending", pending)
        .with("inactive_threshold", nanos(INACTIVE))
        .with("num_replicas", 0);
    if !filters.is_empty() {
        config.set("filter_subjects", filters.to_vec());
    }
    let request = Json::object()
        .with("stream_name", stream)
        .with("config", config)
        .with("action", "");
    api.request(
        &format!("CONSUMER.CREATE.{stream}.{OWN_CONSUMER}"),
        &request,
    )
    .map(|_| ())
    .map_err(|error| {
        api_error(&error).context(format!("creating the durable consumer '{OWN_CONSUMER}'"))
    })
}
