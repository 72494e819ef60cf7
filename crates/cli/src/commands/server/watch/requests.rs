//! `nats server watch api requests`: what the JetStream API is asked. Requests
//! of all accounts come to the system account, with a header that tells who
//! asks (jetstream-api.md 19.2).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use regex::Regex;

use crate::client::{ClientError, Subscription};
use crate::fail;
use crate::failure::Result;
use crate::format::{commas, human_span};
use crate::live::{Column, Grid, Window, grids};
use crate::output::Json;
use crate::session::Session;
use crate::system::System;

/// Subjects of requests, as they come to the system account.
const REQUESTS: &str = "$JS.API.>";
/// The header with the client that asks.
const CLIENT: &str = "Nats-Request-Info";
/// Kinds of requests that are counted; of more, the rare half is forgotten.
const MAX_KINDS: usize = 10_000;
/// Requests that are read between two pictures, so that a flood of them cannot
/// stop the picture; the queue of the subscription has a limit of its own.
const MAX_READ: usize = 100_000;
/// Names longer than this are shortened to their ends.
const LONG: usize = 22;
/// What is left of a long name at each end.
const END: usize = 10;

const COLUMNS: &[Column] = &[
    Column::text("Type"),
    Column::text("Account"),
    Column::text("Stream"),
    Column::text("Consumer"),
    Column::number("Count"),
    Column::number("Recent"),
];

/// Requests of the API whose names have more than two words, and those with
/// one; all others have two.
const NAMES: &[&str] = &[
    "STREAM.MSG.GET",
    "STREAM.MSG.DELETE",
    "STREAM.LEADER.STEPDOWN",
    "STREAM.PEER.REMOVE",
    "CONSUMER.DURABLE.CREATE",
    "CONSUMER.MSG.NEXT",
    "CONSUMER.LEADER.STEPDOWN",
    "META.LEADER.STEPDOWN",
    "ACCOUNT.STREAM.MOVE",
    "ACCOUNT.STREAM.CANCEL_MOVE",
    "INFO",
];

/// What requests are counted by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Kind {
    request: String,
    account: String,
    stream: String,
    consumer: String,
}

impl Kind {
    /// Of a request's subject; nothing if that is none of the API.
    fn of(subject: &str, account: &str, with_consumer: bool) -> Option<Self> {
        let rest: Vec<&str> = subject.strip_prefix("$JS.API.")?.split('.').collect();
        let is_name = |name: &&str| {
            name.split('.')
                .enumerate()
                .all(|(at, word)| rest.get(at) == Some(&word))
        };
        let words = NAMES
            .iter()
            .find(|name| is_name(name))
            .map_or(2, |name| name.split('.').count());
        let token = |at: usize| rest.get(at).copied().unwrap_or_default().to_owned();
        let request = rest.get(..words.min(rest.len()))?.join(".");
        let consumer = if with_consumer && request.starts_with("CONSUMER.") {
            token(words + 1)
        } else {
            String::new()
        };
        Some(Self {
            request,
            account: account.to_owned(),
            stream: token(words),
            consumer,
        })
    }
}

/// How often something was asked.
struct Count {
    total: u64,
    window: Window,
}

struct Requests {
    incoming: Subscription,
    account: Option<Regex>,
    with_consumer: bool,
    span: Duration,
    counts: HashMap<Kind, Count>,
}

/// Shows what the JetStream API is asked.
pub fn requests(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let account = match matches.filled("account") {
        Some(text) => Some(Regex::new(text).map_err(|error| fail!("invalid account: {error}"))?),
        None => None,
    };
    let most = matches.int("top").max(1);
    let (compact, reverse) = (matches.on("compact"), matches.on("reverse"));
    let with_consumer = matches.on("record-consumer");
    let span = matches.duration("rate").unwrap_or_default();
    if span < Duration::from_secs(1) {
        return Err(fail!("the rate needs at least a second"));
    }
    let system = System::of(session)?;
    // Without its rights there would be nothing to see, for ever.
    system.servers()?;
    let mut requests = Requests {
        incoming: system.connection.subscribe(REQUESTS, "")?,
        account,
        with_consumer,
        span,
        counts: HashMap::new(),
    };
    grids(COLUMNS, most, || {
        requests.read()?;
        Ok(requests.grid(Instant::now(), most, compact, reverse))
    })
}

impl Requests {
    /// Reads what has come.
    fn read(&mut self) -> Result<()> {
        for _ in 0..MAX_READ {
            match self.incoming.next(Duration::ZERO) {
                Ok(message) => {
                    let client = message.header(CLIENT).unwrap_or_default();
                    let client = Json::parse(client.as_bytes()).unwrap_or_default();
                    self.add(&message.subject, client.text("acc"), Instant::now());
                }
                Err(ClientError::Timeout) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn add(&mut self, subject: &str, account: &str, now: Instant) {
        let Some(kind) = Kind::of(subject, account, self.with_consumer) else {
            return;
        };
        if let Some(wanted) = &self.account
            && !wanted.is_match(&kind.account)
        {
            return;
        }
        if self.counts.len() >= MAX_KINDS && !self.counts.contains_key(&kind) {
            let mut totals: Vec<u64> = self.counts.values().map(|count| count.total).collect();
            totals.sort_unstable();
            let middle = totals.get(totals.len() / 2).copied().unwrap_or(0);
            self.counts.retain(|_, count| count.total > middle);
        }
        let count = self.counts.entry(kind).or_insert_with(|| Count {
            total: 0,
            window: Window::new(self.span, now),
        });
        count.total += 1;
        count.window.add(now);
    }

    fn grid(&mut self, now: Instant, most: i64, compact: bool, reverse: bool) -> Grid {
        let mut rows: Vec<(&Kind, u64, u64)> = self
            .counts
            .iter_mut()
            .map(|(kind, count)| (kind, count.total, count.window.count(now)))
            .collect();
        rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        // The top stays the top; it is only shown the other way round.
        rows.truncate(usize::try_from(most).unwrap_or(1));
        if reverse {
            rows.reverse();
        }
        let name = |text: &str| {
            if compact {
                shortened(text)
            } else {
                text.to_owned()
            }
        };
        let lost = match self.incoming.lost() {
            0 => String::new(),
            count => format!("; {} came too fast to be counted", commas(count)),
        };
        Grid {
            title: format!(
                "Top {most} API requests; recent ones are those of the last {}{lost}",
                human_span(self.span)
            ),
            rows: rows
                .into_iter()
                .map(|(kind, total, recent)| {
                    vec![
                        kind.request.clone(),
                        name(&kind.account),
                        name(&kind.stream),
                        name(&kind.consumer),
                        commas(total),
                        commas(recent),
                    ]
                })
                .collect(),
            footer: Vec::new(),
        }
    }
}

/// A long name as its two ends.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= LONG {
        return name.to_owned();
    }
    let start: String = name.chars().take(END).collect();
    let end: String = name.chars().skip(count - END).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(subject: &str, with_consumer: bool) -> Option<[String; 3]> {
        Kind::of(subject, "A", with_consumer).map(|kind| [kind.request, kind.stream, kind.consumer])
    }

    #[test]
    fn a_subject_tells_the_request_and_its_asset() {
        for (subject, expected) in [
            ("$JS.API.INFO", ["INFO", "", ""]),
            ("$JS.API.STREAM.NAMES", ["STREAM.NAMES", "", ""]),
            ("$JS.API.STREAM.INFO.S", ["STREAM.INFO", "S", ""]),
            ("$JS.API.STREAM.MSG.GET.S", ["STREAM.MSG.GET", "S", ""]),
            ("$JS.API.STREAM.INFO.INFO", ["STREAM.INFO", "INFO", ""]),
            ("$JS.API.CONSUMER.INFO.S.C", ["CONSUMER.INFO", "S", "C"]),
            (
                "$JS.API.CONSUMER.CREATE.S.C.a.b",
                ["CONSUMER.CREATE", "S", "C"],
            ),
            (
                "$JS.API.CONSUMER.DURABLE.CREATE.S.C",
                ["CONSUMER.DURABLE.CREATE", "S", "C"],
            ),
        ] {
            assert_eq!(kind(subject, true).unwrap(), expected, "{subject}");
        }
        assert_eq!(
            kind("$JS.API.CONSUMER.INFO.S.C", false).unwrap(),
            ["CONSUMER.INFO", "S", ""]
        );
        assert_eq!(kind("$JS.ACK.S.C", true), None);
    }

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(shortened("ORDERS"), "ORDERS");
        assert_eq!(
            shortened("ACCOUNTAAAAAAAAAAAAAAAAAAAAAAAAEND"),
            "ACCOUNTAAA…AAAAAAAEND"
        );
    }
}
