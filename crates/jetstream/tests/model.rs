//! Streams and consumers against a model that keeps everything in plain
//! lists and looks at all of it every time.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions only"
)]

mod support;

use std::collections::BTreeMap;

use midge_jetstream::effects::Kind;
use proptest::prelude::*;
use support::{SECOND, World};

const SUBJECTS: [&str; 4] = ["s.a", "s.b", "s.b.x", "s.c"];
const FILTERS: [&str; 4] = ["", "s.a", "s.*", "s.b.>"];
const ACK_WAIT: i64 = 10 * SECOND;

#[derive(Clone, Debug)]
enum Step {
    Publish(usize),
    Pull(usize, u8),
    Ack(usize, u8),
    Nak(usize, u8),
    Term(usize, u8),
    Delete(u64),
    Purge(usize, u8),
    Wait(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let consumer = || 0..2_usize;
    let step = prop_oneof![
        4 => (0..SUBJECTS.len()).prop_map(Step::Publish),
        4 => (consumer(), 1..5_u8).prop_map(|(who, batch)| Step::Pull(who, batch)),
        4 => (consumer(), any::<u8>()).prop_map(|(who, at)| Step::Ack(who, at)),
        2 => (consumer(), any::<u8>()).prop_map(|(who, at)| Step::Nak(who, at)),
        1 => (consumer(), any::<u8>()).prop_map(|(who, at)| Step::Term(who, at)),
        1 => (1..30_u64).prop_map(Step::Delete),
        1 => (0..FILTERS.len(), 0..3_u8).prop_map(|(filter, keep)| Step::Purge(filter, keep)),
        1 => (1..15_u8).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..80)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retention {
    Limits,
    WorkQueue,
    Interest,
}

#[derive(Clone, Debug)]
struct Setup {
    retention: Retention,
    max_msgs: i64,
    per_subject: i64,
    filters: [usize; 2],
    max_deliver: i64,
    max_pending: usize,
}

fn setups() -> impl Strategy<Value = Setup> {
    (
        prop_oneof![
            Just(Retention::Limits),
            Just(Retention::WorkQueue),
            Just(Retention::Interest)
        ],
        prop_oneof![Just(-1_i64), Just(5)],
        prop_oneof![Just(-1_i64), Just(1), Just(2)],
        [0..FILTERS.len(), 0..FILTERS.len()],
        prop_oneof![Just(-1_i64), Just(2)],
        prop_oneof![Just(1000_usize), Just(2)],
    )
        .prop_map(
            |(retention, max_msgs, per_subject, filters, max_deliver, max_pending)| Setup {
                retention,
                max_msgs,
                per_subject,
                // Consumers of a work queue must not overlap.
                filters: if retention == Retention::WorkQueue {
                    [1, 3]
                } else {
                    filters
                },
                max_deliver,
                max_pending,
            },
        )
}

fn matches(filter: &str, subject: &str) -> bool {
    filter.is_empty() || midge_subject::matches(subject.as_bytes(), filter.as_bytes())
}

#[derive(Debug, Default)]
struct ModelConsumer {
    filter: &'static str,
    next: u64,
    /// Delivered last at, number of deliveries.
    pending: BTreeMap<u64, (i64, u64)>,
    queue: Vec<u64>,
    given_up: Vec<u64>,
}

struct Model {
    setup: Setup,
    messages: BTreeMap<u64, &'static str>,
    last: u64,
    consumers: [ModelConsumer; 2],
    now: i64,
}

impl Model {
    fn needed(&self, seq: u64, subject: &str) -> bool {
        self.consumers.iter().any(|consumer| {
            matches(consumer.filter, subject)
                && (seq >= consumer.next
                    || consumer.pending.contains_key(&seq)
                    || consumer.given_up.contains(&seq))
        })
    }

    fn remove(&mut self, seq: u64) {
        self.messages.remove(&seq);
        for consumer in &mut self.consumers {
            consumer.pending.remove(&seq);
            consumer.queue.retain(|queued| *queued != seq);
            consumer.given_up.retain(|given_up| *given_up != seq);
        }
    }

    fn publish(&mut self, subject: &'static str) {
        self.last += 1;
        let wanted = self
            .consumers
            .iter()
            .any(|consumer| matches(consumer.filter, subject));
        if self.setup.retention == Retention::Interest && !wanted {
            return;
        }
        self.messages.insert(self.last, subject);
        if self.setup.per_subject > 0 {
            let own: Vec<u64> = self
                .messages
                .iter()
                .filter(|(_, other)| **other == subject)
                .map(|(seq, _)| *seq)
                .collect();
            let excess = own.len().saturating_sub(self.setup.per_subject as usize);
            own.iter().take(excess).for_each(|seq| self.remove(*seq));
        }
        while self.setup.max_msgs > 0 && self.messages.len() > self.setup.max_msgs as usize {
            let first = *self.messages.keys().next().unwrap();
            self.remove(first);
        }
    }

    /// What a pull of a batch that does not wait delivers.
    fn pull(&mut self, who: usize, batch: u8) -> Vec<(u64, u64)> {
        let mut out = Vec::new();
        let (max_deliver, max_pending, now) =
            (self.setup.max_deliver, self.setup.max_pending, self.now);
        let consumer = &mut self.consumers[who];
        while out.len() < usize::from(batch) {
            if let Some(seq) = consumer.queue.first().copied() {
                consumer.queue.remove(0);
                let Some((_, deliveries)) = consumer.pending.get(&seq).copied() else {
                    continue;
                };
                if max_deliver > 0 && deliveries >= max_deliver as u64 {
                    consumer.pending.remove(&seq);
                    consumer.given_up.push(seq);
                    continue;
                }
                consumer.pending.insert(seq, (now, deliveries + 1));
                out.push((seq, deliveries + 1));
                continue;
            }
            if consumer.pending.len() >= max_pending {
                break;
            }
            let next = self
                .messages
                .range(consumer.next..)
                .find(|(_, subject)| matches(consumer.filter, subject));
            let Some((&seq, _)) = next else {
                consumer.next = self.last + 1;
                break;
            };
            consumer.next = seq + 1;
            consumer.pending.insert(seq, (now, 1));
            out.push((seq, 1));
        }
        out
    }

    fn settle(&mut self, who: usize, seq: u64) {
        let consumer = &mut self.consumers[who];
        let was = consumer.pending.remove(&seq).is_some() || consumer.given_up.contains(&seq);
        consumer.queue.retain(|queued| *queued != seq);
        consumer.given_up.retain(|given_up| *given_up != seq);
        if !was {
            return;
        }
        let Some(subject) = self.messages.get(&seq).copied() else {
            return;
        };
        let goes = match self.setup.retention {
            Retention::Limits => false,
            Retention::WorkQueue => true,
            Retention::Interest => !self.needed(seq, subject),
        };
        if goes {
            self.remove(seq);
        }
    }

    fn wait(&mut self, seconds: u8) {
        self.now += i64::from(seconds) * SECOND;
        let max_deliver = self.setup.max_deliver;
        for consumer in &mut self.consumers {
            let mut expired: Vec<(i64, u64)> = consumer
                .pending
                .iter()
                .filter(|(seq, (at, _))| at + ACK_WAIT <= self.now && !consumer.queue.contains(seq))
                .map(|(seq, (at, _))| (*at, *seq))
                .collect();
            // Timers run when they are due; those due together in stream order.
            expired.sort_unstable();
            for (_, seq) in expired {
                let deliveries = consumer.pending[&seq].1;
                if max_deliver > 0 && deliveries >= max_deliver as u64 {
                    consumer.pending.remove(&seq);
                    consumer.given_up.push(seq);
                } else {
                    consumer.queue.push(seq);
                }
            }
        }
    }

    fn pending_of(&self, who: usize) -> usize {
        let consumer = &self.consumers[who];
        self.messages
            .range(consumer.next..)
            .filter(|(_, subject)| matches(consumer.filter, subject))
            .count()
    }

    fn purge(&mut self, filter: &str, keep: usize) -> usize {
        let hit: Vec<u64> = self
            .messages
            .iter()
            .filter(|(_, subject)| matches(filter, subject))
            .map(|(seq, _)| *seq)
            .collect();
        let gone = hit.len().saturating_sub(keep);
        hit.iter().take(gone).for_each(|seq| self.remove(*seq));
        gone
    }
}

fn run(setup: Setup, steps: Vec<Step>) {
    let retention = match setup.retention {
        Retention::Limits => "limits",
        Retention::WorkQueue => "workqueue",
        Retention::Interest => "interest",
    };
    let mut world = World::new(&format!(
        r#"{{"name":"S","subjects":["s.>"],"storage":"memory","retention":"{retention}","max_msgs":{},"max_msgs_per_subject":{}}}"#,
        setup.max_msgs, setup.per_subject
    ));
    let names = ["A", "B"];
    let consumer = |at: usize| ModelConsumer {
        filter: FILTERS[setup.filters[at]],
        next: 1,
        ..ModelConsumer::default()
    };
    for (at, name) in names.iter().enumerate() {
        let filter = FILTERS[setup.filters[at]];
        let info = world.consumer(&format!(
            r#"{{"durable_name":"{name}","ack_policy":"explicit","ack_wait":{ACK_WAIT},"filter_subject":"{filter}","max_deliver":{},"max_ack_pending":{}}}"#,
            setup.max_deliver, setup.max_pending
        ));
        assert!(info.get("error").is_none(), "{info}");
    }
    let mut model = Model {
        consumers: [consumer(0), consumer(1)],
        setup,
        messages: BTreeMap::new(),
        last: 0,
        now: world.now.0,
    };
    let mut delivered: [Vec<(String, u64)>; 2] = Default::default();
    for step in steps {
        match step {
            Step::Publish(subject) => {
                model.publish(SUBJECTS[subject]);
                assert_eq!(world.publish(SUBJECTS[subject], "x"), model.last);
            }
            Step::Pull(who, batch) => {
                let want = model.pull(who, batch);
                // Expires at once, so that nothing stays waiting.
                let body = format!(r#"{{"batch":{batch},"no_wait":true,"expires":1}}"#);
                let got = world.fetch(names[who], &body);
                world.pass(1);
                model.now += 1;
                world.take();
                let got: Vec<_> = got
                    .iter()
                    .filter(|sent| matches!(sent.kind, Kind::Delivery(..)))
                    .collect();
                let seen: Vec<(u64, u64)> = got
                    .iter()
                    .map(|sent| (sent.stream_seq(), sent.deliveries()))
                    .collect();
                assert_eq!(seen, want);
                delivered[who].extend(
                    got.iter()
                        .map(|sent| (sent.reply.clone(), sent.stream_seq())),
                );
                if let Some(last) = got.last()
                    && last.deliveries() == 1
                {
                    assert_eq!(last.pending(), model.pending_of(who) as u64);
                }
            }
            Step::Ack(who, at) | Step::Nak(who, at) | Step::Term(who, at) => {
                if delivered[who].is_empty() {
                    continue;
                }
                let (reply, seq) = delivered[who][usize::from(at) % delivered[who].len()].clone();
                let payload = match step {
                    Step::Ack(..) => "+ACK",
                    Step::Nak(..) => "-NAK",
                    _ => "+TERM",
                };
                world.ack(&reply, payload);
                if matches!(step, Step::Nak(..)) {
                    let consumer_seq: u64 = reply.split('.').nth(6).unwrap().parse().unwrap();
                    let info = world.consumer_info(names[who]);
                    let floor = info["ack_floor"]["consumer_seq"].as_u64().unwrap();
                    let consumer = &mut model.consumers[who];
                    if consumer_seq > floor
                        && consumer.pending.contains_key(&seq)
                        && !consumer.queue.contains(&seq)
                    {
                        consumer.queue.push(seq);
                    }
                } else {
                    model.settle(who, seq);
                }
            }
            Step::Delete(seq) => {
                let was = model.messages.contains_key(&seq);
                let code = world.api_code("STREAM.MSG.DELETE.S", &format!(r#"{{"seq":{seq}}}"#));
                assert_eq!(code == 0, was);
                model.remove(seq);
            }
            Step::Purge(filter, keep) => {
                let purged = world.api(
                    "STREAM.PURGE.S",
                    &format!(r#"{{"filter":"{}","keep":{keep}}}"#, FILTERS[filter]),
                );
                let gone = model.purge(FILTERS[filter], usize::from(keep));
                assert_eq!(purged["purged"], gone);
            }
            Step::Wait(seconds) => {
                model.wait(seconds);
                world.pass(i64::from(seconds) * SECOND);
            }
        }
        assert_eq!(world.messages(), model.messages.len() as u64, "messages");
        for (who, name) in names.iter().enumerate() {
            let info = world.consumer_info(name);
            assert_eq!(
                info["num_pending"],
                model.pending_of(who),
                "pending of {name}"
            );
            assert_eq!(
                info["num_ack_pending"],
                model.consumers[who].pending.len(),
                "unacknowledged of {name}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn streams_and_consumers_do_what_the_model_does(setup in setups(), steps in steps()) {
        run(setup, steps);
    }
}
