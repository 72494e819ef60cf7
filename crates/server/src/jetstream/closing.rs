//! The end of streams on a worker: of all, or of an account's.

use midge_jetstream::Stream;
use midge_store::Nanos;

use super::mailbox::WorkerMail;
use super::syncer::{self, SyncOutcome};
use super::worker::Worker;

impl Worker {
    /// Writes everything for the last time.
    pub(super) fn stop(&mut self, now: Nanos) {
        let numbers: Vec<u32> = self.hosts.iter().map(|(number, _)| number as u32).collect();
        self.close_streams(&numbers, now);
        self.stopped = true;
    }

    /// Ends streams, whose files stay.
    pub(super) fn close_streams(&mut self, numbers: &[u32], now: Nanos) {
        for number in numbers {
            self.with_host(*number, now, |stream, cx| stream.shutdown(cx));
            self.settle_host(*number, now);
        }
        // Nothing is acknowledged that is not on disk.
        let mut later = Vec::new();
        while self.syncing {
            let mut mail = Vec::new();
            self.mailbox.receive(&mut mail, None, &mut self.spin);
            for item in mail {
                match item {
                    WorkerMail::Synced(outcome) => self.on_synced(&outcome),
                    other => later.push(other),
                }
            }
        }
        let all: Vec<u32> = self.hosts.iter().map(|(number, _)| number as u32).collect();
        let mut outcome = SyncOutcome::default();
        for number in all {
            if let Err(error) = self.take_tasks(number) {
                outcome.failed.push((number, error.to_string()));
            }
        }
        let synced = syncer::run_all(std::mem::take(&mut self.tasks));
        outcome.failed.extend(synced.failed);
        // What waited for the sync before was released by it.
        std::mem::swap(&mut self.covered, &mut self.uncovered);
        self.on_synced(&outcome);
        self.publisher.send(&self.shared);
        self.compress_finished();
        let streams: Vec<(String, Stream)> = numbers
            .iter()
            .filter_map(|number| self.remove_host(*number))
            .map(|host| {
                let name = format!("{} > {}", host.account.name, host.stream.name());
                (name, host.stream)
            })
            .collect();
        let log = &self.shared.log;
        let closed = midge_store::each_at_once(streams, |(name, stream)| {
            stream
                .close()
                .inspect_err(|error| log.error(format_args!("JetStream stream '{name}': {error}")))
        });
        // Each has been logged.
        drop(closed);
        self.later = later;
    }
}
