//! What each verb of a client does.

use midge_subject::quote;
use midge_wire::client::{Op, ParseError};
use midge_wire::close::CloseReason;
use midge_wire::info::ServerInfo;
use midge_wire::message;

use super::Shard;

/// Bytes of offending input shown in the log.
const SHOWN_INPUT: usize = 32;

impl Shard {
    /// Acts on one operation, which ended at `end` in the `input`.
    #[inline]
    pub(super) fn operation(&mut self, slot: u32, op: Op<'_>, input: &[u8], end: usize) {
        if self.tracing() {
            self.trace_operation(slot, &op);
        }
        match op {
            Op::Publish(publish) => self.on_publish(slot, &publish, input, end),
            Op::Subscribe {
                subject,
                queue,
                sid,
                ..
            } => {
                self.on_subscribe(slot, subject, queue, sid);
            }
            Op::Unsubscribe { sid, max, .. } => self.on_unsubscribe(slot, sid, max),
            Op::Ping => self.on_ping(slot),
            Op::Pong => self.on_pong(slot),
            Op::Connect(json) => self.on_connect(slot, json),
            Op::Info(json) => self.on_info(slot, json),
            Op::Ok => {}
            Op::Err(text) => {
                let text = String::from_utf8_lossy(text);
                self.log_error(slot, format_args!("Client Error {text}"));
                self.close(slot, CloseReason::ParseError);
            }
        }
    }

    fn on_ping(&mut self, slot: u32) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.last_input = now;
        self.send(slot, message::PONG);
        if self.tracing() {
            self.trace(slot, format_args!("->> [PONG]"));
        }
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        if connection.connected && !connection.first_pong_sent {
            connection.first_pong_sent = true;
            if connection.options.protocol >= 1 {
                self.send_connect_info(slot);
            }
        }
    }

    fn on_pong(&mut self, slot: u32) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.pings_out = 0;
        if let Some(sent) = connection.ping_sent {
            connection.rtt = Some(now.saturating_duration_since(sent));
            connection.rtt_at = now;
        }
    }

    /// `INFO` of a client is checked and ignored.
    fn on_info(&mut self, slot: u32, json: &[u8]) {
        if let Err(error) = serde_json::from_slice::<ServerInfo>(json) {
            self.log_error(slot, format_args!("Error decoding INFO: {error}"));
            self.close(slot, CloseReason::ProtocolViolation);
        }
    }

    /// Answers and closes as client-protocol.md 5 and 7 say.
    pub(super) fn on_parse_error(
        &mut self,
        slot: u32,
        error: &ParseError,
        rest: &[u8],
        offset: usize,
    ) {
        match error {
            ParseError::UnknownOperation => {
                let shown = quote(rest.get(..SHOWN_INPUT).unwrap_or(rest));
                self.log_error(
                    slot,
                    format_args!("Client parser ERROR, state=0, i={offset}: proto='{shown}...'"),
                );
                self.send_err(slot, "Unknown Protocol Operation");
                self.close(slot, CloseReason::ProtocolViolation);
            }
            ParseError::ControlLineTooLong => {
                self.log_error(slot, format_args!("{error}"));
                self.send_err(slot, "maximum control line exceeded");
                self.close(slot, CloseReason::MaxControlLineExceeded);
            }
            ParseError::PayloadTooLarge { .. } => {
                self.log_error(slot, format_args!("{error}"));
                self.send_err(slot, "Maximum Payload Violation");
                self.close(slot, CloseReason::MaxPayloadExceeded);
            }
            ParseError::BadArguments(_) | ParseError::HeadersNotSupported => {
                self.log_error(slot, format_args!("{error}"));
                self.close(slot, CloseReason::ProtocolViolation);
            }
        }
    }

    /// Queues bytes for a connection.
    pub(super) fn send(&mut self, slot: u32, bytes: &[u8]) {
        let Self {
            connections,
            buffers,
            dirty,
            ..
        } = self;
        let Some(connection) = connections.get_mut(slot as usize) else {
            return;
        };
        connection.output.push(buffers, bytes);
        let behind = connection.blocked && connection.output.pending() > self.runtime.max_pending;
        if !connection.dirty {
            connection.dirty = true;
            dirty.push(slot);
        }
        if behind {
            self.on_slow_consumer_pending(slot);
        }
    }

    /// Queues an error line.
    pub(super) fn send_err(&mut self, slot: u32, text: &str) {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        message::push_err(&mut line, text);
        self.send(slot, &line);
        self.line = line;
        if self.tracing() {
            self.trace(slot, format_args!("->> [-ERR {text}]"));
        }
    }

    /// Queues `+OK` if the client wants it.
    #[inline]
    pub(super) fn send_ok(&mut self, slot: u32) {
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        if connection.verbose {
            self.send(slot, message::OK);
            if self.tracing() {
                self.trace(slot, format_args!("->> [OK]"));
            }
        }
    }

    #[cold]
    fn trace_operation(&self, slot: u32, op: &Op<'_>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match op {
            Op::Publish(publish) => {
                let verb = if publish.header_digits.is_empty() {
                    "PUB"
                } else {
                    "HPUB"
                };
                self.trace(slot, format_args!("<<- [{verb} {}]", text(publish.args)));
                self.trace_payload(slot, "<<-", publish.body, publish.header_len);
            }
            Op::Subscribe { args, .. } => {
                self.trace(slot, format_args!("<<- [SUB {}]", text(args)));
            }
            Op::Unsubscribe { args, .. } => {
                self.trace(slot, format_args!("<<- [UNSUB {}]", text(args)));
            }
            Op::Ping => self.trace(slot, format_args!("<<- [PING]")),
            Op::Pong => self.trace(slot, format_args!("<<- [PONG]")),
            Op::Connect(json) => {
                let shown = crate::redact::connect_json(&text(json));
                self.trace(slot, format_args!("<<- [CONNECT {shown}]"));
            }
            Op::Ok => self.trace(slot, format_args!("<<- [OK]")),
            Op::Info(json) => self.trace(slot, format_args!("<<- [INFO {}]", text(json))),
            Op::Err(error) => self.trace(slot, format_args!("<<- [-ERR {}]", text(error))),
        }
    }

    /// Traces a payload as the trace settings say (client-protocol.md 22.4).
    #[cold]
    pub(super) fn trace_payload(&self, slot: u32, arrow: &str, body: &[u8], header_len: usize) {
        let shown = if self.runtime.trace_headers {
            // Without the line end and the empty line that close it.
            let header = body.get(..header_len).unwrap_or_default();
            header.strip_suffix(b"\r\n\r\n").unwrap_or(header)
        } else {
            body
        };
        if shown.is_empty() {
            return;
        }
        let limit = self.runtime.max_traced_msg_len;
        let text = match shown.get(..limit) {
            Some(start) if limit > 0 && shown.len() > limit => {
                let quoted = quote(start);
                format!("{}...\"", quoted.strip_suffix('"').unwrap_or(&quoted))
            }
            _ => quote(shown),
        };
        self.trace(slot, format_args!("{arrow} MSG_PAYLOAD: [{text}]"));
    }
}
