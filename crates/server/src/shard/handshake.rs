//! PROXY header, TLS sniffing and TLS handshake: what may come before the NATS
//! protocol (client-protocol.md 18, 19).

use std::io;

use midge_wire::close::CloseReason;
use midge_wire::proxy::{self, ProxyHeader};

use super::Shard;
use super::connection::Phase;
use super::timers::{Timer, TimerKind};

/// First byte of a TLS handshake record.
const TLS_RECORD: u8 = 0x16;

/// Most bytes read while sniffing: a PROXY header (version 2 with its longest
/// block) or the start of whatever else it is.
const MAX_SNIFFED: usize = 16 + 65_535;

/// Bytes read at a time while sniffing.
const SNIFF_READ: usize = 4096;

impl Shard {
    /// Reads the first bytes of a connection.
    pub(super) fn sniff(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        let mut buffer = [0; SNIFF_READ];
        match connection.transport.read(&mut buffer) {
            Ok(0) => {
                let proxy = connection.phase == Phase::Proxy;
                if proxy && !connection.tail.is_empty() {
                    self.proxy_failed(slot, "unexpected EOF");
                } else {
                    self.end_of_input(slot, CloseReason::ClientClosed);
                }
            }
            Ok(count) => {
                connection
                    .tail
                    .extend_from_slice(buffer.get(..count).unwrap_or_default());
                if connection.tail.len() > MAX_SNIFFED {
                    self.end_of_input(slot, CloseReason::ProtocolViolation);
                    return;
                }
                self.sniffed(slot);
                self.queue_read(slot);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => connection.readable = false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.queue_read(slot),
            Err(_) => self.end_of_input(slot, CloseReason::ReadError),
        }
    }

    /// Decides by what has been read so far.
    pub(super) fn sniffed(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        match connection.phase {
            Phase::Proxy => self.sniff_proxy(slot),
            Phase::Sniff => {
                let Some(&first) = connection.tail.first() else {
                    return;
                };
                let fallback = std::mem::take(&mut connection.tls_fallback);
                if fallback {
                    connection.tls_first = true;
                    self.begin_handshake(slot);
                } else if first == TLS_RECORD {
                    self.begin_handshake(slot);
                } else {
                    self.open(slot);
                }
            }
            _ => {}
        }
    }

    fn sniff_proxy(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        match proxy::parse(&connection.tail) {
            Ok(ProxyHeader::Incomplete) => {}
            Ok(ProxyHeader::Absent) => self.after_proxy(slot),
            Ok(ProxyHeader::Present { used, client }) => {
                connection.tail.drain(..used);
                if let Some(client) = client {
                    connection.client_addr = client;
                }
                self.after_proxy(slot);
            }
            Err(text) => self.proxy_failed(slot, &text),
        }
    }

    fn after_proxy(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        // The address is known from here on.
        connection.phase = Phase::Open;
        self.begin_tls(slot);
    }

    fn proxy_failed(&mut self, slot: u32, text: &str) {
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let peer = connection.peer;
        self.shared.log.warn(format_args!(
            "Error reading PROXY protocol header from {peer}: {text}"
        ));
        self.close(slot, CloseReason::ProtocolViolation);
    }

    /// Starts the server's side of a TLS handshake.
    pub(super) fn begin_handshake(&mut self, slot: u32) {
        let Some(tls) = self.runtime.tls.clone() else {
            return;
        };
        // The INFO in clear has to be out before TLS bytes go out.
        self.flush(slot, &[]);
        self.log_debug(
            slot,
            format_args!("Starting TLS client connection handshake"),
        );
        let session = match rustls::ServerConnection::new(tls.config.clone()) {
            Ok(session) => session,
            Err(error) => {
                self.log_error(slot, format_args!("TLS handshake error: {error}"));
                self.close(slot, CloseReason::TlsHandshakeError);
                return;
            }
        };
        let at = self.now + tls.timeout;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.closing.is_some() {
            return;
        }
        let early = std::mem::take(&mut connection.tail);
        connection.transport.start_tls(session, early);
        connection.phase = Phase::Handshake;
        connection.phase_deadline = Some(at);
        connection.readable = true;
        let cid = connection.cid;
        self.timers.add(Timer {
            at,
            slot,
            cid,
            kind: TimerKind::Handshake,
        });
        self.drive_handshake(slot);
    }

    /// Goes on with a handshake.
    pub(super) fn drive_handshake(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.phase != Phase::Handshake || connection.closing.is_some() {
            return;
        }
        match connection.transport.handshake() {
            Ok(true) => self.handshake_done(slot),
            Ok(false) => {
                // Either direction may be what is missing.
                connection.readable = false;
                connection.blocked = true;
            }
            Err(error) => self.handshake_failed(slot, &error),
        }
    }

    fn handshake_done(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.blocked = false;
        connection.readable = true;
        let pinned = match (&self.runtime.tls, connection.transport.session()) {
            (Some(tls), Some(session)) => tls.accepts_certificate(session),
            _ => true,
        };
        if !pinned {
            self.log_error(
                slot,
                format_args!("TLS handshake error: certificate not pinned"),
            );
            self.close(slot, CloseReason::TlsHandshakeError);
            return;
        }
        self.log_debug(slot, format_args!("TLS handshake complete"));
        if self.shared.log.debug_enabled()
            && let Some(connection) = self.connections.get(slot as usize)
            && let Some(session) = connection.transport.session()
        {
            let (version, suite) = crate::tls::describe(session);
            self.log_debug(
                slot,
                format_args!("TLS version {version}, cipher suite {suite}"),
            );
        }
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.phase = Phase::Open;
        self.send_info(slot);
        self.open(slot);
    }

    fn handshake_failed(&mut self, slot: u32, error: &io::Error) {
        // Port probes and clients that speak no TLS are nobody's fault.
        let why = crate::tls::why(error);
        if crate::tls::is_probe(error) {
            self.log_debug(slot, format_args!("TLS handshake error: {why}"));
        } else {
            self.log_error(slot, format_args!("TLS handshake error: {why}"));
        }
        self.close(slot, CloseReason::TlsHandshakeError);
    }

    /// The time of a phase before `Open` is over.
    pub(super) fn on_handshake_deadline(&mut self, slot: u32) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.closing.is_some() || connection.phase_deadline.is_none_or(|at| at > now) {
            return;
        }
        match connection.phase {
            Phase::Proxy => self.proxy_failed(slot, "i/o timeout"),
            Phase::Sniff if connection.tls_fallback => {
                connection.tls_fallback = false;
                self.send_info(slot);
                self.begin_clear_or_tls(slot);
            }
            // Nothing came: clear text it is.
            Phase::Sniff => self.open(slot),
            Phase::Handshake => {
                self.log_debug(slot, format_args!("TLS handshake error: i/o timeout"));
                self.close(slot, CloseReason::TlsHandshakeError);
            }
            Phase::Open | Phase::Authenticating | Phase::Draining | Phase::Lingering => {}
        }
    }
}
