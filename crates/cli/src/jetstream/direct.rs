//! Direct gets: messages without a consumer.

use std::time::Duration;

use midge_subject::is_valid_literal;

use super::{Api, ApiError};
use crate::client::{ClientError, Headers, Message};
use crate::output::Json;

/// A stored message, by direct get.
#[derive(Clone, Debug)]
pub struct DirectMessage {
    /// Its subject in the stream.
    pub subject: String,
    /// Its sequence.
    pub seq: u64,
    /// When it was stored, in RFC 3339.
    pub time: String,
    /// Matching messages behind it (batched gets).
    pub pending: u64,
    /// All headers, those of the direct get among them.
    pub headers: Headers,
    /// Payload.
    pub payload: Vec<u8>,
}

impl DirectMessage {
    /// Reads an answer; errors are in its status.
    pub fn of(answer: Message) -> Result<Self, ApiError> {
        let headers = answer.headers.unwrap_or_default();
        match headers.status {
            0 => {}
            404 => {
                return Err(ApiError::Server {
                    code: 404,
                    err_code: 10037,
                    description: "no message found".to_owned(),
                });
            }
            code => {
                return Err(ApiError::Server {
                    code: code.into(),
                    err_code: code.into(),
                    description: headers.description,
                });
            }
        }
        let number = |key: &str| {
            headers
                .get(key)
                .and_then(|value| value.parse().ok())
                .unwrap_or_default()
        };
        Ok(Self {
            subject: headers.get("Nats-Subject").unwrap_or_default().to_owned(),
            seq: number("Nats-Sequence"),
            time: headers
                .get("Nats-Time-Stamp")
                .unwrap_or_default()
                .to_owned(),
            pending: number("Nats-Num-Pending"),
            headers,
            payload: answer.payload,
        })
    }
}

/// One message: `{"seq":…}`, `{"last_by_subj":…}` and so on.
pub fn direct_get(api: &Api, stream: &str, selector: &Json) -> Result<DirectMessage, ApiError> {
    let (name, body) = request_for(stream, selector);
    let answer = api.request_raw(&name, None, body.as_bytes(), api.timeout)?;
    DirectMessage::of(answer)
}

/// Name and body of a request. The last message of a subject is asked for in
/// the name, as other clients do, so that permissions and imports can tell
/// subjects apart.
fn request_for(stream: &str, selector: &Json) -> (String, String) {
    let subject = selector.text("last_by_subj");
    let is_only_key = selector.entries("").len() == 1;
    if is_only_key && is_valid_literal(subject.as_bytes()) {
        (format!("DIRECT.GET.{stream}.{subject}"), String::new())
    } else {
        (format!("DIRECT.GET.{stream}"), selector.compact())
    }
}

/// Messages in batches: calls `take` for each one; it says whether to go on.
/// Gives the number of messages.
pub fn direct_pages(
    api: &Api,
    stream: &str,
    selector: &Json,
    mut take: impl FnMut(DirectMessage) -> bool,
) -> Result<usize, ApiError> {
    let connection = api.connection()?;
    let inbox = connection.new_inbox();
    let answers = connection.subscribe(&inbox, "")?;
    let subject = api.subject(&format!("DIRECT.GET.{stream}"));
    connection.publish(&subject, &inbox, None, selector.compact().as_bytes())?;
    let mut count = 0;
    loop {
        let answer = match answers.next(api.timeout) {
            Ok(answer) => answer,
            // What a lost connection leaves out is asked for again.
            Err(ClientError::Timeout) if count > 0 => return Ok(count),
            Err(error) => return Err(error.into()),
        };
        match answer.status() {
            204 | 404 => return Ok(count),
            503 => return Err(ApiError::NotAvailable(subject)),
            _ => {}
        }
        count += 1;
        if !take(DirectMessage::of(answer)?) {
            return Ok(count);
        }
    }
}

/// Time between two looks for new messages.
pub const POLL: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_of_a_subject_is_asked_for_by_name() {
        let asked = |text: &str| request_for("KV_B", &Json::parse(text.as_bytes()).unwrap());
        assert_eq!(
            asked(r#"{"last_by_subj":"$KV.B.k"}"#),
            ("DIRECT.GET.KV_B.$KV.B.k".to_owned(), String::new())
        );
        for body in [r#"{"seq":3}"#, r#"{"last_by_subj":"a.*"}"#] {
            assert_eq!(asked(body), ("DIRECT.GET.KV_B".to_owned(), body.to_owned()));
        }
    }
}
