//! JetStream at the start: options → plan, and its lines in the log
//! (configuration.md 5, 8.2).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use midge_config::options::{
    AccountJetStream, Cipher as ConfiguredCipher, JetStreamOptions, Options,
};
use midge_jetstream::config::metadata::API_LEVEL;
use midge_jetstream::limits::{AccountLimits, ServerLimits};
use midge_log::Logger;
use midge_store::CacheBudget;
use midge_store::crypt::{Cipher, EncryptionKeys};

use super::machine::{default_memory, default_storage};
use super::node::Node;
use crate::acceptor::os_text;
use crate::account::GLOBAL_ACCOUNT;
use crate::jetstream::durability::Durability;
use crate::jetstream::{AccountPlan, Plan, QueueLimits};
use crate::server::Shared;
use crate::settings;

/// Wait at a restart for the threads that still hold the store directory.
const RESTART_PATIENCE: Duration = Duration::from_secs(10);

/// Consumers of a stream unless something else is configured (configuration.md 5).
const DEFAULT_MAX_CONSUMERS: i64 = 1000;

/// Starts JetStream if it is on.
///
/// # Errors
/// The text of the last line in the log.
pub(super) fn start(
    log: &Logger,
    options: &Options,
    shared: &Arc<Shared>,
    lock_patience: Duration,
) -> Result<(), String> {
    if !options.jetstream_enabled {
        return Ok(());
    }
    let began = Instant::now();
    log.info(format_args!("Starting JetStream"));
    let plan = plan(log, options, shared, lock_patience)?;
    write_banner(log, &plan);
    crate::jetstream::start(shared, plan)?;
    log.info(format_args!(
        "Took {:?} to start JetStream",
        began.elapsed()
    ));
    Ok(())
}

impl Node {
    /// Ends JetStream if it runs.
    pub(super) fn stop_jetstream(&self) {
        let shared = self.server().shared();
        let Some(jetstream) = shared.jetstream.swap(None) else {
            return;
        };
        shared
            .log
            .info(format_args!("Initiating JetStream Shutdown..."));
        jetstream.stop();
        shared.log.info(format_args!("JetStream Shutdown"));
    }

    /// Follows a reload: JetStream is switched on or off, or goes on with other
    /// limits and accounts.
    pub(super) fn reload_jetstream(&self, new: &Options) {
        let shared = self.server().shared();
        let running = shared.jetstream.load_full();
        let Some(running) = running.filter(|_| new.jetstream_enabled) else {
            self.stop_jetstream();
            if new.jetstream_enabled {
                shared.log.info(format_args!("Restarting JetStream"));
                if let Err(error) = start(&shared.log, new, shared, RESTART_PATIENCE) {
                    shared.log.warn(format_args!("{error}"));
                }
            }
            return;
        };
        let now = running.limits.load();
        let limits = limits(new, || now.max_memory, || now.max_storage);
        match accounts(new, shared) {
            Ok(accounts) => running.reconfigure(shared, &limits, accounts),
            Err(error) => shared.log.warn(format_args!("{error}")),
        }
    }
}

/// Limits of the server; `max_memory` and `max_storage` are taken where none
/// are configured.
fn limits(
    options: &Options,
    max_memory: impl FnOnce() -> i64,
    max_storage: impl FnOnce() -> i64,
) -> ServerLimits {
    let configured = &options.jetstream;
    let number = |value: i64| if value > 0 { value } else { 0 };
    ServerLimits {
        max_ack_pending: number(configured.limits.max_ack_pending),
        max_request_batch: number(configured.limits.max_request_batch),
        duplicate_window: i64::try_from(configured.limits.duplicate_window.as_nanos()).unwrap_or(0),
        default_max_consumers: match configured.limits.default_max_consumers {
            0 => DEFAULT_MAX_CONSUMERS,
            limit => limit,
        },
        max_memory: configured.max_memory_store.unwrap_or_else(max_memory),
        max_storage: configured.max_file_store.unwrap_or_else(max_storage),
        max_payload: options.max_payload,
        max_pending: options.max_pending,
        strict: configured.strict,
        long_ack_subjects: options.feature_flags.get("js_ack_fc_v2").copied() == Some(true),
    }
}

fn plan(
    log: &Logger,
    options: &Options,
    shared: &Arc<Shared>,
    lock_patience: Duration,
) -> Result<Plan, String> {
    let configured = &options.jetstream;
    let store_dir = match configured
        .store_dir
        .as_deref()
        .filter(|dir| !dir.is_empty())
    {
        Some(dir) => PathBuf::from(dir),
        None => {
            log.warn(format_args!(
                "Temporary storage directory used, data could be lost on system reboot"
            ));
            std::env::temp_dir().join("nats")
        }
    };
    check_folder(&store_dir.join("jetstream"))?;
    let limits = limits(options, default_memory, || default_storage(&store_dir));
    let keys = configured
        .key
        .as_ref()
        .filter(|key| !key.is_empty())
        .map(|key| EncryptionKeys {
            cipher: match configured.cipher {
                ConfiguredCipher::Default | ConfiguredCipher::ChaCha => Cipher::ChaCha,
                ConfiguredCipher::Aes => Cipher::Aes,
            },
            key: key.clone().into_bytes(),
            previous: configured.prev_key.clone().map(String::into_bytes),
        });
    let durability = match configured.sync_interval {
        Some(interval) if !configured.sync_always => Durability::Interval(interval),
        _ => Durability::Group,
    };
    Ok(Plan {
        store_dir,
        keys,
        cache: cache_budget(std::env::var_os(CACHE_VARIABLE).as_deref())?,
        durability,
        limits,
        domain: configured.domain.clone().unwrap_or_default(),
        server_name: shared.identity.name.clone(),
        accounts: accounts(options, shared)?,
        queues: queues(configured),
        lock_patience,
        workers: workers(configured.max_concurrent_io, crate::process::cores()),
    })
}

/// Threads of a worker that read and write files at a time: itself and the one
/// that waits for the disk.
const THREADS_PER_WORKER: i64 = 2;

/// One worker for each core, but no more than `max_concurrent_io` allows.
fn workers(max_concurrent_io: i64, cores: usize) -> usize {
    let allowed = (max_concurrent_io / THREADS_PER_WORKER).max(1);
    cores.min(usize::try_from(allowed).unwrap_or(1))
}

/// What may wait at most; the defaults of jetstream-api.md 5.
fn queues(configured: &JetStreamOptions) -> QueueLimits {
    let or = |value: i64, default: usize| match usize::try_from(value) {
        Ok(0) | Err(_) => default,
        Ok(value) => value,
    };
    let requests = or(configured.request_queue_limit, 10_000);
    QueueLimits {
        messages: or(configured.max_buffered_msgs, 100_000),
        bytes: or(configured.max_buffered_size, 128 << 20),
        requests,
        info_requests: or(configured.info_queue_limit, requests),
    }
}

/// The accounts that have JetStream: those configured so, or the global one if
/// there are no others.
fn accounts(options: &Options, shared: &Arc<Shared>) -> Result<Vec<AccountPlan>, String> {
    let system = settings::system_account_name(options);
    let is_own = |name: &str| name != GLOBAL_ACCOUNT && Some(name) != system.as_deref();
    let mut plans = Vec::new();
    for configured in &options.accounts {
        let Some(limits) = &configured.jetstream else {
            continue;
        };
        if Some(&configured.name) == system.as_ref() {
            return Err("Not allowed to enable JetStream on the system account".to_owned());
        }
        if let Some(account) = shared.accounts.get(&configured.name) {
            plans.push(AccountPlan {
                account,
                limits: account_limits(limits),
            });
        }
    }
    let global_only = !options.accounts.iter().any(|account| is_own(&account.name));
    let has_global = plans.iter().any(|plan| plan.account.name == GLOBAL_ACCOUNT);
    if global_only
        && !has_global
        && let Some(account) = shared.accounts.get(GLOBAL_ACCOUNT)
    {
        plans.push(AccountPlan {
            account,
            limits: AccountLimits::UNLIMITED,
        });
    }
    Ok(plans)
}

fn account_limits(configured: &AccountJetStream) -> AccountLimits {
    AccountLimits {
        max_memory: configured.max_memory,
        max_storage: configured.max_store,
        max_streams: configured.max_streams,
        max_consumers: configured.max_consumers,
        max_ack_pending: configured.max_ack_pending,
        memory_max_stream_bytes: configured.memory_max_stream_bytes,
        storage_max_stream_bytes: configured.store_max_stream_bytes,
        max_bytes_required: configured.max_bytes_required,
    }
}

/// Whether the folder is there, or can be made, and written to.
fn check_folder(folder: &Path) -> Result<(), String> {
    let failed = |what: &str| format!("Can't start JetStream: {what}");
    let mut above = folder.ancestors();
    let there = above.find(|path| path.exists());
    if there.is_some_and(|path| !path.is_dir()) {
        return Err(failed("storage directory is not a directory"));
    }
    let mut maker = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.recursive(true).create(folder).map_err(|error| {
        let missing = folder.ancestors().take_while(|path| !path.exists()).last();
        failed(&format!(
            "could not create storage directory - mkdir {}: {}",
            missing.unwrap_or(folder).display(),
            os_text(&error)
        ))
    })?;
    let probe = folder.join(format!("_test_{}", fastrand::u32(..)));
    let written = std::fs::write(&probe, b"");
    // A probe that is left over is ignored by every server.
    let _ = std::fs::remove_file(&probe);
    written.map_err(|_| failed("storage directory is not writable"))
}

/// A size as people read it.
fn friendly(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or("KB");
    for next in units {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.2} {unit}")
}

fn write_banner(log: &Logger, plan: &Plan) {
    log.info(format_args!(""));
    log.info(format_args!("         https://docs.nats.io/jetstream"));
    log.info(format_args!(""));
    log.info(format_args!("---------------- JETSTREAM ----------------"));
    log.info(format_args!("  Strict:          {}", plan.limits.strict));
    log.info(format_args!(
        "  Max Memory:      {}",
        friendly(plan.limits.max_memory)
    ));
    log.info(format_args!(
        "  Max Storage:     {}",
        friendly(plan.limits.max_storage)
    ));
    log.info(format_args!(
        "  Store Directory: \"{}\"",
        plan.store_dir.join("jetstream").display()
    ));
    if !plan.domain.is_empty() {
        log.info(format_args!("  Domain:          {}", plan.domain));
    }
    if let Some(keys) = &plan.keys {
        log.info(format_args!("  Encryption:      {}", keys.cipher));
    }
    log.info(format_args!("  API Level:       {API_LEVEL}"));
    log.info(format_args!("-------------------------------------------"));
}

/// Memory for blocks of all streams together, in MiB; a number. The Go server has
/// no option for it.
const CACHE_VARIABLE: &str = "MIDGE_CACHE_MB";

/// The memory that `text` allows blocks to have; without it the default.
fn cache_budget(text: Option<&OsStr>) -> Result<CacheBudget, String> {
    let Some(text) = text else {
        return Ok(CacheBudget::default());
    };
    let mib = text.to_str().and_then(|text| text.parse::<u32>().ok());
    match mib {
        Some(mib) => Ok(CacheBudget::new(mib as usize * (1 << 20))),
        None => Err(format!(
            "{CACHE_VARIABLE}: found {text:?}, expected a number of MiB"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_budget_is_taken_from_the_environment() {
        let bytes = |text: Option<&str>| cache_budget(text.map(OsStr::new)).map(|b| b.bytes());
        assert_eq!(bytes(Some("16")), Ok(16 << 20));
        assert_eq!(bytes(None), Ok(CacheBudget::default().bytes()));
        let text = "MIDGE_CACHE_MB: found \"many\", expected a number of MiB";
        assert_eq!(bytes(Some("many")), Err(text.to_owned()));
    }

    #[test]
    fn file_operations_at_a_time_are_bounded() {
        for (max_concurrent_io, cores, wanted) in [
            (4096, 2, 2),
            (4096, 64, 64),
            (4, 64, 2),
            (5, 64, 2),
            (16, 64, 8),
            (4, 1, 1),
        ] {
            assert_eq!(workers(max_concurrent_io, cores), wanted);
        }
    }

    #[test]
    fn sizes_are_shown_as_people_read_them() {
        for (bytes, shown) in [
            (12, "12 B"),
            (1 << 30, "1.00 GB"),
            (10 << 30, "10.00 GB"),
            (1536, "1.50 KB"),
        ] {
            assert_eq!(friendly(bytes), shown);
        }
    }
}
