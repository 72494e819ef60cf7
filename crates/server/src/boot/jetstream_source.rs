//! What the monitoring port shows of JetStream.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use midge_config::options::{DEFAULT_STORE_SYNC_INTERVAL, JetStreamOptions};
use midge_jetstream::config::Storage;
use midge_jetstream::config::metadata::API_LEVEL;

use super::node::Node;
use crate::jetstream::{AccountState, JetStream, ReportQuery};
use crate::monitor::healthz::{HealthProblem, HealthzOptions, ProblemKind};
use crate::monitor::json::Nanos;
use crate::monitor::jsz::{AccountDetail, JetStreamQuery, JetStreamRecord, StreamDetail};
use crate::monitor::varz_parts::{
    JetStreamApi, JetStreamConfig, JetStreamLimits, JetStreamStats, JetStreamVarz,
};

/// Streams come and go while their folders are looked at: what is missing is
/// looked for once more after this time.
const SECOND_LOOK: Duration = Duration::from_millis(100);

/// Names of the streams of each account.
type Streams = HashMap<u32, HashSet<String>>;

fn bytes(used: i64) -> u64 {
    u64::try_from(used).unwrap_or(0)
}

fn api(states: &[Arc<AccountState>], level: u32) -> JetStreamApi {
    let sum = |count: fn(&AccountState) -> u64| states.iter().map(|state| count(state)).sum();
    JetStreamApi {
        level: i64::from(level),
        total: sum(|state| state.api.total.load(Ordering::Relaxed)),
        errors: sum(|state| state.api.errors.load(Ordering::Relaxed)),
        inflight: 0,
    }
}

fn config(jetstream: &JetStream, options: &JetStreamOptions) -> JetStreamConfig {
    JetStreamConfig {
        max_memory: jetstream.limits.load().max_memory,
        max_storage: jetstream.limits.load().max_storage,
        store_dir: jetstream.folder.display().to_string(),
        // As configured; what is acknowledged is on disk in any case.
        sync_interval: Nanos(options.sync_interval.unwrap_or(DEFAULT_STORE_SYNC_INTERVAL)),
        sync_always: options.sync_always,
        domain: jetstream.domain.clone(),
        compress_ok: true,
        unique_tag: options.unique_tag.clone().unwrap_or_default(),
        strict: jetstream.limits.load().strict,
    }
}

fn limits(jetstream: &JetStream, options: &JetStreamOptions) -> JetStreamLimits {
    let batch = options.limits.batch;
    JetStreamLimits {
        max_request_batch: jetstream.limits.load().max_request_batch,
        max_ack_pending: jetstream.limits.load().max_ack_pending,
        max_ha_assets: options.limits.max_ha_assets,
        max_duplicate_window: Nanos(options.limits.duplicate_window),
        max_batch_inflight_per_stream: batch.max_inflight_per_stream,
        max_batch_inflight_total: batch.max_inflight_total,
        max_batch_size: batch.max_msgs,
        max_batch_timeout: Nanos(batch.timeout),
        default_max_consumers: jetstream.limits.load().default_max_consumers,
    }
}

fn stats(jetstream: &JetStream) -> JetStreamStats {
    let accounts = jetstream.accounts();
    JetStreamStats {
        memory: bytes(jetstream.usage.bytes(Storage::Memory)),
        storage: bytes(jetstream.usage.bytes(Storage::File)),
        reserved_memory: bytes(jetstream.reservations.bytes(Storage::Memory)),
        reserved_storage: bytes(jetstream.reservations.bytes(Storage::File)),
        accounts: accounts.len() as i64,
        ha_assets: 0,
        api: api(&accounts, API_LEVEL),
    }
}

fn account_detail(state: &Arc<AccountState>, stream_detail: Vec<StreamDetail>) -> AccountDetail {
    let settings = state.settings.load();
    // The peer shows no limit as -1 without its sign.
    #[allow(clippy::cast_sign_loss, reason = "that is what the peer shows")]
    let reserved = |limit: Option<i64>| limit.unwrap_or(0) as u64;
    let limits = settings.account_limits.as_ref();
    AccountDetail {
        name: state.account.name.clone(),
        id: state.account.name.clone(),
        stats: JetStreamStats {
            memory: bytes(settings.account_usage.bytes(Storage::Memory)),
            storage: bytes(settings.account_usage.bytes(Storage::File)),
            reserved_memory: reserved(limits.map(|limits| limits.max_memory)),
            reserved_storage: reserved(limits.map(|limits| limits.max_storage)),
            accounts: 0,
            ha_assets: 0,
            api: api(std::slice::from_ref(state), 0),
        },
        stream_detail,
    }
}

fn problem(kind: ProblemKind, code: u16, of: &[&str], text: String) -> HealthProblem {
    let part = |at: usize| of.get(at).copied().unwrap_or_default().to_owned();
    HealthProblem {
        account: part(0),
        stream: part(1),
        consumer: part(2),
        ..HealthProblem::new(kind, code, text)
    }
}

impl Node {
    fn jetstream_threads(&self) -> Option<Arc<JetStream>> {
        self.server().shared().jetstream.load_full()
    }

    /// Whether JetStream runs.
    pub(super) fn jetstream_runs(&self) -> bool {
        self.server().shared().jetstream.load().is_some()
    }

    /// `jetstream` of `/varz`.
    pub(super) fn jetstream_varz(&self) -> JetStreamVarz {
        let Some(jetstream) = self.jetstream_threads() else {
            return JetStreamVarz::default();
        };
        let options = self.options();
        JetStreamVarz {
            config: Some(config(&jetstream, &options.jetstream)),
            stats: Some(stats(&jetstream)),
            meta: None,
            limits: Some(limits(&jetstream, &options.jetstream)),
        }
    }

    /// Whether an account has JetStream.
    pub(super) fn has_jetstream(&self, account: u32) -> bool {
        let jetstream = self.jetstream_threads();
        jetstream.is_some_and(|jetstream| jetstream.account(account).is_some())
    }

    /// Names of the accounts that have JetStream.
    pub(super) fn jetstream_names(&self) -> Vec<String> {
        let states = self.jetstream_threads().map(|threads| threads.accounts());
        let states = states.unwrap_or_default();
        let name = |state: &Arc<AccountState>| state.account.name.clone();
        states.iter().map(name).collect()
    }

    /// What `/jsz` shows; `None` if JetStream is off.
    pub(super) fn jetstream_record(&self, query: &JetStreamQuery) -> Option<JetStreamRecord> {
        let jetstream = self.jetstream_threads()?;
        let options = self.options();
        let mut states = jetstream.accounts();
        states.retain(|state| query.accounts.contains(&state.account.name));
        states.sort_by(|a, b| a.account.name.cmp(&b.account.name));
        let described = if query.streams {
            states.as_slice()
        } else {
            &[]
        };
        let report = jetstream.report(ReportQuery {
            accounts: described.iter().map(|state| state.account.id).collect(),
            consumers: query.consumers,
            direct_consumers: query.direct_consumers,
            config: query.config,
        });
        let mut streams: HashMap<u32, Vec<StreamDetail>> = HashMap::new();
        for (account, detail) in report.details {
            streams.entry(account).or_default().push(detail);
        }
        Some(JetStreamRecord {
            config: config(&jetstream, &options.jetstream),
            limits: limits(&jetstream, &options.jetstream),
            stats: stats(&jetstream),
            streams: report.streams,
            consumers: report.consumers,
            messages: report.messages,
            bytes: report.bytes,
            accounts: states
                .iter()
                .map(|state| {
                    let of_account = streams.remove(&state.account.id);
                    account_detail(state, of_account.unwrap_or_default())
                })
                .collect(),
        })
    }

    /// What is wrong with accounts, streams and consumers
    /// (monitoring-events.md 4.2, standalone rows 7 to 10).
    pub(super) fn jetstream_health(&self, options: &HealthzOptions) -> Vec<HealthProblem> {
        let Some(jetstream) = self.jetstream_threads() else {
            return Vec::new();
        };
        let problems = self.look_at_store(&jetstream, options);
        if problems.is_empty() {
            return problems;
        }
        std::thread::sleep(SECOND_LOOK);
        self.look_at_store(&jetstream, options)
    }

    fn look_at_store(&self, jetstream: &JetStream, options: &HealthzOptions) -> Vec<HealthProblem> {
        let broken = |text: String| vec![HealthProblem::new(ProblemKind::Jetstream, 503, text)];
        let mut stored = match jetstream.stored() {
            Ok(stored) => stored,
            Err(error) => return broken(format!("JetStream store can not be read: {error}")),
        };
        let Some(all) = jetstream.all_streams() else {
            return broken("JetStream does not answer".to_owned());
        };
        let mut streams = Streams::new();
        for (account, name) in all {
            streams.entry(account).or_default().insert(name);
        }
        if !options.account.is_empty() {
            if let Some(missing) = self.missing(jetstream, options, &stored, &streams) {
                return vec![missing];
            }
            stored.retain(|(account, _)| *account == options.account);
        }
        let Some(failures) = jetstream.failures() else {
            return broken("JetStream does not answer".to_owned());
        };
        let mut problems = Vec::new();
        for (account, names) in stored {
            let Some(known) = self.server().shared().accounts.get(&account) else {
                let text = format!("JetStream account '{account}' could not be resolved");
                problems.push(problem(ProblemKind::Account, 503, &[&account], text));
                continue;
            };
            let running = streams.get(&known.id);
            for name in names {
                let is_asked = options.stream.is_empty() || options.stream == name;
                if is_asked && !running.is_some_and(|running| running.contains(&name)) {
                    let text =
                        format!("JetStream stream '{account} > {name}' could not be recovered");
                    problems.push(problem(ProblemKind::Stream, 503, &[&account, &name], text));
                }
            }
        }
        for (account, name, error) in failures.iter().flat_map(|failures| &failures.streams) {
            let Some(account) = self.server().shared().accounts.by_id(*account) else {
                continue;
            };
            let is_asked = (options.account.is_empty() || options.account == account.name)
                && (options.stream.is_empty() || options.stream == *name);
            if is_asked {
                let text = format!(
                    "JetStream stream '{} > {name}' write error: {error}",
                    account.name
                );
                problems.push(problem(
                    ProblemKind::Stream,
                    503,
                    &[&account.name, name],
                    text,
                ));
            }
        }
        problems
    }

    /// The first of what is asked for that is not there.
    fn missing(
        &self,
        jetstream: &JetStream,
        options: &HealthzOptions,
        stored: &[(String, Vec<String>)],
        streams: &Streams,
    ) -> Option<HealthProblem> {
        let HealthzOptions {
            account,
            stream,
            consumer,
            ..
        } = options;
        let of = [account.as_str(), stream.as_str(), consumer.as_str()];
        let folder = stored.iter().find(|(name, _)| name == account);
        let known = self.server().shared().accounts.get(account);
        let running = known.as_ref().and_then(|known| streams.get(&known.id));
        if folder.is_none() && running.is_none_or(HashSet::is_empty) {
            let text = format!("JetStream account \"{account}\" not found");
            return Some(problem(ProblemKind::Account, 404, &of, text));
        }
        if stream.is_empty() {
            return None;
        }
        let is_running = running.is_some_and(|running| running.contains(stream));
        let has_folder = folder.is_some_and(|(_, names)| names.contains(stream));
        if !is_running {
            // One that is stored, but does not run, is told of elsewhere.
            let text = format!("JetStream stream \"{stream}\" not found on account \"{account}\"");
            return (!has_folder).then(|| problem(ProblemKind::Stream, 404, &of, text));
        }
        let id = known.map_or(0, |known| known.id);
        if consumer.is_empty() || jetstream.has_consumer(id, stream, consumer) == Some(true) {
            return None;
        }
        let text = format!(
            "JetStream consumer \"{consumer}\" not found for stream \"{stream}\" on account \"{account}\""
        );
        Some(problem(ProblemKind::Consumer, 404, &of, text))
    }
}
