//! A connection: what commands call.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::dial::{Dialled, dial, log_in};
use super::inbox::unique_id;
use super::reader::{read_loop, reconnect};
use super::shared::{Shared, State, lock, read_beside};
use super::subscription::{Entry, Handler, Queue};
use super::{
    ClientError, Endpoint, Event, Headers, Message, MessageRef, Options, ServerInfo, Subscription,
    TlsDetails,
};

/// Output that is gathered before it is written, when the caller publishes
/// many messages: large enough that a system call costs little per message.
const WRITE_AT: usize = 64 * 1024;

/// A connection. Clones are the same connection.
#[derive(Clone, Debug)]
pub struct Connection {
    shared: Arc<Shared>,
}

/// Messages and bytes of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Messages received.
    pub messages_in: u64,
    /// Messages sent.
    pub messages_out: u64,
    /// Payload bytes received.
    pub bytes_in: u64,
    /// Payload bytes sent.
    pub bytes_out: u64,
}

/// Time for a flush when the one that is given is none, as other clients have
/// it.
const FLUSH_PATIENCE: Duration = Duration::from_secs(10);

impl Connection {
    /// Connects to the first of the servers that accepts.
    pub fn connect(options: Options) -> Result<Self, ClientError> {
        let mut last = ClientError::NoServers;
        for endpoint in options.servers.clone() {
            match dial(&endpoint, &options) {
                Ok(dialled) => return Self::start(options, &endpoint, dialled),
                Err(ClientError::NoServers) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Connects to a server within this time.
    pub fn connect_within(
        options: Options,
        endpoint: &Endpoint,
        patience: Duration,
    ) -> Result<Self, ClientError> {
        let hurried = Options {
            dial_timeout: patience,
            ..options.clone()
        };
        let dialled = dial(endpoint, &hurried)?;
        Self::start(options, endpoint, dialled)
    }

    /// Connects to one address of a server.
    pub fn connect_to(
        options: Options,
        endpoint: &Endpoint,
        address: SocketAddr,
    ) -> Result<Self, ClientError> {
        let socket = match &options.proxy {
            Some(proxy) => {
                let host = address.ip().to_string();
                proxy.connect(&host, address.port(), options.dial_timeout)?
            }
            None => super::dial::connect_address(address, options.dial_timeout)?,
        };
        let dialled = log_in(socket, endpoint, &options)?;
        Self::start(options, endpoint, dialled)
    }

    /// A connection that has to be made anew before anything goes over it.
    pub fn broken(options: Options) -> Result<Self, ClientError> {
        let shared = Arc::new(Shared::new(options, None, State::default()));
        read_beside(&shared, move |shared| {
            if let Some((link, rest)) = reconnect(shared) {
                read_loop(shared, link, rest);
            }
        })?;
        Ok(Self { shared })
    }

    fn start(options: Options, endpoint: &Endpoint, dialled: Dialled) -> Result<Self, ClientError> {
        let Dialled { link, info, rest } = dialled;
        let peer = link.peer;
        let link = Arc::new(link);
        let state = State {
            info,
            endpoint: Some(endpoint.clone()),
            ..State::default()
        };
        let shared = Arc::new(Shared::new(options, Some(Arc::clone(&link)), state));
        read_beside(&shared, move |shared| read_loop(shared, link, rest))?;
        shared.event(&Event::Connected(endpoint.to_string(), peer.to_string()));
        Ok(Self { shared })
    }

    /// What the server says about itself.
    pub fn info(&self) -> ServerInfo {
        lock(&self.shared.state).info.clone()
    }

    /// Whether JetStream of the server has an API level, and which.
    pub fn api_level(&self) -> i64 {
        lock(&self.shared.state).info.api_lvl
    }

    /// URL of the server in use.
    pub fn url(&self) -> String {
        let state = lock(&self.shared.state);
        state
            .endpoint
            .as_ref()
            .map_or_else(String::new, Endpoint::to_string)
    }

    /// Address of the server in use.
    pub fn address(&self) -> String {
        lock(&self.shared.output)
            .link
            .as_ref()
            .map(|link| link.peer.to_string())
            .unwrap_or_default()
    }

    /// What is known about the encryption, if there is one.
    pub fn tls(&self) -> Option<TlsDetails> {
        lock(&self.shared.output)
            .link
            .as_ref()
            .and_then(|link| link.tls().cloned())
    }

    /// Messages and bytes so far.
    pub fn stats(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            messages_in: read(&self.shared.messages_in),
            messages_out: read(&self.shared.messages_out),
            bytes_in: read(&self.shared.bytes_in),
            bytes_out: read(&self.shared.bytes_out),
        }
    }

    /// The last error that the server reported, once.
    pub fn take_error(&self) -> Option<ClientError> {
        lock(&self.shared.state).last_error.take()
    }

    /// A subject that nobody else uses.
    pub fn new_inbox(&self) -> String {
        format!("{}.{}", self.shared.options.inbox_prefix, unique_id())
    }

    /// Prefix of inboxes, without a dot at its end.
    pub fn inbox_prefix(&self) -> &str {
        &self.shared.options.inbox_prefix
    }

    /// Publishes at once.
    pub fn publish(
        &self,
        subject: &str,
        reply: &str,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<(), ClientError> {
        self.put(subject, reply, headers, payload, 0)
    }

    /// Publishes with the next write: at [`Connection::flush`], or when enough
    /// has been gathered.
    pub fn publish_later(
        &self,
        subject: &str,
        reply: &str,
        headers: Option<&Headers>,
        payload: &[u8],
    ) -> Result<(), ClientError> {
        self.put(subject, reply, headers, payload, WRITE_AT)
    }

    /// Writes operations that the caller has put together, behind what has been
    /// gathered.
    pub fn write_operations(&self, bytes: &[u8]) -> Result<(), ClientError> {
        if lock(&self.shared.state).closed {
            return Err(ClientError::Closed);
        }
        let mut output = lock(&self.shared.output);
        match &output.link {
            // Without a copy, if nothing is before it.
            Some(link) if output.buffer.is_empty() => {
                if link.write_all(bytes).is_err() {
                    link.shut_down();
                }
                Ok(())
            }
            _ => {
                output.buffer.extend_from_slice(bytes);
                self.shared.write_out(&mut output)
            }
        }
    }

    fn put(
        &self,
        subject: &str,
        reply: &str,
        headers: Option<&Headers>,
        payload: &[u8],
        write_at: usize,
    ) -> Result<(), ClientError> {
        if subject.is_empty()
            || subject.contains([' ', '\t', '\r', '\n'])
            || reply.contains([' ', '\t', '\r', '\n'])
        {
            return Err(ClientError::BadSubject);
        }
        let limit = {
            let state = lock(&self.shared.state);
            if state.closed {
                return Err(ClientError::Closed);
            }
            usize::try_from(state.info.max_payload).unwrap_or(usize::MAX)
        };
        let mut block = Vec::new();
        if let Some(headers) = headers.filter(|headers| !headers.is_empty()) {
            headers.encode(&mut block);
        }
        let total = block.len() + payload.len();
        if limit > 0 && total > limit {
            return Err(ClientError::MaxPayload);
        }
        let mut output = lock(&self.shared.output);
        output.check_room(total)?;
        let buffer = &mut output.buffer;
        buffer.extend_from_slice(if block.is_empty() { b"PUB " } else { b"HPUB " });
        buffer.extend_from_slice(subject.as_bytes());
        buffer.push(b' ');
        if !reply.is_empty() {
            buffer.extend_from_slice(reply.as_bytes());
            buffer.push(b' ');
        }
        if !block.is_empty() {
            buffer.extend_from_slice(format!("{} ", block.len()).as_bytes());
        }
        buffer.extend_from_slice(format!("{total}\r\n").as_bytes());
        buffer.extend_from_slice(&block);
        buffer.extend_from_slice(payload);
        buffer.extend_from_slice(b"\r\n");
        self.shared.messages_out.fetch_add(1, Ordering::Relaxed);
        self.shared
            .bytes_out
            .fetch_add(payload.len() as u64, Ordering::Relaxed);
        if output.buffer.len() >= write_at {
            self.shared.write_out(&mut output)
        } else {
            Ok(())
        }
    }

    /// Writes what has been gathered and waits until the server has read it.
    /// Gives the time that took. Fails if the connection breaks meanwhile, as
    /// nobody knows then what the server has read.
    pub fn flush(&self, patience: Duration) -> Result<Duration, ClientError> {
        let patience = match patience {
            Duration::ZERO => FLUSH_PATIENCE,
            patience => patience,
        };
        let begun = Instant::now();
        let (number, breaks) = {
            let mut output = lock(&self.shared.output);
            output.check_room(0)?;
            let number = {
                let mut state = lock(&self.shared.state);
                if state.closed {
                    return Err(ClientError::Closed);
                }
                state.pings += 1;
                (state.pings, state.breaks)
            };
            output.buffer.extend_from_slice(b"PING\r\n");
            self.shared.write_out(&mut output)?;
            number
        };
        let deadline = begun.checked_add(patience);
        let mut state = lock(&self.shared.state);
        loop {
            // Whatever happened to the connection since.
            if state.answered >= number {
                return Ok(begun.elapsed());
            }
            if state.closed || state.breaks != breaks {
                // The server may have said why.
                return Err(state.last_error.take().unwrap_or(ClientError::Closed));
            }
            let left = match deadline {
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
                None => patience,
            };
            if left.is_zero() {
                return Err(ClientError::Timeout);
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Subscribes; messages wait until they are taken.
    pub fn subscribe(&self, subject: &str, queue: &str) -> Result<Subscription, ClientError> {
        self.subscribe_all(&[subject], queue)
    }

    /// Subscribes to several subjects; messages of all of them wait in one
    /// line.
    pub fn subscribe_all<T: AsRef<str>>(
        &self,
        subjects: &[T],
        queue: &str,
    ) -> Result<Subscription, ClientError> {
        let waiting = Arc::new(Queue::default());
        let mut subscription =
            Subscription::new(Arc::clone(&self.shared), Vec::new(), Arc::clone(&waiting));
        for subject in subjects {
            let handler = Handler::Queue(Arc::clone(&waiting));
            subscription
                .sids
                .push(self.register(subject.as_ref(), queue, handler)?);
        }
        Ok(subscription)
    }

    /// Subscribes; `handler` is called for each message by the reading thread
    /// and must not wait for anything, least of all for answers. Ends with the
    /// connection, or with [`Connection::unsubscribe`].
    pub fn subscribe_with(
        &self,
        subject: &str,
        queue: &str,
        handler: impl FnMut(MessageRef<'_>) + Send + 'static,
    ) -> Result<u64, ClientError> {
        self.register(subject, queue, Handler::Call(Mutex::new(Box::new(handler))))
    }

    /// Ends a subscription made by [`Connection::subscribe_with`].
    pub fn unsubscribe(&self, sid: u64) -> Result<(), ClientError> {
        self.shared.forget(sid);
        self.shared.write_line(&format!("UNSUB {sid}\r\n"))
    }

    fn register(&self, subject: &str, queue: &str, handler: Handler) -> Result<u64, ClientError> {
        let blank = |text: &str| text.contains([' ', '\t', '\r', '\n']);
        let hollow = subject.split('.').any(str::is_empty);
        if hollow || blank(subject) {
            return Err(ClientError::BadSubject);
        }
        if blank(queue) {
            return Err(ClientError::BadQueue);
        }
        let sid = self.shared.next_sid.fetch_add(1, Ordering::Relaxed);
        let entry = Entry {
            subject: subject.to_owned(),
            queue: queue.to_owned(),
            handler,
        };
        lock(&self.shared.subscriptions).insert(sid, Arc::new(entry));
        let space = if queue.is_empty() { "" } else { " " };
        self.shared
            .write_line(&format!("SUB {subject}{space}{queue} {sid}\r\n"))?;
        Ok(sid)
    }

    /// Sends a request and waits for one answer.
    pub fn request(
        &self,
        subject: &str,
        headers: Option<&Headers>,
        payload: &[u8],
        patience: Duration,
    ) -> Result<Message, ClientError> {
        if !self.shared.subscribed_replies.swap(true, Ordering::AcqRel) {
            let shared = Arc::downgrade(&self.shared);
            self.subscribe_with(&format!("{}*", self.shared.replies), "", move |message| {
                if let Some(shared) = shared.upgrade() {
                    shared.reply_arrived(message);
                }
            })?;
        }
        let token = self
            .shared
            .next_token
            .fetch_add(1, Ordering::Relaxed)
            .to_string();
        let (sender, receiver) = sync_channel(1);
        lock(&self.shared.waiting).insert(token.clone(), sender);
        let reply = format!("{}{token}", self.shared.replies);
        let sent = self.publish(subject, &reply, headers, payload);
        let answer = match sent {
            Ok(()) => receiver
                .recv_timeout(patience)
                .map_err(|error| match error {
                    RecvTimeoutError::Timeout => ClientError::Timeout,
                    RecvTimeoutError::Disconnected => ClientError::Closed,
                }),
            Err(error) => Err(error),
        };
        lock(&self.shared.waiting).remove(&token);
        let answer = answer?;
        if answer.is_no_responders() {
            Err(ClientError::NoResponders)
        } else {
            Ok(answer)
        }
    }

    /// Closes the connection for good.
    pub fn close(&self) {
        {
            let mut state = lock(&self.shared.state);
            state.closed = true;
        }
        self.shared.changed.notify_all();
        let mut output = lock(&self.shared.output);
        // Whatever is left goes out if it can.
        let _ = self.shared.write_out(&mut output);
        if let Some(link) = &output.link {
            link.shut_down();
        }
        drop(output);
        lock(&self.shared.waiting).clear();
        for entry in lock(&self.shared.subscriptions).values() {
            if let Handler::Queue(queue) = &entry.handler {
                queue.close();
            }
        }
    }
}
