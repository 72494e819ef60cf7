//! Consumers: their life, pulls in all forms, what ends a pull, groups of priority.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::pull::{Config, MessagesErrorKind};
use async_nats::jetstream::consumer::{DeliverPolicy, PriorityPolicy};
use async_nats::jetstream::stream::{ConsumerCreateStrictErrorKind, ConsumerUpdateErrorKind};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::harness::{Context, Outcome, WAIT_LIMIT, ensure, equal, fail};
use crate::jetstream::{
    RESTART_LIMIT, RESTARTED, SERVER, ack_all, acked, all, durable, eventually, fill, lift,
    make_stream, next, numbers, open, refused, restart, sequence, take, texts,
};

/// A consumer is made, found, changed and deleted.
pub async fn jetstream_consumers(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "consumers", "consumers.>").await?;
    fill(&js, "consumers.a", 10).await?;
    ensure(
        stream.consumer_info("none").await.is_err(),
        "there is a consumer",
    )?;
    let wanted = Config {
        filter_subject: "consumers.a".into(),
        ..durable("durable")
    };
    let consumer = stream.create_consumer(wanted.clone()).await?;
    let info = consumer.cached_info().clone();
    equal(
        (
            info.name.as_str(),
            info.stream_name.as_str(),
            info.num_pending,
        ),
        ("durable", "consumers", 10),
        "consumer",
    )?;
    equal(
        (
            info.config.ack_wait,
            info.config.max_deliver,
            info.config.max_ack_pending,
        ),
        (Duration::from_secs(30), -1, 1000),
        "defaults",
    )?;
    stream.create_consumer_strict(wanted.clone()).await?;
    let other = Config {
        deliver_policy: DeliverPolicy::New,
        ..wanted.clone()
    };
    match stream.create_consumer_strict(other).await {
        Ok(_) => return fail("another consumer of the name was made"),
        Err(error) => equal(
            error.kind(),
            ConsumerCreateStrictErrorKind::AlreadyExists,
            "the error",
        )?,
    }
    match stream.update_consumer(durable("absent")).await {
        Ok(_) => return fail("a consumer that is not there was updated"),
        Err(error) => equal(
            error.kind(),
            ConsumerUpdateErrorKind::DoesNotExist,
            "the error",
        )?,
    }
    let changed = Config {
        max_deliver: 5,
        ..wanted
    };
    let updated = stream.update_consumer(changed).await?;
    equal(updated.cached_info().config.max_deliver, 5, "max_deliver")?;
    let filters = vec!["consumers.a".to_owned(), "consumers.b".to_owned()];
    let several = Config {
        name: Some("several".into()),
        filter_subjects: filters.clone(),
        ..Default::default()
    };
    let several = stream.create_consumer(several).await?;
    let info = several.cached_info();
    equal(
        (info.name.as_str(), info.num_pending),
        ("several", 10),
        "consumer",
    )?;
    equal(&info.config.filter_subjects, &filters, "filters")?;
    let unnamed = stream.create_consumer(Config::default()).await?;
    ensure(
        !unnamed.cached_info().name.is_empty(),
        "a consumer without a name",
    )?;
    let names = all(stream.consumer_names()).await?;
    equal(names.len(), 3, "consumers")?;
    equal(all(stream.consumers()).await?.len(), 3, "consumers")?;
    ensure(
        stream.delete_consumer("durable").await?.success,
        "not deleted",
    )?;
    refused(
        stream.delete_consumer("durable").await,
        10014,
        "consumer not found",
    )
}

/// fetch gives what there is, up to the number asked for; batch waits until its time is over.
pub async fn jetstream_fetch(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "fetch", "fetch").await?;
    fill(&js, "fetch", 10).await?;
    let consumer = stream.create_consumer(durable("f")).await?;
    let first = all(consumer.fetch().max_messages(4).messages().await?).await?;
    equal(texts(&first), numbers(4), "messages")?;
    let infos = first
        .iter()
        .map(|message| lift(message.info()))
        .collect::<Outcome<Vec<_>>>()?;
    let counts: Vec<_> = infos
        .iter()
        .map(|info| (info.consumer_sequence, info.pending))
        .collect();
    equal(
        counts,
        [(1, 9), (2, 8), (3, 7), (4, 6)],
        "sequences and pending",
    )?;
    let start = Instant::now();
    let batch = consumer
        .batch()
        .max_messages(100)
        .expires(Duration::from_millis(500));
    let rest = all(batch.messages().await?).await?;
    equal(texts(&rest), numbers(10)[4..].to_vec(), "the rest")?;
    ensure(
        start.elapsed() > Duration::from_millis(400),
        "ended before its time",
    )?;
    ack_all(&first).await?;
    ack_all(&rest).await?;
    acked(&consumer, 10).await?;
    for _ in 0..5 {
        js.publish("fetch", vec![b'x'; 1000].into()).await?.await?;
    }
    let mut bytes = consumer.fetch().max_bytes(2500).messages().await?;
    take(&mut bytes, 2).await?;
    Ok(())
}

/// A pull that gets nothing ends: at once, or when its time is over.
pub async fn jetstream_fetch_nothing(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "nothing", "nothing").await?;
    let consumer = stream.create_consumer(durable("n")).await?;
    let start = Instant::now();
    equal(
        all(consumer.fetch().max_messages(5).messages().await?)
            .await?
            .len(),
        0,
        "messages",
    )?;
    ensure(start.elapsed() < Duration::from_secs(1), "fetch waited")?;
    let start = Instant::now();
    // No heartbeats: after one, the client's batch may sleep until something else wakes it.
    let batch = consumer
        .batch()
        .max_messages(5)
        .expires(Duration::from_millis(500));
    equal(all(batch.messages().await?).await?.len(), 0, "messages")?;
    ensure(
        start.elapsed() > Duration::from_millis(400),
        "ended before its time",
    )
}

/// The first message of a stream of messages comes as soon as it is published.
pub async fn jetstream_next(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "next", "next").await?;
    let consumer = stream.create_consumer(durable("n")).await?;
    let mut messages = consumer.messages().await?;
    let nothing = timeout(Duration::from_millis(100), messages.next()).await;
    ensure(nothing.is_err(), "something came")?;
    js.publish("next", "late".into()).await?.await?;
    let message = next(&mut messages, WAIT_LIMIT).await?;
    equal(
        (&message.payload[..], lift(message.info())?.delivered),
        (&b"late"[..], 1),
        "message",
    )?;
    lift(message.double_ack().await)
}

/// A stream of messages gives everything in order, with new pulls on the way; nothing comes twice.
pub async fn jetstream_consume(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "consume", "consume").await?;
    let consumer = stream.create_consumer(durable("c")).await?;
    let mut messages = consumer
        .stream()
        .max_messages_per_batch(100)
        .messages()
        .await?;
    for _ in 0..2 {
        fill(&js, "consume", 1000).await?;
        let got = take(&mut messages, 1000).await?;
        equal(texts(&got), numbers(1000), "messages")?;
        ack_all(&got).await?;
    }
    acked(&consumer, 2000).await?;
    let info = consumer.get_info().await?;
    equal(
        (info.delivered.consumer_sequence, info.num_redelivered),
        (2000, 0),
        "consumer",
    )
}

/// A stream of messages goes on when the server was started anew, also after a kill: nothing is missing.
pub async fn jetstream_consume_restart(t: Context) -> Outcome {
    let (nc, js) = open(t, RESTARTED).await?;
    let stream = make_stream(&js, "consume", "consume").await?;
    let config = Config {
        ack_wait: Duration::from_secs(1),
        ..durable("c")
    };
    let consumer = stream.create_consumer(config).await?;
    let mut messages = consumer
        .stream()
        .max_messages_per_batch(50)
        .expires(Duration::from_secs(1))
        .heartbeat(Duration::from_millis(400))
        .messages()
        .await?;
    let (mut seen, mut sent) = (BTreeSet::new(), 0);
    for verb in [None, Some("restart"), Some("kill")] {
        if let Some(verb) = verb {
            restart(t, verb, RESTARTED, &nc).await?;
        }
        fill(&js, "consume", 100).await?;
        sent += 100;
        let deadline = Instant::now() + RESTART_LIMIT;
        while seen.len() < sent {
            ensure(
                Instant::now() < deadline,
                format!("{} of {sent} came", seen.len()),
            )?;
            // A heartbeat that was missed is an error of the stream, which goes on.
            if let Ok(message) = next(&mut messages, RESTART_LIMIT).await {
                lift(message.ack().await)?;
                seen.insert(sequence(&message)?);
            }
        }
    }
    equal(seen, (1..=sent as u64).collect(), "sequences")?;
    let deadline = Instant::now() + RESTART_LIMIT;
    // What was acknowledged shortly before a kill may come again.
    while consumer.get_info().await?.ack_floor.stream_sequence < sent as u64 {
        ensure(Instant::now() < deadline, "not all acks")?;
        if let Ok(message) = next(&mut messages, Duration::from_millis(50)).await {
            lift(message.ack().await)?;
        }
    }
    Ok(())
}

/// Deleting a consumer ends what reads from it.
pub async fn jetstream_consumer_deleted(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    for what in ["consumer", "stream"] {
        let stream = make_stream(&js, "deleted", "deleted").await?;
        let consumer = stream.create_consumer(durable("d")).await?;
        let mut messages = consumer.messages().await?;
        let nothing = timeout(Duration::from_millis(20), messages.next()).await;
        ensure(nothing.is_err(), "something came")?;
        eventually("a pull that waits", async || {
            Ok((consumer.get_info().await?.num_waiting == 1).then_some(()))
        })
        .await?;
        if what == "consumer" {
            stream.delete_consumer("d").await?;
        } else {
            js.delete_stream("deleted").await?;
        }
        match timeout(WAIT_LIMIT, messages.next()).await {
            Ok(Some(Err(error))) => equal(
                error.kind(),
                MessagesErrorKind::ConsumerDeleted,
                "the error",
            )?,
            other => return fail(format!("{what}: no error, but {other:?}")),
        }
    }
    Ok(())
}

/// A pull beyond the consumer's limits is refused, in words that this client compares byte by byte.
pub async fn jetstream_pull_limits(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "limits", "limits").await?;
    let limited = Config {
        max_batch: 10,
        max_expires: Duration::from_secs(1),
        ..durable("l")
    };
    let consumer = stream.create_consumer(limited).await?;
    let pulls = || consumer.stream().heartbeat(Duration::from_millis(100));
    let second = Duration::from_secs(1);
    let too_much = [
        pulls().expires(second).max_messages_per_batch(11),
        pulls().expires(2 * second).max_messages_per_batch(10),
    ];
    for pull in too_much {
        let mut messages = pull.messages().await?;
        match timeout(WAIT_LIMIT, messages.next()).await {
            Ok(Some(Err(error))) => equal(
                error.kind(),
                MessagesErrorKind::RequestLimitExceeded,
                "the error",
            )?,
            other => return fail(format!("no error, but {other:?}")),
        }
    }
    Ok(())
}

/// A consumer that nobody uses goes when its time is over; one that is used stays.
pub async fn jetstream_inactive(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "inactive", "inactive").await?;
    let named = |name: &str| Config {
        name: Some(name.into()),
        inactive_threshold: Duration::from_millis(500),
        ..Default::default()
    };
    let used = stream.create_consumer(named("used")).await?;
    stream.create_consumer(named("unused")).await?;
    let mut messages = used.messages().await?;
    let nothing = timeout(Duration::from_millis(20), messages.next()).await;
    ensure(nothing.is_err(), "something came")?;
    eventually("the end of the unused consumer", async || {
        let names = all(stream.consumer_names()).await?;
        Ok((names == ["used"]).then_some(()))
    })
    .await?;
    js.publish("inactive", "x".into()).await?.await?;
    equal(texts(&take(&mut messages, 1).await?), ["x"], "messages")
}

/// A paused consumer delivers nothing until its time has come or it is resumed.
pub async fn jetstream_pause(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "pause", "pause").await?;
    fill(&js, "pause", 2).await?;
    let consumer = stream.create_consumer(durable("p")).await?;
    let in_a = |time| async_nats::datetime::now() + Duration::from_millis(time);
    ensure(
        stream.pause_consumer("p", in_a(60_000)).await?.paused,
        "not paused",
    )?;
    ensure(consumer.get_info().await?.paused, "not paused")?;
    let none = consumer
        .batch()
        .max_messages(1)
        .expires(Duration::from_millis(300));
    equal(all(none.messages().await?).await?.len(), 0, "messages")?;
    ensure(!stream.resume_consumer("p").await?.paused, "still paused")?;
    let one = || {
        consumer
            .batch()
            .max_messages(1)
            .expires(Duration::from_secs(3))
            .messages()
    };
    equal(texts(&all(one().await?).await?), ["0"], "messages")?;
    stream.pause_consumer("p", in_a(500)).await?;
    equal(texts(&all(one().await?).await?), ["1"], "messages")
}

/// A reset consumer delivers again from its ack floor, or from the sequence that was asked for.
pub async fn jetstream_reset(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "reset", "reset").await?;
    fill(&js, "reset", 10).await?;
    let consumer = stream.create_consumer(durable("r")).await?;
    for message in all(consumer.fetch().max_messages(6).messages().await?).await? {
        lift(message.double_ack().await)?;
    }
    let reset = stream.reset_consumer("r", Some(3)).await?;
    equal(
        (reset.reset_seq, reset.info.name.as_str()),
        (3, "r"),
        "reset",
    )?;
    for _ in 0..2 {
        let again = all(consumer.fetch().max_messages(8).messages().await?).await?;
        equal(texts(&again), numbers(10)[2..].to_vec(), "messages")?;
        equal(
            stream.reset_consumer("r", None).await?.reset_seq,
            3,
            "reset_seq",
        )?;
    }
    Ok(())
}

fn group(name: &str, policy: PriorityPolicy) -> Config {
    Config {
        priority_groups: vec!["g".into()],
        priority_policy: policy,
        ..durable(name)
    }
}

/// One of the clients of a pinned consumer gets all; the next one does when the first is unpinned.
pub async fn jetstream_pinned(t: Context) -> Outcome {
    let (nc, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "pinned", "pinned").await?;
    let config = Config {
        priority_timeout: Duration::from_secs(5),
        ..group("p", PriorityPolicy::PinnedClient)
    };
    let consumer = stream.create_consumer(config).await?;
    let pulls = || {
        consumer
            .stream()
            .group("g")
            .expires(Duration::from_secs(2))
            .heartbeat(Duration::from_millis(500))
            .messages()
    };
    let mut first = pulls().await?;
    nc.settle().await?;
    let mut second = pulls().await?;
    nc.settle().await?;
    fill(&js, "pinned", 2).await?;
    let got = take(&mut first, 2).await?;
    equal(texts(&got), numbers(2), "messages of the first")?;
    let pin = got[0]
        .headers
        .as_ref()
        .and_then(|headers| headers.get("Nats-Pin-Id"));
    equal(
        pin.map(|pin| pin.as_str().len()),
        Some(22),
        "length of the pin's id",
    )?;
    let nothing = timeout(Duration::from_millis(50), second.next()).await;
    ensure(nothing.is_err(), "the second got something")?;
    // The first one does not pull again, so that the second is the next.
    drop(first);
    stream.unpin_consumer("p", "g").await?;
    fill(&js, "pinned", 1).await?;
    equal(
        texts(&take(&mut second, 1).await?),
        ["0"],
        "messages of the second",
    )
}

/// A pull of an overflow group is served when enough waits.
pub async fn jetstream_overflow(t: Context) -> Outcome {
    let (nc, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "overflow", "overflow").await?;
    let consumer = stream
        .create_consumer(group("o", PriorityPolicy::Overflow))
        .await?;
    let mut late = consumer
        .batch()
        .group("g")
        .max_messages(10)
        .min_pending(10)
        .expires(Duration::from_secs(3))
        .messages()
        .await?;
    nc.settle().await?;
    fill(&js, "overflow", 5).await?;
    let nothing = timeout(Duration::from_millis(50), late.next()).await;
    ensure(nothing.is_err(), "the pull was served")?;
    fill(&js, "overflow", 10).await?;
    take(&mut late, 1).await?;
    Ok(())
}
