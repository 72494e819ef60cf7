//! What the monitoring port is told: totals, and streams one by one.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use midge_jetstream::consumer::info::Detail;
use midge_jetstream::stream::info::ClusterInfo;
use midge_store::{Nanos, StoreError};

use super::JetStream;
use super::command::Command;
use super::mailbox::{WorkerMail, WorkerMailbox};
use super::worker::Worker;
use crate::monitor::jsz::StreamDetail;

/// Wait for a thread's answer; the bound that lists have, too.
const PATIENCE: Duration = Duration::from_secs(4);

/// What is wanted besides totals.
#[derive(Debug, Default)]
pub(crate) struct ReportQuery {
    /// The accounts whose streams are described.
    pub(crate) accounts: Vec<u32>,
    /// With their consumers.
    pub(crate) consumers: bool,
    /// With the consumers that feed mirrors and sources.
    pub(crate) direct_consumers: bool,
    /// With the configurations.
    pub(crate) config: bool,
}

/// Totals of all streams, and some of the streams.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Streams.
    pub(crate) streams: u64,
    /// Consumers, without those that feed mirrors and sources.
    pub(crate) consumers: u64,
    /// Messages.
    pub(crate) messages: u64,
    /// Bytes.
    pub(crate) bytes: u64,
    /// Streams, with the numbers of their accounts.
    pub(crate) details: Vec<(u32, StreamDetail)>,
}

/// What a worker can not write.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// Streams whose last write or sync failed: account, name, and why.
    pub(crate) streams: Vec<(u32, String, String)>,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.streams += other.streams;
        self.consumers += other.consumers;
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.details.extend(other.details);
    }
}

fn ask<T>(of: &WorkerMailbox, make: impl FnOnce(SyncSender<T>) -> Command) -> Receiver<T> {
    let (answer, received) = sync_channel(1);
    of.send(WorkerMail::Command(Box::new(make(answer))));
    received
}

impl JetStream {
    /// Gathers a report from all workers. Those that do not answer are left
    /// out.
    pub(crate) fn report(&self, query: ReportQuery) -> Report {
        let query = Arc::new(query);
        let mut answers = Vec::with_capacity(self.workers.len());
        for worker in &self.workers {
            answers.push(ask(worker, |answer| Command::Report(query.clone(), answer)));
        }
        let mut report = Report::default();
        for part in answers {
            if let Ok(part) = part.recv_timeout(PATIENCE) {
                report.add(part);
            }
        }
        let name = |detail: &(u32, StreamDetail)| detail.1.name.clone();
        report.details.sort_by_cached_key(name);
        report
    }

    /// Account and name of every stream, those that cannot be run included;
    /// `None` if the API thread does not answer.
    pub(crate) fn all_streams(&self) -> Option<Vec<(u32, String)>> {
        let names = ask(&self.api, Command::AllStreams);
        names.recv_timeout(PATIENCE).ok()
    }

    /// What workers can not write; `None` if one does not answer.
    pub(crate) fn failures(&self) -> Option<Vec<Failures>> {
        let mut answers = Vec::with_capacity(self.workers.len());
        for worker in &self.workers {
            answers.push(ask(worker, Command::Failures));
        }
        let answers = answers
            .iter()
            .map(|answer| answer.recv_timeout(PATIENCE).ok());
        answers.collect()
    }

    /// Whether a stream has a consumer; `None` if its worker does not answer.
    pub(crate) fn has_consumer(&self, account: u32, stream: &str, consumer: &str) -> Option<bool> {
        let answer = ask(self.worker_of(account, stream), |answer| {
            Command::HasConsumer {
                account,
                stream: stream.to_owned(),
                consumer: consumer.to_owned(),
                answer,
            }
        });
        answer.recv_timeout(PATIENCE).ok()
    }

    /// The folders of accounts and streams in the store.
    pub(crate) fn stored(&self) -> Result<Vec<(String, Vec<String>)>, StoreError> {
        let mut stored = Vec::new();
        for account in self.root.accounts()? {
            let streams = self.root.stream_names(&account)?;
            stored.push((account, streams));
        }
        Ok(stored)
    }
}

impl Worker {
    /// What it can not write.
    pub(super) fn failures(&self) -> Failures {
        let failed = self.hosts.iter().filter_map(|(_, host)| {
            let error = host.write_error()?;
            let name = host.stream.name().to_owned();
            Some((host.account.id, name, error.to_owned()))
        });
        Failures {
            streams: failed.collect(),
        }
    }

    /// Describes its streams.
    pub(super) fn report(&mut self, query: &ReportQuery, now: Nanos) -> Report {
        let numbers: Vec<u32> = self.hosts.iter().map(|(number, _)| number as u32).collect();
        let mut report = Report::default();
        for number in numbers {
            let Some(host) = self.hosts.get(number as usize) else {
                continue;
            };
            let stream = &host.stream;
            let state = stream.state_info();
            report.streams += 1;
            report.consumers += state.consumer_count as u64;
            report.messages += state.messages;
            report.bytes += state.bytes;
            let account = host.account.id;
            if !query.accounts.contains(&account) {
                continue;
            }
            let mut detail = StreamDetail {
                name: stream.name().to_owned(),
                created: stream.created().into(),
                cluster: ClusterInfo {
                    leader: self.shared.identity.name.clone(),
                },
                config: query.config.then(|| Box::new(stream.config().clone())),
                state,
                consumer_detail: Vec::new(),
                direct_consumer_detail: Vec::new(),
            };
            if query.consumers {
                let brief = if query.config {
                    Detail::Listed
                } else {
                    Detail::Brief
                };
                let with_direct = query.direct_consumers;
                self.with_host(number, now, |stream, cx| {
                    detail.consumer_detail = stream.consumer_infos(false, brief, cx);
                    if with_direct {
                        detail.direct_consumer_detail = stream.consumer_infos(true, brief, cx);
                    }
                });
            }
            report.details.push((account, detail));
        }
        report
    }
}
