//! The thread that answers requests about the streams of an account as a
//! whole, and hands the others to the workers (jetstream-api.md 2, 5.1).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use midge_jetstream::api::{Endpoint, Scope, refuse};
use midge_jetstream::catalog::{self, Created};
use midge_jetstream::config::StreamConfig;
use midge_jetstream::context::Settings;
use midge_jetstream::error::{ApiError, catalogue as errors};
use midge_jetstream::stream::Offline;
use midge_jetstream::{Catalog, Context, Effects};

use super::command::{ApiCall, Asked, Command};
use super::interest::AccountInterest;
use super::mailbox::{WorkerMail, WorkerMailbox};
use super::publisher::{Outbound, Publisher};
use super::worker::now;
use super::{AccountState, JetStream};
use crate::account::Account;
use crate::batch::{API_DESTINATION, Batch};
use crate::server::Shared;
use crate::spin::Spin;

/// Wait for a worker's answer; the peer's bound for lists (jetstream-api.md 5.4).
const PATIENCE: Duration = Duration::from_secs(4);

/// The thread's state.
pub(super) struct Api {
    pub(super) shared: Arc<Shared>,
    pub(super) jetstream: Arc<JetStream>,
    pub(super) mailbox: Arc<WorkerMailbox>,
    pub(super) catalogs: HashMap<u32, Catalog>,
    publisher: Publisher,
    spin: Spin,
    stopped: bool,
}

impl Api {
    pub(super) fn new(shared: Arc<Shared>, jetstream: Arc<JetStream>) -> Self {
        Self {
            mailbox: jetstream.api.clone(),
            shared,
            jetstream,
            catalogs: HashMap::new(),
            publisher: Publisher::new(API_DESTINATION),
            spin: Spin::default(),
            stopped: false,
        }
    }

    /// Adds a stream that was recovered, or could not be.
    pub(super) fn add(
        &mut self,
        state: &AccountState,
        recovered: Result<StreamConfig, Box<Offline>>,
    ) {
        let catalog = self.catalog(state);
        match recovered {
            Ok(config) => catalog.add(config),
            Err(offline) => catalog.add_offline(*offline),
        }
    }

    fn catalog(&mut self, state: &AccountState) -> &mut Catalog {
        self.catalogs.entry(state.account.id).or_insert_with(|| {
            let mut catalog = Catalog::new(self.jetstream.reservations.clone());
            catalog.counters = state.api.clone();
            catalog
        })
    }

    /// Works until it is told to stop.
    pub(super) fn run(mut self) {
        let mut mail = Vec::new();
        while !self.stopped {
            self.mailbox.receive(&mut mail, None, &mut self.spin);
            for item in mail.drain(..) {
                let work = std::panic::AssertUnwindSafe(|| self.on_mail(item));
                // The panic hook has reported it; other requests go on.
                let _ = std::panic::catch_unwind(work);
            }
            self.publisher.send(&self.shared);
        }
    }

    fn on_mail(&mut self, mail: WorkerMail) {
        match mail {
            WorkerMail::Batch(batch) => self.on_batch(batch),
            WorkerMail::Command(command) => match *command {
                Command::Removed { account, stream } => {
                    if let Some(catalog) = self.catalogs.get_mut(&account) {
                        catalog.remove(&stream);
                    }
                }
                Command::NotUpdated { account, old } => {
                    if let Some(catalog) = self.catalogs.get_mut(&account) {
                        catalog.restore(*old);
                    }
                }
                Command::Stop(answer) => {
                    self.stopped = true;
                    let _ = answer.send(());
                }
                // For workers.
                _ => {}
            },
            // For workers.
            WorkerMail::Interest { .. } | WorkerMail::Synced(_) => {}
        }
    }

    fn on_batch(&mut self, batch: Box<Batch>) {
        for item in &batch.messages {
            let Some(message) = item.message(&batch.bytes) else {
                break;
            };
            let Some(account) = self.shared.accounts.by_id(item.account) else {
                continue;
            };
            let (header, body) = message
                .body
                .split_at_checked(message.header_len)
                .unwrap_or((&[], message.body));
            self.on_request(ApiCall {
                account,
                subject: message.subject.to_vec(),
                reply: message.reply.to_vec(),
                header: header.to_vec(),
                body: body.to_vec(),
            });
        }
        batch.recycle(&self.shared);
    }

    fn on_request(&mut self, call: ApiCall) {
        let subject = call.subject.clone();
        let Some(endpoint) = Endpoint::parse(&subject) else {
            return;
        };
        let Some(state) = self.jetstream.account(call.account.id) else {
            self.refuse(&call, &endpoint, &errors::NOT_ENABLED_FOR_ACCOUNT);
            return;
        };
        match endpoint.scope() {
            Scope::Account => self.on_account_request(call, &endpoint, &state),
            Scope::Stream(name) => {
                let reason = self.catalog(&state).offline_reason(name).map(str::to_owned);
                match reason {
                    Some(reason) if !matches!(endpoint, Endpoint::StreamDelete(_)) => {
                        let error = errors::STREAM_OFFLINE_REASON.with(reason);
                        self.refuse(&call, &endpoint, &error);
                    }
                    _ => self.send_to_worker(name, Command::Call(call), state.account.id),
                }
            }
            Scope::Cluster => self.refuse(&call, &endpoint, &errors::CLUSTER_REQUIRED),
            Scope::Later => self.refuse(&call, &endpoint, &errors::NOT_ENABLED),
        }
    }

    fn send_to_worker(&self, stream: &str, command: Command, account: u32) {
        self.jetstream
            .worker_of(account, stream)
            .send(WorkerMail::Command(Box::new(command)));
    }

    fn on_account_request(
        &mut self,
        call: ApiCall,
        endpoint: &Endpoint<'_>,
        state: &Arc<AccountState>,
    ) {
        let settings = state.settings.load_full();
        match *endpoint {
            Endpoint::StreamCreate(name) => {
                let created = self
                    .catalog(state)
                    .create(name, &call.header, &call.body, &settings);
                match created {
                    Ok(Created::New(config)) => {
                        let command = Command::Create {
                            call,
                            config,
                            settings,
                        };
                        self.send_to_worker(name, command, state.account.id);
                    }
                    Ok(Created::Exists(stream)) => {
                        let command = Command::Created { call, stream };
                        self.send_to_worker(name, command, state.account.id);
                    }
                    Err(error) => self.refuse(&call, endpoint, &error),
                }
            }
            Endpoint::StreamUpdate(name) => {
                let updated = self
                    .catalog(state)
                    .update(name, &call.header, &call.body, &settings);
                match updated {
                    Ok((config, old)) => {
                        let command = Command::Update {
                            call,
                            config: Box::new(config),
                            old: Box::new(old),
                        };
                        self.send_to_worker(name, command, state.account.id);
                    }
                    Err(error) => self.refuse(&call, endpoint, &error),
                }
            }
            Endpoint::Info => {
                let consumers = self.count_consumers(state.account.id);
                self.answer(&call, state, |catalog, settings, cx| {
                    catalog.account_info(&call.reply, consumers, settings, cx);
                });
            }
            Endpoint::StreamNames => self.answer(&call, state, |catalog, settings, cx| {
                catalog.stream_names(&call.reply, &call.header, &call.body, settings, cx);
            }),
            Endpoint::StreamList => {
                let plan = self
                    .catalog(state)
                    .plan_list(&call.header, &call.body, &settings);
                match plan {
                    Ok(plan) => {
                        let infos = self.infos(state.account.id, &plan.ask);
                        self.answer(&call, state, |_, _, cx| {
                            catalog::reply_list(plan, infos, &call.reply, cx);
                        });
                    }
                    Err(error) => self.refuse(&call, endpoint, &error),
                }
            }
            // Of other scopes.
            _ => {}
        }
    }

    fn infos(
        &self,
        account: u32,
        names: &[String],
    ) -> Vec<midge_jetstream::stream::info::StreamInfo> {
        self.jetstream.infos(account, names, PATIENCE)
    }

    fn count_consumers(&self, account: u32) -> usize {
        let mut answers = Vec::new();
        for worker in &self.jetstream.workers {
            let (answer, count) = sync_channel(1);
            let command = Command::CountConsumers(account, answer);
            worker.send(WorkerMail::Command(Box::new(command)));
            answers.push(count);
        }
        answers
            .iter()
            .filter_map(|count| count.recv_timeout(PATIENCE).ok())
            .sum()
    }

    fn answer(
        &mut self,
        call: &ApiCall,
        state: &Arc<AccountState>,
        answer: impl FnOnce(&Catalog, &Settings, &mut Context<'_>),
    ) {
        let settings = state.settings.load_full();
        let mut effects = Effects::new();
        let mut cx = Context {
            now: now(),
            interest: &AccountInterest(&call.account),
            out: &mut effects,
        };
        answer(self.catalog(state), &settings, &mut cx);
        self.publish(&call.account, &effects);
    }

    fn refuse(&mut self, call: &ApiCall, endpoint: &Endpoint<'_>, error: &ApiError) {
        let mut effects = Effects::new();
        let mut cx = Context {
            now: now(),
            interest: &AccountInterest(&call.account),
            out: &mut effects,
        };
        refuse(endpoint, error, &call.reply, &mut cx);
        self.publish(&call.account, &effects);
    }

    fn publish(&mut self, account: &Arc<Account>, effects: &Effects) {
        let state = self.jetstream.account(account.id);
        for message in effects.messages() {
            if let Some(state) = &state {
                state.count(message.kind);
            }
            if !message.to.is_empty() {
                let outbound = Outbound {
                    to: message.to,
                    subject: message.subject,
                    reply: message.reply,
                    header: message.header,
                    payload: message.payload,
                };
                self.publisher.publish(&self.shared, account, &outbound);
            }
        }
    }
}

impl JetStream {
    /// What streams of an account show in lists, in the order of `names`.
    pub(crate) fn infos(
        &self,
        account: u32,
        names: &[String],
        patience: Duration,
    ) -> Vec<midge_jetstream::stream::info::StreamInfo> {
        let mut by_worker: Vec<Vec<(u32, String)>> = vec![Vec::new(); self.workers.len()];
        for name in names {
            let worker = self.worker_index(account, name);
            if let Some(list) = by_worker.get_mut(worker) {
                list.push((account, name.clone()));
            }
        }
        let mut answers = Vec::new();
        for (worker, streams) in self.workers.iter().zip(by_worker) {
            if streams.is_empty() {
                continue;
            }
            let (answer, infos) = sync_channel(1);
            let asked = Asked { streams, answer };
            worker.send(WorkerMail::Command(Box::new(Command::Infos(asked))));
            answers.push(infos);
        }
        let mut infos: Vec<_> = answers
            .iter()
            .filter_map(|infos| infos.recv_timeout(patience).ok())
            .flatten()
            .collect();
        let place = |name: &str| names.iter().position(|wanted| wanted == name);
        infos.sort_by_cached_key(|info| place(&info.config.name));
        infos
    }
}
