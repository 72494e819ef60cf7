//! The streams of an account as a whole: names, limits, overlap of subjects,
//! and the requests that are not about one stream (jetstream-api.md 8, 9).
//!
//! A catalog knows configurations only; the streams themselves live elsewhere.

mod room;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use midge_subject::overlaps;
use serde::Serialize;
use serde_json::Value;

use crate::api::{
    Body, Endpoint, ListPage, Paged, list_page, names_page, page, push_error, push_reply, refuse,
};
use crate::capture::captures_some_of;
use crate::config::stream::StreamRequest;
use crate::config::stream_rules::{check_new, normalise, refuse_later_features};
use crate::config::stream_update::check_update;
use crate::config::{Storage, StreamConfig, has_path_separator};
use crate::context::{Context, Settings};
use crate::effects::{Kind, When};
use crate::error::ApiError;
use crate::error::catalogue as errors;
use crate::header;
use crate::json::{JsonError, Place, ReadJson, read_fields};
use crate::limits::AccountLimits;
use crate::stream::Offline;
use crate::stream::info::StreamInfo;

pub use room::Reservations;

/// How often the API was used by an account.
#[derive(Debug, Default)]
pub struct ApiCounters {
    /// Answered requests.
    pub total: AtomicU64,
    /// Those of them that failed.
    pub errors: AtomicU64,
}

/// What a create request comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Created {
    /// A stream of this configuration is to be made. It is in the catalog
    /// already; [`Catalog::remove`] takes it out if that fails.
    New(Box<StreamConfig>),
    /// It is there, and just so.
    Exists(String),
}

#[derive(Debug)]
struct Entry {
    config: StreamConfig,
    /// Why it can not be run, if it can not.
    offline: Option<String>,
    /// Its consumers that are the reason, and why.
    offline_consumers: BTreeMap<String, String>,
}

/// The streams of one account.
#[derive(Debug)]
pub struct Catalog {
    streams: BTreeMap<String, Entry>,
    reservations: Arc<Reservations>,
    /// How often the API was used.
    pub counters: Arc<ApiCounters>,
}

#[derive(Default)]
struct StreamsRequest {
    offset: i64,
    subject: String,
}

impl ReadJson for StreamsRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "JSApiStreamNamesRequest", {
            "offset" => self.offset,
            "subject" => self.subject,
        })
    }
}

/// What an account uses, for `INFO`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountStats {
    /// Bytes in memory.
    pub memory: u64,
    /// Bytes on disk.
    pub storage: u64,
    /// Reserved bytes in memory.
    pub reserved_memory: u64,
    /// Reserved bytes on disk.
    pub reserved_storage: u64,
    /// Streams.
    pub streams: usize,
    /// Consumers of all streams.
    pub consumers: usize,
    /// Limits.
    pub limits: AccountLimits,
}

#[derive(Serialize)]
struct ApiStats {
    level: u32,
    total: u64,
    errors: u64,
}

#[derive(Serialize)]
struct AccountInfo {
    #[serde(flatten)]
    stats: AccountStats,
    #[serde(skip_serializing_if = "String::is_empty")]
    domain: String,
    api: ApiStats,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tiers: BTreeMap<String, AccountStats>,
}

#[derive(Serialize)]
struct StreamListReply {
    #[serde(flatten)]
    page: ListPage<StreamInfo>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    offline: BTreeMap<String, String>,
}

/// A page of the list of streams, whose infos are to be gathered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPlan {
    /// The streams on the page that can be asked.
    pub ask: Vec<String>,
    /// Which page it is.
    pub paged: Paged,
    /// Streams that can not be asked, and why.
    pub offline: BTreeMap<String, String>,
}

impl Catalog {
    /// An empty catalog; `reservations` are those of the server.
    pub fn new(reservations: Arc<Reservations>) -> Self {
        Self {
            streams: BTreeMap::new(),
            reservations,
            counters: Arc::default(),
        }
    }

    /// Whether a stream is there, be it running or not.
    pub fn contains(&self, name: &str) -> bool {
        self.streams.contains_key(name)
    }

    /// Why a stream can not be run, if it can not.
    pub fn offline_reason(&self, name: &str) -> Option<&str> {
        self.streams.get(name)?.offline.as_deref()
    }

    /// Why a consumer of a stream can not be run, if it can not.
    pub fn offline_consumer_reason(&self, stream: &str, consumer: &str) -> Option<&str> {
        let consumers = &self.streams.get(stream)?.offline_consumers;
        consumers.get(consumer).map(String::as_str)
    }

    /// The configuration of a stream.
    pub fn config(&self, name: &str) -> Option<&StreamConfig> {
        self.streams.get(name).map(|entry| &entry.config)
    }

    /// Names of all streams in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.streams.keys().map(String::as_str)
    }

    /// Adds a recovered stream.
    pub fn add(&mut self, config: StreamConfig) {
        self.reserve(&config, 1);
        let entry = Entry {
            config,
            offline: None,
            offline_consumers: BTreeMap::new(),
        };
        self.streams.insert(entry.config.name.clone(), entry);
    }

    /// Adds a stream that is there but can not be run.
    pub fn add_offline(&mut self, offline: Offline) {
        let entry = Entry {
            config: *offline.config,
            offline: Some(offline.reason),
            offline_consumers: offline.consumers,
        };
        self.streams.insert(offline.name, entry);
    }

    /// Takes a stream out.
    pub fn remove(&mut self, name: &str) {
        if let Some(entry) = self.streams.remove(name)
            && entry.offline.is_none()
        {
            self.reserve(&entry.config, -1);
        }
    }

    /// Puts a configuration back that an update had replaced in vain.
    pub fn restore(&mut self, config: StreamConfig) {
        self.remove(&config.name.clone());
        self.add(config);
    }

    /// Reads and checks a create request. `token` is the name that the
    /// subject gives.
    ///
    /// # Errors
    /// The first rule that is broken (jetstream-streams.md 2.1).
    pub fn create(
        &mut self,
        token: &str,
        header_block: &[u8],
        body: &[u8],
        settings: &Settings,
    ) -> Result<Created, ApiError> {
        if !header::level_is_supported(header_block) {
            return Err(errors::REQUIRED_API_LEVEL);
        }
        let request = StreamRequest::parse(body, settings.limits.strictness())
            .map_err(|error| errors::INVALID_JSON.with(error))?;
        let mut config = request.config;
        if config.name != token {
            return Err(errors::STREAM_MISMATCH);
        }
        if has_path_separator(token) {
            return Err(errors::STREAM_NAME_CONTAINS_PATH_SEPARATORS);
        }
        check_new(&config)?;
        let Some(limits) = &settings.account_limits else {
            return Err(errors::NO_LIMITS);
        };
        let others = self
            .streams
            .keys()
            .filter(|name| **name != config.name)
            .count();
        if limits.max_streams > 0
            && i64::try_from(others).is_ok_and(|count| count >= limits.max_streams)
        {
            return Err(errors::MAXIMUM_STREAMS_LIMIT);
        }
        if limits.max_consumers > 0 && config.max_consumers > limits.max_consumers {
            return Err(errors::MAXIMUM_CONSUMERS_LIMIT);
        }
        self.check_room(&config, None, settings)?;
        normalise(
            &mut config,
            &settings.limits,
            settings.account_limits.as_ref(),
            request.pedantic,
        )?;
        if config.num_replicas > 1 {
            return Err(errors::STREAM_REPLICAS_NOT_SUPPORTED);
        }
        if let Some(existing) = self.streams.get(&config.name) {
            if let Some(reason) = &existing.offline {
                return Err(errors::STREAM_OFFLINE_REASON.with(reason));
            }
            return if existing.config.same_as(&config) {
                Ok(Created::Exists(config.name))
            } else {
                Err(errors::STREAM_NAME_EXIST)
            };
        }
        self.check_overlap(&config)?;
        refuse_later_features(&config)?;
        self.add(config.clone());
        Ok(Created::New(Box::new(config)))
    }

    fn check_overlap(&self, config: &StreamConfig) -> Result<(), ApiError> {
        let collides = self
            .streams
            .values()
            .filter(|entry| entry.config.name != config.name)
            .flat_map(|entry| &entry.config.subjects)
            .any(|theirs| {
                config
                    .subjects
                    .iter()
                    .any(|ours| overlaps(ours.as_bytes(), theirs.as_bytes()))
            });
        if collides {
            return Err(errors::STREAM_SUBJECT_OVERLAP);
        }
        Ok(())
    }

    /// Reads and checks an update request. The catalog has the new
    /// configuration then; [`restore`](Self::restore) puts the old one back.
    /// Both are returned, the new one first.
    ///
    /// # Errors
    /// The first rule that is broken (jetstream-streams.md 2.2).
    pub fn update(
        &mut self,
        token: &str,
        header_block: &[u8],
        body: &[u8],
        settings: &Settings,
    ) -> Result<(StreamConfig, StreamConfig), ApiError> {
        if !header::level_is_supported(header_block) {
            return Err(errors::REQUIRED_API_LEVEL);
        }
        let request = StreamRequest::parse(body, settings.limits.strictness())
            .map_err(|error| errors::INVALID_JSON.with(error))?;
        let mut config = request.config;
        normalise(
            &mut config,
            &settings.limits,
            settings.account_limits.as_ref(),
            request.pedantic,
        )?;
        if config.name != token {
            return Err(errors::STREAM_MISMATCH);
        }
        let Some(entry) = self.streams.get(token) else {
            return Err(errors::STREAM_NOT_FOUND);
        };
        if let Some(reason) = &entry.offline {
            return Err(errors::STREAM_OFFLINE_REASON.with(reason));
        }
        let old = entry.config.clone();
        check_update(&old, &mut config)?;
        refuse_later_features(&config)?;
        if let Some(limits) = &settings.account_limits
            && limits.max_consumers > 0
            && config.max_consumers > limits.max_consumers
        {
            return Err(errors::MAXIMUM_CONSUMERS_LIMIT);
        }
        self.check_room(&config, Some(&old), settings)?;
        self.check_overlap(&config)?;
        self.restore(config.clone());
        Ok((config, old))
    }

    /// Answers `INFO`. `consumers` is the number of all consumers.
    pub fn account_info(
        &self,
        reply: &[u8],
        consumers: usize,
        settings: &Settings,
        cx: &mut Context<'_>,
    ) {
        let bytes = |storage| u64::try_from(settings.account_usage.bytes(storage)).unwrap_or(0);
        let reserved = |storage| u64::try_from(self.reserved(storage, "")).unwrap_or(0);
        let stats = AccountStats {
            memory: bytes(Storage::Memory),
            storage: bytes(Storage::File),
            reserved_memory: reserved(Storage::Memory),
            reserved_storage: reserved(Storage::File),
            streams: self.streams.len(),
            consumers,
            limits: settings
                .account_limits
                .clone()
                .unwrap_or(AccountLimits::NOTHING),
        };
        let info = AccountInfo {
            stats,
            domain: settings.domain.clone(),
            api: ApiStats {
                level: crate::config::metadata::API_LEVEL,
                total: self.counters.total.load(Ordering::Relaxed),
                errors: self.counters.errors.load(Ordering::Relaxed),
            },
            tiers: BTreeMap::new(),
        };
        send(reply, "account_info_response", &info, cx);
    }

    /// Names of the streams that capture something of `subject`; all without.
    fn matching(&self, subject: &str) -> Vec<&str> {
        self.streams
            .iter()
            .filter(|(_, entry)| {
                subject.is_empty()
                    || entry
                        .config
                        .subjects
                        .iter()
                        .any(|captured| captures_some_of(captured, subject))
            })
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Answers `STREAM.NAMES`.
    pub fn stream_names(
        &self,
        reply: &[u8],
        header_block: &[u8],
        body: &[u8],
        settings: &Settings,
        cx: &mut Context<'_>,
    ) {
        match read_streams_request(header_block, body, settings) {
            Ok(request) => {
                let names = self.matching(&request.subject);
                let page = names_page("streams", names.into_iter(), request.offset);
                send(reply, Endpoint::StreamNames.reply_type(), &page, cx);
            }
            Err(error) => refuse(&Endpoint::StreamNames, &error, reply, cx),
        }
    }

    /// Which streams have to be asked to answer `STREAM.LIST`.
    ///
    /// # Errors
    /// If the request can not be read; the caller [refuses](refuse) it.
    pub fn plan_list(
        &self,
        header_block: &[u8],
        body: &[u8],
        settings: &Settings,
    ) -> Result<ListPlan, ApiError> {
        let request = read_streams_request(header_block, body, settings)?;
        let names = self.matching(&request.subject);
        let mut ask = Vec::new();
        let shown = list_page("streams", names.iter(), request.offset, |name| {
            ask.push((*name).to_owned());
            Some(())
        });
        drop(shown);
        let mut offline = BTreeMap::new();
        ask.retain(|name| match self.offline_reason(name) {
            Some(reason) => {
                offline.insert(name.clone(), reason.to_owned());
                false
            }
            None => true,
        });
        Ok(ListPlan {
            ask,
            paged: page(names.len(), request.offset, crate::api::INFOS_PER_PAGE),
            offline,
        })
    }
}

fn read_streams_request(
    header_block: &[u8],
    body: &[u8],
    settings: &Settings,
) -> Result<StreamsRequest, ApiError> {
    if !header::level_is_supported(header_block) {
        return Err(errors::REQUIRED_API_LEVEL);
    }
    let body = Body {
        bytes: body,
        strictness: settings.limits.strictness(),
    };
    body.optional("JSApiStreamNamesRequest")
}

fn send<T: Serialize>(reply: &[u8], reply_type: &str, body: &T, cx: &mut Context<'_>) {
    let kind = Kind::ApiReply { is_error: false };
    cx.out.send_with(reply, When::Now, kind, |out| {
        push_reply(out, reply_type, body);
    });
}

/// Answers `STREAM.LIST` with the infos that were gathered; streams of the
/// plan that did not answer are missing.
pub fn reply_list(plan: ListPlan, infos: Vec<StreamInfo>, reply: &[u8], cx: &mut Context<'_>) {
    let mut missing: Vec<String> = plan
        .ask
        .iter()
        .filter(|name| !infos.iter().any(|info| info.config.name == **name))
        .cloned()
        .collect();
    missing.extend(plan.offline.keys().cloned());
    missing.sort_unstable();
    let body = StreamListReply {
        page: ListPage::of_streams(plan.paged, infos),
        missing,
        offline: plan.offline,
    };
    send(reply, Endpoint::StreamList.reply_type(), &body, cx);
}

/// Answers a request about a stream that is not there, as far as it would
/// have been valid.
pub fn stream_not_found(
    endpoint: &Endpoint<'_>,
    reply: &[u8],
    header_block: &[u8],
    body: &[u8],
    settings: &Settings,
    cx: &mut Context<'_>,
) {
    let body = Body {
        bytes: body,
        strictness: settings.limits.strictness(),
    };
    let error = crate::stream::check_before_stream(endpoint, header_block, body)
        .err()
        .unwrap_or(errors::STREAM_NOT_FOUND);
    refuse(endpoint, &error, reply, cx);
}

/// Answers a create request whose store could not be made.
pub fn store_not_created(reply: &[u8], cx: &mut Context<'_>) {
    let error = errors::STREAM_CREATE.with("error creating store for stream");
    let kind = Kind::ApiReply { is_error: true };
    cx.out.send_with(reply, When::Now, kind, |out| {
        push_error(out, "stream_create_response", &error, &crate::api::Empty {});
    });
}
