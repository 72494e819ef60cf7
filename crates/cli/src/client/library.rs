//! A connection of async-nats, behind blocking calls: for whoever only asks and
//! waits for answers.

use std::error::Error;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use async_nats::client::{PublishErrorKind, RequestErrorKind};
use async_nats::{ConnectOptions, HeaderMap, HeaderName, HeaderValue};
use futures_util::StreamExt;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::connection::lock;
use super::servers::Servers;
use super::{ClientError, Event, Headers, Message, Options, ServerInfo};

/// A connection. Clones are the same connection.
#[derive(Clone, Debug)]
pub struct Library {
    client: async_nats::Client,
    runtime: Arc<Runtime>,
    reported: Reported,
}

/// The last error that the server reported.
type Reported = Arc<Mutex<Option<ClientError>>>;

/// Why there is no connection.
#[derive(Debug)]
pub enum Refused {
    /// The server, or what was to log in, said so.
    Told(ClientError),
    /// Anything else: of that the library's errors tell too little.
    Unclear,
}

/// A thread that drives the connection, also while nobody waits for it.
#[derive(Debug)]
struct Runtime {
    handle: Handle,
    /// The thread ends when this is dropped.
    _stop: oneshot::Sender<()>,
}

impl Runtime {
    fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new()
            .name("nats-library".to_owned())
            .spawn(move || {
                // It ends either way.
                let _ = runtime.block_on(stopped);
            })?;
        Ok(Self {
            handle,
            _stop: stop,
        })
    }
}

impl Library {
    /// Connects to the first of the servers that accepts.
    pub fn connect(options: &Options) -> Result<Self, Refused> {
        let runtime = Runtime::start().map_err(|_| Refused::Unclear)?;
        let mut last = Refused::Unclear;
        for first in 0..options.servers.len() {
            match Self::connect_to(first, options, &runtime.handle) {
                Ok((client, reported)) => {
                    return Ok(Self {
                        client,
                        runtime: Arc::new(runtime),
                        reported,
                    });
                }
                Err(Refused::Unclear) => return Err(Refused::Unclear),
                Err(refused) => last = refused,
            }
        }
        Err(last)
    }

    /// Connects to server number `first` of the options.
    fn connect_to(
        first: usize,
        options: &Options,
        runtime: &Handle,
    ) -> Result<(async_nats::Client, Reported), Refused> {
        let servers = Servers::new(&options.servers, first).ok_or(Refused::Unclear)?;
        let addresses = servers.addresses();
        let servers = Arc::new(Mutex::new(servers));
        let (auth, chosen) = (options.auth.clone(), Arc::clone(&servers));
        let reported = Reported::default();
        let failed = Arc::clone(&reported);
        let login = move |nonce: Vec<u8>| {
            let info = ServerInfo {
                nonce: String::from_utf8_lossy(&nonce).into_owned(),
                ..ServerInfo::default()
            };
            let login = auth.login(lock(&chosen).chosen(), &info);
            let auth = login.map(login_fields).map_err(|error| {
                *lock(&failed) = Some(error);
                // Its text cannot be had back.
                async_nats::AuthError::new("")
            });
            std::future::ready(auth)
        };
        let tls = options.tls.config().map_err(Refused::Told)?;
        let connect = ConnectOptions::with_auth_callback(login)
            .name(&options.name)
            .custom_inbox_prefix(&options.inbox_prefix)
            .connection_timeout(options.dial_timeout)
            .ping_interval(options.ping_after)
            .tls_client_config(tls)
            .max_reconnects(None)
            .reconnect_to_server_callback(move |known, _| {
                let choice = lock(&servers).choose(&known);
                async move { choice }
            })
            .event_callback(on_event(options, &reported));
        let client = runtime
            .block_on(connect.connect(addresses))
            .map_err(|error| refused(&error, lock(&reported).take()))?;
        Ok((client, reported))
    }

    /// The last error that the server reported, once.
    pub fn take_error(&self) -> Option<ClientError> {
        lock(&self.reported).take()
    }

    /// Sends a request and waits for one answer.
    pub fn request(
        &self,
        subject: &str,
        headers: Option<&Headers>,
        payload: &[u8],
        patience: Duration,
    ) -> Result<Message, ClientError> {
        let mut request = async_nats::Request::new()
            .payload(payload.to_vec().into())
            .timeout(Some(patience));
        if let Some(headers) = headers {
            request = request.headers(header_map(headers)?);
        }
        let answer = self.client.send_request(subject.to_owned(), request);
        self.runtime
            .handle
            .block_on(answer)
            .map(message)
            .map_err(|error| match error.kind() {
                RequestErrorKind::TimedOut => ClientError::Timeout,
                RequestErrorKind::NoResponders => ClientError::NoResponders,
                RequestErrorKind::InvalidSubject => ClientError::BadSubject,
                RequestErrorKind::MaxPayloadExceeded => ClientError::MaxPayload,
                RequestErrorKind::Other => ClientError::Closed,
            })
    }

    /// Sends a request to which many may answer.
    pub fn ask(
        &self,
        subject: &str,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<LibraryAnswers, ClientError> {
        let headers = headers.map(header_map).transpose()?;
        let inbox = self.client.new_inbox();
        let (subject, payload) = (subject.to_owned(), payload.to_vec().into());
        let ask = async {
            let subscriber = self
                .client
                .subscribe(inbox.clone())
                .await
                .map_err(|_| ClientError::Closed)?;
            let sent = match headers {
                Some(headers) => {
                    self.client
                        .publish_with_reply_and_headers(subject, inbox, headers, payload)
                        .await
                }
                None => {
                    self.client
                        .publish_with_reply(subject, inbox, payload)
                        .await
                }
            };
            sent.map_err(|error| match error.kind() {
                PublishErrorKind::MaxPayloadExceeded => ClientError::MaxPayload,
                PublishErrorKind::InvalidSubject => ClientError::BadSubject,
                PublishErrorKind::Send => ClientError::Closed,
            })?;
            Ok(subscriber)
        };
        Ok(LibraryAnswers {
            subscriber: self.runtime.handle.block_on(ask)?,
            runtime: Arc::clone(&self.runtime),
        })
    }
}

/// Answers to a request.
#[derive(Debug)]
pub struct LibraryAnswers {
    subscriber: async_nats::Subscriber,
    runtime: Arc<Runtime>,
}

impl LibraryAnswers {
    /// The next answer.
    pub fn next_before(&mut self, deadline: std::time::Instant) -> Result<Message, ClientError> {
        let next = async {
            let deadline = Instant::from_std(deadline);
            timeout_at(deadline, self.subscriber.next()).await
        };
        match self.runtime.handle.block_on(next) {
            Ok(Some(answer)) => Ok(message(answer)),
            Ok(None) => Err(ClientError::Closed),
            Err(_) => Err(ClientError::Timeout),
        }
    }
}

/// What is done when something happens to a connection.
fn on_event(
    options: &Options,
    reported: &Reported,
) -> impl Fn(async_nats::Event) -> std::future::Ready<()> + Send + Sync + 'static {
    let tell = Arc::clone(&options.events);
    let reported = Arc::clone(reported);
    move |event| {
        match event {
            async_nats::Event::ServerError(error) => {
                let error = ClientError::reported(&server_text(&error));
                *lock(&reported) = Some(error.clone());
                tell(&Event::Error(error));
            }
            async_nats::Event::Disconnected => {
                // The library does not tell why, if the server did not.
                let why = lock(&reported).clone();
                let why = why.map_or_else(|| "EOF".to_owned(), |error| error.to_string());
                tell(&Event::Disconnected(why));
            }
            _ => {}
        }
        std::future::ready(())
    }
}

/// An error as the server told it.
fn server_text(error: &async_nats::ServerError) -> String {
    match error {
        async_nats::ServerError::AuthorizationViolation => "Authorization Violation".to_owned(),
        async_nats::ServerError::Other(text) => text.clone(),
        other @ async_nats::ServerError::SlowConsumer(_) => other.to_string(),
    }
}

/// `failed` is why no login could be made, if that is the reason.
fn refused(error: &async_nats::ConnectError, failed: Option<ClientError>) -> Refused {
    if let Some(error) = failed {
        return Refused::Told(error);
    }
    match error.source().and_then(|source| source.downcast_ref()) {
        Some(error) => Refused::Told(ClientError::Server(server_text(error))),
        None => Refused::Unclear,
    }
}

fn login_fields(login: super::auth::Login) -> async_nats::Auth {
    let filled = |text: String| (!text.is_empty()).then_some(text);
    let mut auth = async_nats::Auth::new();
    auth.username = filled(login.user);
    auth.password = filled(login.password);
    auth.token = filled(login.token);
    auth.nkey = filled(login.nkey);
    auth.jwt = filled(login.jwt);
    auth.signature = (!login.signature.is_empty()).then_some(login.signature);
    auth
}

fn header_map(headers: &Headers) -> Result<HeaderMap, ClientError> {
    let wrong = |key: &str| ClientError::Other(format!("nats: invalid header {key:?}"));
    let mut map = HeaderMap::new();
    for (key, value) in &headers.entries {
        let name = HeaderName::from_str(key).map_err(|_| wrong(key))?;
        let value = HeaderValue::from_str(value).map_err(|_| wrong(key))?;
        map.append(name, value);
    }
    Ok(map)
}

fn message(from: async_nats::Message) -> Message {
    let status = from.status.map_or(0, |status| status.as_u16());
    let headers = (status != 0 || from.headers.is_some()).then(|| Headers {
        status,
        description: from.description.unwrap_or_default(),
        entries: entries(&from.headers.unwrap_or_default()),
    });
    Message {
        subject: from.subject.to_string(),
        reply: from
            .reply
            .map(|reply| reply.to_string())
            .unwrap_or_default(),
        headers,
        payload: from.payload.to_vec(),
    }
}

/// Keys and values, sorted by key: the library does not keep their order.
fn entries(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> = headers
        .iter()
        .flat_map(|(key, values)| {
            let pair = move |value: &HeaderValue| (key.to_string(), value.to_string());
            values.iter().map(pair)
        })
        .collect();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    entries
}
