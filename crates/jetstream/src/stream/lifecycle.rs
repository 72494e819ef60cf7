//! The beginning and end of a stream, and its recovery
//! (jetstream-streams.md 2, 18.4, 18.5).

use std::collections::BTreeMap;
use std::sync::Arc;

use midge_store::{
    BlockSizing, ConsumerStore, Filter, Limits, Nanos, PackTask, Seq, StoreError, StreamOptions,
    StreamStore, block_size, each_at_once,
};
use midge_wire::header::find;
use serde::Serialize;
use serde_json::Value;

use super::dedupe::Dedupe;
use super::expiry::Expiry;
use super::limits::NextWarnings;
use super::republish::Republisher;
use super::update::transform_of;
use super::{Consumers, Core, Stream, StreamFiles};
use crate::advisory::Action;
use crate::api::push_reply;
use crate::config::metadata::{API_LEVEL, Metadata, REQUIRED_LEVEL};
use crate::config::stream_rules::refuse_later_features;
use crate::config::{Compression, ConsumerConfig, Discard, Retention, StreamConfig};
use crate::consumer::info::Detail;
use crate::consumer::{Consumer, ConsumerId, Start};
use crate::context::{Context, Settings};
use crate::effects::{Event, Kind, When};
use crate::error::catalogue as errors;
use crate::groups::Groups;
use crate::json::{JsonError, Place, ReadJson, Strictness, parse, to_json};
use crate::limits::ServerLimits;
use crate::random::Random;
use crate::text::Timestamp;
use crate::units::after;

/// What a record on disk has besides header, payload and subject, in bytes.
const RECORD_OVERHEAD: u64 = 34;

/// What a stream is made of besides its configuration.
pub struct StreamParts {
    /// What is known of server and account.
    pub settings: Arc<Settings>,
    /// Its messages.
    pub store: Box<dyn StreamStore>,
    /// Its folder.
    pub files: Box<dyn StreamFiles>,
    /// For names and choices; different for every stream and start.
    pub seed: u64,
}

/// A stream that is on disk and can not be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Offline {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Its configuration as far as it could be read.
    pub config: Box<StreamConfig>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Its consumers that are the reason, and why.
    pub consumers: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct StreamMeta<'a> {
    #[serde(rename = "Created")]
    created: Timestamp,
    #[serde(flatten)]
    config: &'a StreamConfig,
}

/// What is kept of a stream's configuration (`meta.inf`).
pub fn meta_json(config: &StreamConfig, created: Nanos) -> Vec<u8> {
    to_json(&StreamMeta {
        created: created.into(),
        config,
    })
}

/// What a configuration means to the store.
pub fn store_options(
    config: &StreamConfig,
    limits: &ServerLimits,
    encrypted: bool,
) -> StreamOptions {
    let positive = |value: i64| u64::try_from(value).unwrap_or(0);
    let largest_message = match config.max_msg_size {
        size if size > 0 => positive(i64::from(size)),
        _ => positive(limits.max_payload),
    };
    StreamOptions {
        block_size: block_size(&BlockSizing {
            max_bytes: positive(config.max_bytes),
            max_messages: positive(config.max_msgs),
            largest_record: largest_message + RECORD_OVERHEAD,
            per_subject: config.max_msgs_per_subject > 0,
            by_limits: config.retention == Retention::Limits,
            encrypted,
        }),
        compress: config.compression == Compression::S2,
        ttl: config.allow_msg_ttl,
        limits: limits_of(config),
    }
}

/// What the store has to know of a stream's limits.
fn limits_of(config: &StreamConfig) -> Limits {
    let (bytes, per_subject) = (config.max_bytes > 0, config.max_msgs_per_subject > 0);
    if bytes && per_subject && config.discard == Discard::Old {
        Limits::Ordered
    } else if bytes || per_subject || config.max_msgs > 0 || config.max_age > 0 {
        Limits::Some
    } else {
        Limits::None
    }
}

/// A configuration as it is kept, with what is kept beside it.
#[derive(Debug, Default)]
struct Kept<T> {
    config: T,
    created: Option<Timestamp>,
    name: String,
}

impl<T: ReadJson> ReadJson for Kept<T> {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        let mut fields = match value {
            Value::Object(fields) => fields.clone(),
            other => return self.config.read(other, at),
        };
        if let Some(created) = fields.remove("Created") {
            self.created.read(&created, at)?;
        }
        if let Some(name) = fields.remove("Name") {
            self.name.read(&name, at)?;
        }
        self.config.read(&Value::Object(fields), at)
    }
}

/// Reads what is kept of a configuration; the error is why the asset can not
/// be run.
fn read_kept<T: ReadJson + Default>(
    json: &[u8],
    metadata: impl Fn(&T) -> &Metadata,
) -> (Kept<T>, Result<(), String>) {
    let mut kept = Kept::default();
    let mut known = parse(json, "config", Strictness::Strict, &mut kept);
    if known.is_err() {
        // What is known of it is still shown.
        kept = Kept::default();
        if let Err(error) = parse(json, "config", Strictness::Lenient, &mut kept) {
            known = Err(error);
        }
    }
    let level = metadata(&kept.config)
        .get(REQUIRED_LEVEL)
        .and_then(|level| level.parse::<u32>().ok())
        .unwrap_or(0);
    let is_known = level <= API_LEVEL;
    let result = match (known, is_known) {
        (Ok(()), true) => Ok(()),
        (Ok(()), false) => Err(format!(
            "unsupported - required API level: {level}, current API level: {API_LEVEL}"
        )),
        (Err(error), true) => Err(format!("decoding error: {error}")),
        (Err(error), false) => Err(format!(
            "unsupported - config error: {}",
            error.0.strip_prefix("json: ").unwrap_or(&error.0)
        )),
    };
    (kept, result)
}

/// Reads the `meta.inf` of a stream: its configuration and time of creation.
///
/// # Errors
/// If it can not be run by this server.
pub fn read_stream_meta(json: &[u8]) -> Result<(StreamConfig, Nanos), Box<Offline>> {
    let (kept, result) = read_kept(json, |config: &StreamConfig| &config.metadata);
    let offline = |reason: String, kept: Kept<StreamConfig>| {
        Box::new(Offline {
            name: kept.config.name.clone(),
            reason,
            config: Box::new(kept.config),
            created: kept.created,
            consumers: BTreeMap::new(),
        })
    };
    if let Err(reason) = result {
        return Err(offline(reason, kept));
    }
    if refuse_later_features(&kept.config).is_err() {
        let reason = "unsupported - config error: a feature this server does not have yet";
        return Err(offline(reason.to_owned(), kept));
    }
    let created = kept.created.map_or(Nanos::NONE, |created| created.at);
    Ok((with_limits_filled(kept.config), created))
}

/// Nobody stores 0 for "no limit", but it must not mean that nothing may
/// stay.
fn with_limits_filled(mut config: StreamConfig) -> StreamConfig {
    for limit in [
        &mut config.max_msgs,
        &mut config.max_bytes,
        &mut config.max_msgs_per_subject,
        &mut config.max_consumers,
    ] {
        if *limit == 0 {
            *limit = -1;
        }
    }
    if config.max_msg_size == 0 {
        config.max_msg_size = -1;
    }
    config.num_replicas = config.num_replicas.max(1);
    config
}

/// Reads the `meta.inf` of a consumer: name, configuration and time of
/// creation.
///
/// # Errors
/// Why it can not be run by this server, with its name.
pub fn read_consumer_meta(
    json: &[u8],
) -> Result<(String, ConsumerConfig, Nanos), (String, String)> {
    let (kept, result) = read_kept(json, |config: &ConsumerConfig| &config.metadata);
    let name = [&kept.name, &kept.config.durable_name, &kept.config.name]
        .into_iter()
        .find(|name| !name.is_empty())
        .cloned()
        .unwrap_or_default();
    match result {
        Ok(()) => Ok((
            name,
            kept.config,
            kept.created.map_or(Nanos::NONE, |created| created.at),
        )),
        Err(reason) => Err((name, reason)),
    }
}

/// Answers that a stream was deleted.
pub fn reply_deleted(reply: &[u8], cx: &mut Context<'_>) {
    let kind = Kind::ApiReply { is_error: false };
    cx.out.send_with(reply, When::Durable, kind, |out| {
        push_reply(
            out,
            "stream_delete_response",
            &super::requests::Success::YES,
        );
    });
}

impl Stream {
    fn new(config: StreamConfig, created: Nanos, parts: StreamParts) -> Self {
        let mut stream = Self {
            created,
            deleted: false,
            files: parts.files,
            consumers: Consumers::default(),
            dedupe: Dedupe::new(config.duplicate_window),
            last_id: Vec::new(),
            transform: transform_of(&config),
            republisher: Republisher::of(&config),
            expiry: Expiry::default(),
            ack_start: Vec::new(),
            reported_bytes: 0,
            next_warnings: NextWarnings::NOW,
            blocker: None,
            subject: Vec::new(),
            header: Vec::new(),
            settled_unflushed: Vec::new(),
            in_doubt: false,
            flush_failed: None,
            core: Core {
                settings: parts.settings,
                config,
                store: parts.store,
                groups: Groups::default(),
                random: Random::new(parts.seed),
                ready: Vec::new(),
                reading: Vec::new(),
                reads_beside: false,
                settled: Vec::new(),
                lowest_pending: Seq::MAX,
            },
        };
        stream.prepare_answers();
        stream
    }

    /// A new stream of a configuration that was checked. Its store is new.
    ///
    /// # Errors
    /// If the first sequence could not be set.
    pub fn create(
        config: StreamConfig,
        parts: StreamParts,
        cx: &mut Context<'_>,
    ) -> Result<Self, StoreError> {
        let mut stream = Self::new(config, cx.now, parts);
        let first = stream.core.config.first_seq;
        if first > 0 {
            stream.core.store.skip_to(Seq(first), Nanos::NONE)?;
        }
        stream.core.herald().stream(cx, Action::Create);
        Ok(stream)
    }

    /// What is to be kept of the configuration (`meta.inf`).
    pub fn meta_json(&self) -> Vec<u8> {
        meta_json(&self.core.config, self.created)
    }

    /// Answers a create request, for a stream that is new or was there.
    pub fn reply_created(&self, reply: &[u8], cx: &mut Context<'_>) {
        #[derive(Serialize)]
        struct Created {
            #[serde(flatten)]
            info: super::info::StreamInfo,
            did_create: bool,
        }
        let mut info = self.info(Detail::Single, cx.now);
        info.domain.clear();
        let created = Created {
            info,
            did_create: true,
        };
        let kind = Kind::ApiReply { is_error: false };
        cx.out.send_with(reply, When::Durable, kind, |out| {
            push_reply(out, "stream_create_response", &created);
        });
    }

    /// A stream as it was left. `consumers` are its consumers' `meta.inf` and
    /// stores.
    ///
    /// # Errors
    /// If a consumer needs more than this server has: then the whole stream
    /// can not be run.
    pub fn recover(
        config: StreamConfig,
        created: Nanos,
        parts: StreamParts,
        consumers: Vec<(Vec<u8>, Box<dyn ConsumerStore>)>,
        cx: &mut Context<'_>,
    ) -> Result<Self, Box<Offline>> {
        let mut stream = Self::new(config, created, parts);
        let mut read = Vec::with_capacity(consumers.len());
        let mut offline = BTreeMap::new();
        for (json, store) in consumers {
            match read_consumer_meta(&json) {
                Ok((name, config, created)) => read.push((name, config, created, store)),
                Err((name, reason)) => {
                    offline.insert(name, reason);
                }
            }
        }
        if let Some(name) = offline.keys().next() {
            return Err(Box::new(Offline {
                name: stream.name().to_owned(),
                reason: format!("stopped - unsupported consumer \"{name}\""),
                config: Box::new(stream.core.config),
                created: Some(created.into()),
                consumers: offline,
            }));
        }
        stream.recover_ids(cx);
        for (name, config, created, store) in read {
            stream.recover_consumer(name, config, created, store, cx);
        }
        // In the order in which the last message was stored.
        let applied = stream
            .finish_roll_up(cx)
            .and_then(|()| stream.enforce_all(cx));
        if let Err(error) = applied {
            stream.warn(&error, cx);
        }
        stream.expire_all(cx);
        if stream.core.config.retention != Retention::Limits {
            stream.remove_unneeded(cx);
        }
        Ok(stream)
    }

    fn recover_consumer(
        &mut self,
        name: String,
        config: ConsumerConfig,
        created: Nanos,
        mut store: Box<dyn ConsumerStore>,
        cx: &mut Context<'_>,
    ) {
        let state = store.take_recovered();
        let start = match &state {
            Some(state) => Start::at(state.delivered.stream.next()),
            None => match Start::of(&config, &self.core.config, &mut *self.core.store) {
                Ok(start) => start,
                Err(error) => return self.warn(&error, cx),
            },
        };
        let id: ConsumerId = self.consumers.reserve();
        let mut consumer = Consumer::new(id, name, config, created, start, &mut self.core);
        match state {
            Some(state) => {
                if let Some(warning) = consumer.recover(store, state, &mut self.core, cx.now) {
                    cx.out.event(Event::Warning(warning));
                }
            }
            None => consumer.set_store(Some(store)),
        }
        self.start_consumer(consumer, cx);
    }

    /// Remembers the ids of stored messages that are young enough
    /// (jetstream-streams.md 5.3).
    fn recover_ids(&mut self, cx: &mut Context<'_>) {
        let window = self.core.config.duplicate_window;
        if window <= 0 {
            return;
        }
        let since = after(cx.now, -window);
        let recovered = self.read_ids_since(since);
        if let Err(error) = recovered {
            self.warn(&error, cx);
        }
    }

    fn read_ids_since(&mut self, since: Nanos) -> Result<(), StoreError> {
        let mut from = self.core.store.seq_at(since)?;
        let last = self.core.store.state().last;
        while let Some(message) = self.core.store.next(&Filter::All, from)? {
            from = message.seq.next();
            let id = find(message.header, "Nats-Msg-Id").filter(|id| !id.is_empty());
            if message.seq == last {
                self.last_id = id.unwrap_or_default().to_vec();
            }
            if let Some(id) = id {
                self.dedupe.insert(id, message.seq, message.timestamp);
            }
        }
        Ok(())
    }

    /// Deletes the stream: its consumers are told, and what it used is free.
    /// The caller removes its files.
    pub fn delete(&mut self, reply: &[u8], cx: &mut Context<'_>) {
        let consumers: Vec<ConsumerId> = self.consumer_ids().collect();
        for id in consumers {
            // Its files go with the stream's folder, all at once: a crash must
            // not leave the stream without some of its consumers.
            self.end_consumer(id, cx);
        }
        self.core.herald().stream(cx, Action::Delete);
        self.deleted = true;
        self.release_usage();
        reply_deleted(reply, cx);
    }

    /// What it used is free.
    fn release_usage(&mut self) {
        let storage = self.core.config.storage;
        let settings = &self.core.settings;
        settings.account_usage.add(storage, -self.reported_bytes);
        settings.server_usage.add(storage, -self.reported_bytes);
        self.reported_bytes = 0;
    }

    /// Tells waiting clients that the server stops.
    pub fn shutdown(&mut self, cx: &mut Context<'_>) {
        for consumer in self.consumers.all_mut() {
            consumer.end_requests("409 Server Shutdown", true, cx);
        }
    }

    /// Writes everything for the last time.
    ///
    /// # Errors
    /// One of the things that could not be written; the rest is written all the
    /// same.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.release_usage();
        let consumers: Vec<&mut Consumer> = self.consumers.all_mut().collect();
        let consumers = each_at_once(consumers, Consumer::close);
        self.core.store.close().and(consumers)
    }

    /// Hands what was changed to the operating system. If that fails, what
    /// can not be kept is taken back: in the stream, in its consumers, and in
    /// the effects of the batch.
    ///
    /// # Errors
    /// What failed, for the log; the stream goes on.
    pub fn flush(&mut self, cx: &mut Context<'_>) -> Result<(), StoreError> {
        let stored = self.flush_store(cx);
        let earlier = self.flush_failed.take();
        let mut result = earlier.map_or(stored, Err);
        for id in std::mem::take(&mut self.consumers.dirty) {
            let Some(consumer) = self.consumers.get_mut(id) else {
                continue;
            };
            consumer.is_listed_dirty = false;
            if !consumer.is_dirty() {
                continue;
            }
            match consumer.flush() {
                Ok(()) => {
                    if !consumer.is_listed_unsynced {
                        consumer.is_listed_unsynced = true;
                        self.consumers.unsynced.push(id);
                    }
                }
                Err(error) => {
                    // It stays staged; the next flush tries again.
                    self.consumers.note_changed(id);
                    let refused = errors::STREAM_STORE_FAILED.with(error.without_path());
                    cx.out.revoke(None, &refused, |_| {});
                    if result.is_ok() {
                        result = Err(error);
                    }
                }
            }
        }
        result
    }

    /// Whether something waits for a disk that took nothing: it is tried again
    /// when the stream is settled.
    pub fn is_behind(&self) -> bool {
        !self.core.settled.is_empty() || !self.consumers.dirty.is_empty()
    }

    /// [`flush`](Self::flush) for messages.
    pub(super) fn flush_store(&mut self, cx: &mut Context<'_>) -> Result<(), StoreError> {
        if let Err(failed) = self.core.store.flush() {
            let lost = failed.lost_from.unwrap_or(Seq::MAX);
            let error = errors::STREAM_STORE_FAILED.with(failed.cause.without_path());
            let name = &self.core.config.name;
            cx.out.revoke(Some(lost), &error, |out| {
                super::push_refusal(out, &error, name)
            });
            // Consumers are done with them all the same.
            self.core.settled.append(&mut self.settled_unflushed);
            self.dedupe.forget_from(lost);
            self.last_id.clear();
            self.core.groups.note_taken_back();
            for consumer in self.consumers.all_mut() {
                consumer.lose_from(lost);
            }
            self.consumers.note_all_changed();
            self.expiry.restart();
            self.report_usage();
            return Err(failed.cause);
        }
        self.settled_unflushed.clear();
        Ok(())
    }

    /// A task that compresses a finished block; see
    /// [`StreamStore::take_packing`].
    ///
    /// # Errors
    /// If files could not be read or written; the messages are unharmed.
    pub fn take_packing(&mut self) -> Result<Option<PackTask>, StoreError> {
        self.core.store.take_packing()
    }

    /// Compresses the blocks that were finished lately; see
    /// [`StreamStore::compress_finished`].
    ///
    /// # Errors
    /// If files could not be read or written; the messages are unharmed.
    pub fn compress_finished(&mut self) -> Result<(), StoreError> {
        self.core.store.compress_finished()
    }

    /// Housekeeping of the store; see [`StreamStore::maintain`]. Whether there
    /// is more to do at once.
    ///
    /// # Errors
    /// If files could not be read or written; the messages are unharmed.
    pub fn maintain(&mut self, now: Nanos) -> Result<bool, StoreError> {
        self.core.store.maintain(now)
    }
}
