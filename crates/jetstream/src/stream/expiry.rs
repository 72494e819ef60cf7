//! Age, TTL and delete markers (jetstream-streams.md 4.1, 9).

use midge_store::{Filter, Nanos, Removal, Seq, StoreError};
use midge_wire::header::find;

use super::Stream;
use super::limits::Cause;
use super::publish::{Author, Incoming, Refused, Stored};
use crate::context::Context;
use crate::header::{PublishHeaders, Ttl};
use crate::text::duration::duration_text;
use crate::units::{NANOS_PER_MILLI, NANOS_PER_SECOND, after, earliest};

/// Messages that expire in one go.
const MAX_EXPIRED: usize = 4096;

/// Least time between two looks for expired messages, in nanoseconds: a busy
/// stream is not woken for each of them. The Go server takes 250 ms.
const LOOK_EVERY: i64 = 20 * NANOS_PER_MILLI;

/// How far the search for old messages has come.
#[derive(Debug, Default)]
pub(super) struct Expiry {
    /// Messages below this are exempt from age.
    from: Seq,
    /// When the first message at or above `from` gets too old, if that is
    /// known.
    due: Option<Nanos>,
    /// No look before.
    next_look: Nanos,
}

impl Expiry {
    /// Starts the search anew: another age, or other messages.
    pub fn restart(&mut self) {
        *self = Self::default();
    }
}

impl Stream {
    /// When messages have to be looked at.
    pub(super) fn expiry_deadline(&mut self) -> Option<Nanos> {
        let by_ttl = if self.core.config.allow_msg_ttl {
            self.core.store.next_expiry()
        } else {
            None
        };
        let due = earliest(self.age_deadline(), by_ttl)?;
        Some(due.max(self.expiry.next_look))
    }

    fn age_deadline(&mut self) -> Option<Nanos> {
        let max_age = self.core.config.max_age;
        let state = self.core.store.state();
        if max_age <= 0 || state.messages == 0 {
            return None;
        }
        if self.expiry.from <= state.first {
            return Some(after(state.first_time, max_age));
        }
        if self.expiry.due.is_none() {
            let first = self.core.store.next(&Filter::All, self.expiry.from);
            let first = first.ok().flatten().map(|message| message.timestamp);
            self.expiry.due = first.map(|at| after(at, max_age));
        }
        self.expiry.due
    }

    /// Removes all messages that are too old, at a start: those that went
    /// before a crash without a record are there again.
    pub(super) fn expire_all(&mut self, cx: &mut Context<'_>) {
        loop {
            let before = self.core.store.state().messages;
            self.expire_messages(cx);
            self.expiry.next_look = Nanos::NONE;
            if self.core.store.state().messages == before {
                return;
            }
        }
    }

    /// Removes messages that are too old.
    pub(super) fn expire_messages(&mut self, cx: &mut Context<'_>) {
        if self.expiry_deadline().is_none_or(|due| due > cx.now) {
            return;
        }
        let done = self.expire_by_age(cx).and_then(|()| self.expire_by_ttl(cx));
        self.expiry.next_look = after(cx.now, LOOK_EVERY);
        if let Err(error) = done {
            self.warn(&error, cx);
        }
    }

    fn expire_by_age(&mut self, cx: &mut Context<'_>) -> Result<(), StoreError> {
        let max_age = self.core.config.max_age;
        if max_age <= 0 {
            return Ok(());
        }
        self.expiry.due = None;
        for _ in 0..MAX_EXPIRED {
            let from = self.expiry.from.max(self.core.store.state().first);
            let Some(message) = self.core.store.next(&Filter::All, from)? else {
                return Ok(());
            };
            let seq = message.seq;
            let due = after(message.timestamp, max_age);
            if due > cx.now {
                self.expiry.due = Some(due);
                return Ok(());
            }
            let is_exempt = self.core.config.allow_msg_ttl
                && find(message.header, "Nats-TTL").and_then(Ttl::parse) == Some(Ttl::Never);
            if is_exempt {
                self.expiry.from = seq.next();
            } else {
                // Only the oldest messages are found again by their age before
                // other limits are applied.
                let how = if seq == self.core.store.state().first {
                    Removal::Limit
                } else {
                    Removal::Delete
                };
                self.expire_one(seq, how, cx)?;
            }
        }
        Ok(())
    }

    fn expire_by_ttl(&mut self, cx: &mut Context<'_>) -> Result<(), StoreError> {
        if !self.core.config.allow_msg_ttl {
            return Ok(());
        }
        let mut expired = Vec::new();
        self.core
            .store
            .take_expired(cx.now, MAX_EXPIRED, &mut expired);
        for seq in expired {
            self.expire_one(seq, Removal::Delete, cx)?;
        }
        Ok(())
    }

    /// Removes a message whose time is over. A marker takes its place if it
    /// was the last one of its subject (9.4).
    fn expire_one(
        &mut self,
        seq: Seq,
        how: Removal,
        cx: &mut Context<'_>,
    ) -> Result<(), StoreError> {
        if self.core.config.subject_delete_marker_ttl > 0 && !self.core.config.sealed {
            let Some(message) = self.core.store.load(seq)? else {
                return Ok(());
            };
            let is_marker = find(message.header, "Nats-Marker-Reason")
                .is_some_and(|reason| !reason.is_empty())
                || find(message.header, "KV-Operation") == Some(b"PURGE");
            let subject = message.subject.to_vec();
            if !is_marker && self.last_of(&subject)? == Some(seq) && self.mark(&subject, cx) {
                return Ok(());
            }
        }
        self.remove_message(seq, how, Cause::Other, cx)?;
        Ok(())
    }

    /// Stores a delete marker, which takes away the message before it;
    /// whether it could.
    fn mark(&mut self, subject: &[u8], cx: &mut Context<'_>) -> bool {
        let ttl = self.core.config.subject_delete_marker_ttl;
        let ttl = ttl / NANOS_PER_SECOND * NANOS_PER_SECOND;
        let header = format!(
            "NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\nNats-TTL: {}\r\nNats-Rollup: sub\r\n\r\n",
            duration_text(ttl)
        );
        let headers = PublishHeaders::scan(header.as_bytes());
        let message = Incoming {
            subject,
            header: header.as_bytes(),
            payload: b"",
            headers: &headers,
        };
        match self.store_message(&message, Author::Server, cx) {
            Ok(Stored::Appended(_)) => true,
            Ok(Stored::Skipped(_) | Stored::Duplicate(_)) | Err(Refused::Error(_)) => false,
            Err(Refused::Store(error)) => {
                self.warn(&error, cx);
                false
            }
        }
    }
}
