//! A made-up server around one stream: subscriptions, time, and what was sent.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy allows it in test functions only"
)]

use std::collections::HashSet;
use std::sync::Arc;

use midge_jetstream::api::Endpoint;
use midge_jetstream::config::stream::StreamRequest;
use midge_jetstream::config::{StreamConfig, stream_rules, stream_update};
use midge_jetstream::consumer::{Ack, ConsumerId, Pull};
use midge_jetstream::effects::{Event, Kind, When};
use midge_jetstream::json::Strictness;
use midge_jetstream::stream::{
    DirectGet, MemoryFiles, Publish, StreamCall, StreamParts, store_options,
};
use midge_jetstream::{ApiError, Context, Effects, Interest, Settings, Stream};
use midge_store::{MemoryStore, Nanos, StreamStore};
use serde_json::Value;

pub const SECOND: i64 = 1_000_000_000;
pub const MILLI: i64 = 1_000_000;
pub const START: i64 = 1_700_000_000 * SECOND;

/// Who listens to what.
#[derive(Default)]
pub struct Listeners {
    pub plain: HashSet<String>,
    pub groups: HashSet<(String, String)>,
    /// Every inbox has somebody.
    pub all_inboxes: bool,
}

impl Interest for Listeners {
    fn has_interest(&self, subject: &[u8]) -> bool {
        let text = String::from_utf8_lossy(subject);
        (self.all_inboxes && text.starts_with("_INBOX"))
            || self
                .plain
                .iter()
                .any(|pattern| midge_subject::matches(subject, pattern.as_bytes()))
            || self.groups.iter().any(|(listened, _)| *listened == *text)
    }

    fn is_bound(&self, subject: &[u8], group: &[u8]) -> bool {
        let text = String::from_utf8_lossy(subject).into_owned();
        if group.is_empty() {
            self.plain.contains(&text)
        } else {
            self.groups
                .contains(&(text, String::from_utf8_lossy(group).into_owned()))
        }
    }
}

/// A message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub to: String,
    pub subject: String,
    pub reply: String,
    pub header: String,
    pub payload: String,
    pub kind: Kind,
    pub when: When,
}

impl Sent {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.payload).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The first line of the header without version.
    pub fn status(&self) -> &str {
        self.header
            .lines()
            .next()
            .unwrap_or_default()
            .strip_prefix("NATS/1.0 ")
            .unwrap_or_default()
    }

    /// The number at a place of a v1 acknowledgement subject.
    pub fn ack_number(&self, at: usize) -> u64 {
        self.reply.split('.').nth(at).unwrap().parse().unwrap()
    }

    pub fn deliveries(&self) -> u64 {
        self.ack_number(4)
    }
    pub fn stream_seq(&self) -> u64 {
        self.ack_number(5)
    }
    pub fn consumer_seq(&self) -> u64 {
        self.ack_number(6)
    }
    pub fn pending(&self) -> u64 {
        self.ack_number(8)
    }
}

pub struct World {
    pub stream: Stream,
    pub now: Nanos,
    pub listeners: Listeners,
    pub out: Effects,
    pub sent: Vec<Sent>,
    pub events: Vec<Event>,
    /// Flushes may fail; why they did.
    pub may_fail: bool,
    pub failed: Vec<String>,
    inboxes: u64,
}

pub fn config(json: &str) -> Result<StreamConfig, ApiError> {
    let mut request = StreamRequest::parse(json.as_bytes(), Strictness::Strict).unwrap();
    let limits = Settings::default().limits;
    stream_rules::normalise(&mut request.config, &limits, None, request.pedantic)?;
    Ok(request.config)
}

impl World {
    pub fn new(stream: &str) -> Self {
        Self::with_settings(stream, Settings::default())
    }

    pub fn with_settings(stream: &str, settings: Settings) -> Self {
        let config = config(stream).unwrap();
        let store = Box::new(MemoryStore::new(store_options(
            &config,
            &settings.limits,
            false,
        )));
        Self::with_store(config, store, settings)
    }

    pub fn with_store(
        config: StreamConfig,
        store: Box<dyn StreamStore>,
        settings: Settings,
    ) -> Self {
        let parts = StreamParts {
            settings: Arc::new(settings),
            store,
            files: Box::new(MemoryFiles),
            seed: 1,
        };
        Self::with_parts(config, parts)
    }

    pub fn with_parts(config: StreamConfig, parts: StreamParts) -> Self {
        let listeners = Listeners {
            all_inboxes: true,
            ..Listeners::default()
        };
        let mut out = Effects::new();
        let mut cx = Context {
            now: Nanos(START),
            interest: &listeners,
            out: &mut out,
        };
        let stream = Stream::create(config, parts, &mut cx).unwrap();
        Self::of(stream, Nanos(START), listeners)
    }

    pub fn of(stream: Stream, now: Nanos, listeners: Listeners) -> Self {
        Self {
            stream,
            now,
            listeners,
            out: Effects::new(),
            sent: Vec::new(),
            events: Vec::new(),
            may_fail: false,
            failed: Vec::new(),
            inboxes: 0,
        }
    }

    /// Does something with the stream, and collects what comes of it.
    pub fn act<T>(&mut self, act: impl FnOnce(&mut Stream, &mut Context<'_>) -> T) -> T {
        let mut cx = Context {
            now: self.now,
            interest: &self.listeners,
            out: &mut self.out,
        };
        let result = act(&mut self.stream, &mut cx);
        self.settle();
        result
    }

    pub fn settle(&mut self) {
        loop {
            let mut cx = Context {
                now: self.now,
                interest: &self.listeners,
                out: &mut self.out,
            };
            let more = self.stream.settle(&mut cx);
            if let Err(error) = self.stream.flush(&mut cx) {
                assert!(self.may_fail, "{error}");
                self.failed.push(error.to_string());
            }
            self.collect();
            if !more {
                return;
            }
        }
    }

    fn collect(&mut self) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for message in self.out.messages() {
            self.sent.push(Sent {
                to: text(message.to),
                subject: text(message.subject),
                reply: text(message.reply),
                header: text(message.header),
                payload: text(message.payload),
                kind: message.kind,
                when: message.when,
            });
        }
        self.events.extend(self.out.take_events());
        self.out.clear();
    }

    /// Lets time pass; timers run when they are due.
    pub fn pass(&mut self, duration: i64) {
        let end = Nanos(self.now.0 + duration);
        while let Some(due) = self.stream.next_deadline()
            && due <= end
        {
            let at = due.max(self.now);
            self.now = at;
            self.act(|stream, cx| stream.tick(cx));
            assert!(
                self.stream.next_deadline().is_none_or(|next| next > at),
                "a timer that is due stays due"
            );
        }
        self.now = end;
    }

    pub fn take(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    /// What was sent to a subject; it is taken out.
    pub fn take_to(&mut self, subject: &str) -> Vec<Sent> {
        let (taken, kept) = self.take().into_iter().partition(|sent| sent.to == subject);
        self.sent = kept;
        taken
    }

    pub fn inbox(&mut self) -> String {
        self.inboxes += 1;
        format!("_INBOX.{}", self.inboxes)
    }

    /// Publishes with a reply; the payload of the answer, if any.
    pub fn publish_with(&mut self, subject: &str, header: &str, payload: &str) -> String {
        let inbox = self.inbox();
        self.act(|stream, cx| {
            stream.publish(
                Publish {
                    subject: subject.as_bytes(),
                    reply: inbox.as_bytes(),
                    header: header.as_bytes(),
                    payload: payload.as_bytes(),
                },
                cx,
            );
        });
        let answers = self.take_to(&inbox);
        assert!(answers.len() <= 1, "{answers:?}");
        answers
            .into_iter()
            .next()
            .map(|sent| sent.payload)
            .unwrap_or_default()
    }

    pub fn publish(&mut self, subject: &str, payload: &str) -> u64 {
        let answer = self.publish_with(subject, "", payload);
        let json: Value = serde_json::from_str(&answer).unwrap();
        assert!(json.get("error").is_none(), "{answer}");
        json["seq"].as_u64().unwrap()
    }

    /// Publishes with headers; the error code, 0 for none.
    pub fn publish_code(&mut self, subject: &str, headers: &[(&str, &str)], payload: &str) -> u64 {
        let answer = self.publish_with(subject, &block(headers), payload);
        let json: Value = serde_json::from_str(&answer).unwrap();
        json["error"]["err_code"].as_u64().unwrap_or(0)
    }

    /// The answer of a request to the API about this stream.
    pub fn api(&mut self, subject: &str, body: &str) -> Value {
        self.api_with(subject, "", body)
    }

    pub fn api_with(&mut self, subject: &str, header: &str, body: &str) -> Value {
        let inbox = self.inbox();
        let subject = format!("$JS.API.{subject}");
        let endpoint = Endpoint::parse(subject.as_bytes()).unwrap();
        self.act(|stream, cx| {
            stream.api(
                &StreamCall {
                    endpoint,
                    reply: inbox.as_bytes(),
                    header: header.as_bytes(),
                    body: body.as_bytes(),
                },
                cx,
            );
        });
        let answers = self.take_to(&inbox);
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers[0].json()
    }

    pub fn api_code(&mut self, subject: &str, body: &str) -> u64 {
        self.api(subject, body)["error"]["err_code"]
            .as_u64()
            .unwrap_or(0)
    }

    pub fn update(&mut self, json: &str) -> Result<(), ApiError> {
        let mut new = config(json)?;
        stream_update::check_update(self.stream.config(), &mut new)?;
        self.act(|stream, cx| stream.update(new, b"", cx))
    }

    pub fn info(&mut self) -> Value {
        let name = self.stream.name().to_owned();
        self.api(&format!("STREAM.INFO.{name}"), "")
    }

    /// Creates a consumer; its info.
    pub fn consumer(&mut self, config: &str) -> Value {
        let name = self.stream.name().to_owned();
        let body = format!(r#"{{"stream_name":"{name}","config":{config}}}"#);
        let wanted: Value = serde_json::from_str(config).unwrap();
        let token = wanted["durable_name"].as_str().or(wanted["name"].as_str());
        let subject = match token {
            Some(token) => format!("CONSUMER.CREATE.{name}.{token}"),
            None => format!("CONSUMER.CREATE.{name}"),
        };
        self.api(&subject, &body)
    }

    pub fn consumer_info(&mut self, consumer: &str) -> Value {
        let name = self.stream.name().to_owned();
        self.api(&format!("CONSUMER.INFO.{name}.{consumer}"), "")
    }

    pub fn id(&self, consumer: &str) -> Option<ConsumerId> {
        let next = format!(
            "$JS.API.CONSUMER.MSG.NEXT.{}.{consumer}",
            self.stream.name()
        );
        self.stream.consumer_ids().find(|id| {
            self.stream
                .consumer_subjects(*id)
                .is_some_and(|subjects| subjects.next == next)
        })
    }

    /// Sends a pull request with a new inbox; the inbox.
    pub fn pull_from(&mut self, consumer: &str, body: &str) -> String {
        let inbox = self.inbox();
        self.pull_to(consumer, body, &inbox);
        inbox
    }

    pub fn pull_to(&mut self, consumer: &str, body: &str, inbox: &str) {
        let id = self.id(consumer).expect("a consumer");
        self.act(|stream, cx| {
            stream.pull(
                id,
                Pull {
                    reply: inbox.as_bytes(),
                    header: b"",
                    payload: body.as_bytes(),
                },
                cx,
            );
        });
    }

    /// Sends a pull request; what comes at once.
    pub fn fetch(&mut self, consumer: &str, body: &str) -> Vec<Sent> {
        let inbox = self.pull_from(consumer, body);
        self.take_to(&inbox)
    }

    /// Publishes an acknowledgement as a client does; whether anybody was
    /// subscribed, and what came back.
    pub fn ack(&mut self, subject: &str, payload: &str) -> (bool, Vec<Sent>) {
        let inbox = self.inbox();
        let ids: Vec<ConsumerId> = self.stream.consumer_ids().collect();
        let id = ids.into_iter().find(|id| {
            self.stream.consumer_subjects(*id).is_some_and(|subjects| {
                subjects
                    .acks
                    .iter()
                    .any(|acks| midge_subject::matches(subject.as_bytes(), acks.as_bytes()))
            })
        });
        let Some(id) = id else {
            return (false, Vec::new());
        };
        self.act(|stream, cx| {
            stream.ack(
                id,
                Ack {
                    subject: subject.as_bytes(),
                    reply: inbox.as_bytes(),
                    payload: payload.as_bytes(),
                },
                cx,
            );
        });
        (true, self.take_to(&inbox))
    }

    pub fn direct(&mut self, key: Option<&str>, body: &str) -> Vec<Sent> {
        let inbox = self.inbox();
        self.act(|stream, cx| {
            stream.direct_get(
                DirectGet {
                    key: key.map(str::as_bytes),
                    reply: inbox.as_bytes(),
                    header: b"",
                    payload: body.as_bytes(),
                },
                cx,
            );
        });
        self.take_to(&inbox)
    }

    /// Subscribes, as a plain subscriber or in a group.
    pub fn listen(&mut self, subject: &str, group: &str) {
        if group.is_empty() {
            self.listeners.plain.insert(subject.to_owned());
        } else {
            self.listeners
                .groups
                .insert((subject.to_owned(), group.to_owned()));
        }
        self.interest_changed();
    }

    pub fn leave(&mut self, subject: &str) {
        self.listeners.plain.remove(subject);
        self.listeners
            .groups
            .retain(|(listened, _)| listened != subject);
        self.interest_changed();
    }

    fn interest_changed(&mut self) {
        let ids: Vec<ConsumerId> = self.stream.consumer_ids().collect();
        for id in ids {
            self.act(|stream, cx| stream.interest_changed(id, cx));
        }
    }

    pub fn reset(&mut self, consumer: &str, body: &str) -> Value {
        let inbox = self.inbox();
        let id = self.id(consumer).expect("a consumer");
        self.act(|stream, cx| stream.reset(id, inbox.as_bytes(), b"", body.as_bytes(), cx));
        self.take_to(&inbox)[0].json()
    }

    pub fn messages(&mut self) -> u64 {
        self.info()["state"]["messages"].as_u64().unwrap()
    }
}

pub fn block(headers: &[(&str, &str)]) -> String {
    let mut block = "NATS/1.0\r\n".to_owned();
    for (name, value) in headers {
        block.push_str(&format!("{name}: {value}\r\n"));
    }
    block + "\r\n"
}

/// The payloads of messages.
pub fn payloads(sent: &[Sent]) -> Vec<&str> {
    sent.iter().map(|sent| sent.payload.as_str()).collect()
}
