//! `nats server watch api requests`: what the JetStream API is asked. Requests
//! of all accounts come to the system account, with a header that tells who
//! asks (jetstream-api.md 19.2).

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use regex::Regex;

use super::screen::each_second;
use super::statistics::read;
use crate::fail;
use crate::failure::Result;
use crate::format::{commas, go_duration};
use crate::live::Window;
use crate::output::terminal::clear_screen;
use crate::output::{Json, Table};
use crate::session::Session;

/// Subjects of requests, as they come to the system account.
const REQUESTS: &str = "$JS.API.>";
/// The header with the client that asks.
const CLIENT: &str = "Nats-Request-Info";
/// Kinds of requests that are counted; of more, the rare half is forgotten.
const MAX_KINDS: usize = 10_000;
/// Names longer than this are shortened.
const LONG: usize = 20;
/// What is left of a long name of an account at its ends, and of a consumer at
/// its start.
const ACCOUNT_ENDS: (usize, usize) = (10, 5);
const CONSUMER_START: usize = 12;
/// Time that events are counted over, if none is given.
const MINUTE: Duration = Duration::from_secs(60);

/// The requests that are counted: their subjects behind the prefix, and their
/// types.
const TYPES: [(&str, &str); 23] = [
    ("CONSUMER.CREATE.*.>", "consumer_create_request"),
    ("CONSUMER.INFO.*.*", "consumer_info_request"),
    (
        "CONSUMER.LEADER.STEPDOWN.*.*",
        "consumer_leader_stepdown_request",
    ),
    ("CONSUMER.LIST.*", "consumer_list_request"),
    ("CONSUMER.MSG.NEXT.*.*", "consumer_getnext_request"),
    ("CONSUMER.NAMES.*", "consumer_names_request"),
    ("CONSUMER.PAUSE.*.*", "consumer_pause_request"),
    ("CONSUMER.RESET.*.*", "consumer_reset_request"),
    ("CONSUMER.UNPIN.*.*", "consumer_unpin_request"),
    ("META.LEADER.STEPDOWN", "meta_leader_stepdown_request"),
    ("SERVER.REMOVE", "meta_server_remove_request"),
    ("STREAM.CREATE.*", "stream_create_request"),
    ("STREAM.INFO.*", "stream_info_request"),
    ("STREAM.LEADER.STEPDOWN.*", "stream_leader_stepdown_request"),
    ("STREAM.LIST", "stream_list_request"),
    ("STREAM.MSG.DELETE.*", "stream_msg_delete_request"),
    ("STREAM.MSG.GET.*", "stream_msg_get_request"),
    ("STREAM.NAMES", "stream_names_request"),
    ("STREAM.PEER.REMOVE.*", "stream_remove_peer_request"),
    ("STREAM.PURGE.*", "stream_purge_request"),
    ("STREAM.RESTORE.*", "stream_restore_request"),
    ("STREAM.SNAPSHOT.*", "stream_snapshot_request"),
    ("STREAM.UPDATE.*", "stream_update_request"),
];

/// What requests are counted by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Kind {
    request: &'static str,
    account: String,
    stream: String,
    consumer: String,
}

impl Kind {
    /// Of a request's subject; nothing if that is not counted.
    fn of(subject: &str, account: &str) -> Option<Self> {
        let rest = subject.strip_prefix("$JS.API.")?;
        let (_, request) = TYPES.iter().find(|(pattern, _)| fits(pattern, rest))?;
        let mut from_end = rest.rsplit('.');
        let mut kind = Self {
            request,
            account: account.to_owned(),
            ..Self::default()
        };
        // Of others, it does not count whom they are about.
        match *request {
            "stream_info_request" => {
                from_end
                    .next()
                    .unwrap_or_default()
                    .clone_into(&mut kind.stream);
            }
            "consumer_info_request" => {
                from_end
                    .next()
                    .unwrap_or_default()
                    .clone_into(&mut kind.consumer);
                from_end
                    .next()
                    .unwrap_or_default()
                    .clone_into(&mut kind.stream);
            }
            _ => {}
        }
        Some(kind)
    }
}

/// Whether a subject without wildcards fits a pattern.
fn fits(pattern: &str, subject: &str) -> bool {
    let mut words = subject.split('.');
    for token in pattern.split('.') {
        match (token, words.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (token, Some(word)) if token == word => {}
            _ => return false,
        }
    }
    words.next().is_none()
}

/// How often something was asked.
struct Count {
    total: u64,
    window: Window,
}

/// How requests are shown.
struct Options {
    account: Option<Regex>,
    most: usize,
    with_consumer: bool,
    compact: bool,
    reverse: bool,
    span: Duration,
}

impl Options {
    /// What a request is about.
    fn asset(&self, kind: &Kind) -> String {
        let consumer = match kind.consumer.as_str() {
            "" => return kind.stream.clone(),
            _ if !self.with_consumer => return kind.stream.clone(),
            long if self.compact && long.chars().count() > LONG => {
                let start: String = long.chars().take(CONSUMER_START).collect();
                format!("{start}...")
            }
            name => name.to_owned(),
        };
        format!("{} > {consumer}", kind.stream)
    }

    fn account(&self, name: &str) -> String {
        let count = name.chars().count();
        if !self.compact || count <= LONG {
            return name.to_owned();
        }
        let (start, end) = ACCOUNT_ENDS;
        let start: String = name.chars().take(start).collect();
        let end: String = name.chars().skip(count - end).collect();
        format!("{start}...{end}")
    }
}

/// Shows what the JetStream API is asked.
pub fn requests(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let account = match matches.filled("account") {
        Some(text) => {
            Some(crate::format::pattern(text).map_err(|why| fail!("invalid account: {why}"))?)
        }
        None => None,
    };
    let options = Options {
        account,
        most: usize::try_from(matches.int("top")).unwrap_or(usize::MAX),
        with_consumer: matches.on("record-consumer"),
        compact: matches.on("compact"),
        reverse: matches.on("reverse"),
        span: matches
            .duration("rate")
            .filter(|span| !span.is_zero())
            .unwrap_or(MINUTE),
    };
    let incoming = session.connect()?.subscribe(REQUESTS, "")?;
    let mut counts = HashMap::new();
    each_second(|| {
        let now = Instant::now();
        read(&incoming, |message| {
            let client = message.header(CLIENT).unwrap_or_default();
            let client = Json::parse(client.as_bytes()).unwrap_or_default();
            add(
                &mut counts,
                &options,
                &message.subject,
                client.text("acc"),
                now,
            );
        })?;
        if counts.is_empty() {
            println!("Waiting for requests...");
            return Ok(());
        }
        let table = table(&mut counts, &options, now);
        clear_screen();
        table.print();
        Ok(())
    })
}

fn add(
    counts: &mut HashMap<Kind, Count>,
    options: &Options,
    subject: &str,
    account: &str,
    now: Instant,
) {
    let Some(kind) = Kind::of(subject, account) else {
        return;
    };
    let is_wanted = |wanted: &Regex| account.is_empty() || wanted.is_match(account);
    if !options.account.as_ref().is_none_or(is_wanted) {
        return;
    }
    if counts.len() >= MAX_KINDS && !counts.contains_key(&kind) {
        let mut totals: Vec<u64> = counts.values().map(|count| count.total).collect();
        totals.sort_unstable();
        let middle = totals.get(totals.len() / 2).copied().unwrap_or(0);
        counts.retain(|_, count| count.total > middle);
    }
    let count = counts.entry(kind).or_insert_with(|| Count {
        total: 0,
        window: Window::new(options.span, now),
    });
    count.total += 1;
    count.window.add(now);
}

fn table(counts: &mut HashMap<Kind, Count>, options: &Options, now: Instant) -> Table {
    let mut rows: Vec<(&Kind, String, u64, u64)> = counts
        .iter_mut()
        .map(|(kind, count)| {
            let recent = count.window.count(now);
            (kind, options.asset(kind), count.total, recent)
        })
        .collect();
    // Those that are asked most now, and of those that are asked as often,
    // those that were.
    let compare = |a: &(&Kind, String, u64, u64), b: &(&Kind, String, u64, u64)| -> Ordering {
        (b.3, b.2, &b.1).cmp(&(a.3, a.2, &a.1))
    };
    rows.sort_by(|a, b| {
        if options.reverse {
            compare(b, a)
        } else {
            compare(a, b)
        }
    });
    let span = i64::try_from(options.span.as_nanos()).unwrap_or(i64::MAX);
    let recent = format!("Event / {}", go_duration(span));
    let mut table = Table::new(
        format!("Top {} JS API activity", commas(options.most as i64)),
        &["Type", "Account", "Count", &recent, "Asset"],
    );
    for (kind, asset, total, recent) in rows.into_iter().take(options.most) {
        table.row(vec![
            kind.request.into(),
            options.account(&kind.account).into(),
            total.into(),
            commas(recent).into(),
            asset.into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(subject: &str) -> Option<[String; 3]> {
        Kind::of(subject, "A").map(|kind| [kind.request.to_owned(), kind.stream, kind.consumer])
    }

    #[test]
    fn a_subject_tells_the_request_and_its_asset() {
        for (subject, expected) in [
            ("$JS.API.STREAM.NAMES", ["stream_names_request", "", ""]),
            ("$JS.API.STREAM.INFO.S", ["stream_info_request", "S", ""]),
            (
                "$JS.API.STREAM.MSG.GET.S",
                ["stream_msg_get_request", "", ""],
            ),
            (
                "$JS.API.CONSUMER.INFO.S.C",
                ["consumer_info_request", "S", "C"],
            ),
            (
                "$JS.API.CONSUMER.CREATE.S.C.a.b",
                ["consumer_create_request", "", ""],
            ),
        ] {
            assert_eq!(kind(subject).unwrap(), expected, "{subject}");
        }
        for subject in [
            "$JS.ACK.S.C",
            "$JS.API.INFO",
            "$JS.API.STREAM.INFO",
            "$JS.API.STREAM.NAMES.S",
        ] {
            assert_eq!(kind(subject), None, "{subject}");
        }
    }

    #[test]
    fn long_names_are_shortened() {
        let options = Options {
            account: None,
            most: 1,
            with_consumer: true,
            compact: true,
            reverse: false,
            span: MINUTE,
        };
        assert_eq!(options.account("ORDERS"), "ORDERS");
        assert_eq!(
            options.account("ACCOUNTAAAAAAAAAAAAAAAAAAAAAAAAEND"),
            "ACCOUNTAAA...AAEND"
        );
        let mut kind = Kind::of("$JS.API.CONSUMER.INFO.S.AAAAAAAAAAAAAAAAAAAAA", "").unwrap();
        assert_eq!(options.asset(&kind), "S > AAAAAAAAAAAA...");
        kind.consumer = "C".to_owned();
        assert_eq!(options.asset(&kind), "S > C");
    }
}
