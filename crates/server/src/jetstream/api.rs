//! The thread that answers requests about the streams of an account as a
//! whole, and hands the others to the workers (jetstream-api.md 2, 5.1).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use midge_jetstream::api::{Body, Endpoint, Scope, refuse};
use midge_jetstream::catalog::{self, Created};
use midge_jetstream::config::StreamConfig;
use midge_jetstream::context::Settings;
use midge_jetstream::effects::{Kind, Message};
use midge_jetstream::error::{ApiError, catalogue as errors};
use midge_jetstream::header::level_is_supported;
use midge_jetstream::stream::{Offline, reply_deleted};
use midge_jetstream::{Catalog, Context, Effects, Interest};

use super::audit::{self, AUDIT_SUBJECT};
use super::command::{ApiCall, Asked, Command};
use super::delayed::Delayed;
use super::interest::AccountInterest;
use super::mailbox::{WorkerMail, WorkerMailbox};
use super::publisher::{Outbound, Publisher};
use super::worker::now;
use super::{AccountState, JetStream};
use crate::batch::{API_DESTINATION, Batch};
use crate::server::Shared;
use crate::spin::Spin;

/// Wait for a worker's answer; the peer's bound for lists (jetstream-api.md 5.4).
const PATIENCE: Duration = Duration::from_secs(4);

/// Time between two log lines about a full queue.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// The thread's state.
pub(super) struct Api {
    pub(super) shared: Arc<Shared>,
    pub(super) jetstream: Arc<JetStream>,
    pub(super) mailbox: Arc<WorkerMailbox>,
    pub(super) catalogs: HashMap<u32, Catalog>,
    pub(super) publisher: Publisher,
    delayed: Delayed,
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
            delayed: Delayed::default(),
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
            let wait = self.delayed.wait();
            self.mailbox.receive(&mut mail, wait, &mut self.spin);
            for item in mail.drain(..) {
                let work = std::panic::AssertUnwindSafe(|| self.on_mail(item));
                // The panic hook has reported it; other requests go on.
                let _ = std::panic::catch_unwind(work);
            }
            while let Some((call, error)) = self.delayed.pop() {
                self.refuse_late(&call, &error);
            }
            self.publisher.send(&self.shared);
            if self.shared.rendezvous.is_called() {
                self.shared.rendezvous.attend(API_DESTINATION);
            }
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
                Command::Opened { state, recovered } => self.add(&state, *recovered),
                Command::EndAccount(account) => self.forget(account),
                Command::AllStreams(answer) => {
                    let _ = answer.send(self.all_streams());
                }
                Command::Stop(answer) => {
                    self.stopped = true;
                    let _ = answer.send(());
                }
                // For workers.
                _ => {}
            },
            // For workers.
            WorkerMail::Interest { .. }
            | WorkerMail::Synced(_)
            | WorkerMail::Packed(_)
            | WorkerMail::Fetched(_) => {}
            // The end of the turn looks.
            WorkerMail::Rendezvous => {}
        }
    }

    /// The account has no JetStream any more: what it had reserved is free.
    fn forget(&mut self, account: u32) {
        if let Some(mut catalog) = self.catalogs.remove(&account) {
            let names: Vec<String> = catalog.names().map(str::to_owned).collect();
            for name in names {
                catalog.remove(&name);
            }
        }
    }

    /// Answers about a stream that is offline come late.
    fn refuse_late(&mut self, call: &ApiCall, error: &ApiError) {
        if let Some(endpoint) = Endpoint::parse(&call.subject) {
            self.refuse(call, &endpoint, error);
        }
    }

    fn all_streams(&self) -> Vec<(u32, String)> {
        let streams = self
            .catalogs
            .iter()
            .flat_map(|(account, catalog)| catalog.names().map(|name| (*account, name.to_owned())));
        streams.collect()
    }

    fn on_batch(&mut self, batch: Box<Batch>) {
        let mut calls = Vec::new();
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
            let (_, cid) = item.producer;
            let audited = AccountInterest(&account).has_interest(AUDIT_SUBJECT);
            let client = if audited {
                audit::client_json(&self.shared, batch.from, cid)
            } else {
                None
            };
            calls.push(ApiCall {
                account,
                subject: message.subject.to_vec(),
                reply: message.reply.to_vec(),
                header: header.to_vec(),
                body: body.to_vec(),
                client,
            });
        }
        batch.recycle(&self.shared);
        self.drop_excess(&mut calls);
        for call in calls {
            self.on_request(call);
        }
    }

    /// Drops all requests of a kind of which more came at once than may wait
    /// (jetstream-api.md 5.1).
    fn drop_excess(&mut self, calls: &mut Vec<ApiCall>) {
        let limits = self.jetstream.queues;
        for (is_info, limit, what) in [
            (true, limits.info_requests, "API info queue"),
            (false, limits.requests, "API queue"),
        ] {
            let count = calls
                .iter()
                .filter(|call| asks_for_info(call) == is_info)
                .count();
            if count < limit {
                continue;
            }
            calls.retain(|call| asks_for_info(call) != is_info);
            let log = &self.shared.log;
            log.warn_limited(
                what,
                LOG_INTERVAL,
                format_args!("JetStream {what} limit reached, dropping {count} requests"),
            );
            if let Some(system) = &self.shared.system_account
                && let Some(event) =
                    audit::limit_reached(&self.shared.identity.name, &self.jetstream.domain, count)
            {
                let outbound = Outbound {
                    to: audit::LIMIT_SUBJECT,
                    subject: audit::LIMIT_SUBJECT,
                    reply: b"",
                    header: b"",
                    payload: &event,
                };
                self.publisher.publish(&self.shared, system, &outbound);
            }
        }
    }

    fn on_request(&mut self, call: ApiCall) {
        let subject = call.subject.clone();
        if self.shared.is_system_account(call.account.id) {
            self.on_system_request(&call);
            return;
        }
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
                    // The Go server does not answer these.
                    Some(_)
                        if matches!(
                            endpoint,
                            Endpoint::MessageGet(_)
                                | Endpoint::ConsumerPause { .. }
                                | Endpoint::ConsumerUnpin { .. }
                        ) => {}
                    Some(reason) if !matches!(endpoint, Endpoint::StreamDelete(_)) => {
                        let consumer = match endpoint {
                            Endpoint::ConsumerInfo { consumer, .. } => {
                                self.catalog(&state).offline_consumer_reason(name, consumer)
                            }
                            _ => None,
                        };
                        let error = match consumer {
                            Some(reason) => errors::CONSUMER_OFFLINE_REASON.with(reason),
                            None => errors::STREAM_OFFLINE_REASON.with(reason),
                        };
                        if let Some((call, error)) = self.delayed.push(call, error) {
                            self.refuse_late(&call, &error);
                        }
                    }
                    Some(_) => self.delete_offline(&call, &endpoint, name, &state),
                    None => self.send_to_worker(name, Command::Call(call), state.account.id),
                }
            }
            Scope::Cluster => self.refuse(&call, &endpoint, &errors::CLUSTER_REQUIRED),
            Scope::Later => self.refuse(&call, &endpoint, &errors::NOT_ENABLED),
        }
    }

    /// Removes a stream that no worker has.
    fn delete_offline(
        &mut self,
        call: &ApiCall,
        endpoint: &Endpoint<'_>,
        name: &str,
        state: &Arc<AccountState>,
    ) {
        let body = Body {
            bytes: &call.body,
            strictness: state.settings.load().limits.strictness(),
        };
        if let Err(error) = body.none() {
            return self.refuse(call, endpoint, &error);
        }
        let account = &state.account.name;
        if let Err(error) = self.jetstream.root.delete_stream(account, name) {
            self.shared.log.error(format_args!(
                "JetStream stream '{account} > {name}' could not be removed: {error}"
            ));
            let error = errors::STREAM_DELETE.with(error);
            return self.refuse(call, endpoint, &error);
        }
        self.catalog(state).remove(name);
        self.answer(call, state, |_, _, cx| reply_deleted(&call.reply, cx));
    }

    pub(super) fn send_to_worker(&self, stream: &str, command: Command, account: u32) {
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
            Endpoint::Info if !level_is_supported(&call.header) => {
                self.refuse(&call, endpoint, &errors::REQUIRED_API_LEVEL);
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
        self.publish(call, &effects);
    }

    pub(super) fn refuse(&mut self, call: &ApiCall, endpoint: &Endpoint<'_>, error: &ApiError) {
        let mut effects = Effects::new();
        let mut cx = Context {
            now: now(),
            interest: &AccountInterest(&call.account),
            out: &mut effects,
        };
        refuse(endpoint, error, &call.reply, &mut cx);
        self.publish(call, &effects);
    }

    fn publish(&mut self, call: &ApiCall, effects: &Effects) {
        let account = &call.account;
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
            report(
                &self.shared,
                &self.jetstream,
                &mut self.publisher,
                call,
                &message,
            );
        }
    }
}

/// Whether a request belongs to the queue of those that only ask.
fn asks_for_info(call: &ApiCall) -> bool {
    matches!(
        Endpoint::parse(&call.subject),
        Some(
            Endpoint::Info
                | Endpoint::StreamNames
                | Endpoint::StreamList
                | Endpoint::StreamInfo(_)
                | Endpoint::ConsumerNames(_)
                | Endpoint::ConsumerList(_)
                | Endpoint::ConsumerInfo { .. }
        )
    )
}

/// What a reply of the API brings with it: a line in the log about a request
/// that could not be read, and the audit.
pub(super) fn report(
    shared: &Shared,
    jetstream: &JetStream,
    publisher: &mut Publisher,
    call: &ApiCall,
    reply: &Message<'_>,
) {
    let Kind::ApiReply { is_error } = reply.kind else {
        return;
    };
    if is_error && let Some(reason) = invalid_json(reply.payload) {
        shared.log.warn(format_args!(
            "Invalid JetStream request '{} > {}': {reason}",
            call.account.name,
            String::from_utf8_lossy(&call.subject)
        ));
    }
    let server = &shared.identity.name;
    if let Some(event) = audit::audit(call, reply.payload, server, &jetstream.domain) {
        let outbound = Outbound {
            to: AUDIT_SUBJECT,
            subject: AUDIT_SUBJECT,
            reply: b"",
            header: b"",
            payload: &event,
        };
        publisher.publish(shared, &call.account, &outbound);
    }
}

/// What is wrong with a request, if a reply says that it could not be read.
fn invalid_json(reply: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Reply {
        error: Failure,
    }
    #[derive(serde::Deserialize)]
    struct Failure {
        description: String,
    }
    let reply: Reply = serde_json::from_slice(reply).ok()?;
    let reason = reply.error.description.strip_prefix("invalid JSON: ")?;
    Some(reason.to_owned())
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
