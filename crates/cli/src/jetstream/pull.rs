//! Messages of a pull consumer.

use std::time::{Duration, Instant};

use super::{Api, ApiError, Delivered};
use crate::client::{ClientError, Connection, Message, Subscription};
use crate::output::Json;

/// Time for which a request for messages waits on the server. Shorter than the
/// time after which a silent connection is given up.
const EXPIRES: Duration = Duration::from_secs(30);
/// Grace in which the end of a request may arrive.
const GRACE: Duration = Duration::from_secs(2);

/// Requests messages of a consumer, batch by batch.
#[derive(Debug)]
pub struct Pull {
    connection: Connection,
    subject: String,
    inbox: String,
    messages: Subscription,
    batch: usize,
    /// Messages that are still to come of the request under way.
    open: usize,
    expires: Option<Instant>,
}

impl Pull {
    /// Requests for `batch` messages at a time.
    pub fn new(api: &Api, stream: &str, consumer: &str, batch: usize) -> Result<Self, ApiError> {
        let connection = api.connection()?;
        let inbox = connection.new_inbox();
        let messages = connection.subscribe(&inbox, "")?;
        Ok(Self {
            subject: api.subject(&format!("CONSUMER.MSG.NEXT.{stream}.{consumer}")),
            connection,
            inbox,
            messages,
            batch: batch.max(1),
            open: 0,
            expires: None,
        })
    }

    fn request(&mut self, patience: Duration) -> Result<(), ApiError> {
        let expires = patience.min(EXPIRES).max(Duration::from_millis(1));
        let body = Json::object()
            .with(
                "expires",
                i64::try_from(expires.as_nanos()).unwrap_or(i64::MAX),
            )
            .with("batch", self.batch);
        self.connection
            .publish(&self.subject, &self.inbox, None, body.compact().as_bytes())?;
        self.open = self.batch;
        self.expires = Some(Instant::now() + expires + GRACE);
        Ok(())
    }

    /// The next message, or nothing within `patience`.
    pub fn next(&mut self, patience: Duration) -> Result<Option<(Message, Delivered)>, ApiError> {
        let deadline = Instant::now().checked_add(patience);
        loop {
            let now = Instant::now();
            let left = deadline.map_or(EXPIRES, |deadline| deadline.saturating_duration_since(now));
            if left.is_zero() {
                return Ok(None);
            }
            if self.open == 0 || self.expires.is_none_or(|expires| now > expires) {
                self.request(left)?;
            }
            let wait = left.min(EXPIRES + GRACE);
            let message = match self.messages.next(wait) {
                Ok(message) => message,
                Err(ClientError::Timeout) => continue,
                Err(error) => return Err(error.into()),
            };
            match message.status() {
                0 => {}
                // The end of a request: without messages, in time, or in full.
                404 | 408 => {
                    self.open = 0;
                    continue;
                }
                409 => {
                    let why = message
                        .headers
                        .map(|headers| headers.description)
                        .unwrap_or_default();
                    self.open = 0;
                    if is_passing(&why) {
                        continue;
                    }
                    return Err(ApiError::Client(ClientError::Other(format!("nats: {why}"))));
                }
                503 => return Err(ApiError::NotAvailable(self.subject.clone())),
                // Heartbeats.
                _ => continue,
            }
            if let Some(delivered) = Delivered::parse(&message.reply) {
                self.open = self.open.saturating_sub(1);
                return Ok(Some((message, delivered)));
            }
        }
    }
}

/// Whether a 409 only ends the request.
fn is_passing(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    [
        "message size exceeds",
        "leadership change",
        "server shutdown",
        "batch completed",
    ]
    .iter()
    .any(|text| why.contains(text))
}
