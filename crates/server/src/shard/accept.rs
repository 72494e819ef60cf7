//! A new socket: limits, INFO, the way to `Open` (client-protocol.md 1).

use std::time::Duration;

use midge_identity::nonce;
use midge_wire::client::Limits;
use midge_wire::close::CloseReason;
use midge_wire::info::ServerInfo;
use mio::{Interest, Token};

use super::Shard;
use super::connection::{Connection, Phase};
use super::mailbox::NewConnection;
use super::timers::{Timer, TimerKind};
use super::transport::Transport;
use crate::runtime::HandshakeFirst;

/// Time for a PROXY header (client-protocol.md 19).
const PROXY_TIMEOUT: Duration = Duration::from_secs(5);

impl Shard {
    /// Takes over a socket from the acceptor.
    pub(super) fn accept(&mut self, new: NewConnection) {
        let NewConnection {
            mut socket,
            peer,
            cid,
            over_limit,
            throttled,
        } = new;
        // Without it small replies wait for the client's delayed ACK; a socket
        // that is already dead is found out by the first read.
        let _ = socket.set_nodelay(true);
        let entry = self.connections.vacant_entry();
        let slot = entry.key() as u32;
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) =
            self.poll
                .registry()
                .register(&mut socket, Token(slot as usize), interest)
        {
            self.shared
                .log
                .error(format_args!("Cannot watch connection from {peer}: {error}"));
            if !over_limit {
                self.shared.counters.note_client_gone();
            }
            return;
        }
        let limits = Limits {
            max_control_line: self.runtime.max_control_line,
            max_payload: self.runtime.max_payload,
            headers: false,
        };
        let transport = Transport::new(socket);
        let mut connection = Connection::new(cid, transport, peer, limits, self.now);
        connection.counted = !over_limit;
        if self.runtime.uses_nonce {
            connection.nonce = nonce();
        }
        entry.insert(Box::new(connection));
        if let Some(handle) = self.shared.shard(self.id) {
            handle.note_connections(self.connections.len());
        }
        self.log_debug(slot, format_args!("Client connection created"));
        if over_limit || throttled {
            self.refuse_new(slot, over_limit);
        } else if self.runtime.proxy_protocol {
            self.begin_proxy(slot);
        } else {
            self.begin_tls(slot);
        }
        self.queue_read(slot);
        self.settle(&[]);
    }

    fn refuse_new(&mut self, slot: u32, over_limit: bool) {
        self.send_info(slot);
        let text = if over_limit {
            "maximum connections exceeded"
        } else {
            "Connection throttling is active. Please try again later."
        };
        if over_limit {
            self.log_error(slot, format_args!("{text}"));
        }
        self.send_err(slot, text);
        self.close(slot, CloseReason::MaxConnectionsExceeded);
    }

    fn begin_proxy(&mut self, slot: u32) {
        let tls = self.runtime.tls.clone();
        let waits = tls
            .as_ref()
            .is_some_and(|tls| tls.first != HandshakeFirst::No);
        if !waits {
            self.send_info(slot);
        }
        let timeout = match &tls {
            Some(tls) if tls.allow_non_tls => tls.timeout,
            _ => PROXY_TIMEOUT,
        };
        self.wait_in(slot, Phase::Proxy, timeout);
    }

    /// Goes on after the PROXY header, or at once without one.
    pub(super) fn begin_tls(&mut self, slot: u32) {
        let Some(tls) = self.runtime.tls.clone() else {
            self.send_info(slot);
            self.open(slot);
            return;
        };
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        match tls.first {
            HandshakeFirst::Yes => {
                connection.tls_first = true;
                self.begin_handshake(slot);
            }
            HandshakeFirst::Fallback(delay) if !connection.info_sent => {
                connection.tls_fallback = true;
                self.wait_in(slot, Phase::Sniff, delay);
                self.sniffed(slot);
            }
            HandshakeFirst::Fallback(_) | HandshakeFirst::No => {
                self.send_info(slot);
                self.begin_clear_or_tls(slot);
            }
        }
    }

    /// After an INFO in clear: TLS, or a look at what the client chooses.
    pub(super) fn begin_clear_or_tls(&mut self, slot: u32) {
        let Some(tls) = self.runtime.tls.clone() else {
            return self.open(slot);
        };
        if tls.allow_non_tls {
            self.wait_in(slot, Phase::Sniff, tls.timeout);
            self.sniffed(slot);
        } else {
            self.begin_handshake(slot);
        }
    }

    /// Puts a connection into a phase that may last `timeout` at most.
    pub(super) fn wait_in(&mut self, slot: u32, phase: Phase, timeout: Duration) {
        let at = self.now + timeout;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.phase = phase;
        connection.phase_deadline = Some(at);
        let cid = connection.cid;
        self.timers.add(Timer {
            at,
            slot,
            cid,
            kind: TimerKind::Handshake,
        });
    }

    /// The NATS protocol begins.
    pub(super) fn open(&mut self, slot: u32) {
        let auth = self.runtime.auth_required;
        let timeout = self.runtime.auth_timeout;
        let interval = self.runtime.ping_interval;
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.phase = Phase::Open;
        connection.phase_deadline = None;
        let cid = connection.cid;
        if auth {
            let at = now + timeout;
            connection.auth_deadline = Some(at);
            self.timers.add(Timer {
                at,
                slot,
                cid,
                kind: TimerKind::Authentication,
            });
        } else {
            self.bind_anonymous(slot);
        }
        self.arm_ping(slot, interval);
        self.process_kept(slot);
        self.queue_read(slot);
    }

    /// Acts on input that came while something else was waited for.
    pub(super) fn process_kept(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.tail.is_empty() || !connection.is_open() {
            return;
        }
        let kept = std::mem::take(&mut connection.tail);
        self.producer = Some(slot);
        let used = self.process(slot, &kept);
        self.settle(&kept);
        if let Some(connection) = self.connections.get_mut(slot as usize) {
            connection.tail = kept.get(used..).unwrap_or_default().to_vec();
        }
    }

    /// The INFO of this server as one client sees it.
    pub(super) fn client_info(&self, slot: u32) -> Option<ServerInfo> {
        let connection = self.connections.get(slot as usize)?;
        let mut info = self.runtime.info.clone();
        info.client_id = connection.cid;
        // Before the PROXY header the address would be that of the proxy.
        if connection.phase != Phase::Proxy && !self.hides_address(connection) {
            info.client_ip = connection.client_addr.ip().to_canonical().to_string();
        }
        Some(info)
    }

    fn hides_address(&self, connection: &Connection) -> bool {
        self.runtime.proxy_protocol
            && !connection.info_sent
            && connection.phase_deadline.is_none()
            && !connection.tls_first
            && !connection.tls_fallback
    }

    /// Queues the first INFO, once.
    pub(super) fn send_info(&mut self, slot: u32) {
        let Some(mut info) = self.client_info(slot) else {
            return;
        };
        let no_auth_user = self.runtime.hides_auth_required;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if std::mem::replace(&mut connection.info_sent, true) {
            return;
        }
        info.nonce.clone_from(&connection.nonce);
        if no_auth_user {
            info.auth_required = false;
        }
        if connection.tls_first {
            info.tls_required = true;
            info.tls_available = false;
        }
        let mut line = Vec::new();
        info.push_line(&mut line);
        self.send(slot, &line);
    }

    /// Queues the INFO that answers a `CONNECT` (client-protocol.md 3.4).
    pub(super) fn send_connect_info(&mut self, slot: u32) {
        let Some(mut info) = self.client_info(slot) else {
            return;
        };
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let id = connection.account;
        let limit = connection.limits.max_payload;
        info.max_payload = limit.map_or(-1, |limit| limit as i64);
        info.connect_info = true;
        info.acc_is_sys = self.shared.is_system_account(id);
        if let Some(account) = self.account(id) {
            info.remote_account.clone_from(&account.name);
        }
        let mut line = Vec::new();
        info.push_line(&mut line);
        self.send(slot, &line);
    }
}
