//! From a URL to a link that the server has accepted.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::link::Link;
use super::protocol::{Op, Parsed, parse};
use super::websocket::Upgrade;
use super::{ClientError, Endpoint, Options, ServerInfo, tls_error};

/// Read at a time until the server has accepted the connection.
const READ: usize = 16 * 1024;

/// A link that a server has accepted.
#[derive(Debug)]
pub struct Dialled {
    /// The link.
    pub link: Link,
    /// What the server said about itself.
    pub info: ServerInfo,
    /// Bytes that came after that.
    pub rest: Vec<u8>,
}

#[derive(Serialize)]
struct Connect<'a> {
    verbose: bool,
    pedantic: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    jwt: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    nkey: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    sig: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    user: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pass: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    auth_token: &'a str,
    tls_required: bool,
    name: &'a str,
    lang: &'a str,
    version: &'a str,
    protocol: u8,
    echo: bool,
    headers: bool,
    no_responders: bool,
}

/// Connects to one address of `host:port` after the other.
pub fn connect_tcp(address: &str, patience: Duration) -> Result<TcpStream, ClientError> {
    let found = address.to_socket_addrs().map_err(|error| {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let why = if error.raw_os_error().is_none() {
            "no such host".to_owned()
        } else {
            crate::format::io_error(&error)
        };
        ClientError::Other(format!("dial tcp: lookup {host}: {why}"))
    })?;
    let mut last = ClientError::Other(format!("dial tcp: lookup {address}: no addresses"));
    for address in found {
        match connect_address(address, patience) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Connects to an address.
pub fn connect_address(address: SocketAddr, patience: Duration) -> Result<TcpStream, ClientError> {
    TcpStream::connect_timeout(&address, patience).map_err(|error| match error.kind() {
        // So that "no servers available" is said in the end.
        io::ErrorKind::ConnectionRefused => ClientError::NoServers,
        io::ErrorKind::TimedOut => ClientError::Other(format!("dial tcp {address}: i/o timeout")),
        _ => ClientError::Other(format!(
            "dial tcp {address}: {}",
            crate::format::io_error(&error)
        )),
    })
}

/// Connects to a server and logs in.
pub fn dial(endpoint: &Endpoint, options: &Options) -> Result<Dialled, ClientError> {
    let socket = match &options.proxy {
        Some(proxy) => proxy.connect(&endpoint.host, endpoint.port, options.dial_timeout)?,
        None => connect_tcp(&endpoint.address(), options.dial_timeout)?,
    };
    log_in(socket, endpoint, options)
}

/// Logs in over a connected socket.
pub fn log_in(
    socket: TcpStream,
    endpoint: &Endpoint,
    options: &Options,
) -> Result<Dialled, ClientError> {
    let deadline = Instant::now() + options.dial_timeout;
    let mut link = Link::new(socket).map_err(|error| broken(&error))?;
    let name = endpoint.certificate_name();
    let encrypt = endpoint.tls || options.tls.wanted();
    // A WebSocket is encrypted from its first byte, or not at all.
    let first = options.tls.first || (endpoint.websocket && encrypt);
    if first {
        link = link.encrypt(options.tls.connect(name)?, name, deadline)?;
    }
    if endpoint.websocket {
        link = upgrade(link, endpoint, deadline)?;
    }
    let mut input = Vec::new();
    let info = loop {
        match next_op(&link, &mut input, deadline)? {
            Received::Info(info) => break info,
            Received::Error(text) => return Err(ClientError::Server(text)),
            Received::Pong | Received::Other => {}
        }
    };
    if !first && !endpoint.websocket && (info.tls_required || encrypt) {
        if !info.tls_required && !info.tls_available {
            return Err(ClientError::Other(
                "nats: secure connection not available".to_owned(),
            ));
        }
        if !input.is_empty() {
            return Err(ClientError::Other(
                "nats: data before the TLS handshake".to_owned(),
            ));
        }
        link = link.encrypt(options.tls.connect(name)?, name, deadline)?;
    }
    let login = options.auth.login(endpoint, &info)?;
    let connect = Connect {
        verbose: false,
        pedantic: false,
        jwt: &login.jwt,
        nkey: &login.nkey,
        sig: URL_SAFE_NO_PAD.encode(&login.signature),
        user: &login.user,
        pass: &login.password,
        auth_token: &login.token,
        tls_required: encrypt,
        name: &options.name,
        lang: "rust",
        version: env!("CARGO_PKG_VERSION"),
        protocol: 1,
        echo: options.echo,
        headers: true,
        no_responders: true,
    };
    let json = serde_json::to_string(&connect)
        .map_err(|error| ClientError::Other(format!("nats: {error}")))?;
    link.write_all(format!("CONNECT {json}\r\nPING\r\n").as_bytes())
        .map_err(|error| broken(&error))?;
    let mut info = info;
    loop {
        match next_op(&link, &mut input, deadline)? {
            Received::Pong => break,
            Received::Info(newer) => info = newer,
            Received::Error(text) => return Err(ClientError::Server(text)),
            Received::Other => {}
        }
    }
    link.set_patience(None).map_err(|error| broken(&error))?;
    Ok(Dialled {
        link,
        info: *info,
        rest: input,
    })
}

/// Makes the connection a WebSocket.
fn upgrade(link: Link, endpoint: &Endpoint, deadline: Instant) -> Result<Link, ClientError> {
    let upgrade = Upgrade::of(endpoint)?;
    link.write_all(&upgrade.request)
        .map_err(|error| broken(&error))?;
    let mut input = Vec::new();
    loop {
        read_more(&link, &mut input, deadline)?;
        if let Some(used) = upgrade.answered(&input)? {
            input.drain(..used);
            return Ok(link.in_frames(input));
        }
    }
}

/// Reads what is there, at least one byte.
fn read_more(link: &Link, input: &mut Vec<u8>, deadline: Instant) -> Result<(), ClientError> {
    let mut chunk = [0u8; READ];
    let count = link
        .read_before(&mut chunk, deadline)
        .map_err(|error| unread(link, &error))?;
    if count == 0 {
        return Err(ClientError::Other("EOF".to_owned()));
    }
    input.extend_from_slice(chunk.get(..count).unwrap_or_default());
    Ok(())
}

/// Why nothing could be read: with both addresses, as it is looked for in logs.
fn unread(link: &Link, error: &io::Error) -> ClientError {
    if let Some(why) = tls_error::refused(error) {
        return ClientError::Other(why);
    }
    let why = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "i/o timeout".to_owned(),
        _ => format!("read: {}", crate::format::io_error(error)),
    };
    ClientError::Other(format!("read tcp {}->{}: {why}", link.own, link.peer))
}

fn broken(error: &io::Error) -> ClientError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ClientError::Timeout,
        _ => ClientError::Other(format!("nats: {}", crate::format::io_error(error))),
    }
}

fn too_early() -> ClientError {
    ClientError::Other("nats: protocol error: a message before the login".to_owned())
}

enum Received {
    Info(Box<ServerInfo>),
    Pong,
    Error(String),
    Other,
}

fn next_op(link: &Link, input: &mut Vec<u8>, deadline: Instant) -> Result<Received, ClientError> {
    loop {
        if let Parsed::Op(op, used) = parse(input)? {
            let received = match op {
                Op::Info(json) => {
                    Received::Info(serde_json::from_slice(json).map_err(|error| {
                        ClientError::Other(format!(
                            "nats: the server's INFO cannot be read: {error}"
                        ))
                    })?)
                }
                Op::Pong => Received::Pong,
                Op::Err(text) => Received::Error(text.to_owned()),
                Op::Message { .. } => return Err(too_early()),
                Op::Ping | Op::Ok => Received::Other,
            };
            input.drain(..used);
            return Ok(received);
        }
        // Only a message goes on behind its line.
        if input.contains(&b'\n') {
            return Err(too_early());
        }
        read_more(link, input, deadline)?;
    }
}
