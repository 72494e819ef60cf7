//! JetStream: a consumer far behind the head of its stream.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::disk;
use crate::jetstream::{Control, Counter, Feed, Until};
use crate::load::{per_unit, timed, with_latencies};
use crate::load_consume::{EXPIRES, Requests, whole_batches};
use crate::load_js::create_stream;
use crate::server::Server;
use crate::workload::Measurement;

/// Bytes of a payload.
pub const SIZE: usize = 1024;

/// Bytes that the file of the stream has for a message.
pub const RECORD: u64 = SIZE as u64 + 22 + 7 + 8;

/// Messages prepared for the head.
const PREPARED: usize = 1000;

/// The head publishes so often.
const TICK: Duration = Duration::from_millis(2);

/// Unacked messages with which the head waits: what client libraries allow
/// unless they are told otherwise.
const MOST_OUTSTANDING: u64 = 4000;

/// Where the consumer's client listens.
const INBOX: &str = "_INBOX.behind";

fn feed() -> Result<Feed> {
    Feed::new((0..PREPARED).map(|_| "BENCH.a".to_owned()), SIZE)
}

fn filled(server: &Server, count: u64) -> Result<(Control, Counter, Feed)> {
    let mut control = Control::connect(server)?;
    create_stream(&mut control, "BENCH", json!({}))?;
    let mut counter = Counter::connect(server)?;
    let mut feed = feed()?;
    counter.publish(&mut feed, Until::Count(count))?;
    Ok((control, counter, feed))
}

/// A consumer from the first message on.
fn create_consumer(control: &mut Control, name: &str) -> Result<()> {
    let config = json!({ "name": name, "ack_policy": "none", "mem_storage": true });
    let body = json!({ "stream_name": "BENCH", "config": config });
    control.request(&format!("CONSUMER.CREATE.BENCH.{name}"), &body)?;
    Ok(())
}

/// Reads `count` messages, unless it is stopped before; how many it read.
fn read(counter: &mut Counter, name: &str, count: u64, stop: &AtomicBool) -> Result<u64> {
    let mut requests = Requests::of(name, INBOX, 2, count, EXPIRES);
    let mut received = 0;
    while received < count {
        // Nothing may be outstanding in the end.
        if !stop.load(Ordering::Relaxed) {
            while let Some(request) = requests.next(received) {
                counter.send(request)?;
            }
        } else if received >= requests.asked() {
            break;
        }
        received += counter.count().context("deliveries")?;
    }
    Ok(received)
}

/// Reads a stream that neither the server nor the operating system has in
/// memory.
pub fn catch_up(server: &mut Server, count: u64) -> Result<Measurement> {
    let count = whole_batches(count);
    drop(filled(server, count)?);
    server.stop(false)?;
    server.start_again()?;
    let mut control = Control::connect(server)?;
    create_consumer(&mut control, "C")?;
    // Servers read what was published lately when they start.
    disk::forget(&server.store()?)?;
    let mut counter = Counter::subscribed(server, INBOX)?;
    let never = AtomicBool::new(false);
    let spent = timed(server, || {
        read(&mut counter, "C", count, &never)?;
        Ok(())
    })?;
    Ok(Measurement {
        memory: Some(server.memory()? as f64),
        ..per_unit(count, spent)
    })
}

/// Publishes so many messages a second into a stream of `count` messages, while
/// a consumer reads it from its beginning, again and again, or while nobody
/// does.
pub fn head(
    server: &Server,
    count: u64,
    pace: u64,
    behind: bool,
    duration: Duration,
) -> Result<Measurement> {
    let count = whole_batches(count);
    let (mut control, mut counter, mut feed) = filled(server, count)?;
    disk::forget(&server.store()?)?;
    let mut reader = Counter::subscribed(server, INBOX)?;
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = behind.then(|| {
            let (control, stop) = (&mut control, &stop);
            scope.spawn(move || -> Result<u64> {
                let mut read_all = 0;
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let name = format!("C{number}");
                    create_consumer(control, &name)?;
                    read_all += read(&mut reader, &name, count, stop)?;
                    control.request(&format!("CONSUMER.DELETE.BENCH.{name}"), &Value::Null)?;
                }
                Ok(read_all)
            })
        });
        let mut latencies = Vec::new();
        let spent = timed(server, || {
            latencies = paced(&mut counter, &mut feed, pace, duration)?;
            Ok(())
        });
        let memory = server.memory();
        stop.store(true, Ordering::Relaxed);
        if let Some(reading) = reading {
            reading
                .join()
                .map_err(|_| anyhow::anyhow!("the reader panicked"))??;
        }
        let published = latencies.len() as u64;
        Ok(Measurement {
            memory: Some(memory? as f64),
            // What the server spends on the consumer is no cost of the head.
            cpu_ns: None,
            ..with_latencies(per_unit(published, spent?), latencies)
        })
    })
}

/// Publishes at a pace, whether acks come or not, as long as not too many are
/// missing; what each message took from when it was due until it was acked.
fn paced(
    counter: &mut Counter,
    feed: &mut Feed,
    pace: u64,
    duration: Duration,
) -> Result<Vec<Duration>> {
    let total = (pace as f64 * duration.as_secs_f64()) as u64;
    let each = (pace as f64 * TICK.as_secs_f64()).max(1.0) as u64;
    let mut publisher = counter.publisher()?;
    let acked = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let acked_by_now = &acked;
        let publishing = scope.spawn(move || -> Result<()> {
            let (mut sent, mut due) = (0, began);
            while sent < total {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                due += TICK;
                let mut wanted = each.min(total - sent);
                while wanted > 0 {
                    let missing = sent.saturating_sub(acked_by_now.load(Ordering::Relaxed));
                    let room = wanted.min(MOST_OUTSTANDING - missing);
                    if room == 0 {
                        std::thread::sleep(TICK / 10);
                        continue;
                    }
                    let (bytes, count) = feed.take(room);
                    publisher.write_all(bytes)?;
                    sent += count;
                    wanted -= count;
                }
            }
            Ok(())
        });
        let mut latencies = Vec::new();
        while (latencies.len() as u64) < total {
            let count = counter.count().context("publish acks").inspect_err(|_| {
                // Else the publisher would wait for ever.
                acked.store(total, Ordering::Relaxed);
            })?;
            let now = Instant::now();
            acked.fetch_add(count, Ordering::Relaxed);
            for number in (latencies.len() as u64..).take(count as usize) {
                let due = began + TICK * (number / each) as u32;
                latencies.push(now.saturating_duration_since(due));
            }
        }
        publishing
            .join()
            .map_err(|_| anyhow::anyhow!("the publisher panicked"))??;
        Ok(latencies)
    })
}

/// Messages that a program reads that only reads files.
pub fn read_files(count: u64) -> Result<Measurement> {
    let bytes = whole_batches(count) * RECORD;
    let seconds = disk::read_cold(bytes)?.as_secs_f64();
    Ok(Measurement {
        rate: Some(whole_batches(count) as f64 / seconds),
        ..Measurement::default()
    })
}
