//! How to connect.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::socks::Proxy;
use super::{Auth, ClientError, Endpoint, TlsOptions};

/// Something that happens to a connection.
#[derive(Clone, Debug)]
pub enum Event {
    /// Connected for the first time, to this URL and address.
    Connected(String, String),
    /// Connected again.
    Reconnected(String, String),
    /// The connection was lost.
    Disconnected(String),
    /// A server told about other servers.
    Discovered(Vec<String>),
    /// The next attempt comes after this time.
    ReconnectDelay(Duration),
    /// An attempt failed.
    ReconnectFailed(String),
    /// The server reported an error, or messages were lost.
    Error(ClientError),
    /// The connection is closed for good.
    Closed(String),
}

/// What is called for each [`Event`].
pub type EventHandler = Arc<dyn Fn(&Event) + Send + Sync>;

/// How to connect.
#[derive(Clone)]
pub struct Options {
    /// Servers to try, in order.
    pub servers: Vec<Endpoint>,
    /// Name of the connection.
    pub name: String,
    /// What to log in with.
    pub auth: Auth,
    /// How to encrypt.
    pub tls: TlsOptions,
    /// Prefix of inboxes, without a dot at its end.
    pub inbox_prefix: String,
    /// Time for a connect.
    pub dial_timeout: Duration,
    /// SOCKS5 proxy.
    pub proxy: Option<Proxy>,
    /// Whether messages that this side publishes come back to it.
    pub echo: bool,
    /// Silence of the server after which it is asked for a sign of life.
    pub ping_after: Duration,
    /// Whether a lost connection is made anew.
    pub reconnect: bool,
    /// Called for events.
    pub events: EventHandler,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what logs in.
        f.debug_struct("Options")
            .field("servers", &self.servers)
            .field("name", &self.name)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Time for a connect, as other clients have it.
    pub const DIAL_TIMEOUT: Duration = Duration::from_secs(2);

    /// Silence of the server before a question, as other clients have it.
    pub const PING_AFTER: Duration = Duration::from_secs(120);

    /// For servers, with everything else as usual.
    pub fn new(servers: Vec<Endpoint>) -> Self {
        Self {
            servers,
            name: String::new(),
            auth: Auth::default(),
            tls: TlsOptions::default(),
            inbox_prefix: "_INBOX".to_owned(),
            dial_timeout: Self::DIAL_TIMEOUT,
            proxy: None,
            echo: true,
            ping_after: Self::PING_AFTER,
            reconnect: true,
            events: Arc::new(|_| {}),
        }
    }

    /// Sets the proxy from its URL; `none`, `-` or nothing is none.
    pub fn set_proxy(&mut self, url: &str) -> Result<(), ClientError> {
        self.proxy = match url {
            "" | "-" | "none" | "NONE" => None,
            url => Some(Proxy::parse(url)?),
        };
        Ok(())
    }
}

/// Longest delay before an attempt to connect again, in milliseconds.
const LONGEST: u64 = 20_000;

/// Milliseconds before attempt `number`, on average (cli.md 1.4): half a second
/// more each time, with two smaller steps between.
fn delay_step(number: u32) -> u64 {
    match number {
        0 => 500,
        1 => 750,
        2..=11 => 500 * u64::from(number),
        12 => 5_750,
        _ => (500 * (u64::from(number) - 1)).min(LONGEST),
    }
}

/// Delay before attempt `number` (0 is the first), between half and one and a
/// half times the step, so that many clients do not come back at once.
pub fn reconnect_delay(number: u32) -> Duration {
    Duration::from_millis((delay_step(number) as f64 * (0.5 + fastrand::f64())) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_a_limit() {
        let first: Vec<u64> = (0..14).map(delay_step).collect();
        assert_eq!(
            first,
            [
                500, 750, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000, 5500, 5750, 6000
            ]
        );
        assert_eq!([delay_step(41), delay_step(u32::MAX)], [LONGEST; 2]);
        for number in 0..200 {
            let step = delay_step(number);
            let delay = reconnect_delay(number).as_millis() as u64;
            assert!(
                delay >= step / 2 && delay <= step * 3 / 2,
                "{number}: {delay}"
            );
        }
    }
}
