//! Advisories and metrics (jetstream-api.md 19): JSON for whoever watches.

use serde::Serialize;

use crate::context::{Context, Settings};
use crate::effects::{Kind, When};
use crate::json::push_json;
use crate::random::Random;
use crate::text::Timestamp;
use midge_store::Nanos;

const ADVISORY_SUBJECT: &str = "$JS.EVENT.ADVISORY.";
const METRIC_SUBJECT: &str = "$JS.EVENT.METRIC.";
const ADVISORY_TYPE: &str = "io.nats.jetstream.advisory.v1.";
const METRIC_TYPE: &str = "io.nats.jetstream.metric.v1.";

/// Whether an advisory is sent when nobody listens, so that other servers
/// may hear it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    Anybody,
    Listeners,
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    timestamp: Timestamp,
    #[serde(flatten)]
    fields: &'a T,
}

/// What happened to a stream or consumer as a whole.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is new.
    Create,
    /// It is gone.
    Delete,
    /// It was updated.
    Modify,
}

#[derive(Serialize)]
struct StreamAction<'a> {
    stream: &'a str,
    action: Action,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
struct ConsumerAction<'a> {
    stream: &'a str,
    consumer: &'a str,
    action: Action,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
struct ConsumerPause<'a> {
    stream: &'a str,
    consumer: &'a str,
    paused: bool,
    #[serde(serialize_with = "crate::text::time::serialize_instant")]
    pause_until: Option<Nanos>,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
struct MaxDeliver<'a> {
    stream: &'a str,
    consumer: &'a str,
    stream_seq: u64,
    deliveries: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
struct MessageEvent<'a> {
    stream: &'a str,
    consumer: &'a str,
    consumer_seq: u64,
    stream_seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ack_time: Option<i64>,
    deliveries: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
struct GroupEvent<'a> {
    account: &'a str,
    stream: &'a str,
    consumer: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
    group: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pinned_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
}

/// The message that an event is about, as its acknowledgement subject tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Number of deliveries.
    pub deliveries: u64,
    /// Stream sequence.
    pub stream_seq: u64,
    /// Consumer sequence.
    pub consumer_seq: u64,
}

/// Makes the advisories of one stream.
pub(crate) struct Herald<'a> {
    pub settings: &'a Settings,
    pub random: &'a mut Random,
    pub stream: &'a str,
}

impl Herald<'_> {
    fn publish<T: Serialize>(
        &mut self,
        cx: &mut Context<'_>,
        subject: String,
        kind: String,
        audience: Audience,
        fields: &T,
    ) {
        if audience == Audience::Listeners && !cx.interest.has_interest(subject.as_bytes()) {
            return;
        }
        let envelope = Envelope {
            kind,
            id: self.random.id(),
            timestamp: Timestamp::from(cx.now),
            fields,
        };
        cx.out
            .send_with(subject.as_bytes(), When::Now, Kind::Advisory, |out| {
                push_json(out, &envelope);
            });
    }

    fn consumer_event<T: Serialize>(
        &mut self,
        cx: &mut Context<'_>,
        what: &str,
        consumer: &str,
        kind: &str,
        fields: &T,
    ) {
        let subject = format!(
            "{ADVISORY_SUBJECT}CONSUMER.{what}.{}.{consumer}",
            self.stream
        );
        self.publish(
            cx,
            subject,
            format!("{ADVISORY_TYPE}{kind}"),
            Audience::Listeners,
            fields,
        );
    }

    pub fn stream(&mut self, cx: &mut Context<'_>, action: Action) {
        let what = match action {
            Action::Create => "CREATED",
            Action::Delete => "DELETED",
            Action::Modify => "UPDATED",
        };
        let subject = format!("{ADVISORY_SUBJECT}STREAM.{what}.{}", self.stream);
        let fields = StreamAction {
            stream: self.stream,
            action,
            domain: &self.settings.domain,
        };
        self.publish(
            cx,
            subject,
            format!("{ADVISORY_TYPE}stream_action"),
            Audience::Anybody,
            &fields,
        );
    }

    pub fn consumer(&mut self, cx: &mut Context<'_>, consumer: &str, action: Action) {
        let what = match action {
            Action::Create | Action::Modify => "CREATED",
            Action::Delete => "DELETED",
        };
        let fields = ConsumerAction {
            stream: self.stream,
            consumer,
            action,
            domain: &self.settings.domain,
        };
        self.consumer_event(cx, what, consumer, "consumer_action", &fields);
    }

    pub fn pause(
        &mut self,
        cx: &mut Context<'_>,
        consumer: &str,
        paused: bool,
        pause_until: Option<Nanos>,
    ) {
        let fields = ConsumerPause {
            stream: self.stream,
            consumer,
            paused,
            pause_until,
            domain: &self.settings.domain,
        };
        self.consumer_event(cx, "PAUSE", consumer, "consumer_pause", &fields);
    }

    pub fn max_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        consumer: &str,
        stream_seq: u64,
        deliveries: u64,
    ) {
        let fields = MaxDeliver {
            stream: self.stream,
            consumer,
            stream_seq,
            deliveries,
            domain: &self.settings.domain,
        };
        self.consumer_event(cx, "MAX_DELIVERIES", consumer, "max_deliver", &fields);
    }

    pub fn naked(&mut self, cx: &mut Context<'_>, consumer: &str, message: Delivered) {
        let fields = self.message_event(consumer, message, "", None);
        let domain = self.settings.domain.clone();
        let fields = MessageEvent {
            domain: &domain,
            stream: self.stream,
            ..fields
        };
        self.consumer_event(cx, "MSG_NAKED", consumer, "nak", &fields);
    }

    pub fn terminated(
        &mut self,
        cx: &mut Context<'_>,
        consumer: &str,
        message: Delivered,
        reason: &str,
    ) {
        let domain = self.settings.domain.clone();
        let fields = MessageEvent {
            domain: &domain,
            stream: self.stream,
            ..self.message_event(consumer, message, reason, None)
        };
        self.consumer_event(cx, "MSG_TERMINATED", consumer, "terminated", &fields);
    }

    fn message_event<'b>(
        &self,
        consumer: &'b str,
        message: Delivered,
        reason: &'b str,
        ack_time: Option<i64>,
    ) -> MessageEvent<'b> {
        MessageEvent {
            stream: "",
            consumer,
            consumer_seq: message.consumer_seq,
            stream_seq: message.stream_seq,
            ack_time,
            deliveries: message.deliveries,
            reason,
            domain: "",
        }
    }

    pub fn ack_sample(
        &mut self,
        cx: &mut Context<'_>,
        consumer: &str,
        message: Delivered,
        ack_time: i64,
    ) {
        let domain = self.settings.domain.clone();
        let fields = MessageEvent {
            domain: &domain,
            stream: self.stream,
            ..self.message_event(consumer, message, "", Some(ack_time))
        };
        let subject = format!("{METRIC_SUBJECT}CONSUMER.ACK.{}.{consumer}", self.stream);
        self.publish(
            cx,
            subject,
            format!("{METRIC_TYPE}consumer_ack"),
            Audience::Listeners,
            &fields,
        );
    }

    pub fn pinned(&mut self, cx: &mut Context<'_>, consumer: &str, group: &str, id: &str) {
        let fields = GroupEvent {
            account: &self.settings.account,
            stream: self.stream,
            consumer,
            domain: &self.settings.domain,
            group,
            pinned_id: id,
            reason: "",
        };
        self.consumer_event(cx, "PINNED", consumer, "consumer_group_pinned", &fields);
    }

    pub fn unpinned(&mut self, cx: &mut Context<'_>, consumer: &str, group: &str, reason: &str) {
        let fields = GroupEvent {
            account: &self.settings.account,
            stream: self.stream,
            consumer,
            domain: &self.settings.domain,
            group,
            pinned_id: "",
            reason,
        };
        self.consumer_event(cx, "UNPINNED", consumer, "consumer_group_unpinned", &fields);
    }
}
