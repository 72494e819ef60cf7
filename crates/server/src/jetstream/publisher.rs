//! Messages of JetStream's threads, on their way into an account.

use midge_wire::number::push_decimal;

use crate::account::Account;
use crate::batch::{API_DESTINATION, BatchItem, BatchTarget, FIRST_WORKER, Outgoing};
use crate::server::Shared;
use crate::shard::match_cache::{MatchCache, QueueMember, RemoteTarget};
use crate::shard::subscriptions::Subscriptions;

/// A thread that there is not: streams of the publishing thread itself are
/// reached over its mailbox like all others.
const NOBODY: u16 = u16::MAX;

/// A message to be published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outbound<'a> {
    /// The subject it is routed by.
    pub(crate) to: &'a [u8],
    /// The subject that receivers see.
    pub(crate) subject: &'a [u8],
    /// Reply subject; empty for none.
    pub(crate) reply: &'a [u8],
    /// Header block; empty for none.
    pub(crate) header: &'a [u8],
    /// Payload.
    pub(crate) payload: &'a [u8],
}

/// Matches messages and gathers them in batches.
pub(crate) struct Publisher {
    cache: MatchCache,
    /// Stays empty: no client lives on the thread.
    subscriptions: Subscriptions,
    outgoing: Outgoing,
    digits: Vec<u8>,
    rng: fastrand::Rng,
}

impl Publisher {
    /// For the thread numbered `id`.
    pub(crate) fn new(id: u16) -> Self {
        Self {
            cache: MatchCache::new(),
            subscriptions: Subscriptions::default(),
            outgoing: Outgoing::new(id),
            digits: Vec::new(),
            rng: fastrand::Rng::new(),
        }
    }

    /// Adds a message for everybody in `account` who gets it; whether threads of
    /// JetStream are among them.
    pub(crate) fn publish(
        &mut self,
        shared: &Shared,
        account: &Account,
        message: &Outbound<'_>,
    ) -> bool {
        let recipients = self
            .cache
            .take(account, message.to, NOBODY, &self.subscriptions);
        let mut feeds = false;
        if !recipients.remote.is_empty() || !recipients.queues.is_empty() {
            self.digits.clear();
            if !message.header.is_empty() {
                push_decimal(&mut self.digits, message.header.len() as u64);
            }
            let header_digits = self.digits.len();
            let size = message.header.len() + message.payload.len();
            push_decimal(&mut self.digits, size as u64);
            let (header_digits, size_digits) = self.digits.split_at(header_digits);
            let item = BatchItem {
                account: account.id,
                subject: message.subject,
                reply: message.reply,
                header_digits,
                size_digits,
                header: message.header,
                payload: message.payload,
                header_len: message.header.len(),
                producer: (u32::MAX, 0),
            };
            let outgoing = &mut self.outgoing;
            let mut push = |to: u16, targets: &[RemoteTarget], queue: u32| {
                let list = targets.iter().map(|target| BatchTarget {
                    subscription: target.subscription,
                    generation: target.generation,
                    queue,
                    refusals: 0,
                    alone: false,
                });
                feeds |= to >= FIRST_WORKER;
                // Requests are told apart by the subject they are routed by;
                // a stream keeps the subject that everybody sees.
                let subject = if to >= API_DESTINATION {
                    message.to
                } else {
                    message.subject
                };
                outgoing.push(shared, to, &BatchItem { subject, ..item }, list);
            };
            for group in recipients.remote.chunk_by(|a, b| a.shard == b.shard) {
                if let Some(first) = group.first() {
                    push(first.shard, group, 0);
                }
            }
            for group in &recipients.queues {
                let chosen = self.rng.usize(..group.members.len().max(1));
                if let Some(QueueMember::Remote(target)) = group.members.get(chosen) {
                    push(target.shard, std::slice::from_ref(target), group.queue);
                }
            }
        }
        self.cache.put(recipients);
        feeds
    }

    /// Hands over everything gathered.
    pub(crate) fn send(&mut self, shared: &Shared) {
        self.outgoing.send(shared);
    }
}
