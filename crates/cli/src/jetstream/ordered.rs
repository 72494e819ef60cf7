//! Messages of a stream in order, sent by a consumer that is made for it: what
//! buckets are listed and watched with. Users whose permissions are about
//! that need no right to request messages.

use std::time::{Duration, Instant};

use super::{Api, ApiError, Delivered, Start};
use crate::client::{ClientError, Connection, Message, Subscription, unique_id};
use crate::output::Json;

/// Interval of the heartbeats that are asked for. A few seconds: a consumer
/// that is lost with its server is noticed after two of them.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Heartbeats that may be missed.
const MISSED: u32 = 2;
/// Time that the server would wait for acknowledgements; there are none, but
/// it is part of the configuration.
const ACK_WAIT: Duration = Duration::from_secs(22 * 3600);

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// Has messages of a stream sent, from a point on.
#[derive(Debug)]
pub struct Ordered {
    api: Api,
    connection: Connection,
    stream: String,
    filter: String,
    headers_only: bool,
    start: Start,
    consumer: String,
    messages: Subscription,
    /// Messages that were there when the consumer was made.
    pub pending: u64,
    /// Sequence of the consumer's next delivery.
    next: u64,
    last_stream_seq: u64,
    /// When the server was heard last.
    heard: Instant,
}

impl Ordered {
    /// Makes the consumer.
    pub fn new(
        api: &Api,
        stream: &str,
        filter: &str,
        start: Start,
        headers_only: bool,
    ) -> Result<Self, ApiError> {
        let (consumer, messages, pending) = create(api, stream, filter, &start, headers_only)?;
        Ok(Self {
            api: api.clone(),
            connection: api.connection()?,
            stream: stream.to_owned(),
            filter: filter.to_owned(),
            headers_only,
            start,
            consumer,
            messages,
            pending,
            next: 1,
            last_stream_seq: 0,
            heard: Instant::now(),
        })
    }

    /// The next message, or nothing within `patience`.
    pub fn next(&mut self, patience: Duration) -> Result<Option<(Message, Delivered)>, ApiError> {
        let deadline = Instant::now().checked_add(patience);
        loop {
            let silence = (HEARTBEAT * MISSED).saturating_sub(self.heard.elapsed());
            let left = deadline.map_or(silence, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            let message = match self.messages.next(left.min(silence)) {
                Ok(message) => message,
                Err(ClientError::Timeout) if left <= silence => return Ok(None),
                Err(ClientError::Timeout) => {
                    self.begin_again()?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            self.heard = Instant::now();
            if message.status() != 0 {
                if !self.obey(&message)? {
                    self.begin_again()?;
                }
                continue;
            }
            let Some(delivered) = Delivered::parse(&message.reply) else {
                continue;
            };
            if delivered.consumer_seq != self.next {
                // One was lost on its way; there is no acknowledgement that
                // would bring it again.
                self.begin_again()?;
                continue;
            }
            self.next += 1;
            self.last_stream_seq = delivered.stream_seq;
            return Ok(Some((message, delivered)));
        }
    }

    /// Does what the server asks for beside messages; whether all that it has
    /// sent has come.
    fn obey(&self, message: &Message) -> Result<bool, ApiError> {
        // All messages before this one are taken: more may come.
        for subject in [
            Some(message.reply.as_str()),
            message.header("Nats-Consumer-Stalled"),
        ] {
            if let Some(subject) = subject.filter(|subject| !subject.is_empty()) {
                self.connection.publish(subject, "", None, b"")?;
            }
        }
        let last = message
            .header("Nats-Last-Consumer")
            .and_then(|text| text.parse::<u64>().ok());
        Ok(last.is_none_or(|last| last < self.next))
    }

    /// Makes another consumer that goes on where this one ended.
    fn begin_again(&mut self) -> Result<(), ApiError> {
        self.heard = Instant::now();
        let start = match self.last_stream_seq {
            0 => self.start.clone(),
            seq => Start::Sequence(seq.saturating_add(1)),
        };
        self.remove();
        let made = create(
            &self.api,
            &self.stream,
            &self.filter,
            &start,
            self.headers_only,
        );
        match made {
            Ok((consumer, messages, _)) => {
                self.consumer = consumer;
                self.messages = messages;
                self.next = 1;
                Ok(())
            }
            // It is tried again after the next silence.
            Err(ApiError::NotAvailable(_) | ApiError::Client(ClientError::Timeout)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Asks the server to remove the consumer; it does so by itself, if later,
    /// so that nothing depends on its answer.
    fn remove(&self) {
        let name = format!("CONSUMER.DELETE.{}.{}", self.stream, self.consumer);
        let connection = &self.connection;
        let _ = connection.publish(&self.api.subject(&name), &connection.new_inbox(), None, b"");
        let _ = connection.flush(self.api.timeout);
    }
}

impl Drop for Ordered {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Makes a consumer; gives its name, what it sends, and the number of messages
/// that it has sent or will send of those that are there.
fn create(
    api: &Api,
    stream: &str,
    filter: &str,
    start: &Start,
    headers_only: bool,
) -> Result<(String, Subscription, u64), ApiError> {
    let name = unique_id();
    let connection = api.connection()?;
    let inbox = connection.new_inbox();
    let messages = connection.subscribe(&inbox, "")?;
    let mut config = Json::object();
    start.apply(&mut config);
    config
        .set("ack_policy", "none")
        .set("ack_wait", nanos(ACK_WAIT))
        .set("max_deliver", 1)
        .set("filter_subject", filter)
        .set("replay_policy", "instant")
        .set("flow_control", true)
        .set("idle_heartbeat", nanos(HEARTBEAT));
    if headers_only {
        config.set("headers_only", true);
    }
    config
        .set("deliver_subject", inbox.as_str())
        .set("num_replicas", 1)
        .set("mem_storage", true);
    let request = Json::object()
        .with("stream_name", stream)
        .with("config", config);
    // The filter is part of the subject: permissions may be about what is read.
    let subject = format!("CONSUMER.CREATE.{stream}.{name}.{filter}");
    let info = api.request(&subject, &request)?;
    let sent = info.uint("delivered.consumer_seq");
    let pending = info.uint("num_pending").saturating_add(sent);
    Ok((name, messages, pending))
}
