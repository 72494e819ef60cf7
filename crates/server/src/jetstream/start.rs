//! Options → threads, and streams as they were left.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use midge_jetstream::catalog::Reservations;
use midge_jetstream::config::StreamConfig;
use midge_jetstream::context::Settings;
use midge_jetstream::limits::{AccountLimits, ServerLimits};
use midge_jetstream::stream::{Offline, read_stream_meta};
use midge_jetstream::usage::Usage;
use midge_store::crypt::EncryptionKeys;
use midge_store::disk::RealDisk;
use midge_store::{CacheBudget, Converted, MetaError, RootOptions, StoreError, StoreRoot};
use midge_subject::SubjectArc;
use parking_lot::{Mutex, RwLock};

use super::api::Api;
use super::aside::Aside;
use super::command::{Command, FoundStream};
use super::durability::Durability;
use super::mailbox::WorkerMail;
use super::syncer::Syncer;
use super::worker::{Asides, Worker};
use super::{AccountState, JetStream, QueueLimits};
use crate::account::{Account, Target};
use crate::batch::{API_DESTINATION, FIRST_WORKER};
use crate::server::Shared;

/// How often a store directory in use is tried again.
const LOCK_POLL: Duration = Duration::from_millis(10);

/// All requests of the API.
const API_SUBJECT: &[u8] = b"$JS.API.>";

/// An account that is to have JetStream.
pub struct AccountPlan {
    /// The account.
    pub account: Arc<Account>,
    /// Its limits.
    pub limits: AccountLimits,
}

/// How JetStream is to run.
pub struct Plan {
    /// The folder `jetstream` goes into.
    pub store_dir: PathBuf,
    /// Keys to encrypt with.
    pub keys: Option<EncryptionKeys>,
    /// Bytes of cached blocks.
    pub cache: CacheBudget,
    /// When acknowledged data is on disk.
    pub durability: Durability,
    /// Limits of the server.
    pub limits: ServerLimits,
    /// Domain; empty for none.
    pub domain: String,
    /// Name of the server.
    pub server_name: String,
    /// The accounts that have JetStream.
    pub accounts: Vec<AccountPlan>,
    /// What may wait at most.
    pub queues: QueueLimits,
    /// How long to wait for a store directory that is in use.
    pub lock_patience: Duration,
    /// Number of workers.
    pub workers: usize,
}

/// Starts JetStream and opens the streams that are there.
///
/// # Errors
/// A text for the user: the folder cannot be used, another server has it, the
/// system gives no threads.
pub(crate) fn start(shared: &Arc<Shared>, plan: Plan) -> Result<(), String> {
    let folder = plan.store_dir.join("jetstream");
    let options = RootOptions {
        keys: plan.keys,
        budget: plan.cache,
    };
    let root = open_root(&folder, options, plan.lock_patience)
        .map_err(|error| format!("Can't start JetStream: {error}"))?;
    let count = plan
        .workers
        .clamp(1, usize::from(API_DESTINATION - FIRST_WORKER));
    let usage: Arc<Usage> = Arc::default();
    let jetstream = Arc::new(JetStream {
        workers: std::iter::repeat_with(Arc::default).take(count).collect(),
        api: Arc::default(),
        root: Arc::new(root.with_reserve()),
        durability: plan.durability,
        queues: plan.queues,
        domain: plan.domain.clone(),
        limits: ArcSwap::from_pointee(plan.limits.clone()),
        server_name: plan.server_name.clone(),
        folder,
        accounts: RwLock::default(),
        heard: Mutex::default(),
        reservations: Arc::new(Reservations::default()),
        usage: usage.clone(),
        hasher: foldhash::fast::FixedState::default(),
    });
    for planned in plan.accounts {
        let id = planned.account.id;
        let state = jetstream.new_account(&plan.limits, planned);
        jetstream.accounts.write().insert(id, Arc::new(state));
    }
    shared.jetstream.store(Some(jetstream.clone()));
    spawn_workers(shared, &jetstream)
        .map_err(|error| format!("Can't start JetStream: no thread: {error}"))?;
    let mut api = Api::new(shared.clone(), jetstream.clone());
    for state in jetstream.accounts() {
        open_account(shared, &jetstream, &state, |recovered| {
            api.add(&state, recovered);
        });
    }
    let thread = std::thread::Builder::new().name("js-api".to_owned());
    thread
        .spawn(move || api.run())
        .map_err(|error| format!("Can't start JetStream: no thread: {error}"))?;
    jetstream.hear_requests(shared);
    Ok(())
}

/// Opens the store directory. After a restart of JetStream its old threads may
/// hold it for a moment still.
fn open_root(folder: &Path, options: RootOptions, wait: Duration) -> Result<StoreRoot, StoreError> {
    let until = Instant::now() + wait;
    loop {
        match StoreRoot::open(Arc::new(RealDisk), folder, options.clone()) {
            Err(StoreError::Locked(_)) if Instant::now() < until => {
                std::thread::sleep(LOCK_POLL);
            }
            other => return other,
        }
    }
}

impl JetStream {
    /// What there is to know of an account that gets JetStream.
    pub(super) fn new_account(&self, limits: &ServerLimits, plan: AccountPlan) -> AccountState {
        let settings = Settings {
            account: plan.account.name.clone(),
            domain: self.domain.clone(),
            server_name: self.server_name.clone(),
            limits: limits.clone(),
            account_limits: Some(plan.limits),
            account_usage: Arc::default(),
            server_usage: self.usage.clone(),
        };
        AccountState {
            account: plan.account,
            settings: ArcSwap::from_pointee(settings),
            api: Arc::default(),
        }
    }

    /// Lets the API thread hear the requests of every account: also of one
    /// without JetStream, which gets an error and not silence.
    pub(crate) fn hear_requests(&self, shared: &Shared) {
        let mut heard = self.heard.lock();
        for account in shared.accounts.all() {
            if heard.iter().any(|other| other.id == account.id) {
                continue;
            }
            let subject = SubjectArc::new(API_SUBJECT);
            account.subscribe(&subject, b"", (API_DESTINATION, 0, 0), None);
            heard.push(account);
        }
    }

    /// Ends what [`hear_requests`](Self::hear_requests) began.
    pub(super) fn hear_no_requests(&self) {
        let target = Target {
            subscription: 0,
            shard: API_DESTINATION,
            generation: 0,
            queue: 0,
        };
        for account in self.heard.lock().drain(..) {
            account.unsubscribe(&SubjectArc::new(API_SUBJECT), target);
        }
    }
}

fn spawn_workers(shared: &Arc<Shared>, jetstream: &Arc<JetStream>) -> std::io::Result<()> {
    for (index, mailbox) in jetstream.workers.iter().enumerate() {
        let syncer = Syncer::start(format!("js-sync-{index}"), mailbox.clone())?;
        let asides = Asides {
            packer: Aside::start(format!("js-pack-{index}"))?,
            reader: Aside::start(format!("js-read-{index}"))?,
        };
        let (shared, jetstream, mailbox) = (shared.clone(), jetstream.clone(), mailbox.clone());
        let id = FIRST_WORKER + index as u16;
        let thread = std::thread::Builder::new().name(format!("js-worker-{index}"));
        thread.spawn(move || Worker::new(id, shared, jetstream, mailbox, syncer, asides).run())?;
    }
    Ok(())
}

/// Opens every stream of an account; `add` gets what came of it.
pub(super) fn open_account(
    shared: &Shared,
    jetstream: &JetStream,
    state: &AccountState,
    mut add: impl FnMut(Result<StreamConfig, Box<Offline>>),
) {
    let log = &shared.log;
    let name = &state.account.name;
    if let Err(error) = jetstream.root.clean(name) {
        log.warn(format_args!(
            "Cleaning {}: {error}",
            jetstream.folder.display()
        ));
    }
    let found = match jetstream.root.streams(name) {
        Ok(found) => found,
        Err(error) => {
            log.error(format_args!("Cannot read the streams of '{name}': {error}"));
            return;
        }
    };
    let mut answers = Vec::new();
    for stream in found {
        let meta = match stream.meta {
            Ok(meta) => meta,
            Err(error) => {
                log.warn(format_args!("{}", skipped(&stream.folder, &error)));
                continue;
            }
        };
        if let Some(text) = not_json("stream", &stream.folder, &meta) {
            log.warn(format_args!("{text}"));
            continue;
        }
        if let Some(text) = stream
            .converted
            .map(|how| converted(how, name, &stream.name))
        {
            log.info(format_args!("{text}"));
        }
        match read_stream_meta(&meta) {
            Ok((config, _)) if config.name != stream.name => {
                log.warn(format_args!(
                    "Stream in \"{}\" is skipped: its name is '{}'",
                    stream.folder.display(),
                    config.name
                ));
            }
            Ok((config, created)) => {
                let (answer, opened) = sync_channel(1);
                let command = Command::Recover {
                    found: Box::new(FoundStream {
                        account: state.account.clone(),
                        settings: state.settings.load_full(),
                        config,
                        created,
                    }),
                    answer,
                };
                jetstream
                    .worker_of(state.account.id, &stream.name)
                    .send(WorkerMail::Command(Box::new(command)));
                answers.push(opened);
            }
            Err(mut offline) => {
                log.warn(format_args!(
                    "Stream '{name} > {}' is offline: {}",
                    stream.name, offline.reason
                ));
                // It may be what could not be read.
                offline.name.clone_from(&stream.name);
                add(Err(offline));
            }
        }
    }
    for opened in answers {
        // A worker that panicked has logged it.
        if let Ok(recovered) = opened.recv() {
            if let Err(offline) = &recovered {
                log.warn(format_args!(
                    "Stream '{name} > {}' is offline: {}",
                    offline.name, offline.reason
                ));
            }
            add(recovered);
        }
    }
}

/// What a user is told when files were encrypted, or encrypted otherwise.
fn converted(how: Converted, account: &str, stream: &str) -> String {
    match how {
        Converted::Encrypted => format!("Encrypting stream '{account} > {stream}'"),
        Converted::To(cipher) => {
            format!("Converting to {cipher} for stream '{account} > {stream}'")
        }
    }
}

/// Why a stream's folder is left alone (storage-format.md 1, 7.3).
fn skipped(folder: &Path, error: &MetaError) -> String {
    let inf = folder.join("meta.inf");
    match error {
        MetaError::MissingMeta => format!("Missing stream metafile for \"{}\"", folder.display()),
        MetaError::MissingSum => {
            format!(
                "Missing stream checksum file \"{}\"",
                folder.join("meta.sum").display()
            )
        }
        MetaError::Checksum { .. } => format!("Stream metafile \"{}\": {error}", inf.display()),
        MetaError::Key(_) => format!("Error decrypting our stream metafile: {error}"),
        MetaError::Store(_) => format!("Error reading \"{}\": {error}", inf.display()),
    }
}

/// Why a consumer's folder is left alone.
pub(super) fn skipped_consumer(folder: &Path, error: &MetaError) -> String {
    let inf = folder.join("meta.inf");
    match error {
        MetaError::MissingMeta => format!("Missing consumer metafile \"{}\"", inf.display()),
        MetaError::MissingSum => format!(
            "Missing consumer checksum for \"{}\"",
            folder.join("meta.sum").display()
        ),
        MetaError::Checksum { .. } => format!("Consumer metafile \"{}\": {error}", inf.display()),
        MetaError::Key(_) => format!("Error decrypting our consumer metafile: {error}"),
        MetaError::Store(_) => format!("Error reading \"{}\": {error}", inf.display()),
    }
}

/// Why a configuration is left alone that is no JSON at all.
pub(super) fn not_json(what: &str, folder: &Path, meta: &[u8]) -> Option<String> {
    let error = serde_json::from_slice::<serde::de::IgnoredAny>(meta).err()?;
    let inf = folder.join("meta.inf");
    Some(format!(
        "Error unmarshalling {what} metafile \"{}\": {error}",
        inf.display()
    ))
}
