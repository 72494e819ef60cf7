//! A stream on its worker: the stream, its subscriptions, and what it wants to
//! happen.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use midge_jetstream::consumer::{Ack, ConsumerId, Pull};
use midge_jetstream::stream::{DirectGet, Publish};
use midge_jetstream::{Context, Effects, Stream};
use midge_store::{Nanos, StoreError};
use midge_subject::SubjectArc;

use super::QueueLimits;
use super::interest::AccountInterest;
use super::mailbox::WorkerMailbox;
use super::routes::{Purpose, Route, Routes};
use crate::account::{Account, Target, Watch};
use crate::shard::Message;

/// Time between two log lines about failures of one stream.
const FAILURE_INTERVAL: Duration = Duration::from_secs(10);

/// Queue group in which streams answer direct gets (jetstream-streams.md 17.1).
const DIRECT_GROUP: &[u8] = b"_sys_";

/// Subscriptions of one purpose.
type Subscribed = Vec<(SubjectArc, Target)>;

/// A stream on its worker.
pub(super) struct Host {
    /// Its number there.
    pub(super) number: u32,
    pub(super) stream: Stream,
    pub(super) account: Arc<Account>,
    pub(super) effects: Effects,
    /// Something arrived since it was last settled.
    pub(super) dirty: bool,
    /// Something was flushed since the last sync began.
    pub(super) unsynced: bool,
    /// Messages and bytes for it in this turn.
    pub(super) arrived: (usize, usize),
    /// When it is looked at again.
    pub(super) timer: Option<Nanos>,
    /// The last write that failed, until a message is stored again.
    write_error: Option<WriteError>,
    /// Why the last sync failed, until one succeeds that has everything.
    pub(super) sync_error: Option<String>,
    /// What was told of failures.
    failures: FailureLog,
    subjects: Subscribed,
    consumers: HashMap<ConsumerId, ConsumerPlaces>,
}

/// A write that failed.
struct WriteError {
    text: String,
    /// The disk was full.
    was_full: bool,
    /// The last sequence that is stored.
    last: u64,
}

/// Lines about failures: the first one at once, then now and then how many
/// there were.
#[derive(Default)]
struct FailureLog {
    told_at: Option<Instant>,
    /// Failures since then.
    untold: u64,
}

impl FailureLog {
    fn line(&mut self, what: &dyn Display) -> Option<String> {
        if self
            .told_at
            .is_some_and(|at| at.elapsed() < FAILURE_INTERVAL)
        {
            self.untold += 1;
            return None;
        }
        self.told_at = Some(Instant::now());
        Some(match std::mem::take(&mut self.untold) {
            0 => what.to_string(),
            untold => format!("{what} (and {untold} times before this since the last line)"),
        })
    }
}

/// What was subscribed for a consumer.
#[derive(Default)]
struct ConsumerPlaces {
    subscribed: Subscribed,
    watched: Option<Box<[u8]>>,
}

/// A worker as a host needs it to subscribe.
pub(super) struct Place<'a> {
    /// The worker's number among destinations.
    pub(super) worker: u16,
    pub(super) mailbox: &'a Arc<WorkerMailbox>,
    pub(super) routes: &'a mut Routes,
}

impl Host {
    pub(super) fn new(
        number: u32,
        stream: Stream,
        account: Arc<Account>,
        effects: Effects,
    ) -> Self {
        Self {
            number,
            stream,
            account,
            effects,
            dirty: true,
            unsynced: false,
            arrived: (0, 0),
            timer: None,
            write_error: None,
            sync_error: None,
            failures: FailureLog::default(),
            subjects: Vec::new(),
            consumers: HashMap::new(),
        }
    }

    /// The stream, and what goes in with every input.
    pub(super) fn parts(&mut self, now: Nanos, act: impl FnOnce(&mut Stream, &mut Context<'_>)) {
        let interest = AccountInterest(&self.account);
        let mut cx = Context {
            now,
            interest: &interest,
            out: &mut self.effects,
        };
        act(&mut self.stream, &mut cx);
    }

    /// Remembers whether what was written last reached the disk's files. Returns
    /// a line for the log if it is time for one.
    pub(super) fn note_written(&mut self, written: &Result<(), StoreError>) -> Option<String> {
        match (written, &self.write_error) {
            (Ok(()), None) => {}
            (Ok(()), Some(failed)) => {
                // To have nothing to write is no success.
                if self.stream.state_info().last_seq > failed.last {
                    self.write_error = None;
                }
            }
            (Err(error), _) => {
                self.write_error = Some(WriteError {
                    text: error.to_string(),
                    was_full: error.is_disk_full(),
                    last: self.stream.state_info().last_seq,
                });
                return self.failures.line(error);
            }
        }
        None
    }

    /// Remembers that a sync failed. Returns a line for the log if it is time
    /// for one.
    pub(super) fn note_sync_failed(&mut self, error: String) -> Option<String> {
        let line = self.failures.line(&format_args!(
            "could not sync to disk, nothing is acknowledged: {error}"
        ));
        self.sync_error = Some(error);
        line
    }

    /// Whether the last write failed because the disk was full.
    pub(super) fn met_full_disk(&self) -> bool {
        self.write_error
            .as_ref()
            .is_some_and(|failed| failed.was_full)
    }

    /// There is room again: the next write shows whether it is enough.
    pub(super) fn forget_full_disk(&mut self) {
        self.write_error.take_if(|failed| failed.was_full);
    }

    /// Why it can not write, if it can not.
    pub(super) fn write_error(&self) -> Option<&str> {
        let written = self.write_error.as_ref().map(|failed| failed.text.as_str());
        self.sync_error.as_deref().or(written)
    }

    /// Counts a published message of `bytes`; which limit it goes beyond, if it
    /// does.
    #[inline]
    pub(super) fn note_arrival(
        &mut self,
        bytes: usize,
        limits: QueueLimits,
    ) -> Option<&'static str> {
        if self.arrived.0 >= limits.messages {
            return Some("IPQ len limit reached");
        }
        if self.arrived.1.saturating_add(bytes) > limits.bytes {
            return Some("IPQ size limit reached");
        }
        self.arrived.0 += 1;
        self.arrived.1 += bytes;
        None
    }

    /// Gives a message that reached one of the subscriptions to the stream.
    #[inline]
    pub(super) fn take(&mut self, purpose: Purpose, message: &Message<'_>, now: Nanos) {
        let (header, payload) = message
            .body
            .split_at_checked(message.header_len)
            .unwrap_or((&[], message.body));
        let (subject, reply) = (message.subject, message.reply);
        self.parts(now, |stream, cx| match purpose {
            Purpose::Publish => stream.publish(
                Publish {
                    subject,
                    reply,
                    header,
                    payload,
                },
                cx,
            ),
            Purpose::DirectGet(key_at) => stream.direct_get(
                DirectGet {
                    key: key_at.and_then(|at| subject.get(at..)),
                    reply,
                    header,
                    payload,
                },
                cx,
            ),
            Purpose::Pull(consumer) => stream.pull(
                consumer,
                Pull {
                    reply,
                    header,
                    payload,
                },
                cx,
            ),
            Purpose::Ack(consumer) => stream.ack(
                consumer,
                Ack {
                    subject,
                    reply,
                    payload,
                },
                cx,
            ),
            Purpose::Flow(consumer) => stream.flow_reply(consumer, subject, header, cx),
            Purpose::Reset(consumer) => stream.reset(consumer, reply, header, payload, cx),
        });
    }

    fn subscribe(
        &self,
        place: &mut Place<'_>,
        subject: &str,
        queue: &[u8],
        purpose: Purpose,
        list: &mut Subscribed,
    ) {
        let host = self.number;
        let (number, generation) = place.routes.insert(Route { host, purpose });
        let subject = SubjectArc::new(subject.as_bytes());
        let queue =
            self.account
                .subscribe(&subject, queue, (place.worker, number, generation), None);
        let target = Target {
            subscription: number,
            shard: place.worker,
            generation,
            queue,
        };
        list.push((subject, target));
    }

    fn unsubscribe(&self, place: &mut Place<'_>, list: Subscribed) {
        for (subject, target) in list {
            self.account.unsubscribe(&subject, target);
            place.routes.remove(target.subscription);
        }
    }

    /// Subscribes what is wanted in place of what was. What is in both stays as
    /// it is, so that nothing is lost that is on its way or published meanwhile.
    fn resubscribe(
        &self,
        place: &mut Place<'_>,
        old: Subscribed,
        wanted: Vec<(String, &[u8], Purpose)>,
    ) -> Subscribed {
        let named = |(subject, target): (SubjectArc, Target)| {
            (subject.as_bytes().to_vec(), (subject, target))
        };
        let mut old: HashMap<Vec<u8>, (SubjectArc, Target)> = old.into_iter().map(named).collect();
        let mut list = Vec::with_capacity(wanted.len());
        for (subject, queue, purpose) in wanted {
            match old.remove(subject.as_bytes()) {
                Some(kept) => list.push(kept),
                None => self.subscribe(place, &subject, queue, purpose, &mut list),
            }
        }
        self.unsubscribe(place, old.into_values().collect());
        list
    }

    /// Subscribes what the stream captures, instead of what it captured.
    pub(super) fn subscribe_stream(&mut self, place: &mut Place<'_>) {
        let none: &[u8] = b"";
        let captured = self.stream.subjects().iter();
        let mut wanted: Vec<_> = captured
            .map(|subject| (subject.clone(), none, Purpose::Publish))
            .collect();
        if self.stream.config().allow_direct {
            let one = format!("$JS.API.DIRECT.GET.{}", self.stream.name());
            let by_key = format!("{one}.>");
            let key_at = one.len() + 1;
            wanted.push((one, DIRECT_GROUP, Purpose::DirectGet(None)));
            wanted.push((by_key, DIRECT_GROUP, Purpose::DirectGet(Some(key_at))));
        }
        let old = std::mem::take(&mut self.subjects);
        self.subjects = self.resubscribe(place, old, wanted);
    }

    /// Subscribes what a consumer listens to, instead of what it listened to.
    pub(super) fn subscribe_consumer(&mut self, place: &mut Place<'_>, id: ConsumerId) {
        let Some(subjects) = self.stream.consumer_subjects(id) else {
            self.unsubscribe_consumer(place, id);
            return;
        };
        let old = self.consumers.remove(&id).map(|places| {
            self.unwatch(place, id, places.watched);
            places.subscribed
        });
        let none: &[u8] = b"";
        let mut wanted = vec![
            (subjects.next, none, Purpose::Pull(id)),
            (subjects.reset, none, Purpose::Reset(id)),
        ];
        let acks = subjects.acks.into_iter();
        wanted.extend(acks.map(|subject| (subject, none, Purpose::Ack(id))));
        let flow = subjects.flow.into_iter();
        wanted.extend(flow.map(|subject| (subject, none, Purpose::Flow(id))));
        let list = self.resubscribe(place, old.unwrap_or_default(), wanted);
        let watched = subjects.deliver.map(|(subject, _)| {
            let watch = Watch {
                mailbox: place.mailbox.clone(),
                host: self.number,
                consumer: id,
            };
            self.account.watch(subject.as_bytes(), watch);
            subject.into_bytes().into_boxed_slice()
        });
        self.consumers.insert(
            id,
            ConsumerPlaces {
                subscribed: list,
                watched,
            },
        );
    }

    /// Ends the subscriptions of a consumer.
    pub(super) fn unsubscribe_consumer(&mut self, place: &mut Place<'_>, id: ConsumerId) {
        let Some(places) = self.consumers.remove(&id) else {
            return;
        };
        self.unsubscribe(place, places.subscribed);
        self.unwatch(place, id, places.watched);
    }

    fn unwatch(&self, place: &Place<'_>, id: ConsumerId, watched: Option<Box<[u8]>>) {
        if let Some(subject) = watched {
            let (host, mailbox) = (self.number, place.mailbox);
            self.account.unwatch(&subject, |watch| {
                watch.host == host && watch.consumer == id && Arc::ptr_eq(&watch.mailbox, mailbox)
            });
        }
    }

    /// Ends all subscriptions.
    pub(super) fn unsubscribe_all(&mut self, place: &mut Place<'_>) {
        let subjects = std::mem::take(&mut self.subjects);
        self.unsubscribe(place, subjects);
        let consumers: Vec<ConsumerId> = self.consumers.keys().copied().collect();
        for id in consumers {
            self.unsubscribe_consumer(place, id);
        }
    }
}
