//! What a shard is told by other threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mio::Waker;
use mio::net::TcpStream;
use parking_lot::Mutex;

use crate::batch::Batch;
use crate::runtime::Runtime;

use super::control::{Control, InternalMessage};

/// Bytes of batches on their way to one shard above which senders stop reading
/// from their connections until it has caught up: what is on its way when a
/// target is found to be behind has to fit between the stall gate and
/// `max_pending`.
pub(crate) const MAX_BATCHED_BYTES: usize = 1024 * 1024;

/// A connection that the acceptor hands over.
pub(crate) struct NewConnection {
    pub(crate) socket: TcpStream,
    pub(crate) peer: std::net::SocketAddr,
    pub(crate) cid: u64,
    /// Whether the server was full when it was accepted.
    pub(crate) over_limit: bool,
    /// Whether the TLS rate limit refuses it.
    pub(crate) throttled: bool,
}

/// One thing for a shard to do.
pub(crate) enum Mail {
    /// Take over a socket.
    Accept(Box<NewConnection>),
    /// Deliver messages.
    Batch(Box<Batch>),
    /// A target of a producer on this shard has too much unsent output.
    Pause {
        slot: u32,
        cid: u64,
        /// The target is near `max_pending`.
        stalls: bool,
    },
    /// A message of the server itself, to be published in an account.
    Publish(Box<InternalMessage>),
    /// Settings changed.
    Reload(Arc<Runtime>),
    /// Anything rare.
    Control(Box<Control>),
}

impl Mail {
    /// Bytes of the batch that it is.
    pub(crate) fn batched(&self) -> usize {
        match self {
            Self::Batch(batch) => batch.bytes.len(),
            _ => 0,
        }
    }
}

/// Where other threads leave [`Mail`] for a shard.
pub(crate) struct Mailbox {
    queue: Mutex<Vec<Mail>>,
    /// Something was left since the shard last looked.
    woken: AtomicBool,
    /// The shard sleeps, or is about to, and has to be woken.
    asleep: AtomicBool,
    waker: Waker,
    /// Bytes of batches that were sent and not yet delivered.
    batched: AtomicUsize,
    /// When something will be left, in microseconds after `made`; in the past
    /// if nobody has said so.
    expected: AtomicU64,
    made: Instant,
}

impl Mailbox {
    pub(crate) fn new(waker: Waker) -> Self {
        Self {
            queue: Mutex::new(Vec::new()),
            woken: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            waker,
            batched: AtomicUsize::new(0),
            expected: AtomicU64::new(0),
            made: Instant::now(),
        }
    }

    /// Says that something will be left here at about that time, for which
    /// somebody waits: the shard need not go to sleep until then.
    pub(crate) fn expect(&self, at: Instant) {
        let after = at.saturating_duration_since(self.made);
        self.expected
            .store(after.as_micros() as u64, Ordering::Relaxed);
    }

    /// Whether something is expected after `now`.
    pub(crate) fn expects(&self, now: Instant) -> bool {
        let expected = Duration::from_micros(self.expected.load(Ordering::Relaxed));
        now.saturating_duration_since(self.made) < expected
    }

    /// Leaves `mail` and wakes the shard if it is asleep.
    pub(crate) fn send(&self, mail: Mail) {
        self.batched.fetch_add(mail.batched(), Ordering::Relaxed);
        self.queue.lock().push(mail);
        self.wake();
    }

    /// Makes the shard look around.
    pub(crate) fn wake(&self) {
        // Either this thread sees that the shard sleeps, or the shard sees the
        // mail before it does: all four accesses are in one order.
        self.woken.store(true, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            // Fails only when the descriptor is gone, that is at the very end.
            let _ = self.waker.wake();
        }
    }

    /// The shard is about to sleep; `false` if there is mail.
    pub(crate) fn may_sleep(&self) -> bool {
        self.asleep.store(true, Ordering::SeqCst);
        if self.woken.load(Ordering::SeqCst) {
            self.awake();
            return false;
        }
        true
    }

    /// The shard has slept.
    pub(crate) fn awake(&self) {
        self.asleep.store(false, Ordering::Relaxed);
    }

    /// Number of things that were left and not yet taken.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.lock().len()
    }

    /// Whether senders should hold back.
    pub(crate) fn is_full(&self) -> bool {
        self.batched.load(Ordering::Relaxed) > MAX_BATCHED_BYTES
    }

    /// A batch of so many bytes was delivered.
    pub(crate) fn delivered(&self, bytes: usize) {
        self.batched.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether anything was left since the last look.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    /// Takes everything that was left, in order.
    pub(crate) fn drain(&self, into: &mut Vec<Mail>) {
        if !self.woken.swap(false, Ordering::AcqRel) {
            return;
        }
        self.expected.store(0, Ordering::Relaxed);
        let mut queue = self.queue.lock();
        std::mem::swap(&mut *queue, into);
    }
}
