//! `nats server check exporter` (cli.md 7.10): checks as Prometheus metrics.
//! Every scrape runs all checks.

mod config;
mod http;
mod scrape;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use crate::failure::Result;
use crate::log;
use crate::parse::Matches;
use crate::session::Session;
use crate::{bail, fail};

use scrape::Scraper;

/// Serves the results of checks until it is stopped.
pub fn exporter(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let path = matches.text("config").unwrap_or_default();
    let port = matches.int("port");
    let port = u16::try_from(port).map_err(|_| fail!("there is no port {port}"))?;
    let tls = tls(matches)?;
    let text = std::fs::read_to_string(path)
        .map_err(|error| fail!("{}", crate::format::io_error_at("open", path, &error)))?;
    let checks = config::read(&text, &given(matches)).map_err(|failure| failure.context(path))?;
    let namespace = matches.text("namespace").unwrap_or_default().to_owned();
    let listener = listen(port)?;
    log!(
        "NATS CLI Prometheus Exporter listening on {}://0.0.0.0:{}/metrics",
        if tls.is_some() { "https" } else { "http" },
        listener.local_addr()?.port()
    );
    http::serve(listener, tls, Arc::new(Scraper::new(checks, namespace)))
}

/// The global flags of this run, as words: they are those of every check.
fn given(matches: &Matches) -> Vec<String> {
    let mut words = Vec::new();
    for flag in crate::model::GLOBAL_FLAGS {
        if !matches.given(flag.name) {
            continue;
        }
        if flag.kind.is_switch() {
            let no = if matches.on(flag.name) { "" } else { "no-" };
            words.push(format!("--{no}{}", flag.name));
        } else {
            let values = matches.list(flag.name).iter();
            words.extend(values.map(|value| format!("--{}={value}", flag.name)));
        }
    }
    words
}

/// The certificate and its key, if both are given.
fn tls(matches: &Matches) -> Result<Option<Arc<rustls::ServerConfig>>> {
    match (
        matches.filled("https-certificate"),
        matches.filled("https-key"),
    ) {
        (Some(certificate), Some(key)) => http::tls(certificate, key).map(Some),
        (None, None) => Ok(None),
        _ => bail!("HTTPS needs both --https-certificate and --https-key"),
    }
}

/// On all addresses; on those of version 4 only, if the machine has no others.
fn listen(port: u16) -> Result<TcpListener> {
    let any = [
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
    ];
    TcpListener::bind(&any[..]).map_err(|error| {
        fail!(
            "could not listen on port {port}: {}",
            crate::format::io_error(&error)
        )
    })
}
