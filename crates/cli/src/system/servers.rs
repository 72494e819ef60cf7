//! Whom commands ask that also take an archive.

use std::ops::ControlFlow;
use std::time::Duration;

use super::stored::Stored;
use super::{Answer, Expect, System};
use crate::failure::Result;
use crate::output::Json;
use crate::session::Session;

/// Whoever answers questions to servers.
pub trait Asked {
    /// The answers to a question. None at all is an empty list.
    fn ask(&self, subject: &str, body: Option<&Json>, expect: Expect) -> Result<Vec<Answer>>;
}

impl Asked for System {
    fn ask(&self, subject: &str, body: Option<&Json>, expect: Expect) -> Result<Vec<Answer>> {
        System::ask(self, subject, body, expect)
    }
}

impl Asked for Servers {
    fn ask(&self, subject: &str, body: Option<&Json>, expect: Expect) -> Result<Vec<Answer>> {
        Servers::ask(self, subject, body, expect)
    }
}

/// The servers, or what they said once.
#[derive(Debug)]
pub enum Servers {
    /// Over the system account.
    Live(System),
    /// From the archive of `--archive`.
    Stored(Stored),
}

impl Servers {
    /// Those that a command line asks.
    pub fn of(session: &mut Session) -> Result<Self> {
        let matches = &session.matches;
        if matches.declares("archive")
            && let Some(path) = matches.filled("archive")
        {
            return Ok(Self::Stored(Stored::open(path)?));
        }
        Ok(Self::Live(System::of(session)?))
    }

    /// With another time to wait for answers; an archive has them at once.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        match self {
            Self::Live(system) => Self::Live(system.with_timeout(timeout)),
            Self::Stored(stored) => Self::Stored(stored),
        }
    }

    /// The number of servers, as one of them knows it.
    pub fn servers(&self) -> Result<Expect> {
        match self {
            Self::Live(system) => system.servers(),
            Self::Stored(_) => Ok(Expect::Quiet),
        }
    }

    /// The answers to a question. None at all is an empty list.
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

    /// Calls `found` for each answer, until it breaks.
    pub fn each(
        &self,
        subject: &str,
        body: Option<&Json>,
        expect: Expect,
        mut found: impl FnMut(Answer) -> ControlFlow<()>,
    ) -> Result<()> {
        let stored = match self {
            Self::Live(system) => return system.each(subject, body, expect, found),
            Self::Stored(stored) => stored,
        };
        let most = match expect {
            Expect::Count(count) => count,
            Expect::Quiet => usize::MAX,
        };
        for json in stored.answers(subject, body)?.into_iter().take(most) {
            let answer = Answer {
                text: json.compact().into_bytes(),
                json,
                rtt: Duration::ZERO,
            };
            if found(answer).is_break() {
                break;
            }
        }
        Ok(())
    }
}
