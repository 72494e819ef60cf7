//! A connection of async-nats to one server, behind blocking calls: for whoever
//! only asks and waits for answers. It is not made anew when it breaks.

use std::error::Error;
use std::future::{Future, pending, ready};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use async_nats::client::{PublishErrorKind, RequestErrorKind};
use async_nats::{
    ConnectErrorKind, ConnectOptions, HeaderMap, HeaderName, HeaderValue, ReconnectToServer,
    ServerAddr, SubscribeErrorKind,
};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::{ClientError, Endpoint, Event, Headers, Message, Options, ServerInfo};

/// Name of the thread that runs the library. It panics when a server breaks the
/// protocol in some ways; that ends the connection, and nothing else.
pub const THREAD: &str = "nats-library";

/// Time for a place in the library's queue of operations. That is full only if
/// the connection is broken.
const QUEUE_PATIENCE: Duration = Duration::from_secs(10);

/// A connection. Clones are the same connection, which ends with the last one.
#[derive(Clone, Debug)]
pub struct Library {
    client: async_nats::Client,
    runtime: Arc<Runtime>,
    fate: Arc<watch::Sender<Fate>>,
}

/// What became of a connection.
#[derive(Debug, Default)]
struct Fate {
    /// The last error that the server reported.
    reported: Option<ClientError>,
    broken: bool,
}

/// Why there is no connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// The server, or what was to log in, said so.
    Told(ClientError),
    /// The time was up.
    TimedOut,
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
            .name(THREAD.to_owned())
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
    /// Connects to a server.
    pub fn connect(endpoint: &Endpoint, options: &Options) -> Result<Self, Refused> {
        let url = endpoint.to_string();
        let server = ServerAddr::from_str(&url).map_err(|_| Refused::Unclear)?;
        let runtime = Runtime::start().map_err(|_| Refused::Unclear)?;
        let fate = Arc::new(watch::Sender::new(Fate::default()));
        let connect = connect_options(&server, endpoint, options, &fate)?;
        let connect = connect.connect(server);
        // On its thread, for its panics.
        let connected = runtime.handle.spawn(connect);
        let connected = runtime.handle.block_on(connected);
        let client = connected
            .map_err(|_| Refused::Unclear)?
            .map_err(|error| refused(&error, take_error(&fate)))?;
        if client.max_payload() == 0 {
            // It would send nothing. Others take that for no limit.
            return Err(Refused::Unclear);
        }
        Ok(Self {
            client,
            runtime: Arc::new(runtime),
            fate,
        })
    }

    /// Whether the connection is there no more.
    pub fn is_broken(&self) -> bool {
        self.fate.borrow().broken
    }

    /// Version of the server.
    pub fn server_version(&self) -> String {
        self.client.server_info().version
    }

    /// The last error that the server reported, once.
    pub fn take_error(&self) -> Option<ClientError> {
        take_error(&self.fate)
    }

    /// Waits for what is asked for, or until the server has ended the connection
    /// with an error.
    fn wait<T>(
        &self,
        patience: Duration,
        asked: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        let mut fate = self.fate.subscribe();
        let ended = async {
            let ended = |fate: &Fate| fate.broken && fate.reported.is_some();
            match fate.wait_for(ended).await {
                Ok(fate) => fate.reported.clone().unwrap_or(ClientError::Closed),
                Err(_) => ClientError::Closed,
            }
        };
        let first = async {
            match select(Box::pin(asked), Box::pin(ended)).await {
                Either::Left((answer, _)) => answer,
                Either::Right((error, _)) => Err(error),
            }
        };
        // Timers are made on the runtime.
        let in_time = async { timeout(patience, first).await };
        let answer = self.runtime.handle.block_on(in_time);
        let answer = answer.unwrap_or(Err(ClientError::Timeout));
        if matches!(answer, Err(ClientError::Closed)) {
            self.fate.send_modify(|fate| fate.broken = true);
        }
        answer
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
            .timeout(None);
        if let Some(headers) = headers {
            request = request.headers(header_map(headers)?);
        }
        let answer = self.client.send_request(subject.to_owned(), request);
        self.wait(patience, async {
            answer
                .await
                .map(message)
                .map_err(|error| match error.kind() {
                    RequestErrorKind::TimedOut => ClientError::Timeout,
                    RequestErrorKind::NoResponders => ClientError::NoResponders,
                    RequestErrorKind::InvalidSubject => ClientError::BadSubject,
                    RequestErrorKind::MaxPayloadExceeded => ClientError::MaxPayload,
                    RequestErrorKind::Other => ClientError::Closed,
                })
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
            let subscriber =
                self.client
                    .subscribe(inbox.clone())
                    .await
                    .map_err(|error| match error.kind() {
                        SubscribeErrorKind::Other => ClientError::Closed,
                        _ => ClientError::BadSubject,
                    })?;
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
            subscriber: self.wait(QUEUE_PATIENCE, ask)?,
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

fn take_error(fate: &watch::Sender<Fate>) -> Option<ClientError> {
    let mut error = None;
    fate.send_modify(|fate| error = fate.reported.take());
    error
}

fn connect_options(
    server: &ServerAddr,
    endpoint: &Endpoint,
    options: &Options,
    fate: &Arc<watch::Sender<Fate>>,
) -> Result<ConnectOptions, Refused> {
    let (auth, endpoint, failed) = (options.auth.clone(), endpoint.clone(), Arc::clone(fate));
    let login = move |nonce: Vec<u8>| {
        let info = ServerInfo {
            nonce: String::from_utf8_lossy(&nonce).into_owned(),
            ..ServerInfo::default()
        };
        let login = auth.login(&endpoint, &info);
        ready(login.map(login_fields).map_err(|error| {
            failed.send_modify(|fate| fate.reported = Some(error));
            // Its text cannot be had back.
            async_nats::AuthError::new("")
        }))
    };
    let (connecting, server) = (AtomicBool::new(true), server.clone());
    Ok(ConnectOptions::with_auth_callback(login)
        .name(&options.name)
        .custom_inbox_prefix(&options.inbox_prefix)
        .connection_timeout(options.dial_timeout)
        .ping_interval(options.ping_after)
        .tls_client_config(options.tls.config().map_err(Refused::Told)?)
        .ignore_discovered_servers()
        .reconnect_to_server_callback(move |_, _| {
            // The second time the connection is broken, and stays so.
            let again = !connecting.swap(false, Ordering::Relaxed);
            let now = ReconnectToServer {
                addr: server.clone(),
                delay: Some(Duration::ZERO),
            };
            async move {
                if again {
                    pending::<()>().await;
                }
                Some(now)
            }
        })
        .event_callback(on_event(options, fate)))
}

/// What is done when something happens to a connection.
fn on_event(
    options: &Options,
    fate: &Arc<watch::Sender<Fate>>,
) -> impl Fn(async_nats::Event) -> std::future::Ready<()> + Send + Sync + 'static {
    let tell = Arc::clone(&options.events);
    let fate = Arc::clone(fate);
    move |event| {
        match event {
            async_nats::Event::ServerError(error) => {
                let error = reported(&error);
                fate.send_modify(|fate| fate.reported = Some(error.clone()));
                tell(&Event::Error(error));
            }
            async_nats::Event::Disconnected => {
                // The library does not tell why, if the server did not.
                let why = match &fate.borrow().reported {
                    Some(error) => error.to_string(),
                    None => "EOF".to_owned(),
                };
                fate.send_modify(|fate| fate.broken = true);
                tell(&Event::Disconnected(why));
            }
            _ => {}
        }
        ready(())
    }
}

/// What a server says while the connection goes on.
fn reported(error: &async_nats::ServerError) -> ClientError {
    match server_text(error).as_str() {
        // The library does not know the limit of the account.
        "Maximum Payload Violation" => ClientError::MaxPayload,
        text => ClientError::reported(text),
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
        None if error.kind() == ConnectErrorKind::TimedOut => Refused::TimedOut,
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
