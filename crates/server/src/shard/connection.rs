//! What a shard knows of one client connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use hashbrown::HashTable;
use midge_identity::{Permissions, ResponseTracker};
use midge_wire::client::{Limits, SkippedOp};
use midge_wire::close::CloseReason;
use midge_wire::connect::ConnectOptions;

use super::READ_CHUNK;
use super::output::Output;
use super::transport::Transport;
use crate::balance::Partner;

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A PROXY header may come.
    Proxy,
    /// Waiting for the first bytes, which tell TLS from clear text.
    Sniff,
    /// The TLS handshake is under way.
    Handshake,
    /// The NATS protocol is spoken.
    Open,
    /// A slow check of credentials runs elsewhere; input waits.
    Authenticating,
    /// Closed for the client's purposes; remaining output is being written.
    Draining,
    /// The sending side is shut down; late input is thrown away so that the
    /// client can read the last words.
    Lingering,
}

/// Who the client is, after a successful `CONNECT`.
#[derive(Clone, Debug, Default)]
pub(crate) struct User {
    /// The name, nkey or `[REDACTED]` shown in monitoring.
    pub(crate) shown: String,
    /// For log lines: `user:x`, `nkey:U..`, `token`; empty without credentials.
    pub(crate) label: String,
    /// The configured user or nkey the client is, for reloads; empty if none.
    pub(crate) configured: String,
}

/// Counters of one connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) in_msgs: u64,
    pub(crate) in_bytes: u64,
    pub(crate) out_msgs: u64,
    pub(crate) out_bytes: u64,
}

/// A client connection.
pub(crate) struct Connection {
    /// Unique in the process.
    pub(crate) cid: u64,
    pub(crate) phase: Phase,
    pub(crate) transport: Transport,
    /// Input that is not a whole operation yet.
    pub(crate) tail: Vec<u8>,
    /// An operation whose ignored rest of the line is still coming.
    pub(crate) skip: Option<SkippedOp>,
    pub(crate) output: Output,
    /// On the shard's list of connections to be written to.
    pub(crate) dirty: bool,
    /// The socket may have more to read.
    pub(crate) readable: bool,
    /// On the shard's list of connections to be read.
    pub(crate) queued_to_read: bool,
    /// The client has closed its sending side or the socket failed.
    pub(crate) read_closed: bool,
    /// Not read until then, because a target of its messages is behind.
    pub(crate) paused: Option<Instant>,
    /// Until then it pauses after each chunk: a target on another shard was
    /// near `max_pending`.
    pub(crate) throttled_until: Option<Instant>,
    /// The pause is one of the stalls of client-protocol.md 17.3.
    pub(crate) stalling: bool,
    /// Most bytes of its next chunk: less than a whole one if its messages go
    /// to very many.
    pub(crate) read_size: usize,
    /// The JetStream worker that its last publish for one went to.
    pub(crate) feeds: Option<u16>,
    /// Public key of the trusted proxy it came through.
    pub(crate) proxy_key: Option<Box<str>>,
    /// The socket took no more at the last write.
    pub(crate) blocked: bool,
    /// Since when unsent output has been above the high-water mark.
    pub(crate) behind_since: Option<Instant>,
    /// It has more unsent output than `max_pending`, and a timer will see whether
    /// it still has.
    pub(crate) overruns: bool,
    /// Its credentials are being compared again, after a reload.
    pub(crate) rechecking: bool,
    /// Whom its messages went to last.
    pub(crate) partner: Partner,
    /// What it had done when it was last weighed.
    pub(crate) weighed: u64,
    /// When it came from another shard.
    pub(crate) moved_at: Option<Instant>,
    /// When the timer for [`Connection::write_deadline`] that is under way ends.
    pub(crate) write_timer: Option<Instant>,
    /// Producers of this shard that wait for this connection to drain.
    pub(crate) waiting_producers: Vec<(u32, u64)>,
    /// Why it is being closed, once it is.
    pub(crate) closing: Option<CloseReason>,

    /// Number of its account.
    pub(crate) account: u32,
    /// Counted among its account's connections.
    pub(crate) registered: bool,
    /// Counted among the server's clients.
    pub(crate) counted: bool,
    /// A `CONNECT` was accepted, or none is needed.
    pub(crate) authenticated: bool,
    /// A `CONNECT` has been seen.
    pub(crate) connected: bool,
    /// The first PONG after a `CONNECT` was sent.
    pub(crate) first_pong_sent: bool,
    pub(crate) echo: bool,
    pub(crate) verbose: bool,
    pub(crate) pedantic: bool,
    /// Publishes need no `+OK`, no pedantic check and no permission check.
    pub(crate) publishes_plainly: bool,
    /// Headers are in effect.
    pub(crate) headers: bool,
    pub(crate) no_responders: bool,
    pub(crate) limits: Limits,
    /// Most subscriptions; 0 is no limit.
    pub(crate) max_subscriptions: usize,
    pub(crate) permissions: Option<Arc<Permissions>>,
    pub(crate) responses: Option<Box<ResponseTracker>>,
    /// Publish subjects lately found allowed.
    pub(crate) allowed_publishes: PublishCache,
    pub(crate) options: Box<ConnectOptions>,
    pub(crate) user: Option<Box<User>>,
    pub(crate) nonce: String,

    /// Numbers of its subscriptions on the shard, by subscription id.
    pub(crate) subscriptions: HashTable<u32>,

    pub(crate) peer: SocketAddr,
    /// The address shown for the client: `peer`, or the one a proxy named.
    pub(crate) client_addr: SocketAddr,
    /// The TLS handshake came before the first INFO.
    pub(crate) tls_first: bool,
    /// While sniffing: any byte means TLS, none means INFO in clear.
    pub(crate) tls_fallback: bool,
    pub(crate) info_sent: bool,

    pub(crate) started: SystemTime,
    pub(crate) started_at: Instant,
    /// Last message or subscription change.
    pub(crate) last_activity: Instant,
    /// Last PING, SUB, UNSUB or message from the client.
    pub(crate) last_input: Instant,
    /// When the ping timer is due; entries for other times are stale.
    pub(crate) ping_at: Option<Instant>,
    /// The next ping is the short first one, always sent.
    pub(crate) first_ping: bool,
    /// Pings without an answer.
    pub(crate) pings_out: u32,
    pub(crate) ping_sent: Option<Instant>,
    /// Round trip time; `None` before the first measurement.
    pub(crate) rtt: Option<std::time::Duration>,
    pub(crate) rtt_at: Instant,
    /// Deadline of a phase before `Open`, or of `Lingering`.
    pub(crate) phase_deadline: Option<Instant>,
    /// When `CONNECT` must have come.
    pub(crate) auth_deadline: Option<Instant>,
    /// The write under way: until when, up to which total, total at its start.
    pub(crate) write_deadline: Option<(Instant, u64, u64)>,
    /// A write deadline passed and the connection was kept (`retry`).
    pub(crate) slow_since: Option<Instant>,

    pub(crate) traffic: Traffic,
    /// The part of it that was counted for the accounts it was in before.
    pub(crate) kept_traffic: Traffic,
    /// Times a producer had to wait because this connection was behind.
    pub(crate) stalls: u64,
    /// Output was waiting when it was closed.
    pub(crate) had_last_words: bool,
    /// It was let in as the `no_auth_user` without a `CONNECT`.
    pub(crate) came_silently: bool,
    /// Messages for it are dropped because it is far behind.
    pub(crate) withheld: bool,
    /// The chunk of input in which the last of them was counted.
    pub(crate) stalled_in: u64,
}

impl Connection {
    /// A connection before anything was read or sent.
    pub(crate) fn new(
        cid: u64,
        transport: Transport,
        peer: SocketAddr,
        limits: Limits,
        now: Instant,
    ) -> Self {
        Self {
            cid,
            phase: Phase::Open,
            transport,
            tail: Vec::new(),
            skip: None,
            output: Output::default(),
            dirty: false,
            readable: true,
            queued_to_read: false,
            read_closed: false,
            paused: None,
            stalling: false,
            read_size: READ_CHUNK,
            feeds: None,
            throttled_until: None,
            proxy_key: None,
            blocked: false,
            behind_since: None,
            overruns: false,
            rechecking: false,
            partner: Partner::Nobody,
            weighed: 0,
            moved_at: None,
            write_timer: None,
            waiting_producers: Vec::new(),
            closing: None,
            account: 0,
            registered: false,
            counted: false,
            authenticated: false,
            connected: false,
            first_pong_sent: false,
            echo: true,
            verbose: true,
            pedantic: true,
            publishes_plainly: false,
            headers: false,
            no_responders: false,
            limits,
            max_subscriptions: 0,
            permissions: None,
            responses: None,
            allowed_publishes: PublishCache::default(),
            options: Box::default(),
            user: None,
            nonce: String::new(),
            subscriptions: HashTable::new(),
            peer,
            client_addr: peer,
            tls_first: false,
            tls_fallback: false,
            info_sent: false,
            started: SystemTime::now(),
            started_at: now,
            last_activity: now,
            last_input: now,
            ping_at: None,
            first_ping: false,
            pings_out: 0,
            ping_sent: None,
            rtt: None,
            rtt_at: now,
            phase_deadline: None,
            auth_deadline: None,
            write_deadline: None,
            slow_since: None,
            traffic: Traffic::default(),
            kept_traffic: Traffic::default(),
            stalls: 0,
            had_last_words: false,
            came_silently: false,
            withheld: false,
            stalled_in: 0,
        }
    }

    /// To be called when what it depends on has changed.
    pub(crate) fn settle_publish_path(&mut self) {
        self.publishes_plainly = !self.verbose && !self.pedantic && self.permissions.is_none();
    }

    /// Whether operations of the client are (still) acted on.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.closing.is_none() && self.phase == Phase::Open
    }

    /// The start of its log lines (client-protocol.md 22.3).
    pub(crate) fn log_prefix(&self, account: &str) -> String {
        use std::fmt::Write;
        let mut text = format!("{} - cid:{}", self.peer, self.cid);
        if !self.connected {
            return text;
        }
        let ConnectOptions {
            version,
            lang,
            name,
            ..
        } = &*self.options;
        let mut parts: Vec<String> = Vec::new();
        if !version.is_empty() {
            parts.push(format!("v{version}"));
        }
        parts.extend(
            [lang, name]
                .into_iter()
                .filter(|part| !part.is_empty())
                .cloned(),
        );
        // Writing to a string cannot fail.
        if !parts.is_empty() {
            let _ = write!(
                text,
                " - {}",
                midge_subject::quote(parts.join(":").as_bytes())
            );
        }
        if let Some(user) = self.user.as_ref().filter(|user| !user.label.is_empty()) {
            let _ = write!(text, " - \"{account}/{}\"", user.label);
        }
        text
    }
}

/// Most subjects kept by a [`PublishCache`].
const MAX_ALLOWED_PUBLISHES: usize = 128;

/// Subjects that a connection was lately found allowed to publish to.
#[derive(Debug, Default)]
pub(crate) struct PublishCache {
    subjects: std::collections::HashSet<Box<[u8]>, foldhash::fast::RandomState>,
}

impl PublishCache {
    /// Whether `subject` is known to be allowed.
    #[inline]
    pub(crate) fn contains(&self, subject: &[u8]) -> bool {
        self.subjects.contains(subject)
    }

    /// Notes that `subject` is allowed.
    pub(crate) fn insert(&mut self, subject: &[u8]) {
        if self.subjects.len() >= MAX_ALLOWED_PUBLISHES {
            self.subjects.clear();
        }
        self.subjects.insert(subject.into());
    }

    /// Forgets everything, because permissions changed.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
