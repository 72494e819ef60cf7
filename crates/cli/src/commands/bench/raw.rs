//! A connection without a reading thread: requests and answers in the thread
//! that measures.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::plan::{Content, Plan};
use super::trouble::{Trouble, is_permission};
use crate::client::{
    ClientError, Headers, Op, Options, Parsed, RawLink, parse_operation, unique_id,
};
use crate::failure::Result;
use crate::session::Session;

/// Bytes that are read at a time.
const READ: usize = 64 * 1024;

/// A connection of one thread.
#[derive(Debug)]
pub struct Raw {
    link: RawLink,
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// How long it waits for answers, and how long a read waits just now.
    patience: Duration,
    read_patience: Option<Duration>,
    options: Options,
    /// What it subscribes to when it connects again.
    subscriptions: String,
    /// Messages in and out.
    pub messages: u64,
    /// Answers come to subjects below this one, after [`Raw::open_inbox`].
    pub inbox: String,
    /// One of them.
    pub reply: String,
    is_open: bool,
    trouble: Arc<Trouble>,
}

/// A message that was received.
#[derive(Debug)]
pub struct Answer {
    /// Number of its subscription.
    pub sid: u64,
    /// Where its subjects, headers and payload are in the input.
    subject: std::ops::Range<usize>,
    reply: std::ops::Range<usize>,
    headers: std::ops::Range<usize>,
    payload: std::ops::Range<usize>,
}

impl Raw {
    /// Connects.
    pub fn connect(session: &mut Session, plan: &Plan) -> Result<Self> {
        let patience = session.timeout();
        let options = session.options()?;
        let (link, rest) = RawLink::connect(&options)?;
        link.set_patience(Some(patience))?;
        let end = rest.len();
        let inbox = format!("{}.{}", options.inbox_prefix, unique_id());
        Ok(Self {
            link,
            input: rest,
            start: 0,
            end,
            patience,
            read_patience: Some(patience),
            options,
            subscriptions: String::new(),
            messages: 0,
            reply: format!("{inbox}.1"),
            inbox,
            is_open: false,
            trouble: Arc::clone(&plan.trouble),
        })
    }

    /// Subscribes to the subjects one token below the inbox, once.
    pub fn open_inbox(&mut self) -> std::result::Result<(), ClientError> {
        if std::mem::replace(&mut self.is_open, true) {
            return Ok(());
        }
        self.subscribe(&format!("SUB {}.* 1\r\n", self.inbox))
    }

    /// Writes operations that subscribe, again whenever it connects.
    pub fn subscribe(&mut self, lines: &str) -> std::result::Result<(), ClientError> {
        self.subscriptions.push_str(lines);
        self.write(lines.as_bytes())
    }

    /// Connects again after the connection was lost, which shows as
    /// [`ClientError::Closed`]. What was on its way is lost.
    pub fn revive(&mut self) -> std::result::Result<(), ClientError> {
        loop {
            let (link, rest) = RawLink::connect_again(&self.options);
            link.set_patience(self.read_patience)?;
            self.link = link;
            (self.start, self.end) = (0, rest.len());
            self.input = rest;
            match self.link.write_all(self.subscriptions.as_bytes()) {
                Ok(()) => return Ok(()),
                Err(error) => self.lost(error),
            };
        }
    }

    /// What an error of the link means: but for a timeout the end of the
    /// connection.
    fn lost(&self, error: ClientError) -> ClientError {
        match error {
            ClientError::Other(why) => {
                let why = why.strip_prefix("nats: ").unwrap_or(&why);
                self.trouble.disconnected(why);
                ClientError::Closed
            }
            other => other,
        }
    }

    /// Fails if the server would not take such a message.
    pub fn check(&self, subject: &str, content: &Content) -> std::result::Result<(), ClientError> {
        if subject.is_empty() || subject.contains([' ', '\t', '\r', '\n']) {
            return Err(ClientError::BadSubject);
        }
        let size = header_block(&content.headers).len() + content.payload.len();
        if self.link.max_payload > 0 && size > self.link.max_payload {
            return Err(ClientError::MaxPayload);
        }
        Ok(())
    }

    /// Sends a request and gives the answer. The inbox must be open.
    pub fn ask(&mut self, subject: &str, body: &[u8]) -> std::result::Result<Answer, ClientError> {
        let mut out = Vec::new();
        push_publish(&mut out, subject, &self.reply, &[], body);
        self.exchange(&out)
    }

    /// Writes a request and gives the answer.
    pub fn exchange(&mut self, request: &[u8]) -> std::result::Result<Answer, ClientError> {
        self.messages += 1;
        self.write(request)?;
        self.next()
    }

    /// Waits until the server has handled everything that was written: the last
    /// that is done with a connection.
    pub fn flush(&mut self) -> std::result::Result<(), ClientError> {
        self.write(b"PING\r\n")?;
        self.wait_for_pong()
    }

    /// What to do about an error that the server reports: those about what the
    /// user may not do are no reason to stop.
    fn reported(&self, text: &str) -> std::result::Result<(), ClientError> {
        let error = ClientError::Server(text.to_owned());
        if !is_permission(text) {
            return Err(error);
        }
        self.trouble.reported(&error);
        Ok(())
    }

    /// Writes operations.
    pub fn write(&self, bytes: &[u8]) -> std::result::Result<(), ClientError> {
        self.link.write_all(bytes).map_err(|error| self.lost(error))
    }

    /// Whether another whole message is in the input.
    pub fn next_buffered(&mut self) -> std::result::Result<Option<Answer>, ClientError> {
        loop {
            let rest = self.input.get(self.start..self.end).unwrap_or_default();
            let (op, used) = match parse_operation(rest)? {
                Parsed::Op(op, used) => (op, used),
                Parsed::Incomplete(_) => return Ok(None),
            };
            let base = self.input.as_ptr() as usize;
            let range = |part: &[u8]| {
                let at = (part.as_ptr() as usize).wrapping_sub(base);
                if part.is_empty() {
                    0..0
                } else {
                    at..at + part.len()
                }
            };
            match op {
                Op::Message { sid, message } => {
                    let answer = Answer {
                        sid,
                        subject: range(message.subject),
                        reply: range(message.reply),
                        headers: range(message.headers),
                        payload: range(message.payload),
                    };
                    self.start += used;
                    self.messages += 1;
                    return Ok(Some(answer));
                }
                Op::Ping => self.write(b"PONG\r\n")?,
                Op::Err(text) => self.reported(text)?,
                Op::Pong | Op::Ok | Op::Info(_) => {}
            }
            self.start += used;
        }
    }

    /// Reads once; forgets what has been handled.
    pub fn fill(&mut self) -> std::result::Result<(), ClientError> {
        self.input.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.input.len() < self.end + READ {
            self.input.resize(self.end + READ, 0);
        }
        let count = self
            .link
            .read(self.input.get_mut(self.end..).unwrap_or_default())
            .map_err(|error| self.lost(error))?;
        if count == 0 {
            return Err(self.lost(ClientError::Other("EOF".to_owned())));
        }
        self.end += count;
        Ok(())
    }

    /// Waits until the server has handled what was written before a `PING`.
    /// Messages that arrive before its answer stay.
    pub fn wait_for_pong(&mut self) -> std::result::Result<(), ClientError> {
        let deadline = Instant::now() + self.patience;
        let mut at = self.start;
        loop {
            match parse_operation(self.input.get(at..self.end).unwrap_or_default())? {
                Parsed::Op(Op::Pong, _) => return Ok(()),
                Parsed::Op(Op::Err(text), _) => {
                    self.reported(text)?;
                    return Err(ClientError::Server(text.to_owned()));
                }
                Parsed::Op(_, used) => at += used,
                Parsed::Incomplete(_) if Instant::now() > deadline => {
                    return Err(ClientError::Timeout);
                }
                Parsed::Incomplete(_) => {
                    at -= self.start;
                    self.fill()?;
                }
            }
        }
    }

    /// The next message within the timeout. What it gives is good until the
    /// next call.
    pub fn next(&mut self) -> std::result::Result<Answer, ClientError> {
        if let Some(answer) = self.next_buffered()? {
            return Ok(answer);
        }
        self.next_before(Instant::now() + self.patience)
    }

    /// The next message before a point in time, at the latest a read later.
    pub fn next_before(&mut self, deadline: Instant) -> std::result::Result<Answer, ClientError> {
        loop {
            if let Some(answer) = self.next_buffered()? {
                return Ok(answer);
            }
            if Instant::now() > deadline {
                return Err(ClientError::Timeout);
            }
            self.fill()?;
        }
    }

    /// How long it waits for answers.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Waits for messages without an end.
    pub fn set_patience(
        &mut self,
        patience: Option<Duration>,
    ) -> std::result::Result<(), ClientError> {
        self.read_patience = patience;
        self.link.set_patience(patience)
    }

    /// Payload of an answer.
    pub fn payload(&self, answer: &Answer) -> &[u8] {
        self.input.get(answer.payload.clone()).unwrap_or_default()
    }

    /// Subject of a message.
    pub fn subject(&self, answer: &Answer) -> &[u8] {
        self.input.get(answer.subject.clone()).unwrap_or_default()
    }

    /// Reply subject of a message.
    pub fn reply(&self, answer: &Answer) -> &[u8] {
        self.input.get(answer.reply.clone()).unwrap_or_default()
    }

    /// Header block of a message.
    pub fn headers(&self, answer: &Answer) -> &[u8] {
        self.input.get(answer.headers.clone()).unwrap_or_default()
    }

    /// Whether an answer says that nobody listens.
    pub fn is_no_responders(&self, answer: &Answer) -> bool {
        self.payload(answer).is_empty() && self.headers(answer).starts_with(b"NATS/1.0 503")
    }
}

/// Appends a `PUB` or `HPUB`.
pub fn push_publish(out: &mut Vec<u8>, subject: &str, reply: &str, headers: &[u8], payload: &[u8]) {
    out.extend_from_slice(if headers.is_empty() {
        b"PUB "
    } else {
        b"HPUB "
    });
    out.extend_from_slice(subject.as_bytes());
    out.push(b' ');
    if !reply.is_empty() {
        out.extend_from_slice(reply.as_bytes());
        out.push(b' ');
    }
    if !headers.is_empty() {
        out.extend_from_slice(headers.len().to_string().as_bytes());
        out.push(b' ');
    }
    out.extend_from_slice((headers.len() + payload.len()).to_string().as_bytes());
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

/// The block of headers; empty if there are none.
pub fn header_block(headers: &Headers) -> Vec<u8> {
    let mut block = Vec::new();
    if !headers.is_empty() {
        headers.encode(&mut block);
    }
    block
}
