//! Acks of every kind, and what comes again without one.

use std::time::{Duration, Instant};

use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::pull::Config;

use crate::harness::{Context, Outcome, WAIT_LIMIT, ensure, equal};
use crate::jetstream::{
    SERVER, ack_all, acked, all, durable, fill, lift, make_stream, next, open, sequences,
};

/// Every kind of ack does what it is for.
pub async fn jetstream_acks(t: Context) -> Outcome {
    let (nc, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "acks", "acks").await?;
    let consumer = stream.create_consumer(durable("a")).await?;
    let mut terms = nc
        .subscribe("$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.acks.a")
        .await?;
    nc.settle().await?;
    fill(&js, "acks", 6).await?;
    let got = all(consumer.fetch().max_messages(6).messages().await?).await?;
    equal(got.len(), 6, "messages")?;
    lift(got[0].ack().await)?;
    lift(got[1].double_ack().await)?;
    lift(got[2].ack_with(AckKind::Nak(None)).await)?;
    let one = || {
        consumer
            .batch()
            .max_messages(1)
            .expires(Duration::from_secs(3))
            .messages()
    };
    let again = all(one().await?).await?;
    equal(
        (sequences(&again)?, lift(again[0].info())?.delivered),
        (vec![3], 2),
        "message after a nak",
    )?;
    ack_all(&again).await?;
    let start = Instant::now();
    lift(
        got[3]
            .ack_with(AckKind::Nak(Some(Duration::from_millis(500))))
            .await,
    )?;
    lift(got[4].ack_with(AckKind::Progress).await)?;
    lift(got[5].ack_with(AckKind::Term).await)?;
    let delayed = all(one().await?).await?;
    equal(
        sequences(&delayed)?,
        [4],
        "message after a nak with a delay",
    )?;
    ensure(
        start.elapsed() > Duration::from_millis(400),
        "came before its delay was over",
    )?;
    ack_all(&delayed).await?;
    crate::harness::take(&mut terms, 1).await?;
    acked(&consumer, 4).await?;
    equal(
        consumer.get_info().await?.num_ack_pending,
        1,
        "pending acks",
    )?;
    lift(got[4].double_ack().await)?;
    acked(&consumer, 6).await
}

/// A message that nobody acknowledges comes again after the back-off, as often as it may.
pub async fn jetstream_redelivery(t: Context) -> Outcome {
    let (nc, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "redelivery", "redelivery").await?;
    let config = Config {
        max_deliver: 3,
        backoff: [200, 400].map(Duration::from_millis).to_vec(),
        ..durable("r")
    };
    let consumer = stream.create_consumer(config).await?;
    let mut given_up = nc
        .subscribe("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.redelivery.r")
        .await?;
    nc.settle().await?;
    fill(&js, "redelivery", 1).await?;
    let mut messages = consumer.messages().await?;
    let mut times = Vec::new();
    for count in 1..=3 {
        let message = next(&mut messages, WAIT_LIMIT).await?;
        equal(lift(message.info())?.delivered, count, "deliveries")?;
        times.push(Instant::now());
    }
    ensure(
        times[1] - times[0] > Duration::from_millis(150),
        "came again too early",
    )?;
    ensure(
        times[2] - times[1] > Duration::from_millis(350),
        "came the third time too early",
    )?;
    crate::harness::take(&mut given_up, 1).await?;
    Ok(())
}
