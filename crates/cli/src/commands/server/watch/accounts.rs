//! `nats server watch accounts`.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use super::traffic::{Fleet, Flow, FlowCounter, flows, sum};
use crate::failure::Result;
use crate::format::commas;
use crate::live::{Column, Grid, grids};
use crate::output::Json;
use crate::session::Session;

const COLUMNS: &[Column] = &[
    Column::text("Account"),
    Column::number("Servers"),
    Column::number("Connections"),
    Column::number("Leafnodes"),
    Column::number("Subscriptions"),
    Column::number("Slow"),
    Column::number("Sent"),
    Column::number("Received"),
];

/// Shows all accounts with connections.
pub fn accounts(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let sort = matches.text("sort").unwrap_or_default().to_owned();
    let most = matches.int("number");
    let fleet = Fleet::of(session)?;
    let mut counters = HashMap::new();
    grids(COLUMNS, most, || {
        let answers = fleet.accounts()?;
        let now = Instant::now();
        let mut known = HashMap::new();
        let totals = totals(answers.iter().map(|answer| &answer.json));
        let mut rows: Vec<Account> = totals
            .into_iter()
            .map(|(id, total)| {
                let mut counter: [FlowCounter; 2] = counters.remove(&id).unwrap_or_default();
                let row = total.account(&mut counter, now);
                known.insert(id, counter);
                row
            })
            .collect();
        counters = known;
        rows.sort_by(|a, b| a.compare(b, &sort));
        Ok(grid(&rows, &sort))
    })
}

/// The sums of an account over all servers.
#[derive(Clone, Debug, Default)]
struct Total {
    name: String,
    servers: i64,
    connections: i64,
    leafnodes: i64,
    subscriptions: i64,
    slow: i64,
    /// Messages and bytes.
    sent: (f64, f64),
    received: (f64, f64),
}

/// The sums of all accounts, by their ids.
fn totals<'a>(answers: impl Iterator<Item = &'a Json>) -> BTreeMap<String, Total> {
    let mut totals: BTreeMap<String, Total> = BTreeMap::new();
    for statistics in answers.flat_map(|answer| answer.list("data.account_statz")) {
        let total = totals.entry(statistics.text("acc").to_owned()).or_default();
        statistics.text("name").clone_into(&mut total.name);
        total.servers += 1;
        total.connections += statistics.int("conns");
        total.leafnodes += statistics.int("leafnodes");
        total.subscriptions += statistics.int("num_subscriptions");
        total.slow += statistics.int("slow_consumers");
        for (sum, key) in [(&mut total.sent, "sent"), (&mut total.received, "received")] {
            sum.0 += statistics.at(key).float("msgs");
            sum.1 += statistics.at(key).float("bytes");
        }
    }
    totals
}

/// What is shown of an account.
#[derive(Clone, Debug)]
struct Account {
    total: Total,
    sent: Flow,
    received: Flow,
}

impl Total {
    fn account(self, counters: &mut [FlowCounter; 2], now: Instant) -> Account {
        let [sent, received] = counters;
        Account {
            sent: sent.at(now, self.sent.0, self.sent.1),
            received: received.at(now, self.received.0, self.received.1),
            total: self,
        }
    }
}

impl Account {
    /// The largest first; then by name.
    fn compare(&self, other: &Self, sort: &str) -> Ordering {
        let pair = |a: (f64, f64), b: (f64, f64)| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1));
        match sort {
            "recvb" => pair(self.received.by_bytes(), other.received.by_bytes()),
            "recvm" => pair(self.received.by_messages(), other.received.by_messages()),
            "sentb" => pair(self.sent.by_bytes(), other.sent.by_bytes()),
            "sentm" => pair(self.sent.by_messages(), other.sent.by_messages()),
            "slow" => other.total.slow.cmp(&self.total.slow),
            "subs" => other.total.subscriptions.cmp(&self.total.subscriptions),
            _ => other.total.connections.cmp(&self.total.connections),
        }
        .then_with(|| self.total.name.cmp(&other.total.name))
    }
}

fn grid(accounts: &[Account], sort: &str) -> Grid {
    Grid {
        title: format!("{} accounts by {sort}", accounts.len()),
        rows: accounts
            .iter()
            .map(|account| {
                let total = &account.total;
                vec![
                    total.name.clone(),
                    total.servers.to_string(),
                    commas(total.connections),
                    commas(total.leafnodes),
                    commas(total.subscriptions),
                    commas(total.slow),
                    account.sent.text(),
                    account.received.text(),
                ]
            })
            .collect(),
        footer: vec![
            "Totals".to_owned(),
            String::new(),
            sum(accounts, |account| account.total.connections),
            sum(accounts, |account| account.total.leafnodes),
            sum(accounts, |account| account.total.subscriptions),
            sum(accounts, |account| account.total.slow),
            flows(accounts.iter().map(|account| &account.sent)),
            flows(accounts.iter().map(|account| &account.received)),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_add_up() {
        let answers = [
            r#"{"data":{"account_statz":[{"acc":"A","name":"one","conns":2,"num_subscriptions":3,"sent":{"msgs":4,"bytes":5}},{"acc":"B","name":"two","conns":9}]}}"#,
            r#"{"data":{"account_statz":[{"acc":"A","name":"one","conns":1,"leafnodes":1,"sent":{"msgs":6,"bytes":7}}]}}"#,
        ]
        .map(|text| Json::parse(text.as_bytes()).unwrap());
        let totals = totals(answers.iter());
        let one = &totals["A"];
        assert_eq!(
            (one.servers, one.connections, one.leafnodes, one.sent),
            (2, 3, 1, (10.0, 12.0))
        );
        let mut rows: Vec<Account> = totals
            .into_values()
            .map(|total| total.account(&mut Default::default(), Instant::now()))
            .collect();
        rows.sort_by(|a, b| a.compare(b, "conns"));
        assert_eq!(rows[0].total.name, "two");
        rows.sort_by(|a, b| a.compare(b, "sentb"));
        assert_eq!(rows[0].total.name, "one");
        assert_eq!(grid(&rows, "conns").footer[2], "12");
    }
}
