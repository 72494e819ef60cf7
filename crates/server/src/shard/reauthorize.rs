//! A reload as connected clients see it (client-protocol.md 21).

use std::sync::Arc;

use midge_identity::{Accepted, Decision, Permissions, ResponseTracker, Who};
use midge_subject::quote;
use midge_wire::close::CloseReason;

use super::Shard;
use super::connection::Phase;
use crate::account::GLOBAL_ACCOUNT;
use crate::runtime::Runtime;

impl Shard {
    /// Takes new settings: limits apply to clients at once, credentials are
    /// looked at again, the rest counts as it is next used.
    pub(super) fn reload(&mut self, runtime: Arc<Runtime>) {
        let old = std::mem::replace(&mut self.runtime, runtime);
        self.settings += 1;
        self.close_unpinned();
        for slot in self.slots() {
            self.reload_connection(slot, &old);
            self.settle(&[]);
        }
    }

    /// Closes clients whose certificates are no longer among the pinned ones.
    fn close_unpinned(&mut self) {
        let Some(tls) = self.runtime.tls.clone() else {
            return;
        };
        let mut closed = 0;
        for slot in self.slots() {
            let Some(connection) = self.connections.get(slot as usize) else {
                continue;
            };
            let Some(session) = connection.transport.session() else {
                continue;
            };
            if connection.phase == Phase::Open && !tls.accepts_certificate(session) {
                self.close(slot, CloseReason::TlsHandshakeError);
                closed += 1;
            }
        }
        if closed > 0 {
            self.shared.log.info(format_args!(
                "Disconnect {closed} clients due to pinned certs reload"
            ));
        }
    }

    fn reload_connection(&mut self, slot: u32, old: &Runtime) {
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        if connection.closing.is_some() {
            return;
        }
        let account = connection.account;
        if connection.authenticated && matches!(connection.phase, Phase::Open) {
            self.check_again(slot, old);
        }
        if let Some(account) = self.account(account) {
            self.apply_limits(slot, &account);
            self.close_over_limit(slot);
        }
    }

    /// Closes a client that has more subscriptions than its account now may.
    fn close_over_limit(&mut self, slot: u32) {
        let over = self
            .connections
            .get(slot as usize)
            .is_some_and(|connection| {
                let limit = connection.max_subscriptions;
                limit != 0 && connection.closing.is_none() && connection.subscriptions.len() > limit
            });
        if over {
            self.refuse_over_limit(slot);
            self.close(slot, CloseReason::MaxSubscriptionsExceeded);
        }
    }

    /// Whether a client would still come in, and with what permissions.
    fn check_again(&mut self, slot: u32, old: &Runtime) {
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let configured = connection
            .user
            .as_ref()
            .map_or(String::new(), |u| u.configured.clone());
        if !configured.is_empty() && !self.runtime.auth.knows(&configured) {
            // The user is gone: no word, as if the client had left.
            self.close(slot, CloseReason::ClientClosed);
            return;
        }
        let accepted = match self.decide(slot) {
            Ok(Decision::Accepted(accepted)) => accepted,
            Ok(Decision::Slow(check))
                if old.auth.has_same_secret(&self.runtime.auth, &configured) =>
            {
                // The same hash that matched before.
                check.assume_match()
            }
            Ok(Decision::Slow(check)) => {
                self.recheck_slowly(slot, check);
                return;
            }
            Ok(Decision::Refused(why)) => {
                self.log_debug(slot, format_args!("{why}"));
                self.refuse_login(slot, CloseReason::AuthenticationFailure);
                return;
            }
            Err(refusal) => {
                self.refuse(slot, refusal);
                return;
            }
        };
        self.adopt(slot, accepted);
    }

    /// Goes on with a client that was accepted again.
    pub(super) fn adopt(&mut self, slot: u32, accepted: Accepted) {
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let name = if accepted.account.is_empty() {
            GLOBAL_ACCOUNT
        } else {
            &accepted.account
        };
        let same = self
            .shared
            .accounts
            .get(name)
            .is_some_and(|a| a.id == connection.account);
        if !same {
            self.close(slot, CloseReason::ClientClosed);
            return;
        }
        let spec = |permissions: &Option<Arc<Permissions>>| {
            permissions
                .as_ref()
                .map(|permissions| permissions.spec().clone())
        };
        if spec(&connection.permissions) == spec(&accepted.permissions) {
            return;
        }
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        let limits = accepted.permissions.as_ref().and_then(|p| p.responses());
        connection.responses = limits.map(|limits| Box::new(ResponseTracker::new(limits, now)));
        connection.allowed_publishes.clear();
        connection.permissions = accepted.permissions;
        connection.settle_publish_path();
        let user = match accepted.who {
            Who::User(name) | Who::Nkey(name) => name,
            Who::Anonymous | Who::Token => String::new(),
        };
        self.review_subscriptions(slot, &user);
    }

    /// Removes subscriptions that are no longer allowed.
    fn review_subscriptions(&mut self, slot: u32, user: &str) {
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let permissions = connection.permissions.clone();
        let account = connection.account;
        let indexes: Vec<u32> = connection.subscriptions.iter().copied().collect();
        let Some(account) = self.account(account) else {
            return;
        };
        for index in indexes {
            let Some(subscription) = self.subscriptions.get(index) else {
                continue;
            };
            let subject = subscription.subject.clone();
            let sid = subscription.sid.clone();
            let queue = account.queue_name(subscription.queue);
            let queue = queue.as_deref().unwrap_or_default();
            let Some(permissions) = &permissions else {
                account.set_filter(self.id, index, &subject, None);
                continue;
            };
            if permissions.can_subscribe(subject.as_bytes(), queue) {
                let filters = permissions.needs_delivery_filter(subject.as_bytes(), queue);
                let filter = filters.then(|| permissions.clone());
                account.set_filter(self.id, index, &subject, filter);
                continue;
            }
            let shown = quote(subject.as_bytes());
            let sid = quote(sid.as_bytes());
            let group = if queue.is_empty() {
                String::new()
            } else {
                format!(" using queue {}", quote(queue))
            };
            let text =
                format!("Permissions Violation for Subscription to {shown}{group} (sid {sid})");
            self.send_err(slot, &text);
            self.remove_subscription(slot, index);
            self.shared.log.info(format_args!(
                "{} - Removed sub {shown} (sid {sid}) for User {} - not authorized",
                self.prefix(slot),
                quote(user.as_bytes())
            ));
        }
    }
}
