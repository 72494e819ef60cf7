//! Requests and their answers.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::client::{ClientError, Connection, Message};
use crate::failure::Result;
use crate::format::go_duration;
use crate::log;
use crate::messages::{Source, expand_message, parse_headers, shown_body};
use crate::output::progress::{Progress, Unit};
use crate::template::MessageScope;

/// Repetitions if the count is no count: as many as the original sends.
const ENDLESS: u64 = 32_767;
/// Repetitions above which a progress bar stands for the log lines.
const LOGGED: u64 = 20;

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
    /// Answers to wait for; 0 for all until the timeout.
    pub replies: i64,
    /// Time to wait for further answers.
    pub gap: Duration,
    /// Time to wait for the first answer.
    pub timeout: Duration,
}

impl Exchange {
    /// Sends requests with bodies from the source, each so often.
    pub fn run(&self, source: &Source, count: i64) -> Result<()> {
        let count = if count < 1 {
            ENDLESS
        } else {
            count.unsigned_abs()
        };
        let shows_bar = count > LOGGED && !self.raw;
        let mut bar = Progress::new(shows_bar, "Requesting", Unit::Count, count);
        let mut bodies = source.open(true)?;
        let logs = !self.raw && !shows_bar;
        let mut is_whole = true;
        while let Some(body) = bodies.take()? {
            match self.send_all(&body, count, logs, &mut bar) {
                Ok(all) => is_whole &= all,
                Err(failure) => {
                    bar.abandon();
                    return Err(failure);
                }
            }
        }
        if is_whole {
            bar.finish();
        } else {
            bar.abandon();
        }
        Ok(())
    }

    /// Gives whether there was somebody to answer.
    fn send_all(&self, body: &[u8], count: u64, logs: bool, bar: &mut Progress) -> Result<bool> {
        for number in 1..=count {
            bar.add(1);
            if !self.send(body, number, logs)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends one request; gives whether somebody is there to answer.
    fn send(&self, body: &[u8], count: u64, logs: bool) -> Result<bool> {
        let scope = MessageScope {
            count,
            request: None,
        };
        let (subject, body) = if self.templates {
            expand_message(&self.subject, body, &scope)
        } else {
            (self.subject.clone(), body.to_vec())
        };
        if logs {
            log!("Sending request on {subject:?}");
        }
        let headers = parse_headers(&self.given_headers, &scope)?;
        let inbox = self.connection.new_inbox();
        let answers = self.connection.subscribe(&inbox, "")?;
        // The answer may be here before publishing comes back.
        let begun = Instant::now();
        self.connection
            .publish(&subject, &inbox, Some(&headers), &body)?;
        let mut deadline = begun + self.timeout;
        let mut spans = Duration::ZERO;
        let mut received: u32 = 0;
        loop {
            let answer = match answers.next_before(deadline) {
                Ok(answer) => answer,
                Err(ClientError::Timeout) => return self.check().map(|()| true),
                Err(error) => return Err(error.into()),
            };
            self.check()?;
            if answer.is_no_responders() {
                log!("No responders are available");
                return Ok(false);
            }
            let span = begun.elapsed();
            self.show(&answer, span, logs)?;
            received += 1;
            spans += span;
            let has_all = self.replies > 0 && i64::from(received) == self.replies;
            if has_all || (self.replies > 0 && answer.payload.is_empty()) {
                return Ok(true);
            }
            if self.replies != 0 {
                deadline = Instant::now() + spans / received + self.gap;
            }
        }
    }

    /// What the server has against the request.
    fn check(&self) -> Result<()> {
        match self.connection.take_error() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    fn show(&self, answer: &Message, span: Duration, logs: bool) -> Result<()> {
        if !self.raw && !logs {
            // The bar stands for everything.
            return Ok(());
        }
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
                for (key, values) in headers.grouped() {
                    for value in values {
                        log!("{key}: {value}");
                    }
                }
                log!("");
            }
        }
        let body = shown_body(
            &answer.payload,
            self.translate.as_deref(),
            &answer.subject,
            true,
        );
        let mut out = std::io::stdout().lock();
        out.write_all(&body)?;
        out.flush()?;
        Ok(())
    }
}
