//! Pull requests: which are taken, who is served, and what they are told
//! (jetstream-consumers.md 8).

use midge_store::Nanos;

use super::Consumer;
use super::waiting::{PullRequest, Waiting};
use crate::advisory::Herald;
use crate::config::PriorityPolicy;
use crate::context::Context;
use crate::effects::Effects;
use crate::header;
use crate::number;
use crate::stream::Core;
use crate::text::duration::duration_text;
use crate::units::after;

/// A pull request as it arrives.
#[derive(Clone, Copy, Debug)]
pub struct Pull<'a> {
    /// Where messages go.
    pub reply: &'a [u8],
    /// Header block of the request, or empty.
    pub header: &'a [u8],
    /// Its body.
    pub payload: &'a [u8],
}

/// The client that gets everything.
#[derive(Clone, Debug)]
pub(super) struct Pin {
    pub id: Box<str>,
    pub since: Nanos,
    pub until: Nanos,
}

/// Highest number for urgency.
const MAX_PRIORITY: i64 = 9;

/// Appends a status line and, if the request ends with something left, the
/// headers that say what.
fn send_status(out: &mut Effects, to: &[u8], line: &str, left: Option<(i64, i64)>) {
    out.send_status(to, |header| {
        header.extend_from_slice(b"NATS/1.0 ");
        header.extend_from_slice(line.as_bytes());
        header.extend_from_slice(b"\r\n");
        if let Some((messages, bytes)) = left {
            header.extend_from_slice(b"Nats-Pending-Messages: ");
            number::push_signed(header, messages);
            header.extend_from_slice(b"\r\nNats-Pending-Bytes: ");
            number::push_signed(header, bytes);
            header.extend_from_slice(b"\r\n");
        }
        header.extend_from_slice(b"\r\n");
    });
}

impl Waiting {
    fn left(&self) -> Option<(i64, i64)> {
        Some((self.left, self.bytes_left.unwrap_or(0)))
    }
}

impl Consumer {
    /// Takes a pull request, or refuses it with a status. Returns whether it
    /// waits now.
    pub fn pull(&mut self, pull: Pull<'_>, core: &mut Core, cx: &mut Context<'_>) -> bool {
        if pull.reply.is_empty() {
            return false;
        }
        let request = match self.admit(pull, core, cx.now) {
            Ok(request) => request,
            Err(status) => {
                if status.starts_with("404") || status.starts_with("408") {
                    self.touch(core, cx.now);
                }
                if !status.is_empty() {
                    send_status(cx.out, pull.reply, &status, None);
                }
                return false;
            }
        };
        let room = usize::try_from(self.config.max_waiting).unwrap_or(0);
        if self.waiting.len() >= room {
            self.sweep_requests(cx);
        }
        if self.waiting.len() >= room {
            // With heartbeats the client notices by itself, and does not ask
            // again at once.
            if request.idle_heartbeat == 0 {
                send_status(cx.out, pull.reply, "409 Exceeded MaxWaiting", None);
            }
            return false;
        }
        self.touch(core, cx.now);
        self.waiting
            .push(Box::new(Waiting::new(request, pull.reply, cx.now)));
        true
    }

    /// Checks a request; the error is a status line (8.2).
    fn admit(
        &mut self,
        pull: Pull<'_>,
        core: &mut Core,
        now: Nanos,
    ) -> Result<PullRequest, String> {
        if self.config.is_push() {
            return Err("409 Consumer is push based".to_owned());
        }
        if !pull.header.is_empty() && !header::level_is_supported(pull.header) {
            return Err("412 Required Api Level".to_owned());
        }
        let bad = |text: &str| Err(format!("400 Bad Request - {text}"));
        let request = match PullRequest::parse(pull.payload) {
            Ok(request) => request,
            Err(error) => return bad(&error.0),
        };
        let heartbeat = request.idle_heartbeat;
        if heartbeat > 0 && heartbeat.saturating_mul(2) > request.expires {
            return bad("heartbeat value too large");
        }
        let config = &self.config;
        if config.max_batch > 0 && request.batch > config.max_batch {
            return Err(format!(
                "409 Exceeded MaxRequestBatch of {}",
                config.max_batch
            ));
        }
        if config.max_expires > 0 && request.expires > config.max_expires {
            return Err(format!(
                "409 Exceeded MaxRequestExpires of {}",
                duration_text(config.max_expires)
            ));
        }
        if config.max_bytes > 0 && request.max_bytes > config.max_bytes {
            return Err(format!(
                "409 Exceeded MaxRequestMaxBytes of {}",
                config.max_bytes
            ));
        }
        let policy = config.priority_policy;
        if request.is_object {
            if (request.min_pending != 0 || request.min_ack_pending != 0)
                && policy != PriorityPolicy::Overflow
            {
                return bad("Not a Overflow Priority consumer");
            }
            if !request.id.is_empty() && policy != PriorityPolicy::PinnedClient {
                return bad("Not a Pinned Client Priority consumer");
            }
            if !(0..=MAX_PRIORITY).contains(&request.priority) {
                return bad("Priority must be between 0 and 9");
            }
            if let Some(pin) = &mut self.pin
                && !request.id.is_empty()
            {
                if *pin.id != *request.id {
                    return Err("423 Nats-Pin-Id mismatch".to_owned());
                }
                pin.until = after(now, config.priority_timeout);
            }
        }
        if policy != PriorityPolicy::None {
            if request.group.is_empty() {
                return bad("Priority Group missing");
            }
            if !config.priority_groups.contains(&request.group) {
                return bad("Invalid Priority Group");
            }
        }
        if request.no_wait {
            let pending = self.num_pending(core) + self.pending.queued() as u64;
            if pending == 0 && request.expires == 0 {
                return Err("404 No Messages".to_owned());
            }
            let wanted = u64::try_from(self.waiting.wanted()).unwrap_or(0);
            if pending > 0 && pending < wanted {
                return Err("408 Requests Pending".to_owned());
            }
        }
        Ok(request)
    }

    /// Brings the request that gets the next message to the front; whether
    /// there is one. `size` is what the message costs, `unsent` the number of
    /// pending messages with it.
    pub(super) fn choose_request(
        &mut self,
        size: usize,
        unsent: u64,
        herald: &mut Herald<'_>,
        cx: &mut Context<'_>,
    ) -> bool {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let unacknowledged = self.pending.len() as u64;
        let policy = self.config.priority_policy;
        for _ in 0..self.waiting.len() {
            let Some(request) = self.waiting.front_mut() else {
                return false;
            };
            if request.has_expired(cx.now) {
                send_status(
                    cx.out,
                    &request.reply,
                    "408 Request Timeout",
                    request.left(),
                );
                self.waiting.pop();
                continue;
            }
            if request.seen != self.pass {
                if !cx.interest.has_interest(&request.reply) {
                    self.waiting.pop();
                    continue;
                }
                request.seen = self.pass;
            }
            let mut claimed = false;
            match policy {
                PriorityPolicy::None | PriorityPolicy::Prioritized => {}
                PriorityPolicy::Overflow => {
                    let (pending, acks) = (request.min_pending, request.min_ack_pending);
                    let eligible = (pending == 0 && acks == 0)
                        || (pending > 0 && unsent >= pending)
                        || (acks > 0 && unacknowledged >= acks);
                    if !eligible {
                        self.waiting.rotate();
                        continue;
                    }
                }
                PriorityPolicy::PinnedClient => match (&self.pin, &request.id) {
                    (Some(pin), Some(id)) if pin.id == *id => {}
                    (Some(_), None) => {
                        self.waiting.rotate();
                        continue;
                    }
                    (Some(_) | None, Some(_)) => {
                        send_status(
                            cx.out,
                            &request.reply,
                            "423 Nats-Wrong-Pin-Id",
                            request.left(),
                        );
                        self.waiting.pop();
                        continue;
                    }
                    (None, None) => {
                        if request.has_group {
                            let id: Box<str> = herald.random.id().into();
                            request.id = Some(id.clone());
                            self.pin = Some(Pin {
                                id,
                                since: cx.now,
                                until: after(cx.now, self.config.priority_timeout),
                            });
                            claimed = true;
                        }
                    }
                },
            }
            if let Some(budget) = request.bytes_left
                && size > budget
            {
                let line = "409 Message Size Exceeds MaxBytes";
                send_status(cx.out, &request.reply, line, request.left());
                self.waiting.pop();
                if claimed {
                    self.pin = None;
                }
                continue;
            }
            if claimed {
                self.tell_pinned(herald, cx);
            }
            return true;
        }
        false
    }

    fn tell_pinned(&self, herald: &mut Herald<'_>, cx: &mut Context<'_>) {
        if let (Some(pin), Some(group)) = (&self.pin, self.config.priority_groups.first()) {
            herald.pinned(cx, &self.name, group, &pin.id);
        }
    }

    /// Takes the pin away, and says why.
    pub fn unpin(&mut self, group: &str, reason: &str, core: &mut Core, cx: &mut Context<'_>) {
        self.pin = None;
        core.herald().unpinned(cx, &self.name, group, reason);
    }

    pub(super) fn pin_deadline(&self) -> Option<Nanos> {
        self.pin.as_ref().map(|pin| pin.until)
    }

    /// Who is pinned, and since when.
    pub(super) fn pinned(&self) -> Option<(&str, Nanos)> {
        self.pin.as_ref().map(|pin| (&*pin.id, pin.since))
    }

    /// Counts a message against the request in front, which ends or lets the
    /// next one have its turn.
    pub(super) fn charge_request(&mut self, size: usize, cx: &mut Context<'_>) {
        let Some(request) = self.waiting.front_mut() else {
            return;
        };
        request.left = request.left.saturating_sub(1);
        request.served = true;
        if request.heartbeat > 0 {
            request.next_heartbeat = Some(after(cx.now, request.heartbeat));
        }
        if let Some(left) = &mut request.bytes_left {
            *left -= i64::try_from(size).unwrap_or(i64::MAX);
            if *left <= 0 {
                self.waiting.pop();
                return;
            }
        }
        if request.left > 0 {
            self.waiting.rotate();
            return;
        }
        if let Some(done) = self.waiting.pop()
            && done.bytes_left.is_some()
        {
            send_status(cx.out, &done.reply, "409 Batch Completed", done.left());
        }
    }

    /// Ends the requests that do not wait, because there is nothing to send.
    pub(super) fn end_one_shots(&mut self, cx: &mut Context<'_>) {
        if !self.waiting.iter().any(|request| request.no_wait) {
            return;
        }
        let (now, out) = (cx.now, &mut *cx.out);
        self.waiting.retain(|request| {
            if !request.no_wait {
                return true;
            }
            if request.has_expired(now) {
                send_status(out, &request.reply, "408 Request Timeout", request.left());
                return false;
            }
            if request.expires.is_none() || request.served {
                send_status(out, &request.reply, "404 No Messages", None);
                return false;
            }
            true
        });
    }

    /// Ends requests that have expired or that nobody listens to, and tells
    /// those that asked for it that the server lives.
    pub(super) fn sweep_requests(&mut self, cx: &mut Context<'_>) {
        let (now, interest, out) = (cx.now, cx.interest, &mut *cx.out);
        let last = (self.delivered.consumer, self.next.previous().0);
        self.waiting.retain(|request| {
            if request.has_expired(now) {
                send_status(out, &request.reply, "408 Request Timeout", request.left());
                return false;
            }
            if !interest.has_interest(&request.reply) {
                return false;
            }
            if request.next_heartbeat.is_some_and(|due| due <= now) {
                out.send_status(&request.reply, |header| push_heartbeat(header, last, None));
                request.next_heartbeat = Some(after(now, request.heartbeat));
            }
            true
        });
    }

    /// Ends all requests with a status.
    pub fn end_requests(&mut self, line: &str, with_rest: bool, cx: &mut Context<'_>) {
        for request in self.waiting.drain() {
            let left = if with_rest { request.left() } else { None };
            send_status(cx.out, &request.reply, line, left);
        }
    }

    /// Number of waiting requests, after those that have ended are gone.
    pub(super) fn num_waiting(&mut self, cx: &mut Context<'_>) -> usize {
        if self.waiting.is_empty() {
            return 0;
        }
        self.sweep_requests(cx);
        self.waiting.len()
    }

    pub(super) fn request_deadline(&self) -> Option<Nanos> {
        self.waiting.deadline()
    }

    /// Whether any request has somebody who listens.
    pub(super) fn has_live_request(&self, cx: &Context<'_>) -> bool {
        self.waiting
            .iter()
            .any(|request| !request.has_expired(cx.now) && cx.interest.has_interest(&request.reply))
    }
}

/// Appends the block of an idle heartbeat: the last consumer and stream
/// sequences, and the flow control request that is open.
pub(super) fn push_heartbeat(out: &mut Vec<u8>, last: (u64, u64), stalled: Option<&str>) {
    out.extend_from_slice(b"NATS/1.0 100 Idle Heartbeat\r\n");
    header::push_number(out, b"Nats-Last-Consumer", last.0);
    header::push_number(out, b"Nats-Last-Stream", last.1);
    if let Some(subject) = stalled {
        header::push_line(out, b"Nats-Consumer-Stalled", subject.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}
