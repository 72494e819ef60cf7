//! Consumers in the forms that older clients have: push consumers, and pulls
//! one by one.

use std::time::{Duration, Instant};

use super::consume::{Acks, OWN_CONSUMER, Taken};
use super::plan::{Kind, Plan, Subjects};
use super::puller::next_message;
use super::run::{Sample, Work, run};
use super::trouble::connect;
use crate::client::{ClientError, Connection, Message, Subscription};
use crate::failure::{Failure, Result};
use crate::format::commas;
use crate::jetstream::{Api, ApiError, Delivered};
use crate::output::Json;
use crate::session::Session;
use crate::{bail, fail, log};

/// Most unacknowledged messages of a pull consumer.
const MAX_PENDING: u64 = 10_000;
/// The same of one that is made as it is not there.
const DEFAULT_PENDING: u64 = 65_536;
/// Time between two signs of life of an ordered consumer, and how many of them
/// may be missing.
const HEARTBEAT: Duration = Duration::from_secs(5);
const MISSING_HEARTBEATS: u32 = 2;
/// Acknowledgement time of a consumer without acknowledgements.
const ORDERED_ACK_WAIT: Duration = Duration::from_secs(22 * 3_600);

/// An error of the API in the words of older clients.
fn old_error(error: &ApiError) -> Failure {
    match error {
        ApiError::Server { description, .. } => fail!("nats: {description}"),
        ApiError::NotAvailable(_) => fail!("nats: jetstream not enabled"),
        other => fail!("{other}"),
    }
}

/// What a run has to do with.
struct Setup {
    plan: Plan,
    stream: String,
    consumer: String,
    subject: String,
    acks: Acks,
}

impl Setup {
    fn read(session: &Session, label: &'static str) -> Result<Self> {
        let m = &session.matches;
        let kind = Kind { label, letter: 'S' };
        let mut plan = Plan::read(kind, m)?;
        let stream = m.text("stream").unwrap_or_default().to_owned();
        plan.note("stream", stream.as_str());
        plan.note_sleep();
        Ok(Self {
            plan,
            stream,
            consumer: String::new(),
            subject: m.required_arg("subject").to_owned(),
            acks: Acks {
                any: false,
                double: false,
                timeout: session.timeout(),
            },
        })
    }

    /// Of a durable consumer.
    fn read_durable(session: &Session, label: &'static str) -> Result<Self> {
        let m = &session.matches;
        let mut setup = Self::read(session, label)?;
        m.text("consumer")
            .unwrap_or_default()
            .clone_into(&mut setup.consumer);
        setup.acks.any = m.on("ack");
        setup.acks.double = m.on("doubleack");
        setup.plan.note("consumer", setup.consumer.as_str());
        setup.plan.note("acked", setup.acks.any.to_string());
        setup
            .plan
            .note("double-acked", setup.acks.double.to_string());
        Ok(setup)
    }

    fn is_own(&self) -> bool {
        self.consumer == OWN_CONSUMER
    }

    /// Configuration of the durable consumer.
    fn config(&self, ack_policy: &str) -> Json {
        Json::object()
            .with("durable_name", self.consumer.as_str())
            .with("deliver_policy", "all")
            .with("ack_policy", ack_policy)
    }

    fn policy(&self) -> &'static str {
        if self.acks.any { "explicit" } else { "none" }
    }

    /// Makes the durable consumer unless one of its kind is there.
    fn create(&self, api: &Api, config: Json) -> Result<()> {
        let (stream, consumer) = (&self.stream, &self.consumer);
        match api.consumer_info(stream, consumer) {
            Ok(info) => return same_config(info.at("config"), &config, stream, consumer),
            Err(error) if error.is_consumer_not_found() || error.is_stream_not_found() => {}
            Err(error) => return Err(old_error(&error)),
        }
        let request = Json::object()
            .with("stream_name", stream.as_str())
            .with("config", config);
        api.request(&format!("CONSUMER.CREATE.{stream}.{consumer}"), &request)
            .map(|_| ())
            .map_err(|error| old_error(&error))
    }

    /// Runs the clients. A consumer that was made is removed at the end.
    fn run(&self, api: &Api, works: Vec<Work<'_>>) -> Result<()> {
        let outcome = run(&self.plan, works);
        if !self.is_own() {
            return outcome;
        }
        let kind = match self.plan.kind.label {
            PULL => "pull",
            _ => "durable push",
        };
        let name = format!("CONSUMER.DELETE.{}.{}", self.stream, self.consumer);
        if let Err(error) = api.request(&name, &Json::Null) {
            log!(
                "Error deleting the {kind} consumer on stream {}: {}",
                self.stream,
                old_error(&error)
            );
        }
        log!("Deleted durable consumer: {}", self.consumer);
        outcome
    }

    /// A client's connection, with the API.
    fn client(&self, session: &mut Session, number: usize, count: u64) -> Result<Api> {
        let connection = connect(session, &self.plan)
            .map_err(|error| error.context(format!("client number {number} could not connect")))?;
        self.plan.announce(number, "expecting", count);
        session.jetstream_with(connection)
    }
}

const PULL: &str = "JetStream durable pull consumer (old API)";

/// Fails unless a consumer that is there has what is asked for.
fn same_config(there: &Json, wanted: &Json, stream: &str, consumer: &str) -> Result<()> {
    let same = ["deliver_policy", "ack_policy", "replay_policy"]
        .iter()
        .all(|key| there.text(key) == wanted.text(key))
        && (wanted.uint("max_ack_pending") == 0
            || wanted.uint("max_ack_pending") == there.uint("max_ack_pending"));
    if !same {
        bail!(
            "nats: consumer name already in use: creating consumer {consumer:?} on stream {stream:?}"
        );
    }
    Ok(())
}

/// Time begins before messages are asked for.
fn began_at(begun: Instant, sample: Sample) -> Sample {
    Sample { begun, ..sample }
}

/// With an ordered push consumer for each client.
pub fn ordered(session: &mut Session) -> Result<()> {
    let mut setup = Setup::read(session, "JetStream ordered ephemeral consumer (old API)")?;
    setup.subject = Subjects::read(&session.matches).pattern();
    setup.plan.note(
        "multi-subject",
        session.matches.on("multisubject").to_string(),
    );
    log!("{}", setup.plan.headline());
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..setup.plan.clients {
        // Every ordered consumer gets every message.
        let count = setup.plan.messages;
        let api = setup.client(session, number, count)?;
        let (plan, subject) = (&setup.plan, setup.subject.as_str());
        works.push(Work::new(count, move |counter| {
            counter.state("Consuming ");
            let begun = Instant::now();
            let mut order = Order::start(&api, subject).map_err(|error| {
                error.context(format!(
                    "subscribing to the ordered consumer on subject '{subject}'"
                ))
            })?;
            api.connection()?.flush(api.timeout)?;
            let mut taken = Taken::new(plan, count, counter);
            while taken.wants_more() {
                order.next()?;
                taken.take(|| Ok(()))?;
            }
            Ok(began_at(begun, taken.sample(&api.connection()?, None)))
        }));
    }
    run(&setup.plan, works)
}

/// Messages of a subject in order, over push consumers that come and go.
struct Order<'a> {
    api: &'a Api,
    connection: Connection,
    stream: String,
    subject: &'a str,
    messages: Subscription,
    inbox: String,
    /// Sequence of the consumer's next delivery, and of the last message.
    next: u64,
    last: u64,
}

impl<'a> Order<'a> {
    fn start(api: &'a Api, subject: &'a str) -> Result<Self> {
        let names = api
            .request("STREAM.NAMES", &Json::object().with("subject", subject))
            .map_err(|error| old_error(&error))?;
        let stream = match names.list("streams") {
            [one] => one.as_text().unwrap_or_default().to_owned(),
            _ => bail!("nats: no stream matches subject"),
        };
        let connection = api.connection()?;
        let inbox = connection.new_inbox();
        let mut order = Self {
            messages: connection.subscribe(&inbox, "")?,
            api,
            connection,
            stream,
            subject,
            inbox,
            next: 1,
            last: 0,
        };
        order.create()?;
        Ok(order)
    }

    /// Makes a consumer that goes on behind the last message.
    fn create(&mut self) -> Result<()> {
        let mut config = Json::object();
        if self.last == 0 {
            config.set("deliver_policy", "all");
        } else {
            config.set("deliver_policy", "by_start_sequence");
            config.set("opt_start_seq", self.last.saturating_add(1));
        }
        config.set("ack_policy", "none");
        config.set("ack_wait", nanos(ORDERED_ACK_WAIT));
        config.set("max_deliver", 1);
        config.set("filter_subject", self.subject);
        config.set("replay_policy", "instant");
        config.set("flow_control", true);
        config.set("idle_heartbeat", nanos(HEARTBEAT));
        config.set("deliver_subject", self.inbox.as_str());
        config.set("num_replicas", 1);
        config.set("mem_storage", true);
        let request = Json::object()
            .with("stream_name", self.stream.as_str())
            .with("config", config);
        // The server knows the consumer by a name; eight characters tell them
        // apart.
        let id = crate::client::unique_id();
        let name = id.get(id.len().saturating_sub(8)..).unwrap_or(&id);
        self.api
            .request(
                &format!("CONSUMER.CREATE.{}.{name}.{}", self.stream, self.subject),
                &request,
            )
            .map_err(|error| old_error(&error))?;
        self.next = 1;
        Ok(())
    }

    /// Begins again with another inbox, so that nothing of before comes.
    fn begin_again(&mut self) -> Result<()> {
        self.inbox = self.connection.new_inbox();
        self.messages = self.connection.subscribe(&self.inbox, "")?;
        self.create()
    }

    /// Waits for the next message, however long it takes.
    fn next(&mut self) -> Result<()> {
        loop {
            let patience = HEARTBEAT * (MISSING_HEARTBEATS + 1);
            let Some(message) = next_message(&self.connection, &self.messages, patience)? else {
                self.begin_again()?;
                return self.next();
            };
            if message.status() == 100 {
                answer_flow_control(&self.connection, &message)?;
                continue;
            }
            match Delivered::parse(&message.reply) {
                Some(delivered) if delivered.consumer_seq == self.next => {
                    self.next += 1;
                    self.last = delivered.stream_seq;
                    return Ok(());
                }
                Some(_) => {
                    self.begin_again()?;
                    return self.next();
                }
                None => {}
            }
        }
    }
}

/// The server wants to know that everything before this has been handled.
fn answer_flow_control(connection: &Connection, message: &Message) -> Result<()> {
    let asked = match message.header("Nats-Consumer-Stalled") {
        Some(subject) => subject,
        None => &message.reply,
    };
    if !asked.is_empty() {
        connection.publish(asked, "", None, b"")?;
    }
    Ok(())
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// With a durable push consumer that all clients share.
pub fn push(session: &mut Session) -> Result<()> {
    let setup = Setup::read_durable(session, "JetStream durable push consumer (old API)")?;
    log!("{}", setup.plan.headline());
    let api = session.jetstream()?;
    let group = format!("{}-GROUP", setup.consumer);
    let limit = session.matches.int("maxacks").max(0).unsigned_abs();
    if setup.is_own() {
        let mut config = setup
            .config(setup.policy())
            .with("replay_policy", "instant");
        if setup.acks.any {
            config.set(
                "max_ack_pending",
                limit.saturating_mul(setup.plan.clients as u64),
            );
        }
        config.set("deliver_subject", format!("{}-DELIVERY", setup.consumer));
        config.set("deliver_group", group.as_str());
        config.set("num_replicas", 0);
        if let Err(failure) = setup.create(&api, config) {
            log!("Error creating the durable push consumer: {failure}");
            return Err(Failure::Exit(1));
        }
    }
    log!(
        "Defined durable {} push consumer: {}",
        if setup.acks.any {
            "explicitly acked"
        } else {
            "unacked"
        },
        setup.consumer
    );
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..setup.plan.clients {
        let count = setup.plan.share(number);
        let api = setup.client(session, number, count)?;
        let (setup, group) = (&setup, group.as_str());
        works.push(Work::new(count, move |counter| {
            counter.state("Receiving ");
            let begun = Instant::now();
            let connection = &api.connection()?;
            if count == 0 {
                // It would take messages of others.
                let taken = Taken::new(&setup.plan, count, counter);
                return Ok(began_at(begun, taken.sample(connection, None)));
            }
            let messages = bind(&api, setup, group).map_err(|error| {
                error.context(format!(
                    "subscribing to the push durable '{}'",
                    setup.consumer
                ))
            })?;
            messages.end_after(count)?;
            connection.flush(api.timeout)?;
            let mut taken = Taken::new(&setup.plan, count, counter);
            while taken.wants_more() {
                let Some(message) = next_message(connection, &messages, HEARTBEAT)? else {
                    continue;
                };
                if message.status() == 100 {
                    answer_flow_control(connection, &message)?;
                    continue;
                }
                taken.take(|| setup.acks.ack(connection, &message))?;
            }
            connection.write_operations(&[])?;
            Ok(began_at(begun, taken.sample(connection, None)))
        }));
    }
    setup.run(&api, works)
}

/// Subscribes to what a push consumer delivers.
fn bind(api: &Api, setup: &Setup, group: &str) -> Result<Subscription> {
    let info = api
        .consumer_info(&setup.stream, &setup.consumer)
        .map_err(|error| old_error(&error))?;
    let config = info.at("config");
    let filter = config.text("filter_subject");
    if !filter.is_empty() && filter != setup.subject {
        bail!("nats: subject does not match consumer");
    }
    let deliver = config.text("deliver_subject");
    if deliver.is_empty() {
        bail!("nats: must use pull subscribe to bind to pull based consumer");
    }
    match config.text("deliver_group") {
        "" => bail!("cannot create a queue subscription for a consumer without a deliver group"),
        other if other != group => bail!(
            "cannot create a queue subscription {group:?} for a consumer with a deliver group {other:?}"
        ),
        _ => {}
    }
    Ok(api.connection()?.subscribe(deliver, group)?)
}

/// With a durable pull consumer that all clients share.
pub fn pull(session: &mut Session) -> Result<()> {
    let mut setup = Setup::read_durable(session, PULL)?;
    let batch = session.matches.int("batch");
    setup.plan.note("batch", commas(batch));
    log!("{}", setup.plan.headline());
    let Some(batch) = u64::try_from(batch).ok().filter(|batch| *batch > 0) else {
        bail!("--batch must be >= 1");
    };
    let api = session
        .jetstream()
        .map_err(|error| error.context("connecting"))?;
    if setup.is_own() {
        let pending = batch.saturating_mul(setup.plan.clients as u64);
        let config = setup
            .config(setup.policy())
            .with("replay_policy", "instant")
            .with("max_ack_pending", pending.min(MAX_PENDING))
            .with("num_replicas", 0);
        setup.create(&api, config).map_err(|error| {
            error.context(format!(
                "creating the durable consumer '{}'",
                setup.consumer
            ))
        })?;
        log!("Defined durable pull consumer: {}", setup.consumer);
    }
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..setup.plan.clients {
        let count = setup.plan.share(number);
        let api = setup.client(session, number, count)?;
        let setup = &setup;
        works.push(Work::new(count, move |counter| {
            counter.state("Setup     ");
            let begun = Instant::now();
            find_or_create(&api, setup).map_err(|error| error.context("PullSubscribe"))?;
            let connection = &api.connection()?;
            let inbox = connection.new_inbox();
            let pulls = Pulls {
                messages: connection.subscribe(&format!("{inbox}.*"), "")?,
                connection,
                timeout: api.timeout,
                inbox,
                subject: api.subject(&format!(
                    "CONSUMER.MSG.NEXT.{}.{}",
                    setup.stream, setup.consumer
                )),
            };
            connection.flush(api.timeout)?;
            let mut taken = Taken::new(&setup.plan, count, counter);
            while taken.wants_more() {
                counter.state("Pulling   ");
                let wanted = batch.min(count - taken.done);
                let fetched = pulls.fetch(wanted)?;
                if fetched.is_empty() {
                    if !setup.plan.progress {
                        log!("Fetch timeout!");
                    }
                    setup.plan.trouble.timed_out();
                }
                counter.state("Handling  ");
                for message in fetched {
                    taken.take(|| setup.acks.ack(connection, &message))?;
                }
            }
            connection.write_operations(&[])?;
            Ok(began_at(begun, taken.sample(connection, None)))
        }));
    }
    setup.run(&api, works)
}

/// Makes the pull consumer unless it is there.
fn find_or_create(api: &Api, setup: &Setup) -> Result<()> {
    let (stream, consumer) = (&setup.stream, &setup.consumer);
    match api.consumer_info(stream, consumer) {
        Ok(info) => {
            let config = info.at("config");
            let filter = config.text("filter_subject");
            if !filter.is_empty() && filter != setup.subject {
                bail!("nats: subject does not match consumer");
            }
            if !config.text("deliver_subject").is_empty() {
                bail!("nats: cannot pull subscribe to push based consumer");
            }
            return Ok(());
        }
        Err(error) if error.is_consumer_not_found() => {}
        Err(error) => return Err(old_error(&error)),
    }
    let config = setup
        .config("explicit")
        .with("filter_subject", setup.subject.as_str())
        .with("replay_policy", "instant")
        .with("max_ack_pending", DEFAULT_PENDING)
        .with("num_replicas", 0);
    let request = Json::object()
        .with("stream_name", stream.as_str())
        .with("config", config);
    let name = format!("CONSUMER.CREATE.{stream}.{consumer}.{}", setup.subject);
    api.request(&name, &request)
        .map(|_| ())
        .map_err(|error| old_error(&error))
}

/// Requests for messages, one after the other.
struct Pulls<'a> {
    connection: &'a Connection,
    timeout: Duration,
    messages: Subscription,
    inbox: String,
    /// Subject of requests.
    subject: String,
}

impl Pulls<'_> {
    fn request(&self, batch: u64, deadline: Instant, no_wait: bool) -> Result<()> {
        // The server ends it a little earlier.
        let expires = deadline.saturating_duration_since(Instant::now()) / 10 * 9;
        let mut body = Json::object()
            .with("expires", nanos(expires))
            .with("batch", batch);
        if no_wait {
            body.set("no_wait", true);
        }
        let reply = format!("{}.{}", self.inbox, crate::client::unique_id());
        self.connection
            .publish(&self.subject, &reply, None, body.compact().as_bytes())?;
        Ok(())
    }

    /// Messages that are there, at most so many; otherwise those that come in
    /// time.
    fn fetch(&self, wanted: u64) -> Result<Vec<Message>> {
        let deadline = Instant::now() + self.timeout;
        let mut no_wait = wanted > 1;
        let mut fetched = Vec::new();
        self.request(wanted, deadline, no_wait)?;
        while (fetched.len() as u64) < wanted {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(message) = next_message(self.connection, &self.messages, left)? else {
                break;
            };
            match message.status() {
                0 => fetched.push(message),
                404 if no_wait && fetched.is_empty() => {
                    no_wait = false;
                    self.request(wanted, deadline, no_wait)?;
                }
                404 | 408 => break,
                503 => return Err(fail!("fetching: {}", ClientError::NoResponders)),
                100 => {}
                _ => {
                    let why = message.headers.map(|headers| headers.description);
                    return Err(fail!(
                        "fetching: nats: {}",
                        why.unwrap_or_default().to_lowercase()
                    ));
                }
            }
        }
        Ok(fetched)
    }
}
