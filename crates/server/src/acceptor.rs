//! The client listener: accepts sockets and hands each to a shard.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token, Waker};
use socket2::{Domain, Protocol, Socket, Type};

use crate::server::Shared;
use crate::shard::{Mail, NewConnection};

const LISTENER: Token = Token(0);
const WAKE: Token = Token(1);

/// Connections that the kernel may complete before we accept them.
const BACKLOG: i32 = 4096;

/// The host that stands for all interfaces.
const ANY_IPV4: &str = "0.0.0.0";

/// Pause after an error such as "too many open files", which would otherwise
/// repeat at once.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

/// A configured port as a number to listen on; -1 is any port, and so 0.
///
/// # Errors
/// The text of the peer's start-up error for a number that is no port.
pub fn port_number(port: i32) -> Result<u16, String> {
    if port == -1 {
        return Ok(0);
    }
    u16::try_from(port).map_err(|_| format!("listen tcp: address {port}: invalid port"))
}

/// Opens a listening socket for `host:port`; both address families when the
/// host is `::`.
///
/// # Errors
/// The text of the peer's start-up error: `listen tcp H:P: bind: ...`.
pub fn listen(host: &str, port: u16) -> Result<StdListener, String> {
    let shown = host_port(host, port);
    let failed =
        |what: &str, error: &io::Error| format!("listen tcp {shown}: {what}: {}", os_text(error));
    if host == ANY_IPV4 {
        // The peer's "all interfaces" includes IPv6, where the system has it.
        if let Ok(listener) = listen_at(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)) {
            return Ok(listener);
        }
    }
    let addresses: Vec<SocketAddr> = match host.trim_matches(['[', ']']).parse() {
        Ok(ip) => vec![SocketAddr::new(ip, port)],
        Err(_) => {
            use std::net::ToSocketAddrs;
            (host, port)
                .to_socket_addrs()
                .map_err(|_| format!("listen tcp: lookup {host}: no such host"))?
                .collect()
        }
    };
    let Some(&address) = addresses.iter().find(|a| a.is_ipv4()).or(addresses.first()) else {
        return Err(format!("listen tcp: lookup {host}: no such host"));
    };
    listen_at(address).map_err(|(what, error)| failed(what, &error))
}

/// Opens a listening socket; on failure the step and the error.
fn listen_at(address: SocketAddr) -> Result<StdListener, (&'static str, io::Error)> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )
    .map_err(|e| ("socket", e))?;
    if address.is_ipv6() {
        // `::` takes IPv4 too, as the peer's does.
        socket.set_only_v6(false).map_err(|e| ("setsockopt", e))?;
    }
    // Without it a restart would have to wait for old connections to expire.
    socket
        .set_reuse_address(true)
        .map_err(|e| ("setsockopt", e))?;
    socket.bind(&address.into()).map_err(|e| ("bind", e))?;
    socket.listen(BACKLOG).map_err(|e| ("listen", e))?;
    socket
        .set_nonblocking(true)
        .map_err(|e| ("setsockopt", e))?;
    Ok(socket.into())
}

/// `host:port` with IPv6 hosts in brackets.
pub fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// An operating system error in the wording people search for: no number, lower
/// case.
pub fn os_text(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// The thread that accepts clients.
pub(crate) struct Acceptor {
    shared: Arc<Shared>,
    listener: TcpListener,
    poll: Poll,
    /// Handshakes in the current second, for `connection_rate_limit`.
    rate: RateWindow,
}

#[derive(Debug)]
struct RateWindow {
    began: Instant,
    accepted: u64,
    refused: u64,
}

impl Acceptor {
    /// Prepares the thread; the waker makes it look at the server's state.
    pub(crate) fn new(shared: Arc<Shared>, listener: StdListener) -> io::Result<(Self, Waker)> {
        let mut listener = TcpListener::from_std(listener);
        let poll = Poll::new()?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let rate = RateWindow {
            began: Instant::now(),
            accepted: 0,
            refused: 0,
        };
        Ok((
            Self {
                shared,
                listener,
                poll,
                rate,
            },
            waker,
        ))
    }

    /// Accepts until the server stops taking clients.
    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(8);
        loop {
            let timeout = (self.rate.refused > 0).then_some(Duration::from_secs(1));
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != io::ErrorKind::Interrupted
            {
                self.shared
                    .log
                    .error(format_args!("Cannot wait for connections: {error}"));
                std::thread::sleep(ERROR_PAUSE);
            }
            if !self.shared.accepts_clients() {
                return;
            }
            self.report_throttling();
            self.accept_waiting();
        }
    }

    fn accept_waiting(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((socket, peer)) => {
                    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                    let throttled = self.throttles();
                    let limit = self.shared.runtime.load().max_connections;
                    let over_limit = !self.shared.counters.note_client(limit);
                    let cid = self.shared.next_cid.fetch_add(1, Ordering::Relaxed);
                    let new = NewConnection {
                        socket,
                        peer,
                        cid,
                        over_limit,
                        throttled,
                    };
                    let shard = self.shared.place();
                    if let Some(handle) = self.shared.shard(shard) {
                        handle.mailbox.send(Mail::Accept(Box::new(new)));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.shared.log.error(format_args!(
                        "Temporary Client Accept Error ({}), sleeping 100ms",
                        os_text(&error)
                    ));
                    std::thread::sleep(ERROR_PAUSE);
                    if !self.shared.accepts_clients() {
                        return;
                    }
                }
            }
        }
    }

    /// Whether the TLS rate limit refuses one more connection in this second.
    fn throttles(&mut self) -> bool {
        let runtime = self.shared.runtime.load();
        let limit = runtime.tls.as_ref().map_or(0, |tls| tls.rate_limit);
        if limit == 0 {
            return false;
        }
        if self.rate.began.elapsed() >= Duration::from_secs(1) {
            self.rate.began = Instant::now();
            self.rate.accepted = 0;
        }
        if self.rate.accepted >= limit {
            self.rate.refused += 1;
            return true;
        }
        self.rate.accepted += 1;
        false
    }

    fn report_throttling(&mut self) {
        if self.rate.refused > 0 && self.rate.began.elapsed() >= Duration::from_secs(1) {
            self.shared.log.warn(format_args!(
                "Rejected {} connections due to TLS rate limiting",
                self.rate.refused
            ));
            self.rate.refused = 0;
        }
    }
}
