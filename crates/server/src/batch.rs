//! Batches: messages from thread to thread.
//!
//! While a chunk of input is processed, messages for another thread are
//! gathered in one [`Batch`]: each message once, with the list of its targets
//! there. A destination is a shard, or a JetStream worker.

use crate::server::Shared;
use crate::shard::Message;

/// Batches larger than this are handed over before the chunk is done.
const HAND_OVER_AT: usize = 512 * 1024;

/// Batches that have grown beyond this many bytes are not kept for reuse, so
/// that memory shrinks after a burst.
const MAX_KEPT_BATCH: usize = 1024 * 1024;

/// Number of the first JetStream worker among destinations; lower ones are
/// shards.
pub(crate) const FIRST_WORKER: u16 = 0xf000;

/// The thread that answers requests about JetStream as a whole.
pub(crate) const API_DESTINATION: u16 = 0xfffe;

/// A message of a [`Batch`]: offsets into its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchMessage {
    /// Account of the subscriptions.
    pub(crate) account: u32,
    /// Start of the subject; it is followed by the reply, then the tail.
    pub(crate) start: u32,
    pub(crate) subject_len: u32,
    pub(crate) reply_len: u32,
    pub(crate) header_digits: u8,
    pub(crate) size_digits: u8,
    pub(crate) header_len: u32,
    pub(crate) body_len: u32,
    /// Targets of this message: those up to this index of the batch's list.
    pub(crate) targets_end: u32,
    /// Producer, to be paused when a target is behind.
    pub(crate) producer: (u32, u64),
}

/// A target of a batched message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchTarget {
    pub(crate) subscription: u32,
    pub(crate) generation: u16,
    /// The queue group it was chosen from, 0 for none: if it does not take the
    /// message another member is to be found.
    pub(crate) queue: u32,
    /// Members of the group that have not taken it so far.
    pub(crate) refusals: u8,
    /// The group is all that gets the message: if no member takes it there is
    /// no responder.
    pub(crate) alone: bool,
}

/// Messages from one shard to another, gathered while a chunk of input is
/// processed.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) from: u16,
    pub(crate) bytes: Vec<u8>,
    pub(crate) messages: Vec<BatchMessage>,
    pub(crate) targets: Vec<BatchTarget>,
}

impl Batch {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.messages.clear();
        self.targets.clear();
    }
}

/// A message as it is put into a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchItem<'a> {
    /// Account of the subscriptions.
    pub(crate) account: u32,
    pub(crate) subject: &'a [u8],
    pub(crate) reply: &'a [u8],
    /// Digits of the header size; empty without headers.
    pub(crate) header_digits: &'a [u8],
    /// Digits of the total size.
    pub(crate) size_digits: &'a [u8],
    /// Header block, or empty if it lies in `payload`.
    pub(crate) header: &'a [u8],
    /// Payload, or header block and payload.
    pub(crate) payload: &'a [u8],
    /// Bytes of both that are the header block.
    pub(crate) header_len: usize,
    /// Producer, to be paused when a target is behind.
    pub(crate) producer: (u32, u64),
}

impl Batch {
    /// Adds a message.
    pub(crate) fn push(
        &mut self,
        item: &BatchItem<'_>,
        targets: impl Iterator<Item = BatchTarget>,
    ) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(item.subject);
        self.bytes.extend_from_slice(item.reply);
        self.bytes.extend_from_slice(item.header_digits);
        self.bytes.extend_from_slice(item.size_digits);
        self.bytes.extend_from_slice(item.header);
        self.bytes.extend_from_slice(item.payload);
        self.bytes.extend_from_slice(b"\r\n");
        self.targets.extend(targets);
        self.messages.push(BatchMessage {
            account: item.account,
            start,
            subject_len: item.subject.len() as u32,
            reply_len: item.reply.len() as u32,
            header_digits: item.header_digits.len() as u8,
            size_digits: item.size_digits.len() as u8,
            header_len: item.header_len as u32,
            body_len: (item.header.len() + item.payload.len()) as u32,
            targets_end: self.targets.len() as u32,
            producer: item.producer,
        });
    }

    /// Gives it back for reuse.
    pub(crate) fn recycle(mut self: Box<Self>, shared: &Shared) {
        if self.bytes.capacity() > MAX_KEPT_BATCH {
            return;
        }
        self.clear();
        // A full pool just frees it.
        let _ = shared.batches.push(self);
    }
}

impl BatchMessage {
    /// The message, out of the batch's bytes.
    pub(crate) fn message<'a>(&self, bytes: &'a [u8]) -> Option<Message<'a>> {
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

/// Batches being gathered by one thread, by destination.
#[derive(Default)]
pub(crate) struct Outgoing {
    from: u16,
    shards: Vec<Option<Box<Batch>>>,
    workers: Vec<Option<Box<Batch>>>,
    api: Option<Box<Batch>>,
    /// Something is being gathered.
    any: bool,
}

impl Outgoing {
    /// For the thread numbered `from`.
    pub(crate) fn new(from: u16) -> Self {
        Self {
            from,
            ..Self::default()
        }
    }

    fn place(&mut self, to: u16) -> Option<&mut Option<Box<Batch>>> {
        let (list, index) = match to {
            API_DESTINATION => return Some(&mut self.api),
            FIRST_WORKER.. => (&mut self.workers, usize::from(to - FIRST_WORKER)),
            _ => (&mut self.shards, usize::from(to)),
        };
        if list.len() <= index {
            list.resize_with(index + 1, || None);
        }
        list.get_mut(index)
    }

    /// Adds a message for targets of one destination.
    pub(crate) fn push(
        &mut self,
        shared: &Shared,
        to: u16,
        item: &BatchItem<'_>,
        targets: impl Iterator<Item = BatchTarget>,
    ) {
        self.any = true;
        let from = self.from;
        let Some(place) = self.place(to) else { return };
        let batch = place.get_or_insert_with(|| {
            let mut batch = shared.batches.pop().unwrap_or_default();
            batch.from = from;
            batch
        });
        batch.push(item, targets);
        if batch.bytes.len() > HAND_OVER_AT
            && let Some(batch) = place.take()
        {
            shared.hand_over(to, batch);
        }
    }

    /// Hands over everything gathered.
    #[inline]
    pub(crate) fn send(&mut self, shared: &Shared) {
        if self.any {
            self.send_all(shared);
        }
    }

    fn send_all(&mut self, shared: &Shared) {
        self.any = false;
        let shards = self.shards.iter_mut().zip(0..);
        let workers = self.workers.iter_mut().zip(FIRST_WORKER..);
        let api = std::iter::once((&mut self.api, API_DESTINATION));
        for (place, to) in shards.chain(workers).chain(api) {
            if let Some(batch) = place.take() {
                shared.hand_over(to, batch);
            }
        }
    }
}
