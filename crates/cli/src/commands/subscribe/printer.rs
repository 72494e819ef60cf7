//! Messages as text.

use std::io::{StdoutLock, Write, stdout};
use std::time::Instant;

use jiff::Timestamp;

use super::dump::{self, Dump};
use crate::client::Message;
use crate::failure::Result;
use crate::format::{go_duration, local_time_of, now_nanos, stamp_micros};
use crate::jetstream::Delivered;
use crate::messages::{body_text, header_lines, translate, with_newline};
use crate::parse::Matches;

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
    fn nanos(&self) -> Option<i64> {
        match self {
            Origin::Core => None,
            Origin::Consumer(delivered) => Some(delivered.nanos),
            Origin::Direct(_, _, nanos) => Some(*nanos),
        }
    }
}

/// Prints messages in the form that was asked for.
#[derive(Debug)]
pub struct Printer {
    raw: bool,
    headers_only: bool,
    subjects_only: bool,
    timestamps: bool,
    deltas: bool,
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
    pub fn new(matches: &Matches) -> Result<Self> {
        Ok(Self {
            raw: matches.on("raw"),
            headers_only: matches.on("headers-only"),
            subjects_only: matches.on("subjects-only"),
            timestamps: matches.on("timestamp"),
            deltas: matches.on("delta-time"),
            translate: matches.filled("translate").map(str::to_owned),
            dump: matches.filled("dump").map(Dump::new).transpose()?,
            begun: Instant::now(),
        })
    }

    /// Whether log lines are in the way.
    pub fn is_quiet(&self) -> bool {
        self.raw || self.dump.is_some()
    }

    /// Prints a message, and the reply to it if there is one.
    pub fn show(
        &mut self,
        number: u64,
        message: &Message,
        origin: &Origin,
        reply: Option<&Message>,
    ) -> Result<()> {
        if let Some(dump) = &mut self.dump {
            let number = match origin {
                Origin::Core => number,
                Origin::Consumer(delivered) => delivered.stream_seq,
                Origin::Direct(_, seq, _) => *seq,
            };
            return dump.write(number, message, reply);
        }
        let mut out = stdout().lock();
        if self.raw {
            for message in std::iter::once(message).chain(reply) {
                let body = self.translated(message, origin)?;
                out.write_all(&with_newline(&body))?;
            }
            out.flush()?;
            return Ok(());
        }
        let head = self.head(number, message, origin);
        writeln!(out, "{head}")?;
        self.rest(&mut out, message, origin)?;
        if let Some(reply) = reply {
            writeln!(out, "[#{number}] Matched reply on {:?}", reply.subject)?;
            self.rest(&mut out, reply, origin)?;
        }
        out.flush()?;
        Ok(())
    }

    fn head(&self, number: u64, message: &Message, origin: &Origin) -> String {
        let mut line = format!("[#{number}]");
        if self.timestamps {
            let nanos = origin.nanos().unwrap_or_else(now_nanos);
            if let Ok(time) = Timestamp::from_nanosecond(nanos.into()) {
                line.push_str(&format!(" @ {}", stamp_micros(time)));
            }
        } else if self.deltas {
            let span = match origin.nanos() {
                Some(nanos) => now_nanos().saturating_sub(nanos),
                None => i64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(i64::MAX),
            };
            line.push_str(&format!(" @ {}", go_duration(span)));
        }
        match origin {
            Origin::Core => {
                line.push_str(&format!(" Received on {:?}", message.subject));
                if !message.reply.is_empty() {
                    line.push_str(&format!(" with reply {:?}", message.reply));
                }
            }
            Origin::Consumer(delivered) => line.push_str(&format!(
                " Received JetStream message: stream: {} seq: {} / pending: {} / subject: {} / time: {}",
                delivered.stream,
                delivered.stream_seq,
                delivered.pending,
                message.subject,
                local(delivered.nanos)
            )),
            Origin::Direct(stream, seq, nanos) => line.push_str(&format!(
                " Received JetStream message (direct): stream: {stream} seq {seq} / subject: {} / time: {}",
                message.subject,
                local(*nanos)
            )),
        }
        line
    }

    fn rest(&self, out: &mut StdoutLock<'_>, message: &Message, origin: &Origin) -> Result<()> {
        if self.subjects_only {
            return Ok(());
        }
        if let Some(headers) = message
            .headers
            .as_ref()
            .filter(|headers| !headers.is_empty())
        {
            writeln!(out, "{}", header_lines(headers))?;
        }
        if self.headers_only {
            return Ok(());
        }
        match self.translated(message, origin) {
            Ok(body) => out.write_all(&body_text(&body))?,
            Err(failure) => {
                writeln!(
                    out,
                    "{:?}\n\nError while translating msg body: {failure}\n",
                    message.text()
                )?;
            }
        }
        Ok(())
    }

    fn translated(&self, message: &Message, origin: &Origin) -> Result<Vec<u8>> {
        let stream = match origin {
            Origin::Core => "",
            Origin::Consumer(delivered) => &delivered.stream,
            Origin::Direct(stream, _, _) => stream,
        };
        match &self.translate {
            Some(command) => translate(command, &message.payload, &message.subject, stream),
            None => Ok(message.payload.clone()),
        }
    }

    /// After the last message.
    pub fn finish(&self) {
        if let Some(dump) = &self.dump {
            dump::finish(dump);
        }
    }
}
