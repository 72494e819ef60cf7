//! Messages that leave because consumers are done with them
//! (jetstream-streams.md 13, jetstream-consumers.md 3.6).

use midge_store::{Filter, Removal, Seq, StoreError};

use super::Stream;
use super::limits::Cause;
use crate::config::Retention;
use crate::context::Context;

impl Stream {
    /// Removes the messages that consumers have finished with, if nobody else
    /// needs them.
    pub(super) fn apply_retention(&mut self, cx: &mut Context<'_>) {
        if self.core.settled.is_empty() {
            return;
        }
        let mut settled = std::mem::take(&mut self.core.settled);
        for seq in settled.drain(..) {
            let goes = match self.core.config.retention {
                Retention::Limits => false,
                Retention::WorkQueue => true,
                Retention::Interest => !self.is_needed(seq),
            };
            if !goes {
                continue;
            }
            // A flush that fails brings it back.
            self.settled_unflushed.push(seq);
            if let Err(error) = self.remove_message(seq, Removal::Delete, Cause::Settled, cx) {
                self.warn(&error, cx);
            }
        }
        self.core.settled = settled;
    }

    /// Whether any consumer needs a message.
    fn is_needed(&mut self, seq: Seq) -> bool {
        // Who needed one message usually needs the next one, too.
        if let Some(blocker) = self.blocker
            && let Some(consumer) = self.consumers.get(blocker)
            && consumer.filters().is_empty()
            && consumer.needs(seq)
        {
            return true;
        }
        let mut subject: Option<Vec<u8>> = None;
        for consumer in self.consumers.all() {
            if !consumer.needs(seq) {
                continue;
            }
            let Some(group) = self.core.groups.get(consumer.group()) else {
                continue;
            };
            let matches = match group.filter() {
                Filter::All => true,
                filter @ (Filter::One(_) | Filter::Many(_)) => {
                    if subject.is_none() {
                        let message = self.core.store.load(seq).ok().flatten();
                        subject = message.map(|message| message.subject.to_vec());
                    }
                    subject
                        .as_ref()
                        .is_some_and(|subject| filter.matches(subject))
                }
            };
            if matches {
                self.blocker = Some(consumer.id);
                return true;
            }
        }
        false
    }

    /// Removes everything that nobody needs from a stream with interest
    /// retention: after a consumer or its filters are gone, after a change of
    /// retention, at a start. A work queue keeps what was not acknowledged,
    /// even if its consumer has passed by under another filter.
    pub(super) fn remove_unneeded(&mut self, cx: &mut Context<'_>) {
        if self.core.config.retention == Retention::Interest
            && let Err(error) = self.sweep(cx)
        {
            self.warn(&error, cx);
        }
    }

    /// Looks at every message.
    fn sweep(&mut self, cx: &mut Context<'_>) -> Result<(), StoreError> {
        let mut from = self.core.store.state().first;
        while let Some(message) = self.core.store.next(&Filter::All, from)? {
            let seq = message.seq;
            let subject = message.subject;
            let needed = self.consumers.all().any(|consumer| {
                let group = self.core.groups.get(consumer.group());
                group.is_some_and(|group| group.filter().matches(subject)) && consumer.needs(seq)
            });
            from = seq.next();
            if !needed && self.remove_message(seq, Removal::Delete, Cause::Settled, cx)? {
                self.settled_unflushed.push(seq);
            }
        }
        Ok(())
    }
}
