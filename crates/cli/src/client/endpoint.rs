//! Addresses of servers.

use std::fmt;
use std::net::IpAddr;

use super::ClientError;

/// Ports if the URL has none.
const DEFAULT_PORT: u16 = 4222;
const DEFAULT_WS_PORT: u16 = 80;
const DEFAULT_WSS_PORT: u16 = 443;

/// A server URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether the scheme asks for TLS.
    pub tls: bool,
    /// Whether the connection is a WebSocket.
    pub websocket: bool,
    /// Host name or address, an IPv6 address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User in the URL.
    pub user: Option<String>,
    /// Password in the URL.
    pub password: Option<String>,
    /// Name that the certificate of the server must have, if not `host`.
    pub certificate_name: Option<String>,
}

/// Whether a host name or an address may have this letter: no blanks, nothing
/// that ends it.
fn may_be_in_host(letter: char) -> bool {
    !letter.is_control() && !letter.is_whitespace() && !"[]<>{}|^`\\\"@/?#".contains(letter)
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
        let wrong =
            |why: &str| ClientError::Other(format!("parse \"{}\": {why}", without_login(url)));
        let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
        let (tls, websocket, default_port) = match scheme {
            "nats" => (false, false, DEFAULT_PORT),
            "tls" => (true, false, DEFAULT_PORT),
            "ws" => (false, true, DEFAULT_WS_PORT),
            "wss" => (true, true, DEFAULT_WSS_PORT),
            // Such as `tcp`. Nobody else checks it.
            _ => (false, false, DEFAULT_PORT),
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
            Some("") | None => default_port,
            Some(port) => port
                .parse()
                .map_err(|_| wrong(&format!("invalid port \":{port}\" after host")))?,
        };
        let host = if host.is_empty() { "localhost" } else { host };
        if let Some(odd) = host.chars().find(|&letter| !may_be_in_host(letter)) {
            let odd = String::from(odd);
            return Err(wrong(&format!("invalid character {odd:?} in host name")));
        }
        Ok(Self {
            tls,
            websocket,
            host: host.to_owned(),
            port,
            user,
            password,
            certificate_name: None,
        })
    }

    /// A server that this one told about, at `host:port`. As with other
    /// clients the login of this one's URL holds there too, and so does the
    /// name in the certificate if the other is known by its address only.
    pub fn told(&self, address: &str) -> Result<Self, ClientError> {
        let mut told = Self::parse(address)?;
        told.tls = self.tls;
        told.websocket = self.websocket;
        if told.user.is_none() {
            told.user.clone_from(&self.user);
            told.password.clone_from(&self.password);
        }
        if told.host.parse::<IpAddr>().is_ok() {
            told.certificate_name = Some(self.certificate_name().to_owned());
        }
        Ok(told)
    }

    /// What stands before `://`.
    pub fn scheme(&self) -> &'static str {
        match (self.websocket, self.tls) {
            (false, false) => "nats",
            (false, true) => "tls",
            (true, false) => "ws",
            (true, true) => "wss",
        }
    }

    /// Name that the certificate of the server must have.
    pub fn certificate_name(&self) -> &str {
        self.certificate_name.as_deref().unwrap_or(&self.host)
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
        write!(f, "{}://{}", self.scheme(), self.address())
    }
}

/// Without what logs in, which is nobody else's business.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// The URL for error texts.
fn without_login(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((before, address)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://***@{address}"),
            None => format!("***@{address}"),
        },
        None => url.to_owned(),
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
        assert_eq!(Endpoint::parse("ws://h").unwrap().to_string(), "ws://h:80");
        let secure = Endpoint::parse("wss://u:p@h/path").unwrap();
        assert_eq!(secure.to_string(), "wss://h:443");
        assert_eq!(secure.told("b:1").unwrap().to_string(), "wss://b:1");
        let unknown = Endpoint::parse("tcp://x").unwrap();
        assert_eq!(unknown.to_string(), "nats://x:4222");
        assert!(Endpoint::parse("x:99999").is_err());
        for host in ["a b", "[a[::1]", "a\0", "a]b", "a\\b"] {
            let error = Endpoint::parse(host).unwrap_err().to_string();
            assert!(error.contains("in host name"), "{error}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let error = Endpoint::parse("nats://u:secret@h:port").unwrap_err();
        assert_eq!(
            error.to_string(),
            "parse \"nats://***@h:port\": invalid port \":port\" after host"
        );
        let good = Endpoint::parse("u:secret@h").unwrap();
        assert_eq!(format!("{good:?}"), "Endpoint(nats://h:4222)");
    }

    #[test]
    fn a_server_told_about_takes_login_and_certificate_name() {
        let first = Endpoint::parse("tls://u:p@a.example:1").unwrap();
        let by_address = first.told("10.0.0.1:2").unwrap();
        assert!(by_address.tls);
        assert_eq!(by_address.user.as_deref(), Some("u"));
        assert_eq!(by_address.certificate_name(), "a.example");
        assert_eq!(
            by_address.told("[::1]:3").unwrap().certificate_name(),
            "a.example"
        );
        let by_name = first.told("b.example:2").unwrap();
        assert_eq!(by_name.certificate_name(), "b.example");
    }
}
