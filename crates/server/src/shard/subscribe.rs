//! SUB, UNSUB and the removal of subscriptions
//! (client-protocol.md 5.3, 5.4, 11).

use std::hash::BuildHasher;
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use midge_subject::SubjectArc;
use midge_subject::{is_valid_subscription_subject, quote, token_count};

use super::Shard;
use super::subscriptions::{Sid, Subscription};
use crate::account::Target;

/// Queue name that only servers may use.
const RESERVED_QUEUE: &[u8] = b"_sys_";

/// Seeded once per process, so that a client cannot make its own
/// subscription ids collide.
static SID_HASH: LazyLock<FixedState> = LazyLock::new(|| FixedState::with_seed(fastrand::u64(..)));

pub(super) fn hash_sid(sid: &[u8]) -> u64 {
    SID_HASH.hash_one(sid)
}

impl Shard {
    /// A SUB, with its checks in the peer's order.
    pub(super) fn on_subscribe(&mut self, slot: u32, subject: &[u8], queue: &[u8], sid: &[u8]) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.last_input = now;
        connection.last_activity = now;
        let allowed = queue != RESERVED_QUEUE
            && connection
                .permissions
                .as_ref()
                .is_none_or(|p| p.can_subscribe(subject, queue));
        if !allowed {
            self.refuse_subscribe(slot, subject, queue, sid);
            return;
        }
        let max_tokens = self.runtime.max_sub_tokens;
        if max_tokens > 0 && token_count(subject) > max_tokens {
            let shown = quote(subject);
            let text =
                format!("Permissions Violation for Subscription to {shown}, too many tokens");
            self.send_err(slot, &text);
            let sid = String::from_utf8_lossy(sid);
            self.log_error(
                slot,
                format_args!("Subscription Violation Too Many Tokens - Subject {shown}, SID {sid}"),
            );
            return;
        }
        let max = connection.max_subscriptions;
        if max > 0 && connection.subscriptions.len() >= max {
            self.refuse_over_limit(slot);
            return;
        }
        if self.find_subscription(slot, sid).is_some() {
            self.send_ok(slot);
            return;
        }
        if !is_valid_subscription_subject(subject) {
            self.send_err(slot, "Invalid Subject");
            return;
        }
        self.add_subscription(slot, subject, queue, sid);
        self.send_ok(slot);
    }

    fn add_subscription(&mut self, slot: u32, subject: &[u8], queue: &[u8], sid: &[u8]) {
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let account = connection.account;
        let filter = connection
            .permissions
            .as_ref()
            .filter(|permissions| permissions.needs_delivery_filter(subject, queue))
            .cloned();
        let Some(account) = self.account(account) else {
            return;
        };
        let subject = SubjectArc::new(subject);
        let (index, generation) = self.subscriptions.insert(Subscription {
            connection: slot,
            queue: 0,
            subject: subject.clone(),
            sid: Sid::new(sid),
            delivered: 0,
            max: 0,
        });
        let queue = account.subscribe(&subject, queue, (self.id, index, generation), filter);
        if let Some(subscription) = self.subscriptions.get_mut(index) {
            subscription.queue = queue;
        }
        let Self {
            connections,
            subscriptions,
            ..
        } = self;
        if let Some(connection) = connections.get_mut(slot as usize) {
            connection
                .subscriptions
                .insert_unique(hash_sid(sid), index, |&other| {
                    subscriptions
                        .get(other)
                        .map_or(0, |s| hash_sid(s.sid.as_bytes()))
                });
        }
        self.shared.counters.note_subscription(1);
    }

    #[cold]
    fn refuse_subscribe(&mut self, slot: u32, subject: &[u8], queue: &[u8], sid: &[u8]) {
        let subject = quote(subject);
        let sid = String::from_utf8_lossy(sid);
        if queue.is_empty() {
            let text = format!("Permissions Violation for Subscription to {subject}");
            self.send_err(slot, &text);
            self.log_error(
                slot,
                format_args!("Subscription Violation - Subject {subject}, SID {sid}"),
            );
        } else {
            let queue = quote(queue);
            let text =
                format!("Permissions Violation for Subscription to {subject} using queue {queue}");
            self.send_err(slot, &text);
            self.log_error(
                slot,
                format_args!(
                    "Subscription Violation - Subject {subject}, Queue: {queue}, SID {sid}"
                ),
            );
        }
    }

    #[cold]
    pub(super) fn refuse_over_limit(&mut self, slot: u32) {
        self.send_err(slot, "maximum subscriptions exceeded");
        let Some(account) = self.connections.get(slot as usize).map(|c| c.account) else {
            return;
        };
        let now = self.now;
        if self
            .account(account)
            .is_some_and(|account| account.may_log_limit(now))
        {
            self.log_error(slot, format_args!("maximum subscriptions exceeded"));
        }
    }

    /// Number of a connection's subscription by the client's id.
    pub(super) fn find_subscription(&self, slot: u32, sid: &[u8]) -> Option<u32> {
        let connection = self.connections.get(slot as usize)?;
        let same = |&index: &u32| {
            self.subscriptions
                .get(index)
                .is_some_and(|s| s.sid.as_bytes() == sid)
        };
        connection.subscriptions.find(hash_sid(sid), same).copied()
    }

    /// An UNSUB: now, or after `max` deliveries in all.
    pub(super) fn on_unsubscribe(&mut self, slot: u32, sid: &[u8], max: u64) {
        let now = self.now;
        if let Some(connection) = self.connections.get_mut(slot as usize) {
            connection.last_input = now;
            connection.last_activity = now;
        }
        if let Some(index) = self.find_subscription(slot, sid)
            && let Some(subscription) = self.subscriptions.get_mut(index)
        {
            if max > subscription.delivered {
                subscription.max = max;
            } else {
                self.remove_subscription(slot, index);
            }
        }
        self.send_ok(slot);
    }

    /// Removes one subscription of a connection.
    pub(super) fn remove_subscription(&mut self, slot: u32, index: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        let account = connection.account;
        let Some(subscription) = self.subscriptions.get(index) else {
            return;
        };
        let hash = hash_sid(subscription.sid.as_bytes());
        if let Ok(entry) = connection
            .subscriptions
            .find_entry(hash, |&other| other == index)
        {
            entry.remove();
        }
        if self.tracing() {
            let sid = String::from_utf8_lossy(subscription.sid.as_bytes()).into_owned();
            self.trace(slot, format_args!("<-> [DELSUB {sid}]"));
        }
        self.forget_subscription(account, index);
    }

    /// Takes a subscription out of the account and the shard.
    fn forget_subscription(&mut self, account: u32, index: u32) {
        let Some((subscription, generation)) = self.subscriptions.remove(index) else {
            return;
        };
        let target = Target {
            subscription: index,
            shard: self.id,
            generation,
            queue: subscription.queue,
        };
        if let Some(account) = self.account(account) {
            account.unsubscribe(&subscription.subject, target);
        }
        self.shared.counters.note_subscription(-1);
    }

    /// Removes all subscriptions of a connection.
    pub(super) fn remove_all_subscriptions(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        let account = connection.account;
        for index in std::mem::take(&mut connection.subscriptions) {
            self.forget_subscription(account, index);
        }
    }
}
