//! Requests for messages of a pull consumer, so many at a time that there are
//! always some on their way.

use std::time::Duration;

use crate::client::{ClientError, Connection, Message, Subscription};
use crate::fail;
use crate::failure::Result;
use crate::output::Json;

/// Time for which a request for messages waits on the server.
pub const EXPIRES: Duration = Duration::from_secs(30);
/// Time between two signs of life of a request.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What came of a request.
#[derive(Debug)]
pub enum Pulled {
    /// A message.
    Message(Message),
    /// The consumer is gone.
    Gone,
}

/// Requests for messages of a consumer.
#[derive(Debug)]
pub struct Puller {
    connection: Connection,
    subject: String,
    inbox: String,
    messages: Subscription,
    /// Messages on their way at most.
    batch: u64,
    /// Messages on their way.
    pending: u64,
    /// Messages that are wanted; nothing is all.
    wanted: Option<u64>,
}

/// Writes a request for messages.
pub fn request(
    connection: &Connection,
    subject: &str,
    inbox: &str,
    batch: u64,
    heartbeat: Duration,
) -> std::result::Result<(), ClientError> {
    let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    let body = Json::object()
        .with("expires", nanos(EXPIRES))
        .with("batch", batch)
        .with("idle_heartbeat", nanos(heartbeat));
    connection.publish(subject, inbox, None, body.compact().as_bytes())
}

/// The next message, or nothing within `patience`. Before it waits,
/// acknowledgements go out that have been gathered.
pub fn next_message(
    connection: &Connection,
    messages: &Subscription,
    patience: Duration,
) -> Result<Option<Message>> {
    match messages.next(Duration::ZERO) {
        Err(ClientError::Timeout) => {}
        other => return Ok(Some(other?)),
    }
    connection.write_operations(&[])?;
    match messages.next(patience) {
        Ok(message) => Ok(Some(message)),
        Err(ClientError::Timeout) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Puller {
    /// Asks for the first messages; `subject` is that of requests.
    pub fn start(
        connection: &Connection,
        subject: String,
        batch: u64,
        wanted: Option<u64>,
    ) -> std::result::Result<Self, ClientError> {
        let inbox = connection.new_inbox();
        let mut puller = Self {
            messages: connection.subscribe(&inbox, "")?,
            connection: connection.clone(),
            subject,
            inbox,
            batch,
            pending: 0,
            wanted,
        };
        puller.begin()?;
        Ok(puller)
    }

    /// Asks for as many as there may be.
    fn begin(&mut self) -> std::result::Result<(), ClientError> {
        let count = self
            .wanted
            .map_or(self.batch, |wanted| wanted.min(self.batch));
        self.pending = self.batch;
        // Servers take a request for none as one for one.
        if count == 0 {
            return Ok(());
        }
        self.request(count)
    }

    fn request(&self, count: u64) -> std::result::Result<(), ClientError> {
        request(
            &self.connection,
            &self.subject,
            &self.inbox,
            count,
            HEARTBEAT,
        )
    }

    /// A message has been handled: asks for more if less than half of them are
    /// on their way.
    pub fn handled(&mut self) -> std::result::Result<(), ClientError> {
        self.pending = self.pending.saturating_sub(1);
        self.wanted = self.wanted.map(|wanted| wanted.saturating_sub(1));
        self.refill()
    }

    fn refill(&mut self) -> std::result::Result<(), ClientError> {
        if self.pending >= self.batch.div_ceil(2) {
            return Ok(());
        }
        let room = self.batch - self.pending;
        let count = match self.wanted {
            Some(wanted) => room.min(wanted.saturating_sub(self.pending)),
            None => room,
        };
        if count > 0 {
            self.request(count)?;
            self.pending = self.batch;
        }
        Ok(())
    }

    /// The next message, however long it takes.
    pub fn next(&mut self) -> Result<Pulled> {
        loop {
            let Some(message) = next_message(&self.connection, &self.messages, 2 * HEARTBEAT)?
            else {
                // The request got lost, perhaps with its server.
                self.begin()?;
                continue;
            };
            let status = message.status();
            let headers = message.headers.as_ref();
            let why = headers
                .map(|headers| headers.description.to_ascii_lowercase())
                .unwrap_or_default();
            match status {
                0 => return Ok(Pulled::Message(message)),
                409 if why.contains("consumer deleted") => return Ok(Pulled::Gone),
                400 => return Err(fail!("nats: bad request: {why}")),
                409 if why.contains("leadership") => self.pending = 0,
                404 | 408 | 409 => {
                    let left = message
                        .header("Nats-Pending-Messages")
                        .and_then(|text| text.parse().ok())
                        .unwrap_or(0);
                    self.pending = self.pending.saturating_sub(left);
                }
                // Signs of life, and that nobody answers just now.
                _ => continue,
            }
            self.refill()?;
        }
    }
}
