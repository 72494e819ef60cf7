//! Limits: what is refused, what makes room, and removal
//! (jetstream-streams.md 4, 19.2).

use midge_store::{Appended, Filter, Front, Nanos, Removal, Seq, StoreError};

use super::Stream;
use super::publish::{Incoming, Refused};
use crate::config::{Discard, Storage};
use crate::consumer::ConsumerId;
use crate::context::Context;
use crate::effects::Event;
use crate::error::catalogue as errors;
use crate::units::{NANOS_PER_SECOND, after};

/// Excess above which messages are removed in blocks instead of one by one;
/// consumers then count anew.
const MANY: u64 = 1024;

/// Time between two lines in the log about messages for which the account has
/// no room, in nanoseconds.
const WARN_EVERY: i64 = NANOS_PER_SECOND;
/// The same for those for which the server has none, as the peer has it.
const WARN_OF_SERVER_EVERY: i64 = 10 * NANOS_PER_SECOND;

/// The same for those at which the store failed.
const WARN_OF_STORE_EVERY: i64 = 10 * NANOS_PER_SECOND;

/// When the log may be told again of refused messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextWarnings {
    server: Nanos,
    account: Nanos,
    store: Nanos,
    /// Failures of the store at publishes since the last line.
    untold: u64,
}

impl NextWarnings {
    /// At once.
    pub const NOW: Self = Self {
        server: Nanos::NONE,
        account: Nanos::NONE,
        store: Nanos::NONE,
        untold: 0,
    };

    /// The store failed at a publish: how often it did since the last line, if
    /// it is time for one.
    pub fn store_failed(&mut self, now: Nanos) -> Option<u64> {
        if now < self.store {
            self.untold += 1;
            return None;
        }
        self.store = after(now, WARN_OF_STORE_EVERY);
        Some(std::mem::take(&mut self.untold))
    }
}

fn word(storage: Storage) -> &'static str {
    match storage {
        Storage::File => "file",
        Storage::Memory => "memory",
    }
}

/// Why a message is removed, as far as consumers are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Consumers are done with it: nobody waits for it.
    Settled,
    /// Something else: consumers that wait for it are told.
    Other,
}

/// What left the stream.
#[derive(Clone, Copy, Debug)]
enum Gone {
    One(Seq),
    Below(Seq),
}

impl Stream {
    fn unreported(&self) -> i64 {
        i64::try_from(self.core.store.state().bytes).unwrap_or(i64::MAX) - self.reported_bytes
    }

    /// Whether the server has room for a message. Tells the log if not.
    pub(super) fn check_server_room(
        &mut self,
        size: u64,
        cx: &mut Context<'_>,
    ) -> Result<(), Refused> {
        let settings = &self.core.settings;
        let storage = self.core.config.storage;
        let limit = match storage {
            Storage::File => settings.limits.max_storage,
            Storage::Memory => settings.limits.max_memory,
        };
        if limit == i64::MAX {
            return Ok(());
        }
        let used = settings.server_usage.bytes(storage) + self.unreported();
        if used.saturating_add_unsigned(size) <= limit {
            return Ok(());
        }
        if cx.now >= self.next_warnings.server {
            cx.out.event(Event::Warning(format!(
                "JetStream {} resource limits exceeded for server",
                word(storage)
            )));
            self.next_warnings.server = after(cx.now, WARN_OF_SERVER_EVERY);
        }
        Err(errors::INSUFFICIENT_RESOURCES.into())
    }

    /// Whether the account has room for a message. Tells the log if not.
    pub(super) fn check_account_room(
        &mut self,
        size: u64,
        cx: &mut Context<'_>,
    ) -> Result<(), Refused> {
        let settings = &self.core.settings;
        let storage = self.core.config.storage;
        let Some(limits) = &settings.account_limits else {
            return Err(errors::NO_LIMITS.into());
        };
        let limit = match storage {
            Storage::File => limits.max_storage,
            Storage::Memory => limits.max_memory,
        };
        if limit < 0 {
            return Ok(());
        }
        let used = settings.account_usage.bytes(storage) + self.unreported();
        if used.saturating_add_unsigned(size) <= limit {
            return Ok(());
        }
        if cx.now >= self.next_warnings.account {
            cx.out.event(Event::Warning(format!(
                "JetStream {} resource limits exceeded for account: {:?}",
                word(storage),
                settings.account
            )));
            self.next_warnings.account = after(cx.now, WARN_EVERY);
        }
        Err(errors::ACCOUNT_RESOURCES_EXCEEDED.into())
    }

    /// Whether a stream that refuses what it has no room for has room (4.2).
    pub(super) fn check_discard_new(
        &mut self,
        message: &Incoming<'_>,
        size: u64,
    ) -> Result<(), Refused> {
        let config = &self.core.config;
        let state = self.core.store.state();
        let refuse = |text: &str| Err(errors::STREAM_STORE_FAILED.with(text).into());
        let is_subject_full = u64::try_from(config.max_msgs_per_subject)
            .is_ok_and(|max| self.core.store.subject_messages(message.subject) >= max);
        if is_subject_full && config.discard_new_per_subject && message.headers.rollup.is_none() {
            return refuse("maximum messages per subject exceeded");
        }
        if u64::try_from(config.max_msgs).is_ok_and(|max| state.messages >= max) && !is_subject_full
        {
            return refuse("maximum messages exceeded");
        }
        if u64::try_from(config.max_bytes).is_ok_and(|max| state.bytes + size > max) {
            let replaced = if is_subject_full {
                self.size_of_oldest(message.subject)?
            } else {
                0
            };
            if replaced < size {
                return refuse("maximum bytes exceeded");
            }
        }
        Ok(())
    }

    fn size_of_oldest(&mut self, subject: &[u8]) -> Result<u64, StoreError> {
        let store = &mut self.core.store;
        let Some(first) = store.subject_state(subject)?.map(|state| state.first) else {
            return Ok(0);
        };
        let Some(lengths) = store
            .load(first)?
            .map(|oldest| (oldest.header.to_vec(), oldest.payload.to_vec()))
        else {
            return Ok(0);
        };
        Ok(store.size_of(subject, &lengths.0, &lengths.1))
    }

    /// Makes room after a message came in (4.1).
    pub(super) fn enforce_after(
        &mut self,
        subject: &[u8],
        appended: &Appended,
        cx: &mut Context<'_>,
    ) -> Result<(), StoreError> {
        if let Ok(max) = u64::try_from(self.core.config.max_msgs_per_subject)
            && appended.subject_messages > max
        {
            self.trim_subject(subject, max, cx)?;
        }
        self.enforce_totals(cx)
    }

    fn trim_subject(
        &mut self,
        subject: &[u8],
        max: u64,
        cx: &mut Context<'_>,
    ) -> Result<(), StoreError> {
        while let Some(state) = self.core.store.subject_state(subject)?
            && state.messages > max
        {
            if !self.remove_message(state.first, Removal::Limit, Cause::Other, cx)? {
                break;
            }
        }
        Ok(())
    }

    fn enforce_totals(&mut self, cx: &mut Context<'_>) -> Result<(), StoreError> {
        if self.core.config.discard == Discard::New {
            return Ok(());
        }
        let (max_msgs, max_bytes) = (self.core.config.max_msgs, self.core.config.max_bytes);
        if let Ok(max) = u64::try_from(max_msgs) {
            let excess = self.core.store.state().messages.saturating_sub(max);
            if excess > MANY {
                self.remove_many(Front::Messages(max), cx)?;
            }
            while self.core.store.state().messages > max && self.remove_first(cx)? {}
        }
        if let Ok(max) = u64::try_from(max_bytes) {
            if self.core.store.state().bytes > max.saturating_add(max / 2)
                && self.core.store.state().messages > MANY
            {
                self.remove_many(Front::Bytes(max), cx)?;
            }
            while self.core.store.state().bytes > max && self.remove_first(cx)? {}
        }
        Ok(())
    }

    /// Applies all limits to what is stored, after they changed or at a
    /// start.
    pub(super) fn enforce_all(&mut self, cx: &mut Context<'_>) -> Result<(), StoreError> {
        if let Ok(max) = u64::try_from(self.core.config.max_msgs_per_subject) {
            let mut full = Vec::new();
            self.core
                .store
                .subjects(&Filter::All, &mut |subject, messages| {
                    if messages > max {
                        full.push(subject.to_vec());
                    }
                    std::ops::ControlFlow::Continue(())
                });
            for subject in full {
                self.trim_subject(&subject, max, cx)?;
            }
        }
        self.enforce_totals(cx)
    }

    fn remove_first(&mut self, cx: &mut Context<'_>) -> Result<bool, StoreError> {
        let state = self.core.store.state();
        if state.messages == 0 {
            return Ok(false);
        }
        self.remove_message(state.first, Removal::Limit, Cause::Other, cx)
    }

    fn remove_many(&mut self, front: Front, cx: &mut Context<'_>) -> Result<(), StoreError> {
        self.core.store.remove_front(front)?;
        self.core.groups.note_removed_many();
        let first = self.core.store.state().first;
        if self.core.lowest_pending < first {
            self.drop_from_consumers(Gone::Below(first), cx);
        }
        Ok(())
    }

    /// Removes a message; whether it was there. Consumers that wait for its
    /// acknowledgement are told.
    pub(super) fn remove_message(
        &mut self,
        seq: Seq,
        how: Removal,
        cause: Cause,
        cx: &mut Context<'_>,
    ) -> Result<bool, StoreError> {
        match self.core.store.remove(seq, how)? {
            Some(removed) => self.core.groups.note_removed(seq, removed.subject),
            None => return Ok(false),
        }
        if cause == Cause::Other && seq >= self.core.lowest_pending {
            self.drop_from_consumers(Gone::One(seq), cx);
        }
        Ok(true)
    }

    /// Messages left the stream that consumers may wait for.
    fn drop_from_consumers(&mut self, what: Gone, cx: &mut Context<'_>) {
        let mut lowest = Seq::MAX;
        let mut woken: Vec<ConsumerId> = Vec::new();
        for consumer in self.consumers.all_mut() {
            let gone: Vec<Seq> = match what {
                Gone::One(seq) if consumer.tracks(seq) => vec![seq],
                Gone::One(_) => Vec::new(),
                Gone::Below(first) => consumer.tracked().filter(|seq| *seq < first).collect(),
            };
            for seq in gone {
                consumer.drop_deleted(seq, crate::consumer::DELETED, &mut self.core, cx);
                woken.push(consumer.id);
            }
            lowest = lowest.min(consumer.lowest_tracked().unwrap_or(Seq::MAX));
        }
        self.core.lowest_pending = lowest;
        for id in woken {
            self.consumers.note_changed(id);
            self.wake(id);
        }
    }

    /// Tells the log that the store failed at something that nobody asked
    /// for.
    pub(super) fn warn(&self, error: &StoreError, cx: &mut Context<'_>) {
        cx.out.event(Event::Warning(format!(
            "JetStream stream '{} > {}': {error}",
            self.core.settings.account, self.core.config.name
        )));
    }
}
