//! What callers and the reading thread of a connection share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::inbox::unique_id;
use super::link::Link;
use super::subscription::Entry;
use super::{ClientError, Endpoint, Event, Message, MessageRef, Options, ServerInfo};

/// Output that is kept while the connection is being made anew.
const MAX_PENDING: usize = 8 << 20;

/// What callers and the reading thread share.
#[derive(Debug)]
pub struct Shared {
    pub(super) options: Options,
    pub(super) output: Mutex<Output>,
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
    pub(super) subscriptions: Mutex<HashMap<u64, Arc<Entry>>>,
    pub(super) waiting: Mutex<HashMap<String, SyncSender<Message>>>,
    pub(super) messages_in: AtomicU64,
    pub(super) bytes_in: AtomicU64,
    pub(super) messages_out: AtomicU64,
    pub(super) bytes_out: AtomicU64,
    pub(super) next_sid: AtomicU64,
    pub(super) next_token: AtomicU64,
    /// Prefix of the replies to this connection's requests.
    pub(super) replies: String,
    pub(super) subscribed_replies: AtomicBool,
}

/// What goes out.
#[derive(Debug, Default)]
pub struct Output {
    pub(super) link: Option<Arc<Link>>,
    pub(super) buffer: Vec<u8>,
}

impl Output {
    /// Fails if there is no room for so many bytes until there is a link.
    pub(super) fn check_room(&self, more: usize) -> Result<(), ClientError> {
        if self.link.is_none() && self.buffer.len().saturating_add(more) > MAX_PENDING {
            return Err(ClientError::Other(
                "nats: outbound buffer limit exceeded".to_owned(),
            ));
        }
        Ok(())
    }
}

/// How things are.
#[derive(Debug, Default)]
pub struct State {
    pub(super) info: ServerInfo,
    /// The server in use.
    pub(super) endpoint: Option<Endpoint>,
    pub(super) pings: u64,
    pub(super) pongs: u64,
    /// PINGs up to this one were answered; those of a connection that broke
    /// before only count as done with.
    pub(super) answered: u64,
    /// How often the connection broke.
    pub(super) breaks: u64,
    pub(super) last_error: Option<ClientError>,
    pub(super) closed: bool,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(options: Options, link: Option<Arc<Link>>, state: State) -> Self {
        Self {
            replies: format!("{}.{}.", options.inbox_prefix, unique_id()),
            output: Mutex::new(Output {
                link,
                buffer: Vec::new(),
            }),
            state: Mutex::new(state),
            changed: Condvar::new(),
            subscriptions: Mutex::new(HashMap::new()),
            waiting: Mutex::new(HashMap::new()),
            messages_in: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            messages_out: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            next_sid: AtomicU64::new(1),
            next_token: AtomicU64::new(1),
            subscribed_replies: AtomicBool::new(false),
            options,
        }
    }

    pub(super) fn event(&self, event: &Event) {
        (self.options.events)(event);
    }

    /// Writes what is in the buffer. While there is no link it stays there.
    pub(super) fn write_out(&self, output: &mut Output) -> Result<(), ClientError> {
        let Some(link) = &output.link else {
            return Ok(());
        };
        match link.write_all(&output.buffer) {
            Ok(()) => output.buffer.clear(),
            Err(_) => {
                // The reading thread notices, and makes a new connection. What
                // was on its way is lost, as with any connection that breaks.
                link.shut_down();
                output.buffer.clear();
            }
        }
        Ok(())
    }

    pub(super) fn write_line(&self, line: &str) -> Result<(), ClientError> {
        if lock(&self.state).closed {
            return Err(ClientError::Closed);
        }
        let mut output = lock(&self.output);
        output.check_room(line.len())?;
        output.buffer.extend_from_slice(line.as_bytes());
        self.write_out(&mut output)
    }

    /// Asks for a sign of life, without waiting for it.
    pub(super) fn ping(&self) -> Result<(), ClientError> {
        let mut output = lock(&self.output);
        lock(&self.state).pings += 1;
        output.buffer.extend_from_slice(b"PING\r\n");
        self.write_out(&mut output)
    }

    /// Nobody who waits for an answer gets one.
    pub(super) fn end_waiting(&self) {
        lock(&self.waiting).clear();
    }

    pub(super) fn forget(&self, sid: u64) {
        lock(&self.subscriptions).remove(&sid);
    }

    pub(super) fn reply_arrived(&self, message: MessageRef<'_>) {
        let subject = String::from_utf8_lossy(message.subject);
        let Some(token) = subject.get(self.replies.len()..) else {
            return;
        };
        let waiting = lock(&self.waiting).remove(token);
        if let Some(waiting) = waiting {
            // Nobody waits any more if that fails.
            let _ = waiting.try_send(message.to_message());
        }
    }
}

/// Does this on the thread that reads.
pub(super) fn read_beside(
    shared: &Arc<Shared>,
    read: impl FnOnce(&Shared) + Send + 'static,
) -> Result<(), ClientError> {
    let shared = Arc::clone(shared);
    thread::Builder::new()
        .name("nats-reader".to_owned())
        .spawn(move || read(&shared))
        .map(drop)
        .map_err(|error| ClientError::Other(crate::format::io_error(&error)))
}
