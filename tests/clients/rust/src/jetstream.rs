//! What the JetStream checks share: a context, requests to the API as they are on the wire, streams of messages.

use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, Instant};

use async_nats::ConnectOptions;
use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::stream::{self, Stream as JetStreamStream};
use async_nats::jetstream::{Context as JetStream, Message, publish::PublishAck};
use futures_util::{Stream, StreamExt};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::harness::{Connection, Context, Fault, Outcome, ensure, fail};

pub const SERVER: &str = "jetstream";
/// A server of their own for the checks that start it anew.
pub const RESTARTED: &str = "jetstream:restart";

/// Longest time a condition may take that a restart delays.
pub const RESTART_LIMIT: Duration = Duration::from_secs(15);
const LIMIT: Duration = Duration::from_secs(5);

/// The value, or the error of a kind that is no `std::error::Error` as the check's failure.
pub fn lift<T, E: Display>(result: Result<T, E>) -> Outcome<T> {
    result.map_err(|error| Fault::Failed(error.to_string()))
}

/// A connection that comes back, and its JetStream context.
pub async fn open(t: Context, server: &str) -> Outcome<(Connection, JetStream)> {
    let nc = t.connect(server, ConnectOptions::new()).await?;
    let mut js = async_nats::jetstream::new((*nc).clone());
    js.set_timeout(Duration::from_secs(10));
    Ok((nc, js))
}

/// A stream with one subject and nothing else said.
pub async fn make_stream(js: &JetStream, name: &str, subject: &str) -> Outcome<JetStreamStream> {
    let config = stream::Config {
        name: name.into(),
        subjects: vec![subject.into()],
        ..Default::default()
    };
    Ok(js.create_stream(config).await?)
}

/// The configuration of a durable pull consumer.
pub fn durable(name: &str) -> pull::Config {
    pull::Config {
        durable_name: Some(name.into()),
        ..Default::default()
    }
}

pub async fn ack_all(messages: &[Message]) -> Outcome {
    for message in messages {
        lift(message.ack().await)?;
    }
    Ok(())
}

/// Waits until the consumer's ack floor is this sequence of the stream.
pub async fn acked(consumer: &PullConsumer, floor: u64) -> Outcome {
    eventually("all acks", async || {
        let info = consumer.get_info().await?;
        Ok((info.ack_floor.stream_sequence == floor).then_some(()))
    })
    .await
}

/// The answer of the API, whatever the library makes of it.
pub async fn api(nc: &Connection, subject: &str, body: Value) -> Outcome<Value> {
    let payload = if body.is_null() {
        Vec::new()
    } else {
        serde_json::to_vec(&body)?
    };
    let answer = nc
        .request(format!("$JS.API.{subject}"), payload.into())
        .await?;
    Ok(serde_json::from_slice(&answer.payload)?)
}

/// The result is this error of the API.
pub fn refused<T, E: Display>(result: Result<T, E>, code: u64, description: &str) -> Outcome {
    match result {
        Ok(_) => fail(format!("no error {code}")),
        Err(error) => {
            let text = error.to_string();
            let wanted = text.contains(&format!("error code {code}")) && text.contains(description);
            ensure(wanted, format!("another error: {text}"))
        }
    }
}

/// Publishes `0`, `1`, ... and waits for all acks.
pub async fn fill(js: &JetStream, subject: &str, count: usize) -> Outcome<Vec<PublishAck>> {
    let mut waiting = Vec::with_capacity(count);
    for i in 0..count {
        waiting.push(
            js.publish(subject.to_owned(), i.to_string().into())
                .await?
                .into_future(),
        );
    }
    let mut acks = Vec::with_capacity(count);
    for ack in waiting {
        acks.push(ack.await?);
    }
    Ok(acks)
}

pub fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|i| i.to_string()).collect()
}

pub fn texts(messages: &[Message]) -> Vec<String> {
    messages
        .iter()
        .map(|message| String::from_utf8_lossy(&message.payload).into_owned())
        .collect()
}

pub fn sequence(message: &Message) -> Outcome<u64> {
    Ok(lift(message.info())?.stream_sequence)
}

pub fn sequences(messages: &[Message]) -> Outcome<Vec<u64>> {
    messages.iter().map(sequence).collect()
}

/// The next value of a stream, within `limit`.
pub async fn next<S, T, E>(stream: &mut S, limit: Duration) -> Outcome<T>
where
    S: Stream<Item = Result<T, E>> + Unpin,
    E: Display,
{
    match timeout(limit, stream.next()).await {
        Ok(Some(value)) => lift(value),
        Ok(None) => fail("the stream ended"),
        Err(_) => fail(format!("nothing came within {limit:?}")),
    }
}

/// The next `count` values of a stream.
pub async fn take<S, T, E>(stream: &mut S, count: usize) -> Outcome<Vec<T>>
where
    S: Stream<Item = Result<T, E>> + Unpin,
    E: Display,
{
    let mut values = Vec::with_capacity(count);
    while values.len() < count {
        values.push(next(stream, LIMIT).await?);
    }
    Ok(values)
}

/// All values of a stream that ends by itself.
pub async fn all<S, T, E>(mut stream: S) -> Outcome<Vec<T>>
where
    S: Stream<Item = Result<T, E>> + Unpin,
    E: Display,
{
    let mut values = Vec::new();
    loop {
        match timeout(LIMIT, stream.next()).await {
            Ok(Some(value)) => values.push(lift(value)?),
            Ok(None) => return Ok(values),
            Err(_) => return fail(format!("no end after {} values", values.len())),
        }
    }
}

/// Waits until the condition's answer is a value.
pub async fn eventually<T, F>(what: &str, mut condition: impl FnMut() -> F) -> Outcome<T>
where
    F: Future<Output = Outcome<Option<T>>>,
{
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(value) = condition().await? {
            return Ok(value);
        }
        if Instant::now() > deadline {
            return fail(format!("{what}: not within {LIMIT:?}"));
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Starts the server anew; returns when the connection is back.
pub async fn restart(t: Context, verb: &str, server: &str, nc: &Connection) -> Outcome {
    let id = nc.server_info().server_id;
    t.control(verb, server, "").await?;
    crate::harness::until("reconnect", || {
        (nc.server_info().server_id != id).then_some(())
    })
    .await?;
    nc.settle().await
}
