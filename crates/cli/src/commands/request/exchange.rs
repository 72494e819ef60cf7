//! Requests and their answers.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::client::{ClientError, Connection, Message};
use crate::failure::Result;
use crate::format::go_duration;
use crate::log;
use crate::messages::{Bodies, body_text, expand_body, expand_subject, parse_headers, translate};
use crate::output::progress::{Progress, Unit};
use crate::template::MessageScope;

/// Repetitions if the count is no count: as many as the original sends.
const ENDLESS: u64 = 32_767;
/// Repetitions above which a progress bar stands for the log lines.
const LOGGED: u64 = 20;

/// Which answers are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replies {
    /// So many, or until none comes for a while.
    Count(u64),
    /// All until the timeout.
    UntilTimeout,
    /// All until an empty one.
    UntilEmpty,
}

/// How requests are sent and answers shown.
#[derive(Debug)]
pub struct Exchange {
    /// The connection.
    pub connection: Connection,
    /// Subject of requests.
    pub subject: String,
    /// Headers as `KEY:VALUE`.
    pub given_headers: Vec<String>,
    /// Whether subject and body are templates.
    pub templates: bool,
    /// Whether only bodies are shown.
    pub raw: bool,
    /// Command that answers are piped through.
    pub translate: Option<String>,
    /// Which answers are waited for.
    pub replies: Replies,
    /// Time to wait for further answers.
    pub gap: Duration,
    /// Time to wait for the first answer.
    pub timeout: Duration,
}

impl Exchange {
    /// Sends requests with the body, or what standard input has.
    pub fn run(&self, body: Option<&str>, line_by_line: bool, count: i64) -> Result<()> {
        let count = if count < 1 {
            ENDLESS
        } else {
            count.unsigned_abs()
        };
        let shows_bar = count > LOGGED && !self.raw;
        let mut bodies = Bodies::new(body, line_by_line, !self.raw)?;
        let mut number = 0;
        while let Some(body) = bodies.take()? {
            let mut bar = Progress::new(shows_bar, "Requesting", Unit::Count, count);
            for _ in 0..count {
                number += 1;
                if let Err(failure) = self.send(&body, number, !self.raw && !shows_bar) {
                    bar.abandon();
                    return Err(failure);
                }
                bar.add(1);
            }
            bar.finish();
        }
        Ok(())
    }

    fn send(&self, body: &[u8], count: u64, logs: bool) -> Result<()> {
        let scope = MessageScope {
            count,
            request: None,
        };
        let headers = parse_headers(&self.given_headers, &scope)?;
        let (subject, body) = if self.templates {
            (
                expand_subject(&self.subject, &scope),
                expand_body(body, &scope),
            )
        } else {
            (self.subject.clone(), body.to_vec())
        };
        if logs {
            log!("Sending request on {subject:?}");
        }
        let inbox = self.connection.new_inbox();
        let answers = self.connection.subscribe(&inbox, "")?;
        let begun = Instant::now();
        self.connection
            .publish(&subject, &inbox, Some(&headers), &body)?;
        let end = begun + self.timeout;
        let mut spans = Duration::ZERO;
        let mut received: u32 = 0;
        loop {
            let deadline = match (self.replies, received) {
                (Replies::Count(_), 1..) => {
                    let gap = Instant::now() + spans / received + self.gap;
                    gap.min(end.max(Instant::now()))
                }
                _ => end,
            };
            let answer = match answers.next_before(deadline) {
                Ok(answer) => answer,
                Err(ClientError::Timeout) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            if let Some(error) = self.connection.take_error() {
                return Err(error.into());
            }
            if answer.is_no_responders() {
                log!("No responders are available");
                return Ok(());
            }
            let ends = match self.replies {
                Replies::Count(wanted) => {
                    u64::from(received) + 1 >= wanted || (wanted > 1 && answer.payload.is_empty())
                }
                Replies::UntilTimeout => false,
                Replies::UntilEmpty => answer.payload.is_empty(),
            };
            spans += begun.elapsed();
            received += 1;
            self.show(&answer, begun.elapsed(), logs)?;
            if ends {
                return Ok(());
            }
        }
    }

    fn show(&self, answer: &Message, span: Duration, logs: bool) -> Result<()> {
        if logs {
            log!(
                "Received with rtt {}",
                go_duration(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX))
            );
            if let Some(headers) = answer
                .headers
                .as_ref()
                .filter(|headers| !headers.is_empty())
            {
                for (key, value) in &headers.entries {
                    log!("{key}: {value}");
                }
                log!("");
            }
        }
        let body = match &self.translate {
            Some(command) => translate(command, &answer.payload, &answer.subject, "")?,
            None => answer.payload.clone(),
        };
        let mut out = std::io::stdout().lock();
        out.write_all(&body_text(&body))?;
        out.flush()?;
        Ok(())
    }
}
