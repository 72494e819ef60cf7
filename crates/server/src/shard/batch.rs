//! Messages from shard to shard.
//!
//! While a chunk of input is processed, messages for subscriptions on another
//! shard are gathered in one [`Batch`], each message once with the list of its
//! targets; the batch is handed over at the end of the chunk.

use midge_wire::message::push_head;

use super::Shard;
use super::deliver::Message;
use super::mailbox::{Batch, BatchMessage, BatchTarget, Mail};
use super::match_cache::{LocalTarget, Recipients, RemoteTarget};
use super::publish::NO_PUBLISHER;

/// Batches larger than this are handed over before the chunk is done.
const HAND_OVER_AT: usize = 512 * 1024;

/// Batches that have grown beyond this many bytes are not kept for reuse, so
/// that memory shrinks after a burst.
const MAX_KEPT_BATCH: usize = 1024 * 1024;

impl Shard {
    /// Adds a message for plain subscriptions on other shards; `targets` are
    /// sorted by shard.
    pub(super) fn batch_plain(
        &mut self,
        slot: u32,
        account: u32,
        message: &Message<'_>,
        targets: &[RemoteTarget],
    ) {
        for group in targets.chunk_by(|a, b| a.shard == b.shard) {
            let Some(first) = group.first() else { continue };
            let list = group.iter().map(|target| BatchTarget {
                subscription: target.subscription,
                generation: target.generation,
                queue: 0,
            });
            self.batch(slot, account, message, first.shard, list);
        }
    }

    /// Adds a message for the chosen member of a queue group.
    pub(super) fn batch_queued(
        &mut self,
        slot: u32,
        account: u32,
        message: &Message<'_>,
        target: &RemoteTarget,
        queue: u32,
    ) {
        let chosen = BatchTarget {
            subscription: target.subscription,
            generation: target.generation,
            queue,
        };
        self.batch(
            slot,
            account,
            message,
            target.shard,
            std::iter::once(chosen),
        );
    }

    fn batch(
        &mut self,
        slot: u32,
        account: u32,
        message: &Message<'_>,
        shard: u16,
        targets: impl Iterator<Item = BatchTarget>,
    ) {
        let producer = (
            slot,
            self.connections.get(slot as usize).map_or(0, |c| c.cid),
        );
        let from = self.id;
        let Some(place) = self.outgoing.get_mut(usize::from(shard)) else {
            return;
        };
        let batch = place.get_or_insert_with(|| {
            let mut batch = self.shared.batches.pop().unwrap_or_default();
            batch.from = from;
            batch
        });
        let start = batch.bytes.len() as u32;
        batch.bytes.extend_from_slice(message.subject);
        batch.bytes.extend_from_slice(message.reply);
        batch.bytes.extend_from_slice(message.header_digits);
        batch.bytes.extend_from_slice(message.size_digits);
        batch.bytes.extend_from_slice(message.body);
        batch.bytes.extend_from_slice(b"\r\n");
        batch.targets.extend(targets);
        batch.messages.push(BatchMessage {
            account,
            start,
            subject_len: message.subject.len() as u32,
            reply_len: message.reply.len() as u32,
            header_digits: message.header_digits.len() as u8,
            size_digits: message.size_digits.len() as u8,
            header_len: message.header_len as u32,
            body_len: message.body.len() as u32,
            targets_end: batch.targets.len() as u32,
            producer,
        });
        if batch.bytes.len() > HAND_OVER_AT
            && let Some(batch) = place.take()
        {
            self.hand_over(shard, batch);
        }
    }

    /// Hands over everything gathered.
    pub(super) fn send_batches(&mut self) {
        for shard in 0..self.outgoing.len() {
            if let Some(batch) = self.outgoing.get_mut(shard).and_then(Option::take) {
                self.hand_over(shard as u16, batch);
            }
        }
    }

    fn hand_over(&self, shard: u16, batch: Box<Batch>) {
        if let Some(handle) = self.shared.shard(shard) {
            handle.mailbox.send(Mail::Batch(batch));
        }
    }

    /// Whether another shard has so many of our messages waiting that reading
    /// on would only pile up more.
    pub(super) fn outgoing_is_full(&self) -> bool {
        self.shared
            .all_shards()
            .iter()
            .enumerate()
            .any(|(id, handle)| id != usize::from(self.id) && handle.mailbox.is_full())
    }

    /// Delivers a batch of another shard.
    pub(super) fn on_batch(&mut self, mut batch: Box<Batch>) {
        self.chunk += 1;
        let mut recipients = Recipients::default();
        let mut first_target = 0;
        let mut behind: Vec<(u32, u64, bool)> = Vec::new();
        for item in &batch.messages {
            let Some(message) = item.message(&batch.bytes) else {
                break;
            };
            self.account(item.account);
            let targets = batch.targets.get(first_target..item.targets_end as usize);
            first_target = item.targets_end as usize;
            for target in targets.unwrap_or_default() {
                self.deliver_batched(item, &message, target, &mut recipients, &mut behind);
            }
        }
        self.settle(&batch.bytes);
        if let Some(handle) = self.shared.shard(batch.from) {
            for (slot, cid, stalls) in behind {
                handle.mailbox.send(Mail::Pause { slot, cid, stalls });
            }
        }
        if batch.bytes.capacity() > MAX_KEPT_BATCH {
            return;
        }
        batch.clear();
        // A full pool just frees it.
        let _ = self.shared.batches.push(batch);
    }

    fn deliver_batched(
        &mut self,
        item: &BatchMessage,
        message: &Message<'_>,
        target: &BatchTarget,
        recipients: &mut Recipients,
        behind: &mut Vec<(u32, u64, bool)>,
    ) {
        let subscription = self
            .subscriptions
            .get_generation(target.subscription, target.generation);
        let taken = match subscription {
            Some(subscription) => {
                let connection = subscription.connection;
                recipients.heads.clear();
                push_head(
                    &mut recipients.heads,
                    message.subject,
                    subscription.sid.as_bytes(),
                );
                let local = LocalTarget {
                    subscription: target.subscription,
                    connection,
                    head: (0, recipients.heads.len() as u32),
                    class: 0,
                };
                let taken = self.deliver(&local, recipients, message, NO_PUBLISHER);
                let (slot, cid) = item.producer;
                let known = behind
                    .iter()
                    .any(|&(other, id, _)| (other, id) == (slot, cid));
                if self.is_behind(connection) && !known {
                    let stalls = self.count_stall(connection);
                    behind.push((slot, cid, stalls));
                }
                taken
            }
            None => false,
        };
        if !taken && target.queue != 0 {
            self.route_to_group(item.account, target.queue, message, target.subscription);
        }
    }
}

impl BatchMessage {
    /// The message, out of the batch's bytes.
    fn message<'a>(&self, bytes: &'a [u8]) -> Option<Message<'a>> {
        let rest = bytes.get(self.start as usize..)?;
        let (subject, rest) = rest.split_at_checked(self.subject_len as usize)?;
        let (reply, rest) = rest.split_at_checked(self.reply_len as usize)?;
        let (header_digits, rest) = rest.split_at_checked(usize::from(self.header_digits))?;
        let (size_digits, rest) = rest.split_at_checked(usize::from(self.size_digits))?;
        let body = rest.get(..self.body_len as usize)?;
        Some(Message {
            subject,
            reply,
            header_digits,
            size_digits,
            header_len: self.header_len as usize,
            body,
            relay: None,
            input: bytes,
            end: bytes.len() - rest.len() + self.body_len as usize + 2,
        })
    }
}
