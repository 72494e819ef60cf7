//! Subscriptions of the server itself.
//!
//! They stand in an account's interest table like any other; a message for one
//! is copied and handed to a channel that a control thread reads, so that no
//! shard does their work.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use parking_lot::RwLock;

use midge_subject::SubjectArc;

use crate::account::{Account, INTERNAL_SHARD, Target};
use crate::shard::Message;

/// A message that reached an internal subscription.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Number the subscriber chose.
    pub(crate) kind: InternalKind,
    /// Reply subject; empty for none.
    pub(crate) reply: Vec<u8>,
    /// Payload without headers.
    pub(crate) payload: Vec<u8>,
    /// Account it was published in.
    pub(crate) account: u32,
}

/// What an internal subscription is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InternalKind {
    /// `$SYS.REQ.SERVER.<id>.KICK`.
    Kick,
    /// `$SYS.REQ.SERVER.<id>.LDM`.
    LameDuckNotice,
    /// `$SYS.REQ.SERVER.<id>.RELOAD`.
    Reload,
}

struct Entry {
    kind: InternalKind,
    to: SyncSender<Received>,
}

/// The server's own subscriptions by number.
#[derive(Default)]
pub(crate) struct Internal {
    entries: RwLock<Vec<Entry>>,
}

impl Internal {
    /// Subscribes the server in `account`; messages go to `to`, which drops
    /// them when it is full (its bound is the subscriber's choice).
    pub(crate) fn subscribe(
        &self,
        account: &Arc<Account>,
        subject: &[u8],
        kind: InternalKind,
        to: SyncSender<Received>,
    ) {
        let mut entries = self.entries.write();
        let number = entries.len() as u32;
        entries.push(Entry { kind, to });
        drop(entries);
        let subject = SubjectArc::new(subject);
        let place = (INTERNAL_SHARD, number, 0);
        let queue = account.subscribe(&subject, b"", place, None);
        debug_assert_eq!(
            queue,
            Target {
                subscription: number,
                shard: INTERNAL_SHARD,
                generation: 0,
                queue: 0
            }
            .queue
        );
    }

    /// Hands a message to an internal subscription.
    pub(crate) fn dispatch(&self, number: u32, message: &Message<'_>, account: u32) {
        let entries = self.entries.read();
        let Some(entry) = entries.get(number as usize) else {
            return;
        };
        let received = Received {
            kind: entry.kind,
            reply: message.reply.to_vec(),
            payload: message
                .body
                .get(message.header_len..)
                .unwrap_or_default()
                .to_vec(),
            account,
        };
        // A flood of requests is dropped rather than kept.
        let _ = entry.to.try_send(received);
    }
}
