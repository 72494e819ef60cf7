//! JetStream: publishing, key-value, restart.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::jetstream::{Control, Counter, Feed, INBOX, Until};
use crate::load::{per_unit, timed, with_latencies};
use crate::server::Server;
use crate::workload::Measurement;

/// Bytes of a payload.
pub const SIZE: usize = 128;

/// Messages prepared for one subject.
const PREPARED: usize = 1000;

/// Keys of the key-value bucket.
const KEYS: usize = 1000;

/// Part of the measured time that is spent on warming up before.
const WARM_UP: u32 = 10;

/// Longest wait for a server that recovers.
const RECOVERY_PATIENCE: Duration = Duration::from_secs(120);

/// A stream in a file or in memory with all of `{name}.>`.
pub fn create_stream(control: &mut Control, name: &str, options: Value) -> Result<()> {
    let mut config = json!({ "name": name, "subjects": [format!("{name}.>")], "storage": "file" });
    if let (Some(config), Value::Object(options)) = (config.as_object_mut(), options) {
        config.extend(options);
    }
    control.request(&format!("STREAM.CREATE.{name}"), &config)?;
    Ok(())
}

/// Messages in a stream.
fn messages(control: &mut Control, name: &str) -> Result<u64> {
    let info = control.request(&format!("STREAM.INFO.{name}"), &Value::Null)?;
    info["state"]["messages"].as_u64().context("no state")
}

/// What was acked has to be there.
fn check_messages(control: &mut Control, name: &str, acked: u64) -> Result<()> {
    let stored = messages(control, name)?;
    if stored != acked {
        bail!("{acked} messages were acked and {stored} are in the stream");
    }
    Ok(())
}

/// Messages on one subject of stream `name`.
pub fn feed(name: &str) -> Result<Feed> {
    Feed::new((0..PREPARED).map(|_| format!("{name}.a")), SIZE)
}

/// Publishers with many acks outstanding, each into a stream of its own.
pub fn publish(
    server: &Server,
    publishers: usize,
    memory: bool,
    duration: Duration,
) -> Result<Measurement> {
    let mut control = Control::connect(server)?;
    let names: Vec<_> = (0..publishers).map(|n| format!("BENCH{n}")).collect();
    let mut prepared = Vec::new();
    for name in &names {
        let storage = if memory { "memory" } else { "file" };
        create_stream(&mut control, name, json!({ "storage": storage }))?;
        let inbox = format!("{INBOX}.{name}");
        let counter = Counter::subscribed(server, &inbox)?;
        let feed = Feed::answered((0..PREPARED).map(|_| format!("{name}.a")), &inbox, SIZE)?;
        prepared.push((counter, feed));
    }
    let before = server.memory()?;
    let mut turn = |duration| -> Result<Vec<u64>> {
        let start = Barrier::new(publishers);
        std::thread::scope(|scope| {
            let start = &start;
            let threads: Vec<_> = prepared
                .iter_mut()
                .map(|(counter, feed)| {
                    scope.spawn(move || {
                        start.wait();
                        counter.publish(feed, Until::Time(Instant::now() + duration))
                    })
                })
                .collect();
            let counts = threads.into_iter().map(|thread| {
                thread
                    .join()
                    .map_err(|_| anyhow::anyhow!("a publisher panicked"))?
            });
            counts.collect()
        })
    };
    let warm = turn(duration / WARM_UP)?;
    let mut counts = Vec::new();
    let spent = timed(server, || {
        counts = turn(duration)?;
        Ok(())
    })?;
    let mut result = per_unit(counts.iter().sum(), spent);
    if memory {
        let all: u64 = warm.iter().chain(&counts).sum();
        result.memory = Some(server.memory()?.saturating_sub(before) as f64 / all as f64);
    }
    for ((name, warm), count) in names.iter().zip(warm).zip(counts) {
        check_messages(&mut control, name, warm + count)?;
    }
    Ok(result)
}

/// One publisher that waits for each ack.
pub fn publish_one(server: &Server, duration: Duration) -> Result<Measurement> {
    let mut control = Control::connect(server)?;
    create_stream(&mut control, "BENCH", json!({}))?;
    let mut counter = Counter::connect(server)?;
    let (acked, result) = one_at_a_time(server, &mut counter, &mut feed("BENCH")?, duration)?;
    check_messages(&mut control, "BENCH", acked)?;
    Ok(result)
}

/// How many in all, and the cost of those after the first.
fn one_at_a_time(
    server: &Server,
    counter: &mut Counter,
    feed: &mut Feed,
    duration: Duration,
) -> Result<(u64, Measurement)> {
    let warm = counter.one_at_a_time(feed, Instant::now() + duration / WARM_UP)?;
    let mut latencies = Vec::new();
    let spent = timed(server, || {
        latencies = counter.one_at_a_time(feed, Instant::now() + duration)?;
        Ok(())
    })?;
    let count = latencies.len() as u64;
    let result = with_latencies(per_unit(count, spent), latencies);
    Ok((warm.len() as u64 + count, result))
}

/// A bucket as clients create it, all keys put once.
fn bucket(server: &Server, control: &mut Control) -> Result<(Counter, Feed)> {
    let options = json!({
        "subjects": ["$KV.bench.>"],
        "max_msgs_per_subject": 1,
        "discard": "new",
        "allow_rollup_hdrs": true,
        "allow_direct": true,
        "deny_delete": true,
        "num_replicas": 1,
    });
    create_stream(control, "KV_bench", options)?;
    let mut counter = Counter::connect(server)?;
    let mut puts = Feed::new(keys().map(|key| format!("$KV.bench.{key}")), SIZE)?;
    counter.publish(&mut puts, Until::Count(KEYS as u64))?;
    Ok((counter, puts))
}

/// The keys, in an order of no order.
fn keys() -> impl Iterator<Item = String> {
    (0..KEYS).map(|n| format!("key-{:04}", n * 617 % KEYS))
}

/// Puts, one at a time.
pub fn kv_put(server: &Server, duration: Duration) -> Result<Measurement> {
    let mut control = Control::connect(server)?;
    let (mut counter, mut puts) = bucket(server, &mut control)?;
    let (_, result) = one_at_a_time(server, &mut counter, &mut puts, duration)?;
    check_messages(&mut control, "KV_bench", KEYS as u64)?;
    Ok(result)
}

/// Direct gets, one at a time.
pub fn kv_get(server: &Server, duration: Duration) -> Result<Measurement> {
    let mut control = Control::connect(server)?;
    let (mut counter, _) = bucket(server, &mut control)?;
    let api = "$JS.API.DIRECT.GET.KV_bench.$KV.bench";
    let mut gets = Feed::new(keys().map(|key| format!("{api}.{key}")), 0)?;
    let (_, result) = one_at_a_time(server, &mut counter, &mut gets, duration)?;
    Ok(result)
}

/// Stops or kills a server with a big stream and starts it again.
pub fn recovery(
    server: &mut Server,
    killed: bool,
    count: u64,
    subjects: u64,
) -> Result<Measurement> {
    let mut control = Control::connect(server)?;
    create_stream(&mut control, "BENCH", json!({}))?;
    let mut counter = Counter::connect(server)?;
    let mut feed = Feed::new((0..subjects).map(|n| format!("BENCH.{n:07}")), SIZE)?;
    counter.publish(&mut feed, Until::Count(count))?;
    check_messages(&mut control, "BENCH", count)?;
    server.stop(killed)?;
    let began = Instant::now();
    server.start_again()?;
    loop {
        // A server may listen before its streams are there.
        let mut control = Control::connect(server)?;
        match messages(&mut control, "BENCH") {
            Ok(there) if there == count => break,
            Ok(there) => bail!("{count} messages were acked and {there} survived"),
            Err(error) if began.elapsed() > RECOVERY_PATIENCE => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    let (wall, cpu) = (began.elapsed(), server.cpu()?);
    Ok(Measurement {
        start_ms: Some(wall.as_secs_f64() * 1000.0),
        memory: Some(server.memory()? as f64),
        ..per_unit(count, (wall, cpu))
    })
}
