//! Creating, updating, deleting and looking after consumers
//! (jetstream-consumers.md 3.2, 3.5, 3.6).

use midge_subject::overlaps;
use serde::Serialize;

use super::{Consumers, Stream};
use crate::advisory::Action;
use crate::config::consumer::{ConsumerRequest, CreateAction};
use crate::config::consumer_rules::{self, DEFAULT_INACTIVE_THRESHOLD, Surroundings};
use crate::config::consumer_update::check_update;
use crate::config::metadata;
use crate::config::{AckPolicy, ConsumerConfig, DeliverPolicy, PauseUntil, Retention};
use crate::consumer::{Consumer, ConsumerId, Start, Ticked};
use crate::context::Context;
use crate::effects::Event;
use crate::error::ApiError;
use crate::error::catalogue as errors;
use crate::json::to_json;
use crate::random::hash8;
use crate::text::{Timestamp, push_time};
use midge_store::Nanos;

/// Longest name, in bytes: it is also the name of a folder.
const MAX_NAME: usize = 255;

#[derive(Serialize)]
struct ConsumerMeta<'a> {
    #[serde(rename = "Created")]
    created: Timestamp,
    #[serde(rename = "Name")]
    name: &'a str,
    #[serde(flatten)]
    config: &'a ConsumerConfig,
}

/// What is kept of a consumer's configuration (`meta.inf`).
fn meta_json(name: &str, created: Nanos, config: &ConsumerConfig) -> Vec<u8> {
    to_json(&ConsumerMeta {
        created: created.into(),
        name,
        config,
    })
}

impl Consumers {
    /// What `consumer_count` shows: all but those without stored state.
    pub(super) fn counted_for_info(&self) -> usize {
        self.all()
            .filter(|consumer| !consumer.config.direct)
            .count()
    }

    /// Names of the consumers that lists show.
    pub(super) fn listed(&self) -> Vec<(&str, ConsumerId)> {
        self.by_name
            .iter()
            .filter(|(_, id)| {
                self.get(**id)
                    .is_some_and(|consumer| !consumer.config.direct)
            })
            .map(|(name, id)| (name.as_str(), *id))
            .collect()
    }
}

impl Stream {
    /// What tells this stream from another one of its name.
    pub(super) fn identity(&self) -> String {
        let mut created = Vec::new();
        push_time(&mut created, self.created);
        hash8(&created)
    }

    /// Creates a consumer, or updates the one that is there.
    pub(super) fn put_consumer(
        &mut self,
        mut request: ConsumerRequest,
        cx: &mut Context<'_>,
    ) -> Result<ConsumerId, ApiError> {
        let config = &mut request.config;
        self.adapt_sourcing(config);
        let existing = match config.name.as_str() {
            "" => None,
            name => self.consumers.named(name),
        };
        // A consumer that lives on without users does so after an update, too.
        let mut threshold = None;
        let old = existing.and_then(|id| self.consumers.get(id));
        if let Some(old) = old {
            config.pause_until = old.config.pause_until;
            let is_given = config.inactive_threshold > 0
                || self.core.config.consumer_limits.inactive_threshold > 0;
            if !is_given {
                let had_none = old.config.is_durable() || old.config.inactive_threshold == 0;
                threshold = Some(if had_none {
                    0
                } else {
                    DEFAULT_INACTIVE_THRESHOLD
                });
            }
            if old.config.sourcing && old.config.is_durable() && config.sourcing {
                config.deliver_policy = old.config.deliver_policy;
                config.opt_start_seq = old.config.opt_start_seq;
                config.opt_start_time = old.config.opt_start_time;
            }
        }
        let Some(account) = &self.core.settings.account_limits else {
            return Err(errors::NO_LIMITS);
        };
        let around = Surroundings {
            stream: &self.core.config,
            server: &self.core.settings.limits,
            account,
        };
        consumer_rules::normalise(config, around, request.pedantic)?;
        if let Some(threshold) = threshold {
            config.inactive_threshold = threshold;
        }
        match (existing, request.action) {
            (Some(id), CreateAction::Create) => {
                let same = self
                    .consumers
                    .get(id)
                    .is_some_and(|old| old.config.same_as(config));
                if same {
                    self.tell_pause(id, cx);
                    Ok(id)
                } else {
                    Err(errors::CONSUMER_ALREADY_EXISTS)
                }
            }
            (Some(id), CreateAction::Any | CreateAction::Update) => {
                self.update_consumer(id, request.config, cx)?;
                self.tell_pause(id, cx);
                Ok(id)
            }
            (None, CreateAction::Update) => Err(errors::CONSUMER_DOES_NOT_EXIST),
            (None, CreateAction::Any | CreateAction::Create) => {
                self.create_consumer(request.config, cx)
            }
        }
    }

    /// Who asks for a consumer that pauses is told so, each time.
    fn tell_pause(&mut self, id: ConsumerId, cx: &mut Context<'_>) {
        if let Some(consumer) = self.consumers.get_mut(id)
            && consumer.is_paused(cx.now)
        {
            consumer.apply_pause(true, &mut self.core, cx);
        }
    }

    /// Consumers that feed mirrors and sources get a name of their own, or
    /// become durables where messages have to wait for them (13).
    fn adapt_sourcing(&mut self, config: &mut ConsumerConfig) {
        if !(config.direct && config.sourcing) || config.name.is_empty() {
            return;
        }
        if self.core.config.retention == Retention::Limits {
            config.name = format!("{}-{}", config.name, self.core.random.name());
        } else {
            config.durable_name.clone_from(&config.name);
            config.direct = false;
            config.ack_policy = AckPolicy::FlowControl;
            config.ack_wait = 0;
            config.max_deliver = 0;
            config.inactive_threshold = 0;
        }
    }

    fn create_consumer(
        &mut self,
        config: ConsumerConfig,
        cx: &mut Context<'_>,
    ) -> Result<ConsumerId, ApiError> {
        self.check_consumer_count(&config)?;
        self.check_work_queue(&config)?;
        if config.durable_name.len().max(config.name.len()) > MAX_NAME {
            return Err(errors::CONSUMER_NAME_TOO_LONG.with(MAX_NAME));
        }
        let name = if config.is_durable() {
            config.durable_name.clone()
        } else if config.name.is_empty() {
            self.free_name()
        } else {
            config.name.clone()
        };
        let start = Start::of(&config, &self.core.config, &mut *self.core.store)
            .map_err(|error| errors::CONSUMER_CREATE.with(error))?;
        let is_kept = !config.direct && !config.mem_storage;
        let meta = meta_json(&name, cx.now, &config);
        let id = self.consumers.reserve();
        let mut consumer = Consumer::new(id, name, config, cx.now, start, &mut self.core);
        if is_kept {
            let made = self
                .files
                .create_consumer(&consumer.name, &meta, &consumer.state());
            match made {
                Ok(store) => consumer.set_store(Some(store)),
                Err(error) => {
                    consumer.leave(&mut self.core.groups);
                    self.consumers.release(id);
                    cx.out.event(Event::Warning(format!(
                        "Consumer create failed for '{} > {} > {}': {error}",
                        self.core.settings.account, self.core.config.name, consumer.name
                    )));
                    return Err(errors::CONSUMER_CREATE.with("error creating store for consumer"));
                }
            }
        }
        self.start_consumer(consumer, cx);
        Ok(id)
    }

    /// Puts a new or recovered consumer to work.
    pub(super) fn start_consumer(&mut self, mut consumer: Consumer, cx: &mut Context<'_>) {
        let id = consumer.id;
        consumer.prepare_flow_control(&self.core);
        consumer.start_inactivity(&mut self.core, cx.now);
        consumer.check_interest(&mut self.core, cx);
        self.core
            .herald()
            .consumer(cx, &consumer.name, Action::Create);
        let is_paused = consumer
            .config
            .pause_until
            .time()
            .is_some_and(|until| until.at > cx.now);
        consumer.apply_pause(is_paused, &mut self.core, cx);
        if let Some(lowest) = consumer.lowest_tracked() {
            self.core.lowest_pending = self.core.lowest_pending.min(lowest);
        }
        self.consumers.put(consumer);
        cx.out.event(Event::ConsumerStarted(id));
        self.wake(id);
        self.consumers.reschedule(id);
    }

    fn free_name(&mut self) -> String {
        loop {
            let name = self.core.random.name();
            if self.consumers.named(&name).is_none() {
                return name;
            }
        }
    }

    fn check_consumer_count(&self, config: &ConsumerConfig) -> Result<(), ApiError> {
        if config.direct || config.sourcing {
            return Ok(());
        }
        let account = self.core.settings.account_limits.as_ref();
        let limits = [
            self.core.config.max_consumers,
            account.map_or(-1, |limits| limits.max_consumers),
        ];
        let default = self.core.settings.limits.default_max_consumers;
        let limit = limits.into_iter().filter(|limit| *limit > 0).min();
        let Some(limit) = limit.or((default > 0).then_some(default)) else {
            return Ok(());
        };
        if i64::try_from(self.consumers.counted()).is_ok_and(|count| count < limit) {
            Ok(())
        } else {
            Err(errors::MAXIMUM_CONSUMERS_LIMIT)
        }
    }

    /// The rules of work queues. `own` is the consumer that is updated.
    fn check_work_queue(&self, config: &ConsumerConfig) -> Result<(), ApiError> {
        if self.core.config.retention != Retention::WorkQueue || config.direct || config.sourcing {
            return Ok(());
        }
        if !matches!(
            config.ack_policy,
            AckPolicy::Explicit | AckPolicy::FlowControl
        ) {
            return Err(errors::CONSUMER_WQ_REQUIRES_EXPLICIT_ACK);
        }
        if config.deliver_policy != DeliverPolicy::All {
            return Err(errors::CONSUMER_WQ_CONSUMER_NOT_DELIVER_ALL);
        }
        self.check_unique(config, None)
    }

    /// Whether a message of a work queue is that of one consumer. `own` is the
    /// consumer if it is there already.
    fn check_unique(
        &self,
        config: &ConsumerConfig,
        own: Option<ConsumerId>,
    ) -> Result<(), ApiError> {
        if self.core.config.retention != Retention::WorkQueue || config.direct || config.sourcing {
            return Ok(());
        }
        let mut others = self
            .consumers
            .all()
            .filter(|other| Some(other.id) != own && other.is_counted())
            .peekable();
        if others.peek().is_none() {
            return Ok(());
        }
        let filters: Vec<&str> = config.filters().collect();
        if filters.is_empty() {
            return Err(errors::CONSUMER_WQ_MULTIPLE_UNFILTERED);
        }
        let collides = others.any(|other| {
            let theirs = other.filters();
            theirs.is_empty()
                || theirs.iter().any(|their| {
                    filters
                        .iter()
                        .any(|filter| overlaps(filter.as_bytes(), their.as_bytes()))
                })
        });
        if collides {
            return Err(errors::CONSUMER_WQ_CONSUMER_NOT_UNIQUE);
        }
        Ok(())
    }

    fn update_consumer(
        &mut self,
        id: ConsumerId,
        config: ConsumerConfig,
        cx: &mut Context<'_>,
    ) -> Result<(), ApiError> {
        let is_filtered = config.filters().next().is_some();
        if is_filtered {
            self.check_unique(&config, Some(id))?;
        }
        let Some(old) = self.consumers.get(id) else {
            return Err(errors::CONSUMER_NOT_FOUND);
        };
        let (old_subject, old_group) = (
            old.config.deliver_subject.as_bytes(),
            old.config.deliver_group.as_bytes(),
        );
        check_update(&old.config, &config, || {
            cx.interest.is_bound(old_subject, old_group) || cx.interest.has_interest(old_subject)
        })?;
        if old.config.same_as(&config) {
            return Ok(());
        }
        if !is_filtered {
            self.check_unique(&config, Some(id))?;
        }
        let meta = meta_json(&old.name, old.created, &config);
        let old_config = old.config.clone();
        let Some(consumer) = self.consumers.get_mut(id) else {
            return Err(errors::CONSUMER_NOT_FOUND);
        };
        if let Some(store) = consumer.store_mut()
            && let Err(error) = store.set_meta(&meta)
        {
            return Err(errors::CONSUMER_STORE_FAILED.with(error.without_path()));
        }
        let filters_changed = !old_config.filters().eq(config.filters());
        let moved = old_config.deliver_subject != config.deliver_subject;
        let regrouped = old_config.deliver_group != config.deliver_group;
        consumer.set_config(config, &mut self.core);
        consumer.prepare_flow_control(&self.core);
        consumer.start_inactivity(&mut self.core, cx.now);
        if moved {
            consumer.redeliver_all(&mut self.core, cx);
        }
        if moved || regrouped {
            consumer.check_interest(&mut self.core, cx);
            cx.out.event(Event::ConsumerChanged(id));
        }
        if filters_changed {
            self.remove_unneeded(cx);
        }
        self.wake(id);
        self.consumers.reschedule(id);
        Ok(())
    }

    /// Deletes a consumer.
    pub(super) fn delete_consumer(&mut self, id: ConsumerId, cx: &mut Context<'_>) {
        if let Some(name) = self.end_consumer(id, cx)
            && let Err(error) = self.files.delete_consumer(&name)
        {
            self.warn(&error, cx);
        }
    }

    /// Ends a consumer, and leaves its files. Its name if it has some.
    pub(super) fn end_consumer(&mut self, id: ConsumerId, cx: &mut Context<'_>) -> Option<String> {
        let mut consumer = self.consumers.take(id)?;
        consumer.end_requests("409 Consumer Deleted", false, cx);
        consumer.leave(&mut self.core.groups);
        self.core
            .herald()
            .consumer(cx, &consumer.name, Action::Delete);
        let is_kept = !consumer.config.direct && !consumer.config.mem_storage;
        consumer.set_store(None);
        cx.out.event(Event::ConsumerEnded(id));
        is_kept.then_some(consumer.name)
    }

    /// Deletes a consumer, and what only it needed.
    pub(super) fn remove_consumer(&mut self, id: ConsumerId, cx: &mut Context<'_>) {
        self.delete_consumer(id, cx);
        if self.core.config.retention == Retention::Interest {
            self.remove_unneeded(cx);
        }
    }

    /// Sets or ends a pause by request.
    pub(super) fn pause_consumer(
        &mut self,
        id: ConsumerId,
        until: Option<Nanos>,
        cx: &mut Context<'_>,
    ) -> Result<(), ApiError> {
        let Some(consumer) = self.consumers.get_mut(id) else {
            return Err(errors::CONSUMER_NOT_FOUND);
        };
        let mut config = consumer.config.clone();
        config.pause_until = until.map_or(PauseUntil::Unset, |until| {
            PauseUntil::At(Timestamp::from(until))
        });
        let level = config.required_level();
        metadata::stamp(&mut config.metadata, level);
        let meta = meta_json(&consumer.name, consumer.created, &config);
        if let Some(store) = consumer.store_mut()
            && let Err(error) = store.set_meta(&meta)
        {
            return Err(errors::CONSUMER_STORE_FAILED.with(error.without_path()));
        }
        let is_news = consumer.config.pause_until.time() != config.pause_until.time();
        consumer.config = config;
        consumer.apply_pause(is_news, &mut self.core, cx);
        self.wake(id);
        self.consumers.reschedule(id);
        Ok(())
    }

    /// Does what is due for consumers.
    pub(super) fn tick_consumers(&mut self, cx: &mut Context<'_>) {
        let mut due = Vec::new();
        while let Some(&(at, id)) = self.consumers.timers.first()
            && at <= cx.now
        {
            self.consumers.timers.pop_first();
            due.push(id);
        }
        for id in due {
            let Some(consumer) = self.consumers.get_mut(id) else {
                continue;
            };
            consumer.timer = None;
            match consumer.tick(&mut self.core, cx) {
                Ticked::Alive => {}
                Ticked::Ready => self.wake(id),
                Ticked::Inactive => {
                    self.remove_consumer(id, cx);
                    continue;
                }
            }
            self.consumers.reschedule(id);
        }
    }
}
