//! What servers say about themselves from time to time.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::bail;
use crate::client::{ClientError, Message, Subscription};
use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;
use crate::system::NO_RESPONDERS;

/// Subjects on which servers tell of themselves.
const UPDATES: &str = "$SYS.SERVER.*.STATSZ";
/// Asks them to do so now.
const PING: &str = "$SYS.REQ.SERVER.PING";
/// Messages that are read between two pictures, so that a flood of them cannot
/// stop the picture; the queues of subscriptions have limits of their own.
const MAX_READ: usize = 100_000;
/// Servers that are remembered: more than systems have.
const MAX_SERVERS: usize = 100_000;

/// The latest statistics of each server.
pub struct Statistics {
    updates: Subscription,
    answers: Subscription,
    servers: BTreeMap<String, Json>,
    /// When the latest came.
    pub latest: Option<Timestamp>,
}

impl Statistics {
    /// Of all servers, from now on.
    pub fn of(session: &mut Session) -> Result<Self> {
        let connection = session.connect()?;
        let inbox = connection.new_inbox();
        let answers = connection.subscribe(&inbox, "")?;
        connection.publish(PING, &inbox, None, b"")?;
        Ok(Self {
            updates: connection.subscribe(UPDATES, "")?,
            answers,
            servers: BTreeMap::new(),
            latest: None,
        })
    }

    /// Reads what has come, and gives all statistics.
    pub fn read(&mut self) -> Result<impl Iterator<Item = &Json>> {
        let mut came = Vec::new();
        for source in [&self.answers, &self.updates] {
            read(source, |message| came.push(message))?;
        }
        for message in came {
            // Without the rights there would be nothing to see, for ever.
            if message.is_no_responders() {
                bail!("{NO_RESPONDERS}");
            }
            let Ok(json) = Json::parse(&message.payload) else {
                continue;
            };
            let id = json.text("server.id");
            if self.servers.len() < MAX_SERVERS || self.servers.contains_key(id) {
                self.servers.insert(id.to_owned(), json);
                self.latest = Some(Timestamp::now());
            }
        }
        Ok(self.servers.values())
    }
}

/// Reads what has come to a subscription.
pub fn read(source: &Subscription, mut found: impl FnMut(Message)) -> Result<()> {
    for _ in 0..MAX_READ {
        match source.next(Duration::ZERO) {
            Ok(message) => found(message),
            Err(ClientError::Timeout) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
