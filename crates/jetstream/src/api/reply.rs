//! Replies of the API (jetstream-api.md 1, 3.2).

use serde::Serialize;

use super::Endpoint;
use crate::context::Context;
use crate::effects::{Kind, When};
use crate::error::ApiError;
use crate::json::push_json;
use crate::text::time::ZERO_TIME;

pub(crate) const TYPE_PREFIX: &str = "io.nats.jetstream.api.v1.";

/// Names on one page.
const NAMES_PER_PAGE: usize = 1024;
/// Infos on one page.
pub(crate) const INFOS_PER_PAGE: usize = 256;

#[derive(Serialize)]
struct Reply<'a, T> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ApiError>,
    #[serde(flatten)]
    body: &'a T,
}

/// A reply without fields of its own.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Empty {}

/// Appends a reply that succeeded.
pub fn push_reply<T: Serialize>(out: &mut Vec<u8>, reply_type: &str, body: &T) {
    push(out, reply_type, None, body);
}

/// Appends a reply that failed; `empty` has the fields that it shows all the
/// same.
pub fn push_error<T: Serialize>(out: &mut Vec<u8>, reply_type: &str, error: &ApiError, empty: &T) {
    push(out, reply_type, Some(error), empty);
}

fn push<T: Serialize>(out: &mut Vec<u8>, reply_type: &str, error: Option<&ApiError>, body: &T) {
    let reply = Reply {
        kind: format!("{TYPE_PREFIX}{reply_type}"),
        error,
        body,
    };
    push_json(out, &reply);
}

/// Sends the reply of an endpoint that failed, with the fields that it shows
/// then.
pub fn refuse(endpoint: &Endpoint<'_>, error: &ApiError, reply: &[u8], cx: &mut Context<'_>) {
    send_refusal(endpoint, error, reply, true, cx);
}

/// [`refuse`] that does not count among the errors of the API.
pub fn refuse_uncounted(
    endpoint: &Endpoint<'_>,
    error: &ApiError,
    reply: &[u8],
    cx: &mut Context<'_>,
) {
    send_refusal(endpoint, error, reply, false, cx);
}

fn send_refusal(
    endpoint: &Endpoint<'_>,
    error: &ApiError,
    reply: &[u8],
    is_error: bool,
    cx: &mut Context<'_>,
) {
    let kind = Kind::ApiReply { is_error };
    let reply_type = endpoint.reply_type();
    cx.out
        .send_with(reply, When::Now, kind, |out| match endpoint {
            Endpoint::StreamNames => {
                push_error(out, reply_type, error, &NamesPage::none("streams"))
            }
            Endpoint::StreamList => push_error(out, reply_type, error, &ListPage::none("streams")),
            Endpoint::ConsumerNames(_) => {
                push_error(out, reply_type, error, &ListPage::none("consumers"));
            }
            Endpoint::ConsumerList(_) => {
                push_error(out, reply_type, error, &ListPage::none("consumers"));
            }
            Endpoint::StreamInfo(_) => push_error(out, reply_type, error, &Paged::default()),
            Endpoint::StreamPurge(_) => push_error(out, reply_type, error, &Purged::default()),
            Endpoint::ConsumerPause { .. } => {
                push_error(out, reply_type, error, &NotPaused::default());
            }
            Endpoint::ConsumerReset { .. } => {
                push_error(out, reply_type, error, &NotReset::default());
            }
            Endpoint::Restore(_) => push_error(out, reply_type, error, &NotRestored::default()),
            Endpoint::Info
            | Endpoint::StreamCreate(_)
            | Endpoint::StreamUpdate(_)
            | Endpoint::StreamDelete(_)
            | Endpoint::MessageGet(_)
            | Endpoint::MessageDelete(_)
            | Endpoint::Snapshot(_)
            | Endpoint::StreamStepdown(_)
            | Endpoint::StreamPeerRemove(_)
            | Endpoint::StreamPeerEvacuate(_)
            | Endpoint::StreamCancelMove(_)
            | Endpoint::ConsumerCreate { .. }
            | Endpoint::ConsumerInfo { .. }
            | Endpoint::ConsumerDelete { .. }
            | Endpoint::ConsumerUnpin { .. }
            | Endpoint::ConsumerStepdown { .. }
            | Endpoint::ConsumerPeerRemove { .. }
            | Endpoint::ConsumerPeerEvacuate { .. } => {
                push_error(out, reply_type, error, &Empty {})
            }
        });
}

#[derive(Default, Serialize)]
struct NotReset {
    reset_seq: u64,
}

#[derive(Default, Serialize)]
struct Purged {
    purged: u64,
}

#[derive(Serialize)]
struct NotPaused {
    paused: bool,
    pause_until: &'static str,
}

impl Default for NotPaused {
    fn default() -> Self {
        Self {
            paused: false,
            pause_until: ZERO_TIME,
        }
    }
}

#[derive(Default, Serialize)]
struct NotRestored {
    deliver_subject: &'static str,
}

/// Which part of a collection a reply shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Paged {
    /// All there are.
    pub total: usize,
    /// The first that is shown.
    pub offset: usize,
    /// How many at most.
    pub limit: usize,
}

/// A page of names; no names are `null` for streams.
#[derive(Clone, Debug, Serialize)]
pub struct NamesPage {
    #[serde(flatten)]
    paged: Paged,
    #[serde(skip_serializing_if = "Option::is_none")]
    streams: Option<Option<Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumers: Option<Vec<String>>,
}

impl NamesPage {
    fn none(what: &str) -> Self {
        Self::new(what, Paged::default(), Vec::new())
    }

    fn new(what: &str, paged: Paged, names: Vec<String>) -> Self {
        let is_streams = what == "streams";
        Self {
            paged,
            streams: is_streams.then(|| (!names.is_empty()).then(|| names.clone())),
            consumers: (!is_streams).then_some(names),
        }
    }
}

/// A page of infos.
#[derive(Clone, Debug, Serialize)]
pub struct ListPage<T> {
    #[serde(flatten)]
    paged: Paged,
    #[serde(skip_serializing_if = "Option::is_none")]
    streams: Option<Vec<T>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumers: Option<Vec<T>>,
}

impl ListPage<Empty> {
    fn none(what: &str) -> Self {
        Self::new(what, Paged::default(), Vec::new())
    }
}

impl<T> ListPage<T> {
    /// A page of streams.
    pub fn of_streams(paged: Paged, infos: Vec<T>) -> Self {
        Self::new("streams", paged, infos)
    }

    fn new(what: &str, paged: Paged, infos: Vec<T>) -> Self {
        if what == "streams" {
            Self {
                paged,
                streams: Some(infos),
                consumers: None,
            }
        } else {
            Self {
                paged,
                streams: None,
                consumers: Some(infos),
            }
        }
    }
}

/// The page of `total` things from `offset` on.
pub fn page(total: usize, offset: i64, limit: usize) -> Paged {
    Paged {
        total,
        offset: usize::try_from(offset).unwrap_or(0).min(total),
        limit,
    }
}

/// A page of the names of `streams` or `consumers`.
pub fn names_page<'a>(
    what: &str,
    names: impl ExactSizeIterator<Item = &'a str>,
    offset: i64,
) -> NamesPage {
    let paged = page(names.len(), offset, NAMES_PER_PAGE);
    let names = names
        .skip(paged.offset)
        .take(NAMES_PER_PAGE)
        .map(str::to_owned)
        .collect();
    NamesPage::new(what, paged, names)
}

/// A page of infos of `streams` or `consumers`. `gather` is asked for those
/// that are on the page.
pub fn list_page<N, T>(
    what: &str,
    names: impl ExactSizeIterator<Item = N>,
    offset: i64,
    gather: impl FnMut(N) -> Option<T>,
) -> ListPage<T> {
    let paged = page(names.len(), offset, INFOS_PER_PAGE);
    let infos = names
        .skip(paged.offset)
        .take(INFOS_PER_PAGE)
        .filter_map(gather)
        .collect();
    ListPage::new(what, paged, infos)
}

/// Appends header and body of the answer to a publish that a full queue
/// dropped (jetstream-streams.md 3.1).
pub fn too_many_requests(stream: &str, header: &mut Vec<u8>, body: &mut Vec<u8>) {
    header.extend_from_slice(b"NATS/1.0 429 Too Many Requests\r\n\r\n");
    crate::stream::push_refusal(
        body,
        &crate::error::catalogue::STREAM_TOO_MANY_REQUESTS,
        stream,
    );
}
