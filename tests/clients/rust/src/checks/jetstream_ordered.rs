//! Reading a stream once and in order.

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::OrderedConfig;

use crate::harness::{Context, Outcome, ensure, equal};
use crate::jetstream::{
    RESTARTED, SERVER, fill, make_stream, numbers, open, restart, sequences, take, texts,
};

/// An ordered consumer reads everything once and in order, whatever becomes of its consumer on the server.
pub async fn jetstream_ordered(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let stream = make_stream(&js, "ordered", "ordered.>").await?;
    fill(&js, "ordered.a", 300).await?;
    let consumer = stream.create_consumer(OrderedConfig::default()).await?;
    let name = consumer.cached_info().name.clone();
    let mut messages = consumer.messages().await?;
    equal(
        texts(&take(&mut messages, 300).await?),
        numbers(300),
        "messages",
    )?;
    ensure(stream.delete_consumer(&name).await?.success, "not deleted")?;
    fill(&js, "ordered.b", 100).await?;
    equal(
        texts(&take(&mut messages, 100).await?),
        numbers(100),
        "messages after its end",
    )?;
    let start_sequence = 402;
    let beyond = OrderedConfig {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
        filter_subject: "ordered.c".into(),
        ..Default::default()
    };
    let mut late = stream.create_consumer(beyond).await?.messages().await?;
    fill(&js, "ordered.c", 3).await?;
    equal(
        texts(&take(&mut late, 2).await?),
        ["1", "2"],
        "messages from beyond the end",
    )
}

/// A new ordered consumer goes on behind what was read before the server was started anew.
pub async fn jetstream_ordered_restart(t: Context) -> Outcome {
    let (nc, js) = open(t, RESTARTED).await?;
    let stream = make_stream(&js, "ordered", "ordered").await?;
    let mut seen = Vec::new();
    for verb in [None, Some("restart"), Some("kill")] {
        if let Some(verb) = verb {
            // The client itself finds out only after 30 s that the consumer, which was in memory, is lost.
            restart(t, verb, RESTARTED, &nc).await?;
        }
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: seen.len() as u64 + 1,
            },
            ..Default::default()
        };
        let mut messages = stream.create_consumer(config).await?.messages().await?;
        fill(&js, "ordered", 100).await?;
        seen.extend(take(&mut messages, 100).await?);
    }
    equal(
        sequences(&seen)?,
        (1..=300).collect::<Vec<u64>>(),
        "sequences",
    )
}
