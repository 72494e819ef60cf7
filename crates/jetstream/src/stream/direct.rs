//! Direct get: messages as messages, one, a batch, or the last of many
//! subjects (jetstream-streams.md 17).

use midge_store::{Counting, Filter, MessageRef, Seq, StoreError};

use super::Stream;
use super::get::GetRequest;
use crate::context::Context;
use crate::effects::{Effects, Kind, When};
use crate::header;
use crate::json::{Strictness, parse};
use crate::text::push_time;

/// Subjects whose last messages one request may ask for.
const MAX_SUBJECTS: usize = 1024;

/// A request of direct get as it arrives.
#[derive(Clone, Copy, Debug)]
pub struct DirectGet<'a> {
    /// What follows the stream's name in the subject, if anything does.
    pub key: Option<&'a [u8]>,
    /// Where answers go.
    pub reply: &'a [u8],
    /// Header block of the request, or empty.
    pub header: &'a [u8],
    /// Its body.
    pub payload: &'a [u8],
}

/// What an answer of several messages says besides.
#[derive(Clone, Copy, Debug)]
struct InBatch {
    pending: u64,
    previous: Seq,
}

impl DirectGet<'_> {
    /// Reads the request; the error is a status line.
    fn request(&self) -> Result<GetRequest, &'static str> {
        if !self.header.is_empty() && !header::level_is_supported(self.header) {
            return Err("412 Required Api Level");
        }
        let mut request = GetRequest::default();
        let body = self.payload.trim_ascii();
        if !body.is_empty()
            && parse(
                body,
                "JSApiMsgGetRequest",
                Strictness::Lenient,
                &mut request,
            )
            .is_err()
        {
            return Err("408 Malformed Request");
        }
        if let Some(key) = self.key {
            let allowed = GetRequest {
                no_hdr: request.no_hdr,
                ..GetRequest::default()
            };
            if request != allowed || key.is_empty() {
                return Err("408 Bad Request");
            }
            request.last_by_subj = String::from_utf8_lossy(key).into_owned();
            return Ok(request);
        }
        if !request.names_one() && request.multi_last.is_empty() {
            return Err("408 Empty Request");
        }
        let (last, multi) = (
            !request.last_by_subj.is_empty(),
            !request.multi_last.is_empty(),
        );
        let conflict = request.has_conflict()
            || (last && request.batch > 0)
            || (last && multi)
            || (!request.next_by_subj.is_empty() && multi)
            || (request.up_to_seq > 0 && request.up_to_time.is_some());
        if conflict {
            return Err("408 Bad Request");
        }
        Ok(request)
    }
}

fn send_status(out: &mut Effects, to: &[u8], line: &str) {
    out.send_status(to, |header| {
        header.extend_from_slice(b"NATS/1.0 ");
        header.extend_from_slice(line.as_bytes());
        header.extend_from_slice(b"\r\n\r\n");
    });
}

fn send_end(out: &mut Effects, to: &[u8], pending: u64, last: Seq, up_to: Option<Seq>) {
    out.send_status(to, |header| {
        header.extend_from_slice(b"NATS/1.0 204 EOB\r\n");
        header::push_number(header, b"Nats-Num-Pending", pending);
        header::push_number(header, b"Nats-Last-Sequence", last.0);
        if let Some(up_to) = up_to {
            header::push_number(header, b"Nats-UpTo-Sequence", up_to.0);
        }
        header.extend_from_slice(b"\r\n");
    });
}

fn send_message(
    out: &mut Effects,
    to: &[u8],
    stream: &str,
    message: &MessageRef<'_>,
    batch: Option<InBatch>,
    no_header: bool,
) {
    let draft = out.begin(to, to);
    let draft = if no_header {
        draft
    } else {
        draft.header_with(|out| {
            header::open(message.header, out);
            header::push_line(out, b"Nats-Stream", stream.as_bytes());
            header::push_line(out, b"Nats-Subject", message.subject);
            header::push_number(out, b"Nats-Sequence", message.seq.0);
            out.extend_from_slice(b"Nats-Time-Stamp: ");
            push_time(out, message.timestamp);
            out.extend_from_slice(b"\r\n");
            if let Some(batch) = batch {
                header::push_number(out, b"Nats-Num-Pending", batch.pending);
                header::push_number(out, b"Nats-Last-Sequence", batch.previous.0);
            }
            out.extend_from_slice(b"\r\n");
        })
    };
    draft
        .payload(message.payload)
        .finish(Kind::Reply, When::Now);
}

fn cost(message: &MessageRef<'_>) -> usize {
    message.subject.len() + message.header.len() + message.payload.len()
}

impl Stream {
    /// Answers a direct get.
    pub fn direct_get(&mut self, get: DirectGet<'_>, cx: &mut Context<'_>) {
        if get.reply.is_empty() {
            return;
        }
        let request = match get.request() {
            Ok(request) => request,
            Err(line) => return send_status(cx.out, get.reply, line),
        };
        let answered = if !request.multi_last.is_empty() {
            self.get_last_of_many(&request, get.reply, cx)
        } else if request.batch != 0 {
            self.get_batch(&request, get.reply, cx)
        } else {
            self.get_single(&request, get.reply, cx)
        };
        match answered {
            Ok(None) => {}
            Ok(Some(line)) => send_status(cx.out, get.reply, line),
            Err(error) => send_status(cx.out, get.reply, &format!("500 {error}")),
        }
    }

    fn get_single(
        &mut self,
        request: &GetRequest,
        reply: &[u8],
        cx: &mut Context<'_>,
    ) -> Result<Option<&'static str>, StoreError> {
        let name = self.core.config.name.clone();
        let Some(message) = self.find_message(request)? else {
            return Ok(Some("404 Message Not Found"));
        };
        send_message(cx.out, reply, &name, &message, None, request.no_hdr);
        Ok(None)
    }

    fn byte_budget(&self, request: &GetRequest) -> usize {
        let default = self.core.settings.limits.max_pending;
        match request.max_bytes {
            0 => usize::try_from(default).unwrap_or(usize::MAX),
            // The first message is beyond it.
            ..0 => 0,
            bytes => usize::try_from(bytes).unwrap_or(usize::MAX),
        }
    }

    fn get_batch(
        &mut self,
        request: &GetRequest,
        reply: &[u8],
        cx: &mut Context<'_>,
    ) -> Result<Option<&'static str>, StoreError> {
        let mut budget = self.byte_budget(request);
        let super::Core { store, config, .. } = &mut self.core;
        let filter = Filter::subject(request.next_by_subj.as_bytes());
        let mut from = match request.start_time {
            Some(time) => store.seq_at(time.at)?,
            None => Seq(request.seq.max(1)),
        };
        let mut pending = store.count(&filter, from, Counting::Messages)?;
        let mut last = Seq::NONE;
        for _ in 0..request.batch {
            let Some(message) = store.next(&filter, from)? else {
                break;
            };
            pending = pending.saturating_sub(1);
            let batch = InBatch {
                pending,
                previous: last,
            };
            send_message(
                cx.out,
                reply,
                &config.name,
                &message,
                Some(batch),
                request.no_hdr,
            );
            last = message.seq;
            from = last.next();
            match budget.checked_sub(cost(&message)) {
                Some(left) if left > 0 => budget = left,
                Some(_) | None => break,
            }
        }
        // Who asks for less than nothing only learns how much there is.
        if last == Seq::NONE && request.batch > 0 {
            return Ok(Some("404 Message Not Found"));
        }
        send_end(cx.out, reply, pending, last, None);
        Ok(None)
    }

    fn get_last_of_many(
        &mut self,
        request: &GetRequest,
        reply: &[u8],
        cx: &mut Context<'_>,
    ) -> Result<Option<&'static str>, StoreError> {
        let mut budget = self.byte_budget(request);
        let super::Core { store, config, .. } = &mut self.core;
        let up_to = match request.up_to_time {
            Some(time) => {
                let after = store.seq_at(time.at)?;
                if after <= store.state().first {
                    return Ok(Some("404 No Results"));
                }
                after.previous()
            }
            None if request.up_to_seq > 0 => Seq(request.up_to_seq),
            None => store.state().last,
        };
        let mut found = Vec::new();
        let filter = Filter::new(&request.multi_last);
        match store.last_per_subject(&filter, up_to, MAX_SUBJECTS, &mut found) {
            Ok(()) => {}
            Err(StoreError::TooMany(_)) => return Ok(Some("413 Too Many Results")),
            Err(error) => return Err(error),
        }
        if found.is_empty() {
            return Ok(Some("404 No Results"));
        }
        found.retain(|seq| seq.0 >= request.seq);
        let most = usize::try_from(request.batch)
            .ok()
            .filter(|batch| *batch > 0);
        let mut pending = found.len() as u64;
        let mut last = Seq::NONE;
        for seq in found.iter().take(most.unwrap_or(usize::MAX)) {
            let Some(message) = store.load(*seq)? else {
                return Ok(Some("404 Message Not Found"));
            };
            pending -= 1;
            let batch = InBatch {
                pending,
                previous: last,
            };
            send_message(cx.out, reply, &config.name, &message, Some(batch), false);
            last = *seq;
            match budget.checked_sub(cost(&message)) {
                Some(left) if left > 0 => budget = left,
                Some(_) | None => break,
            }
        }
        send_end(cx.out, reply, pending, last, Some(up_to));
        Ok(None)
    }
}
