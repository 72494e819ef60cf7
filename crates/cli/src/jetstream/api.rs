//! Requests and their answers.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{ApiError, DirectMessage};
use crate::client::{ClientError, Connection, Headers, Message, Requester};
use crate::log;
use crate::output::Json;

/// Most pages of a list: servers give at least 256 entries a page, and more
/// than a million streams in an account are none of this tool's business.
const MAX_PAGES: usize = 4_096;
/// What an answer to a request that begins so has to have. Without it a server
/// would be believed that has not done what was asked, or nothing would be shown
/// as something.
const PROOFS: [(&str, Proof); 11] = [
    ("INFO", Proof::Member("limits")),
    ("STREAM.CREATE.", Proof::Member("config")),
    ("STREAM.UPDATE.", Proof::Member("config")),
    ("STREAM.INFO.", Proof::Member("config")),
    ("STREAM.DELETE.", Proof::Success),
    ("STREAM.PURGE.", Proof::Success),
    ("STREAM.MSG.DELETE.", Proof::Success),
    ("STREAM.PEER.REMOVE.", Proof::Success),
    ("CONSUMER.CREATE.", Proof::Member("config")),
    ("CONSUMER.INFO.", Proof::Member("config")),
    ("CONSUMER.DELETE.", Proof::Success),
];
/// Header with the API level that a server must have for a request.
const REQUIRED_LEVEL: &str = "Nats-Required-Api-Level";

/// Prefix of requests. A domain wins over a prefix; both may be empty.
pub fn api_prefix(domain: &str, prefix: &str) -> String {
    match (domain, prefix) {
        ("", "") => "$JS.API".to_owned(),
        ("", prefix) => prefix.trim_end_matches('.').to_owned(),
        (domain, _) => format!("$JS.{domain}.API"),
    }
}

/// How requests and answers are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trace {
    /// Not at all.
    Off,
    /// As those about streams and consumers are.
    Api,
    /// As those about buckets are: each in one entry.
    Buckets,
}

/// What shows that an answer is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// An object of this name, such as the configuration of a stream.
    Member(&'static str),
    /// That it was done.
    Success,
}

/// Fails unless an answer is one to a request of this name.
fn prove(name: &str, answer: &Json) -> Result<(), ApiError> {
    if !matches!(answer, Json::Object(_)) {
        return Err(ApiError::Garbled("it is no object".to_owned()));
    }
    let proof = PROOFS.iter().find(|(begin, _)| name.starts_with(begin));
    match proof.map(|(_, proof)| proof) {
        Some(Proof::Member(key)) if !matches!(answer.key(key), Json::Object(_)) => {
            Err(ApiError::Garbled(format!("it has no {key}")))
        }
        Some(Proof::Success) if !answer.on("success") => Err(ApiError::Unconfirmed),
        Some(Proof::Member(_) | Proof::Success) | None => Ok(()),
    }
}

/// The JetStream API of an account.
#[derive(Clone, Debug)]
pub struct Api {
    requester: Requester,
    /// Time to wait for answers.
    pub timeout: Duration,
    prefix: String,
    event_prefix: String,
    trace: Trace,
}

impl Api {
    /// Requests over `requester`. A domain wins over a prefix; both may be
    /// empty.
    pub fn new(
        requester: Requester,
        domain: &str,
        prefix: &str,
        event_prefix: &str,
        timeout: Duration,
        trace: bool,
    ) -> Self {
        let prefix = api_prefix(domain, prefix);
        let event_prefix = match event_prefix {
            "" => "$JS.EVENT".to_owned(),
            prefix => prefix.trim_end_matches('.').to_owned(),
        };
        Self {
            requester,
            timeout,
            prefix,
            event_prefix,
            trace: if trace { Trace::Api } else { Trace::Off },
        }
    }

    /// Logs as commands about buckets do, if at all.
    pub fn for_buckets(mut self) -> Self {
        if self.trace != Trace::Off {
            self.trace = Trace::Buckets;
        }
        self
    }

    /// The connection for messages.
    pub fn connection(&self) -> Result<Connection, ClientError> {
        self.requester.connection()
    }

    /// Prefix of requests, `$JS.API` unless something else was asked for.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Subject of a request: `STREAM.LIST` becomes `$JS.API.STREAM.LIST`.
    pub fn subject(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// Subject of advisories: `ADVISORY.>` becomes `$JS.EVENT.ADVISORY.>`.
    pub fn event_subject(&self, name: &str) -> String {
        format!("{}.{name}", self.event_prefix)
    }

    /// Sends a request and gives the answer; `Json::Null` is an empty body.
    pub fn request(&self, name: &str, body: &Json) -> Result<Json, ApiError> {
        self.request_within(name, body, self.timeout)
    }

    /// [`Api::request`] with another time to wait.
    pub fn request_within(
        &self,
        name: &str,
        body: &Json,
        patience: Duration,
    ) -> Result<Json, ApiError> {
        self.request_with(name, None, body, patience)
    }

    /// [`Api::request`] for what older servers do not know: those below the
    /// API level refuse it instead of leaving out what they do not know.
    pub fn request_at_level(&self, name: &str, body: &Json, level: i64) -> Result<Json, ApiError> {
        let mut headers = Headers::new();
        if level > 0 {
            headers.set(REQUIRED_LEVEL, level.to_string());
        }
        let headers = (!headers.is_empty()).then_some(&headers);
        self.request_with(name, headers, body, self.timeout)
    }

    fn request_with(
        &self,
        name: &str,
        headers: Option<&Headers>,
        body: &Json,
        patience: Duration,
    ) -> Result<Json, ApiError> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.compact()
        };
        let answer = self.request_raw(name, headers, body.as_bytes(), patience)?;
        let answer =
            Json::parse(&answer.payload).map_err(|error| ApiError::Garbled(error.to_string()))?;
        match ApiError::of(&answer) {
            Some(error) => Err(error),
            None => prove(name, &answer).map(|()| answer),
        }
    }

    /// Sends a request and gives the answer as it came, unless nobody answers.
    pub fn request_raw(
        &self,
        name: &str,
        headers: Option<&Headers>,
        body: &[u8],
        patience: Duration,
    ) -> Result<Message, ApiError> {
        let subject = self.subject(name);
        let text = String::from_utf8_lossy(body);
        match self.trace {
            Trace::Off => {}
            Trace::Api => {
                log!(">>> {subject}");
                for (key, values) in headers.map(Headers::grouped).unwrap_or_default() {
                    log!(">>> Header: {key}: [{}]", values.join(" "));
                }
                log!("{text}");
            }
            Trace::Buckets => log!(">>> {subject}\n{text}\n"),
        }
        // An older one would be taken for the reason of this request.
        let _ = self.requester.take_error();
        let answer = self
            .requester
            .request(&subject, headers, body, patience)
            .map_err(|error| match error {
                ClientError::NoResponders => ApiError::NotAvailable(subject.clone()),
                // Servers do not answer what is not permitted, and say so beside.
                ClientError::Timeout => {
                    ApiError::Client(self.requester.take_error().unwrap_or(error))
                }
                error => ApiError::Client(error),
            })?;
        match self.trace {
            Trace::Off => {}
            Trace::Api => log!("<<< {subject}\n{}\n", answer.text()),
            Trace::Buckets => log!("<<< {subject}: {}", answer.text()),
        }
        Ok(answer)
    }

    /// All entries of a list that comes in pages; `key` names it in the
    /// answers, such as `streams`.
    pub fn all(&self, name: &str, key: &str, body: &Json) -> Result<Vec<Json>, ApiError> {
        let mut entries = Vec::new();
        self.pages(name, body, |page| {
            let found = page.list(key);
            entries.extend_from_slice(found);
            found.len()
        })?;
        Ok(entries)
    }

    /// Calls `take` for each page of a list; it gives the number of entries
    /// that it found.
    pub fn pages(
        &self,
        name: &str,
        body: &Json,
        mut take: impl FnMut(&Json) -> usize,
    ) -> Result<(), ApiError> {
        let mut offset = 0;
        for _ in 0..MAX_PAGES {
            let mut request = Json::object().with("offset", offset);
            for (key, value) in body.entries("") {
                request.set(key, value.clone());
            }
            let page = self.request(name, &request)?;
            let found = take(&page);
            offset += found;
            let total = usize::try_from(page.int("total")).unwrap_or(0);
            if found == 0 || offset >= total {
                break;
            }
        }
        Ok(())
    }

    /// INFO of a stream.
    pub fn stream_info(&self, stream: &str) -> Result<Json, ApiError> {
        self.request(&format!("STREAM.INFO.{stream}"), &Json::Null)
    }

    /// Names of all streams, or of those with matching subjects, sorted.
    pub fn stream_names(&self, subject: &str) -> Result<Vec<String>, ApiError> {
        let body = match subject {
            "" => Json::Null,
            subject => Json::object().with("subject", subject),
        };
        let names = self.all("STREAM.NAMES", "streams", &body)?;
        let mut names: Vec<String> = names
            .iter()
            .filter_map(Json::as_text)
            .map(str::to_owned)
            .collect();
        names.sort();
        Ok(names)
    }

    /// A stored message by the API, for streams without direct gets.
    pub fn message(&self, stream: &str, selector: &Json) -> Result<DirectMessage, ApiError> {
        let answer = self.request(&format!("STREAM.MSG.GET.{stream}"), selector)?;
        let message = answer.at("message");
        let bytes = |key: &str| {
            STANDARD
                .decode(message.text(key))
                .map_err(|error| ApiError::Garbled(format!("{key}: {error}")))
        };
        let headers = bytes("hdrs")?;
        Ok(DirectMessage {
            subject: message.text("subject").to_owned(),
            seq: message.uint("seq"),
            time: message.text("time").to_owned(),
            pending: 0,
            headers: if headers.is_empty() {
                Headers::new()
            } else {
                Headers::decode(&headers)
            },
            payload: bytes("data")?,
        })
    }

    /// INFO of a consumer.
    pub fn consumer_info(&self, stream: &str, consumer: &str) -> Result<Json, ApiError> {
        self.request(&format!("CONSUMER.INFO.{stream}.{consumer}"), &Json::Null)
    }

    /// Names of all consumers of a stream, sorted.
    pub fn consumer_names(&self, stream: &str) -> Result<Vec<String>, ApiError> {
        let names = self.all(
            &format!("CONSUMER.NAMES.{stream}"),
            "consumers",
            &Json::Null,
        )?;
        let mut names: Vec<String> = names
            .iter()
            .filter_map(Json::as_text)
            .map(str::to_owned)
            .collect();
        names.sort();
        Ok(names)
    }

    /// Publishes a message and waits for the stream's acknowledgement.
    pub fn publish(
        &self,
        subject: &str,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<Json, ApiError> {
        let answer = self
            .requester
            .request(subject, headers, payload, self.timeout)?;
        let answer =
            Json::parse(&answer.payload).map_err(|error| ApiError::Garbled(error.to_string()))?;
        match ApiError::of(&answer) {
            Some(error) => Err(error),
            None if answer.text("stream").is_empty() => {
                Err(ApiError::Garbled("it names no stream".to_owned()))
            }
            None => Ok(answer),
        }
    }
}
