//! Mirrors and sources as configurations name them (jetstream-streams.md 1.2).

use serde::Serialize;
use serde_json::Value;

use crate::json::{JsonError, Place, ReadJson, read_fields, read_optional_object};
use crate::text::Timestamp;

/// A subject pattern and what subjects under it become.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SubjectTransform {
    /// Pattern; empty stands for `>`.
    pub src: String,
    /// Destination; empty means no transform.
    pub dest: String,
}

impl ReadJson for SubjectTransform {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "SubjectTransformConfig", {
            "src" => self.src,
            "dest" => self.dest,
        })
    }
}

/// Prefixes by which another account or domain is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExternalStream {
    /// Replaces `$JS.API`.
    pub api: String,
    /// Prefix of the deliver subject.
    pub deliver: String,
}

impl ReadJson for ExternalStream {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "ExternalStream", {
            "api" => self.api,
            "deliver" => self.deliver,
        })
    }
}

/// An existing consumer to take messages from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceConsumer {
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its deliver subject.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub deliver_subject: String,
}

impl ReadJson for SourceConsumer {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "StreamConsumerSource", {
            "name" => self.name,
            "deliver_subject" => self.deliver_subject,
        })
    }
}

/// A stream whose messages are taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StreamSource {
    /// Its name.
    pub name: String,
    /// First sequence to take.
    #[serde(skip_serializing_if = "crate::config::stream::is_default")]
    pub opt_start_seq: u64,
    /// Time of the first message to take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_start_time: Option<Timestamp>,
    /// The messages to take.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filter_subject: String,
    /// Several filters, each with a transform.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subject_transforms: Vec<SubjectTransform>,
    /// Where the stream is, if not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalStream>,
    /// The consumer to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer: Option<SourceConsumer>,
}

impl ReadJson for StreamSource {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "StreamSource", {
            "name" => self.name,
            "opt_start_seq" => self.opt_start_seq,
            "opt_start_time" => self.opt_start_time,
            "filter_subject" => self.filter_subject,
            "subject_transforms" => self.subject_transforms,
            "external" => self.external,
            "consumer" => self.consumer,
        })
    }
}

read_optional_object!(
    SubjectTransform,
    ExternalStream,
    SourceConsumer,
    StreamSource
);
