//! What a worker does on request.

use std::sync::Arc;

use midge_jetstream::api::Endpoint;
use midge_jetstream::catalog;
use midge_jetstream::config::{Storage, StreamConfig};
use midge_jetstream::context::Settings;
use midge_jetstream::stream::{
    MemoryFiles, Offline, StreamCall, StreamFiles, StreamParts, meta_json, store_options,
};
use midge_jetstream::{Context, Effects, Stream};
use midge_store::{MemoryStore, Nanos, StoreError, StreamOptions, StreamStore};

use super::api::report;
use super::command::{ApiCall, Asked, Command, FoundStream};
use super::files::Folder;
use super::interest::AccountInterest;
use super::mailbox::WorkerMail;
use super::start::{not_json, skipped_consumer};
use super::worker::Worker;
use crate::account::Account;

impl Worker {
    pub(super) fn on_command(&mut self, command: Command, now: Nanos) {
        match command {
            Command::Call(call) => self.on_call(&call, now),
            Command::Create {
                call,
                config,
                settings,
            } => self.on_create(&call, *config, settings, now),
            Command::Created { call, stream } => {
                let number = self.by_name.get(&(call.account.id, stream)).copied();
                if let Some(number) = number {
                    self.answer_by(number, &call, now, |stream, cx| {
                        stream.reply_created(&call.reply, cx);
                    });
                }
            }
            Command::Update { call, config, old } => self.on_update(&call, *config, old, now),
            Command::Recover { found, answer } => {
                // The asker waits for it.
                let _ = answer.send(self.recover(*found, now));
            }
            Command::Infos(asked) => self.on_infos(asked, now),
            Command::CountConsumers(account, answer) => {
                let count = self
                    .hosts
                    .iter()
                    .filter(|(_, host)| host.account.id == account)
                    .map(|(_, host)| host.stream.consumer_ids().count())
                    .sum();
                let _ = answer.send(count);
            }
            // After all that has arrived: the end of a sync may be in it.
            Command::Stop(answer) => self.stopping = Some(answer),
            Command::Report(query, answer) => {
                let _ = answer.send(self.report(&query, now));
            }
            Command::Failures(answer) => {
                let _ = answer.send(self.failures());
            }
            Command::HasConsumer {
                account,
                stream,
                consumer,
                answer,
            } => {
                let number = self.by_name.get(&(account, stream));
                let host = number.and_then(|number| self.hosts.get(*number as usize));
                let _ = answer.send(host.is_some_and(|host| host.stream.has_consumer(&consumer)));
            }
            Command::Settings(account, settings) => {
                for (_, host) in &mut self.hosts {
                    if host.account.id == account {
                        host.stream.set_settings(settings.clone());
                    }
                }
            }
            Command::EndAccount(account) => {
                let numbers: Vec<u32> = self
                    .hosts
                    .iter()
                    .filter(|(_, host)| host.account.id == account)
                    .map(|(number, _)| number as u32)
                    .collect();
                self.close_streams(&numbers, now);
            }
            // For the API thread.
            Command::Removed { .. }
            | Command::NotUpdated { .. }
            | Command::Opened { .. }
            | Command::AllStreams(_) => {}
        }
    }

    /// A request about one stream.
    fn on_call(&mut self, call: &ApiCall, now: Nanos) {
        let Some(endpoint) = Endpoint::parse(&call.subject) else {
            return;
        };
        let midge_jetstream::api::Scope::Stream(name) = endpoint.scope() else {
            return;
        };
        let number = self
            .by_name
            .get(&(call.account.id, name.to_owned()))
            .copied();
        let Some(number) = number else {
            self.answer_directly(call, now, |settings, cx| {
                catalog::stream_not_found(
                    &endpoint,
                    &call.reply,
                    &call.header,
                    &call.body,
                    settings,
                    cx,
                );
            });
            return;
        };
        let stream_call = StreamCall {
            endpoint,
            reply: &call.reply,
            header: &call.header,
            body: &call.body,
        };
        let mut deleted = false;
        self.answer_by(number, call, now, |stream, cx| {
            stream.api(&stream_call, cx);
            deleted = stream.is_deleted();
        });
        if deleted {
            self.delete(number);
        }
    }

    /// Removes a stream that was deleted, and then tells its user.
    fn delete(&mut self, number: u32) {
        let Some(host) = self.remove_host(number) else {
            return;
        };
        let mut host = host;
        let name = host.stream.name().to_owned();
        let is_file = host.stream.config().storage == Storage::File;
        self.tell_api(Command::Removed {
            account: host.account.id,
            stream: name.clone(),
        });
        let effects = std::mem::replace(&mut host.effects, Effects::new());
        let account = host.account.clone();
        drop(host);
        if is_file && let Err(error) = self.jetstream.root.delete_stream(&account.name, &name) {
            self.shared.log.error(format_args!(
                "JetStream stream '{} > {name}' could not be removed: {error}",
                account.name
            ));
        }
        self.publish_all(&account, &effects);
    }

    fn tell_api(&self, command: Command) {
        self.jetstream
            .api
            .send(WorkerMail::Command(Box::new(command)));
    }

    /// Lets a stream answer a request.
    fn answer_by(
        &mut self,
        number: u32,
        call: &ApiCall,
        now: Nanos,
        answer: impl FnOnce(&mut Stream, &mut Context<'_>),
    ) {
        let before = self
            .hosts
            .get(number as usize)
            .map_or(0, |host| host.effects.len());
        self.with_host(number, now, answer);
        let Some(host) = self.hosts.get(number as usize) else {
            return;
        };
        for message in host.effects.messages().skip(before) {
            let jetstream = &self.jetstream;
            report(&self.shared, jetstream, &mut self.publisher, call, &message);
        }
    }

    /// Answers without a stream.
    fn answer_directly(
        &mut self,
        call: &ApiCall,
        now: Nanos,
        answer: impl FnOnce(&Settings, &mut Context<'_>),
    ) {
        let Some(state) = self.jetstream.account(call.account.id) else {
            return;
        };
        let settings = state.settings.load_full();
        let mut effects = Effects::new();
        let mut cx = Context {
            now,
            interest: &AccountInterest(&call.account),
            out: &mut effects,
        };
        answer(&settings, &mut cx);
        for message in effects.messages() {
            let jetstream = &self.jetstream;
            report(&self.shared, jetstream, &mut self.publisher, call, &message);
        }
        self.publish_all(&call.account, &effects);
    }

    fn on_create(
        &mut self,
        call: &ApiCall,
        config: StreamConfig,
        settings: Arc<Settings>,
        now: Nanos,
    ) {
        let name = config.name.clone();
        match self.create(&call.account, config, settings, now) {
            Ok(number) => {
                self.answer_by(number, call, now, |stream, cx| {
                    stream.reply_created(&call.reply, cx);
                });
            }
            Err(error) => {
                self.shared.log.error(format_args!(
                    "JetStream stream '{} > {name}' could not be made: {error}",
                    call.account.name
                ));
                self.tell_api(Command::Removed {
                    account: call.account.id,
                    stream: name,
                });
                self.answer_directly(call, now, |_, cx| {
                    catalog::store_not_created(&call.reply, cx);
                });
            }
        }
    }

    fn create(
        &mut self,
        account: &Arc<Account>,
        config: StreamConfig,
        settings: Arc<Settings>,
        now: Nanos,
    ) -> Result<u32, StoreError> {
        let name = config.name.clone();
        let store: Box<dyn StreamStore> = match config.storage {
            Storage::Memory => Box::new(MemoryStore::new(self.options(&config, &settings))),
            Storage::File => Box::new(self.jetstream.root.create_stream(
                &account.name,
                &name,
                &meta_json(&config, now),
                self.options(&config, &settings),
            )?),
        };
        let parts = StreamParts {
            settings,
            store,
            files: self.files(account, &config),
            seed: fastrand::u64(..),
        };
        let mut effects = Effects::new();
        let mut cx = Context {
            now,
            interest: &AccountInterest(account),
            out: &mut effects,
        };
        let stream = Stream::create(config, parts, &mut cx)?;
        Ok(self.add_host(account, &name, stream, effects))
    }

    fn files(&self, account: &Account, config: &StreamConfig) -> Box<dyn StreamFiles> {
        match config.storage {
            Storage::Memory => Box::new(MemoryFiles),
            Storage::File => Box::new(Folder {
                root: self.jetstream.root.clone(),
                account: account.name.clone(),
                stream: config.name.clone(),
            }),
        }
    }

    fn options(&self, config: &StreamConfig, settings: &Settings) -> StreamOptions {
        let encrypted = self.jetstream.root.is_encrypted();
        store_options(config, &settings.limits, encrypted)
    }

    fn on_update(
        &mut self,
        call: &ApiCall,
        config: StreamConfig,
        old: Box<StreamConfig>,
        now: Nanos,
    ) {
        let key = (call.account.id, config.name.clone());
        let Some(&number) = self.by_name.get(&key) else {
            return;
        };
        let mut updated = true;
        self.answer_by(number, call, now, |stream, cx| {
            updated = stream.update(config, &call.reply, cx).is_ok();
        });
        if !updated {
            self.tell_api(Command::NotUpdated {
                account: call.account.id,
                old,
            });
        }
    }

    /// Opens a stream as it was left.
    fn recover(&mut self, found: FoundStream, now: Nanos) -> Result<StreamConfig, Box<Offline>> {
        let FoundStream {
            account,
            settings,
            config,
            created,
        } = found;
        let name = config.name.clone();
        let root = self.jetstream.root.clone();
        let offline = |config: &StreamConfig, reason: String| {
            Box::new(Offline {
                name: config.name.clone(),
                reason,
                config: Box::new(config.clone()),
                created: Some(created.into()),
                consumers: std::collections::BTreeMap::new(),
            })
        };
        let opened = root.open_stream(&account.name, &name, self.options(&config, &settings));
        let (store, recovery) = opened.map_err(|error| offline(&config, error.to_string()))?;
        for line in &recovery.warnings {
            self.shared
                .log
                .warn(format_args!("Filestore [{name}] {line}"));
        }
        let mut consumers: Vec<(Vec<u8>, Box<dyn midge_store::ConsumerStore>)> = Vec::new();
        let listed = root.consumers(&account.name, &name);
        for consumer in listed.map_err(|error| offline(&config, error.to_string()))? {
            let meta = match consumer.meta {
                Ok(meta) => meta,
                Err(error) => {
                    let text = skipped_consumer(&consumer.folder, &error);
                    self.shared.log.warn(format_args!("{text}"));
                    continue;
                }
            };
            if let Some(text) = not_json("consumer", &consumer.folder, &meta) {
                self.shared.log.warn(format_args!("{text}"));
                continue;
            }
            match root.open_consumer(&account.name, &name, &consumer.name) {
                Ok(store) => consumers.push((meta, Box::new(store))),
                Err(error) => self.shared.log.warn(format_args!(
                    "Error adding consumer '{} > {name} > {}': error creating store for consumer: {} (10104)",
                    account.name, consumer.name, without_path(&error)
                )),
            }
        }
        let parts = StreamParts {
            settings,
            store: Box::new(store),
            files: self.files(&account, &config),
            seed: fastrand::u64(..),
        };
        let mut effects = Effects::new();
        let mut cx = Context {
            now,
            interest: &AccountInterest(&account),
            out: &mut effects,
        };
        let shown = config.clone();
        let stream = Stream::recover(config, created, parts, consumers, &mut cx)?;
        let number = self.add_host(&account, &name, stream, effects);
        self.settle_host(number, now);
        Ok(shown)
    }

    fn on_infos(&mut self, asked: Asked, now: Nanos) {
        let mut infos = Vec::new();
        for (account, name) in asked.streams {
            if let Some(&number) = self.by_name.get(&(account, name))
                && let Some(host) = self.hosts.get_mut(number as usize)
            {
                infos.push(host.stream.listed_info(now));
            }
        }
        // The asker may have given up.
        let _ = asked.answer.send(infos);
    }

    fn publish_all(&mut self, account: &Arc<Account>, effects: &Effects) {
        let state = self.jetstream.account(account.id);
        for message in effects.messages() {
            self.publish(account, state.as_deref(), &message);
        }
    }
}

/// What is wrong, without where: the log line names the consumer.
fn without_path(error: &StoreError) -> String {
    match error {
        StoreError::Corrupt { what, .. } => what.clone(),
        StoreError::Key { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}
