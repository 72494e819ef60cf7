//! One question, the answers of many servers.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::unpack::{is_packed, unpack};
use crate::client::{ClientError, Headers, Message, Requester};
use crate::failure::Result;
use crate::format::parse_int;
use crate::output::Json;
use crate::session::Session;
use crate::{bail, log};

/// Without an expected number, answers have come to an end when none came for
/// this long.
const GAP: Duration = Duration::from_millis(300);
/// What is said when nobody listens.
pub const NO_RESPONDERS: &str = "server request failed, ensure the account used has system privileges and appropriate permissions";
/// What is said when nobody answers.
pub const NO_RESULTS: &str = "no results received, ensure the account used has system privileges and appropriate permissions";

/// How many answers to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// So many.
    Count(usize),
    /// Until no more come.
    Quiet,
}

impl Expect {
    /// The number that a command line tells, if it tells one.
    pub fn of_argument(text: Option<&str>) -> Result<Self> {
        let count = text.map_or(Ok(0), parse_int)?;
        Ok(Self::of_count(u64::try_from(count).unwrap_or(0)))
    }

    /// A number; 0 is none.
    pub fn of_count(count: u64) -> Self {
        match usize::try_from(count) {
            Ok(0) | Err(_) => Expect::Quiet,
            Ok(count) => Expect::Count(count),
        }
    }
}

/// An answer of a server.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its text, uncompressed.
    pub text: Vec<u8>,
    /// The text, read.
    pub json: Json,
    /// Time since the question.
    pub rtt: Duration,
}

/// Questions to servers.
#[derive(Clone, Debug)]
pub struct System {
    requester: Requester,
    timeout: Duration,
    trace: bool,
}

impl System {
    /// Over the connection of a run.
    pub fn of(session: &mut Session) -> Result<Self> {
        let matches = &session.matches;
        let has_archive = matches
            .declared_flags()
            .iter()
            .any(|flag| flag.name == "archive");
        if has_archive && matches.filled("archive").is_some() {
            bail!("--archive has nothing that this command asks servers for");
        }
        Ok(Self {
            requester: session.requester()?,
            timeout: session.timeout(),
            trace: session.trace(),
        })
    }

    /// Waits for answers for this long.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The number of servers, as one of them knows it.
    pub fn servers(&self) -> Result<Expect> {
        let answers = self.ask("$SYS.REQ.SERVER.PING", None, Expect::Count(1))?;
        Ok(match answers.first() {
            Some(answer) => match answer.json.int("statsz.active_servers") {
                0 => Expect::Quiet,
                count => Expect::Count(usize::try_from(count).unwrap_or(1)),
            },
            None => Expect::Quiet,
        })
    }

    /// The answers to a question. None at all is an empty list; that nobody
    /// listens is an error.
    pub fn ask(&self, subject: &str, body: Option<&Json>, expect: Expect) -> Result<Vec<Answer>> {
        let mut answers = Vec::new();
        self.each(subject, body, expect, |answer| {
            answers.push(answer);
            ControlFlow::Continue(())
        })?;
        Ok(answers)
    }

    /// The answers of all servers to a question.
    pub fn ask_all(&self, subject: &str, body: &Json) -> Result<Vec<Answer>> {
        let expect = self.servers()?;
        self.ask(subject, Some(body), expect)
    }

    /// The first answer to a question.
    pub fn first(&self, subject: &str, body: Option<&Json>) -> Result<Json> {
        let answers = self.ask(subject, body, Expect::Count(1))?;
        match answers.into_iter().next() {
            Some(answer) => Ok(answer.json),
            None => bail!("{NO_RESULTS}"),
        }
    }

    /// Calls `found` for each answer as it comes, until it breaks.
    pub fn each(
        &self,
        subject: &str,
        body: Option<&Json>,
        expect: Expect,
        mut found: impl FnMut(Answer) -> ControlFlow<()>,
    ) -> Result<()> {
        let body = body.map_or_else(|| "{}".to_owned(), Json::compact);
        self.exchange(subject, &body, expect, |text, rtt| {
            let Ok(json @ Json::Object(_)) = Json::parse(&text) else {
                bail!("an answer on {subject} cannot be read");
            };
            Ok(found(Answer { text, json, rtt }))
        })
    }

    /// Sends any text; calls `found` with the text of each answer, which need
    /// not be JSON, and its time since the question, until it breaks.
    pub fn exchange(
        &self,
        subject: &str,
        body: &str,
        expect: Expect,
        mut found: impl FnMut(Vec<u8>, Duration) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if self.trace {
            log!(">>> {subject}: {body}");
        }
        let mut headers = Headers::new();
        let plain = subject == "$SYS.REQ.SERVER.PING" || subject.starts_with("$SYS.REQ.ACCOUNT.");
        if !plain {
            headers.add("Accept-Encoding", "snappy");
        }
        let begun = Instant::now();
        let mut waiting = self
            .requester
            .ask(subject, Some(&headers), body.as_bytes())?;
        let end = begun + self.timeout;
        let mut deadline = end;
        let mut count = 0;
        loop {
            let message = match waiting.next_before(deadline) {
                Ok(message) => message,
                Err(ClientError::Timeout) => break,
                Err(error) => return Err(error.into()),
            };
            if message.is_no_responders() {
                bail!("{NO_RESPONDERS}");
            }
            let rtt = begun.elapsed();
            let text = self.plain(&message)?;
            count += 1;
            if found(text, rtt)?.is_break() {
                break;
            }
            match expect {
                Expect::Count(wanted) if count >= wanted => break,
                Expect::Count(_) => {}
                Expect::Quiet => deadline = end.min(Instant::now() + GAP),
            }
        }
        if self.trace {
            log!("=== Received {count} responses");
        }
        Ok(())
    }

    fn plain(&self, message: &Message) -> Result<Vec<u8>> {
        if !is_packed(message) {
            self.trace_answer(&message.payload, message.payload.len(), false);
            return Ok(message.payload.clone());
        }
        match unpack(&message.payload) {
            Some(plain) => {
                self.trace_answer(&plain, message.payload.len(), true);
                Ok(plain)
            }
            None => bail!("a compressed answer is damaged"),
        }
    }

    fn trace_answer(&self, plain: &[u8], size: usize, packed: bool) {
        if !self.trace {
            return;
        }
        let text = String::from_utf8_lossy(plain);
        if packed {
            log!("<<< ({size}B -> {}B) {text}", plain.len());
        } else {
            log!("<<< ({size}B) {text}");
        }
    }
}
