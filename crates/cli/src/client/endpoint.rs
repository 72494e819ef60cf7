//! Addresses of servers.

use std::fmt;

use super::ClientError;

/// Port if the URL has none.
const DEFAULT_PORT: u16 = 4222;

/// A server URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether the scheme asks for TLS.
    pub tls: bool,
    /// Host name or address, an IPv6 address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User in the URL.
    pub user: Option<String>,
    /// Password in the URL.
    pub password: Option<String>,
}

impl Endpoint {
    /// The servers of a list separated by commas.
    pub fn parse_list(list: &str) -> Result<Vec<Self>, ClientError> {
        list.split(',')
            .map(str::trim)
            .filter(|url| !url.is_empty())
            .map(Self::parse)
            .collect()
    }

    /// A server; the scheme may be missing.
    pub fn parse(url: &str) -> Result<Self, ClientError> {
        let wrong = |why: &str| ClientError::Other(format!("parse \"{url}\": {why}"));
        let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
        let tls = match scheme {
            "nats" => false,
            "tls" => true,
            "ws" | "wss" => {
                return Err(wrong(
                    "WebSocket URLs are not there yet: use the client port with nats:// or tls://",
                ));
            }
            _ => return Err(wrong("the scheme must be nats or tls")),
        };
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (login, address) = match rest.rsplit_once('@') {
            Some((login, address)) => (Some(login), address),
            None => (None, rest),
        };
        let (user, password) = match login.map(|login| login.split_once(':')) {
            Some(Some((user, password))) => (Some(decode(user)), Some(decode(password))),
            Some(None) => (login.map(decode), None),
            None => (None, None),
        };
        let (host, port) = if let Some(rest) = address.strip_prefix('[') {
            let (host, rest) = rest
                .split_once(']')
                .ok_or_else(|| wrong("missing ']' in host"))?;
            (host, rest.strip_prefix(':'))
        } else if address.matches(':').count() > 1 {
            (address, None)
        } else {
            match address.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            }
        };
        let port = match port {
            Some("") | None => DEFAULT_PORT,
            Some(port) => port
                .parse()
                .map_err(|_| wrong(&format!("invalid port \":{port}\" after host")))?,
        };
        let host = if host.is_empty() { "localhost" } else { host };
        Ok(Self {
            tls,
            host: host.to_owned(),
            port,
            user,
            password,
        })
    }

    /// `host:port`, with brackets around an IPv6 address.
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}",
            if self.tls { "tls" } else { "nats" },
            self.address()
        )
    }
}

/// Undoes `%41`.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = (byte == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(hex.unwrap_or(byte));
        rest = if hex.is_some() {
            tail.get(2..).unwrap_or_default()
        } else {
            tail
        };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_ports_and_logins_may_be_missing() {
        let full = Endpoint::parse("tls://a%40b:p@h.example:4223/x").unwrap();
        assert!(full.tls);
        assert_eq!(full.user.as_deref(), Some("a@b"));
        assert_eq!(full.password.as_deref(), Some("p"));
        assert_eq!(full.to_string(), "tls://h.example:4223");
        assert_eq!(
            Endpoint::parse("localhost").unwrap().to_string(),
            "nats://localhost:4222"
        );
        assert_eq!(
            Endpoint::parse("nats://[::1]:1").unwrap().address(),
            "[::1]:1"
        );
        assert_eq!(Endpoint::parse("::1").unwrap().address(), "[::1]:4222");
        assert_eq!(Endpoint::parse_list("a, b:1,").unwrap().len(), 2);
        assert!(Endpoint::parse("http://x").is_err());
        assert!(Endpoint::parse("x:99999").is_err());
    }
}
