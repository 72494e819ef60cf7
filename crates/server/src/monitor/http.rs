//! The HTTP server under the monitoring endpoints (monitoring-events.md 2.2).
//! It knows paths, headers and limits, and nothing of the broker.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use midge_log::{Logger, os_error};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::heads::Heads;
use super::index::escape;
use super::path;
use super::patience::{HEAD_MAX, Watch, Watched};
use super::query::Query;

/// Largest header block, bytes, with a little room for the request line.
const HEAD_BYTES_MAX: usize = (1 << 20) + 4_096;

/// Most connections at a time; more wait in the listen queue. Every one may
/// hold a header block and an answer.
const CONNECTIONS_MAX: usize = 512;

/// Most heavy answers put together at a time; more wait. They keep the shards
/// busy, and memory.
const HEAVY_MAX: usize = 2;

/// Threads on which answers are put together: the heavy ones, and enough for
/// health checks to get through beside them.
const THREADS_MAX: usize = 8;

/// Pause after the system refused a connection (no descriptors left, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Least time between two log lines about failed handshakes of one host.
const HANDSHAKE_LOG_PAUSE: Duration = Duration::from_secs(1);

/// Gives the TLS configuration for a new connection, so that a reload counts
/// at once. It must not ask for client certificates.
pub type TlsSource = Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync>;

/// How much work an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Little, and wanted soon.
    Light,
    /// It may grow with the number of connections or subscriptions.
    Heavy,
}

/// An answer to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// `Content-Type`; empty for none.
    pub content_type: &'static str,
    /// Pages of any origin may read it.
    pub any_origin: bool,
    /// Browsers must not guess the type.
    pub no_sniff: bool,
    /// Where to go instead; empty for none.
    pub location: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Content type of plain texts.
pub const TEXT: &str = "text/plain; charset=utf-8";
/// Content type of HTML.
pub const HTML: &str = "text/html; charset=utf-8";
/// Content type of JSON.
pub const JSON: &str = "application/json";

impl Answer {
    /// A text with a status code.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self {
            status,
            content_type: TEXT,
            body: text.into().into_bytes(),
            ..Self::default()
        }
    }

    /// A JSON body with a status code.
    pub fn json(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type: JSON,
            any_origin: true,
            body,
            ..Self::default()
        }
    }

    /// 200 with a body.
    pub fn ok(content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            status: 200,
            content_type,
            body,
            ..Self::default()
        }
    }

    /// There is nothing at this path.
    pub fn not_found() -> Self {
        Self {
            no_sniff: true,
            ..Self::text(404, "404 page not found\n")
        }
    }

    /// The path has a cleaner form.
    fn redirect(method: &Method, location: String) -> Self {
        let mut answer = Self {
            status: 307,
            ..Self::default()
        };
        if *method == Method::GET || *method == Method::HEAD {
            answer.content_type = HTML;
            let link = escape(&location);
            answer.body = format!("<a href=\"{link}\">Temporary Redirect</a>.\n\n").into_bytes();
        }
        answer.location = location;
        answer
    }
}

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// How much work the answer for a path is.
    fn weight(&self, path: &str) -> Weight;
    /// Answers, on a thread that may block. The method does not matter.
    fn answer(&self, path: &str, query: &Query) -> Answer;
}

/// A running server.
#[derive(Debug)]
pub struct MonitorServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MonitorServer {
    /// Serves on a listener that is bound already, on a thread of its own;
    /// HTTPS if there is a TLS configuration.
    ///
    /// # Errors
    /// The system refuses the thread or the event queue.
    pub fn start(
        listener: StdListener,
        tls: Option<TlsSource>,
        handler: Arc<dyn Handler>,
        log: Logger,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(THREADS_MAX)
            .thread_name("monitor-answer")
            .build()?;
        let listener = {
            let _entered = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let server = Arc::new(Server {
            tls,
            handler,
            log,
            heavy: Semaphore::new(HEAVY_MAX),
        });
        let thread = std::thread::Builder::new()
            .name("monitor".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let mut accepting = pin!(accept(listener, server));
                    let mut stopped = pin!(stopped);
                    poll_fn(|context| {
                        if stopped.as_mut().poll(context).is_ready() {
                            return Poll::Ready(());
                        }
                        accepting.as_mut().poll(context).map(|never| match never {})
                    })
                    .await;
                });
                // Answers under way are not waited for.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener and all connections.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // Dropping the sender is the signal.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for MonitorServer {
    fn drop(&mut self) {
        self.end();
    }
}

struct Server {
    tls: Option<TlsSource>,
    handler: Arc<dyn Handler>,
    log: Logger,
    heavy: Semaphore,
}

async fn accept(listener: TcpListener, server: Arc<Server>) -> Infallible {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // The semaphore is never closed.
        let permit = Arc::clone(&connections).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, peer)) => {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    server.connection(stream, peer).await;
                    drop(permit);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

impl Server {
    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        // Answers are written whole.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return self.serve(stream).await;
        };
        let acceptor = TlsAcceptor::from(tls());
        let handshake = tokio::time::timeout(HEAD_MAX, handshake(stream, acceptor)).await;
        match handshake {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(why)) => self.note_failed_handshake(peer, &why),
            Err(_) => self.note_failed_handshake(peer, "i/o timeout"),
        }
    }

    fn note_failed_handshake(&self, peer: SocketAddr, why: &str) {
        let key = format!("monitoring handshake {} {why}", peer.ip());
        self.log.error_limited(
            &key,
            HANDSHAKE_LOG_PAUSE,
            format_args!("monitoring: TLS handshake error from {peer}: {why}"),
        );
    }

    /// Speaks HTTP until either side has had enough.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(self: Arc<Self>, stream: S) {
        let watch = Watch::new();
        let io = TokioIo::new(Heads::new(Watched {
            stream,
            watch: watch.clone(),
        }));
        let service = service_fn(|request| {
            let server = Arc::clone(&self);
            let watch = watch.clone();
            async move {
                watch.request();
                let response = server.respond(request).await;
                watch.answer();
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .title_case_headers(true)
            .half_close(true)
            .max_buf_size(HEAD_BYTES_MAX)
            // Idle connections may stay longer; `watch` tells them apart.
            .header_read_timeout(None)
            .serve_connection(io, service);
        let mut connection = pin!(connection);
        let mut exceeded = pin!(watch.exceeded());
        poll_fn(|context| {
            // A connection's errors are the client's affair.
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            exceeded.as_mut().poll(context)
        })
        .await;
    }

    async fn respond(self: Arc<Self>, request: Request<Incoming>) -> Response<Full> {
        let method = request.method().clone();
        let uri = request.uri();
        if let Some(why) = bad_host(&request) {
            return response(Answer::text(400, why), true);
        }
        if uri.path() == "*" {
            let status = if method == Method::OPTIONS { 200 } else { 400 };
            let answer = Answer {
                status,
                ..Answer::default()
            };
            return response(answer, status != 200);
        }
        // Forms meant for proxies.
        if method == Method::CONNECT {
            return response(Answer::not_found(), true);
        }
        let decoded = path::decode(uri.path()).filter(|path| path.starts_with('/'));
        let Some(decoded) = decoded else {
            return response(Answer::text(400, "400 Bad Request"), true);
        };
        let query = uri.query();
        let clean = path::clean(&decoded);
        if clean != decoded {
            let mut location = path::encode(&clean);
            if let Some(query) = query {
                location.push('?');
                location.push_str(query);
            }
            return response(Answer::redirect(&method, location), false);
        }
        let query = Query::parse(query.unwrap_or_default());
        let permit = match self.handler.weight(&clean) {
            // The semaphore is never closed.
            Weight::Heavy => self.heavy.acquire().await.ok(),
            Weight::Light => None,
        };
        let handler = Arc::clone(&self.handler);
        let answer = tokio::task::spawn_blocking(move || handler.answer(&clean, &query)).await;
        drop(permit);
        match answer {
            Ok(answer) => response(answer, false),
            // It panicked, or the server stops.
            Err(_) => response(Answer::text(500, "500 Internal Server Error"), true),
        }
    }
}

/// Looks at the first bytes, and takes off TLS. The error is the text for the
/// log.
async fn handshake(
    mut stream: TcpStream,
    acceptor: TlsAcceptor,
) -> Result<tokio_rustls::server::TlsStream<TcpStream>, String> {
    /// Content type of a handshake record, its first byte.
    const HANDSHAKE: u8 = 0x16;
    /// Bytes of a record's head; enough to recognise a request.
    const HEAD: usize = 5;

    let mut head = [0; HEAD];
    loop {
        let seen = stream
            .peek(&mut head)
            .await
            .map_err(|error| os_error::text(&error))?;
        match head.first() {
            _ if seen == 0 => return Err("EOF".to_owned()),
            Some(&HANDSHAKE) => break,
            _ if seen < HEAD => {
                // Not enough to tell. Bytes that were only looked at do not
                // wake anybody, so wait for more of them by the clock.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            _ if matches!(&head, b"GET /" | b"HEAD " | b"POST " | b"PUT /" | b"OPTIO") => {
                let text = "HTTP/1.0 400 Bad Request\r\n\r\n\
                            Client sent an HTTP request to an HTTPS server.\n";
                // Whoever does not take it gets nothing.
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.shutdown().await;
                drain(&mut stream).await;
                return Err("client sent an HTTP request to an HTTPS server".to_owned());
            }
            _ => {
                drain(&mut stream).await;
                return Err("tls: first record does not look like a TLS handshake".to_owned());
            }
        }
    }
    acceptor
        .accept(stream)
        .await
        .map_err(|error| os_error::text(&error))
}

/// Reads what has arrived, so that closing the socket does not reset the
/// connection before the other side has read the last words.
async fn drain(stream: &mut TcpStream) {
    /// Most reads of what may be a whole header block.
    const READS: usize = 16;
    let mut waste = vec![0; 4_096];
    for _ in 0..READS {
        match stream.try_read(&mut waste) {
            Ok(n) if n > 0 => {}
            _ => return,
        }
    }
}

/// What is wrong with the header `Host`, if something is.
fn bad_host<B>(request: &Request<B>) -> Option<&'static str> {
    let valid = |byte: &u8| byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=@[]_~".contains(byte);
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() == Version::HTTP_11 => {
            Some("400 Bad Request: missing required Host header")
        }
        (Some(_), Some(_)) => Some("400 Bad Request"),
        (Some(host), None) if !host.as_bytes().iter().all(valid) => {
            Some("400 Bad Request: malformed Host header")
        }
        _ => None,
    }
}

fn response(answer: Answer, close: bool) -> Response<Full> {
    let mut response = Response::new(Full(Some(Bytes::from(answer.body))));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    if answer.any_origin {
        add(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    }
    if !answer.content_type.is_empty() {
        add(header::CONTENT_TYPE, answer.content_type);
    }
    if !answer.location.is_empty() {
        add(header::LOCATION, &answer.location);
    }
    if answer.no_sniff {
        add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    }
    if close {
        add(header::CONNECTION, "close");
    }
    response
}

/// A body that is there as a whole.
struct Full(Option<Bytes>);

impl Body for Full {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(
            self.0
                .take()
                .filter(|bytes| !bytes.is_empty())
                .map(|bytes| Ok(Frame::data(bytes))),
        )
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
