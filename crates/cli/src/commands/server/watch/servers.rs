//! `nats server watch servers`.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::screen::{Flow, each_second, heading, largest, rows};
use super::statistics::Statistics;
use crate::failure::Result;
use crate::format::{commas, float, human_size};
use crate::output::terminal::clear_screen;
use crate::output::{Json, Table};
use crate::session::Session;

/// Lines of the terminal that are no rows.
const FRAME: usize = 9;
/// What is sorted by: the word of the flag, and what it is called.
const KEYS: [(&str, &str); 12] = [
    ("name", "Server Name"),
    ("conns", "Connections"),
    ("subs", "Subscriptions"),
    ("sentb", "Sent Bytes"),
    ("sentm", "Sent Messages"),
    ("recvb", "Received Bytes"),
    ("recvm", "Received Messages"),
    ("slow", "Slow Consumers"),
    ("route", "Routes"),
    ("gway", "Gateways"),
    ("mem", "Memory"),
    ("cpu", "CPU"),
];

/// Shows what servers do.
pub fn servers(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let sort = matches.text("sort").unwrap_or_default().to_owned();
    let wanted = matches.int("number");
    rows(wanted, FRAME)?;
    let mut statistics = Statistics::of(session)?;
    each_second(|| {
        let shown = rows(wanted, FRAME)?;
        let mut servers: Vec<Server> = statistics.read()?.map(Server::of).collect();
        servers.sort_by(|a, b| a.compare(b, &sort));
        let at = statistics.latest.unwrap_or_else(Timestamp::now);
        let table = table(&servers, shown, &sort, at);
        clear_screen();
        table.print_tight();
        Ok(())
    })
}

/// What is shown of a server.
#[derive(Clone, Debug, Default)]
struct Server {
    name: String,
    connections: i64,
    subscriptions: i64,
    slow: i64,
    memory: u64,
    cpu: f64,
    cores: i64,
    routes: usize,
    gateways: usize,
    sent: Flow,
    received: Flow,
}

impl Server {
    fn of(json: &Json) -> Self {
        let statsz = json.at("statsz");
        Self {
            name: json.text("server.name").to_owned(),
            connections: statsz.int("connections"),
            subscriptions: statsz.int("subscriptions"),
            slow: statsz.int("slow_consumers"),
            memory: statsz.uint("mem"),
            cpu: statsz.float("cpu"),
            cores: statsz.int("cores"),
            routes: statsz.list("routes").len(),
            gateways: statsz.list("gateways").len(),
            sent: Flow::of(statsz.at("sent")),
            received: Flow::of(statsz.at("received")),
        }
    }

    fn compare(&self, other: &Self, sort: &str) -> Ordering {
        let (a, b) = (&self.name, &other.name);
        match sort {
            "name" => a.cmp(b),
            "subs" => largest(self.subscriptions, other.subscriptions, a, b),
            "sentb" => largest(self.sent.bytes, other.sent.bytes, a, b),
            "sentm" => largest(self.sent.messages, other.sent.messages, a, b),
            "recvb" => largest(self.received.bytes, other.received.bytes, a, b),
            "recvm" => largest(self.received.messages, other.received.messages, a, b),
            "slow" => largest(self.slow, other.slow, a, b),
            "route" => largest(self.routes, other.routes, a, b),
            "gway" => largest(self.gateways, other.gateways, a, b),
            "mem" => largest(self.memory, other.memory, a, b),
            "cpu" => largest(self.cpu, other.cpu, a, b),
            _ => largest(self.connections, other.connections, a, b),
        }
    }
}

fn table(servers: &[Server], shown: usize, sort: &str, at: Timestamp) -> Table {
    let by = KEYS.iter().find(|(key, _)| *key == sort);
    let by = by.map_or("", |(_, name)| *name);
    let mut table = Table::new(
        heading("Server", servers.len(), shown, by, Some(at)),
        &[
            "Server",
            "Connections",
            "Subscription",
            "Slow",
            "Memory",
            "CPU",
            "Cores",
            "Routes",
            "Gateways",
            "Sent",
            "Received",
        ],
    );
    let mut total = Server::default();
    for (number, server) in servers.iter().enumerate() {
        total.connections = total.connections.saturating_add(server.connections);
        total.subscriptions = total.subscriptions.saturating_add(server.subscriptions);
        total.slow = total.slow.saturating_add(server.slow);
        total.memory = total.memory.saturating_add(server.memory);
        total.sent.add(server.sent);
        total.received.add(server.received);
        if number < shown {
            table.row(vec![
                server.name.as_str().into(),
                commas(server.connections).into(),
                commas(server.subscriptions).into(),
                commas(server.slow).into(),
                human_size(server.memory).into(),
                float(server.cpu).into(),
                commas(server.cores).into(),
                commas(server.routes as i64).into(),
                commas(server.gateways as i64).into(),
                server.sent.text().into(),
                server.received.text().into(),
            ]);
        }
    }
    table.footer(vec![
        "Totals (All Servers)".into(),
        commas(total.connections).into(),
        commas(total.subscriptions).into(),
        commas(total.slow).into(),
        human_size(total.memory).into(),
        "".into(),
        "".into(),
        "".into(),
        "".into(),
        total.sent.text().into(),
        total.received.text().into(),
    ]);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_sorts_the_largest_first() {
        let parse = |text: &str| Server::of(&Json::parse(text.as_bytes()).unwrap());
        let small = parse(r#"{"server":{"name":"a"},"statsz":{"routes":[]}}"#);
        let large = parse(
            r#"{"server":{"name":"b"},"statsz":{"mem":1,"cores":1,"cpu":1,"connections":1,"subscriptions":1,"slow_consumers":1,
                "sent":{"msgs":1,"bytes":1},"received":{"msgs":1,"bytes":1},"routes":[{}],"gateways":[{}]}}"#,
        );
        for (key, _) in KEYS {
            let expected = if key == "name" {
                Ordering::Greater
            } else {
                Ordering::Less
            };
            assert_eq!(large.compare(&small, key), expected, "{key}");
        }
    }
}
