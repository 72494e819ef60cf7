//! Syslog daemons, local and remote (configuration.md 8.1).
//!
//! Packet to a remote daemon: `<PRI>2026-11-23T07:51:21Z HOST TAG[PID]: text\n`;
//! over a Unix socket `<PRI>Nov  3 07:51:21 TAG[PID]: text\n`. The local daemon
//! gets facility daemon, a configured one facility kernel.

use std::io::{self, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::clock::{Clock, Moment};
use crate::error::LogError;
use crate::line::Level;
use crate::os_error;
use crate::remote::Remote;

/// Where a local daemon may listen.
const LOCAL_SOCKETS: [&str; 3] = ["/dev/log", "/var/run/syslog", "/var/run/log"];

/// Facility of messages to the local daemon: daemon.
const FACILITY_DAEMON: u8 = 3 << 3;

/// Facility of messages to a configured daemon: kernel.
const FACILITY_KERNEL: u8 = 0;

/// Longest time to wait for a daemon to accept a connection or a line. Lines
/// are dropped after that: a stuck daemon must not hold up the server.
const PATIENCE: Duration = Duration::from_secs(1);

/// Pause between two tries to connect again; lines meanwhile are dropped.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Most bytes of a text sent in a datagram: with its head it stays below the
/// 65,507 bytes that fit in one over IPv4.
const DATAGRAM_TEXT_MAX: usize = 60_000;

/// A daemon and the connection to it.
pub(crate) struct Syslog {
    daemon: Daemon,
    /// `None` after an error.
    connection: Option<Connection>,
    /// Whether a line has to fit in a datagram.
    datagrams: bool,
    /// Not before then is a lost connection tried again.
    retry_at: Option<Instant>,
    facility: u8,
    /// Host name in packets over the network.
    host: Option<String>,
    /// `TAG[PID]: `
    tag: String,
}

enum Daemon {
    Local,
    Remote(Remote),
}

enum Connection {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Datagram(UnixDatagram),
    Stream(UnixStream),
}

impl Syslog {
    /// Connects to the local daemon.
    pub(crate) fn local() -> Result<Self, LogError> {
        let connection = connect_local(&LOCAL_SOCKETS)
            .ok_or_else(|| LogError::Connect("Unix syslog delivery error".to_owned()))?;
        Ok(Self::new(Daemon::Local, connection, FACILITY_DAEMON, None))
    }

    /// Connects to the daemon at `url`.
    pub(crate) fn remote(url: &str) -> Result<Self, LogError> {
        let remote = Remote::parse(url)?;
        let connection = connect(&remote).map_err(LogError::Connect)?;
        let host = match &remote {
            Remote::Udp(_) | Remote::Tcp(_) => Some(host_name()),
            Remote::Unix(_) => None,
        };
        Ok(Self::new(
            Daemon::Remote(remote),
            connection,
            FACILITY_KERNEL,
            host,
        ))
    }

    fn new(daemon: Daemon, connection: Connection, facility: u8, host: Option<String>) -> Self {
        Self {
            daemon,
            datagrams: matches!(connection, Connection::Udp(_) | Connection::Datagram(_)),
            connection: Some(connection),
            retry_at: None,
            facility,
            host,
            tag: format!("{}[{}]: ", executable(), std::process::id()),
        }
    }

    /// Sends a line; connects again, once, if the connection is lost.
    pub(crate) fn write(
        &mut self,
        scratch: &mut Vec<u8>,
        clock: &mut Clock,
        level: Level,
        text: &str,
    ) {
        let text = if self.datagrams {
            text.get(..text.floor_char_boundary(DATAGRAM_TEXT_MAX))
                .unwrap_or(text)
        } else {
            text
        };
        self.packet(scratch, clock, Moment::now(), level, text);
        if let Some(connection) = &mut self.connection {
            if connection.send(scratch).is_ok() {
                return;
            }
            self.connection = None;
        }
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let fresh = match &self.daemon {
            Daemon::Local => connect_local(&LOCAL_SOCKETS),
            Daemon::Remote(remote) => connect(remote).ok(),
        };
        self.connection =
            fresh.and_then(|mut connection| connection.send(scratch).is_ok().then_some(connection));
        self.retry_at = match self.connection {
            Some(_) => None,
            None => Some(Instant::now() + RETRY_PAUSE),
        };
    }

    /// Renders a packet into `out`, replacing what is there.
    fn packet(&self, out: &mut Vec<u8>, clock: &mut Clock, at: Moment, level: Level, text: &str) {
        out.clear();
        // Writing to a Vec cannot fail.
        let _ = write!(out, "<{}>", self.facility | severity(level));
        match &self.host {
            Some(host) => {
                clock.syslog_stamp(out, at);
                let _ = write!(out, " {host}");
            }
            None => clock.syslog_short_stamp(out, at),
        }
        out.push(b' ');
        out.extend_from_slice(self.tag.as_bytes());
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    }
}

impl Connection {
    fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        match self {
            Connection::Udp(socket) => socket.send(packet).map(drop),
            Connection::Tcp(stream) => stream.write_all(packet),
            Connection::Datagram(socket) => socket.send(packet).map(drop),
            Connection::Stream(stream) => stream.write_all(packet),
        }
    }
}

/// Severity of a level, RFC 5424: notice for what is normal.
fn severity(level: Level) -> u8 {
    match level {
        Level::Info | Level::Trace => 5,
        Level::Warn => 4,
        Level::Error => 3,
        Level::Fatal => 2,
        Level::Debug => 7,
    }
}

fn connect_local(sockets: &[&str]) -> Option<Connection> {
    let datagram = sockets.iter().find_map(|path| {
        let socket = UnixDatagram::unbound().ok()?;
        socket.connect(path).ok()?;
        socket.set_write_timeout(Some(PATIENCE)).ok()?;
        Some(Connection::Datagram(socket))
    });
    datagram.or_else(|| {
        sockets
            .iter()
            .find_map(|path| unix_stream(Path::new(path)).ok().map(Connection::Stream))
    })
}

fn unix_stream(path: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(path)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Connects; the error is the text that follows `error connecting to syslog`.
fn connect(remote: &Remote) -> Result<Connection, String> {
    match remote {
        Remote::Udp(host) => dial("udp", host, |address| {
            let any = if address.is_ipv4() {
                "0.0.0.0:0"
            } else {
                "[::]:0"
            };
            let socket = UdpSocket::bind(any)?;
            socket.connect(address)?;
            socket.set_write_timeout(Some(PATIENCE))?;
            Ok(Connection::Udp(socket))
        }),
        Remote::Tcp(host) => dial("tcp", host, |address| {
            let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(Connection::Tcp(stream))
        }),
        Remote::Unix(path) => unix_stream(Path::new(path))
            .map(Connection::Stream)
            .map_err(|e| format!("dial unix {path}: connect: {}", os_error::text(&e))),
    }
}

/// Resolves `host:port` and tries its addresses in turn.
fn dial(
    network: &str,
    host: &str,
    connect: impl Fn(std::net::SocketAddr) -> io::Result<Connection>,
) -> Result<Connection, String> {
    if host.is_empty() {
        return Err(format!("dial {network}: missing address"));
    }
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(name, _)| !name.contains(':') || name.ends_with(']'));
    if !has_port {
        return Err(format!(
            "dial {network}: address {host}: missing port in address"
        ));
    }
    let addresses = host.to_socket_addrs().map_err(|_| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        format!("dial {network}: lookup {name}: no such host")
    })?;
    let mut last = format!("dial {network}: lookup {host}: no such host");
    for address in addresses {
        match connect(address) {
            Ok(connection) => return Ok(connection),
            Err(error) => {
                last = format!(
                    "dial {network} {address}: connect: {}",
                    os_error::text(&error)
                );
            }
        }
    }
    Err(last)
}

/// Base name of the program, the tag of every packet.
fn executable() -> String {
    std::env::args_os()
        .next()
        .as_deref()
        .and_then(|path| Path::new(path).file_name())
        .map_or_else(
            || "nats-server".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        )
}

fn host_name() -> String {
    nix::unistd::gethostname()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_else(|_| "localhost".to_owned())
}

#[cfg(test)]
#[path = "syslog_tests.rs"]
mod tests;
