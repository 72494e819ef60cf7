//! Messages to and from other threads, in batches that are handed over at the
//! end of a chunk.

use midge_wire::message::push_head;

use crate::batch::{Batch, BatchItem, BatchMessage, BatchTarget, FIRST_WORKER};

use super::Shard;
use super::deliver::Message;
use super::mailbox::Mail;
use super::match_cache::{LocalTarget, Recipients, RemoteTarget};
use super::publish::{NO_PUBLISHER, Origin};

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
                refusals: 0,
                alone: false,
            });
            let producer = self.feed(slot, first.shard);
            self.batch(producer, account, message, first.shard, list);
        }
    }

    /// Adds a message for the chosen member of a queue group.
    pub(super) fn batch_queued(
        &mut self,
        from: &Origin,
        account: u32,
        message: &Message<'_>,
        target: &RemoteTarget,
        queue: u32,
    ) {
        let chosen = BatchTarget {
            subscription: target.subscription,
            generation: target.generation,
            queue,
            refusals: from.refusals,
            alone: from.alone,
        };
        let producer = match from.elsewhere {
            Some(producer) => producer,
            None => self.feed(from.slot, target.shard),
        };
        let chosen = std::iter::once(chosen);
        self.batch(producer, account, message, target.shard, chosen);
    }

    /// Notes that a connection of this shard has something for the destination
    /// `to`; returns how others know the connection.
    fn feed(&mut self, slot: u32, to: u16) -> (u32, u64) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return (slot, 0);
        };
        if to >= FIRST_WORKER {
            connection.feeds = Some(to);
        }
        (slot, connection.cid)
    }

    fn batch(
        &mut self,
        producer: (u32, u64),
        account: u32,
        message: &Message<'_>,
        to: u16,
        targets: impl Iterator<Item = BatchTarget>,
    ) {
        let item = BatchItem {
            account,
            subject: message.subject,
            reply: message.reply,
            header_digits: message.header_digits,
            size_digits: message.size_digits,
            header: &[],
            payload: message.body,
            header_len: message.header_len,
            producer,
        };
        self.outgoing.push(&self.shared, to, &item, targets);
    }

    /// Hands over everything gathered.
    #[inline]
    pub(super) fn send_batches(&mut self) {
        self.outgoing.send(&self.shared);
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
    pub(super) fn on_batch(&mut self, batch: Box<Batch>) {
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
        batch.recycle(&self.shared);
    }

    fn deliver_batched(
        &mut self,
        item: &BatchMessage,
        message: &Message<'_>,
        target: &BatchTarget,
        recipients: &mut Recipients,
        behind: &mut Vec<(u32, u64, bool)>,
    ) {
        let (slot, cid) = item.producer;
        // A message that has come back to its publisher's shard.
        let publisher = match self.connection(slot, cid) {
            Some(_) => slot,
            None => NO_PUBLISHER,
        };
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
                let taken = self.deliver(&local, recipients, message, publisher);
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
            let from = Origin {
                slot: publisher,
                elsewhere: Some(item.producer),
                refusals: target.refusals.saturating_add(1),
                alone: target.alone,
            };
            self.route_to_group(&from, item.account, message, target);
        }
    }
}
