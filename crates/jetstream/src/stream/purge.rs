//! Purge, rollup and deletion of messages (jetstream-streams.md 8).

use midge_store::{Appended, Counting, Filter, Purge, Removal, RemovedMany, Seq, StoreError};
use midge_subject::{covers, overlaps};

use super::Stream;
use super::limits::Cause;
use super::publish::Rollup;
use crate::config::Storage;
use crate::context::Context;
use crate::error::ApiError;
use crate::error::catalogue as errors;
use crate::header::PublishHeaders;

/// What a purge request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PurgeRequest {
    /// Only messages below this sequence; 0 is no bound.
    pub seq: u64,
    /// Only messages on this subject or pattern.
    pub filter: String,
    /// How many of the newest stay.
    pub keep: u64,
}

/// Whether what is purged is none of the messages of a consumer with these
/// filters.
fn is_elsewhere(purged: &Filter, own: &[&str]) -> bool {
    *purged != Filter::All
        && !own.is_empty()
        && !purged.patterns().iter().any(|purged| {
            own.iter()
                .any(|own| overlaps(purged.as_bytes(), own.as_bytes()))
        })
}

impl Stream {
    /// Purges by request; how many messages went.
    pub(super) fn purge(
        &mut self,
        request: &PurgeRequest,
        cx: &mut Context<'_>,
    ) -> Result<u64, ApiError> {
        if request.seq > 0 && request.keep > 0 {
            return Err(errors::BAD_REQUEST);
        }
        if self.core.config.sealed {
            return Err(errors::STREAM_SEALED);
        }
        if self.core.config.deny_purge {
            return Err(errors::STREAM_PURGE_FAILED.with("stream purge not permitted"));
        }
        if request.seq == 1 {
            return Ok(0);
        }
        let purge = Purge {
            filter: Filter::subject(request.filter.as_bytes()),
            below: (request.seq > 0).then_some(Seq(request.seq)),
            keep: request.keep,
        };
        let purged = if purge.filter != Filter::All || purge.keep > 0 {
            self.purge_or_delete(&purge, cx)
        } else {
            self.purge_store(&purge, cx).map(|removed| removed.messages)
        };
        purged.map_err(|error| errors::STREAM_GENERAL.with(error.without_path()))
    }

    /// Purges some of the messages; how many went. If it is a single one, it is
    /// also deleted, in the eyes of consumers that wait for it.
    fn purge_or_delete(&mut self, purge: &Purge, cx: &mut Context<'_>) -> Result<u64, StoreError> {
        // What can not be read can be purged all the same.
        if let Ok(Some(seq)) = self.only_purged(purge) {
            self.remove_message(seq, Removal::Delete, Cause::Other, cx)?;
            self.after_purge(purge, cx);
            return Ok(1);
        }
        Ok(self.purge_store(purge, cx)?.messages)
    }

    /// The message that a purge is about, if it is exactly one.
    fn only_purged(&mut self, purge: &Purge) -> Result<Option<Seq>, StoreError> {
        let store = &mut self.core.store;
        let below = purge.below.unwrap_or(Seq::MAX);
        let mut next = |from| -> Result<Option<Seq>, StoreError> {
            let found = store.next(&purge.filter, from)?.map(|message| message.seq);
            Ok(found.filter(|seq| *seq < below))
        };
        let Some(first) = next(Seq(1))? else {
            return Ok(None);
        };
        let is_only = if purge.keep > 0 {
            // Lost messages may still be counted.
            store.lost().messages.is_empty()
                && store.count(&purge.filter, first, Counting::Messages)?
                    == purge.keep.saturating_add(1)
        } else {
            next(first.next())?.is_none()
        };
        Ok(is_only.then_some(first))
    }

    /// [`purge`](Self::purge), and hands it to the operating system: the reply
    /// says whether it was done. What was staged before goes on its own, as
    /// publishes that find no space must not take the purge that makes some with
    /// them.
    pub(super) fn purge_now(
        &mut self,
        request: &PurgeRequest,
        cx: &mut Context<'_>,
    ) -> Result<u64, ApiError> {
        // Who lost something by it is told by an answer.
        let _ = self.flush_store(cx);
        let purged = self.purge(request, cx)?;
        self.flush_store(cx)
            .map_err(|error| errors::STREAM_GENERAL.with(error.without_path()))?;
        Ok(purged)
    }

    /// The same for [`delete_message`](Self::delete_message).
    pub(super) fn delete_now(
        &mut self,
        seq: Seq,
        erase: bool,
        cx: &mut Context<'_>,
    ) -> Result<(), ApiError> {
        let _ = self.flush_store(cx);
        self.delete_message(seq, erase, cx)?;
        self.flush_store(cx)
            .map_err(|error| errors::STREAM_MSG_DELETE_FAILED.with(error.without_path()))
    }

    /// Purges, and lets consumers know.
    pub(super) fn purge_store(
        &mut self,
        purge: &Purge,
        cx: &mut Context<'_>,
    ) -> Result<RemovedMany, StoreError> {
        let removed = self.core.store.purge(purge)?;
        self.after_purge(purge, cx);
        Ok(removed)
    }

    fn after_purge(&mut self, purge: &Purge, cx: &mut Context<'_>) {
        let filter = &purge.filter;
        self.core.groups.note_removed_many();
        self.expiry.restart();
        let mut woken = Vec::new();
        let mut lowest = Seq::MAX;
        for consumer in self.consumers.all_mut() {
            let own = consumer.filters();
            if is_elsewhere(filter, &own) {
                lowest = lowest.min(consumer.lowest_tracked().unwrap_or(Seq::MAX));
                continue;
            }
            let covered = *filter == Filter::All
                || (!own.is_empty()
                    && own.iter().all(|own| {
                        filter
                            .patterns()
                            .iter()
                            .any(|purged| covers(purged.as_bytes(), own.as_bytes()))
                    }));
            let first = if covered && *filter != Filter::All {
                first_match(&mut self.core, &own)
            } else {
                self.core.store.state().first
            };
            let store = &mut self.core.store;
            let mut is_there = |seq: Seq| store.load(seq).ok().flatten().is_some();
            consumer.purged(&mut is_there, first, cx.now);
            lowest = lowest.min(consumer.lowest_tracked().unwrap_or(Seq::MAX));
            woken.push(consumer.id);
        }
        self.core.lowest_pending = lowest;
        self.consumers.note_all_changed();
        for id in woken {
            self.wake(id);
        }
    }

    /// Removes what a stored message replaces.
    pub(super) fn roll_up(
        &mut self,
        rollup: Rollup,
        subject: &[u8],
        seq: Seq,
        appended: &Appended,
        cx: &mut Context<'_>,
    ) -> Result<(), StoreError> {
        // One message goes on its own, of which its consumers are told.
        if rollup == Rollup::Subject && appended.subject_messages <= 2 {
            if let Some(state) = self.core.store.subject_state(subject)?
                && state.first < seq
            {
                self.remove_message(state.first, Removal::Delete, Cause::Other, cx)?;
            }
            return Ok(());
        }
        self.roll_up_all(rollup, subject, seq, cx)
    }

    /// [`roll_up`](Self::roll_up) whatever the number of messages.
    pub(super) fn roll_up_all(
        &mut self,
        rollup: Rollup,
        subject: &[u8],
        seq: Seq,
        cx: &mut Context<'_>,
    ) -> Result<(), StoreError> {
        let filter = match rollup {
            Rollup::Subject => Filter::subject(subject),
            Rollup::All => Filter::All,
        };
        let purge = Purge {
            filter,
            below: Some(seq),
            keep: 0,
        };
        self.purge_or_delete(&purge, cx).map(drop)
    }

    /// What the last message replaces is gone: a crash may have come between.
    pub(super) fn finish_roll_up(&mut self, cx: &mut Context<'_>) -> Result<(), StoreError> {
        let config = &self.core.config;
        // A mirror keeps what its origin keeps.
        if !config.allow_rollup_hdrs || config.deny_purge || config.mirror.is_some() {
            return Ok(());
        }
        let last = self.core.store.state().last;
        let message = match self.core.store.load(last) {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(()),
            Err(error) => return Err(error),
        };
        let rollup = PublishHeaders::scan(message.header).rollup;
        let Some(rollup) = rollup.and_then(Rollup::parse) else {
            return Ok(());
        };
        let subject = message.subject.to_vec();
        self.roll_up_all(rollup, &subject, last, cx)
    }

    /// Whether messages may be deleted by request.
    pub(super) fn may_delete(&self) -> Result<(), ApiError> {
        if self.core.config.sealed {
            return Err(errors::STREAM_SEALED);
        }
        if self.core.config.deny_delete {
            return Err(errors::STREAM_MSG_DELETE_FAILED.with("message delete not permitted"));
        }
        Ok(())
    }

    /// Deletes one message by request.
    pub(super) fn delete_message(
        &mut self,
        seq: Seq,
        erase: bool,
        cx: &mut Context<'_>,
    ) -> Result<(), ApiError> {
        self.may_delete()?;
        let how = if erase {
            Removal::Erase
        } else {
            Removal::Delete
        };
        match self.remove_message(seq, how, Cause::Other, cx) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.nothing_to_delete(seq)),
            Err(error) => Err(errors::STREAM_MSG_DELETE_FAILED.with(error.without_path())),
        }
    }

    fn nothing_to_delete(&self, seq: Seq) -> ApiError {
        let state = self.core.store.state();
        if self.core.config.storage == Storage::File && seq > state.last {
            errors::STREAM_MSG_DELETE_FAILED.with("stream store EOF")
        } else if self.core.config.storage == Storage::File && seq < state.first {
            errors::STREAM_MSG_DELETE_FAILED.with("no message found")
        } else {
            errors::SEQUENCE_NOT_FOUND.with(seq)
        }
    }
}

/// The first message that is left for these filters; after the last one if
/// there is none.
fn first_match(core: &mut super::Core, filters: &[&str]) -> Seq {
    let last = core.store.state().last;
    core.store
        .next(&Filter::new(filters), Seq(1))
        .ok()
        .flatten()
        .map_or(last.next(), |message| message.seq)
}
