//! Connections through a SOCKS5 proxy (RFC 1928, RFC 1929).

use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::deadline::Timed;
use super::{ClientError, Endpoint};

/// Port of a proxy if its URL has none.
const DEFAULT_PORT: &str = "1080";

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    address: String,
    user: String,
    password: String,
}

/// The address, but not the login.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn failed(why: &str) -> ClientError {
    ClientError::Other(format!("nats: socks5 proxy: {why}"))
}

impl Proxy {
    /// The proxy of a URL such as `socks5://user:password@host:1080`.
    pub fn parse(url: &str) -> Result<Self, ClientError> {
        let rest = match url.split_once("://") {
            Some(("socks5" | "socks5h" | "socks", rest)) => rest,
            Some((scheme, _)) => return Err(failed(&format!("unknown scheme \"{scheme}\""))),
            None => url,
        };
        let rest = rest.split('/').next().unwrap_or_default();
        // A proxy URL has the form of a server URL, but for the port.
        let has_port = rest.rsplit('@').next().is_some_and(|address| {
            address
                .rsplit(']')
                .next()
                .is_some_and(|tail| tail.contains(':'))
        });
        let full = if has_port {
            rest.to_owned()
        } else {
            format!("{rest}:{DEFAULT_PORT}")
        };
        let endpoint = Endpoint::parse(&full)?;
        Ok(Self {
            address: endpoint.address(),
            user: endpoint.user.unwrap_or_default(),
            password: endpoint.password.unwrap_or_default(),
        })
    }

    /// A connection to `host:port`, whose name the proxy resolves.
    pub fn connect(
        &self,
        host: &str,
        port: u16,
        patience: Duration,
    ) -> Result<TcpStream, ClientError> {
        let deadline = Instant::now().checked_add(patience);
        let connected = super::dial::connect_tcp(&self.address, patience)?;
        let io = |error: std::io::Error| failed(&crate::format::io_error(&error));
        let mut socket = Timed::new(&connected, deadline);
        let methods: &[u8] = if self.user.is_empty() {
            &[5, 1, 0]
        } else {
            &[5, 2, 0, 2]
        };
        socket.write_all(methods).map_err(io)?;
        let mut answer = [0u8; 2];
        socket.read_exact(&mut answer).map_err(io)?;
        match answer {
            [5, 0] => {}
            [5, 2] => self.log_in(&mut socket)?,
            _ => return Err(failed("no acceptable authentication method")),
        }
        let length = u8::try_from(host.len()).map_err(|_| failed("the host name is too long"))?;
        let mut request = vec![5, 1, 0];
        match host.parse() {
            Ok(std::net::IpAddr::V4(address)) => {
                request.push(1);
                request.extend_from_slice(&address.octets());
            }
            Ok(std::net::IpAddr::V6(address)) => {
                request.push(4);
                request.extend_from_slice(&address.octets());
            }
            Err(_) => {
                request.extend_from_slice(&[3, length]);
                request.extend_from_slice(host.as_bytes());
            }
        }
        request.extend_from_slice(&port.to_be_bytes());
        socket.write_all(&request).map_err(io)?;
        let mut head = [0u8; 4];
        socket.read_exact(&mut head).map_err(io)?;
        if head[1] != 0 {
            return Err(failed(reason(head[1])));
        }
        let bound = match head[3] {
            1 => 4,
            4 => 16,
            3 => {
                let mut length = [0u8; 1];
                socket.read_exact(&mut length).map_err(io)?;
                usize::from(length[0])
            }
            _ => return Err(failed("garbled answer")),
        };
        let mut rest = vec![0u8; bound + 2];
        socket.read_exact(&mut rest).map_err(io)?;
        connected.set_read_timeout(None).map_err(io)?;
        connected.set_write_timeout(None).map_err(io)?;
        Ok(connected)
    }

    fn log_in(&self, socket: &mut Timed<'_>) -> Result<(), ClientError> {
        let mut request = vec![1];
        for text in [&self.user, &self.password] {
            request.push(u8::try_from(text.len()).map_err(|_| failed("the login is too long"))?);
            request.extend_from_slice(text.as_bytes());
        }
        let io = |error: std::io::Error| failed(&crate::format::io_error(&error));
        socket.write_all(&request).map_err(io)?;
        let mut answer = [0u8; 2];
        socket.read_exact(&mut answer).map_err(io)?;
        if answer[1] == 0 {
            Ok(())
        } else {
            Err(failed("user name or password refused"))
        }
    }
}

fn reason(code: u8) -> &'static str {
    match code {
        2 => "connection not allowed by ruleset",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "general failure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_proxy_may_be_missing() {
        assert_eq!(Proxy::parse("socks5://h").unwrap().address, "h:1080");
        let full = Proxy::parse("socks5://u:p@h:99").unwrap();
        assert_eq!(
            (
                full.address.as_str(),
                full.user.as_str(),
                full.password.as_str()
            ),
            ("h:99", "u", "p")
        );
        assert_eq!(Proxy::parse("[::1]").unwrap().address, "[::1]:1080");
        assert!(Proxy::parse("http://h").is_err());
    }
}
