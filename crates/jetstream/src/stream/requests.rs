//! API requests about one stream and its consumers (jetstream-api.md 9 to 11).

use midge_store::{Nanos, Seq};
use serde::Serialize;
use serde_json::Value;

use super::Stream;
use super::get::{GetRequest, StoredMessage};
use super::info::{InfoRequest, Paging, StreamInfo};
use super::purge::PurgeRequest;
use crate::api::{
    Body, Endpoint, is_empty_object, list_page, names_page, push_error, push_reply,
    read_create_request, refuse, refuse_uncounted,
};
use crate::config::consumer_rules::is_valid_group;
use crate::config::stream::is_default;
use crate::config::{DeliverPolicy, has_path_separator};
use crate::consumer::ConsumerId;
use crate::consumer::info::{ConsumerInfo, Detail};
use crate::context::Context;
use crate::effects::{Kind, When};
use crate::error::ApiError;
use crate::error::catalogue as errors;
use crate::header;
use crate::json::{JsonError, Place, ReadJson, Strictness, parse, read_fields};
use crate::text::Timestamp;
use crate::text::time::serialize_instant;

/// A request to the API that concerns this stream.
#[derive(Clone, Copy, Debug)]
pub struct StreamCall<'a> {
    /// What is asked for.
    pub endpoint: Endpoint<'a>,
    /// Where the reply goes, or empty.
    pub reply: &'a [u8],
    /// Header block of the request, or empty.
    pub header: &'a [u8],
    /// Its body.
    pub body: &'a [u8],
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Success {
    success: bool,
}

impl Success {
    pub const YES: Self = Self { success: true };
}

#[derive(Serialize)]
struct InfoReply {
    #[serde(flatten)]
    paging: Paging,
    #[serde(flatten)]
    info: StreamInfo,
}

#[derive(Serialize)]
struct PurgeReply {
    success: bool,
    purged: u64,
}

#[derive(Serialize)]
struct GetReply {
    message: StoredMessage,
}

#[derive(Serialize)]
struct PauseReply {
    paused: bool,
    #[serde(serialize_with = "serialize_instant")]
    pause_until: Option<Nanos>,
    #[serde(skip_serializing_if = "is_default")]
    pause_remaining: i64,
}

#[derive(Serialize)]
struct ResetReply {
    #[serde(flatten)]
    info: Option<ConsumerInfo>,
    reset_seq: u64,
}

impl ReadJson for InfoRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "JSApiStreamInfoRequest", {
            "offset" => self.offset,
            "deleted_details" => self.deleted_details,
            "subjects_filter" => self.subjects_filter,
        })
    }
}

impl ReadJson for PurgeRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "JSApiStreamPurgeRequest", {
            "seq" => self.seq,
            "filter" => self.filter,
            "keep" => self.keep,
        })
    }
}

#[derive(Default)]
struct DeleteRequest {
    seq: u64,
    no_erase: bool,
}

impl ReadJson for DeleteRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "JSApiMsgDeleteRequest", {
            "seq" => self.seq,
            "no_erase" => self.no_erase,
        })
    }
}

#[derive(Default)]
struct ListRequest {
    offset: i64,
}

impl ReadJson for ListRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "JSApiConsumersRequest", {
            "offset" => self.offset,
        })
    }
}

#[derive(Default)]
struct PauseRequest {
    pause_until: Option<Timestamp>,
}

impl ReadJson for PauseRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "JSApiConsumerPauseRequest", {
            "pause_until" => self.pause_until,
        })
    }
}

#[derive(Default)]
struct UnpinRequest {
    group: String,
}

impl ReadJson for UnpinRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "JSApiConsumerUnpinRequest", {
            "group" => self.group,
        })
    }
}

#[derive(Default)]
struct ResetRequest {
    seq: u64,
}

impl ReadJson for ResetRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "JSApiConsumerResetRequest", {
            "seq" => self.seq,
        })
    }
}

/// Reads the group of an unpin request, and checks it as far as that is
/// possible without the consumer.
///
/// # Errors
/// The first rule that is broken.
pub fn unpin_group(body: &[u8]) -> Result<String, ApiError> {
    let mut request = UnpinRequest::default();
    parse(
        body,
        "JSApiConsumerUnpinRequest",
        Strictness::Lenient,
        &mut request,
    )
    .map_err(|error| errors::INVALID_JSON.with(error))?;
    if request.group.is_empty() {
        return Err(errors::INVALID_JSON.with("consumer group not specified"));
    }
    if !is_valid_group(&request.group) {
        return Err(errors::CONSUMER_INVALID_GROUP_NAME);
    }
    Ok(request.group)
}

/// What is checked of a request before it is known whether its stream is
/// there.
///
/// # Errors
/// The first rule that is broken.
pub fn check_before_stream(
    endpoint: &Endpoint<'_>,
    header_block: &[u8],
    body: Body<'_>,
) -> Result<(), ApiError> {
    match endpoint {
        Endpoint::ConsumerCreate { .. } => {
            read_create_request(endpoint, header_block, body.bytes, body.strictness)?;
            return Ok(());
        }
        Endpoint::ConsumerPause { .. } => {
            body.optional::<PauseRequest>("JSApiConsumerPauseRequest")?;
        }
        Endpoint::ConsumerInfo { .. } => body.none()?,
        Endpoint::Info
        | Endpoint::StreamNames
        | Endpoint::StreamList
        | Endpoint::StreamCreate(_)
        | Endpoint::StreamUpdate(_)
        | Endpoint::StreamInfo(_)
        | Endpoint::StreamDelete(_)
        | Endpoint::StreamPurge(_)
        | Endpoint::MessageGet(_)
        | Endpoint::MessageDelete(_)
        | Endpoint::Snapshot(_)
        | Endpoint::Restore(_)
        | Endpoint::StreamStepdown(_)
        | Endpoint::StreamPeerRemove(_)
        | Endpoint::StreamPeerEvacuate(_)
        | Endpoint::StreamCancelMove(_)
        | Endpoint::ConsumerNames(_)
        | Endpoint::ConsumerList(_)
        | Endpoint::ConsumerDelete { .. }
        | Endpoint::ConsumerUnpin { .. }
        | Endpoint::ConsumerReset { .. }
        | Endpoint::ConsumerStepdown { .. }
        | Endpoint::ConsumerPeerRemove { .. }
        | Endpoint::ConsumerPeerEvacuate { .. } => {}
    }
    if !header::level_is_supported(header_block) {
        return Err(errors::REQUIRED_API_LEVEL);
    }
    match endpoint {
        Endpoint::StreamDelete(_) | Endpoint::ConsumerDelete { .. } => body.none()?,
        Endpoint::StreamInfo(_) => {
            body.optional::<InfoRequest>("JSApiStreamInfoRequest")?;
        }
        Endpoint::StreamPurge(_) => {
            let request: PurgeRequest = body.optional("JSApiStreamPurgeRequest")?;
            if request.seq > 0 && request.keep > 0 {
                return Err(errors::BAD_REQUEST);
            }
        }
        Endpoint::MessageGet(_) => {
            let request: GetRequest = body.required("JSApiMsgGetRequest")?;
            if request.is_bad() {
                return Err(errors::BAD_REQUEST);
            }
        }
        Endpoint::MessageDelete(_) => {
            body.required::<DeleteRequest>("JSApiMsgDeleteRequest")?;
        }
        Endpoint::ConsumerNames(_) | Endpoint::ConsumerList(_) => {
            body.optional::<ListRequest>("JSApiConsumersRequest")?;
        }
        Endpoint::ConsumerUnpin { .. } => {
            unpin_group(body.bytes)?;
        }
        Endpoint::Info
        | Endpoint::StreamNames
        | Endpoint::StreamList
        | Endpoint::StreamCreate(_)
        | Endpoint::StreamUpdate(_)
        | Endpoint::Snapshot(_)
        | Endpoint::Restore(_)
        | Endpoint::StreamStepdown(_)
        | Endpoint::StreamPeerRemove(_)
        | Endpoint::StreamPeerEvacuate(_)
        | Endpoint::StreamCancelMove(_)
        | Endpoint::ConsumerCreate { .. }
        | Endpoint::ConsumerInfo { .. }
        | Endpoint::ConsumerPause { .. }
        | Endpoint::ConsumerReset { .. }
        | Endpoint::ConsumerStepdown { .. }
        | Endpoint::ConsumerPeerRemove { .. }
        | Endpoint::ConsumerPeerEvacuate { .. } => {}
    }
    Ok(())
}

impl Stream {
    /// Answers a request.
    pub fn api(&mut self, call: &StreamCall<'_>, cx: &mut Context<'_>) {
        let body = Body {
            bytes: call.body,
            strictness: self.core.settings.limits.strictness(),
        };
        let answered = check_before_stream(&call.endpoint, call.header, body)
            .and_then(|()| self.answer(call, body, cx));
        if let Err(error) = answered {
            refuse(&call.endpoint, &error, call.reply, cx);
        }
    }

    fn reply<T: Serialize>(call: &StreamCall<'_>, when: When, body: &T, cx: &mut Context<'_>) {
        let kind = Kind::ApiReply { is_error: false };
        cx.out.send_with(call.reply, when, kind, |out| {
            push_reply(out, call.endpoint.reply_type(), body);
        });
    }

    fn answer(
        &mut self,
        call: &StreamCall<'_>,
        body: Body<'_>,
        cx: &mut Context<'_>,
    ) -> Result<(), ApiError> {
        match call.endpoint {
            Endpoint::StreamInfo(_) => {
                let request = body.optional("JSApiStreamInfoRequest")?;
                let (info, paging) = self.detailed_info(&request, cx.now);
                let as_created =
                    midge_wire::header::find(call.header, "Nats-Response-Type") == Some(b"create");
                let reply_type = if as_created {
                    "stream_create_response"
                } else {
                    call.endpoint.reply_type()
                };
                let kind = Kind::ApiReply { is_error: false };
                cx.out.send_with(call.reply, When::Now, kind, |out| {
                    push_reply(out, reply_type, &InfoReply { paging, info });
                });
            }
            Endpoint::StreamDelete(_) => self.delete(call.reply, cx),
            Endpoint::StreamPurge(_) => {
                let request = body.optional("JSApiStreamPurgeRequest")?;
                let purged = self.purge_now(&request, cx)?;
                let reply = PurgeReply {
                    success: true,
                    purged,
                };
                Self::reply(call, When::Durable, &reply, cx);
            }
            Endpoint::MessageGet(_) => {
                let request = body.required("JSApiMsgGetRequest")?;
                let message = self.get_message(&request)?;
                // Neither counted nor audited: a plain reply.
                cx.out.send_with(call.reply, When::Now, Kind::Reply, |out| {
                    push_reply(out, call.endpoint.reply_type(), &GetReply { message });
                });
            }
            Endpoint::MessageDelete(_) => {
                let request: DeleteRequest = body.required("JSApiMsgDeleteRequest")?;
                self.may_delete()?;
                match self.delete_now(Seq(request.seq), !request.no_erase, cx) {
                    Ok(()) => Self::reply(call, When::Durable, &Success::YES, cx),
                    Err(error) => refuse_uncounted(&call.endpoint, &error, call.reply, cx),
                }
            }
            Endpoint::ConsumerNames(_) => {
                let request: ListRequest = body.optional("JSApiConsumersRequest")?;
                let names = self.consumers.listed();
                let names = names.iter().map(|(name, _)| *name);
                let page = names_page("consumers", names, request.offset);
                Self::reply(call, When::Now, &page, cx);
            }
            Endpoint::ConsumerList(_) => {
                let request: ListRequest = body.optional("JSApiConsumersRequest")?;
                let ids: Vec<ConsumerId> =
                    self.consumers.listed().iter().map(|(_, id)| *id).collect();
                let page = list_page("consumers", ids.into_iter(), request.offset, |id| {
                    let consumer = self.consumers.get_mut(id)?;
                    Some(consumer.info(Detail::Listed, &mut self.core, cx))
                });
                Self::reply(call, When::Now, &page, cx);
            }
            Endpoint::ConsumerCreate { .. } => return self.answer_create(call, body, cx),
            Endpoint::ConsumerInfo { consumer, .. } => {
                let id = self.find_consumer(consumer)?;
                let info = self.consumer_info(id, cx)?;
                Self::reply(call, When::Now, &info, cx);
            }
            Endpoint::ConsumerDelete { consumer, .. } => {
                let id = self.find_consumer(consumer)?;
                self.remove_consumer(id, cx);
                Self::reply(call, When::Durable, &Success::YES, cx);
            }
            Endpoint::ConsumerPause { consumer, .. } => {
                let request: PauseRequest = body.optional("JSApiConsumerPauseRequest")?;
                let id = self.find_consumer(consumer)?;
                let until = request.pause_until.map(|until| until.at);
                self.pause_consumer(id, until, cx)?;
                let remaining = until.map_or(0, |until| until.0.saturating_sub(cx.now.0).max(0));
                let reply = PauseReply {
                    paused: remaining > 0,
                    pause_until: until,
                    pause_remaining: remaining,
                };
                Self::reply(call, When::Durable, &reply, cx);
            }
            Endpoint::ConsumerUnpin { consumer, .. } => {
                let group = unpin_group(body.bytes)?;
                let id = self.find_consumer(consumer)?;
                let found = self
                    .consumers
                    .get_mut(id)
                    .ok_or(errors::CONSUMER_NOT_FOUND)?;
                if !found.config.priority_groups.contains(&group) {
                    return Err(errors::CONSUMER_INVALID_PRIORITY_GROUP);
                }
                found.unpin(&group, "admin", &mut self.core, cx);
                self.wake(id);
                Self::reply(call, When::Now, &crate::api::Empty {}, cx);
            }
            Endpoint::Info
            | Endpoint::StreamNames
            | Endpoint::StreamList
            | Endpoint::StreamCreate(_)
            | Endpoint::StreamUpdate(_)
            | Endpoint::Snapshot(_)
            | Endpoint::Restore(_)
            | Endpoint::StreamStepdown(_)
            | Endpoint::StreamPeerRemove(_)
            | Endpoint::StreamPeerEvacuate(_)
            | Endpoint::StreamCancelMove(_)
            | Endpoint::ConsumerStepdown { .. }
            | Endpoint::ConsumerPeerRemove { .. }
            | Endpoint::ConsumerPeerEvacuate { .. } => return Err(errors::BAD_REQUEST),
            Endpoint::ConsumerReset { consumer, .. } => {
                // A consumer that is there has its own subscription for this.
                if self.consumers.named(consumer).is_none() {
                    return Err(errors::CONSUMER_NOT_FOUND);
                }
            }
        }
        Ok(())
    }

    fn find_consumer(&self, name: &str) -> Result<ConsumerId, ApiError> {
        self.consumers.named(name).ok_or(errors::CONSUMER_NOT_FOUND)
    }

    fn consumer_info(
        &mut self,
        id: ConsumerId,
        cx: &mut Context<'_>,
    ) -> Result<ConsumerInfo, ApiError> {
        let consumer = self
            .consumers
            .get_mut(id)
            .ok_or(errors::CONSUMER_NOT_FOUND)?;
        Ok(consumer.info(Detail::Single, &mut self.core, cx))
    }

    fn answer_create(
        &mut self,
        call: &StreamCall<'_>,
        body: Body<'_>,
        cx: &mut Context<'_>,
    ) -> Result<(), ApiError> {
        let request =
            read_create_request(&call.endpoint, call.header, body.bytes, body.strictness)?;
        debug_assert!(!has_path_separator(&request.config.name));
        let is_internal = request.config.direct || request.config.sourcing;
        let identity = self.identity();
        if is_internal
            && let Some(expected) = midge_wire::header::find(call.header, "Nats-Stream-Identity")
            && !expected.is_empty()
            && expected != identity.as_bytes()
        {
            return Err(errors::CONSUMER_STREAM_IDENTITY_MISMATCH.with(identity));
        }
        let id = self.put_consumer(request, cx)?;
        let info = self.consumer_info(id, cx)?;
        if is_internal {
            Self::reply_with_identity(call, &identity, &info, cx);
        } else {
            Self::reply(call, When::Durable, &info, cx);
        }
        Ok(())
    }

    fn reply_with_identity(
        call: &StreamCall<'_>,
        identity: &str,
        info: &ConsumerInfo,
        cx: &mut Context<'_>,
    ) {
        let mut json = Vec::new();
        push_reply(&mut json, call.endpoint.reply_type(), info);
        cx.out
            .begin(call.reply, call.reply)
            .header_with(|out| {
                header::open(b"", out);
                header::push_line(out, b"Nats-Stream-Identity", identity.as_bytes());
                out.extend_from_slice(b"\r\n");
            })
            .payload(&json)
            .finish(Kind::ApiReply { is_error: false }, When::Durable);
    }

    /// Answers a request to start a consumer again at a sequence (10.2).
    pub fn reset(
        &mut self,
        id: ConsumerId,
        reply: &[u8],
        header_block: &[u8],
        body: &[u8],
        cx: &mut Context<'_>,
    ) {
        if reply.is_empty() {
            return;
        }
        let reply_type = "consumer_reset_response";
        let done = self.reset_consumer(id, body, cx);
        let identity =
            midge_wire::header::find(header_block, "Nats-Stream-Identity").map(|_| self.identity());
        let mut json = Vec::new();
        match &done {
            Ok((info, reset_seq)) => {
                let body = ResetReply {
                    info: Some(info.clone()),
                    reset_seq: *reset_seq,
                };
                push_reply(&mut json, reply_type, &body);
            }
            Err(error) => {
                let body = ResetReply {
                    info: None,
                    reset_seq: 0,
                };
                push_error(&mut json, reply_type, error, &body);
            }
        }
        let draft = cx.out.begin(reply, reply);
        let draft = match identity {
            Some(identity) => draft.header_with(|out| {
                header::open(b"", out);
                header::push_line(out, b"Nats-Stream-Identity", identity.as_bytes());
                out.extend_from_slice(b"\r\n");
            }),
            None => draft,
        };
        draft.payload(&json).finish(Kind::Reply, When::Durable);
    }

    fn reset_consumer(
        &mut self,
        id: ConsumerId,
        body: &[u8],
        cx: &mut Context<'_>,
    ) -> Result<(ConsumerInfo, u64), ApiError> {
        let mut request = ResetRequest::default();
        if !is_empty_object(body) {
            parse(
                body,
                "JSApiConsumerResetRequest",
                Strictness::Lenient,
                &mut request,
            )
            .map_err(|error| errors::INVALID_JSON.with(error))?;
        }
        let consumer = self
            .consumers
            .get_mut(id)
            .ok_or(errors::CONSUMER_NOT_FOUND)?;
        let next = if request.seq == 0 {
            consumer.floor.stream.next()
        } else {
            let refuse = |text: &str| Err(errors::CONSUMER_INVALID_RESET.with(text));
            match consumer.config.deliver_policy {
                DeliverPolicy::All => {}
                DeliverPolicy::ByStartSequence => {
                    if request.seq < consumer.config.opt_start_seq {
                        return refuse("below start seq");
                    }
                }
                DeliverPolicy::ByStartTime => {
                    let start = consumer.config.opt_start_time.map(|start| start.at);
                    let first = start.map(|start| self.core.store.seq_at(start));
                    if let Some(Ok(first)) = first
                        && Seq(request.seq) < first
                    {
                        return refuse("below start time");
                    }
                }
                DeliverPolicy::Last | DeliverPolicy::New | DeliverPolicy::LastPerSubject => {
                    return refuse("not allowed");
                }
            }
            Seq(request.seq)
        };
        consumer.restart_at(next);
        let info = consumer.info(Detail::Single, &mut self.core, cx);
        self.remove_unneeded(cx);
        self.wake(id);
        self.consumers.reschedule(id);
        Ok((info, next.0))
    }
}
