//! How long publishing, delivering and acknowledging take, on the memory
//! store: time on the processor, so that a busy machine does not count (Linux).
//! `cargo run --release -p midge-jetstream --example throughput`

use std::sync::Arc;
use std::time::Duration;

use midge_jetstream::api::Endpoint;
use midge_jetstream::config::stream::StreamRequest;
use midge_jetstream::config::stream_rules::normalise;
use midge_jetstream::consumer::{Ack, ConsumerId, Pull};
use midge_jetstream::effects::{Event, Kind};
use midge_jetstream::json::Strictness;
use midge_jetstream::limits::ServerLimits;
use midge_jetstream::stream::{MemoryFiles, Publish, StreamCall, StreamParts, store_options};
use midge_jetstream::{Context, Effects, Interest, Settings, Stream};
use midge_store::{MemoryStore, Nanos};

const MESSAGES: usize = 1_000_000;
const BATCH: usize = 500;
const NOW: Nanos = Nanos(1_700_000_000_000_000_000);

struct Everybody;

impl Interest for Everybody {
    fn has_interest(&self, subject: &[u8]) -> bool {
        !subject.starts_with(b"$JS.EVENT")
    }
    fn is_bound(&self, _subject: &[u8], _group: &[u8]) -> bool {
        true
    }
}

struct Bench {
    stream: Stream,
    out: Effects,
}

impl Bench {
    fn new(fields: &str) -> Self {
        let json = format!(r#"{{"name":"S","subjects":["s.>"],"storage":"memory"{fields}}}"#);
        let Ok(mut request) = StreamRequest::parse(json.as_bytes(), Strictness::Strict) else {
            panic!("not a configuration: {json}");
        };
        if let Err(error) = normalise(&mut request.config, &ServerLimits::default(), None, false) {
            panic!("{error}");
        }
        let parts = StreamParts {
            settings: Arc::new(Settings::default()),
            store: Box::new(MemoryStore::new(store_options(
                &request.config,
                &ServerLimits::default(),
                false,
            ))),
            files: Box::new(MemoryFiles),
            seed: 1,
        };
        let mut out = Effects::new();
        let mut cx = Context {
            now: NOW,
            interest: &Everybody,
            out: &mut out,
        };
        let stream = match Stream::create(request.config, parts, &mut cx) {
            Ok(stream) => stream,
            Err(error) => panic!("{error}"),
        };
        Self { stream, out }
    }

    fn act(&mut self, act: impl FnOnce(&mut Stream, &mut Context<'_>)) {
        let mut cx = Context {
            now: NOW,
            interest: &Everybody,
            out: &mut self.out,
        };
        act(&mut self.stream, &mut cx);
    }

    fn settle(&mut self) -> bool {
        let mut cx = Context {
            now: NOW,
            interest: &Everybody,
            out: &mut self.out,
        };
        let more = self.stream.settle(&mut cx);
        if let Err(error) = self.stream.flush(&mut cx) {
            panic!("{error}");
        }
        more
    }

    fn consumer(&mut self, name: &str, config: &str) -> ConsumerId {
        let body = format!(r#"{{"stream_name":"S","config":{{"durable_name":"{name}"{config}}}}}"#);
        self.act(|stream, cx| {
            stream.api(
                &StreamCall {
                    endpoint: Endpoint::ConsumerCreate {
                        stream: "S",
                        consumer: Some(name),
                        filter: None,
                        durable: false,
                    },
                    reply: b"r",
                    header: b"",
                    body: body.as_bytes(),
                },
                cx,
            );
        });
        self.settle();
        let events = self.out.take_events();
        self.out.clear();
        match events.first() {
            Some(Event::ConsumerStarted(id)) => *id,
            other => panic!("no consumer: {other:?}"),
        }
    }

    fn publish(&mut self, what: &str, header: &[u8], subjects: usize) {
        let payload = [b'x'; 128];
        let subjects: Vec<String> = (0..subjects).map(|n| format!("s.{n}")).collect();
        let start = cpu_time();
        for batch in 0..MESSAGES / BATCH {
            for n in 0..BATCH {
                let subject = &subjects[(batch * BATCH + n) % subjects.len()];
                self.act(|stream, cx| {
                    stream.publish(
                        Publish {
                            subject: subject.as_bytes(),
                            reply: b"_INBOX.abcdefgh.1234",
                            header,
                            payload: &payload,
                        },
                        cx,
                    );
                });
            }
            self.settle();
            self.out.clear();
        }
        report(what, start, MESSAGES);
    }

    /// Fetches everything in batches; acknowledges if asked to.
    fn consume(&mut self, what: &str, id: ConsumerId, acks: bool, messages: usize) {
        let start = cpu_time();
        let (mut got, mut ack_time) = (0, Duration::ZERO);
        let mut replies: Vec<Vec<u8>> = Vec::new();
        while got < messages {
            self.act(|stream, cx| {
                stream.pull(
                    id,
                    Pull {
                        reply: b"_INBOX.abcdefgh.1234",
                        header: b"",
                        payload: b"{\"batch\":500}",
                    },
                    cx,
                );
            });
            let mut more = true;
            while more {
                more = self.settle();
                for message in self.out.messages() {
                    if let Kind::Delivery(..) = message.kind {
                        got += 1;
                        if acks {
                            replies.push(message.reply.to_vec());
                        }
                    }
                }
                self.out.clear();
            }
            let began = cpu_time();
            for reply in replies.drain(..) {
                self.act(|stream, cx| {
                    stream.ack(
                        id,
                        Ack {
                            subject: &reply,
                            reply: b"",
                            payload: b"+ACK",
                        },
                        cx,
                    );
                });
            }
            ack_time += cpu_time().saturating_sub(began);
        }
        if acks {
            println!(
                "{what}: acknowledging {:.0} ns",
                ack_time.as_nanos() as f64 / got as f64
            );
        }
        report(what, start, got);
    }
}

/// Time that this thread has been running.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn report(what: &str, start: Duration, count: usize) {
    println!(
        "{what}: {:.0} ns",
        cpu_time().saturating_sub(start).as_nanos() as f64 / count as f64
    );
}

fn main() {
    let mut bench = Bench::new("");
    bench.publish("publish, one subject", b"", 1);
    let id = bench.consumer("A", "");
    bench.consume("pull, no acks", id, false, MESSAGES);
    let id = bench.consumer("B", r#","ack_policy":"explicit""#);
    bench.consume("pull, explicit acks", id, true, MESSAGES);
    let id = bench.consumer("F", r#","filter_subject":"s.*""#);
    bench.consume("pull, filter s.*", id, false, MESSAGES);

    let mut bench = Bench::new(r#","max_msgs":100000"#);
    bench.publish("publish, 1,000 subjects, max_msgs", b"", 1000);
    let mut bench = Bench::new("");
    bench.publish(
        "publish, one header",
        b"NATS/1.0\r\nX-Some-Header: value of it\r\n\r\n",
        1,
    );
    let mut bench = Bench::new(r#","max_msgs_per_subject":1"#);
    bench.publish("publish, key-value with 1,000 keys", b"", 1000);

    let mut bench = Bench::new("");
    for n in 0..10_000 {
        bench.consumer(&format!("C{n}"), r#","ack_policy":"explicit""#);
    }
    bench.publish("publish, 10,000 parked consumers", b"", 1);
    let mut bench = Bench::new("");
    for n in 0..10_000 {
        bench.consumer(&format!("C{n}"), &format!(r#","filter_subject":"s.{n}""#));
    }
    bench.publish("publish, 10,000 filters", b"", 1000);

    let mut bench = Bench::new(r#","retention":"workqueue""#);
    let id = bench.consumer("W", r#","ack_policy":"explicit""#);
    bench.publish("publish, work queue", b"", 1);
    bench.consume("work queue, acks remove", id, true, MESSAGES);
}
