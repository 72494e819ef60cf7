//! Reading one message by request (jetstream-streams.md 7).

use midge_store::{Filter, MessageRef, Nanos, Seq, StoreError};
use serde::Serialize;
use serde_json::Value;

use super::Stream;
use crate::error::ApiError;
use crate::error::catalogue as errors;
use crate::json::{JsonError, Place, ReadJson, read_fields};
use crate::text::Timestamp;

/// What a request for messages asks for; also that of direct get.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetRequest {
    /// This sequence, or from it on.
    pub seq: u64,
    /// The last message on this subject or pattern.
    pub last_by_subj: String,
    /// The next message on this subject or pattern.
    pub next_by_subj: String,
    /// From this time on.
    pub start_time: Option<Timestamp>,
    /// So many messages.
    pub batch: i64,
    /// At most so many bytes.
    pub max_bytes: i64,
    /// The last messages of these subjects and patterns.
    pub multi_last: Vec<String>,
    /// As of this sequence.
    pub up_to_seq: u64,
    /// As of this time.
    pub up_to_time: Option<Timestamp>,
    /// Without headers.
    pub no_hdr: bool,
}

impl ReadJson for GetRequest {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        read_fields!(value, at, "JSApiMsgGetRequest", {
            "seq" => self.seq,
            "last_by_subj" => self.last_by_subj,
            "next_by_subj" => self.next_by_subj,
            "start_time" => self.start_time,
            "batch" => self.batch,
            "max_bytes" => self.max_bytes,
            "multi_last" => self.multi_last,
            "up_to_seq" => self.up_to_seq,
            "up_to_time" => self.up_to_time,
            "no_hdr" => self.no_hdr,
        })
    }
}

/// A message in a reply.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct StoredMessage {
    subject: String,
    seq: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    hdrs: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    data: String,
    #[serde(serialize_with = "crate::text::time::serialize_instant")]
    time: Option<Nanos>,
}

impl GetRequest {
    /// Whether what is asked for contradicts itself in a way that both forms
    /// of reading refuse.
    pub(super) fn has_conflict(&self) -> bool {
        let (seq, last) = (self.seq > 0, !self.last_by_subj.is_empty());
        let (next, start) = (!self.next_by_subj.is_empty(), self.start_time.is_some());
        (seq && (last || start)) || (last && (start || next))
    }

    /// Whether it can not be answered by one message.
    pub(super) fn is_bad(&self) -> bool {
        self.batch > 0 || self.max_bytes > 0 || !self.names_one() || self.has_conflict()
    }

    /// Whether any message is named.
    pub(super) fn names_one(&self) -> bool {
        self.seq > 0
            || !self.last_by_subj.is_empty()
            || !self.next_by_subj.is_empty()
            || self.start_time.is_some()
    }
}

impl Stream {
    /// Finds the one message that a request names.
    pub(super) fn find_message(
        &mut self,
        request: &GetRequest,
    ) -> Result<Option<MessageRef<'_>>, StoreError> {
        let store = &mut self.core.store;
        if !request.last_by_subj.is_empty() {
            let filter = Filter::subject(request.last_by_subj.as_bytes());
            store.previous(&filter, Seq::MAX)
        } else if !request.next_by_subj.is_empty() || request.start_time.is_some() {
            let from = match request.start_time {
                Some(time) => store.seq_at(time.at)?,
                None => Seq(request.seq.max(1)),
            };
            let filter = Filter::subject(request.next_by_subj.as_bytes());
            store.next(&filter, from)
        } else {
            store.load(Seq(request.seq))
        }
    }

    /// Answers `STREAM.MSG.GET`.
    pub(super) fn get_message(&mut self, request: &GetRequest) -> Result<StoredMessage, ApiError> {
        let found = self.find_message(request);
        let message = found.ok().flatten().ok_or(errors::NO_MESSAGE_FOUND)?;
        Ok(StoredMessage {
            subject: String::from_utf8_lossy(message.subject).into_owned(),
            seq: message.seq.0,
            hdrs: if request.no_hdr {
                String::new()
            } else {
                base64(message.header)
            },
            data: base64(message.payload),
            time: Some(message.timestamp),
        })
    }
}

/// Base 64 with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = (bits >> (18 - 6 * at) & 0x3f) as usize;
            out.push(if at <= chunk.len() {
                DIGITS.get(digit).copied().map_or('=', char::from)
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_padded() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("\u{ff}\u{fe}", "w7/Dvg=="),
        ] {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
