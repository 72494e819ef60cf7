//! When a worker syncs, and what happens then: answers leave that waited for
//! it, or a stream takes nothing until all of it was written anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use midge_jetstream::Effects;
use midge_jetstream::effects::When;
use midge_store::StoreError;

use super::durability::Durability;
use super::syncer::{self, HostTask, SyncOutcome};
use super::worker::{Worker, describe};
use crate::account::Account;

/// Most messages of a turn after which the worker waits for the disk itself:
/// with more there is more to come, which the wait would hold up.
const FEW_MESSAGES: usize = 2;

/// Longest sync, as the last one went, for which it does.
const QUICK_SYNC: Duration = Duration::from_millis(1);

/// Longest sync, as the last one went, for whose end the publisher's shard stays
/// awake: it would be woken soon after it has fallen asleep, which takes as long
/// as a quarter of such a sync.
const AWAITED_SYNC: Duration = Duration::from_micros(400);

/// Time between two syncs of what nobody waits for, where others do.
const BACKGROUND_SYNC: Duration = Duration::from_secs(10);

/// Effects that wait for the disk.
pub(super) struct Waiting {
    /// The stream they are of.
    pub(super) host: u32,
    pub(super) account: Arc<Account>,
    pub(super) effects: Effects,
}

/// Time between two syncs of what nobody waits for: messages without reply
/// subject, streams that do not wait for the disk.
pub(super) fn sync_interval(durability: Durability) -> Duration {
    match durability {
        Durability::Group => BACKGROUND_SYNC,
        Durability::Interval(interval) => interval,
    }
}

impl Worker {
    /// Begins a sync of everything flushed so far, if anybody waits for it or
    /// its time has come.
    pub(super) fn begin_sync(&mut self, due: bool) {
        if self.syncing || (self.uncovered.is_empty() && !due) {
            return;
        }
        // Those that failed are tried again whether they changed or not.
        let mut numbers = std::mem::take(&mut self.unsynced);
        let again = self.failing.iter().copied();
        numbers.extend(
            again
                .filter(|number| !numbers.contains(number))
                .collect::<Vec<_>>(),
        );
        let mut outcome = SyncOutcome::default();
        self.syncing_hosts.clear();
        for number in numbers {
            match self.take_tasks(number) {
                Ok(()) => self.syncing_hosts.push(number),
                Err(error) => outcome.failed.push((number, error.to_string())),
            }
        }
        std::mem::swap(&mut self.covered, &mut self.uncovered);
        if !outcome.failed.is_empty() {
            self.drop_failed(&outcome);
        }
        if self.tasks.is_empty() {
            self.finish_sync(&SyncOutcome::default());
            return;
        }
        let tasks = std::mem::take(&mut self.tasks);
        self.sync_began = Instant::now();
        if self.may_sync_here() {
            let outcome = syncer::run_all(tasks);
            self.on_synced(&outcome);
            return;
        }
        self.syncing = true;
        self.syncer.begin(tasks);
    }

    /// Whether to wait for the disk on this thread, which spares two wake-ups:
    /// if it is quick, and nobody has anything else to do here.
    fn may_sync_here(&self) -> bool {
        self.arrived <= FEW_MESSAGES
            && self.sync_time <= QUICK_SYNC
            && self.dirty.is_empty()
            && !self.mailbox.has_mail()
    }

    /// Tells the shard whose messages have come when they will be answered, if
    /// that is soon.
    pub(super) fn announce_answers(&self, from: u16) {
        // Twice the time of the last sync covers nearly all.
        if self.arrived <= FEW_MESSAGES
            && !self.syncing
            && self.sync_time <= AWAITED_SYNC
            && let Some(shard) = self.shared.shard(from)
        {
            shard.mailbox.expect(Instant::now() + 2 * self.sync_time);
        }
    }

    /// Gathers what makes a stream durable.
    pub(super) fn take_tasks(&mut self, number: u32) -> Result<(), StoreError> {
        let Some(host) = self.hosts.get_mut(number as usize) else {
            return Ok(());
        };
        host.unsynced = false;
        host.stream.renew()?;
        let mut tasks = Vec::new();
        host.stream.take_syncs(&mut tasks);
        let tasks = tasks.into_iter();
        self.tasks
            .extend(tasks.map(|task| HostTask { host: number, task }));
        Ok(())
    }

    pub(super) fn on_synced(&mut self, outcome: &SyncOutcome) {
        self.syncing = false;
        self.sync_time = self.sync_began.elapsed();
        self.finish_sync(outcome);
    }

    /// Sends what waited for a sync, but for streams that it failed for.
    fn finish_sync(&mut self, outcome: &SyncOutcome) {
        self.drop_failed(outcome);
        for number in std::mem::take(&mut self.syncing_hosts) {
            let failed = outcome.failed.iter().any(|(failed, _)| *failed == number);
            if !failed
                && self.failing.remove(&number)
                && let Some(host) = self.hosts.get_mut(number as usize)
            {
                host.sync_error = None;
                self.shared.log.info(format_args!(
                    "{}",
                    describe(
                        &host.account,
                        &host.stream,
                        &"everything is on disk again, messages are stored"
                    )
                ));
            }
        }
        self.release();
    }

    /// Streams that could not be synced: what cannot be promised is not, their
    /// users get no answer.
    fn drop_failed(&mut self, outcome: &SyncOutcome) {
        for (number, error) in &outcome.failed {
            let Some(host) = self.hosts.get_mut(*number as usize) else {
                continue;
            };
            host.stream.sync_failed();
            self.failing.insert(*number);
            if let Some(line) = host.note_sync_failed(error.clone()) {
                self.shared.log.error(format_args!(
                    "{}",
                    describe(&host.account, &host.stream, &line)
                ));
            }
        }
        if outcome.failed.is_empty() {
            return;
        }
        let is_lost = |waiting: &mut Waiting| {
            let mut failed = outcome.failed.iter();
            failed.any(|(number, _)| *number == waiting.host)
        };
        for waiting in self.covered.extract_if(.., is_lost).collect::<Vec<_>>() {
            self.reuse(waiting.effects);
        }
    }

    /// Sends what has waited for the sync that is done.
    fn release(&mut self) {
        for waiting in std::mem::take(&mut self.covered) {
            let state = self.jetstream.account(waiting.account.id);
            let messages = waiting.effects.messages();
            for message in messages.filter(|message| message.when == When::Durable) {
                self.publish(&waiting.account, state.as_deref(), &message);
            }
            self.reuse(waiting.effects);
        }
    }
}
