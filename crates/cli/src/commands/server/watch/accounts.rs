//! `nats server watch accounts`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::screen::{Flow, called, each_second, heading, largest, rows};
use super::statistics::read;
use crate::failure::Result;
use crate::format::{commas, since};
use crate::output::terminal::clear_screen;
use crate::output::{Json, Table};
use crate::session::Session;

/// Subjects on which servers tell of accounts with connections.
const UPDATES: &str = "$SYS.ACCOUNT.*.SERVER.CONNS";
/// Servers tell of an account every 30 seconds while it has connections: what
/// is older, in nanoseconds, does not count.
const TOO_OLD: i64 = 35_000_000_000;
/// Accounts on servers that are remembered.
const MAX_KNOWN: usize = 1_000_000;
/// Lines of the terminal that are no rows.
const FRAME: usize = 7;
/// What is sorted by: the word of the flag, and what it is called.
const KEYS: [(&str, &str); 7] = [
    ("conns", "Connections"),
    ("subs", "Subscriptions"),
    ("sentb", "Sent Bytes"),
    ("sentm", "Sent Messages"),
    ("recvb", "Received Bytes"),
    ("recvm", "Received Messages"),
    ("slow", "Slow Consumers"),
];

/// What servers said of accounts, by account and server.
type Known = BTreeMap<(String, String), Json>;

/// Shows what accounts do.
pub fn accounts(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let sort = matches.text("sort").unwrap_or_default().to_owned();
    let wanted = matches.int("number");
    rows(wanted, FRAME)?;
    let updates = session.connect()?.subscribe(UPDATES, "")?;
    let mut known = Known::new();
    let mut latest = None;
    each_second(|| {
        let shown = rows(wanted, FRAME)?;
        read(&updates, |message| {
            let Ok(json) = Json::parse(&message.payload) else {
                return;
            };
            let key = (
                json.text("acc").to_owned(),
                json.text("server.id").to_owned(),
            );
            if known.len() < MAX_KNOWN || known.contains_key(&key) {
                known.insert(key, json);
                latest = Some(Timestamp::now());
            }
        })?;
        let mut accounts = totals(&known);
        accounts.sort_by(|a, b| a.compare(b, &sort));
        let table = table(&accounts, shown, &sort, latest);
        clear_screen();
        table.print_tight();
        Ok(())
    })
}

/// The sums of an account over all servers.
#[derive(Clone, Debug, Default)]
struct Account {
    name: String,
    servers: u64,
    connections: i64,
    leafnodes: i64,
    subscriptions: i64,
    slow: i64,
    sent: Flow,
    received: Flow,
}

fn totals(known: &Known) -> Vec<Account> {
    let mut totals: BTreeMap<&str, Account> = BTreeMap::new();
    for ((account, _), json) in known {
        let total = totals.entry(account).or_default();
        if since(json.text("server.time")).is_none_or(|age| age > TOO_OLD) {
            continue;
        }
        total.servers += 1;
        match json.text("name") {
            "" => account.clone_into(&mut total.name),
            name => name.clone_into(&mut total.name),
        }
        total.connections = total.connections.saturating_add(json.int("conns"));
        total.leafnodes = total.leafnodes.saturating_add(json.int("leafnodes"));
        total.subscriptions = total
            .subscriptions
            .saturating_add(json.int("num_subscriptions"));
        total.slow = total.slow.saturating_add(json.int("slow_consumers"));
        total.sent.add(Flow::of(json.at("sent")));
        total.received.add(Flow::of(json.at("received")));
    }
    totals.into_values().collect()
}

impl Account {
    fn compare(&self, other: &Self, sort: &str) -> Ordering {
        let (a, b) = (&self.connections, &other.connections);
        match sort {
            "subs" => largest(self.subscriptions, other.subscriptions, a, b),
            "slow" => largest(self.slow, other.slow, a, b),
            "sentb" => largest(self.sent.bytes, other.sent.bytes, a, b),
            "sentm" => largest(self.sent.messages, other.sent.messages, a, b),
            "recvb" => largest(self.received.bytes, other.received.bytes, a, b),
            "recvm" => largest(self.received.messages, other.received.messages, a, b),
            _ => b.cmp(a),
        }
    }
}

fn table(accounts: &[Account], shown: usize, sort: &str, at: Option<Timestamp>) -> Table {
    let by = called(&KEYS, sort);
    let mut table = Table::new(
        heading("Account", accounts.len(), shown, by, at),
        &[
            "Account",
            "Servers",
            "Connections",
            "Leafnodes",
            "Subscriptions",
            "Slow",
            "Sent",
            "Received",
        ],
    );
    for account in accounts.iter().take(shown) {
        table.row(vec![
            account.name.as_str().into(),
            account.servers.into(),
            commas(account.connections).into(),
            commas(account.leafnodes).into(),
            commas(account.subscriptions).into(),
            commas(account.slow).into(),
            account.sent.text().into(),
            account.received.text().into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_add_up_and_old_news_do_not_count() {
        let now = Timestamp::now();
        let known: Known = [
            ("A", "1", 2, now.to_string()),
            ("A", "2", 1, now.to_string()),
            ("A", "3", 9, "2020-01-01T00:00:00Z".to_owned()),
            ("B", "1", 7, now.to_string()),
        ]
        .into_iter()
        .map(|(account, server, connections, time)| {
            let json = Json::object()
                .with("conns", connections)
                .with("server", Json::object().with("time", time));
            ((account.to_owned(), server.to_owned()), json)
        })
        .collect();
        let mut found = totals(&known);
        assert_eq!(
            (
                found[0].name.as_str(),
                found[0].servers,
                found[0].connections
            ),
            ("A", 2, 3)
        );
        found.sort_by(|a, b| a.compare(b, "conns"));
        assert_eq!(found[0].name, "B");
    }
}
