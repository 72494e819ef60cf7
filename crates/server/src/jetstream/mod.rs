//! JetStream on this server: the threads that drive the streams of
//! `midge-jetstream` on the stores of `midge-store`.
//!
//! | module | what happens there |
//! | --- | --- |
//! | [`start`] | options → threads; streams as they were left |
//! | [`reload`] | changed options, while streams go on |
//! | [`api`], [`delayed`] | requests about an account's streams as a whole |
//! | [`system_requests`] | requests of the system account |
//! | [`audit`] | events about those requests |
//! | [`worker`], [`timers`], [`commands`], [`closing`] | the thread that streams live on |
//! | [`host`] | one stream there, and its subscriptions |
//! | [`sync`], [`syncer`], [`durability`] | waiting for the disk |
//! | [`aside`] | threads that compress and read blocks |
//! | [`publisher`] | what streams send, on its way to clients |
//! | [`report`] | what the monitoring port is told |
//! | [`mailbox`], [`command`], [`routes`] | what reaches a worker |

mod api;
mod aside;
pub(crate) mod audit;
mod closing;
mod command;
mod commands;
mod delayed;
pub mod durability;
mod files;
mod host;
mod interest;
mod mailbox;
mod publisher;
mod reload;
mod report;
mod routes;
mod start;
mod sync;
mod syncer;
mod system_requests;
mod timers;
mod worker;

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use arc_swap::ArcSwap;
use midge_jetstream::catalog::{ApiCounters, Reservations};
use midge_jetstream::context::Settings;
use midge_jetstream::effects::Kind;
use midge_jetstream::limits::ServerLimits;
use midge_jetstream::usage::Usage;
use midge_store::StoreRoot;
use parking_lot::{Mutex, RwLock};

use crate::account::Account;
use crate::batch::{API_DESTINATION, FIRST_WORKER};
use command::Command;
use durability::Durability;

pub(crate) use mailbox::{WorkerMail, WorkerMailbox};
pub(crate) use report::ReportQuery;
pub(crate) use start::start;
pub use start::{AccountPlan, Plan};

/// Time for each thread to write everything at the end.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// What streams and others know of an account that has JetStream.
pub(crate) struct AccountState {
    pub(crate) account: Arc<Account>,
    /// What its streams are told.
    pub(crate) settings: ArcSwap<Settings>,
    /// How often the API was used.
    pub(crate) api: Arc<ApiCounters>,
}

impl AccountState {
    /// Counts a message if it is a reply of the API.
    pub(crate) fn count(&self, kind: Kind) {
        if let Kind::ApiReply { is_error } = kind {
            self.api.total.fetch_add(1, Ordering::Relaxed);
            if is_error {
                self.api.errors.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// What may wait at most.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// Messages for one stream.
    pub messages: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Requests of the API that change something.
    pub requests: usize,
    /// Requests that ask for something.
    pub info_requests: usize,
}

/// JetStream as the threads of the server share it.
pub(crate) struct JetStream {
    workers: Vec<Arc<WorkerMailbox>>,
    api: Arc<WorkerMailbox>,
    root: Arc<StoreRoot>,
    durability: Durability,
    queues: QueueLimits,
    pub(crate) domain: String,
    /// Limits of the server.
    pub(crate) limits: ArcSwap<ServerLimits>,
    /// Name of the server.
    server_name: String,
    /// The folder of the store.
    pub(crate) folder: PathBuf,
    accounts: RwLock<HashMap<u32, Arc<AccountState>>>,
    /// Accounts whose requests are heard.
    heard: Mutex<Vec<Arc<Account>>>,
    pub(crate) reservations: Arc<Reservations>,
    /// Bytes that all accounts use.
    pub(crate) usage: Arc<Usage>,
    hasher: foldhash::fast::FixedState,
}

impl JetStream {
    /// Where a thread is left work.
    pub(crate) fn mailbox(&self, to: u16) -> &WorkerMailbox {
        if to == API_DESTINATION {
            return &self.api;
        }
        let index = usize::from(to.saturating_sub(FIRST_WORKER));
        self.workers.get(index).unwrap_or(&self.api)
    }

    /// Number of workers.
    pub(crate) fn worker_count(&self) -> usize {
        self.workers.len()
    }

    /// The accounts that have JetStream.
    pub(crate) fn accounts(&self) -> Vec<Arc<AccountState>> {
        self.accounts.read().values().cloned().collect()
    }

    /// An account, if it has JetStream.
    pub(crate) fn account(&self, id: u32) -> Option<Arc<AccountState>> {
        self.accounts.read().get(&id).cloned()
    }

    fn worker_index(&self, account: u32, stream: &str) -> usize {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u32(account);
        hasher.write(stream.as_bytes());
        hasher.finish() as usize % self.workers.len().max(1)
    }

    /// The worker on which a stream lives.
    fn worker_of(&self, account: u32, stream: &str) -> &WorkerMailbox {
        let index = self.worker_index(account, stream);
        self.workers.get(index).unwrap_or(&self.api)
    }

    /// Whether a worker is behind with the messages it was sent.
    fn has_full_worker(&self) -> bool {
        self.workers.iter().any(|mailbox| mailbox.is_full())
    }

    /// What waits for each thread, by names of queues.
    pub(crate) fn queue_lengths(&self) -> Vec<(String, u64)> {
        let api = ("JetStream API queue".to_owned(), &self.api);
        let workers = self.workers.iter().enumerate();
        let workers = workers.map(|(id, mailbox)| (format!("JetStream worker {id} mail"), mailbox));
        std::iter::once(api)
            .chain(workers)
            .map(|(name, mailbox)| (name, mailbox.waiting() as u64))
            .collect()
    }

    /// Writes everything and ends the threads.
    pub(crate) fn stop(&self) {
        self.hear_no_requests();
        // The API first: it gives work to the others.
        for mailbox in std::iter::once(&self.api).chain(&self.workers) {
            let (answer, done) = sync_channel(1);
            let command = Box::new(Command::Stop(answer));
            mailbox.send(WorkerMail::Command(command));
            let _ = done.recv_timeout(STOP_PATIENCE);
        }
    }
}
