//! Publish and subscribe: subjects, headers, groups, order, and how a subscription ends.

use async_nats::{Event, HeaderMap, RequestErrorKind};
use futures_util::StreamExt;

use crate::harness::{Connection, Context, Outcome, ensure, equal, fail, present, take, texts};

/// The server knows of no subscription any more.
async fn nobody_listens(connection: &Connection, subject: &'static str) -> Outcome {
    match connection.request(subject, "".into()).await {
        Ok(_) => fail(format!("{subject}: somebody answered")),
        Err(error) => equal(error.kind(), RequestErrorKind::NoResponders, subject),
    }
}

pub async fn publish_subscribe(t: Context) -> Outcome {
    let (publisher, subscriber) = (t.open().await?, t.open().await?);
    let mut subscription = subscriber.subscribe("plain.subject").await?;
    subscriber.settle().await?;
    let bytes: Vec<u8> = (0..=255).collect();
    publisher
        .publish_with_reply("plain.subject", "answer.here", bytes.clone().into())
        .await?;
    publisher.publish("plain.subject", "".into()).await?;
    publisher
        .publish("plain.Subject", "another subject".into())
        .await?;
    publisher
        .publish("plain.subject", "Grüße 🦟".into())
        .await?;
    let messages = take(&mut subscription, 3).await?;
    equal(&messages[0].payload[..], &bytes[..], "first payload")?;
    equal(messages[0].subject.as_str(), "plain.subject", "subject")?;
    equal(messages[0].reply.as_deref(), Some("answer.here"), "reply")?;
    equal(messages[1].payload.len(), 0, "second length")?;
    equal(
        &messages[2].payload[..],
        "Grüße 🦟".as_bytes(),
        "third payload",
    )
}

pub async fn wildcards(t: Context) -> Outcome {
    let (publisher, subscriber) = (t.open().await?, t.open().await?);
    let mut one = subscriber.subscribe("w.*.c").await?;
    let mut rest = subscriber.subscribe("w.a.>").await?;
    let mut all = subscriber.subscribe("w.>").await?;
    let mut end = subscriber.subscribe("end").await?;
    subscriber.settle().await?;
    for subject in ["w.a.c", "w.b.c", "w.a.b.c", "w.a", "w", "w.a.b", "x.a.c"] {
        publisher.publish(subject, subject.into()).await?;
    }
    publisher.publish("end", "".into()).await?;
    take(&mut end, 1).await?;
    equal(texts(&present(&mut one)), ["w.a.c", "w.b.c"], "w.*.c")?;
    equal(
        texts(&present(&mut rest)),
        ["w.a.c", "w.a.b.c", "w.a.b"],
        "w.a.>",
    )?;
    equal(
        texts(&present(&mut all)),
        ["w.a.c", "w.b.c", "w.a.b.c", "w.a", "w.a.b"],
        "w.>",
    )
}

pub async fn headers(t: Context) -> Outcome {
    let (publisher, subscriber) = (t.open().await?, t.open().await?);
    let mut subscription = subscriber.subscribe("with.headers").await?;
    subscriber.settle().await?;
    let mut sent = HeaderMap::new();
    sent.insert("Kind", "test");
    sent.insert("lower-case", "kept: as is");
    publisher
        .publish_with_headers("with.headers", sent.clone(), "body".into())
        .await?;
    publisher
        .publish_with_headers("with.headers", sent.clone(), "".into())
        .await?;
    publisher.publish("with.headers", "bare".into()).await?;
    let messages = take(&mut subscription, 3).await?;
    equal(messages[0].headers.as_ref(), Some(&sent), "headers")?;
    equal(
        messages[1].headers.as_ref(),
        Some(&sent),
        "headers without payload",
    )?;
    equal(
        messages[2].headers.as_ref(),
        None,
        "headers of the bare message",
    )?;
    equal(texts(&messages), ["body", "", "bare"], "payloads")
}

pub async fn headers_multi_value(t: Context) -> Outcome {
    let (publisher, subscriber) = (t.open().await?, t.open().await?);
    let mut subscription = subscriber.subscribe("many.values").await?;
    subscriber.settle().await?;
    let mut sent = HeaderMap::new();
    for value in ["one", "two", "three"] {
        sent.append("Value", value);
    }
    sent.append("value", "another name");
    publisher
        .publish_with_headers("many.values", sent, "body".into())
        .await?;
    let messages = take(&mut subscription, 1).await?;
    let Some(headers) = &messages[0].headers else {
        return fail("no headers");
    };
    let values: Vec<&str> = headers
        .get_all("Value")
        .map(|value| value.as_str())
        .collect();
    equal(values, ["one", "two", "three"], "values")?;
    equal(
        headers.get("value").map(|value| value.as_str()),
        Some("another name"),
        "value",
    )
}

pub async fn queue_group(t: Context) -> Outcome {
    const COUNT: usize = 600;
    let publisher = t.open().await?;
    let (first, second) = (t.open().await?, t.open().await?);
    let mut members = Vec::new();
    for connection in [&first, &second, &first] {
        members.push(
            connection
                .queue_subscribe("jobs.*", "workers".into())
                .await?,
        );
    }
    let mut other = second.queue_subscribe("jobs.>", "auditors".into()).await?;
    let mut plain = first.subscribe("jobs.new").await?;
    first.settle().await?;
    second.settle().await?;
    for i in 0..COUNT {
        publisher.publish("jobs.new", i.to_string().into()).await?;
    }
    take(&mut plain, COUNT).await?;
    take(&mut other, COUNT).await?;
    for connection in [&publisher, &first, &second] {
        connection.settle().await?;
    }
    let mut got = Vec::new();
    for member in &mut members {
        let messages = present(member);
        ensure(!messages.is_empty(), "a member got nothing")?;
        for text in texts(&messages) {
            got.push(text.parse::<usize>()?);
        }
    }
    got.sort_unstable();
    equal(got, (0..COUNT).collect::<Vec<_>>(), "messages of the group")
}

pub async fn order_10000(t: Context) -> Outcome {
    const COUNT: usize = 10_000;
    let (publisher, subscriber) = (t.open().await?, t.open().await?);
    let mut subscription = subscriber.subscribe("order").await?;
    let mut end = subscriber.subscribe("order.end").await?;
    subscriber.settle().await?;
    for i in 0..COUNT {
        publisher.publish("order", i.to_string().into()).await?;
    }
    publisher.publish("order.end", "".into()).await?;
    let messages = take(&mut subscription, COUNT).await?;
    take(&mut end, 1).await?;
    equal(present(&mut subscription).len(), 0, "messages too many")?;
    let wanted: Vec<String> = (0..COUNT).map(|i| i.to_string()).collect();
    ensure(texts(&messages) == wanted, "the order differs")
}

pub async fn unsubscribe(t: Context) -> Outcome {
    let (publisher, subscriber) = (t.open().await?, t.open().await?);
    let mut subscription = subscriber.subscribe("until.now").await?;
    subscriber.settle().await?;
    publisher.publish("until.now", "before".into()).await?;
    take(&mut subscription, 1).await?;
    subscription.unsubscribe().await?;
    subscriber.settle().await?;
    nobody_listens(&publisher, "until.now").await?;
    ensure(
        subscription.next().await.is_none(),
        "a message after the end",
    )
}

pub async fn unsubscribe_with_max(t: Context) -> Outcome {
    let (publisher, subscriber) = (t.open().await?, t.open().await?);
    let mut at_once = subscriber.subscribe("max").await?;
    at_once.unsubscribe_after(5).await?;
    let mut later = subscriber.subscribe("max").await?;
    subscriber.settle().await?;
    publisher.publish("max", "0".into()).await?;
    let mut first = take(&mut later, 1).await?;
    later.unsubscribe_after(3).await?;
    subscriber.settle().await?;
    for i in 1..10 {
        publisher.publish("max", i.to_string().into()).await?;
    }
    equal(
        texts(&take(&mut at_once, 5).await?),
        ["0", "1", "2", "3", "4"],
        "maximum 5",
    )?;
    first.extend(take(&mut later, 2).await?);
    equal(texts(&first), ["0", "1", "2"], "maximum 3")?;
    ensure(
        at_once.next().await.is_none() && later.next().await.is_none(),
        "more messages",
    )?;
    nobody_listens(&publisher, "max").await
}

pub async fn drain_subscription(t: Context) -> Outcome {
    const COUNT: usize = 500;
    let (publisher, subscriber) = (t.open().await?, t.open().await?);
    let mut subscription = subscriber.subscribe("drained").await?;
    subscriber.settle().await?;
    for i in 0..COUNT {
        publisher.publish("drained", i.to_string().into()).await?;
    }
    publisher.settle().await?;
    // The client does not wait for the server when it drains, so what is due must have come before.
    subscriber.settle().await?;
    subscription.drain().await?;
    take(&mut subscription, COUNT).await?;
    ensure(subscription.next().await.is_none(), "more messages")?;
    subscriber.settle().await?;
    nobody_listens(&publisher, "drained").await
}

pub async fn drain_connection(t: Context) -> Outcome {
    const COUNT: usize = 500;
    let (publisher, subscriber) = (t.open().await?, t.open().await?);
    let mut subscription = subscriber.subscribe("questions").await?;
    subscriber.settle().await?;
    for i in 0..COUNT {
        publisher.publish("questions", i.to_string().into()).await?;
    }
    publisher.settle().await?;
    subscriber.settle().await?;
    subscriber.drain().await?;
    take(&mut subscription, COUNT).await?;
    ensure(subscription.next().await.is_none(), "more messages")?;
    subscriber
        .event("closed", |event| matches!(event, Event::Closed))
        .await
}
