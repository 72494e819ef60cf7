//! CONNECT: options, authentication, binding to an account
//! (client-protocol.md 4).

use std::sync::Arc;

use midge_identity::{
    Accepted, ConnectionType, Credentials, Decision, Refusal, ResponseTracker, SlowCheck, Who,
};
use midge_wire::close::CloseReason;

use super::Shard;
use super::connection::{Connection, Phase, User};
use crate::account::GLOBAL_ACCOUNT;
use crate::slow_checks;

impl Shard {
    /// Whether a client that has not logged in may go on with these bytes.
    pub(super) fn may_begin(&mut self, slot: u32, rest: &[u8]) -> bool {
        if let Some(b'C' | b'c') = rest.first() {
            return true;
        }
        if self.runtime.auth.admits_silent(ConnectionType::Standard) {
            let decision = self.decide(slot);
            self.on_decision(slot, decision);
            let Some(connection) = self.connections.get_mut(slot as usize) else {
                return false;
            };
            connection.came_silently = connection.authenticated;
            return connection.authenticated && connection.is_open();
        }
        self.refuse_login(slot, CloseReason::AuthenticationFailure);
        false
    }

    /// A client on a server that asks for no credentials.
    pub(super) fn bind_anonymous(&mut self, slot: u32) {
        let accepted = Accepted {
            who: Who::Anonymous,
            account: String::new(),
            permissions: None,
        };
        self.bind(slot, accepted);
    }

    /// A CONNECT, first or further.
    pub(super) fn on_connect(&mut self, slot: u32, json: &[u8]) {
        let now = self.now;
        let supports_headers = self.runtime.supports_headers;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.auth_deadline = None;
        if connection.rtt.is_none() {
            connection.rtt = Some(now.saturating_duration_since(connection.started_at));
            connection.rtt_at = now;
        }
        if let Err(error) = connection.options.merge(json) {
            // Not the decoder's own words: they quote values, and those may be
            // secrets.
            let (line, column) = (error.line(), error.column());
            let kind = error.classify();
            self.log_error(
                slot,
                format_args!("invalid CONNECT: {kind:?} error at line {line} column {column}"),
            );
            self.close(slot, CloseReason::ProtocolViolation);
            return;
        }
        // Only operator mode knows user JWTs.
        connection.options.jwt = String::new();
        let options = &connection.options;
        connection.verbose = options.verbose;
        connection.pedantic = options.pedantic;
        connection.echo = options.echo;
        connection.headers = supports_headers && options.headers;
        connection.no_responders = options.no_responders && connection.headers;
        connection.limits.headers = connection.headers;
        let again = std::mem::replace(&mut connection.connected, true) || connection.came_silently;
        connection.came_silently = false;
        self.arm_first_ping(slot);
        if again {
            self.remove_all_subscriptions(slot);
        }
        let decision = self.decide(slot);
        self.on_decision(slot, decision);
    }

    /// What the configuration says about the client's credentials, and about
    /// the proxy it came through.
    pub(super) fn decide(&mut self, slot: u32) -> Result<Decision, Refusal> {
        let runtime = self.runtime.clone();
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return Err(Refusal::UnknownUser);
        };
        let proxy = runtime
            .auth
            .proxy(&connection.nonce, &connection.options.proxy_sig)?;
        connection.proxy_key = proxy.map(Into::into);
        if runtime
            .auth
            .asks_for_certificate(&credentials_of(connection))
        {
            self.name_by_certificate(slot)?;
        }
        let Some(connection) = self.connections.get(slot as usize) else {
            return Err(Refusal::UnknownUser);
        };
        runtime
            .auth
            .decide_through(proxy, &credentials_of(connection))
    }

    fn on_decision(&mut self, slot: u32, decision: Result<Decision, Refusal>) {
        match decision {
            Ok(Decision::Accepted(accepted)) => self.finish_login(slot, accepted),
            Ok(Decision::Refused(why)) => {
                self.log_debug(slot, format_args!("{why}"));
                self.refuse_login(slot, CloseReason::AuthenticationFailure);
            }
            Ok(Decision::Slow(check)) => self.wait_for_check(slot, check),
            Err(refusal) => self.refuse(slot, refusal),
        }
    }

    /// Refuses a client for a cause that is told in the log only.
    pub(super) fn refuse(&mut self, slot: u32, refusal: Refusal) {
        self.log_debug(slot, format_args!("{refusal}"));
        let reason = match refusal {
            Refusal::ProxyNotTrusted => CloseReason::ProxyNotTrusted,
            Refusal::ProxyRequired => CloseReason::ProxyRequired,
            Refusal::UnknownUser
            | Refusal::UnknownNkey
            | Refusal::WrongSecret
            | Refusal::Signature(_)
            | Refusal::Certificate
            | Refusal::ConnectionType => CloseReason::AuthenticationFailure,
        };
        self.refuse_login(slot, reason);
    }

    /// Sends a slow comparison to a thread that may take its time.
    fn wait_for_check(&mut self, slot: u32, check: SlowCheck) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.phase = Phase::Authenticating;
        let job = slow_checks::Job {
            shard: self.id,
            slot,
            cid: connection.cid,
            again: false,
            settings: self.settings,
            check,
        };
        if !self.shared.slow_checks.submit(job) {
            self.log_error(slot, format_args!("too many password checks are waiting"));
            self.refuse_login(slot, CloseReason::AuthenticationFailure);
        }
    }

    /// Sends the comparison for a client that is in already.
    pub(super) fn recheck_slowly(&mut self, slot: u32, check: SlowCheck) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.rechecking = true;
        let job = slow_checks::Job {
            shard: self.id,
            slot,
            cid: connection.cid,
            again: true,
            settings: self.settings,
            check,
        };
        if !self.shared.slow_checks.submit(job) {
            self.refuse_login(slot, CloseReason::AuthenticationFailure);
        }
    }

    /// The comparison for a client that is in already has ended.
    pub(super) fn on_rechecked(&mut self, slot: u32, cid: u64, settings: u64, decision: Decision) {
        let here = self.settings;
        let Some(connection) = self.connection(slot, cid) else {
            return;
        };
        if connection.closing.is_some() || settings != here {
            // The reload in between has looked at it again.
            return;
        }
        connection.rechecking = false;
        match decision {
            Decision::Accepted(accepted) => self.adopt(slot, accepted),
            Decision::Refused(_) | Decision::Slow(_) => {
                self.refuse_login(slot, CloseReason::AuthenticationFailure)
            }
        }
    }

    /// A slow comparison has ended.
    pub(super) fn on_checked(&mut self, slot: u32, cid: u64, settings: u64, decision: Decision) {
        let Some(connection) = self.connection(slot, cid) else {
            return;
        };
        if connection.phase != Phase::Authenticating || connection.closing.is_some() {
            return;
        }
        connection.phase = Phase::Open;
        // A reload in between asks anew.
        let decision = if settings == self.settings {
            Ok(decision)
        } else {
            self.decide(slot)
        };
        self.on_decision(slot, decision);
        self.settle(&[]);
        self.process_kept(slot);
        self.queue_read(slot);
    }

    /// The checks that follow a successful authentication.
    fn finish_login(&mut self, slot: u32, accepted: Accepted) {
        if !self.bind(slot, accepted) {
            return;
        }
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        if !connection.connected {
            return;
        }
        let options = &connection.options;
        if !options.account.is_empty() || options.new_account {
            self.refuse_login(slot, CloseReason::AuthenticationFailure);
        } else if !matches!(options.protocol, 0 | 1) {
            self.send_err(slot, "invalid client protocol");
            self.log_error(slot, format_args!("invalid client protocol"));
            self.close(slot, CloseReason::BadClientProtocolVersion);
        } else if options.no_responders && !connection.headers {
            self.send_err(slot, "no responders requires headers support");
            self.log_error(slot, format_args!("no responders requires headers support"));
            self.close(slot, CloseReason::NoRespondersRequiresHeaders);
        } else {
            self.send_ok(slot);
        }
    }

    /// Binds a connection to its account; `false` if that has no room.
    fn bind(&mut self, slot: u32, accepted: Accepted) -> bool {
        self.unregister(slot);
        let name = match accepted.account.as_str() {
            "" => GLOBAL_ACCOUNT,
            name => name,
        };
        let Some(account) = self.shared.accounts.get(name) else {
            self.refuse_login(slot, CloseReason::AuthenticationFailure);
            return false;
        };
        // Known to this shard from here on.
        self.account(account.id);
        let moves = self
            .connections
            .get(slot as usize)
            .is_some_and(|connection| connection.account != account.id);
        if moves {
            self.remove_all_subscriptions(slot);
            self.keep_traffic(slot);
        }
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return false;
        };
        connection.account = account.id;
        if !account.register() {
            let text = "maximum account active connections exceeded";
            self.send_err(slot, text);
            self.log_error(slot, format_args!("{text} - Account:{name}"));
            self.close(slot, CloseReason::MaxAccountConnectionsExceeded);
            return false;
        }
        connection.registered = true;
        connection.authenticated = true;
        connection.auth_deadline = None;
        connection.user = user_of(&accepted.who, connection.options.user.as_str());
        connection.allowed_publishes.clear();
        let responses = accepted.permissions.as_ref().and_then(|p| p.responses());
        connection.responses = responses.map(|limits| Box::new(ResponseTracker::new(limits, now)));
        connection.permissions = accepted.permissions;
        connection.settle_publish_path();
        self.apply_limits(slot, &account);
        true
    }

    /// Sets a connection's limits from those of server and account.
    pub(super) fn apply_limits(&mut self, slot: u32, account: &Arc<crate::account::Account>) {
        let runtime = self.runtime.clone();
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        let of_account = usize::try_from(account.max_payload()).ok();
        connection.limits.max_payload = match (runtime.max_payload, of_account) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        connection.limits.max_control_line = runtime.max_control_line;
        let of_account = usize::try_from(account.max_subscriptions()).ok();
        connection.max_subscriptions = match (runtime.max_subscriptions, of_account) {
            (0, Some(limit)) => limit,
            (server, Some(limit)) => server.min(limit),
            (server, None) => server,
        };
    }

    /// Refuses a client; the wire tells no causes.
    pub(super) fn refuse_login(&mut self, slot: u32, reason: CloseReason) {
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let label = credentials_of(connection).label();
        let named = label.map(|label| format!(" - {label}")).unwrap_or_default();
        self.log_error(slot, format_args!("authentication error{named}"));
        self.send_err(slot, "Authorization Violation");
        self.close(slot, reason);
    }
}

/// What a client says of itself.
fn credentials_of(connection: &Connection) -> Credentials<'_> {
    let options = &connection.options;
    Credentials {
        user: &options.user,
        password: &options.pass,
        token: &options.auth_token,
        nkey: &options.nkey,
        signature: &options.sig,
        nonce: &connection.nonce,
        connection_type: ConnectionType::Standard,
    }
}

/// How a client is shown in monitoring and logs.
fn user_of(who: &Who, claimed: &str) -> Option<Box<User>> {
    let user = match who {
        // Credentials that nobody asked for are recorded all the same.
        Who::Anonymous if claimed.is_empty() => return None,
        Who::Anonymous => User {
            shown: claimed.to_owned(),
            label: format!("user:{claimed}"),
            ..User::default()
        },
        Who::User(name) => User {
            shown: name.clone(),
            label: format!("user:{name}"),
            configured: name.clone(),
        },
        Who::Nkey(key) => User {
            shown: key.clone(),
            label: format!("nkey:{key}"),
            configured: key.clone(),
        },
        Who::Token => User {
            shown: "[REDACTED]".to_owned(),
            label: "token".to_owned(),
            ..User::default()
        },
    };
    Some(Box::new(user))
}
