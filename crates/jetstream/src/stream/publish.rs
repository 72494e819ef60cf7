//! A published message: the checks, storing, and what follows
//! (jetstream-streams.md 3).

use midge_store::{Filter, Nanos, NewMessage, Seq, StoreError};
use midge_subject::{has_wildcard, is_valid_literal};

use super::Stream;
use crate::config::{Discard, Retention, Storage};
use crate::context::Context;
use crate::effects::{Kind, When};
use crate::error::ApiError;
use crate::error::catalogue as errors;
use crate::header::{self, MAX_HEADER, PublishHeaders, Ttl, decimal};
use crate::json::push_json;
use crate::number;

/// Largest record of a file, in bytes.
const MAX_RECORD: u64 = 32 << 20;

/// By how much times of messages may run ahead of the clock, in nanoseconds.
const MAX_AHEAD: i64 = crate::units::NANOS_PER_SECOND;

/// The last token of a reply subject that asks for a fast batch.
const FAST_BATCH: &[u8] = b".$FI";

/// What failed, for the log: in the peer's words, and where it says nothing.
const NOT_STORED: &str = "store a msg";
const NOT_REMOVED: &str = "remove the msgs that a new one replaces";

/// A message that was published to a subject of the stream.
#[derive(Clone, Copy, Debug)]
pub struct Publish<'a> {
    /// Its subject.
    pub subject: &'a [u8],
    /// Where the answer goes, or empty.
    pub reply: &'a [u8],
    /// Its header block, or empty.
    pub header: &'a [u8],
    /// Its payload.
    pub payload: &'a [u8],
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Appended(Seq),
    /// It was there already.
    Duplicate(Seq),
    /// Nobody is interested; the sequence is used up.
    Skipped(Seq),
}

/// Why a message was not stored.
pub(super) enum Refused {
    Error(ApiError),
    /// The store failed; said in the log.
    Store(StoreError),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Who makes a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    Client,
    /// The stream itself: a delete marker.
    Server,
}

impl Stream {
    /// Takes a published message, stores it if it may be, and answers.
    pub fn publish(&mut self, publish: Publish<'_>, cx: &mut Context<'_>) {
        let headers = PublishHeaders::scan(publish.header);
        let stored = if headers.needs_rewrite {
            let mut block = std::mem::take(&mut self.header);
            block.clear();
            header::rewrite(publish.header, &mut block);
            let stored = self.check_and_store(publish, &headers, &block, cx);
            self.header = block;
            stored
        } else {
            self.check_and_store(publish, &headers, publish.header, cx)
        };
        if publish.reply.is_empty() || self.core.config.no_ack {
            if let Err(Refused::Store(error)) = stored {
                self.warn_store(NOT_STORED, &error, cx);
            }
            return;
        }
        let (kind, when) = match &stored {
            // Of a duplicate, too: what it repeats may be lost with this batch.
            Ok(Stored::Appended(seq) | Stored::Duplicate(seq) | Stored::Skipped(seq)) => {
                (Kind::PublishAck(Some(*seq)), When::Durable)
            }
            Err(_) => (Kind::PublishAck(None), When::Now),
        };
        let start = &self.ack_start;
        let name = &self.core.config.name;
        cx.out
            .send_with(publish.reply, when, kind, |out| match &stored {
                Ok(Stored::Appended(seq) | Stored::Skipped(seq)) => {
                    out.extend_from_slice(start);
                    number::push(out, seq.0);
                    out.push(b'}');
                }
                Ok(Stored::Duplicate(seq)) => {
                    out.extend_from_slice(start);
                    number::push(out, seq.0);
                    out.extend_from_slice(b",\"duplicate\": true}");
                }
                Err(Refused::Error(error)) => push_refusal(out, error, name),
                Err(Refused::Store(error)) => {
                    push_refusal(
                        out,
                        &errors::STREAM_STORE_FAILED.with(error.without_path()),
                        name,
                    );
                }
            });
        if let Err(Refused::Store(error)) = stored {
            self.warn_store(NOT_STORED, &error, cx);
        }
    }

    /// Tells the log what failed at a publish: the first time at once, then how
    /// often it did.
    fn warn_store(&mut self, what: &str, error: &StoreError, cx: &mut Context<'_>) {
        let Some(untold) = self.next_warnings.store_failed(cx.now) else {
            return;
        };
        let more = match untold {
            0 => String::new(),
            untold => format!(" (and {untold} before it since the last line)"),
        };
        cx.out.event(crate::effects::Event::Warning(format!(
            "JetStream failed to {what} on stream '{} > {}': {error}{more}",
            self.core.settings.account, self.core.config.name
        )));
    }

    /// Makes the constant parts of answers.
    pub(super) fn prepare_answers(&mut self) {
        let start = &mut self.ack_start;
        start.clear();
        start.extend_from_slice(b"{\"stream\":");
        push_json(start, self.core.config.name.as_str());
        if !self.core.settings.domain.is_empty() {
            start.extend_from_slice(b",\"domain\":");
            push_json(start, self.core.settings.domain.as_str());
        }
        start.extend_from_slice(b",\"seq\":");
    }

    fn check_and_store(
        &mut self,
        publish: Publish<'_>,
        headers: &PublishHeaders<'_>,
        header: &[u8],
        cx: &mut Context<'_>,
    ) -> Result<Stored, Refused> {
        let mut transformed = std::mem::take(&mut self.subject);
        transformed.clear();
        let random = &mut self.core.random;
        let subject = match &self.transform {
            Some(transform)
                if transform.apply(publish.subject, &mut transformed, |bound| {
                    random.below(bound)
                }) =>
            {
                transformed.as_slice()
            }
            Some(_) | None => publish.subject,
        };
        let message = Incoming {
            subject,
            header,
            payload: publish.payload,
            headers,
        };
        let stored = self
            .check_published(&message, publish.reply, cx)
            .and_then(|checked| match checked {
                Checked::Duplicate(seq) => Ok(Stored::Duplicate(seq)),
                Checked::New => self.store_message(&message, Author::Client, cx),
            });
        self.subject = transformed;
        stored
    }

    /// The checks before it is known whether there is room (3.3).
    fn check_published(
        &mut self,
        message: &Incoming<'_>,
        reply: &[u8],
        cx: &mut Context<'_>,
    ) -> Result<Checked, Refused> {
        let config = &self.core.config;
        let (header, payload, headers) = (message.header, message.payload, message.headers);
        if config.storage == Storage::File
            && self.core.store.size_of(message.subject, header, payload) > MAX_RECORD
        {
            return Err(errors::STREAM_STORE_FAILED.with("message too large").into());
        }
        if config.sealed {
            return Err(errors::STREAM_SEALED.into());
        }
        if let Ok(max) = usize::try_from(config.max_msg_size)
            && header.len() + payload.len() > max
        {
            return Err(errors::STREAM_MESSAGE_EXCEEDS_MAXIMUM.into());
        }
        if header.is_empty() && !reply.ends_with(FAST_BATCH) {
            return Ok(Checked::New);
        }
        if header.len() > MAX_HEADER {
            return Err(errors::STREAM_HEADER_EXCEEDS_MAXIMUM.into());
        }
        if reply.ends_with(FAST_BATCH) {
            return Err(errors::BATCH_PUBLISH_DISABLED.into());
        }
        if headers.batch_id.is_some() {
            return Err(errors::ATOMIC_PUBLISH_DISABLED.into());
        }
        if let Some(increment) = headers.increment {
            let digits = increment
                .strip_prefix(b"+")
                .or_else(|| increment.strip_prefix(b"-"))
                .unwrap_or(increment);
            if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                return Err(errors::MESSAGE_INCR_INVALID.into());
            }
            return Err(errors::MESSAGE_INCR_DISABLED.into());
        }
        if headers
            .expected_stream
            .is_some_and(|expected| expected != config.name.as_bytes())
        {
            return Err(errors::STREAM_NOT_MATCH.into());
        }
        if !config.allow_msg_ttl && headers.ttl.and_then(Ttl::parse).is_some() {
            return Err(errors::MESSAGE_TTL_DISABLED.into());
        }
        self.check_expectations(message)?;
        check_schedules(message)?;
        if headers.source.is_some() {
            return Err(errors::MESSAGE_SOURCE_HDR_NOT_ALLOWED.into());
        }
        if let Some(id) = headers.msg_id
            && let Some(seq) = self.dedupe.find(id, cx.now)
        {
            return Ok(Checked::Duplicate(seq));
        }
        if headers
            .expected_last_id
            .is_some_and(|expected| expected != self.last_id)
        {
            let last = String::from_utf8_lossy(&self.last_id);
            return Err(errors::STREAM_WRONG_LAST_MSG_ID.with(last).into());
        }
        if let Some(value) = headers.rollup {
            let config = &self.core.config;
            if !config.allow_rollup_hdrs || config.deny_purge {
                return Err(errors::STREAM_ROLLUP_FAILED
                    .with("rollup not permitted")
                    .into());
            }
            if Rollup::parse(value).is_none() {
                let value = String::from_utf8_lossy(value);
                let text = format!("rollup value invalid: {value:?}");
                return Err(errors::STREAM_ROLLUP_FAILED.with(text).into());
            }
        }
        Ok(Checked::New)
    }

    fn check_expectations(&mut self, message: &Incoming<'_>) -> Result<(), Refused> {
        let headers = message.headers;
        if let Some(expected) = headers.expected_subject_last {
            let last = match headers.expected_subject {
                Some(pattern) if has_wildcard(pattern) => self
                    .core
                    .store
                    .previous(&Filter::subject(pattern), Seq::MAX)?
                    .map(|message| message.seq),
                Some(subject) => self.last_of(subject)?,
                None => self.last_of(message.subject)?,
            };
            let last = last.unwrap_or(Seq::NONE);
            if decimal(expected) != Some(last.0) {
                return Err(errors::STREAM_WRONG_LAST_SEQUENCE.with(last).into());
            }
        } else if headers.expected_subject.is_some() {
            return Err(errors::STREAM_EXPECTED_LAST_SEQ_PER_SUBJECT_INVALID.into());
        }
        if let Some(expected) = headers.expected_last {
            let last = self.core.store.state().last;
            if decimal(expected) != Some(last.0) {
                return Err(errors::STREAM_WRONG_LAST_SEQUENCE.with(last).into());
            }
        }
        Ok(())
    }

    /// The last sequence of a subject.
    pub(super) fn last_of(&mut self, subject: &[u8]) -> Result<Option<Seq>, StoreError> {
        Ok(self
            .core
            .store
            .subject_state(subject)?
            .map(|state| state.last))
    }

    /// Stores a message that passed the checks, if there is room, and does
    /// what follows from it (3.4).
    pub(super) fn store_message(
        &mut self,
        message: &Incoming<'_>,
        author: Author,
        cx: &mut Context<'_>,
    ) -> Result<Stored, Refused> {
        let size = self
            .core
            .store
            .size_of(message.subject, message.header, message.payload);
        self.check_server_room(size, cx)?;
        let headers = message.headers;
        let rollup = headers.rollup.and_then(Rollup::parse);
        if self.core.config.retention == Retention::Interest
            && !self.core.groups.has_interest(message.subject)
        {
            return self.skip_message(message, rollup, cx);
        }
        self.check_account_room(size, cx)?;
        let mut header = message.header;
        let mut replaced = Vec::new();
        let mut expires = None;
        if let Some(value) = headers.ttl {
            let mut ttl = Ttl::parse(value).ok_or(errors::MESSAGE_TTL_INVALID)?;
            if let Some(longer) = self.raised_ttl(ttl, author) {
                ttl = Ttl::Seconds(longer);
                let value = longer.to_string();
                header::replace(header, b"Nats-TTL", value.as_bytes(), &mut replaced);
                header = &replaced;
            }
            if self.core.config.allow_msg_ttl {
                expires = ttl.expires(cx.now);
            }
        }
        if self.core.config.discard == Discard::New {
            self.check_discard_new(message, size)?;
        }
        let previous = match &self.republisher {
            Some(republisher) if republisher.covers(message.subject) => {
                self.last_of(message.subject)?
            }
            Some(_) | None => None,
        };
        let timestamp = self.next_time(cx.now);
        let appended = self.core.store.append(NewMessage {
            subject: message.subject,
            header,
            payload: message.payload,
            timestamp,
            seq: None,
            expires,
            scheduled: false,
        })?;
        let seq = appended.seq;
        self.core
            .groups
            .note_appended(seq, message.subject, &mut self.core.ready);
        self.remember_id(headers.msg_id, seq, cx);
        // The message is stored, whatever becomes of those before it. What it
        // replaces counts for the limits: it is still there.
        if let Err(error) = self.enforce_after(message.subject, &appended, cx) {
            self.warn_store(NOT_REMOVED, &error, cx);
        }
        if let Some(rollup) = rollup
            && let Err(error) = self.roll_up(rollup, message.subject, seq, &appended, cx)
        {
            self.warn_store(NOT_REMOVED, &error, cx);
        }
        if self.republisher.is_some() {
            self.republish(message, header, (seq, timestamp), previous, cx);
        }
        Ok(Stored::Appended(seq))
    }

    /// The time of the next message: messages of one batch have times of
    /// their own, so that a time names one of them.
    fn next_time(&self, now: Nanos) -> Nanos {
        let last = self.core.store.state().last_time;
        let ahead = last.0.saturating_sub(now.0);
        // A clock that was set back is believed.
        if (0..MAX_AHEAD).contains(&ahead) {
            Nanos(last.0.saturating_add(1))
        } else {
            now
        }
    }

    fn remember_id(&mut self, id: Option<&[u8]>, seq: Seq, cx: &Context<'_>) {
        match id {
            Some(id) => {
                self.last_id.clear();
                self.last_id.extend_from_slice(id);
                self.dedupe.insert(id, seq, cx.now);
            }
            None => self.last_id.clear(),
        }
    }

    /// Uses up a sequence without storing a message (13.3).
    fn skip_message(
        &mut self,
        message: &Incoming<'_>,
        rollup: Option<Rollup>,
        cx: &mut Context<'_>,
    ) -> Result<Stored, Refused> {
        let seq = self.core.store.state().last.next();
        self.core.store.skip_to(seq.next(), cx.now)?;
        self.remember_id(message.headers.msg_id, seq, cx);
        if let Some(rollup) = rollup
            && let Err(error) = self.roll_up_all(rollup, message.subject, seq, cx)
        {
            self.warn_store(NOT_REMOVED, &error, cx);
        }
        Ok(Stored::Skipped(seq))
    }

    /// The TTL in seconds that a message gets so that it does not go before
    /// the marker of its subject would (9.4).
    fn raised_ttl(&self, ttl: Ttl, author: Author) -> Option<u64> {
        let config = &self.core.config;
        let marker = u64::try_from(config.subject_delete_marker_ttl).unwrap_or(0)
            / crate::units::NANOS_PER_SECOND as u64;
        match ttl {
            Ttl::Seconds(seconds)
                if author == Author::Client
                    && seconds < marker
                    && config.max_msgs_per_subject != 1 =>
            {
                Some(marker)
            }
            Ttl::Seconds(_) | Ttl::Never => None,
        }
    }
}

/// A message with what its header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming<'a> {
    pub subject: &'a [u8],
    pub header: &'a [u8],
    pub payload: &'a [u8],
    pub headers: &'a PublishHeaders<'a>,
}

enum Checked {
    New,
    Duplicate(Seq),
}

/// Refuses messages that make or cancel schedules (12.5, 12.7).
fn check_schedules(message: &Incoming<'_>) -> Result<(), ApiError> {
    let headers = message.headers;
    if headers.schedule.is_some() {
        return Err(errors::MESSAGE_SCHEDULES_DISABLED);
    }
    match (headers.schedule_next, headers.scheduler) {
        (None, None) => Ok(()),
        (Some(b"purge"), Some(scheduler))
            if is_valid_literal(scheduler) && scheduler != message.subject =>
        {
            Err(errors::MESSAGE_SCHEDULES_DISABLED)
        }
        (Some(_), _) | (None, Some(_)) => Err(errors::MESSAGE_SCHEDULES_SCHEDULER_INVALID),
    }
}

/// What a message replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rollup {
    /// Everything on its subject.
    Subject,
    /// Everything.
    All,
}

impl Rollup {
    pub fn parse(value: &[u8]) -> Option<Self> {
        if value.eq_ignore_ascii_case(b"sub") {
            Some(Self::Subject)
        } else if value.eq_ignore_ascii_case(b"all") {
            Some(Self::All)
        } else {
            None
        }
    }
}

/// Appends the answer to a publish that was refused.
pub(crate) fn push_refusal(out: &mut Vec<u8>, error: &ApiError, stream: &str) {
    out.extend_from_slice(b"{\"error\":");
    push_json(out, error);
    out.extend_from_slice(b",\"stream\":");
    push_json(out, stream);
    out.extend_from_slice(b",\"seq\":0}");
}
