//! The JetStream API, publish acks and deliveries on a raw connection.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use memchr::{memchr, memchr_iter, memrchr};
use serde_json::Value;

use crate::client::{Client, Stream};
use crate::server::Server;

/// Acks a publisher may have outstanding.
pub const WINDOW: u64 = 1000;

/// It publishes again when this many have come, so that its writes are large.
const REFILL: u64 = WINDOW / 4;

/// Bytes read at a time.
const READ_CHUNK: usize = 256 * 1024;

/// Subject that publishers of this program get their answers on.
pub const INBOX: &str = "_INBOX.bench";

/// Ends publish acks and the payloads of this program, and is nowhere else in
/// what is counted.
const END: u8 = b'}';

/// Longest wait for a state of a stream or consumer.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often is asked for it.
const POLL: Duration = Duration::from_millis(1);

/// Asks the API.
pub struct Control {
    client: Client,
}

impl Control {
    /// With a connection of its own.
    pub fn connect(server: &Server) -> Result<Self> {
        let mut client = Client::connect(server, false)?;
        client.send(b"SUB _INBOX.control 1\r\n")?;
        Ok(Self { client })
    }

    /// The answer of `$JS.API.{subject}`, which may be an error object.
    pub fn ask(&mut self, subject: &str, body: &Value) -> Result<Value> {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let request = format!(
            "PUB $JS.API.{subject} _INBOX.control {}\r\n{body}\r\n",
            body.len()
        );
        self.client.send(request.as_bytes())?;
        let answer = self.answer().with_context(|| subject.to_owned())?;
        serde_json::from_slice(&answer).with_context(|| format!("answer to {subject}"))
    }

    /// The same, where an error will not do.
    pub fn request(&mut self, subject: &str, body: &Value) -> Result<Value> {
        let answer = self.ask(subject, body)?;
        if let Some(error) = answer.get("error") {
            bail!("{subject}: {error}");
        }
        Ok(answer)
    }

    /// Asks until the answer satisfies `ready`.
    pub fn wait(&mut self, subject: &str, ready: impl Fn(&Value) -> bool) -> Result<()> {
        let patience = Instant::now() + PATIENCE;
        loop {
            let answer = self.request(subject, &Value::Null)?;
            if ready(&answer) {
                return Ok(());
            }
            if Instant::now() > patience {
                bail!("{subject} still says {answer}");
            }
            std::thread::sleep(POLL);
        }
    }

    fn answer(&mut self) -> Result<Vec<u8>> {
        loop {
            let line = self.client.read_line()?;
            let size = || -> Result<usize> {
                let last = line.trim_end().rsplit(' ').next().unwrap_or_default();
                Ok(last.parse()?)
            };
            if line.starts_with("MSG ") {
                let mut payload = vec![0; size()? + 2];
                self.client.stream.read_exact(&mut payload)?;
                return Ok(payload);
            } else if line.starts_with("PING") {
                self.client.send(b"PONG\r\n")?;
            } else if line.starts_with("HMSG ") {
                let mut message = vec![0; size()? + 2];
                self.client.stream.read_exact(&mut message)?;
                bail!("{}", String::from_utf8_lossy(&message).trim());
            } else {
                bail!("the server sent {line:?}");
            }
        }
    }
}

/// Prepared messages of the same length, one after the other and over again.
pub struct Feed {
    bytes: Vec<u8>,
    each: usize,
    next: usize,
}

impl Feed {
    /// Publishes with a payload of `size` to all `subjects`, answers to [`INBOX`].
    pub fn new(subjects: impl Iterator<Item = String>, size: usize) -> Result<Self> {
        Self::answered(subjects, INBOX, size)
    }

    /// The same with answers to `inbox`.
    pub fn answered(
        subjects: impl Iterator<Item = String>,
        inbox: &str,
        size: usize,
    ) -> Result<Self> {
        let mut payload = vec![b'x'; size];
        if let Some(last) = payload.last_mut() {
            *last = END;
        }
        let (mut bytes, mut each) = (Vec::new(), 0);
        for subject in subjects {
            let before = bytes.len();
            bytes.extend_from_slice(format!("PUB {subject} {inbox} {size}\r\n").as_bytes());
            bytes.extend_from_slice(&payload);
            bytes.extend_from_slice(b"\r\n");
            if before > 0 && bytes.len() - before != each {
                bail!("prepared messages differ in length");
            }
            each = bytes.len() - before;
        }
        Ok(Self {
            bytes,
            each,
            next: 0,
        })
    }

    /// The next messages, at least one and at most `most`.
    pub fn take(&mut self, most: u64) -> (&[u8], u64) {
        if self.next >= self.bytes.len() {
            self.next = 0;
        }
        let left = self.bytes.len() - self.next;
        let length = usize::try_from(most)
            .unwrap_or(left)
            .saturating_mul(self.each)
            .min(left);
        let taken = self.bytes.get(self.next..self.next + length);
        self.next += length;
        (taken.unwrap_or_default(), (length / self.each) as u64)
    }
}

/// When a publisher has done enough.
#[derive(Clone, Copy)]
pub enum Until {
    /// After so many messages.
    Count(u64),
    /// At a point in time.
    Time(Instant),
}

/// A connection that counts what ends with [`END`].
pub struct Counter {
    client: Client,
    buffer: Vec<u8>,
}

impl Counter {
    /// Connects and subscribes to [`INBOX`] with number 1.
    pub fn connect(server: &Server) -> Result<Self> {
        Self::subscribed(server, INBOX)
    }

    /// Connects and subscribes with number 1.
    pub fn subscribed(server: &Server, subject: &str) -> Result<Self> {
        let mut client = Client::connect(server, false)?;
        client.send(format!("SUB {subject} 1\r\n").as_bytes())?;
        client.synchronise()?;
        Ok(Self {
            client,
            buffer: vec![0; READ_CHUNK],
        })
    }

    /// Writes all of `data`.
    pub fn send(&mut self, data: &[u8]) -> Result<()> {
        self.client.send(data)
    }

    /// The connection for a thread of its own that publishes.
    pub fn publisher(&self) -> Result<TcpStream> {
        match &self.client.stream {
            Stream::Plain(stream) => Ok(stream.try_clone()?),
            Stream::Tls(_) => bail!("a session belongs to one thread"),
        }
    }

    /// Waits for more, and says how many ended in it.
    pub fn count(&mut self) -> Result<u64> {
        let length = loop {
            match self.client.stream.read(&mut self.buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => break done?,
            }
        };
        if length == 0 {
            bail!("the server closed the connection");
        }
        let read = self.buffer.get(..length).unwrap_or_default();
        // A server's PING may stay unanswered: turns are short.
        Ok(memchr_iter(END, read).count() as u64)
    }

    /// Publishes with up to [`WINDOW`] acks outstanding; returns how many.
    pub fn publish(&mut self, feed: &mut Feed, until: Until) -> Result<u64> {
        let (mut sent, mut acked) = (0, 0);
        loop {
            let wanted = match until {
                Until::Count(count) => count - sent,
                Until::Time(end) if Instant::now() < end => WINDOW,
                Until::Time(_) => 0,
            };
            let mut room = (acked + WINDOW - sent).min(wanted);
            while room > 0 {
                let (bytes, count) = feed.take(room);
                self.client.send(bytes)?;
                sent += count;
                room -= count;
            }
            if acked == sent {
                return Ok(sent);
            }
            let goal = if wanted == 0 {
                sent
            } else {
                sent.min((sent + REFILL).saturating_sub(WINDOW).max(acked + 1))
            };
            while acked < goal {
                acked += self.count().context("publish acks")?;
            }
            if acked > sent {
                bail!("{acked} acks for {sent} messages: there are errors among them");
            }
        }
    }

    /// Publishes or asks one at a time; returns what each took.
    pub fn one_at_a_time(&mut self, feed: &mut Feed, end: Instant) -> Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        let mut began = Instant::now();
        while began < end {
            let (bytes, _) = feed.take(1);
            self.client.send(bytes)?;
            while self.count().context("answer")? == 0 {}
            let now = Instant::now();
            latencies.push(now - began);
            began = now;
        }
        Ok(latencies)
    }
}

/// What a consumer's client reads.
#[derive(Debug, PartialEq, Eq)]
pub enum Delivery<'a> {
    /// A message, and where its ack goes.
    Message(&'a [u8]),
    /// A status: the end of a request.
    Status,
    /// The server wants a PONG.
    Ping,
}

/// Takes deliveries out of what was read.
pub struct Deliveries {
    buffer: Vec<u8>,
    from: usize,
    to: usize,
}

impl Deliveries {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self {
            buffer: vec![0; READ_CHUNK],
            from: 0,
            to: 0,
        }
    }

    /// Waits for more.
    pub fn read(&mut self, from: &mut impl Read) -> Result<()> {
        self.buffer.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        let space = self.buffer.get_mut(self.to..).unwrap_or_default();
        let length = from.read(space)?;
        if length == 0 {
            bail!("the server closed the connection");
        }
        self.to += length;
        Ok(())
    }

    /// The next one that is complete.
    pub fn next(&mut self) -> Result<Option<Delivery<'_>>> {
        let rest = self.buffer.get(self.from..self.to).unwrap_or_default();
        let Some(end) = memchr(b'\n', rest) else {
            return Ok(None);
        };
        let line = rest.get(..end.saturating_sub(1)).unwrap_or_default();
        if line == b"PING" {
            self.from += end + 1;
            return Ok(Some(Delivery::Ping));
        }
        let (head, size) = split_last(line);
        let size: usize = std::str::from_utf8(size)?
            .parse()
            .with_context(|| format!("the server sent {:?}", String::from_utf8_lossy(line)))?;
        let whole = end + 1 + size + 2;
        if rest.len() < whole {
            return Ok(None);
        }
        self.from += whole;
        Ok(Some(if head.starts_with(b"MSG ") {
            Delivery::Message(split_last(head).1)
        } else {
            Delivery::Status
        }))
    }
}

/// What is before and after the last space.
fn split_last(line: &[u8]) -> (&[u8], &[u8]) {
    let at = memrchr(b' ', line).unwrap_or_default();
    let (before, after) = line.split_at(at);
    (before, after.get(1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_starts_over_at_its_end() {
        let mut feed = Feed::new(["a", "b", "c"].map(str::to_owned).into_iter(), 1).unwrap();
        assert_eq!(feed.take(2).1, 2);
        assert_eq!(feed.take(2).0, b"PUB c _INBOX.bench 1\r\n}\r\n");
        assert_eq!(feed.take(1).0, b"PUB a _INBOX.bench 1\r\n}\r\n");
    }

    #[test]
    fn deliveries_come_out_of_any_pieces() {
        let mut wire = &b"MSG a.b 1 $JS.ACK.x 3\r\n\r\n}\r\nPING\r\n\
HMSG _INBOX.b 1 28 28\r\nNATS/1.0 404 No Messages\r\n\r\n\r\nMSG a 1 r 0\r\n\r\n"[..];
        let mut deliveries = Deliveries::new();
        let mut seen = Vec::new();
        while !wire.is_empty() {
            let (mut piece, rest) = wire.split_at(wire.len().min(5));
            wire = rest;
            deliveries.read(&mut piece).unwrap();
            while let Some(delivery) = deliveries.next().unwrap() {
                seen.push(format!("{delivery:?}"));
            }
        }
        let expected = [
            Delivery::Message(b"$JS.ACK.x"),
            Delivery::Ping,
            Delivery::Status,
            Delivery::Message(b"r"),
        ];
        assert_eq!(seen, expected.map(|delivery| format!("{delivery:?}")));
    }
}
