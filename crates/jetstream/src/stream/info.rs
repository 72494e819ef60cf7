//! How a stream shows in replies (jetstream-streams.md 2.4).

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use midge_store::{Filter, Nanos};
use serde::Serialize;

use super::Stream;
use crate::config::StreamConfig;
use crate::config::stream::is_default;
use crate::consumer::info::{ConsumerInfo, Detail};
use crate::context::Context;
use crate::text::Timestamp;
use crate::text::time::serialize_instant;

/// Subjects on one page of an info.
pub const SUBJECTS_PER_PAGE: usize = 100_000;

/// Messages that were lost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LostInfo {
    /// Their sequences; `None` if they are not known.
    pub msgs: Option<Vec<u64>>,
    /// Bytes.
    pub bytes: u64,
}

/// The numbers of a stream.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StateInfo {
    /// Messages.
    pub messages: u64,
    /// Bytes.
    pub bytes: u64,
    /// First sequence.
    pub first_seq: u64,
    /// Its time.
    #[serde(serialize_with = "serialize_instant")]
    pub first_ts: Option<Nanos>,
    /// Last sequence.
    pub last_seq: u64,
    /// Its time.
    #[serde(serialize_with = "serialize_instant")]
    pub last_ts: Option<Nanos>,
    /// Distinct subjects.
    #[serde(skip_serializing_if = "is_default")]
    pub num_subjects: u64,
    /// Messages by subject, if asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub subjects: BTreeMap<String, u64>,
    /// Sequences without message.
    #[serde(skip_serializing_if = "is_default")]
    pub num_deleted: u64,
    /// Which, if asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<u64>,
    /// Lost messages, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<LostInfo>,
    /// Consumers.
    pub consumer_count: usize,
}

/// Who leads a stream.
#[derive(Clone, Debug, Serialize)]
pub struct ClusterInfo {
    /// Name of the server.
    pub leader: String,
}

/// A stream as replies show it.
#[derive(Clone, Debug, Serialize)]
pub struct StreamInfo {
    /// Its configuration.
    pub config: StreamConfig,
    /// When it was made.
    pub created: Timestamp,
    /// Its numbers.
    pub state: StateInfo,
    /// Domain of the server.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domain: String,
    /// Who leads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterInfo>,
    /// When this was gathered.
    pub ts: Timestamp,
}

/// What an info request asks for besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct InfoRequest {
    pub offset: i64,
    pub deleted_details: bool,
    pub subjects_filter: String,
}

/// The paging of subject details.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Paging {
    pub total: usize,
    pub offset: usize,
    pub limit: usize,
}

impl Stream {
    /// The numbers, without details.
    pub fn state_info(&self) -> StateInfo {
        let state = self.core.store.state();
        let time = |at: Nanos| (at != Nanos::NONE).then_some(at);
        StateInfo {
            messages: state.messages,
            bytes: state.bytes,
            first_seq: if state.never_used { 0 } else { state.first.0 },
            first_ts: if state.messages > 0 {
                time(state.first_time)
            } else {
                None
            },
            last_seq: state.last.0,
            last_ts: time(state.last_time),
            num_subjects: state.subjects,
            num_deleted: state.deleted,
            consumer_count: self.consumers.counted_for_info(),
            ..StateInfo::default()
        }
    }

    /// Its consumers in the order of their names: those that only feed mirrors
    /// and sources if `direct`, or else the others.
    pub fn consumer_infos(
        &mut self,
        direct: bool,
        detail: Detail,
        cx: &mut Context<'_>,
    ) -> Vec<ConsumerInfo> {
        let ids: Vec<_> = self.consumers.by_name.values().copied().collect();
        let mut infos = Vec::new();
        for id in ids {
            if let Some(consumer) = self.consumers.get_mut(id)
                && consumer.config.direct == direct
            {
                infos.push(consumer.info(detail, &mut self.core, cx));
            }
        }
        infos
    }

    /// Whether it has a consumer of this name.
    pub fn has_consumer(&self, name: &str) -> bool {
        self.consumers.named(name).is_some()
    }

    /// What lists of streams show.
    pub fn listed_info(&self, now: Nanos) -> StreamInfo {
        self.info(Detail::Listed, now)
    }

    /// What replies show.
    pub fn info(&self, detail: Detail, now: Nanos) -> StreamInfo {
        StreamInfo {
            config: match detail {
                Detail::Single => self.core.config.shown(),
                Detail::Listed | Detail::Brief => self.core.config.clone(),
            },
            created: self.created.into(),
            state: self.state_info(),
            domain: self.core.settings.domain.clone(),
            cluster: None,
            ts: now.into(),
        }
    }

    /// What an info reply shows, with the details that were asked for.
    pub(super) fn detailed_info(
        &mut self,
        request: &InfoRequest,
        now: Nanos,
    ) -> (StreamInfo, Paging) {
        let mut info = self.info(Detail::Single, now);
        info.cluster = Some(ClusterInfo {
            leader: self.core.settings.server_name.clone(),
        });
        if request.deleted_details {
            let deleted = &mut info.state.deleted;
            self.core.store.deleted(&mut |first, last| {
                deleted.extend(first.0..=last.0);
                ControlFlow::Continue(())
            });
            let lost = self.core.store.lost();
            let is_lost = !lost.messages.is_empty() || lost.bytes > 0;
            info.state.lost = is_lost.then(|| LostInfo {
                msgs: (!lost.messages.is_empty())
                    .then(|| lost.messages.iter().map(|seq| seq.0).collect()),
                bytes: lost.bytes,
            });
        }
        let mut paging = Paging::default();
        if !request.subjects_filter.is_empty() {
            let mut all = BTreeMap::new();
            self.core.store.subjects(
                &Filter::subject(request.subjects_filter.as_bytes()),
                &mut |subject, messages| {
                    all.insert(String::from_utf8_lossy(subject).into_owned(), messages);
                    ControlFlow::Continue(())
                },
            );
            if !all.is_empty() {
                let offset = usize::try_from(request.offset).unwrap_or(0);
                paging = Paging {
                    total: all.len(),
                    offset,
                    limit: SUBJECTS_PER_PAGE,
                };
                info.state.subjects = all
                    .into_iter()
                    .skip(offset)
                    .take(SUBJECTS_PER_PAGE)
                    .collect();
            }
        }
        (info, paging)
    }
}
