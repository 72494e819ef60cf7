//! Subscriptions.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::shared::Shared;
use super::{ClientError, Message, MessageRef};

/// Messages that wait for a slow command; above that they are lost, and the
/// connection reports it. As many as other clients keep.
const MAX_WAITING: usize = 512 * 1024;
/// Bytes that wait, for the same reason.
const MAX_WAITING_BYTES: usize = 256 << 20;

/// What the reading thread calls for a message.
pub type Callback = Box<dyn FnMut(MessageRef<'_>) + Send>;

/// What is done with a message.
pub enum Handler {
    /// It is kept until a command takes it.
    Queue(Arc<Queue>),
    /// This is called by the reading thread, which must not wait for anything.
    Call(Mutex<Callback>),
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Handler::Queue(_) => "Queue",
            Handler::Call(_) => "Call",
        })
    }
}

/// A subscription as the connection knows it.
#[derive(Debug)]
pub struct Entry {
    /// Subject pattern.
    pub subject: String,
    /// Queue group; empty if there is none.
    pub queue: String,
    /// What is done with its messages.
    pub handler: Handler,
}

/// Messages that wait.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Each with what it was counted as.
    messages: VecDeque<(usize, Message)>,
    bytes: usize,
    lost: u64,
    closed: bool,
}

impl Queue {
    /// Adds a message; false if there is no room for it.
    pub fn push(&self, message: MessageRef<'_>) -> bool {
        let size = size_of::<Message>()
            + message.subject.len()
            + message.reply.len()
            + message.headers.len()
            + message.payload.len();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.closed {
            // Nobody takes messages any more, so that none is lost.
            return true;
        }
        if waiting.messages.len() >= MAX_WAITING || waiting.bytes + size > MAX_WAITING_BYTES {
            waiting.lost += 1;
            return false;
        }
        waiting.bytes += size;
        waiting.messages.push_back((size, message.to_message()));
        drop(waiting);
        self.arrived.notify_one();
        true
    }

    /// Nothing will come any more.
    pub fn close(&self) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
        self.arrived.notify_all();
    }

    fn pop(&self, deadline: Option<Instant>) -> Result<Message, ClientError> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some((size, message)) = waiting.messages.pop_front() {
                waiting.bytes = waiting.bytes.saturating_sub(size);
                return Ok(message);
            }
            if waiting.closed {
                return Err(ClientError::Closed);
            }
            waiting = match deadline {
                None => self
                    .arrived
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(ClientError::Timeout);
                    }
                    self.arrived
                        .wait_timeout(waiting, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }
}

/// A subscription whose messages wait to be taken. It ends when it is dropped.
#[derive(Debug)]
pub struct Subscription {
    shared: Arc<Shared>,
    pub(super) sids: Vec<u64>,
    queue: Arc<Queue>,
}

impl Subscription {
    pub(super) fn new(shared: Arc<Shared>, sids: Vec<u64>, queue: Arc<Queue>) -> Self {
        Self {
            shared,
            sids,
            queue,
        }
    }

    /// The next message, however long it takes.
    pub fn wait(&self) -> Result<Message, ClientError> {
        self.queue.pop(None)
    }

    /// The next message within a time.
    pub fn next(&self, patience: Duration) -> Result<Message, ClientError> {
        // A time too far away to be reached is none.
        self.queue.pop(Instant::now().checked_add(patience))
    }

    /// The next message before a point in time.
    pub fn next_before(&self, deadline: Instant) -> Result<Message, ClientError> {
        self.queue.pop(Some(deadline))
    }

    /// Ends the subscription on the server when it has got so many messages.
    pub fn end_after(&self, count: u64) -> Result<(), ClientError> {
        for sid in &self.sids {
            self.shared
                .write_line(&format!("UNSUB {sid} {count}\r\n"))?;
        }
        Ok(())
    }

    /// Messages that were lost because nobody took them.
    pub fn lost(&self) -> u64 {
        self.queue
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .lost
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.queue.close();
        for sid in &self.sids {
            self.shared.forget(*sid);
            // A connection that is gone has no subscriptions to end.
            let _ = self.shared.write_line(&format!("UNSUB {sid}\r\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(payload: &[u8]) -> MessageRef<'_> {
        MessageRef {
            subject: b"s",
            reply: b"",
            headers: b"",
            payload,
        }
    }

    #[test]
    fn what_waits_is_limited_in_bytes() {
        let queue = Queue::default();
        let large = vec![0; MAX_WAITING_BYTES / 2];
        assert!(queue.push(message(&large)));
        assert!(!queue.push(message(&large)), "subjects count too");
        queue.pop(None).unwrap();
        assert!(queue.push(message(&large)));
    }

    #[test]
    fn a_closed_queue_keeps_what_it_has_and_takes_no_more() {
        let queue = Queue::default();
        assert!(queue.push(message(b"a")));
        queue.close();
        assert!(queue.push(message(b"b")));
        assert_eq!(queue.pop(None).unwrap().payload, b"a");
        assert_eq!(queue.pop(None), Err(ClientError::Closed));
    }
}
