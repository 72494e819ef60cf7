//! What a stream wants to happen: messages to send, and news for whoever
//! drives it.
//!
//! One buffer serves a whole batch of inputs. Messages lie in one arena and
//! are named by spans, so that a publish or a delivery allocates nothing once
//! the buffer has its size.

use std::fmt;

use midge_store::Seq;

use crate::consumer::ConsumerId;
use crate::error::ApiError;

/// When a message may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After the batch was flushed.
    Now,
    /// After what the batch changed is on disk.
    Durable,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Acknowledgement of a publish that is stored as this sequence, or was
    /// refused (`None`).
    PublishAck(Option<Seq>),
    /// Reply of the JSON API. Counted and audited.
    ApiReply {
        /// Whether it says that the request failed.
        is_error: bool,
    },
    /// Another reply: direct get, confirmation of an acknowledgement, status
    /// of a pull request, heartbeat, flow control request.
    Reply,
    /// A stored message for a user of a consumer. It is routed by
    /// [`Message::to`] and shows [`Message::subject`].
    Delivery(ConsumerId, Seq),
    /// A stored message published again. It is routed like a publish of a
    /// client, and streams may capture it.
    Republish(Seq),
    /// An advisory or metric.
    Advisory,
}

/// A message to send; slices of the buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The subject it is routed by.
    pub to: &'a [u8],
    /// The subject it shows.
    pub subject: &'a [u8],
    /// Its reply subject, or empty.
    pub reply: &'a [u8],
    /// Its header block, or empty.
    pub header: &'a [u8],
    /// Its payload.
    pub payload: &'a [u8],
    /// When it may leave.
    pub when: When,
    /// What it is.
    pub kind: Kind,
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("to", &String::from_utf8_lossy(self.to))
            .field("subject", &String::from_utf8_lossy(self.subject))
            .field("reply", &String::from_utf8_lossy(self.reply))
            .field("header", &String::from_utf8_lossy(self.header))
            .field("payload", &String::from_utf8_lossy(self.payload))
            .field("when", &self.when)
            .field("kind", &self.kind)
            .finish()
    }
}

/// News about a stream for whoever drives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A consumer is there: its subjects are to be subscribed (see
    /// [`ConsumerSubjects`](crate::consumer::ConsumerSubjects)).
    ConsumerStarted(ConsumerId),
    /// A consumer pushes to another subject or group now, or acknowledges
    /// otherwise: subscribe anew.
    ConsumerChanged(ConsumerId),
    /// A consumer is gone.
    ConsumerEnded(ConsumerId),
    /// The stream's subjects or `allow_direct` are others now.
    SubjectsChanged,
    /// A line for the log, as a warning.
    Warning(String),
}

#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    to: Span,
    subject: Span,
    reply: Span,
    header: Span,
    payload: Span,
    when: When,
    kind: Kind,
}

/// Bytes of messages above which a stream stops delivering until the buffer
/// was taken away: what is made in one go should stay in the cache, and two
/// consumers with large batches must not hold up everybody else.
pub const DELIVER_UP_TO: usize = 1 << 20;

/// Capacity that is kept when the buffer is cleared.
const KEPT_BYTES: usize = 4 << 20;

/// A buffer of effects.
#[derive(Debug, Default)]
pub struct Effects {
    records: Vec<Record>,
    bytes: Vec<u8>,
    events: Vec<Event>,
}

impl Effects {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.events.is_empty()
    }

    /// Number of messages.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Bytes of all messages.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets everything and keeps the memory, but for what a burst needed.
    pub fn clear(&mut self) {
        self.records.clear();
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.events.clear();
    }

    /// The messages in the order in which they were made.
    pub fn messages(&self) -> impl Iterator<Item = Message<'_>> {
        self.records.iter().map(|record| self.message(record))
    }

    /// The news.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Takes the news out.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Whether no more deliveries are to be made for now.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= DELIVER_UP_TO
    }

    fn message(&self, record: &Record) -> Message<'_> {
        let slice = |span: Span| {
            self.bytes
                .get(span.start as usize..span.end as usize)
                .unwrap_or_default()
        };
        Message {
            to: slice(record.to),
            subject: slice(record.subject),
            reply: slice(record.reply),
            header: slice(record.header),
            payload: slice(record.payload),
            when: record.when,
            kind: record.kind,
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Span {
        let start = self.position();
        self.bytes.extend_from_slice(bytes);
        Span {
            start,
            end: self.position(),
        }
    }

    /// Spans have 32 bits: a buffer of 4 GiB does not come up, as deliveries
    /// end at [`DELIVER_UP_TO`] and a batch of inputs is far smaller.
    fn position(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }

    /// Adds a message without header that is written by `payload`.
    pub(crate) fn send_with(
        &mut self,
        to: &[u8],
        when: When,
        kind: Kind,
        payload: impl FnOnce(&mut Vec<u8>),
    ) {
        let to = self.put(to);
        let start = self.position();
        payload(&mut self.bytes);
        let payload = Span {
            start,
            end: self.position(),
        };
        self.records.push(Record {
            to,
            subject: to,
            reply: Span::default(),
            header: Span::default(),
            payload,
            when,
            kind,
        });
    }

    /// Adds a message that has a header and no payload, such as a status.
    pub(crate) fn send_status(&mut self, to: &[u8], header: impl FnOnce(&mut Vec<u8>)) {
        self.begin(to, to)
            .header_with(header)
            .finish(Kind::Reply, When::Now);
    }

    /// Begins a message that is put together piece by piece.
    pub(crate) fn begin(&mut self, to: &[u8], subject: &[u8]) -> Draft<'_> {
        let to_span = self.put(to);
        let subject_span = if std::ptr::eq(to, subject) {
            to_span
        } else {
            self.put(subject)
        };
        Draft {
            effects: self,
            to: to_span,
            subject: subject_span,
            reply: Span::default(),
            header: Span::default(),
            payload: Span::default(),
        }
    }

    /// Takes back what says that something was done which could not be
    /// written: publishers are answered by `refusal`, requests by `error`, and
    /// acknowledgements are not confirmed. Messages with sequences from `lost`
    /// on are not delivered; without `lost` the stream has everything, and only
    /// consumers have not.
    pub(crate) fn revoke(
        &mut self,
        lost: Option<Seq>,
        error: &ApiError,
        refusal: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = self.position();
        refusal(&mut self.bytes);
        let refusal = Span {
            start,
            end: self.position(),
        };
        let first_lost = lost.unwrap_or(Seq::MAX);
        let mut records = std::mem::take(&mut self.records);
        records.retain_mut(|record| match record.kind {
            // A message that was there already may have been one of them.
            Kind::PublishAck(seq)
                if record.when == When::Durable
                    && lost.is_some()
                    && seq.is_none_or(|seq| seq >= first_lost) =>
            {
                record.payload = refusal;
                record.kind = Kind::PublishAck(None);
                record.when = When::Now;
                true
            }
            Kind::ApiReply { is_error: false }
                if record.when == When::Durable && lost.is_some() =>
            {
                record.payload = self.failed_reply(record.payload, error);
                record.header = Span::default();
                record.kind = Kind::ApiReply { is_error: true };
                record.when = When::Now;
                true
            }
            Kind::Reply => record.when == When::Now,
            Kind::Delivery(_, seq) | Kind::Republish(seq) => seq < first_lost,
            Kind::PublishAck(_) | Kind::ApiReply { .. } | Kind::Advisory => true,
        });
        self.records = records;
    }

    /// The reply of a request that failed, in place of one that tells of its
    /// success.
    fn failed_reply(&mut self, reply: Span, error: &ApiError) -> Span {
        #[derive(serde::Deserialize)]
        struct Typed {
            #[serde(rename = "type")]
            kind: String,
        }
        let payload = self.bytes.get(reply.start as usize..reply.end as usize);
        let typed = payload.and_then(|payload| serde_json::from_slice::<Typed>(payload).ok());
        let kind = typed.map(|typed| typed.kind).unwrap_or_default();
        let start = self.position();
        let name = kind.strip_prefix(crate::api::TYPE_PREFIX).unwrap_or(&kind);
        crate::api::push_error(&mut self.bytes, name, error, &crate::api::Empty {});
        Span {
            start,
            end: self.position(),
        }
    }
}

/// A message that is being put together.
pub(crate) struct Draft<'e> {
    effects: &'e mut Effects,
    to: Span,
    subject: Span,
    reply: Span,
    header: Span,
    payload: Span,
}

impl Draft<'_> {
    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.effects.position();
        write(&mut self.effects.bytes);
        Span {
            start,
            end: self.effects.position(),
        }
    }

    pub(crate) fn reply_with(mut self, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        self.reply = self.write(write);
        self
    }

    pub(crate) fn header_with(mut self, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        self.header = self.write(write);
        self
    }

    pub(crate) fn payload(mut self, payload: &[u8]) -> Self {
        self.payload = self.write(|out| out.extend_from_slice(payload));
        self
    }

    pub(crate) fn finish(self, kind: Kind, when: When) {
        self.effects.records.push(Record {
            to: self.to,
            subject: self.subject,
            reply: self.reply,
            header: self.header,
            payload: self.payload,
            when,
            kind,
        });
    }
}
