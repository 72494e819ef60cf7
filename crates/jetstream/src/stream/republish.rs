//! Stored messages that are published again (jetstream-streams.md 14.2).

use midge_store::{Nanos, Seq};
use midge_subject::{Transform, covers, is_publishable};

use super::Stream;
use super::publish::Incoming;
use crate::config::StreamConfig;
use crate::context::Context;
use crate::effects::{Event, Kind, When};
use crate::header;
use crate::text::push_time;

/// What is published again, and as what.
#[derive(Debug)]
pub(super) struct Republisher {
    transform: Transform,
    headers_only: bool,
    subject: Vec<u8>,
}

impl Republisher {
    /// That of a configuration that was checked; `None` if it has none.
    pub fn of(config: &StreamConfig) -> Option<Self> {
        let republish = config.republish.as_ref()?;
        if republish.dest.is_empty() {
            return None;
        }
        let transform = Transform::new(&republish.src, &republish.dest).ok()?;
        Some(Self {
            transform,
            headers_only: republish.headers_only,
            subject: Vec::new(),
        })
    }

    /// Whether messages of a subject are published again.
    pub fn covers(&self, subject: &[u8]) -> bool {
        covers(self.transform.source().as_bytes(), subject)
    }
}

impl Stream {
    /// Publishes a message that was `stored` at a time again if it is to be.
    /// `previous` is the sequence before it on its subject.
    pub(super) fn republish(
        &mut self,
        message: &Incoming<'_>,
        block: &[u8],
        (seq, stored): (Seq, Nanos),
        previous: Option<Seq>,
        cx: &mut Context<'_>,
    ) {
        let random = &mut self.core.random;
        let Some(republisher) = &mut self.republisher else {
            return;
        };
        let to = &mut republisher.subject;
        to.clear();
        let subject = message.subject;
        if !republisher
            .transform
            .apply(subject, to, |bound| random.below(bound))
        {
            return;
        }
        if !is_publishable(to) {
            cx.out.event(Event::Warning(format!(
                "JetStream stream '{} > {}' can not republish to \"{}\"",
                self.core.settings.account,
                self.core.config.name,
                String::from_utf8_lossy(to)
            )));
            return;
        }
        let name = self.core.config.name.as_bytes();
        let headers_only = republisher.headers_only;
        let draft = cx.out.begin(to, to).header_with(|out| {
            header::open(block, out);
            header::push_line(out, b"Nats-Stream", name);
            header::push_line(out, b"Nats-Subject", subject);
            header::push_number(out, b"Nats-Sequence", seq.0);
            out.extend_from_slice(b"Nats-Time-Stamp: ");
            push_time(out, stored);
            out.extend_from_slice(b"\r\n");
            header::push_number(out, b"Nats-Last-Sequence", previous.unwrap_or(Seq::NONE).0);
            if headers_only {
                header::push_number(out, b"Nats-Msg-Size", message.payload.len() as u64);
            }
            out.extend_from_slice(b"\r\n");
        });
        let draft = if headers_only {
            draft
        } else {
            draft.payload(message.payload)
        };
        draft.finish(Kind::Republish(seq), When::Now);
    }
}
