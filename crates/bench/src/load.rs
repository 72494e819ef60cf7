//! How each workload drives a server.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::client::Client;
use crate::server::{Kind, Server};
use crate::workload::{Measurement, Workload};
use crate::{disk, load_behind, load_consume, load_js, load_many};

/// Bytes a publisher writes at a time.
const WRITE_CHUNK: usize = 128 * 1024;

/// How long workloads run whose rates differ too much for a number of messages.
const USUAL_DURATION: Duration = Duration::from_secs(2);

/// Messages of 1 KiB that a consumer reads to catch up: more than servers keep
/// in their own memory.
const CATCH_UP: u64 = 4_000_000;

/// The same beside a head that publishes.
const BEHIND: u64 = 1_000_000;

/// Less would measure nothing.
const LEAST_DURATION: Duration = Duration::from_millis(50);

/// Runs one turn; `scale` is in percent of the usual amount of work.
pub fn run(workload: Workload, kind: &Kind, scale: u32) -> Result<Measurement> {
    let scaled = |count: u64| (count * u64::from(scale) / 100).max(100);
    if *kind == Kind::Relay && workload.has_disk_floor() {
        return match workload {
            Workload::JsCatchUp => load_behind::read_files(scaled(CATCH_UP)),
            _ => disk::append_and_sync(duration(scale)),
        };
    }
    let mut server = Server::start(kind, workload)?;
    match workload {
        Workload::PublishOnly { size } => publish_only(&server, size, scaled(20_000_000)),
        Workload::OneToOne { size } => {
            let count = match size {
                0..=16 => 10_000_000,
                17..=128 => 6_000_000,
                129..=1024 => 2_000_000,
                _ => 60_000,
            };
            pairs(&server, 1, size, scaled(count), false, false)
        }
        Workload::FanOut { subscribers } => fan_out(
            &server,
            subscribers,
            scaled(12_000_000) / subscribers as u64,
        ),
        Workload::Pairs { count } => pairs(&server, count, 128, scaled(6_000_000), false, false),
        Workload::RequestReply => request_reply(&server, scaled(40_000)),
        Workload::ManySubjects { subscriptions } => {
            load_many::many_subjects(&server, subscriptions, scaled(1_000_000))
        }
        Workload::IdleConnections { count } => load_many::idle(&server, count),
        Workload::InTurn { connections } => {
            load_many::in_turn(&server, connections, scaled(200_000))
        }
        Workload::Churn => pairs(&server, 1, 128, scaled(5_000_000), false, true),
        Workload::Tls => pairs(&server, 1, 128, scaled(2_000_000), true, false),
        Workload::JsPublish {
            publishers, memory, ..
        } => load_js::publish(&server, publishers, memory, duration(scale)),
        Workload::JsPublishOne { .. } => load_js::publish_one(&server, duration(scale)),
        Workload::JsPull { acks: false, ahead } => {
            load_consume::pull(&server, ahead, scaled(1_000_000))
        }
        Workload::JsPull { acks: true, ahead } => {
            load_consume::pull_and_ack(&server, ahead, scaled(400_000))
        }
        Workload::JsPush => load_consume::push(&server, scaled(1_000_000)),
        Workload::JsKvPut { .. } => load_js::kv_put(&server, duration(scale)),
        Workload::JsKvGet => load_js::kv_get(&server, duration(scale)),
        Workload::JsWorkQueue { clients } => {
            load_consume::work_queue(&server, clients, scaled(200_000))
        }
        Workload::JsCatchUp => load_behind::catch_up(&mut server, scaled(CATCH_UP)),
        Workload::JsHead { pace, behind } => {
            load_behind::head(&server, scaled(BEHIND), pace, behind, duration(scale))
        }
        Workload::JsRecovery { killed } => {
            load_js::recovery(&mut server, killed, scaled(1_000_000), scaled(100_000))
        }
    }
}

/// How long a workload that is measured by time runs.
fn duration(scale: u32) -> Duration {
    (USUAL_DURATION * scale / 100).max(LEAST_DURATION)
}

/// A prepared buffer of whole `PUB`s and how many there are in it.
pub fn publishes(subject: &str, size: usize) -> (Vec<u8>, u64) {
    let mut one = format!("PUB {subject} {size}\r\n").into_bytes();
    one.extend(std::iter::repeat_n(b'x', size));
    one.extend_from_slice(b"\r\n");
    let count = (WRITE_CHUNK / one.len()).max(1);
    (one.repeat(count), count as u64)
}

/// Bytes of the `MSG` that a subscriber with id 1 gets.
pub fn delivered_len(subject: &str, size: usize) -> u64 {
    (format!("MSG {subject} 1 {size}\r\n").len() + size + 2) as u64
}

/// Server CPU and wall time of `work`.
pub fn timed(server: &Server, work: impl FnOnce() -> Result<()>) -> Result<(Duration, Duration)> {
    let cpu = server.cpu()?;
    let began = Instant::now();
    work()?;
    let wall = began.elapsed();
    Ok((wall, server.cpu()? - cpu))
}

/// Rate and cost of `count` units.
pub fn per_unit(count: u64, (wall, cpu): (Duration, Duration)) -> Measurement {
    Measurement {
        rate: Some(count as f64 / wall.as_secs_f64()),
        cpu_ns: Some(cpu.as_nanos() as f64 / count as f64),
        ..Measurement::default()
    }
}

fn publish_only(server: &Server, size: usize, count: u64) -> Result<Measurement> {
    let mut publisher = Client::connect(server, false)?;
    let (buffer, each) = publishes("bench.a", size);
    let rounds = count / each;
    for _ in 0..rounds / 10 {
        publisher.send(&buffer)?;
    }
    publisher.synchronise()?;
    let spent = timed(server, || {
        for _ in 0..rounds {
            publisher.send(&buffer)?;
        }
        publisher.synchronise()
    })?;
    Ok(per_unit(rounds * each, spent))
}

/// Publishers and subscribers in pairs, all with the same number of messages.
fn pairs(
    server: &Server,
    pairs: usize,
    size: usize,
    count: u64,
    tls: bool,
    churn: bool,
) -> Result<Measurement> {
    let mut receivers = Vec::new();
    let mut senders = Vec::new();
    for pair in 0..pairs {
        let subject = format!("bench.p{pair}");
        let mut receiver = Client::connect(server, tls)?;
        if !server.is_relay {
            receiver.send(format!("SUB {subject} 1\r\n").as_bytes())?;
            receiver.synchronise()?;
        }
        receivers.push((receiver, subject.clone()));
        senders.push((Client::connect(server, tls)?, subject));
    }
    let each_pair = count / pairs as u64;
    let (_, each) = publishes("bench.p0", size);
    let rounds = (each_pair / each).max(1);
    let messages = rounds * each;
    let relay = server.is_relay;
    let mut churner = if churn {
        Some(Client::connect(server, tls)?)
    } else {
        None
    };
    let start = Barrier::new(pairs * 2 + 1);
    let spent = std::thread::scope(|scope| -> Result<_> {
        let start = &start;
        let mut threads = Vec::new();
        for (mut receiver, subject) in receivers {
            threads.push(scope.spawn(move || -> Result<()> {
                let len = if relay {
                    (format!("PUB {subject} {size}\r\n").len() + size + 2) as u64
                } else {
                    delivered_len(&subject, size)
                };
                start.wait();
                receiver.read_bytes(messages * len).context("subscriber")
            }));
        }
        for (mut sender, subject) in senders {
            threads.push(scope.spawn(move || -> Result<()> {
                let (buffer, _) = publishes(&subject, size);
                start.wait();
                for _ in 0..rounds {
                    sender.send(&buffer).context("publisher")?;
                }
                Ok(())
            }));
        }
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|inner| {
            if let Some(client) = &mut churner {
                inner.spawn(|| load_many::churn(client, &stop));
            }
            let spent = timed(server, || {
                start.wait();
                for thread in threads {
                    thread
                        .join()
                        .map_err(|_| anyhow::anyhow!("a load thread panicked"))??;
                }
                Ok(())
            });
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            spent
        })
    })?;
    Ok(per_unit(messages * pairs as u64, spent))
}

fn fan_out(server: &Server, subscribers: usize, count: u64) -> Result<Measurement> {
    let size = 128;
    let mut receivers = Vec::new();
    for _ in 0..subscribers {
        let mut receiver = Client::connect(server, false)?;
        receiver.send(b"SUB bench.fan 1\r\n")?;
        receiver.synchronise()?;
        receivers.push(receiver);
    }
    let mut sender = Client::connect(server, false)?;
    let (buffer, each) = publishes("bench.fan", size);
    let rounds = (count / each).max(1);
    let messages = rounds * each;
    let total = messages * delivered_len("bench.fan", size);
    let spent = timed(server, || {
        std::thread::scope(|scope| {
            let receiving = scope.spawn(|| load_many::drain_all(&receivers, total));
            for _ in 0..rounds {
                sender.send(&buffer)?;
            }
            receiving
                .join()
                .map_err(|_| anyhow::anyhow!("the receiver panicked"))?
        })
    })?;
    Ok(per_unit(messages * subscribers as u64, spent))
}

fn request_reply(server: &Server, count: u64) -> Result<Measurement> {
    let mut responder = Client::connect(server, false)?;
    responder.send(b"SUB bench.req 1\r\n")?;
    responder.synchronise()?;
    let mut requester = Client::connect(server, false)?;
    requester.send(b"SUB _INBOX.bench 1\r\n")?;
    requester.synchronise()?;
    let answers = count + count / 10;
    let mut latencies = Vec::with_capacity(usize::try_from(count)?);
    let spent = std::thread::scope(|scope| -> Result<_> {
        let answering = scope.spawn(move || -> Result<()> {
            let request = b"MSG bench.req 1 _INBOX.bench 16\r\nxxxxxxxxxxxxxxxx\r\n";
            for _ in 0..answers {
                responder.expect(request)?;
                responder.send(b"PUB _INBOX.bench 16\r\nyyyyyyyyyyyyyyyy\r\n")?;
            }
            Ok(())
        });
        let mut ask = || -> Result<Duration> {
            let began = Instant::now();
            requester.send(b"PUB bench.req _INBOX.bench 16\r\nxxxxxxxxxxxxxxxx\r\n")?;
            requester.expect(b"MSG _INBOX.bench 1 16\r\nyyyyyyyyyyyyyyyy\r\n")?;
            Ok(began.elapsed())
        };
        for _ in 0..count / 10 {
            ask()?;
        }
        let spent = timed(server, || {
            for _ in 0..count {
                latencies.push(ask()?);
            }
            Ok(())
        })?;
        answering
            .join()
            .map_err(|_| anyhow::anyhow!("the responder panicked"))??;
        Ok(spent)
    })?;
    let result = per_unit(count, spent);
    Ok(with_latencies(result, latencies))
}

/// Adds percentiles.
pub fn with_latencies(result: Measurement, mut latencies: Vec<Duration>) -> Measurement {
    latencies.sort_unstable();
    let percentile = |percent: usize| {
        let at = latencies.len() * percent / 100;
        latencies
            .get(at)
            .map(|latency| latency.as_nanos() as f64 / 1000.0)
    };
    Measurement {
        p50_us: percentile(50),
        p99_us: percentile(99),
        ..result
    }
}
