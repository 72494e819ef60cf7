//! `nats server watch servers`.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Instant;

use super::traffic::{Fleet, Flow, FlowCounter, flows, sum};
use crate::failure::Result;
use crate::format::{commas, float, human_size};
use crate::live::{Column, Grid, grids};
use crate::output::Json;
use crate::session::Session;

const COLUMNS: &[Column] = &[
    Column::text("Server"),
    Column::number("Connections"),
    Column::number("Subscriptions"),
    Column::number("Slow"),
    Column::number("Memory"),
    Column::number("CPU %"),
    Column::number("Cores"),
    Column::number("Routes"),
    Column::number("Gateways"),
    Column::number("Sent"),
    Column::number("Received"),
];

/// Shows all servers.
pub fn servers(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let sort = matches.text("sort").unwrap_or_default().to_owned();
    let most = matches.int("number");
    let mut fleet = Fleet::of(session)?;
    let mut counters = HashMap::new();
    grids(COLUMNS, most, || {
        let answers = fleet.statistics()?;
        let now = Instant::now();
        let mut known = HashMap::new();
        let mut rows: Vec<Server> = answers
            .iter()
            .map(|answer| {
                let id = answer.json.text("server.id");
                let mut counter: [FlowCounter; 2] = counters.remove(id).unwrap_or_default();
                let row = Server::of(&answer.json, &mut counter, now);
                known.insert(id.to_owned(), counter);
                row
            })
            .collect();
        // Those that are gone are forgotten.
        counters = known;
        rows.sort_by(|a, b| a.compare(b, &sort));
        Ok(grid(&rows, &sort))
    })
}

/// What is shown of a server.
#[derive(Clone, Debug)]
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
    fn of(answer: &Json, counters: &mut [FlowCounter; 2], now: Instant) -> Self {
        let statsz = answer.at("statsz");
        let [sent, received] = counters;
        let flow = |counter: &mut FlowCounter, key: &str| {
            let totals = statsz.at(key);
            counter.at(now, totals.float("msgs"), totals.float("bytes"))
        };
        Self {
            name: answer.text("server.name").to_owned(),
            connections: statsz.int("connections"),
            subscriptions: statsz.int("subscriptions"),
            slow: statsz.int("slow_consumers"),
            memory: statsz.uint("mem"),
            cpu: statsz.float("cpu"),
            cores: statsz.int("cores"),
            routes: statsz.list("routes").len(),
            gateways: statsz.list("gateways").len(),
            sent: flow(sent, "sent"),
            received: flow(received, "received"),
        }
    }

    /// The largest first; names in their order.
    fn compare(&self, other: &Self, sort: &str) -> Ordering {
        let pair = |a: (f64, f64), b: (f64, f64)| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1));
        match sort {
            "conns" => other.connections.cmp(&self.connections),
            "cpu" => other.cpu.total_cmp(&self.cpu),
            "gway" => other.gateways.cmp(&self.gateways),
            "mem" => other.memory.cmp(&self.memory),
            "recvb" => pair(self.received.by_bytes(), other.received.by_bytes()),
            "recvm" => pair(self.received.by_messages(), other.received.by_messages()),
            "route" => other.routes.cmp(&self.routes),
            "sentb" => pair(self.sent.by_bytes(), other.sent.by_bytes()),
            "sentm" => pair(self.sent.by_messages(), other.sent.by_messages()),
            "slow" => other.slow.cmp(&self.slow),
            "subs" => other.subscriptions.cmp(&self.subscriptions),
            _ => Ordering::Equal,
        }
        .then_with(|| self.name.cmp(&other.name))
    }
}

fn grid(servers: &[Server], sort: &str) -> Grid {
    Grid {
        title: format!("{} servers by {sort}", servers.len()),
        rows: servers
            .iter()
            .map(|server| {
                vec![
                    server.name.clone(),
                    commas(server.connections),
                    commas(server.subscriptions),
                    commas(server.slow),
                    human_size(server.memory),
                    float(server.cpu),
                    server.cores.to_string(),
                    server.routes.to_string(),
                    server.gateways.to_string(),
                    server.sent.text(),
                    server.received.text(),
                ]
            })
            .collect(),
        footer: vec![
            "Totals".to_owned(),
            sum(servers, |server| server.connections),
            sum(servers, |server| server.subscriptions),
            sum(servers, |server| server.slow),
            human_size(servers.iter().map(|server| server.memory).sum()),
            String::new(),
            sum(servers, |server| server.cores),
            String::new(),
            String::new(),
            flows(servers.iter().map(|server| &server.sent)),
            flows(servers.iter().map(|server| &server.received)),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &str, connections: i64, cpu: i64, bytes: i64) -> Server {
        let answer = Json::object()
            .with("server", Json::object().with("name", name))
            .with(
                "statsz",
                Json::object()
                    .with("connections", connections)
                    .with("cpu", cpu)
                    .with("sent", Json::object().with("bytes", bytes)),
            );
        Server::of(&answer, &mut Default::default(), Instant::now())
    }

    #[test]
    fn servers_are_sorted_by_what_is_asked_for() {
        let all = [
            server("b", 1, 9, 5),
            server("a", 7, 3, 5),
            server("c", 7, 1, 6),
        ];
        for (sort, expected) in [
            ("conns", "acb"),
            ("cpu", "bac"),
            ("name", "abc"),
            ("sentb", "cab"),
            ("recvm", "abc"),
        ] {
            let mut rows = all.to_vec();
            rows.sort_by(|a, b| a.compare(b, sort));
            let names: String = rows.iter().map(|row| row.name.as_str()).collect();
            assert_eq!(names, expected, "{sort}");
        }
        assert_eq!(grid(&all, "conns").footer[1], "15");
    }
}
