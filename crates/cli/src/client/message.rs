//! Messages.

use super::Headers;

/// A message that was received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Subject it was published to.
    pub subject: String,
    /// Subject for replies; empty if there is none.
    pub reply: String,
    /// Headers, if it has a header block.
    pub headers: Option<Headers>,
    /// Payload.
    pub payload: Vec<u8>,
}

impl Message {
    /// Status in the header block; 0 without one.
    pub fn status(&self) -> u16 {
        self.headers.as_ref().map_or(0, |headers| headers.status)
    }

    /// Whether the server says that nobody listens.
    pub fn is_no_responders(&self) -> bool {
        self.payload.is_empty() && self.status() == 503
    }

    /// The first value of a header.
    pub fn header(&self, key: &str) -> Option<&str> {
        self.headers.as_ref().and_then(|headers| headers.get(key))
    }

    /// Payload as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }
}

/// A message as it lies in the input buffer.
#[derive(Clone, Copy, Debug)]
pub struct MessageRef<'a> {
    /// Subject it was published to.
    pub subject: &'a [u8],
    /// Subject for replies; empty if there is none.
    pub reply: &'a [u8],
    /// Header block; empty if there is none.
    pub headers: &'a [u8],
    /// Payload.
    pub payload: &'a [u8],
}

impl MessageRef<'_> {
    /// A copy that can be kept.
    pub fn to_message(self) -> Message {
        Message {
            subject: String::from_utf8_lossy(self.subject).into_owned(),
            reply: String::from_utf8_lossy(self.reply).into_owned(),
            headers: (!self.headers.is_empty()).then(|| Headers::decode(self.headers)),
            payload: self.payload.to_vec(),
        }
    }
}
