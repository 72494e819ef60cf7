//! The subjects that a consumer listens to, and the start of those that its
//! messages are acknowledged by (jetstream-consumers.md 2, 6.3, 7.4).

use super::Consumer;
use crate::config::AckPolicy;
use crate::context::Settings;
use crate::random::hash8;

/// What is to be subscribed for a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerSubjects {
    /// Pull requests.
    pub next: String,
    /// Resets.
    pub reset: String,
    /// Acknowledgements; none if none are expected.
    pub acks: Vec<String>,
    /// Answers to flow control requests; none without flow control.
    pub flow: Vec<String>,
    /// Where messages are pushed to, and the queue group there (empty for
    /// plain subscribers): interest in it is to be watched.
    pub deliver: Option<(String, String)>,
}

/// `$JS.ACK.` up to the numbers, dot included.
pub(super) fn ack_prefix(settings: &Settings, stream: &str, consumer: &str) -> Vec<u8> {
    prefix(settings, "$JS.ACK", stream, consumer).into_bytes()
}

/// `$JS.FC.` up to the last token, dot included.
pub(super) fn flow_prefix(settings: &Settings, stream: &str, consumer: &str) -> String {
    prefix(settings, "$JS.FC", stream, consumer)
}

fn prefix(settings: &Settings, kind: &str, stream: &str, consumer: &str) -> String {
    if settings.limits.long_ack_subjects {
        let domain = match settings.domain.as_str() {
            "" => "_",
            domain => domain,
        };
        let account = hash8(settings.account.as_bytes());
        format!("{kind}.{domain}.{account}.{stream}.{consumer}.")
    } else {
        format!("{kind}.{stream}.{consumer}.")
    }
}

impl Consumer {
    /// What is to be subscribed for the consumer.
    pub fn subjects(&self, settings: &Settings, stream: &str) -> ConsumerSubjects {
        let name = &self.name;
        let domain = match settings.domain.as_str() {
            "" => "_",
            domain => domain,
        };
        let account = hash8(settings.account.as_bytes());
        let acks = match self.config.ack_policy {
            AckPolicy::Explicit | AckPolicy::All => vec![
                format!("$JS.ACK.{stream}.{name}.*.*.*.*.*"),
                format!("$JS.ACK.{domain}.{account}.{stream}.{name}.*.*.*.*.>"),
            ],
            AckPolicy::None | AckPolicy::FlowControl => Vec::new(),
        };
        let flow = if self.config.flow_control {
            vec![
                format!("$JS.FC.{stream}.{name}.*"),
                format!("$JS.FC.{domain}.{account}.{stream}.{name}.*"),
            ]
        } else {
            Vec::new()
        };
        ConsumerSubjects {
            next: format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"),
            reset: format!("$JS.API.CONSUMER.RESET.{stream}.{name}"),
            acks,
            flow,
            deliver: self.config.is_push().then(|| {
                (
                    self.config.deliver_subject.clone(),
                    self.config.deliver_group.clone(),
                )
            }),
        }
    }
}
