//! The HTTP server: one page, `/metrics`.

use std::convert::Infallible;
use std::net::TcpListener as StdListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::scrape::Scraper;
use crate::client::certificates;
use crate::fail;
use crate::failure::Result;
use crate::log;

/// Most connections at a time; more wait in the listen queue. There are a few
/// servers that scrape.
const MAX_CONNECTIONS: usize = 64;
/// Time for the head of a request, and for a handshake.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// Pause after the system refused a connection (no descriptors left, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The text format of Prometheus.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// How to encrypt with a certificate and its key.
pub fn tls(certificate: &str, key: &str) -> Result<Arc<ServerConfig>> {
    let chain = certificates(Path::new(certificate))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| fail!("the key {key} cannot be read: {error}"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map(Arc::new)
        .map_err(|error| fail!("HTTPS cannot be served with {certificate}: {error}"))
}

/// Serves the metrics for ever.
pub fn serve(
    listener: StdListener,
    tls: Option<Arc<ServerConfig>>,
    scraper: Arc<Scraper>,
) -> Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        let acceptor = tls.map(TlsAcceptor::from);
        let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            // The semaphore is never closed.
            let permit = Arc::clone(&connections).acquire_owned().await;
            let Ok((stream, peer)) = listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (acceptor, scraper) = (acceptor.clone(), Arc::clone(&scraper));
            tokio::spawn(async move {
                match acceptor {
                    None => speak(stream, scraper).await,
                    Some(acceptor) => {
                        let handshake = acceptor.accept(stream);
                        match tokio::time::timeout(HEAD_PATIENCE, handshake).await {
                            Ok(Ok(stream)) => speak(stream, scraper).await,
                            Ok(Err(error)) => log!("TLS handshake with {peer} failed: {error}"),
                            Err(_) => log!("TLS handshake with {peer} took too long"),
                        }
                    }
                }
                drop(permit);
            });
        }
    })
}

/// Speaks HTTP until either side has had enough.
async fn speak<S>(stream: S, scraper: Arc<Scraper>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let scraper = Arc::clone(&scraper);
        async move { Ok::<_, Infallible>(respond(&request, scraper).await) }
    });
    // What goes wrong is the other side's affair.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(request: &Request<Incoming>, scraper: Arc<Scraper>) -> Response<Full<Bytes>> {
    if request.uri().path() != "/metrics" {
        return response(
            StatusCode::NOT_FOUND,
            TEXT,
            "only /metrics is here\n".into(),
        );
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut refusal = response(
            StatusCode::METHOD_NOT_ALLOWED,
            TEXT,
            "metrics can be read only\n".into(),
        );
        refusal
            .headers_mut()
            .insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    match tokio::task::spawn_blocking(move || scraper.metrics()).await {
        Ok(metrics) => response(StatusCode::OK, METRICS, metrics),
        Err(_) => response(
            StatusCode::INTERNAL_SERVER_ERROR,
            TEXT,
            "the checks failed\n".into(),
        ),
    }
}

fn response(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}
