//! Requests and their answers, for commands that need nothing else of a
//! connection: over async-nats, or over a [`Connection`] where the library has
//! no room for what was asked for.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::connection::lock;
use super::library::{Library, LibraryAnswers, Refused};
use super::{ClientError, Connection, Headers, Message, Options, Subscription};

/// Least time for a connect after another one has failed.
const LEAST_TIME: Duration = Duration::from_millis(100);

/// A connection for requests. Clones are the same connection.
#[derive(Clone, Debug)]
pub struct Requester {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    library: Option<Library>,
    connection: Mutex<Option<Connection>>,
    options: Options,
}

impl Requester {
    /// Connects to the first of the servers that accepts.
    ///
    /// The library tells little of why it could not: then a [`Connection`] is
    /// tried, and that one's error counts.
    pub fn connect(options: Options) -> Result<Self, ClientError> {
        if beyond_the_library(&options) {
            return Ok(Self::over(Connection::connect(options.clone())?, options));
        }
        let begun = Instant::now();
        let library = match Library::connect(&options) {
            Ok(library) => library,
            Err(Refused::Told(error)) => return Err(error),
            Err(Refused::Unclear) => {
                let left = options.dial_timeout.saturating_sub(begun.elapsed());
                let hurried = Options {
                    dial_timeout: left.max(LEAST_TIME),
                    ..options.clone()
                };
                return Ok(Self::over(Connection::connect(hurried)?, options));
            }
        };
        Ok(Self {
            shared: Arc::new(Shared {
                library: Some(library),
                connection: Mutex::new(None),
                options,
            }),
        })
    }

    /// Requests over a connection that was made with these options.
    pub fn over(connection: Connection, options: Options) -> Self {
        Self {
            shared: Arc::new(Shared {
                library: None,
                connection: Mutex::new(Some(connection)),
                options,
            }),
        }
    }

    /// A connection for what is no request; made with the first call if
    /// requests go another way.
    pub fn connection(&self) -> Result<Connection, ClientError> {
        let mut connection = lock(&self.shared.connection);
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let made = Connection::connect(self.shared.options.clone())?;
        *connection = Some(made.clone());
        Ok(made)
    }

    /// The last error that the server reported, once.
    pub fn take_error(&self) -> Option<ClientError> {
        match &self.shared.library {
            Some(library) => library.take_error(),
            None => lock(&self.shared.connection)
                .as_ref()
                .and_then(Connection::take_error),
        }
    }

    /// Sends a request and waits for one answer.
    pub fn request(
        &self,
        subject: &str,
        headers: Option<&Headers>,
        payload: &[u8],
        patience: Duration,
    ) -> Result<Message, ClientError> {
        match &self.shared.library {
            Some(library) => library.request(subject, headers, payload, patience),
            None => self
                .connection()?
                .request(subject, headers, payload, patience),
        }
    }

    /// Sends a request to which many may answer.
    pub fn ask(
        &self,
        subject: &str,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<Answers, ClientError> {
        if let Some(library) = &self.shared.library {
            return Ok(Answers::Library(library.ask(subject, headers, payload)?));
        }
        let connection = self.connection()?;
        let inbox = connection.new_inbox();
        let answers = connection.subscribe(&inbox, "")?;
        connection.publish(subject, &inbox, headers, payload)?;
        Ok(Answers::Own(answers))
    }

    /// Closes the connections for good.
    pub fn close(&self) {
        if let Some(connection) = lock(&self.shared.connection).take() {
            connection.close();
        }
    }
}

/// Whether the library knows no way, or a slow one: for each TLS handshake it
/// reads all authorities of the system, whichever are trusted.
pub(super) fn beyond_the_library(options: &Options) -> bool {
    options.proxy.is_some()
        || options.tls.wanted()
        || options
            .servers
            .iter()
            .any(|server| server.tls || server.websocket)
}

/// Answers to a request.
#[derive(Debug)]
pub enum Answers {
    /// Over async-nats.
    Library(LibraryAnswers),
    /// Over a [`Connection`].
    Own(Subscription),
}

impl Answers {
    /// The next answer.
    pub fn next_before(&mut self, deadline: Instant) -> Result<Message, ClientError> {
        match self {
            Answers::Library(answers) => answers.next_before(deadline),
            Answers::Own(answers) => answers.next_before(deadline),
        }
    }
}
