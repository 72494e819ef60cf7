//! Which server async-nats connects to, and when.

use std::time::Duration;

use async_nats::{ReconnectToServer, Server, ServerAddr};

use super::Endpoint;
use super::options::reconnect_delay;

/// The servers that are tried, one after the other.
#[derive(Debug)]
pub struct Servers {
    /// Those of the options.
    configured: Vec<(ServerAddr, Endpoint)>,
    /// The one that is being tried, or in use.
    chosen: (ServerAddr, Endpoint),
    /// Whether one was tried before.
    begun: bool,
    /// Place of the next one among those that are known.
    next: usize,
    /// Rounds through all of them since the connection broke.
    rounds: u32,
}

impl Servers {
    /// The servers of the options; number `first` is tried first. Nothing if
    /// the library cannot name one of them.
    pub fn new(endpoints: &[Endpoint], first: usize) -> Option<Self> {
        let configured: Option<Vec<_>> = endpoints
            .iter()
            .map(|endpoint| Some((endpoint.to_string().parse().ok()?, endpoint.clone())))
            .collect();
        let configured = configured?;
        Some(Self {
            chosen: configured.get(first)?.clone(),
            configured,
            begun: false,
            next: 0,
            rounds: 0,
        })
    }

    /// The addresses of all of them, as the library has them.
    pub fn addresses(&self) -> Vec<ServerAddr> {
        let addresses = self.configured.iter().map(|(address, _)| address);
        addresses.cloned().collect()
    }

    /// The server that is being tried, or in use.
    pub fn chosen(&self) -> &Endpoint {
        &self.chosen.1
    }

    /// The next one of those that are known to the library by now.
    pub fn choose(&mut self, known: &[Server]) -> Option<ReconnectToServer> {
        if !std::mem::replace(&mut self.begun, true) {
            return Some(self.choice(Duration::ZERO));
        }
        let worked = |server: &Server| server.addr == self.chosen.0 && server.failed_attempts == 0;
        if known.iter().any(worked) {
            (self.next, self.rounds) = (0, 0);
        }
        for _ in known {
            let delay = match self.next {
                0 => reconnect_delay(self.rounds),
                _ => Duration::ZERO,
            };
            let server = known.get(self.next)?;
            self.next += 1;
            if self.next >= known.len() {
                self.next = 0;
                self.rounds = self.rounds.saturating_add(1);
            }
            if let Some(endpoint) = self.endpoint(&server.addr) {
                self.chosen = (server.addr.clone(), endpoint);
                return Some(self.choice(delay));
            }
        }
        None
    }

    fn choice(&self, delay: Duration) -> ReconnectToServer {
        ReconnectToServer {
            addr: self.chosen.0.clone(),
            delay: Some(delay),
        }
    }

    /// How to connect to a server: one that was told about is like the one that
    /// told.
    fn endpoint(&self, address: &ServerAddr) -> Option<Endpoint> {
        match self.configured.iter().find(|(known, _)| known == address) {
            Some((_, endpoint)) => Some(endpoint.clone()),
            None => self
                .chosen
                .1
                .told(&Endpoint::parse(address.as_url_str()).ok()?.address())
                .ok(),
        }
    }
}
