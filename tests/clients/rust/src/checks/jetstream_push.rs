//! Consumers that push, and work queues.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::push::{Config, OrderedConfig};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::{self, RetentionPolicy};
use futures_util::StreamExt;
use futures_util::future::join_all;

use crate::harness::{Connection, Context, Outcome, ensure, equal};
use crate::jetstream::{
    SERVER, all, eventually, fill, lift, numbers, open, refused, sequences, take, texts,
};

fn stream_config(name: &str, subject: &str) -> stream::Config {
    stream::Config {
        name: name.into(),
        subjects: vec![subject.into()],
        ..Default::default()
    }
}

fn push_config(nc: &Connection, durable: &str) -> Config {
    Config {
        deliver_subject: nc.new_inbox(),
        durable_name: Some(durable.into()),
        ..Default::default()
    }
}

fn sorted(messages: &[Message]) -> Vec<String> {
    let mut got = texts(messages);
    got.sort_by_key(|text| text.parse::<u64>().unwrap_or(u64::MAX));
    got
}

/// What is acknowledged leaves a work queue; filters of its consumers must not overlap.
pub async fn jetstream_work_queue(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let config = stream::Config {
        retention: RetentionPolicy::WorkQueue,
        ..stream_config("work", "work.*")
    };
    let stream = js.create_stream(config).await?;
    let consumer = |name: &str, filter: &str| pull::Config {
        durable_name: Some(name.into()),
        filter_subject: filter.into(),
        ..Default::default()
    };
    stream.create_consumer(consumer("a", "work.a")).await?;
    refused(
        stream.create_consumer(consumer("b", "work.*")).await,
        10100,
        "",
    )?;
    fill(&js, "work.a", 100).await?;
    fill(&js, "work.b", 10).await?;
    // Several clients share one consumer: each message goes to one of them.
    let workers = join_all((0..3).map(|_| async move {
        let (_, own) = open(t, SERVER).await?;
        let stream = own.get_stream("work").await?;
        let worker = lift(stream.get_consumer::<pull::Config>("a").await)?;
        let mut got = Vec::new();
        loop {
            let batch = worker
                .batch()
                .max_messages(10)
                .expires(Duration::from_millis(300));
            let messages = all(batch.messages().await?).await?;
            if messages.is_empty() {
                return Ok(got);
            }
            for message in &messages {
                lift(message.ack().await)?;
            }
            got.extend(messages);
        }
    }))
    .await;
    let got = workers.into_iter().collect::<Outcome<Vec<_>>>()?.concat();
    equal(sorted(&got), numbers(100), "messages")?;
    eventually("an empty queue", async || {
        Ok((stream.get_info().await?.state.messages == 10).then_some(()))
    })
    .await
}

/// A consumer pushes what it has when somebody listens, and goes on from its acks when the listener comes back.
pub async fn jetstream_push(t: Context) -> Outcome {
    let (nc, js) = open(t, SERVER).await?;
    let stream = js.create_stream(stream_config("push", "push")).await?;
    fill(&js, "push", 300).await?;
    let consumer = stream.create_consumer(push_config(&nc, "p")).await?;
    ensure(
        !consumer.get_info().await?.push_bound,
        "bound without a listener",
    )?;
    // The listener comes after the consumer.
    let mut messages = consumer.messages().await?;
    let got = take(&mut messages, 300).await?;
    equal(texts(&got), numbers(300), "messages")?;
    ensure(consumer.get_info().await?.push_bound, "not bound")?;
    for message in &got {
        lift(message.ack().await)?;
    }
    eventually("all acks", async || {
        let info = consumer.get_info().await?;
        Ok((info.ack_floor.stream_sequence == 300).then_some(()))
    })
    .await?;
    drop(messages);
    nc.settle().await?;
    fill(&js, "push", 10).await?;
    let mut messages = consumer.messages().await?;
    equal(
        texts(&take(&mut messages, 10).await?),
        numbers(10),
        "messages for the next listener",
    )?;
    let bare = Config {
        headers_only: true,
        ack_policy: AckPolicy::None,
        deliver_policy: DeliverPolicy::Last,
        ..push_config(&nc, "bare")
    };
    let mut messages = stream.create_consumer(bare).await?.messages().await?;
    let message = take(&mut messages, 1).await?.remove(0);
    let headers = message.headers.clone().unwrap_or_default();
    equal(
        headers.get("Nats-Msg-Size").map(|size| size.as_str()),
        Some("1"),
        "size",
    )?;
    equal(message.payload.len(), 0, "length")
}

/// A consumer with a deliver group pushes each message to one member.
pub async fn jetstream_push_members(t: Context) -> Outcome {
    let (nc, js) = open(t, SERVER).await?;
    let stream = js
        .create_stream(stream_config("members", "members"))
        .await?;
    let config = Config {
        deliver_group: Some("workers".into()),
        ..push_config(&nc, "m")
    };
    stream.create_consumer(config).await?;
    let mut members = Vec::new();
    for _ in 0..3 {
        let (own, context) = open(t, SERVER).await?;
        let stream = context.get_stream("members").await?;
        let consumer = lift(stream.get_consumer::<Config>("m").await)?;
        members.push(consumer.messages().await?);
        own.settle().await?;
    }
    fill(&js, "members", 300).await?;
    let mut got = vec![Vec::new(); members.len()];
    eventually("all messages", || {
        for (member, got) in members.iter_mut().zip(&mut got) {
            while let Some(Some(Ok(message))) = futures_util::FutureExt::now_or_never(member.next())
            {
                got.push(message);
            }
        }
        let count: usize = got.iter().map(Vec::len).sum();
        std::future::ready(Ok((count >= 300).then_some(())))
    })
    .await?;
    ensure(
        got.iter().all(|part| part.len() > 30),
        "a member got almost nothing",
    )?;
    equal(sorted(&got.concat()), numbers(300), "messages")
}

/// Flow control holds a fast consumer back without losing anything.
pub async fn jetstream_push_flow(t: Context) -> Outcome {
    let (nc, js) = open(t, SERVER).await?;
    let stream = js.create_stream(stream_config("flow", "flow")).await?;
    let mut acks = Vec::new();
    for _ in 0..1000 {
        acks.push(js.publish("flow", vec![b'x'; 10_000].into()).await?);
    }
    for ack in acks {
        ack.await?;
    }
    let config = Config {
        ack_policy: AckPolicy::None,
        flow_control: true,
        idle_heartbeat: Duration::from_millis(500),
        ..push_config(&nc, "f")
    };
    let mut messages = stream.create_consumer(config).await?.messages().await?;
    let got = take(&mut messages, 1000).await?;
    equal(
        sequences(&got)?,
        (1..=1000).collect::<Vec<u64>>(),
        "sequences",
    )?;
    // The ordered consumer that pushes has flow control, too.
    let config = OrderedConfig {
        deliver_subject: nc.new_inbox(),
        ..Default::default()
    };
    let mut messages = stream.create_consumer(config).await?.messages().await?;
    let got = take(&mut messages, 1000).await?;
    equal(
        sequences(&got)?,
        (1..=1000).collect::<Vec<u64>>(),
        "sequences",
    )
}
