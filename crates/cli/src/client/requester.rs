//! Requests and their answers, for commands that need nothing else of a
//! connection: over async-nats, or over a [`Connection`] where the library has
//! no room for what was asked for.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::library::{Library, LibraryAnswers, Refused};
use super::shared::lock;
use super::{ClientError, Connection, Endpoint, Headers, Message, Options, Subscription};

/// Time for a connect after another one to the same server has used up its own.
const LAST_PATIENCE: Duration = Duration::from_millis(100);

/// Versions of servers from which on JetStream has an API level: a library does
/// not read the level itself.
const LEVELS: [((u32, u32), i64); 2] = [((2, 12), 2), ((2, 11), 1)];

/// A connection for requests. Clones are the same connection.
#[derive(Clone, Debug)]
pub struct Requester {
    way: Arc<Way>,
}

#[derive(Debug)]
enum Way {
    Own(Connection),
    Library(Box<OverLibrary>),
}

#[derive(Debug)]
struct OverLibrary {
    library: Library,
    /// For what is no request, and when the library's has broken.
    own: Mutex<Option<Connection>>,
    /// The library's server is the first.
    options: Options,
}

impl Requester {
    /// Connects to the first of the servers that accepts.
    ///
    /// The library tells little of why it could not: then a [`Connection`] to
    /// the same server is tried, and that one's error counts.
    pub fn connect(options: &Options) -> Result<Self, ClientError> {
        let mut last = ClientError::NoServers;
        for endpoint in &options.servers {
            match Self::connect_to(endpoint, options) {
                Ok(requester) => return Ok(requester),
                Err(ClientError::NoServers) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn connect_to(endpoint: &Endpoint, options: &Options) -> Result<Self, ClientError> {
        let own = |patience| {
            Connection::connect_within(options.clone(), endpoint, patience).map(Self::over)
        };
        if beyond_the_library(endpoint, options) {
            return own(options.dial_timeout);
        }
        match Library::connect(endpoint, options) {
            Ok(library) => Ok(Self::over_library(library, endpoint, options)),
            Err(Refused::Told(error)) => Err(error),
            Err(Refused::TimedOut) => own(LAST_PATIENCE),
            Err(Refused::Unclear) => own(options.dial_timeout),
        }
    }

    /// Requests over a connection.
    pub fn over(connection: Connection) -> Self {
        Self {
            way: Arc::new(Way::Own(connection)),
        }
    }

    fn over_library(library: Library, endpoint: &Endpoint, options: &Options) -> Self {
        let mut options = options.clone();
        options.servers.sort_by_key(|server| server != endpoint);
        let over = OverLibrary {
            library,
            own: Mutex::new(None),
            options,
        };
        Self {
            way: Arc::new(Way::Library(Box::new(over))),
        }
    }

    /// A connection for what is no request; made with the first call if
    /// requests go another way.
    pub fn connection(&self) -> Result<Connection, ClientError> {
        match &*self.way {
            Way::Own(connection) => Ok(connection.clone()),
            Way::Library(over) => {
                let mut own = lock(&over.own);
                let connection = match own.take() {
                    Some(connection) => connection,
                    // As if it had been this one.
                    None if over.library.is_broken() => Connection::broken(over.options.clone())?,
                    None => Connection::connect(over.options.clone())?,
                };
                Ok(own.insert(connection).clone())
            }
        }
    }

    /// Whether JetStream of the server has an API level, and which, as far as
    /// commands need to know.
    pub fn api_level(&self) -> i64 {
        match &*self.way {
            Way::Own(connection) => connection.api_level(),
            Way::Library(over) => level_of(&over.library.server_version()),
        }
    }

    /// The last error that the server reported, once.
    pub fn take_error(&self) -> Option<ClientError> {
        match &*self.way {
            Way::Own(connection) => connection.take_error(),
            Way::Library(over) => {
                let own = lock(&over.own).as_ref().and_then(Connection::take_error);
                over.library.take_error().or(own)
            }
        }
    }

    fn library(&self) -> Option<&Library> {
        match &*self.way {
            Way::Library(over) if !over.library.is_broken() => Some(&over.library),
            Way::Library(_) | Way::Own(_) => None,
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
        match self.library() {
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
        if let Some(library) = self.library() {
            return Ok(Answers::Library(library.ask(subject, headers, payload)?));
        }
        let connection = self.connection()?;
        let inbox = connection.new_inbox();
        let answers = connection.subscribe(&inbox, "")?;
        connection.publish(subject, &inbox, headers, payload)?;
        Ok(Answers::Own(answers))
    }

    /// Closes the connection; that of the library ends with its last clone.
    pub fn close(&self) {
        let connection = match &*self.way {
            Way::Own(connection) => Some(connection.clone()),
            Way::Library(over) => lock(&over.own).take(),
        };
        if let Some(connection) = connection {
            connection.close();
        }
    }
}

/// Whether the library knows no way, or a slow one: for each TLS handshake it
/// reads all authorities of the system, whichever are trusted. It looks at no
/// prefix before it writes it.
pub(super) fn beyond_the_library(endpoint: &Endpoint, options: &Options) -> bool {
    let odd = |token: &str| token.is_empty() || token.contains(char::is_whitespace);
    options.proxy.is_some()
        || options.tls.wanted()
        || endpoint.tls
        || endpoint.websocket
        || options.inbox_prefix.split('.').any(odd)
}

/// The API level of a server of this version.
pub(super) fn level_of(version: &str) -> i64 {
    let mut numbers = version.split('.').map(|part| part.parse().ok());
    let (Some(Some(major)), Some(Some(minor))) = (numbers.next(), numbers.next()) else {
        return 0;
    };
    LEVELS
        .into_iter()
        .find(|(since, _)| (major, minor) >= *since)
        .map_or(0, |(_, level)| level)
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
