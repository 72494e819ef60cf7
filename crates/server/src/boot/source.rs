//! What the monitoring port shows of the server.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, SystemTime};

use midge_config::options::{self, DEFAULT_TLS_TIMEOUT, WriteTimeout};
use midge_wire::info::{PROTOCOL, VERSION};

use super::node::Node;
use crate::account::{Account, GLOBAL_ACCOUNT};
use crate::monitor::accounts::{
    AccountDetail, AccountRecord, Amount, MappingDestination, MappingRecord, Traffic,
};
use crate::monitor::closed::ClosedRecord;
use crate::monitor::connz::Proxy;
use crate::monitor::healthz::{
    Health, HealthProblem, HealthzOptions, JetStreamHealth, NotListening,
};
use crate::monitor::json::{Nanos, Utc};
use crate::monitor::jsz::{JetStreamQuery, JetStreamRecord};
use crate::monitor::source::Identity;
use crate::monitor::subsz::{InterestStats, SubsQuery, SubsSnapshot};
use crate::monitor::varz::Varz;
use crate::monitor::varz_parts::{ByKind, ProxiesVarz};
use crate::monitor::{ConnQuery, ConnSnapshot, RequestCounters, Source};
use crate::process;
use crate::server::State;
use crate::settings::{GIT_COMMIT, TOOL_CHAIN};
use crate::shard::account_traffic::AccountFigures;
use crate::shard::{Control, Mail};

/// Time a shard has to answer; it is busy, or gone.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// Figures of an account; all connections are clients.
fn account_record(account: &Account, figures: Option<&AccountFigures>) -> AccountRecord {
    let figures = figures.copied().unwrap_or_default();
    let traffic = |msgs, bytes| Traffic {
        all: Amount { msgs, bytes },
        ..Traffic::default()
    };
    AccountRecord {
        name: account.name.clone(),
        name_tag: account.name.clone(),
        connections: figures.clients,
        leafnodes: 0,
        subscriptions: account.subscriptions() as u64,
        sent: traffic(figures.traffic.out_msgs, figures.traffic.out_bytes),
        received: traffic(figures.traffic.in_msgs, figures.traffic.in_bytes),
        slow_consumers: account.slow_consumers.load(Ordering::Relaxed),
    }
}

impl Node {
    /// Asks every shard and gathers the answers. No connection moves meanwhile, so
    /// that each is told of once.
    fn ask_shards<T: Send + 'static>(
        &self,
        make: impl Fn(std::sync::mpsc::SyncSender<T>) -> Control,
    ) -> Vec<T> {
        let shared = self.server().shared();
        let _nobody_moves = shared.moves.read_recursive();
        let shards = shared.all_shards();
        let (answer, received) = sync_channel(shards.len().max(1));
        for handle in shards {
            handle
                .mailbox
                .send(Mail::Control(Box::new(make(answer.clone()))));
        }
        drop(answer);
        let mut answers = Vec::with_capacity(shards.len());
        while answers.len() < shards.len()
            && let Ok(next) = received.recv_timeout(ANSWER_PATIENCE)
        {
            answers.push(next);
        }
        answers
    }

    /// What the clients of each account have done, by its id.
    fn account_figures(&self) -> HashMap<u32, AccountFigures> {
        let mut all: HashMap<u32, AccountFigures> = HashMap::new();
        for answer in self.ask_shards(Control::Accounts) {
            for (id, figures) in &answer {
                all.entry(*id).or_default().add(figures);
            }
        }
        all
    }

    /// The subject mappings of an account, as configured.
    fn configured_mappings(&self, name: &str) -> Vec<MappingRecord> {
        let options = self.options();
        let account = options.accounts.iter().find(|account| account.name == name);
        let mappings = match account {
            Some(account) => account.mappings.as_slice(),
            None if name == GLOBAL_ACCOUNT => options.mappings.as_slice(),
            None => &[],
        };
        let destination = |destination: &options::MappingDestination| MappingDestination {
            subject: destination.subject.clone(),
            weight: u32::from(destination.weight),
            cluster: destination.cluster.clone(),
        };
        mappings
            .iter()
            .map(|mapping| MappingRecord {
                source: mapping.source.clone(),
                destinations: mapping.destinations.iter().map(destination).collect(),
            })
            .collect()
    }
}

impl Source for Node {
    fn identity(&self) -> Identity {
        let identity = &self.server().shared().identity;
        Identity {
            server_id: identity.id.clone(),
            server_name: identity.name.clone(),
        }
    }

    fn varz(&self) -> Varz {
        let shared = self.server().shared();
        let runtime = shared.runtime.load_full();
        let options = self.options();
        let info = &runtime.info;
        let usage = self.usage();
        let now = SystemTime::now();
        let mut varz = Varz::new(shared.started, now);
        varz.server_id.clone_from(&shared.identity.id);
        varz.server_name.clone_from(&shared.identity.name);
        varz.version = VERSION.to_owned();
        varz.proto = i64::from(PROTOCOL);
        varz.git_commit = GIT_COMMIT.unwrap_or_default().to_owned();
        varz.go = TOOL_CHAIN.to_owned();
        varz.host.clone_from(&options.host);
        varz.port = i64::from(self.port());
        varz.auth_required = info.auth_required;
        varz.tls_required = info.tls_required;
        varz.tls_verify = info.tls_verify;
        varz.max_connections = options.max_connections;
        varz.max_subscriptions = options.max_subscriptions;
        varz.ping_interval = Nanos(options.ping_interval);
        varz.ping_max = options.ping_max;
        let ports = self.listeners();
        let monitor_port = ports
            .monitoring
            .map_or(0, |listener| i64::from(listener.address.port()));
        varz.http_host.clone_from(&options.http_host);
        varz.http_port = if options.http_port != 0 {
            monitor_port
        } else {
            0
        };
        varz.https_port = if options.https_port != 0 {
            monitor_port
        } else {
            0
        };
        varz.http_base_path.clone_from(&options.http_base_path);
        varz.auth_timeout = options.authorization.timeout;
        varz.max_control_line = options.max_control_line;
        varz.max_payload = options.max_payload;
        varz.max_pending = options.max_pending;
        varz.tls_timeout = options
            .tls
            .as_ref()
            .map_or(DEFAULT_TLS_TIMEOUT, |tls| tls.timeout);
        varz.write_deadline = Nanos(options.write_deadline);
        varz.write_timeout = match options.write_timeout {
            WriteTimeout::Default => String::new(),
            WriteTimeout::Close => "close".to_owned(),
            WriteTimeout::Retry => "retry".to_owned(),
        };
        varz.mem = usage.memory;
        varz.cpu = usage.cpu;
        varz.cores = process::cores() as i64;
        varz.gomaxprocs = shared.all_shards().len() as i64;
        varz.connections = shared.counters.clients();
        varz.total_connections = shared.counters.total_connections();
        for handle in shared.all_shards() {
            varz.in_msgs += handle.totals.in_msgs.load(Ordering::Relaxed);
            varz.in_bytes += handle.totals.in_bytes.load(Ordering::Relaxed);
            varz.out_msgs += handle.totals.out_msgs.load(Ordering::Relaxed);
            varz.out_bytes += handle.totals.out_bytes.load(Ordering::Relaxed);
        }
        varz.in_client_msgs = varz.in_msgs;
        varz.in_client_bytes = varz.in_bytes;
        varz.out_client_msgs = varz.out_msgs;
        varz.out_client_bytes = varz.out_bytes;
        varz.slow_consumers = shared.counters.slow_clients();
        varz.stale_connections = shared.counters.stale_clients();
        varz.stalled_clients = shared.counters.stalls();
        varz.slow_consumer_stats = ByKind {
            clients: varz.slow_consumers,
            ..ByKind::default()
        };
        varz.stale_connection_stats = ByKind {
            clients: varz.stale_connections,
            ..ByKind::default()
        };
        let accounts = shared.accounts.all();
        varz.subscriptions = accounts
            .iter()
            .map(|account| account.subscriptions() as u64)
            .sum();
        varz.jetstream = self.jetstream_varz();
        varz.config_load_time = Utc(self.loaded());
        varz.config_digest.clone_from(&options.config_digest);
        varz.tags.clone_from(&options.server_tags);
        varz.metadata.clone_from(&options.server_metadata);
        varz.feature_flags = super::banner::effective_flags(&options.feature_flags);
        if let Some(account) = &shared.system_account {
            varz.system_account.clone_from(&account.name);
        }
        varz.proxies = options
            .proxies
            .as_ref()
            .filter(|keys| !keys.is_empty())
            .map(|keys| {
                let trusted = keys.iter().map(|key| Proxy { key: key.clone() });
                ProxiesVarz {
                    trusted: trusted.collect(),
                }
            });
        let certificates = options.tls.as_ref().map(|tls| &tls.certificates);
        let first = certificates
            .and_then(|all| all.first())
            .and_then(|pair| pair.chain.first());
        varz.tls_cert_not_after = first.and_then(|der| crate::tls::not_after(der)).map(Utc);
        varz
    }

    fn has_account(&self, name: &str) -> bool {
        self.server().shared().accounts.get(name).is_some()
    }

    fn account_names(&self) -> Vec<String> {
        let accounts = self.server().shared().accounts.all();
        accounts
            .iter()
            .map(|account| account.name.clone())
            .collect()
    }

    fn system_account(&self) -> Option<String> {
        let system = self.server().shared().system_account.as_ref();
        system.map(|account| account.name.clone())
    }

    fn accounts(&self, names: Option<&[String]>) -> Vec<AccountRecord> {
        let accounts = self.server().shared().accounts.all();
        let wanted =
            |account: &&Arc<Account>| names.is_none_or(|names| names.contains(&account.name));
        let figures = self.account_figures();
        let wanted = accounts.iter().filter(wanted);
        wanted
            .map(|account| account_record(account, figures.get(&account.id)))
            .collect()
    }

    fn account(&self, name: &str) -> Option<AccountDetail> {
        let shared = self.server().shared();
        let account = shared.accounts.get(name)?;
        let record = account_record(&account, self.account_figures().get(&account.id));
        let (num_inserts, num_removes) = account.interest_changes();
        Some(AccountDetail {
            updated: self.loaded(),
            is_system: shared.is_system_account(account.id),
            expired: false,
            complete: true,
            jetstream: self.has_jetstream(account.id),
            mappings: self.configured_mappings(name),
            exports: Vec::new(),
            imports: Vec::new(),
            // Caches belong to shards, not to accounts.
            stats: InterestStats {
                num_subscriptions: record.subscriptions,
                num_inserts,
                num_removes,
                ..InterestStats::default()
            },
            record,
        })
    }

    fn connections(&self, query: &ConnQuery) -> ConnSnapshot {
        let answers = self.ask_shards(|answer| Control::Connections(query.clone(), answer));
        let mut all = ConnSnapshot::default();
        for answer in answers {
            all.total += answer.total;
            all.connections.extend(answer.connections);
        }
        all
    }

    fn closed(&self) -> Vec<Arc<ClosedRecord>> {
        self.server().shared().closed.snapshot()
    }

    fn subscriptions(&self, query: &SubsQuery) -> SubsSnapshot {
        let answers = self.ask_shards(|answer| Control::Subscriptions(query.clone(), answer));
        let mut all = SubsSnapshot::default();
        for account in self.server().shared().accounts.all() {
            if query
                .account
                .as_ref()
                .is_none_or(|wanted| *wanted == account.name)
            {
                let (inserts, removes) = account.interest_changes();
                all.stats.num_subscriptions += account.subscriptions() as u64;
                all.stats.num_inserts += inserts;
                all.stats.num_removes += removes;
            }
        }
        let known = query
            .account
            .as_ref()
            .is_none_or(|name| self.has_account(name));
        for answer in answers {
            all.total += answer.total;
            all.subscriptions.extend(answer.subscriptions);
            if known {
                all.stats.num_cache += answer.stats.num_cache;
                all.stats.num_matches += answer.stats.num_matches;
                all.stats.cache_hits += answer.stats.cache_hits;
                all.stats.max_fanout = all.stats.max_fanout.max(answer.stats.max_fanout);
                all.stats.total_fanout += answer.stats.total_fanout;
            }
        }
        all
    }

    fn health(&self) -> Health {
        let accepts = self.server().shared().state() == State::Running;
        let closed = NotListening {
            listener: "server",
            error: None,
        };
        Health {
            not_listening: if accepts { Vec::new() } else { vec![closed] },
            jetstream: match (self.options().jetstream_enabled, self.jetstream_runs()) {
                (_, true) => JetStreamHealth::Running,
                (true, false) => JetStreamHealth::Down,
                (false, false) => JetStreamHealth::Off,
            },
        }
    }

    fn jetstream_problems(&self, options: &HealthzOptions) -> Vec<HealthProblem> {
        self.jetstream_health(options)
    }

    fn jetstream_accounts(&self) -> Vec<String> {
        self.jetstream_names()
    }

    fn jetstream(&self, query: &JetStreamQuery) -> Option<JetStreamRecord> {
        self.jetstream_record(query)
    }

    fn queues(&self) -> Vec<(String, u64)> {
        let shared = self.server().shared();
        let mut queues: Vec<(String, u64)> = shared
            .all_shards()
            .iter()
            .enumerate()
            .map(|(id, handle)| (format!("shard {id} mail"), handle.mailbox.waiting() as u64))
            .collect();
        queues.push((
            "password checks".to_owned(),
            shared.slow_checks.queued() as u64,
        ));
        if let Some(jetstream) = shared.jetstream.load_full() {
            queues.extend(jetstream.queue_lengths());
        }
        queues
    }

    fn requests(&self) -> &RequestCounters {
        self.request_counters()
    }

    fn memory(&self) -> u64 {
        self.usage().memory
    }
}
