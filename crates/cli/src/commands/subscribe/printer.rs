//! Messages as text.

use std::io::{StdoutLock, Write, stdout};
use std::time::Instant;

use jiff::Timestamp;

use super::dump::Dump;
use crate::client::Message;
use crate::failure::Result;
use crate::format::{commas, go_duration, local_time_of, now_nanos, stamp_micros};
use crate::jetstream::Delivered;
use crate::messages::{header_lines, shown_body};
use crate::session::Session;

/// Where a message of a stream comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Core NATS.
    Core,
    /// A consumer.
    Consumer(Delivered),
    /// A direct get: stream, sequence, nanoseconds since 1970.
    Direct(String, u64, i64),
}

impl Origin {
    /// When the message was stored, for what a consumer delivers.
    fn nanos(&self) -> Option<i64> {
        match self {
            Origin::Core | Origin::Direct(..) => None,
            Origin::Consumer(delivered) => Some(delivered.nanos),
        }
    }

    /// The number that names its file.
    fn file_number(&self, message: &Message, count: u64) -> u64 {
        match self {
            Origin::Core => {
                Delivered::parse(&message.reply).map_or(count, |delivered| delivered.stream_seq)
            }
            Origin::Consumer(delivered) => delivered.stream_seq,
            Origin::Direct(_, seq, _) => *seq,
        }
    }
}

/// Which parts of messages are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    /// The first line.
    Subject,
    /// That and headers.
    Headers,
    /// Everything.
    All,
    /// The body alone.
    Body,
}

/// The time behind the number of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    None,
    /// When it came or was stored.
    Time,
    /// How long that is after the start, or ago.
    Delta,
}

/// Prints messages in the form that was asked for.
#[derive(Debug)]
pub struct Printer {
    parts: Parts,
    stamp: Stamp,
    trace: bool,
    translate: Option<String>,
    dump: Option<Dump>,
    begun: Instant,
}

fn local(nanos: i64) -> String {
    Timestamp::from_nanosecond(nanos.into())
        .map(local_time_of)
        .unwrap_or_default()
}

impl Printer {
    /// In the form that the flags ask for.
    pub fn new(session: &Session) -> Result<Self> {
        let m = &session.matches;
        let translate = m.filled("translate").map(str::to_owned);
        Ok(Self {
            parts: if m.on("raw") {
                Parts::Body
            } else if m.on("subjects-only") {
                Parts::Subject
            } else if m.on("headers-only") {
                Parts::Headers
            } else {
                Parts::All
            },
            stamp: if m.on("timestamp") {
                Stamp::Time
            } else if m.on("delta-time") {
                Stamp::Delta
            } else {
                Stamp::None
            },
            trace: session.trace(),
            dump: m
                .filled("dump")
                .map(|target| Dump::new(target, translate.clone()))
                .transpose()?,
            translate,
            begun: Instant::now(),
        })
    }

    /// Whether log lines are in the way.
    pub fn is_quiet(&self) -> bool {
        self.parts == Parts::Body || self.dump.is_some()
    }

    /// Prints a message, and the reply to it if there is one.
    pub fn show(
        &mut self,
        number: u64,
        message: &Message,
        origin: &Origin,
        reply: Option<&Message>,
    ) -> Result<()> {
        let mut out = stdout().lock();
        if self.trace && !message.reply.is_empty() {
            writeln!(out, "<<< Reply Subject: {}", message.reply)?;
        }
        if let Some(dump) = &self.dump {
            let file = origin.file_number(message, number);
            return dump.write(&mut out, number, file, message, reply);
        }
        if self.parts == Parts::Body {
            out.write_all(&self.body(message, "", false))?;
            if let Some(reply) = reply {
                out.write_all(&reply.payload)?;
                out.write_all(b"\n")?;
            }
            out.flush()?;
            return Ok(());
        }
        let stamp = self.stamp(origin);
        writeln!(
            out,
            "[#{number}]{stamp} Received {}",
            summary(message, origin)
        )?;
        self.rest(&mut out, message)?;
        if let Some(reply) = reply {
            writeln!(
                out,
                "[#{number}]{stamp} Matched reply on {:?}",
                reply.subject
            )?;
            self.rest(&mut out, reply)?;
        }
        out.flush()?;
        Ok(())
    }

    fn stamp(&self, origin: &Origin) -> String {
        match self.stamp {
            Stamp::None => String::new(),
            Stamp::Time => {
                let nanos = origin.nanos().unwrap_or_else(now_nanos);
                Timestamp::from_nanosecond(nanos.into())
                    .map(|time| format!(" @ {}", stamp_micros(time)))
                    .unwrap_or_default()
            }
            Stamp::Delta => {
                let span = match origin.nanos() {
                    Some(nanos) => now_nanos().saturating_sub(nanos),
                    None => i64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(i64::MAX),
                };
                format!(" @ {}", go_duration(span))
            }
        }
    }

    fn rest(&self, out: &mut StdoutLock<'_>, message: &Message) -> Result<()> {
        if self.parts == Parts::Subject {
            return Ok(());
        }
        if let Some(headers) = message
            .headers
            .as_ref()
            .filter(|headers| !headers.is_empty())
        {
            writeln!(out, "{}", header_lines(headers))?;
        }
        if self.parts == Parts::All {
            out.write_all(&self.body(message, &message.subject, true))?;
        }
        Ok(())
    }

    fn body(&self, message: &Message, subject: &str, apart: bool) -> Vec<u8> {
        shown_body(&message.payload, self.translate.as_deref(), subject, apart)
    }
}

/// The first line of a message after its number.
fn summary(message: &Message, origin: &Origin) -> String {
    match origin {
        Origin::Core => {
            let mut text = format!("on {:?}", message.subject);
            if !message.reply.is_empty() {
                text.push_str(&format!(" with reply {:?}", message.reply));
            }
            text
        }
        Origin::Consumer(delivered) => format!(
            "JetStream message: stream: {} seq: {} / pending: {} / subject: {} / time: {}",
            delivered.stream,
            commas(delivered.stream_seq),
            commas(delivered.pending),
            message.subject,
            local(delivered.nanos)
        ),
        Origin::Direct(stream, seq, nanos) => format!(
            "JetStream message (direct): stream: {stream} seq {seq} / subject: {} / time: {}",
            message.subject,
            local(*nanos)
        ),
    }
}
