//! Pull requests: their form, and the queue in which they wait
//! (jetstream-consumers.md 8).

use std::collections::VecDeque;

use midge_store::Nanos;
use serde_json::Value;

use crate::json::{JsonError, Place, ReadJson, Strictness, parse, read_fields};
use crate::units::NANOS_PER_MILLI;

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullRequest {
    /// Messages, as it was asked for: one is delivered if it is below 1, too.
    pub batch: i64,
    /// Nanoseconds from now; 0 is for ever.
    pub expires: i64,
    /// Whether not to wait for messages.
    pub no_wait: bool,
    /// Bytes; 0 is no limit.
    pub max_bytes: i64,
    /// Nanoseconds; 0 is none.
    pub idle_heartbeat: i64,
    /// Priority group.
    pub group: String,
    /// Pending messages from which an overflow request is served.
    pub min_pending: i64,
    /// Unacknowledged messages from which an overflow request is served.
    pub min_ack_pending: i64,
    /// Pin of the client.
    pub id: String,
    /// Urgency, 0 to 9.
    pub priority: i64,
    /// Whether it came as a JSON object.
    pub is_object: bool,
}

impl ReadJson for PullRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "JSApiConsumerGetNextRequest", {
            "expires" => self.expires,
            "batch" => self.batch,
            "max_bytes" => self.max_bytes,
            "no_wait" => self.no_wait,
            "idle_heartbeat" => self.idle_heartbeat,
            "group" => self.group,
            "min_pending" => self.min_pending,
            "min_ack_pending" => self.min_ack_pending,
            "id" => self.id,
            "priority" => self.priority,
        })
    }
}

impl PullRequest {
    /// Reads the body of a request: an object, a number, or anything else,
    /// which asks for one message.
    ///
    /// # Errors
    /// If it begins like an object and is none.
    pub fn parse(body: &[u8]) -> Result<Self, JsonError> {
        let body = body.trim_ascii();
        let mut request = Self::default();
        if body.first() == Some(&b'{') {
            // The type has no name in the peer's errors.
            parse(body, "", Strictness::Lenient, &mut request)?;
            request.is_object = true;
        } else {
            let number = std::str::from_utf8(body)
                .ok()
                .and_then(|text| text.parse().ok());
            request.batch = number.unwrap_or(1);
        }
        Ok(request)
    }
}

/// Nanoseconds between heartbeats of a request at least: who asks for more would
/// keep the server busy with nothing.
const SHORTEST_HEARTBEAT: i64 = NANOS_PER_MILLI;

/// Urgency of requests that are no objects: after all others.
const LAST: u8 = u8::MAX;

/// A waiting request.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub reply: Box<[u8]>,
    /// Messages that it may still get.
    pub left: i64,
    /// Bytes that it may still get, if it has a limit.
    pub bytes_left: Option<i64>,
    pub expires: Option<Nanos>,
    pub no_wait: bool,
    /// Nanoseconds; 0 is none.
    pub heartbeat: i64,
    pub next_heartbeat: Option<Nanos>,
    /// Whether it got a message.
    pub served: bool,
    /// Whether it names a group: it can be pinned.
    pub has_group: bool,
    pub min_pending: u64,
    pub min_ack_pending: u64,
    /// Pin of the client, or of this request once it has claimed one.
    pub id: Option<Box<str>>,
    pub priority: u8,
    /// The pass of delivery in which interest was last seen.
    pub seen: u64,
}

impl Waiting {
    pub fn new(request: PullRequest, reply: &[u8], now: Nanos) -> Self {
        let heartbeat = match request.idle_heartbeat {
            asked if asked > 0 => asked.max(SHORTEST_HEARTBEAT),
            _ => 0,
        };
        Self {
            reply: reply.into(),
            left: request.batch,
            bytes_left: (request.max_bytes > 0).then_some(request.max_bytes),
            expires: (request.expires != 0).then(|| crate::units::after(now, request.expires)),
            no_wait: request.no_wait,
            heartbeat,
            next_heartbeat: (heartbeat > 0).then(|| crate::units::after(now, heartbeat)),
            served: false,
            has_group: !request.group.is_empty(),
            min_pending: u64::try_from(request.min_pending).unwrap_or(0),
            min_ack_pending: u64::try_from(request.min_ack_pending).unwrap_or(0),
            id: (!request.id.is_empty()).then(|| request.id.into_boxed_str()),
            priority: if request.is_object {
                u8::try_from(request.priority).unwrap_or(0)
            } else {
                LAST
            },
            seen: 0,
        }
    }

    pub fn has_expired(&self, now: Nanos) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn deadline(&self) -> Option<Nanos> {
        crate::units::earliest(self.expires, self.next_heartbeat)
    }
}

/// The requests of a consumer, the one that is served next in front.
#[derive(Debug, Default)]
pub(crate) struct WaitQueue {
    requests: VecDeque<Box<Waiting>>,
    /// Whether requests are ordered by urgency.
    by_priority: bool,
    /// Not later than any request's deadline.
    earliest: Option<Nanos>,
}

impl WaitQueue {
    pub fn set_by_priority(&mut self, by_priority: bool) {
        self.by_priority = by_priority;
        if by_priority {
            self.requests
                .make_contiguous()
                .sort_by_key(|request| request.priority);
        }
    }

    pub fn len(&self) -> usize {
        self.requests.len()
    }

    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Adds a request at the end of its level.
    pub fn push(&mut self, request: Box<Waiting>) {
        self.earliest = crate::units::earliest(self.earliest, request.deadline());
        let behind = self.by_priority
            && self
                .requests
                .back()
                .is_some_and(|last| last.priority > request.priority);
        if behind {
            let at = self
                .requests
                .partition_point(|other| other.priority <= request.priority);
            self.requests.insert(at, request);
        } else {
            self.requests.push_back(request);
        }
    }

    pub fn front_mut(&mut self) -> Option<&mut Waiting> {
        self.requests.front_mut().map(|request| &mut **request)
    }

    pub fn pop(&mut self) -> Option<Box<Waiting>> {
        self.requests.pop_front()
    }

    /// Puts the front at the end of its level.
    pub fn rotate(&mut self) {
        if self.requests.len() > 1
            && let Some(front) = self.requests.pop_front()
        {
            self.push(front);
        }
    }

    /// Messages that the requests may still get together.
    pub fn wanted(&self) -> i64 {
        self.requests
            .iter()
            .fold(0, |sum, request| sum.saturating_add(request.left))
    }

    /// When a request may expire or have to be told that the server lives:
    /// never later than one does.
    pub fn deadline(&self) -> Option<Nanos> {
        self.earliest.filter(|_| !self.requests.is_empty())
    }

    /// Keeps the requests for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut Waiting) -> bool) {
        self.requests.retain_mut(|request| keep(request));
        self.earliest = self.requests.iter().fold(None, |first, request| {
            crate::units::earliest(first, request.deadline())
        });
    }

    pub fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.requests.iter().map(|request| &**request)
    }

    pub fn drain(&mut self) -> impl Iterator<Item = Box<Waiting>> + '_ {
        self.requests.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consumers_048_forms_of_a_pull_request() {
        for (body, batch) in [
            ("", 1),
            ("abc", 1),
            ("[1]", 1),
            ("-3", -3),
            ("{\"batch\":0}", 0),
            ("{}", 0),
            ("  2  ", 2),
            ("{\"batch\":7,\"unknown\":1}", 7),
        ] {
            assert_eq!(
                PullRequest::parse(body.as_bytes()).unwrap().batch,
                batch,
                "{body}"
            );
        }
        assert!(PullRequest::parse(b"{x").is_err());
    }

    #[test]
    fn requests_of_a_level_take_turns() {
        let mut queue = WaitQueue::default();
        queue.set_by_priority(true);
        for (name, priority) in [("a", 2), ("b", 0), ("c", 0), ("d", 5)] {
            let request = PullRequest {
                priority,
                batch: 1,
                is_object: true,
                ..PullRequest::default()
            };
            queue.push(Box::new(Waiting::new(request, name.as_bytes(), Nanos(0))));
        }
        let order = |queue: &WaitQueue| -> String {
            queue
                .iter()
                .map(|request| String::from_utf8_lossy(&request.reply).into_owned())
                .collect()
        };
        assert_eq!(order(&queue), "bcad");
        queue.rotate();
        assert_eq!(order(&queue), "cbad");
    }
}
